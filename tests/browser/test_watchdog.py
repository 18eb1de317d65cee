"""A screen that hears nothing, or nothing to believe, says so within 5 s, and heals by itself."""

from contextlib import ExitStack
from datetime import datetime
from itertools import cycle, pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.browsers import Visits
from tests.browser.floors import Floor, shows
from tests.browser.http_proxy import HttpProxy, Passing, foreign
from tests.browser.outages import LOST_POLLS, ZONE, Fault, Seen, assert_told_and_healed, during

SIGN_IN = '<html><body><div id="live"><h1 id="foreign">Sign in</h1><section class="tile">PASS</section></div>'
YEAR_MS = 31_536_000_000
WRONG_CLOCK = """
const TrueDate = Date;
let shiftMs = %d;
window.shiftClock = (ms) => { shiftMs = ms; };
Date = class extends TrueDate {
  constructor(...given) { given.length ? super(...given) : super(TrueDate.now() + shiftMs); }
  static now() { return TrueDate.now() + shiftMs; }
};"""
AGES = """() => [...document.querySelectorAll(".tile .age")].map(
  (age) => [Number(age.dataset.since), age.textContent])"""
POLL_FAST = """async ([times, serial]) => {
  const screen = document.getElementById("screen");
  const wrong = [];
  for (let number = 0; number < times; number += 1) {
    await new Promise((done) => {
      screen.addEventListener("htmx:afterRequest", done, { once: true });
      setTimeout(done, 500);
      screen.dispatchEvent(new CustomEvent("wake"));
    });
    const shown = document.querySelector("#header .wide dd").textContent;
    if (shown !== serial) wrong.push(shown);
  }
  return wrong;
}"""


class Ordeal:
    """Kiosks in front of one server, each behind a proxy of its own."""

    def __init__(self, floor: Floor, visits: Visits, stack: ExitStack) -> None:
        self._floor = floor
        self._visits = visits
        self._stack = stack
        self.failing = floor.judged(floor.failing(), "fail")

    def kiosk(self, *, init_script: str = "") -> tuple[Page, HttpProxy]:
        proxy = self._stack.enter_context(HttpProxy(self._floor.server.port))
        page = self._visits(proxy.url, init_script=init_script)
        shows(page, self.failing, "fail")
        return page, proxy

    def errors(self) -> Fault:
        page, proxy = self.kiosk()
        statuses = cycle((500, 502, 503))
        spoil = lambda answer: answer.replaced(status=next(statuses), body=b"<p>PASS</p>")  # noqa: E731
        return Fault(page, lambda: proxy.spoil(spoil), proxy.heal)

    def foreign_pages(self) -> Fault:
        page, proxy = self.kiosk()
        return Fault(page, lambda: proxy.spoil(lambda _: foreign(SIGN_IN)), proxy.heal)

    def old_answers(self) -> Fault:
        page, proxy = self.kiosk()
        old = old_answer(self._floor)
        return Fault(page, lambda: proxy.spoil(lambda _: old), proxy.heal)

    def no_network(self, **how: str) -> Fault:
        page, _ = self.kiosk(**how)
        return Fault(page, lambda: page.context.set_offline(True), lambda: page.context.set_offline(False))


@pytest.fixture(scope="module")
def seen(chromium: Browser, standing_floor: Floor) -> dict[str, Seen]:
    """What five kiosks showed, each with a fault of its own, all at the same time."""
    visits = Visits(chromium)
    visits.expect(LOST_POLLS)
    with ExitStack() as stack:
        stack.callback(visits.close)
        ordeal = Ordeal(standing_floor, visits, stack)
        faults = {
            "errors": ordeal.errors(),
            "foreign pages": ordeal.foreign_pages(),
            "old answers": ordeal.old_answers(),
            "no network": ordeal.no_network(),
            "no network, wrong clock": ordeal.no_network(init_script=WRONG_CLOCK % YEAR_MS),
        }
        found = during(faults)
        assert faults["no network"].page.locator(".tile").count() == 5
        assert faults["foreign pages"].page.locator("#foreign").count() == 0
        assert visits.problems == []
    return found


def old_answer(floor: Floor, status: int = 200) -> Passing:
    """What some cache may have kept of the poll as it is answered now."""
    version = floor.server.poll().headers["x-hmi-snapshot"] if status == 204 else "0"
    answer = floor.server.get(f"/live?n=1&v={version}")
    for _ in range(50):  # the screen may have changed between the two questions
        if answer.status == status:
            break
        answer = floor.server.get(f"/live?n=1&v={answer.headers['x-hmi-snapshot']}")
    assert answer.status == status
    return Passing(answer.status, tuple(answer.headers.items()), answer.body)


def test_a_server_that_answers_every_poll_with_an_error_is_told_as_such(seen):
    assert_told_and_healed(seen["errors"], "SERVER ERROR since")


def test_foreign_pages_in_place_of_answers_are_thrown_away(seen):
    assert_told_and_healed(seen["foreign pages"])


def test_an_old_answer_that_is_replayed_keeps_nothing_live(seen):
    assert_told_and_healed(seen["old answers"])


def test_a_kiosk_without_a_network_keeps_its_page_and_tells(seen):
    assert_told_and_healed(seen["no network"])


def test_the_time_of_an_outage_is_the_servers_whatever_the_kiosks_clock_says(seen):
    assert_told_and_healed(seen["no network, wrong clock"])


@pytest.fixture
def polls_are_lost(visit: Visits) -> None:
    visit.expect(LOST_POLLS)


@pytest.mark.usefixtures("polls_are_lost")
def test_a_server_that_died_is_told_and_one_of_the_same_build_reloads_nothing(kiosk, floor):
    died = Fault(kiosk, floor.server.kill, floor.server.start)
    assert_told_and_healed(during({"died": died})["died"])


@pytest.mark.usefixtures("polls_are_lost")
def test_a_server_that_stands_still_is_told(kiosk, floor):
    still = Fault(kiosk, floor.server.stop, floor.server.go_on)
    assert_told_and_healed(during({"still": still})["still"])


@pytest.mark.usefixtures("polls_are_lost")
def test_a_tile_whose_picture_is_not_there_says_nothing_of_old_either(kiosk, floor):
    shows(kiosk, floor.judged(floor.failing(pictures=False), "fail"), "fail")
    expect(kiosk.locator(".tile .no-picture").first).to_contain_text("picture not here yet")
    still = Fault(kiosk, floor.server.stop, floor.server.go_on)
    assert_told_and_healed(during({"still": still})["still"])


@pytest.mark.usefixtures("polls_are_lost")
def test_one_answer_that_hangs_costs_neither_the_next_poll_nor_the_screen(kiosk, floor):
    pending = iter([True])
    first = len(floor.proxy.polls)
    hangs = Fault(
        kiosk,
        lambda: floor.proxy.spoil(lambda answer: None if next(pending, False) else answer),
        floor.proxy.heal,
    )
    seen = during({"one hangs": hangs})["one hangs"]
    assert next(pending, False) is False
    assert max(later.at_s - sooner.at_s for sooner, later in pairwise(floor.proxy.polls[first:])) <= 4
    dark_ms = [sample.at_ms for sample in seen.samples if not sample.is_live]
    assert (
        not dark_ms or dark_ms[-1] - dark_ms[0] < 1000
    )  # 2.5 s to give it up, up to 1 s to ask, up to 1 s old


def test_of_hundreds_of_old_answers_between_new_ones_none_is_shown(kiosk, floor):
    old = [old_answer(floor), old_answer(floor, 204)]
    shown = floor.judged(floor.borderline(), "review")
    shows(kiosk, shown, "review")
    turn = cycle([*old, None])
    floor.proxy.spoil(lambda answer: (next(turn) or answer).replaced(x_hmi_age="10"))
    assert kiosk.evaluate(POLL_FAST, [300, shown.serial]) == []


def test_an_old_answer_under_the_number_of_the_question_is_not_shown_either(kiosk, floor):
    old = old_answer(floor)
    shown = floor.judged(floor.borderline(), "review")
    shows(kiosk, shown, "review")
    turn = cycle([old, None])

    def replay(answer: Passing) -> Passing:
        return (next(turn) or answer).replaced(x_hmi_echo=answer.header("x-hmi-echo"), x_hmi_age="10")

    floor.proxy.spoil(replay)
    assert kiosk.evaluate(POLL_FAST, [100, shown.serial]) == []


def test_a_kiosk_whose_clock_is_wrong_by_a_year_shows_true_ages(visit, floor):
    failing = floor.judged(floor.failing(), "fail")
    pages = [visit(floor.proxy.url, init_script=WRONG_CLOCK % wrong) for wrong in (-YEAR_MS, YEAR_MS)]
    for page in pages:
        shows(page, failing, "fail")
        assert_ages_are_true(page)
        page.evaluate("shiftClock(0)")  # somebody sets it right
    for page in pages:
        page.wait_for_timeout(1500)
        expect(page.locator("html")).to_have_attribute("data-link", "live")
        assert_ages_are_true(page)


def assert_ages_are_true(page: Page) -> None:
    shown, now_ms = page.evaluate(AGES), datetime.now(ZONE).timestamp() * 1000
    assert len(shown) == 5
    for since_ms, text in shown:
        assert abs(int(text.removesuffix(" s ago")) - (now_ms - since_ms) / 1000) <= 1
