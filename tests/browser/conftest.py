"""One browser for all of these tests, a fresh context for each page, one floor to look at."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.browser import browsers
from tests.browser.browsers import Visits
from tests.browser.floors import Floor, shows
from tests.servers import free_port


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
