"""The statistics at many defects, and what keeping the counts costs the judging.

HMI_BENCH_IMAGES is the number of images (5000000 is the goal): a fifth of it are parts, one every 70 s, with
three defects an image. The counts are filled as such parts would have filled them.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hmi import create_app
from hmi.judging import counting
from hmi.parts import EXTENSION
from hmi.settings import Settings, load_settings
from hmi.slots import moment, slots_of, spans_between
from hmi.statistics import Answers, Question, Statistics, question, statistics_of
from hmi.store import Store, editions, migrate
from hmi.store.counts import DEFECT, IMAGE, RUN, Amount, Count, Difference, Kind, note_kinds
from tests.lines import LARGE, SMALL, Line, defect, image, trigger
from tests.postgres import own_server

IMAGES = int(os.environ.get("HMI_BENCH_IMAGES", "500000"))
EACH_S, TRIES, JUDGED = 70, 9, 200
END = datetime(2026, 5, 8, 4, tzinfo=UTC)  # midnight in Detroit
FIRST = 10_000_000  # the number of the first part that is judged
SECRET = "a key for benches that is long enough, not for a plant"
COPY_WEEK = """INSERT INTO hmi_count
  SELECT edition, subject, grain, start - :back, kind, number, defects, failing FROM hmi_count
  WHERE start >= :week"""
ADD_UP = """INSERT INTO hmi_count
  SELECT edition, subject, 4, :first, kind, sum(number), sum(defects), sum(failing) FROM hmi_count
  WHERE grain = 1 AND start >= :first AND start < :last GROUP BY edition, subject, kind"""
CAMERAS = tuple(f"CAM{number}" for number in range(5))
Report = Callable[[str, float, str, str], None]


def run(report: Report) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="hmi-bench-") as folder,
        own_server(in_memory=False, shared_buffers="512MB", max_wal_size="4GB") as server,
        server.database() as url,
    ):
        for name, address in (("PostgreSQL", url), ("SQLite", f"sqlite:///{Path(folder) / 'store.db'}")):
            settings = _settings(Path(folder), address)
            _ask(report, name, settings)
            _judge(report, name, settings)


def _ask(report: Report, name: str, settings: Settings) -> None:
    store = Store(settings.store.address)
    migrate.upgrade(store)
    rows = _fill(store, settings)
    report(f"statistics: rows of counts for {3 * IMAGES:,} defects, {name}", rows, "rows", "")
    everything = END - timedelta(seconds=EACH_S * IMAGES // 5)
    long = {"since": max(everything, END - timedelta(days=1800)), "until": END}
    asked: dict[str, dict[str, Any]] = {
        "all of it": long,
        "all of it, by day": {**long, "since": max(long["since"], END - timedelta(days=990)), "step": "day"},
        "all of it, one camera": {**long, "cameras": ["CAM3"]},
        "30 days": {"until": END},
        "3 days by hour, one part type": {
            "since": END - timedelta(days=3),
            "until": END,
            "step": "hour",
            "parts": ["39MC"],
        },
    }
    for what, words in asked.items():
        took = median(_asking_ms(store, settings, words) for _ in range(TRIES))
        report(f"statistics: {what}, {3 * IMAGES:,} defects, {name}", took, "ms", "≤ 50 ms")
    answers = Answers()
    again = [_asking_ms(store, settings, asked["all of it, by day"], answers.of) for _ in range(TRIES)]
    report(f"statistics: the same again while nothing is counted, {name}", median(again), "ms", "≤ 50 ms")
    for what in ("all of it", "all of it, by day", "all of it, one camera", "30 days"):
        took = median(_after_a_part_ms(store, settings, asked[what], answers) for _ in range(TRIES))
        report(f"statistics: {what}, asked again after a part was counted, {name}", took, "ms", "≤ 50 ms")
    store.close()
    app = create_app(settings)
    visitor = app.test_client()
    took = median(_page_ms(visitor) for _ in range(TRIES))
    report(f"statistics: the page, 30 days, {name}", took, "ms", "")
    for part in ("follower", "gallery", "files", "store"):
        getattr(app.extensions[EXTENSION], part).close()


def _asking_ms(
    store: Store,
    settings: Settings,
    words: dict[str, Any],
    answer: Callable[[Session, Settings, Question], Statistics] = statistics_of,
) -> float:
    began = time.perf_counter()
    with store.read() as session:
        found = answer(session, settings, question(END, settings.time, **words))
    assert found.units.total
    return 1000 * (time.perf_counter() - began)


def _after_a_part_ms(store: Store, settings: Settings, words: dict[str, Any], answers: Answers) -> float:
    """As a screen asks all day long, which a line goes on counting beside."""
    slots = slots_of(END - timedelta(hours=1), settings.time)
    kind = Kind(RUN, part="39MC", state="pass", first=True, shift=slots.shift)
    difference = Difference()
    difference.add(slots.starts, {kind.id: Amount(1)})
    with store.write() as session:
        note_kinds(session, {kind})
        difference.write(session, editions.of(session).shown)
    return _asking_ms(store, settings, words, answers.of)


def _page_ms(visitor: Any) -> float:
    began = time.perf_counter()
    answer = visitor.get("/statistics?until=2026-05-08T08:00", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    return 1000 * (time.perf_counter() - began)


def _fill(store: Store, settings: Settings) -> int:
    """One week hour by hour, in the proportions of real parts; the others are copies of it."""
    random_source, week = random.Random(5), timedelta(days=7)
    difference, kinds = Difference(), set()
    for hour in range(7 * 24):
        slots = slots_of(END - week + timedelta(hours=hour), settings.time)
        tally = dict(_an_hour(random_source, slots.shift))
        kinds |= tally.keys()
        difference.add(slots.starts, {kind.id: amount for kind, amount in tally.items()})
    with store.write() as session:
        note_kinds(session, kinds)
        difference.write(session, 1)
        session.execute(text("DELETE FROM hmi_count WHERE grain = 4"))
    weeks = max(1, EACH_S * IMAGES // 5 // int(week.total_seconds()))
    for number in range(1, weeks):
        back = number * int(week.total_seconds())
        _run(store, COPY_WEEK, {"back": back, "week": int((END - week).timestamp())})
    start = int((END - weeks * week).timestamp())
    for first, last in pairwise(_months(start, settings)):
        _run(store, ADD_UP, {"first": first, "last": last})
    with store.write() as session:
        editions.finish(session, editions.begin(session, ""))
    return _counted_rows(store)


def _months(start: int, settings: Settings) -> list[int]:
    spans = spans_between(start, int(END.timestamp()), settings.time)
    return sorted(
        {slots_of(moment(span.start), settings.time).month for span in spans} | {int(END.timestamp())}
    )


def _run(store: Store, statement: str, values: dict[str, int]) -> None:
    with store.write() as session:
        if not store.is_sqlite:
            session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text(statement), values)


def _an_hour(source: random.Random, shift: str) -> Iterator[tuple[Kind, Amount]]:
    """51 parts of one type: 5 images and 15 defects each, of several regions, states and decisions."""
    part = {"First": "39MC", "Second": "40MC"}.get(shift, "41MC")
    for state, number in (("pass", 38), ("fail", 9), ("review", 3), ("missing", 1)):
        yield Kind(RUN, part, state=state, first=True, shift=shift), Amount(number, 15 * number, number)
        yield Kind(RUN, part, state=state, first=False, shift=shift), Amount(1, 15, 1)
    for camera in CAMERAS:
        for state, number in (("pass", 45), ("fail", 5), ("review", 2)):
            yield Kind(IMAGE, part, camera, state, shift=shift), Amount(number, 3 * number, number // 5)
        yield Kind(DEFECT, part, camera, "pass", "0", decision="open"), Amount(130)
        yield Kind(DEFECT, part, camera, "ignored", "0", decision="open"), Amount(8)
        for region in source.sample(["Face", "Bore", "Rim", "Seat", "default rule"], 3):
            for state, reason in (("fail", "size"), ("fail", "density and size"), ("review", "size")):
                for decision in ("open", "okay", "scrap"):
                    yield Kind(DEFECT, part, camera, state, "0", region, reason, decision), Amount(1)


def _counted_rows(store: Store) -> int:
    with store.read() as session:
        rows = session.query(Count).count()
    if not store.is_sqlite:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")  # what was filled in is not written beside the questions
    return rows


def _judge(report: Report, name: str, settings: Settings) -> None:
    """The same parts judged with and without counting, in turns."""
    store = Store(settings.store.address)
    line = Line(settings, store)
    counted, keep = [], counting.keep
    plain = []
    number = FIRST
    try:
        for _ in range(6):
            counting.keep = keep
            counted.append(_judging_ms(line, number := number + JUDGED))
            counting.keep = lambda *_: None
            plain.append(_judging_ms(line, number := number + JUDGED))
    finally:
        counting.keep = keep
    report(f"judging: a part of 5 images in a batch of {JUDGED}, {name}", median(plain), "ms", "")
    report("judging: the same with its counts", median(counted), "ms", "")
    store.close()


def _judging_ms(line: Line, first: int) -> float:
    numbers = range(first, first + JUDGED)
    rows = [
        trigger(n, f"S{n}", timestamp=END + timedelta(seconds=EACH_S * (n - 10_000_000))) for n in numbers
    ]
    pictures = [image(5 * n + k, camera, of=n) for n in numbers for k, camera in enumerate(CAMERAS)]
    boxes = [
        defect(3 * picture.id + k, picture.id, LARGE if picture.id % 23 == k else SMALL)
        for picture in pictures
        for k in range(3)
    ]
    began = time.perf_counter()
    line.read(0, *rows, *pictures, *boxes, past=True)
    return 1000 * (time.perf_counter() - began) / JUDGED


def _settings(folder: Path, url: str) -> Settings:
    return load_settings(
        environment={},
        database={"url": f"sqlite:///{(folder / 'plant.db').as_posix()}"},
        store={"url": url},
        storage={"cache_folder": str(folder / "cache")},
        auth={"secret_key": SECRET},
        logging={"file": ""},
        line={"cameras": [{"serial": serial, "order": n} for n, serial in enumerate(CAMERAS, start=1)]},
    )
