"""Runs the simulated plant: python -m hmi.demo --url URL --folder DIR"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence

from sqlalchemy.exc import OperationalError

from hmi.demo.fill import fill
from hmi.demo.ledger import make_plant
from hmi.demo.plant import DemoPlant

_STRIP_PARTS = 9
_STATION_S = 6.0  # what a part takes at most in the plant's own time
_GRACE_S = 3.0


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        run(options)
    except KeyboardInterrupt:
        return 130
    except OperationalError as error:
        sys.stderr.write(f"the plant database: {' '.join(str(error.orig).split())}\n")
        return 1
    return 0


def run(options: argparse.Namespace) -> None:
    make_plant(options.url, options.cameras, publication=options.postgres_publication)
    if options.triggers:
        fill(options.url, options.triggers, options.cameras, seed=options.seed)
    plant = DemoPlant(options.url, options.folder, options.seed, options.cameras)
    if options.with_parent:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too, but the parent says when to end
        threading.Thread(target=_end_with_parent, args=(plant,), daemon=True).start()
    try:
        live(plant, options)
    finally:
        plant.close()


def live(plant: DemoPlant, options: argparse.Namespace) -> None:
    """The history, `ready`, then part after part; the newest parts of the history get pictures in between."""
    recent = plant.history(0 if options.triggers else options.history)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    pace = min(1.0, options.period / _STATION_S)
    made = 0
    while options.parts is None or made < options.parts:
        begun = time.monotonic()
        plant.part(defects=None, missing=None, pace=pace, by_camera=made == 0)  # somebody waits for the first
        made += 1
        if made == 1:
            plant.add_pictures_when_idle(recent[: -_STRIP_PARTS - 1 : -1])
        last = options.parts is not None and made >= options.parts
        if not last and not plant.agenda.run_until(begun + options.period):
            return
    plant.finish()


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hmi.demo", description="A simulated plant.")
    parser.add_argument("--url", required=True, help="plant database, sqlite:///FILE or postgresql://…")
    parser.add_argument("--folder", required=True, help="where the plant's E:\\images is")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--cameras", type=_between(1, 64), default=5)
    parser.add_argument("--period", type=_seconds, default=6.0, help="seconds between parts")
    parser.add_argument("--history", type=_between(0, 1_000_000), default=300, help="parts to begin with")
    parser.add_argument("--triggers", type=_between(1, 100_000_000), help="rows only, instead of a history")
    parser.add_argument("--parts", type=_between(0, 1_000_000_000), help="stop after so many live parts")
    parser.add_argument("--with-parent", action="store_true", help="end when the standard input ends")
    parser.add_argument(
        "--postgres-publication", action="store_true", help="add the publication FOR ALL TABLES"
    )
    return parser


def _between(least: int, most: int) -> Callable[[str], int]:
    def number(word: str) -> int:
        if not least <= int(word) <= most:
            raise argparse.ArgumentTypeError(f"must be {least} to {most}")
        return int(word)

    return number


def _seconds(word: str) -> float:
    if not 0.05 <= float(word) <= 86_400:
        raise argparse.ArgumentTypeError("must be 0.05 to 86400")
    return float(word)


def _end_with_parent(plant: DemoPlant) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    plant.agenda.stop()
    time.sleep(_GRACE_S)
    os._exit(0)  # held up, by a database for example: the parent is gone all the same


if __name__ == "__main__":
    sys.exit(main())
