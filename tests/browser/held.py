"""What a page holds once everything that it let go is collected."""

from typing import NamedTuple

from playwright.sync_api import CDPSession, Page


class Held(NamedTuple):
    heap_mb: float
    nodes: int
    listeners: int


class Holding:
    """Looks at one page, again and again."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def now(self) -> Held:
        for _ in range(2):  # what the first round lets go holds others
            self._session.send("HeapProfiler.collectGarbage")
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        found = {metric["name"]: metric["value"] for metric in metrics}
        return Held(found["JSHeapUsedSize"] / 1e6, int(found["Nodes"]), int(found["JSEventListeners"]))
