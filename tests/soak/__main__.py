"""Demo plant, server, a kiosk in a real browser and people who decide; faults at random; an oracle.

    python -m tests.soak --minutes 20 [--seed 1] [--every 20]

Prints faults, violations, memory, threads and open files as they come; ends with 1 if there was a violation.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.soak.running import soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--every", type=float, default=15.0, help="seconds from one fault to the next")
    parser.add_argument("--period", type=float, default=4.0, help="seconds between parts")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hmi-soak-") as folder:
        found = soak(
            Path(folder), options.minutes * 60, options.seed, every_s=options.every, period_s=options.period
        )
    print("\n".join([*found.report(), *(f"VIOLATION {one}" for one in found.violations)]), flush=True)
    return 1 if found.violations else 0


if __name__ == "__main__":
    sys.exit(main())
