"""Signing in and out: plain forms, one answer for everything that is wrong, nowhere else to be sent."""

import statistics
import time

import pytest
from sqlalchemy import text

from hmi.auth import origins, passwords, signing_in
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

JSON = {"Accept": "application/json"}


@pytest.fixture
def app(sqlite_store, settings_of):
    with opened(settings_of()) as app:
        settle_in(store_of(app))
        yield app


@pytest.fixture
def browser(app):
    return app.test_client()


def test_the_right_password_signs_in_and_leads_on(browser):
    answer = sign_in(browser, "Sven", next="/?run=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?run=1")
    assert "Sven" in browser.get("/account", headers=PAGE).get_data(as_text=True)


def test_a_name_is_found_however_it_is_written(browser):
    assert sign_in(browser, " sVEN ").status_code == 303


def test_what_is_wrong_stands_beside_the_field_and_the_name_stays(browser):
    answer = sign_in(browser, "Sven", "wrong")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Name, password or code is wrong." in page
    assert 'value="Sven"' in page
    assert 'aria-invalid="true" aria-describedby="password-said"' in page
    assert not is_signed_in(browser)


UNKNOWN_NAMES = ["Nobody", "", "sven'--", "Sven\n", "x" * 300, "\ud800", "Свен"]


def test_an_unknown_name_is_answered_as_a_wrong_password_is(app, subtests):
    for name in UNKNOWN_NAMES:
        with subtests.test(name=name):
            known = sign_in(app.test_client(), "Sven", "wrong").get_data(as_text=True)
            unknown = sign_in(app.test_client(), name.encode("utf-8", "surrogatepass"), "wrong")
            assert unknown.status_code == 422
            page = unknown.get_data(as_text=True)
            assert page.count("Name, password or code is wrong.") == known.count(
                "Name, password or code is wrong."
            )


def test_an_unknown_name_takes_as_long_as_a_wrong_password(settings_of, sqlite_store, monkeypatch):
    monkeypatch.setattr(signing_in, "PER_USER", 10_000)
    monkeypatch.setattr(signing_in, "PER_ADDRESS", 10_000)
    took = {"Sven": [], "Nobody": []}
    with opened(settings_of()) as app:
        settle_in(store_of(app))
        browser = app.test_client()
        sign_in(browser, "Nobody", "wrong")
        for _ in range(25):
            for name, times in took.items():
                began = time.perf_counter()
                sign_in(browser, name, "wrong")
                times.append(time.perf_counter() - began)
    known, unknown = (statistics.median(times) for times in took.values())
    assert unknown > known / 2  # without a hash for nobody it is some fiftieth


def test_a_disabled_user_is_answered_as_a_wrong_password_is(app, browser):
    ada = signed_in(app, "Ada")
    ada.post(f"/admin/users/{number_of(app, 'Sven')}/disabled", data={"disabled": "yes"})
    answer = sign_in(browser, "Sven")
    assert answer.status_code == 422
    assert "Name, password or code is wrong." in answer.get_data(as_text=True)


def test_no_account_is_there_that_nobody_made(sqlite_store, settings_of):
    with opened(settings_of()) as app:
        for name in ("admin", "administrator", "root", "operator", "demo", "test"):
            assert sign_in(app.test_client(), name, name).status_code == 422


def test_the_time_of_day_opens_nothing():
    minutes = [f"{hour:02}{minute:02}" for hour in range(24) for minute in range(60)]
    cheap = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    stored = cheap.hash(PASSWORD.encode())
    assert passwords.matches(stored, PASSWORD)
    assert [pin for pin in minutes if passwords.matches(stored, pin)] == []


ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "/%0d%0aSet-Cookie: x=1",
    "/\r\nX: y",
    "/%5cevil.example",
    "/%2f%2fevil.example",
    "/" + "a" * 8000,
    "evil",
    "",
    " /account",
    "/\t/evil.example",
    "/../..//evil.example",
    "/@evil.example:80/\x00",
    "data:text/html,x",
    "?next=//evil",
    "/аdmin",
]


def test_nobody_is_sent_elsewhere(app, subtests):
    for following in ELSEWHERE:
        with subtests.test(following=following):
            assert origins.own_path(following) == "/"
            answer = sign_in(app.test_client(), "Sven", next=following)
            if answer.status_code == 303:
                assert answer.headers["Location"] == "/"
            else:
                assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "following", ["/", "/account", "/?run=1.7", "/admin/users", "/search?q=38A%2025&page=2"]
)
def test_paths_of_our_own_are_gone_on_to(following):
    assert origins.own_path(following) == following


def test_a_page_that_needs_a_sign_in_is_answered_with_the_form_for_it(browser):
    answer = browser.get("/admin/users", headers=PAGE)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert 'name="next" value="/admin/users"' in page
    assert browser.get("/admin/users", headers=JSON).json["status"] == 401


def test_signing_out_ends_the_session_and_what_the_browser_kept(app):
    sven = signed_in(app, "Sven")
    answer = sven.post("/sign-out")
    assert answer.status_code == 303
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert not is_signed_in(sven)


def test_nothing_of_a_person_is_kept_by_a_browser(app):
    sven = signed_in(app, "Sven")
    for path in ("/", "/account", "/sign-in"):
        assert sven.get(path, headers=PAGE).headers["Cache-Control"] == "no-store"


def test_a_password_of_more_than_a_kilobyte_is_refused_before_it_costs_anything(app, browser, monkeypatch):
    monkeypatch.setattr(passwords, "matches", lambda *_: pytest.fail("it was hashed"))
    assert sign_in(browser, "Sven", "x" * 1025).status_code == 422
    assert sign_in(browser, "Sven", "ü" * 513).status_code == 422


def test_a_field_that_the_form_does_not_have_is_refused(browser):
    assert sign_in(browser, "Sven", role="administrator").status_code == 422
    assert not is_signed_in(browser)


def test_a_nul_is_refused(browser):
    assert sign_in(browser, "Sven\0").status_code == 400


def test_signing_in_and_out_and_failing_is_written_down(app, browser):
    sign_in(browser, "Sven", "wrong")
    sign_in(browser, "hunter2hunter2", "wrong")
    sign_in(browser, "Sven")
    browser.post("/sign-out")
    assert [entry.who for entry in audited(app, "sign-in failed")] == ["Sven", "unknown name"]
    assert [entry.who for entry in audited(app, "sign-in")] == ["Sven"]
    assert [entry.who for entry in audited(app, "sign-out")] == ["Sven"]
    with store_of(app).read() as session:
        everything = str(session.execute(text("SELECT * FROM hmi_audit")).all())
    assert "hunter2" not in everything


def test_htmx_headers_open_nothing(browser):
    forged = {"HX-Request": "true", "HX-Target": "live", "HX-History-Restore-Request": "true"}
    assert browser.get("/account", headers={**PAGE, **forged}).status_code == 401
    assert browser.get("/admin/users", headers={**PAGE, **forged}).status_code == 401
