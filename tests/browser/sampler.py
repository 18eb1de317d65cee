"""What somebody in front of the screen sees of it: read in the page, ten times a second.

A sample holds the words that are visible and the colours in which tiles and the part's verdict are drawn;
its time is that of the page's monotonic clock, in ms. The first frame of a page that is shown again is
sampled too.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

SAMPLER = """() => {
  const look = (element) => {
    const style = getComputedStyle(element);
    const border = style.borderTopWidth === "0px" ? "" : style.borderTopColor;
    const isSeen = style.visibility === "visible";
    return {
      words: element.innerText,
      colours: isSeen ? [style.backgroundColor, border, style.boxShadow].join(" ") : "",
      isHatched: element.matches(".card-verdict") || style.backgroundImage.includes("gradient"),
    };
  };
  window.samples = [];
  const sample = () => samples.push({
    atMs: performance.now(),
    seen: [...document.querySelectorAll(".tile, .part-verdict, .card-verdict")].map(look),
    banner: document.getElementById("link").innerText,
  });
  sample();
  setInterval(sample, 100);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) requestAnimationFrame(sample);
  });
}"""
VERDICT = re.compile(r"\b(pass|passed|fail|fails|review|accepted|borderline)\b", re.IGNORECASE)
ALARMS = ("rgb(179, 0, 27)", "rgb(245, 168, 0)")  # the colours of fail and review


@dataclass(frozen=True)
class Sample:
    at_ms: float
    seen: list[dict[str, Any]]
    banner: str

    @property
    def is_live(self) -> bool:
        """Whether anything on the screen looks like a verdict of now."""
        return any(
            VERDICT.search(one["words"]) or any(alarm in one["colours"] for alarm in ALARMS)
            for one in self.seen
        )

    @property
    def is_veiled(self) -> bool:
        """Nothing looks like a verdict, and not by colour alone: every tile says or shows that it is not."""
        return not self.is_live and all(one["isHatched"] for one in self.seen)


class Sampler:
    """Begins at once."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.evaluate(SAMPLER)

    def now_ms(self) -> float:
        return float(self._page.evaluate("performance.now()"))

    def samples(self) -> list[Sample]:
        found = self._page.evaluate("window.samples")
        return [Sample(one["atMs"], one["seen"], one["banner"]) for one in found]

    def live(self, start_ms: float) -> list[float]:
        """When the screen looked live since then."""
        return [sample.at_ms for sample in self.samples() if sample.at_ms > start_ms and sample.is_live]


def until(page: Page, condition: Callable[[], object], within_s: float = 20.0) -> None:
    """As tests.waiting.until, for a page: its events are taken in meanwhile."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        page.wait_for_timeout(30)
