"""A proxy that signs people in: believed from its address, by the header that was set, for users here."""

import re

import pytest

from tests.people import PAGE, audited, number_of, opened, settle_in, sign_in, signed_in

HEADER = "X-Remote-User"
FROM = {"REMOTE_ADDR": "10.0.0.9"}


@pytest.fixture
def app(sqlite_store, settings_of):
    settle_in(sqlite_store)
    with opened(
        settings_of(auth={"proxy_header": HEADER, "trusted_proxies": ["10.0.0.0/29", "10.0.0.9"]})
    ) as app:
        yield app


def ask(browser, name: str, path: str = "/account", **address):
    return browser.get(path, headers={**PAGE, HEADER: name}, environ_overrides=address or FROM)


def test_whom_the_proxy_names_is_signed_in(app):
    answer = ask(app.test_client(), "sven")
    assert answer.status_code == 200
    assert "Sven" in answer.get_data(as_text=True)


def test_it_is_one_session_and_one_entry(app):
    browser = app.test_client()
    for _ in range(3):
        ask(browser, "Sven")
    assert [entry.details["how"] for entry in audited(app, "sign-in")] == ["proxy"]


@pytest.mark.parametrize("address", ["10.0.0.8", "127.0.0.1", "::1", "", "nonsense"])
def test_nobody_else_is_believed(app, address):
    assert ask(app.test_client(), "Ada", REMOTE_ADDR=address).status_code == 401


def test_an_address_that_is_only_claimed_is_not_believed(app):
    headers = {**PAGE, HEADER: "Ada", "X-Forwarded-For": "10.0.0.9", "Forwarded": "for=10.0.0.9"}
    assert app.test_client().get("/account", headers=headers).status_code == 401


def test_the_header_is_not_listened_to_unless_it_was_set(sqlite_store, settings_of):
    settle_in(sqlite_store)
    with opened(settings_of(auth={"trusted_proxies": ["10.0.0.9"]})) as app:
        assert ask(app.test_client(), "Ada").status_code == 401


@pytest.mark.parametrize("name", ["Nobody", "", " ", "Ada, Sven", "x" * 5000])
def test_whoever_is_no_user_here_is_nobody(app, name):
    assert ask(app.test_client(), name).status_code == 401


def test_a_disabled_user_is_let_in_by_no_proxy(app):
    browser = app.test_client()
    ask(browser, "Sven")
    path = f"/admin/users/{number_of(app, 'Sven')}/disabled"
    signed_in(app, "Ada").post(path, data={"disabled": "yes"})
    assert ask(browser, "Sven").status_code == 401


def test_when_the_proxy_names_somebody_else_it_is_somebody_else(app):
    browser = app.test_client()
    ask(browser, "Sven")
    assert "Edda" in ask(browser, "Edda").get_data(as_text=True)
    assert ask(browser, "Edda", "/admin/users").status_code == 403
    assert ask(browser, "Ada", "/admin/users").status_code == 200


def test_the_forms_of_the_page_that_met_somebody_are_taken(app):
    app.config["WTF_CSRF_ENABLED"] = True
    browser = app.test_client()
    page = ask(browser, "Sven").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    headers = {HEADER: "Sven", "X-CSRFToken": token}
    answer = browser.post("/account/sign-out-elsewhere", headers=headers, environ_overrides=FROM)
    assert answer.status_code == 303


def test_a_password_still_works_beside_the_proxy(app):
    assert sign_in(app.test_client(), "Sven").status_code == 303


def test_who_signs_in_by_the_proxy_alone_has_no_password(app):
    ada = signed_in(app, "Ada")
    sent = {"name": "PLANT\\berta", "role": "operator", "signs_in_by": "proxy"}
    assert ada.post("/admin/users", data=sent).status_code == 200
    assert ask(app.test_client(), "plant\\berta").status_code == 200
    assert sign_in(app.test_client(), "PLANT\\berta", "").status_code == 422
