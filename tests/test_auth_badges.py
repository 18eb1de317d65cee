"""Badges: they name the person; for some roles, by setting, they are enough."""

import pytest
from sqlalchemy import text

from hmi.auth import badges
from hmi.settings import SettingsError
from tests.people import (
    PAGE,
    PASSWORD,
    audited,
    is_signed_in,
    number_of,
    opened,
    settle_in,
    sign_in,
    signed_in,
    store_of,
)

BADGE = "0048-1234567"


@pytest.fixture
def badge_roles() -> list[str]:
    return []


@pytest.fixture
def app(sqlite_store, settings_of, badge_roles):
    settle_in(sqlite_store)
    with opened(settings_of(auth={"badge_roles": badge_roles})) as app:
        yield app


def give(app, name: str, badge: str = BADGE, by: str = "Ada"):
    path = f"/admin/users/{number_of(app, name)}/badge"
    return signed_in(app, by).post(path, data={"badge": badge}, headers=PAGE)


def scan(browser, badge: str = BADGE):
    return browser.post("/sign-in/badge", data={"badge": badge}, headers=PAGE)


def test_a_badge_names_the_person_and_the_password_follows(app):
    assert give(app, "Sven").status_code == 303
    browser = app.test_client()
    answer = scan(browser)
    assert (answer.status_code, 'value="Sven"' in answer.text) == (200, True)
    assert not is_signed_in(browser)
    sign_in(browser, "Sven", PASSWORD)
    assert is_signed_in(browser)


@pytest.mark.parametrize("badge_roles", [["operator", "supervisor"]])
@pytest.mark.parametrize(
    ("name", "enough"), [("Olga", True), ("Sven", True), ("Edda", False), ("Ada", False)]
)
def test_by_setting_a_badge_alone_is_enough_for_operators_and_supervisors_only(app, name, enough):
    give(app, name)
    browser = app.test_client()
    scan(browser)
    assert is_signed_in(browser) == enough
    assert bool([one for one in audited(app, "sign-in") if one.details["how"] == "badge"]) == enough


@pytest.mark.parametrize("role", ["engineer", "administrator"])
def test_no_setting_lets_a_badge_alone_sign_in_more_powerful_people(settings_of, role):
    with pytest.raises(SettingsError, match="badge_roles"):
        settings_of(auth={"badge_roles": [role]})


@pytest.mark.parametrize("badge_roles", [["operator", "supervisor"]])
def test_who_came_by_a_badge_alone_is_out_when_the_role_asks_for_more(app):
    give(app, "Sven")
    browser = app.test_client()
    scan(browser)
    assert is_signed_in(browser)
    role = {"role": "administrator"}
    changed = signed_in(app, "Ada").post(
        f"/admin/users/{number_of(app, 'Sven')}/role", data=role, headers=PAGE
    )
    assert changed.status_code == 303
    assert not is_signed_in(browser)
    assert browser.get("/admin/users", headers=PAGE).status_code != 200


def test_the_store_holds_no_badge(app):
    give(app, "Sven")
    with store_of(app).read() as session:
        kept = str(session.execute(text("SELECT * FROM hmi_user")).all())
        kept += str(session.execute(text("SELECT * FROM hmi_audit")).all())
    assert BADGE not in kept


def test_a_badge_belongs_to_one_person(app):
    give(app, "Sven")
    refused = give(app, "Edda")
    assert (refused.status_code, "the badge of Sven" in refused.text) == (422, True)
    assert give(app, "Sven", "").status_code == 303
    assert give(app, "Edda").status_code == 303
    assert [one.who for one in audited(app, "badge removed")] == ["Ada"]


def test_a_disabled_persons_badge_is_nobodys(app):
    give(app, "Sven")
    path = f"/admin/users/{number_of(app, 'Sven')}/disabled"
    signed_in(app, "Ada").post(path, data={"disabled": "yes"})
    assert scan(app.test_client()).status_code == 422


def test_guessing_badges_is_limited_by_address(app):
    browser = app.test_client()
    answers = [scan(browser, f"guess {number:04}").status_code for number in range(61)]
    assert answers == [422] * 60 + [429]
    give_up = scan(browser)
    assert int(give_up.headers["Retry-After"]) > 500


@pytest.mark.parametrize(
    "scanned", ["", "123", "x" * 65, "x" * 5000, "\x1d\x1d\x1d", "äöüßäöüß", "12\u20034567"]
)
def test_what_is_no_badge_is_not_recognised(app, scanned):
    assert scan(app.test_client(), scanned).status_code == 422


def test_separators_and_line_ends_of_a_scanner_do_not_count():
    assert badges.sealed(f"\x1d{BADGE}\r\n", "secret") == badges.sealed(BADGE, "secret")
    assert badges.sealed(BADGE, "secret") != badges.sealed(BADGE, "another secret")
