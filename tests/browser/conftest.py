"""One browser for all of these tests, a fresh context for each page, one floor to look at."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser import browsers
from tests.browser.browsers import Visits
from tests.browser.editors import EDITOR, READ_BACK, Editor
from tests.browser.floors import Floor, shows
from tests.browser.reviewing import reviewed, reviewing
from tests.browser.test_people import sign_in
from tests.people import PASSWORD
from tests.servers import free_port

MANY = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def driver() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def chromium(driver: Playwright) -> Iterator[Browser]:
    """Chromium, Chrome or Edge as it is installed; HMI_TEST_BROWSER names another one."""
    browser = launched(driver)
    yield browser
    browser.close()


def launched(driver: Playwright, *arguments: str, whole: bool = False) -> Browser:
    path = browsers.find(driver, whole=whole)
    if path is None:
        pytest.skip("there is no Chromium, Chrome or Edge on this machine")
    return driver.chromium.launch(executable_path=path, args=[*browsers.ARGUMENTS, *arguments])


@pytest.fixture
def tabs(driver: Playwright) -> Iterator[BrowserContext]:
    """Tabs of one window as people have them: one is seen, the others are hidden and may be put to sleep."""
    port = free_port()
    browser = launched(driver, f"--remote-debugging-port={port}", whole=True)
    connected = driver.chromium.connect_over_cdp(f"http://127.0.0.1:{port}", no_defaults=True)
    yield connected.contexts[0]
    connected.close()
    browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visits]:
    """Opens pages. Errors, dialogs, failed requests and breaches of the content policy fail the test."""
    visits = Visits(chromium)
    yield visits
    problems = visits.problems
    visits.close()
    assert problems == []


@pytest.fixture(scope="package")
def standing_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    floor = Floor(tmp_path_factory.mktemp("floor"))
    yield floor
    floor.close()


@pytest.fixture
def floor(standing_floor: Floor) -> Iterator[Floor]:
    """Five cameras, one server, one proxy; its log is shown where a test fails, and holds no fault."""
    since = len(standing_floor.server.log)
    yield standing_floor
    standing_floor.proxy.heal()
    print(standing_floor.server.log[since:])
    assert standing_floor.server.complaints(since, expected=standing_floor.expected) == []


@pytest.fixture
def kiosk(visit: Visits, floor: Floor) -> Page:
    """The live grid on a part that fails."""
    failing = floor.judged(floor.failing(), "fail")
    page = visit(floor.proxy.url)
    shows(page, failing, "fail")
    return page


@pytest.fixture(scope="module")
def review_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """A part with more failing defects than a page of the queue holds."""
    floor = reviewed(tmp_path_factory.mktemp("review"), MANY)
    yield floor
    floor.close()


@pytest.fixture(scope="module")
def signed_floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """Here scrap must be signed, and what overrides the rules needs a reason."""
    review = {"signed": ["scrap"], "reason_needed": "always"}
    floor = reviewed(tmp_path_factory.mktemp("signed"), 6, review=review)
    yield floor
    floor.close()


@pytest.fixture
def queue(visit: Visits, review_floor: Floor) -> Page:
    return reviewing(visit, review_floor, "Sven")


@pytest.fixture
def passed_part(visit: Visits, review_floor: Floor) -> Page:
    """The page of a part that is in no queue, as a supervisor sees it."""
    written = review_floor.judged(review_floor.part(), "pass")
    record = f"/parts/{quote(written.serial)}"
    page = visit(f"{review_floor.server.url}/sign-in?next={quote(record)}")
    sign_in(page, "Sven")
    expect(page.get_by_role("heading", level=1)).to_have_text(written.serial)
    return page


@pytest.fixture(scope="module")
def cookies(chromium: Any, standing_floor: Floor) -> dict[str, Any]:
    """Who is signed in as whom: name → what a browser remembers."""
    found = {}
    for name in ("Edda", "Ada"):
        page = chromium.new_page()
        page.goto(f"{standing_floor.server.url}/sign-in?next=/account")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        found[name] = page.context.storage_state()
        page.close()
    return found


@pytest.fixture
def edit(visit: Visits, floor: Floor, cookies: dict[str, Any]) -> Any:
    visit.expect(READ_BACK)

    def opened(name: str = "Edda", **options: Any) -> Editor:
        options = {"base_url": floor.server.url, "storage_state": cookies[name], **options}
        return Editor(visit(floor.server.url + EDITOR, **options))

    return opened
