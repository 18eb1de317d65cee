"""The browser that benches look through: a whole one, as kiosks have it."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.bench.reporting import CannotRun
from tests.browser import browsers


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """With further arguments of its command line. Raises CannotRun where there is none."""
    with sync_playwright() as playwright:
        path = browsers.find(playwright, whole=True)
        if path is None:
            raise CannotRun("there is no Chromium, Chrome or Edge on this machine")
        browser = playwright.chromium.launch(executable_path=path, args=[*browsers.ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()
