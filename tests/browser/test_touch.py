"""A finger acts on what was under it when it came down, whatever the line does meanwhile."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.browsers import Visits
from tests.browser.floors import Floor, poll_now, run_of, shows
from tests.browser.http_proxy import Passing
from tests.browser.sampler import until

TIMES = 10
PRESSES_MS = (0, 5, 10, 15, 20, 30, 45, 60, 80, 120)


class Line:
    """Shows one of two real parts, the other one with the next poll; keeps what fingers caused."""

    def __init__(self, floor: Floor, page: Page) -> None:
        self.page = page
        self.proxy = floor.proxy
        self.runs: list[str] = []
        self._fragments: list[bytes] = []
        for _ in range(2):
            failing = floor.judged(floor.failing(), "fail")
            self.runs.append(run_of(failing))
            self._fragments.append(floor.server.poll().body)
        self._number = 0
        self._version = int(floor.server.poll().headers["x-hmi-snapshot"]) + 1_000_000  # newer than any
        self.opened: list[str] = []
        page.route("**/?run=*", self._note)

    def change(self) -> None:
        """The other part comes before the cameras; the page is made to ask at once."""
        self._number = 1 - self._number
        self._version += 1
        poll_now(self.page)

    def show(self, number: int) -> str:
        """Wait until the page shows one of the two; its run."""
        self._number = number
        self._version += 1
        self.proxy.spoil(self._answer)
        run = self.runs[number]
        shown = self.page.locator(f'.acknowledge input[value="{run}"]')
        until(self.page, lambda: poll_now(self.page) or shown.count())
        return run

    @property
    def acknowledged(self) -> list[str]:
        posts = [asked for asked in self.proxy.requests("/acknowledge") if asked.method == "POST"]
        return [parse_qs(asked.body.decode())["run"][0] for asked in posts]

    def _answer(self, answer: Passing) -> Passing:
        body = self._fragments[self._number]
        return answer.replaced(
            status=200, body=body, x_hmi_snapshot=str(self._version), content_type="text/html; charset=utf-8"
        )

    def _note(self, route: Route) -> None:
        self.opened.append(parse_qs(urlsplit(route.request.url).query)["run"][0])
        route.fulfill(status=204)  # the page stays


class Mouse:
    def __init__(self, page: Page) -> None:
        self._mouse = page.mouse

    def down(self, at: Locator) -> None:
        box = at.bounding_box()
        assert box is not None
        self._mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self._mouse.down()

    def up(self) -> None:
        self._mouse.up()


class Finger:
    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def down(self, at: Locator) -> None:
        box = at.bounding_box()
        assert box is not None
        point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        self._session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})

    def up(self) -> None:
        self._session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.fixture(params=[Mouse, Finger])
def hand(request: pytest.FixtureRequest, line: Line) -> Mouse | Finger:
    return request.param(line.page)


@pytest.fixture
def line(visit: Visits, floor: Floor) -> Line:
    page = visit("about:blank", has_touch=True)
    line = Line(floor, page)
    page.goto(floor.proxy.url)
    expect(page.locator("html")).to_have_attribute("data-link", "live")
    return line


def test_a_tap_acknowledges_the_fail_that_was_under_the_finger(line, hand):
    before, meant = len(line.acknowledged), []
    for number in range(TIMES):
        meant.append(line.show(number % 2))
        hand.down(line.page.locator(".acknowledge button"))
        line.change()
        line.page.wait_for_timeout(PRESSES_MS[number % len(PRESSES_MS)])
        hand.up()
        until(line.page, lambda: len(line.acknowledged) == before + len(meant))
    assert line.acknowledged[before:] == meant


def test_a_tap_opens_the_card_that_was_under_the_finger(line, hand):
    meant = []
    for number in range(TIMES):
        line.show(number % 2)
        card = line.page.locator(".card").first
        meant.append(card.get_attribute("data-run"))
        hand.down(card)
        line.change()
        line.page.wait_for_timeout(PRESSES_MS[number % len(PRESSES_MS)])
        hand.up()
        until(line.page, lambda: len(line.opened) == len(meant))
    assert line.opened == meant
    assert len(set(meant)) == 2


def test_a_finger_that_rests_until_another_part_is_there_does_nothing(line, hand):
    before = len(line.acknowledged)
    line.show(0)
    hand.down(line.page.locator(".acknowledge button"))
    line.show(1)
    hand.up()
    line.page.wait_for_timeout(300)
    assert line.acknowledged[before:] == []


def test_the_answer_for_one_fail_is_not_shown_with_the_next_one(line):
    before = len(line.acknowledged)
    line.show(0)
    line.proxy.hold(lambda asked: asked == "POST /acknowledge")
    line.page.get_by_role("button", name="Acknowledge").click()
    until(line.page, lambda: len(line.acknowledged) > before)
    line.show(1)
    with line.page.expect_response("**/acknowledge"):
        line.proxy.heal()
    line.page.wait_for_timeout(100)
    expect(line.page.locator(".acknowledge .seen")).to_have_count(0)


def test_a_fail_can_be_acknowledged_while_a_poll_hangs(visit, floor):
    failing = floor.judged(floor.failing(), "fail")
    page = visit(floor.proxy.url)
    shows(page, failing, "fail")
    visit.expect(r"console: htmx:(afterRequest|timeout)")
    floor.proxy.spoil(lambda _: None)
    first = len(floor.proxy.polls)
    until(page, lambda: len(floor.proxy.polls) > first)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".acknowledge .seen")).to_contain_text("Acknowledged", timeout=2000)
