"""A visitor who looks at the parts of two cameras, as pages are served."""

import html
import re
from collections.abc import Iterator

import pytest
from flask import Flask

from hmi.store.rules import Region
from tests.lines import LARGE, QUICK_LINE, SERIAL, Line, defect, image, trigger
from tests.people import PAGE, opened, store_of

SQUARE = [{"x": 300, "y": 300}, {"x": 900, "y": 300}, {"x": 900, "y": 900}, {"x": 300, "y": 900}]


@pytest.fixture
def app(sqlite_store, settings_of) -> Iterator[Flask]:
    with opened(settings_of(line=QUICK_LINE)) as app:
        yield app


@pytest.fixture
def visitor(app):
    return app.test_client()


@pytest.fixture
def line(app) -> Line:
    store = store_of(app)
    with store.write() as session:
        session.add(Region(camera_id="A", region_id="Seal face", size_threshold=1.0, polygon=SQUARE))
    return Line(app.extensions["hmi"].settings, store)


def judged(line: Line, number: int = 1, *defects, serial: str = SERIAL, at_s: float = 0, **columns) -> None:
    """A part of two images, 10·number and 10·number + 1, judged."""
    first = 10 * number
    rows = [trigger(number, serial, **columns), image(first, "A", number), image(first + 1, "B", number)]
    line.read(at_s, *rows, *defects)
    line.files(first, first + 1)
    line.read(at_s + 5)


@pytest.fixture
def failing(line) -> Line:
    """A part with four defects on camera A: one too large in the seal face, two small ones, one elsewhere."""
    judged(
        line,
        1,
        defect(1, 10, LARGE, x=400),
        defect(2, 10, x=600),
        defect(3, 10, x=800, y=880),
        defect(4, 10, x=9),
    )
    return line


def page_of(visitor, path: str, status: int = 200, **headers) -> str:
    answer = visitor.get(path, headers={**PAGE, **headers})
    assert answer.status_code == status, path
    return answer.get_data(as_text=True)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))
