"""Runs the validators and exits with 1 if one of them is not content: python -m tests.conformance [NAME …]"""

import argparse
import sys
from importlib import import_module

VALIDATORS = ("iiif", "api")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description="Checks conformance.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(VALIDATORS)} (default: all)")
    names = parser.parse_args().names or VALIDATORS
    if unknown := set(names) - set(VALIDATORS):
        parser.error(f"there is no validator {', '.join(sorted(unknown))}")
    failed = [name for name in names if not import_module(f"tests.conformance.{name}").run()]
    print(f"not conformant: {', '.join(failed)}" if failed else "conformant")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
