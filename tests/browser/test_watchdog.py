"""A screen that hears nothing, or nothing to believe, says so within 5 s, and heals by itself."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.browsers import Visits, navigations
from tests.browser.floors import Floor, shows
from tests.browser.http_proxy import Passing, foreign
from tests.browser.sampler import Sampler, until

FRESH_MS = 5000
SLACK_MS = 600  # from one sample and one look of the watchdog to the next
ENOUGH_MS = FRESH_MS + 1500
ZONE = ZoneInfo("America/Detroit")
LOST = r"Failed to load resource|console: htmx:(afterRequest|sendError|timeout)|request failed: \S+/live"

pytestmark = pytest.mark.usefixtures("lost_polls_are_expected")


@pytest.fixture
def lost_polls_are_expected(visit: Visits) -> None:
    visit.expect(LOST)


@dataclass(frozen=True)
class Outage:
    """Times in ms of the page's clock; `live` are those at which the screen looked live."""

    before: list[float]
    after_5_s: list[float]
    back_after_ms: float
    banners: set[str]
    addresses: list[str]
    began: datetime


def outage(page: Page, begin: Callable[[], object], heal: Callable[[], object]) -> Outage:
    """Let a fault last for 6.5 s and wait until the screen is live again."""
    sampler = Sampler(page)
    with navigations(page) as addresses:
        began_ms, began = sampler.now_ms(), datetime.now(ZONE)
        begin()
        page.wait_for_timeout(ENOUGH_MS)
        healing_ms = sampler.now_ms()
        heal()
        until(page, lambda: sampler.live(healing_ms))
    veiled_from_ms = began_ms + FRESH_MS + SLACK_MS
    return Outage(
        before=sampler.live(0, began_ms + 1000),
        after_5_s=[
            sample.at_ms for sample in sampler.samples(veiled_from_ms, healing_ms) if not sample.is_veiled
        ],
        back_after_ms=sampler.live(healing_ms)[0] - healing_ms,
        banners=sampler.banners(veiled_from_ms, healing_ms),
        addresses=addresses,
        began=began,
    )


def assert_told_and_healed(told: Outage, banner: str = "NO CONNECTION") -> None:
    assert told.before != []
    assert told.after_5_s == []
    assert told.back_after_ms <= FRESH_MS
    assert told.addresses == []
    (said,) = told.banners
    assert re.fullmatch(rf"{banner} since \d\d:\d\d:\d\d", said)
    assert abs(seconds_of(said[-8:]) - seconds_of(f"{told.began:%H:%M:%S}")) in (0, 1, 2)


def seconds_of(clock: str) -> int:
    hours, minutes, seconds = map(int, clock.split(":"))
    return (hours * 60 + minutes) * 60 + seconds


def test_a_server_that_died_is_told_and_one_of_the_same_build_reloads_nothing(kiosk, floor):
    assert_told_and_healed(outage(kiosk, floor.server.kill, floor.server.start))


def test_a_server_that_stands_still_is_told(kiosk, floor):
    assert_told_and_healed(outage(kiosk, floor.server.stop, floor.server.go_on))


def test_a_server_that_answers_every_poll_with_an_error_is_told_as_such(kiosk, floor):
    statuses = cycle((500, 502, 503))

    def fail() -> None:
        floor.proxy.spoil(lambda answer: answer.replaced(status=next(statuses), body=b"<p>PASS</p>"))

    assert_told_and_healed(outage(kiosk, fail, floor.proxy.heal), "SERVER ERROR")


def test_a_kiosk_without_a_network_keeps_its_page_and_tells(kiosk):
    offline = kiosk.context.set_offline
    assert_told_and_healed(outage(kiosk, lambda: offline(True), lambda: offline(False)))
    expect(kiosk.locator(".tile")).to_have_count(5)


SIGN_IN = '<html><body><div id="live"><h1 id="foreign">Sign in</h1><section class="tile">PASS</section></div>'


def test_a_foreign_page_in_place_of_an_answer_is_thrown_away(kiosk, floor):
    nodes = "document.querySelectorAll('#foreign').length"
    seen = []
    told = outage(
        kiosk,
        lambda: floor.proxy.spoil(lambda _: foreign(SIGN_IN)),
        lambda: (seen.append(kiosk.evaluate(nodes)), floor.proxy.heal()),
    )
    assert_told_and_healed(told)
    assert seen == [0]


def test_one_answer_that_hangs_costs_neither_the_next_poll_nor_the_screen(kiosk, floor):
    sampler = Sampler(kiosk)
    pending = iter([True])
    floor.proxy.spoil(lambda answer: None if next(pending, False) else answer)
    first = len(floor.proxy.polls)
    kiosk.wait_for_timeout(7000)
    at_s = [asked.at_s for asked in floor.proxy.polls[first:]]
    assert next(pending, False) is False
    assert max(later - sooner for sooner, later in zip(at_s, at_s[1:], strict=False)) <= 4
    assert [sample for sample in sampler.samples() if not sample.is_live] == []


def test_an_old_answer_that_is_replayed_is_never_taken_for_news(kiosk, floor):
    kept: list[Passing] = []
    floor.proxy.spoil(lambda answer: kept.append(answer) or answer)
    until(kiosk, lambda: [answer for answer in kept if answer.status == 204])
    shown = floor.judged(floor.borderline(), "review")
    shows(kiosk, shown, "review")
    old = [kept[0].replaced(x_hmi_echo=kept[0].header("x-hmi-echo")), with_status_200(kept, floor)]
    turn = cycle((0, 1, 2))

    def replay(answer: Passing) -> Passing:
        number = next(turn)
        return answer if number == 2 else old[number].replaced(x_hmi_age="10")

    floor.proxy.spoil(replay)
    regressions = ask_many_times(kiosk, floor, 300, shown.serial)
    assert regressions == []
    assert_told_and_healed(outage(kiosk, lambda: floor.proxy.spoil(lambda _: old[1]), floor.proxy.heal))


def with_status_200(kept: list[Passing], floor: Floor) -> Passing:
    return next(answer for answer in kept if answer.status == 200)


def ask_many_times(page: Page, floor: Floor, times: int, serial: str) -> list[str]:
    """Poll as fast as answers come; what the header said whenever it was not this serial."""
    return page.evaluate(
        """async ([times, serial]) => {
          const screen = document.getElementById("screen");
          const wrong = [];
          for (let number = 0; number < times; number += 1) {
            const answered = new Promise((done) =>
              screen.addEventListener("htmx:afterRequest", done, { once: true }));
            screen.dispatchEvent(new CustomEvent("wake"));
            await Promise.race([answered, new Promise((done) => setTimeout(done, 500))]);
            const shown = document.querySelector("#header .wide dd").textContent;
            if (shown !== serial) wrong.push(shown);
          }
          return wrong;
        }""",
        [times, serial],
    )


WRONG_CLOCK = """
const TrueDate = Date;
let shiftMs = %d;
window.shiftClock = (ms) => { shiftMs = ms; };
Date = class extends TrueDate {
  constructor(...given) { given.length ? super(...given) : super(TrueDate.now() + shiftMs); }
  static now() { return TrueDate.now() + shiftMs; }
};"""
YEAR_MS = 31_536_000_000
AGES = """() => [...document.querySelectorAll(".tile .age")].map(
  (age) => [Number(age.dataset.since), age.textContent])"""


@pytest.mark.parametrize("wrong_ms", [-YEAR_MS, YEAR_MS])
def test_a_kiosk_whose_clock_is_wrong_by_a_year_shows_true_ages(visit, floor, wrong_ms):
    failing = floor.judged(floor.failing(), "fail")
    page = visit(floor.proxy.url, init_script=WRONG_CLOCK % wrong_ms)
    shows(page, failing, "fail")
    for steps_ms in (wrong_ms, -wrong_ms, 0):
        page.evaluate(f"shiftClock({steps_ms})")
        page.wait_for_timeout(1500)
        assert page.locator("html").get_attribute("data-link") == "live"
        now_ms = datetime.now(ZONE).timestamp() * 1000
        shown = page.evaluate(AGES)
        assert len(shown) == 5
        for since_ms, text in shown:
            assert abs(int(text.removesuffix(" s ago")) - (now_ms - since_ms) / 1000) <= 1.1


def test_the_time_of_an_outage_is_the_servers_whatever_the_kiosks_clock_says(visit, floor):
    failing = floor.judged(floor.failing(), "fail")
    page = visit(floor.proxy.url, init_script=WRONG_CLOCK % YEAR_MS)
    shows(page, failing, "fail")
    page.context.set_offline(True)
    expect(page.locator("#link")).to_be_visible(timeout=10_000)
    said = page.locator("#link").inner_text()[-8:]
    ago = datetime.now(ZONE) - timedelta(seconds=5)
    assert abs(seconds_of(said) - seconds_of(f"{ago:%H:%M:%S}")) <= 3
