"""python -m tests.supply audit | sbom FILE | secrets [FOLDER]

audit      asks the advisories about every locked package. "not checked" and exit status 3 where they could
           not be asked about all of them: silence is no answer.
sbom       writes a software bill of materials (CycloneDX 1.6, JSON): locked packages and vendored files.
secrets    looks for keys and tokens in the files and in the whole history of the repository.
"""

import argparse
import sys
from pathlib import Path

from tests.supply import advisories, bill, secrets

PROJECT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.supply", description="Checks the supply chain.")
    commands = parser.add_subparsers(dest="command", required=True)
    audit = commands.add_parser("audit", help="ask the advisories about every locked package")
    audit.add_argument("lock", nargs="?", type=Path, default=PROJECT / "requirements.txt")
    sbom = commands.add_parser("sbom", help="write a bill of materials")
    sbom.add_argument("file", type=Path)
    look = commands.add_parser("secrets", help="look for secrets in files and history")
    look.add_argument("folder", nargs="?", type=Path, default=PROJECT)
    options = parser.parse_args()
    if options.command == "audit":
        return advisories.ask(options.lock)
    if options.command == "sbom":
        return bill.write(PROJECT, options.file)
    return secrets.look(options.folder)


if __name__ == "__main__":
    sys.exit(main())
