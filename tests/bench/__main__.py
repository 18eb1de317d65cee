"""Runs benches and prints what they found: python -m tests.bench [NAME …] [--full] [--json FILE]

The exit status is 1 if a target was missed or a bench failed, 130 after Ctrl-C.
"""

import argparse
import json
import os
import platform
import signal
import sys
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType

import psutil

from tests.bench.reporting import CannotRun, Report, table

BENCHES = (
    "judge",
    "thumbnail",
    "poll",
    "grid",
    "latency",
    "memory",
    "ageing",
    "kiosk",
    "feed",
    "decisions",
    "camera",
    "tiles",
    "history",
    "search",
    "api",
    "whatif",
    "editor",
    "statistics",
    "backup",
    "metrics",
    "start",
)
#: Sizes that the goals name; the benches themselves say what they do without.
FULL = {
    "HMI_BENCH_IMAGES": "5000000",
    "HMI_BENCH_PARTS": "120",
    "HMI_BENCH_MINUTES": "60",
    "HMI_BENCH_AGED": "5000",
}


def main() -> int:
    options = _options()
    if options.full:
        for name, size in FULL.items():
            os.environ.setdefault(name, size)
    if options.minutes is not None:
        os.environ["HMI_BENCH_MINUTES"] = str(options.minutes)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt_once)
    report = Report()
    try:
        loads = {bench: _run(bench, report) for bench in options.names or BENCHES}
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        _end_children()
    if len(loads) > 1:
        print(f"all\n{table(report.rows)}\n")
    if options.json:
        found = {"machine": machine(), "load_average": loads, "rows": report.as_json()}
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    return 1 if report.missed else 0


def machine() -> dict[str, str | int]:
    """What the figures were measured on; nothing that names it."""
    return {
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "cores": psutil.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures the product.")
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--full", action="store_true", help="the sizes of the goals: takes more than an hour")
    parser.add_argument("--minutes", type=float, help="how long memory is watched")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows to this file")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"there is no bench {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    return options


def _run(bench: str, report: Report) -> list[float]:
    """The load average of one minute before and after: what else the machine had to do."""
    report.bench = bench
    before, began = psutil.getloadavg()[0], time.monotonic()
    try:
        import_module(f"tests.bench.{bench}").run(report)
    except CannotRun as reason:
        report.not_run(str(reason))
    except ModuleNotFoundError as missing:
        report.not_run(f"{missing.name} is not installed")
    except Exception as error:
        traceback.print_exc()
        report.failed(f"{type(error).__name__}: {error}".splitlines()[0])
    after, took_s = psutil.getloadavg()[0], time.monotonic() - began
    print(f"{bench} ({took_s:.0f} s; load average {before:.1f} before, {after:.1f} after)")
    print(f"{table(report.of(bench))}\n", flush=True)
    return [round(before, 2), round(after, 2)]


def _interrupt_once(_number: int, _frame: FrameType | None) -> None:
    """The first signal unwinds everything; a second one must not disturb that."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_children() -> None:
    """What a bench could not end itself, because it was interrupted while it began."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(children, 5)


if __name__ == "__main__":
    sys.exit(main())
