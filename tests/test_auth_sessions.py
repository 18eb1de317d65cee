"""Sessions: rows in the store, found by a hash, ended by time, by the person, by an administrator."""

import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from hmi.auth import accounts
from hmi.store.sessions import SignedIn
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

COOKIE = "hmi_session"


@pytest.fixture
def app(store, settings_of):
    url = store.url.render_as_string(hide_password=False)
    with opened(settings_of(store={"url": url})) as app:
        settle_in(store_of(app))
        yield app


def cookie_of(browser) -> str:
    return browser.get_cookie(COOKIE).value


def rows(app) -> list[SignedIn]:
    with store_of(app).read() as session:
        return list(session.scalars(select(SignedIn)))


def turn_back(app, **columns: timedelta) -> None:
    """Let time pass for every session."""
    for one in rows(app):
        values = {name: getattr(one, name) - by for name, by in columns.items()}
        with store_of(app).write() as session:
            session.execute(update(SignedIn).where(SignedIn.id == one.id).values(**values))


def test_the_store_does_not_hold_what_the_browser_holds(app):
    sven = signed_in(app, "Sven")
    assert cookie_of(sven) not in str([vars(one) for one in rows(app)])


def test_signing_in_gives_a_new_id_and_the_old_one_is_dead(app):
    sven = signed_in(app, "Sven")
    before = cookie_of(sven)
    sign_in(sven, "Sven")
    assert cookie_of(sven) != before
    thief = app.test_client()
    thief.set_cookie(COOKIE, before)
    assert not is_signed_in(thief)


def test_an_id_that_was_planted_before_the_sign_in_is_worth_nothing(app):
    victim, attacker = app.test_client(), app.test_client()
    for browser in (victim, attacker):
        browser.set_cookie(COOKIE, "planted")
    sign_in(victim, "Sven")
    assert is_signed_in(victim)
    assert not is_signed_in(attacker)


FOREIGN_COOKIES = ["", "x", "x" * 2000, "ü", "' OR 1=1 --", "\\ud800"]


def test_a_cookie_that_is_none_of_ours_is_nobody(app, subtests):
    for token in FOREIGN_COOKIES:
        with subtests.test(token=token):
            browser = app.test_client()
            browser.set_cookie(COOKIE, token)
            assert browser.get("/account", headers=PAGE).status_code == 401


def test_a_copied_cookie_is_dead_after_the_sign_out(app):
    sven, thief = signed_in(app, "Sven"), app.test_client()
    thief.set_cookie(COOKIE, cookie_of(sven))
    assert is_signed_in(thief)
    sven.post("/sign-out")
    assert not is_signed_in(thief)


def test_a_new_password_ends_every_other_session(app):
    here, elsewhere = signed_in(app, "Sven"), signed_in(app, "Sven")
    new = "drei Dachse unterm Bett"
    sent = {"password": PASSWORD, "new": new, "again": new}
    assert here.post("/account/password", data=sent).status_code == 303
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert sign_in(app.test_client(), "Sven", PASSWORD).status_code == 422
    assert sign_in(app.test_client(), "Sven", new).status_code == 303


@pytest.mark.parametrize(
    ("path", "form"), [("disabled", {"disabled": "yes"}), ("password", {}), ("sign-out", {})]
)
def test_what_an_administrator_does_counts_at_the_next_request(app, path, form):
    sven, ada = signed_in(app, "Sven"), signed_in(app, "Ada")
    ada.post(f"/admin/users/{number_of(app, 'Sven')}/{path}", data=form)
    assert not is_signed_in(sven)
    assert is_signed_in(ada)


def test_a_role_that_was_taken_away_is_gone_at_the_next_request(app):
    with store_of(app).write() as session:
        accounts.add(session, "tests", "Berta", "administrator", password=PASSWORD, must_change=False)
    ada, berta = signed_in(app, "Ada"), signed_in(app, "Berta")
    assert berta.get("/admin/users", headers=PAGE).status_code == 200
    ada.post(f"/admin/users/{number_of(app, 'Berta')}/role", data={"role": "operator"})
    assert berta.get("/admin/users", headers=PAGE).status_code == 403


def test_signing_out_elsewhere_leaves_this_session(app):
    here, elsewhere = signed_in(app, "Sven"), signed_in(app, "Sven")
    here.post("/account/sign-out-elsewhere")
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


def test_a_session_ends_when_nothing_is_done(app):
    sven = signed_in(app, "Sven")
    turn_back(app, seen_at=timedelta(minutes=29))
    assert is_signed_in(sven)
    turn_back(app, seen_at=timedelta(minutes=31))
    answer = sven.get("/account", headers=PAGE)
    assert answer.status_code == 401
    assert "signed out because nothing was done" in answer.get_data(as_text=True)


def test_a_kiosk_signs_out_sooner(app):
    kiosk, desk = app.test_client(), signed_in(app, "Edda")
    kiosk.get("/?kiosk=Station 3")
    sign_in(kiosk, "Sven")
    turn_back(app, seen_at=timedelta(minutes=4))
    assert not is_signed_in(kiosk)
    assert is_signed_in(desk)


def test_a_session_ends_whatever_is_done(app):
    sven = signed_in(app, "Sven")
    turn_back(app, ends_at=timedelta(hours=12))
    assert not is_signed_in(sven)


def test_a_clock_that_was_set_back_does_not_keep_a_session(app):
    sven = signed_in(app, "Sven")
    turn_back(app, seen_at=timedelta(hours=-2))
    assert not is_signed_in(sven)


def test_what_a_page_asks_for_by_itself_keeps_nobody_signed_in(app):
    sven = signed_in(app, "Sven")
    turn_back(app, seen_at=timedelta(minutes=5))
    before = rows(app)[0].seen_at
    by_themselves = ("/live", "/pictures/1/tile.jpg", "/static/css/base.css", "/livez", "/cameras/A?have=1a")
    for path in by_themselves:
        sven.get(path).close()
    assert rows(app)[0].seen_at == before
    sven.get("/account")
    assert rows(app)[0].seen_at > before


def test_being_seen_is_written_once_a_minute_at_most(app):
    sven = signed_in(app, "Sven")
    before = rows(app)[0].seen_at
    for _ in range(3):
        sven.get("/account")
    assert rows(app)[0].seen_at == before


def test_what_has_ended_is_swept_away(app):
    signed_in(app, "Edda")
    turn_back(app, seen_at=timedelta(hours=1))
    signed_in(app, "Sven")
    assert len(rows(app)) == 1


def test_a_session_counts_in_every_process(app, settings_of, store):
    sven = signed_in(app, "Sven")
    url = store.url.render_as_string(hide_password=False)
    with opened(settings_of(store={"url": url})) as other:
        same = other.test_client()
        same.set_cookie(COOKIE, cookie_of(sven))
        assert is_signed_in(same)
        sven.post("/sign-out")
        assert not is_signed_in(same)


def test_the_times_are_known_to_the_minute(app):
    signed_in(app, "Sven")
    one = rows(app)[0]
    assert abs(datetime.now(UTC) - one.began_at) < timedelta(minutes=1)
    assert one.ends_at - one.began_at == timedelta(hours=12)


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_set_by_an_hour_signs_nobody_out_and_lets_nobody_guess_more(app, monkeypatch, step):
    """The machine's clock is stepped for everything that reads it; what lasts does not."""
    sven, guesser = signed_in(app, "Sven"), app.test_client()
    for _ in range(10):
        sign_in(guesser, "Olga", "wrong")
    turn_machine_clock(monkeypatch, step)
    assert is_signed_in(sven)
    assert sign_in(guesser, "Olga").status_code == 429
    assert is_signed_in(signed_in(app, "Edda"))
    written = [entry.at for entry in audited(app, "sign-in")]
    assert abs(written[-1] - written[0] - step) < timedelta(minutes=1)  # of the machine's clock


def turn_machine_clock(monkeypatch, step: timedelta) -> None:
    """As `date --set` does it, for this process: time.time and every datetime.now of the product."""
    real = time.time

    class Stepped(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + step

    monkeypatch.setattr(time, "time", lambda: real() + step.total_seconds())
    for name, module in list(sys.modules.items()):
        if name.startswith("hmi.") and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Stepped)
