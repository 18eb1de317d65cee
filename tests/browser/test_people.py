"""People at a real browser: signing in and out, a kiosk that nobody touches, and what axe finds."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select

from hmi.auth import badges
from hmi.store import sessions
from hmi.store.users import User
from tests.browser import looks
from tests.browser.browsers import Visits
from tests.browser.floors import Floor, shows
from tests.people import PASSWORD, settle_in
from tests.servers import SECRET, Server

BADGE = "B-20417 77"
GRAVE = {"serious", "critical"}
#: a form that is answered with what is wrong in it
REFUSED = r"status of (401|422)"


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """A floor whose kiosks sign people out after three seconds."""
    floor = Floor(tmp_path_factory.mktemp("people"), auth={"kiosk_idle_minutes": 0.05})
    store = floor.server.store()
    settle_in(store)
    with store.write() as session:
        session.scalars(select(User).where(User.name == "Edda")).one().badge = badges.sealed(BADGE, SECRET)
    store.close()
    yield floor
    floor.close()


@pytest.fixture
def server(quick: Floor) -> Server:
    return quick.server


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def grave(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in GRAVE]


def overlapping(page: Page) -> list[str]:
    """What of the grid's header lies under the account key."""
    return page.evaluate(
        """() => {
          const key = document.querySelector(".account-key").getBoundingClientRect();
          return [...document.querySelectorAll("#header dd, #header dt, #header strong")].filter((one) => {
            const box = one.getBoundingClientRect();
            const isBeside = box.right <= key.left || box.left >= key.right;
            return !isBeside && box.bottom > key.top && box.top < key.bottom;
          }).map((one) => one.textContent);
        }"""
    )


def test_a_person_signs_in_and_out_from_the_grid(visit: Visits, server: Server):
    visit.expect(REFUSED)
    page = visit(server.url)
    page.get_by_role("link", name="Sign in").click()
    sign_in(page, "Sven", "wrong")
    expect(page.get_by_text("Name, password or code is wrong.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Sven")
    sign_in(page, "Sven")
    page.get_by_role("link", name="Sven").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_signing_in_needs_no_script(visit: Visits, server: Server):
    page = visit(f"{server.url}/sign-in?next=/account", java_script_enabled=False)
    sign_in(page, "Sven")
    expect(page.get_by_role("heading", name="Sven")).to_be_visible()


def test_after_signing_out_the_back_key_shows_nothing(visit: Visits, server: Server):
    visit.expect(REFUSED)
    page = visit(f"{server.url}/sign-in?next=/account")
    sign_in(page, "Sven")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_text("Sven")).to_have_count(0)


def test_at_a_kiosk_a_badge_is_scanned_without_touching_a_field(visit: Visits, server: Server):
    page = visit(f"{server.url}/?kiosk=Station 3")
    page.goto(f"{server.url}/sign-in?next=/account")
    expect(page.get_by_label("Scan your badge")).to_be_focused()
    page.keyboard.type(BADGE)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_have_value("Edda")
    expect(page.get_by_label("Password")).to_be_focused()


def test_a_kiosk_that_nobody_touches_goes_back_to_the_grid_signed_out(visit: Visits, server: Server):
    page = visit(f"{server.url}/?kiosk=Station 3")
    page.goto(f"{server.url}/sign-in?next=/account")
    sign_in(page, "Sven")
    expect(page.get_by_role("heading", name="Sven")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible(timeout=15_000)
    assert page.url == f"{server.url}/"


def test_polling_keeps_nobody_signed_in(visit: Visits, quick: Floor):
    page = visit(f"{quick.server.url}/?kiosk=Station 3")
    page.goto(f"{quick.server.url}/sign-in")
    sign_in(page, "Sven")
    expect(page.get_by_role("link", name="Sven")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible(timeout=15_000)


@pytest.mark.parametrize("name", [None, "Sven"])
def test_the_account_key_covers_nothing(visit: Visits, quick: Floor, name, subtests):
    page = visit(f"{quick.server.url}/sign-in")
    if name:
        sign_in(page, name)
    else:
        page.goto(quick.server.url)
    shows(page, quick.judged(quick.failing(), "fail"))
    for width, height in ((1920, 1080), (1366, 768), (1024, 768), (800, 600), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        with subtests.test(width=width, height=height):
            assert overlapping(page) == []
            key = page.locator(".account-key").bounding_box()
            assert key["width"] >= 48
            assert key["height"] >= 48
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_grave(visit: Visits, server: Server, subtests):
    page = visit(f"{server.url}/sign-in")
    sign_in(page, "Ada")
    for path in ("/", "/sign-in", "/account", "/admin/users", "/admin/health", "/admin/settings"):
        page.goto(server.url + path)
        expect(page).to_have_url(re.compile(re.escape(path) + "$"))
        for scheme in ("light", "dark"):
            page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
            with subtests.test(path=path, scheme=scheme):
                assert grave(page) == []


def test_axe_finds_nothing_grave_where_something_is_wrong(visit: Visits, server: Server):
    visit.expect(REFUSED)
    page = visit(f"{server.url}/sign-in")
    sign_in(page, "Edda", "wrong")
    expect(page.get_by_text("Name, password or code is wrong.")).to_be_visible()
    assert grave(page) == []


def test_keys_are_large_enough_for_gloves(visit: Visits, server: Server):
    page = visit(f"{server.url}/sign-in?next=/admin/users")
    for path in ("/sign-in", "/admin/users"):
        if path == "/admin/users":
            sign_in(page, "Ada")
            expect(page.get_by_role("heading", name="Users", exact=True)).to_be_visible()
        boxes = [
            one.bounding_box()
            for one in page.locator(":is(.key, input:not([type=hidden]), select):visible").all()
        ]
        assert boxes
        assert min(box["height"] for box in boxes) >= 48
    page.set_viewport_size({"width": 1024, "height": 768})
    rows = [one.bounding_box()["height"] for one in page.locator(".users tbody tr").all()]
    assert max(rows) < 130


def test_pages_of_administrators_fit_every_screen(visit: Visits, server: Server, subtests):
    page = visit(f"{server.url}/sign-in?next=/admin/settings")
    sign_in(page, "Ada")
    expect(page.get_by_role("heading", name="Settings", exact=True)).to_be_visible()
    for path in ("/admin/settings", "/admin/health"):
        page.goto(server.url + path)
        for width, height in ((1920, 1080), (1366, 768), (1024, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            with subtests.test(path=path, width=width):
                assert looks.overflow(page)["across"] <= 0
                assert looks.overlapping_texts(page) == []
                assert looks.too_small(page, "main a, main button", 48) == []
                for scheme in ("light", "dark"):
                    page.evaluate(f"document.documentElement.dataset.theme = '{scheme}'")
                    assert looks.faint(page, 7) == []


def test_a_closed_grid_asks_for_a_sign_in_when_the_session_ends(visit: Visits, tmp_path):
    visit.expect(REFUSED)
    floor = Floor(tmp_path, auth={"open_grid": False, "idle_minutes": 60})
    try:
        store = floor.server.store()
        settle_in(store)
        page = visit(floor.server.url)
        sign_in(page, "Sven")
        expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=20_000)
        with store.write() as session:
            sessions.end_all(session, 2)
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=10_000)
        store.close()
    finally:
        floor.close()
