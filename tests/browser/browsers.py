"""The browser of this machine, and pages that are watched for everything that must not happen in them."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Playwright, Request

CHOSEN = "HMI_TEST_BROWSER"
SHELL = "chromium-headless-shell"  # the same without windows: a page costs an eighth of the CPU
ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
ON_WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`securitypolicyviolation: ${event.violatedDirective} ${event.blockedURI}`))"""
#: A request that the page itself gave up: it went elsewhere, or lost its patience.
GIVEN_UP = "net::ERR_ABORTED"
#: A picture that is still being made: its place says so, and the page asks again (see test_grid.py).
STILL_MADE = r"status of 503 .*/(pictures|iiif)/"


def find(playwright: Playwright, *, whole: bool = False) -> str | None:
    """A Chromium, Chrome or Edge; None where there is none. `whole`: one that has windows and tabs."""
    names = ON_PATH if whole else (SHELL, *ON_PATH)
    candidates = [os.environ.get(CHOSEN), *map(shutil.which, names), *_on_windows()]
    candidates.append(playwright.chromium.executable_path)
    return next((str(path) for path in candidates if path and Path(path).is_file()), None)


def _on_windows() -> Iterator[Path]:
    if sys.platform != "win32":
        return
    for name in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData"):
        for program in ON_WINDOWS:
            yield Path(os.environ.get(name, "C:/")) / program


class Visits:
    """Opens pages, each in a context of its own, and keeps what goes wrong in any of them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._problems: list[str] = []
        self._expected = [STILL_MADE]

    def __call__(self, url: str, *, init_script: str = "", **options: Any) -> Page:
        """A page at this address; `options` are those of a browser context."""
        context = self._browser.new_context(viewport=options.pop("viewport", None) or FLOOR, **options)
        self._contexts.append(context)
        context.add_init_script(REPORT_VIOLATIONS)
        if init_script:
            context.add_init_script(init_script)
        page = context.new_page()
        page.set_default_timeout(20_000)
        self._watch(page)
        page.goto(url)
        return page

    def expect(self, *patterns: str) -> None:
        """Problems that the test provokes."""
        self._expected.extend(patterns)

    @property
    def problems(self) -> list[str]:
        return [
            problem
            for problem in self._problems
            if not any(re.search(pattern, problem) for pattern in self._expected)
        ]

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._problems.append(f"error in the page: {error}"))
        page.on("dialog", self._dialog)
        page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _dialog(self, dialog: Dialog) -> None:
        self._problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _failed(self, request: Request) -> None:
        if request.failure != GIVEN_UP:
            self._problems.append(f"request failed: {request.url}: {request.failure}")


@contextmanager
def navigations(page: Page) -> Iterator[list[str]]:
    """The addresses that the page goes to while the block lasts."""
    seen: list[str] = []

    def note(frame: Any) -> None:
        if frame == page.main_frame:
            seen.append(frame.url)

    page.on("framenavigated", note)
    yield seen
    page.remove_listener("framenavigated", note)


FLOOR: Any = {"width": 1920, "height": 1080}
