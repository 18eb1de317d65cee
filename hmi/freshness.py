"""How old what is shown may be, for pages and answers that do not ask again by themselves."""

import time
from datetime import UTC, datetime, timedelta

from flask import Flask, Response, request

from hmi.parts import parts
from hmi.plant_time import day_and_clock
from hmi.problems import is_for_programs
from hmi.snapshot import Pulse


def register(app: Flask) -> None:
    app.jinja_env.globals["age_note"] = age_note
    app.after_request(say_age)


def age_headers(pulse: Pulse) -> dict[str, str]:
    """Whether the plant is being read now, and how many ms ago it was; that is absent if nobody knows."""
    now_s = time.monotonic()
    age_ms = pulse.age_ms(now_s)
    live = {"X-HMI-Live": "true" if pulse.is_fresh(now_s) else "false"}
    return live if age_ms is None else {**live, "X-HMI-Age": str(age_ms)}


def say_age(response: Response) -> Response:
    """To programs that read."""
    if is_for_programs() and request.method in ("GET", "HEAD"):
        follower = parts().follower
        follower.start()
        response.headers.update(age_headers(follower.pulse))
    return response


def age_note() -> str:
    """To people, while the plant database is not being read; else empty."""
    follower = parts().follower
    follower.start()
    pulse, now_s = follower.pulse, time.monotonic()
    if pulse.is_fresh(now_s):
        return ""
    age_ms = pulse.age_ms(now_s)
    if age_ms is None:
        return "When the plant database was read last is not known yet: newer parts may be missing."
    read_at = datetime.now(UTC) - timedelta(milliseconds=age_ms)
    when = day_and_clock(read_at, parts().settings.time.zone_info)
    return f"The plant database was read last at {when}: newer parts and changes are missing."
