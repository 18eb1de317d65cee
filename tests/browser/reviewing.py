"""What people do on the review page: pick, decide, take back."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from hmi.demo import camera_serial
from tests.browser.browsers import Visits
from tests.browser.floors import FAILING, Floor
from tests.browser.test_people import sign_in
from tests.people import settle_in


def reviewed(folder: Path, many: int, **sections: dict) -> Floor:
    """A floor whose people have accounts, with a part that fails by so many defects."""
    floor = Floor(folder, **sections)
    store = floor.server.store()
    settle_in(store)
    store.close()
    left, top, width, height = FAILING
    boxes = [(left, top + 3 * number, width, height) for number in range(many)]
    floor.judged(floor.part({camera_serial(1): boxes}), "fail")
    return floor


def reviewing(visit: Visits, floor: Floor, name: str, **options) -> Page:
    page = visit(f"{floor.server.url}/sign-in?next=/review", **options)
    sign_in(page, name)
    expect(page.locator(".is-current")).to_have_count(1)
    return page


def current(page: Page) -> str:
    return page.locator(".is-current").get_attribute("data-open") or ""


def undecided(page: Page, count: int) -> list[str]:
    rows = page.locator("[data-open]:not(.is-decided)").evaluate_all(
        "all => all.map(one => one.dataset.open)"
    )
    return rows[:count]


def item(page: Page, one: str) -> Locator:
    return page.locator(f'[data-open="{one}"]')


def tick(page: Page, *all_of_them: str) -> None:
    for one in all_of_them:
        item(page, one).get_by_role("checkbox").check()


def batch(page: Page, word: str) -> Locator:
    return page.locator(f'[data-batch] button[value="{word}"]')


def are_decided(page: Page, *all_of_them: str, word: str) -> None:
    for one in all_of_them:
        expect(item(page, one).locator('[data-subject="defect"]')).to_have_attribute("data-word", word)


def press(page: Page, key: str) -> None:
    """As a person does: the next key comes after the shortcut has acted."""
    page.keyboard.press(key)
    page.wait_for_timeout(120)
