"""`/review`, what is on hold, what could not be written, and the audit as pages: with and without htmx."""

import csv
import io
import re

import pytest

from hmi.parts import EXTENSION
from hmi.store.decisions import PART
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.people import PAGE, opened, settle_in, signed_in

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def app(sqlite_store, settings_of):
    since = "2020-01-01T00:00:00+00:00"
    with opened(settings_of(line=QUICK_LINE, review={"since": since})) as app:
        settle_in(app.extensions[EXTENSION].store)
        yield app


@pytest.fixture
def line(app) -> Line:
    house = app.extensions[EXTENSION]
    line = Line(house.settings, house.store)
    line.read(
        0, trigger(), image(1, "A"), image(2, "B"), *(defect(number, 1, LARGE) for number in range(1, 61))
    )
    line.files(1, 2)
    line.read(5)
    return line


@pytest.fixture
def sven(app, line):
    return signed_in(app, "Sven")


def opens(body: str) -> list[str]:
    return re.findall(r'data-open="([0-9.]+)"', body)


def test_the_queue_is_shown_oldest_first_with_what_is_left(sven):
    body = sven.get("/review", headers=PAGE).text
    assert opens(body) == [str(number) for number in range(1, 51)]
    assert "60 defects" in body
    assert "1 part<" in body


@pytest.mark.parametrize("path", ["/account", "/statistics", "/search"])
def test_the_bar_of_every_page_says_how_many_parts_are_left(sven, path):
    assert re.search(r'href="/review">.* Review <b>1</b></a>', sven.get(path, headers=PAGE).text)


def test_the_next_items_come_alone_and_go_on_where_the_page_ended(sven):
    body = sven.get("/review", headers=PAGE).text
    further = re.search(r'data-next="([^"]+)"', body)[1]
    more = sven.get(f"/review?{further}", headers=FRAGMENT).text
    assert opens(more) == [str(number) for number in range(51, 61)]
    assert "<html" not in more


def test_a_cursor_that_is_none_is_not_found(sven):
    assert sven.get("/review?after=x", headers=PAGE).status_code == 404


def test_a_time_that_is_none_is_told_beside_its_field_and_stays_there(sven):
    answer = sven.get("/review?since=yesterday&camera=A", headers=PAGE)
    assert answer.status_code == 422
    assert 'value="yesterday"' in answer.text
    assert "is no date and time" in answer.text
    assert '<option value="A" selected>' in answer.text


def test_an_end_before_its_beginning_is_told(sven):
    answer = sven.get("/review?since=2026-05-08T10:00&until=2026-05-08T09:00", headers=PAGE)
    assert "ends before it begins" in answer.text


def test_nothing_left_is_said(sven):
    assert (
        "Nothing waits for a decision with these filters" in sven.get("/review?camera=B", headers=PAGE).text
    )


def test_without_javascript_a_decision_leads_back_to_where_it_was_made(sven):
    body = sven.get("/review", headers=PAGE).text
    answer = sven.post("/decisions", data={**form(body, "1"), "word": "okay"}, headers=PAGE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/review")
    assert opens(sven.get("/review", headers=PAGE).text)[0] == "2"


def test_without_javascript_a_refusal_is_a_page_with_what_was_typed(sven):
    sent = {**form(sven.get("/review", headers=PAGE).text, "1"), "word": "okay"}
    sven.post("/decisions", data=sent, headers=PAGE)
    answer = sven.post("/decisions", data={**sent, "key": "another key", "reason": "burr"}, headers=PAGE)
    assert answer.status_code == 409
    assert "Sven said “okay (false call)”" in answer.text
    assert 'value="burr"' in answer.text


def test_without_javascript_what_is_ticked_is_decided_at_once(sven):
    items = ticks(sven.get("/review", headers=PAGE).text)[:3]
    answer = sven.post(
        "/decisions/batch", data={"item": items, "word": "okay", "next": "/review"}, headers=PAGE
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/review")
    assert opens(sven.get("/review", headers=PAGE).text)[0] == "4"


def test_without_javascript_a_batch_says_what_was_refused_and_who_was_first(sven, desk):
    items = ticks(sven.get("/review", headers=PAGE).text)[:3]
    desk.defect(2, "scrap")
    answer = sven.post("/decisions/batch", data={"item": items, "word": "okay"}, headers=PAGE)
    assert answer.status_code == 409
    assert "2 stored, 1 refused" in answer.text
    assert "2: ann was first (“scrap (true defect)”)" in answer.text
    assert ticks(answer.text) == []  # what somebody else decided is not sent again unseen


def test_a_tick_that_names_too_little_is_refused(sven):
    for item in ("", "1", "1 0-abc", "1 0-abc key"):
        answer = sven.post("/decisions/batch", data={"item": item, "word": "okay"}, headers=PAGE)
        assert answer.status_code == 422


def test_where_to_go_on_is_never_elsewhere(sven):
    sent = {**form(sven.get("/review", headers=PAGE).text, "1"), "word": "okay", "next": "//evil.example"}
    assert sven.post("/decisions", data=sent, headers=PAGE).headers["Location"] == "/"


def test_the_panel_of_a_part_offers_what_can_be_decided_on_it(sven):
    body = sven.get("/decisions/panel/part/1").text
    assert re.findall(r'name="word" value="(\w+)"', body) == [
        "use_as_is",
        "rework",
        "impregnate",
        "scrap",
        "hold",
        "comment",
    ]


def test_whoever_may_not_decide_sees_how_it_stands_and_no_keys(app, desk):
    desk.defect(1, "okay")
    body = app.test_client().get("/decisions/panel/defect/1").text
    assert 'data-word="okay"' in body
    assert "<button" not in body
    assert "Sign in to decide" in body


@pytest.mark.parametrize("path", ["defect/99", "part/99", "part/x", "image/1"])
def test_the_panel_of_what_is_not_there_is_not_found(sven, path):
    assert sven.get(f"/decisions/panel/{path}").status_code == 404


def test_parts_on_hold_are_listed_with_who_holds_them(sven, desk):
    desk.decide(PART, (1, 1), "hold", reason="waits for the lab")
    body = sven.get("/review/holds", headers=PAGE).text
    assert "waits for the lab" in body
    assert "ann" in body


def test_the_audit_shows_a_decision_with_who_and_where(app, sven, desk):
    desk.defect(1, "okay", reason="scratch")
    body = signed_in(app, "Ada").get("/admin/audit?kind=decision", headers=PAGE).text
    assert "Station 3" in body
    assert "reason: scratch" in body


def test_the_audit_is_a_table_that_no_spreadsheet_runs(app, desk):
    desk.defect(1, "okay", reason="scratch")
    ada = signed_in(app, "Ada")
    rows = list(csv.DictReader(io.StringIO(ada.get("/admin/audit.csv").text)))
    assert "decision" in {row["kind"] for row in rows}
    assert len({row["hmac"] for row in rows}) == len(rows)
    assert [row for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))] == []


def test_the_audit_goes_back_page_by_page(app, desk):
    for number in range(1, 56):
        desk.defect(number, "okay")
        desk.defect(number, "scrap")
    ada = signed_in(app, "Ada")
    first = ada.get("/admin/audit", headers=PAGE).text
    older = re.search(r'href="(/admin/audit\?before=\d+)"', first)[1]
    numbers = [set(re.findall(r"<tr><td>(\d+)</td>", ada.get(path, headers=PAGE).text)) for path in (older,)]
    assert numbers[0]
    assert numbers[0].isdisjoint(re.findall(r"<tr><td>(\d+)</td>", first))


def form(body: str, defect_reference: str) -> dict[str, str]:
    """The hidden fields of the decision panel of a defect."""
    panel = re.search(rf'<section id="decide-defect-{defect_reference}".*?</form>', body, re.DOTALL)[0]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', panel))


def ticks(body: str) -> list[str]:
    """What the ticks of a page send, in their order."""
    return re.findall(r'name="item" value="([^"]+)"', body)


def test_the_audit_is_searched_by_pieces_of_names_in_any_case(app):
    ada = signed_in(app, "Ada")

    def names(query: str) -> set[str]:
        page = ada.get(f"/admin/audit?kind=user+added&{query}", headers=PAGE).text
        return {name for name in ("Olga", "Sven", "Edda", "Ada") if f"<td>{name}</td>" in page}

    everybody = names("who=TEST")
    assert everybody >= {"Olga", "Sven"}
    assert names("subject=olg") == {"Olga"}
    assert names("subject=o%25a") == set()
    answer = ada.get("/admin/audit?since=2026-05-09T00:00&until=2026-05-08T00:00", headers=PAGE)
    assert answer.status_code == 422
    assert "is before the beginning" in answer.text
