"""One-time codes: enrolled with a picture, asked for with the password, each good once."""

import re
import time

import pyotp
import pytest

from hmi.auth import codes
from hmi.store import users
from tests.people import PAGE, PASSWORD, audited, opened, settle_in, sign_in, signed_in, store_of

SECRET = "a secret of this plant, long enough for it"


@pytest.fixture
def app(sqlite_store, settings_of):
    settle_in(sqlite_store)
    with opened(settings_of()) as app:
        yield app


def enrol(browser) -> str:
    """The key on the phone, after everything was typed as it should be."""
    page = browser.get("/account", headers=PAGE).get_data(as_text=True)
    sealed = re.search(r'name="sealed_key" value="([^"]+)"', page)[1]
    key = re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    sent = {"sealed_key": sealed, "new_code": pyotp.TOTP(key).now(), "password": PASSWORD}
    answer = browser.post("/account/codes", data=sent)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return key


def code_of(key: str, steps_away: int = 0) -> str:
    return pyotp.TOTP(key).at(int(time.time()) + 30 * steps_away)


def test_the_codes_are_those_of_the_standard():
    key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B, last six digits
    for at_s, code in (
        (59, "287082"),
        (1111111109, "081804"),
        (1234567890, "005924"),
        (20000000000, "353130"),
    ):
        assert codes.step_of(key, code, at_s) == at_s // 30


def test_codes_of_the_neighbouring_half_minutes_are_taken_and_others_not():
    key, now = codes.new_key(), 1_800_000_000
    for away, is_good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = pyotp.TOTP(key).at(now + 30 * away)
        assert (codes.step_of(key, code, now) is not None) == is_good


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "0", "-12345", "12345\x00"])
def test_what_is_no_code_is_none(code):
    assert codes.step_of(codes.new_key(), code, 1_800_000_000) is None


def test_a_sealed_key_opens_for_its_owner_only():
    sealed = codes.seal("ABCD", 7, SECRET)
    assert "ABCD" not in sealed
    assert codes.unseal(sealed, 7, SECRET) == "ABCD"
    assert codes.unseal(sealed, 8, SECRET) is None
    assert codes.unseal(sealed, 7, SECRET + "!") is None
    assert codes.unseal("forged", 7, SECRET) is None


def test_who_has_enrolled_needs_the_code(app):
    key = enrol(signed_in(app, "Sven"))
    assert sign_in(app.test_client(), "Sven").status_code == 422
    assert sign_in(app.test_client(), "Sven", code="000000").status_code == 422
    assert sign_in(app.test_client(), "Sven", code=code_of(key, 1)).status_code == 303


def test_a_code_is_good_once(app):
    key = enrol(signed_in(app, "Sven"))
    code = code_of(key, 1)
    assert sign_in(app.test_client(), "Sven", code=code).status_code == 303
    assert sign_in(app.test_client(), "Sven", code=code).status_code == 422


def test_the_code_with_which_one_enrolled_is_used_up(app):
    key = enrol(signed_in(app, "Sven"))
    with store_of(app).read() as session:
        step = users.by_name(session, "Sven").code_step
    assert sign_in(app.test_client(), "Sven", code=pyotp.TOTP(key).generate_otp(step)).status_code == 422


def test_a_code_without_the_password_opens_nothing(app):
    key = enrol(signed_in(app, "Sven"))
    assert sign_in(app.test_client(), "Sven", "wrong", code=code_of(key, 1)).status_code == 422


def test_codes_are_guessed_no_more_often_than_passwords(app):
    enrol(signed_in(app, "Sven"))
    statuses = [sign_in(app.test_client(), "Sven", code=f"{n:06}").status_code for n in range(12)]
    assert statuses[-2:] == [429, 429]


def test_the_store_does_not_hold_the_key(app):
    key = enrol(signed_in(app, "Sven"))
    with store_of(app).read() as session:
        assert key not in users.by_name(session, "Sven").code_key


def test_enrolling_needs_the_password_and_a_first_code(app):
    sven = signed_in(app, "Sven")
    page = sven.get("/account", headers=PAGE).get_data(as_text=True)
    sealed = re.search(r'name="sealed_key" value="([^"]+)"', page)[1]
    sent = {"sealed_key": sealed, "new_code": "000000", "password": PASSWORD}
    assert sven.post("/account/codes", data=sent).status_code == 422
    assert sven.post("/account/codes", data={**sent, "sealed_key": "forged"}).status_code == 422
    assert sign_in(app.test_client(), "Sven").status_code == 303


def test_who_mistypes_sees_the_same_picture_again(app):
    sven = signed_in(app, "Sven")
    page = sven.get("/account", headers=PAGE).get_data(as_text=True)
    sealed = re.search(r'name="sealed_key" value="([^"]+)"', page)[1]
    sent = {"sealed_key": sealed, "new_code": "000000", "password": PASSWORD}
    again = sven.post("/account/codes", data=sent, headers=PAGE).get_data(as_text=True)
    assert re.search(r"<code>(.*?)</code>", again)[1] == re.search(r"<code>(.*?)</code>", page)[1]


def test_the_picture_needs_no_exception_from_the_content_policy(app):
    page = signed_in(app, "Sven").get("/account", headers=PAGE).get_data(as_text=True)
    assert "<svg" in page
    assert "style=" not in page


def test_codes_can_be_removed_with_password_and_code(app):
    sven = signed_in(app, "Sven")
    key = enrol(sven)
    assert sven.post("/account/codes/remove", data={"password": PASSWORD, "code": ""}).status_code == 422
    sent = {"password": PASSWORD, "code": code_of(key, 1)}
    assert sven.post("/account/codes/remove", data=sent).status_code == 303
    assert sign_in(app.test_client(), "Sven").status_code == 303
    assert [entry.who for entry in audited(app, "one-time codes removed")] == ["Sven"]


def test_a_role_that_needs_codes_can_do_nothing_before_it_has_them(sqlite_store, settings_of):
    settle_in(sqlite_store)
    with opened(settings_of(auth={"totp_roles": ["administrator"]})) as app:
        ada = app.test_client()
        assert sign_in(ada, "Ada", next="/admin/users").headers["Location"] == "/account"
        assert ada.get("/admin/users", headers=PAGE).status_code == 403
        enrol(ada)
        assert ada.get("/admin/users", headers=PAGE).status_code == 200
        assert sign_in(app.test_client(), "Sven", next="/?run=1").headers["Location"] == "/?run=1"
