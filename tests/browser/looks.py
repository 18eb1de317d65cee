"""Measures a page as it is drawn: what overlaps, what is cut off, what is too small or too faint to read."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8").partition("\n")[2].rstrip(";\n")


def overlapping_texts(page: Page) -> list[str]:
    return list(_measured(page, "overlaps"))


def cut_off(page: Page, selector: str) -> list[str]:
    """Words within these elements that are not to be seen in full."""
    return list(_measured(page, "cutOff", selector))


def overlapping_boxes(page: Page, selector: str) -> list[tuple[str, str]]:
    boxes = _measured(page, "boxes", selector)
    return [
        (one["name"], other["name"])
        for number, one in enumerate(boxes)
        for other in boxes[number + 1 :]
        if min(one["right"], other["right"]) - max(one["left"], other["left"]) > 1
        and min(one["bottom"], other["bottom"]) - max(one["top"], other["top"]) > 1
    ]


def too_small(page: Page, selector: str, least_px: float) -> list[str]:
    """Elements that a finger would miss."""
    return [
        box["name"]
        for box in _measured(page, "boxes", selector)
        if min(box["right"] - box["left"], box["bottom"] - box["top"]) < least_px - 0.1
    ]


def faint(page: Page, least: float) -> list[tuple[str, float]]:
    """Texts whose contrast is too low."""
    return [(text, round(ratio, 2)) for text, ratio in _measured(page, "contrasts") if ratio < least]


def overflow(page: Page) -> dict[str, int]:
    """By how many px the page is larger than the screen: across and down."""
    return dict(_measured(page, "overflow"))


def _measured(page: Page, what: str, selector: str = "") -> Any:
    page.evaluate(SCRIPT)
    return page.evaluate(f"(selector) => looks.{what}(selector)", selector)
