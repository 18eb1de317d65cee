"""Line breaks and letters of any kind in what becomes a header: none is split, none breaks the server."""

import itertools

import pytest

from hmi.parts import EXTENSION
from tests.lines import LARGE, Line, defect, image, trigger
from tests.people import opened, settle_in, signed_in

HOSTILE = 'A"\r\nX-Evil: yes\r\n\r\n<b>é中\u2028;'
ODD = 'A"\r<b>é中\u2028;'  # the same without what no route takes
#: names of things that are there, so that requests get as far as their answer; everything else is HOSTILE
THERE = {
    **dict.fromkeys(("image", "image_id", "trigger_id", "run", "defect", "of", "number"), "1"),
    **dict.fromkeys(("serial", "serial_number", "camera_id"), ODD),
    "subject": "defect",
    "kind": "yaml",
    "rendition": "tile",
}
ASKED = (
    "kiosk",
    "next",
    "q",
    "v",
    "n",
    "camera",
    "part",
    "heat",
    "since",
    "until",
    "cursor",
    "before",
    "run",
)
PLAIN_HEADERS = ("HX-Target", "HX-Current-URL", "X-Request-Id", "User-Agent", "Referer", "If-None-Match")


@pytest.fixture
def app(sqlite_store, settings_of):
    settle_in(sqlite_store)
    with opened(settings_of(line={"cameras": [{"serial": ODD}], "settle_s": 1})) as app:
        house = app.extensions[EXTENSION]
        line = Line(house.settings, house.store)
        path = f"E:\\images\\{HOSTILE}.jpg"
        line.read(0, trigger(1, HOSTILE, part=HOSTILE), image(1, ODD, path=path))
        line.read(1, defect(1, 1, LARGE, type=HOSTILE))
        line.files(1)
        yield app


def addresses(app) -> list[str]:
    """Each address that can be read: of things that are there, and HOSTILE wherever something is named."""
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static":
            continue
        for values in (THERE, {}):
            try:
                found.append(rule.build({name: values.get(name, HOSTILE) for name in rule.arguments})[1])
            except ValueError:  # a number that is none
                continue
    return sorted(set(found))


def test_no_answer_has_a_header_that_somebody_else_wrote(app):
    ada, wrong = signed_in(app, "Ada"), []
    sent = dict.fromkeys(PLAIN_HEADERS, HOSTILE.replace("\r\n", "").encode().decode("latin-1"))
    asked = addresses(app)
    assert len(asked) > 60
    answered = set()
    for path, query in itertools.product(asked, (dict.fromkeys(ASKED, HOSTILE), {"format": "csv"})):
        answer = ada.get(path, query_string=query, headers=sent)
        answered.add(answer.status_code)
        for name, text in answer.headers:
            text.encode("latin-1")  # what the server does with it; anything else ends the connection
            if "Evil" in name or set(text) & set("\r\n\0"):
                wrong.append((path, name, text))
        if answer.status_code == 500:
            wrong.append((path, query))
        answer.close()
    assert wrong == []
    assert {200, 404, 422} <= answered
