"""The way in: `app` for any WSGI server; `python wsgi.py` serves it with waitress and runs the worker.

Importing this module starts nothing: no thread, no connection, no demo plant.
"""

import argparse
import gc
import sys

gc.disable()  # of what is imported nothing is garbage: looking for it would take a tenth of the start

from hmi import create_app  # noqa: E402
from hmi.settings import SettingsError, load_settings  # noqa: E402


def main() -> int:
    """Serve until interrupted; the exit status is not 0 if the start fails, with one line that says why."""
    parser = argparse.ArgumentParser(prog="wsgi.py", description="Serve the porosity HMI.")
    parser.add_argument(
        "--config", help="a YAML file with your settings (default: HMI_CONFIG, else the demo)"
    )
    arguments = parser.parse_args()
    from hmi import serving

    try:
        serving.serve(load_settings(arguments.config))
    except (SettingsError, serving.CannotStart) as error:
        print(f"porosity-hmi cannot start: {error}", file=sys.stderr)  # noqa: T201 - the log may not exist yet
        return 2
    return 0


def _application():
    from hmi import serving

    try:
        return create_app(serving.complete(load_settings()))
    except SettingsError as error:
        sys.exit(f"porosity-hmi cannot start: {error}")
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main())

app = _application()
