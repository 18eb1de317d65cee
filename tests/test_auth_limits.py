"""Guessing: ten tries a user, sixty an address in ten minutes, over all processes; kiosks never notice."""

import threading
import time

import pytest
from sqlalchemy import update

from hmi.auth import signing_in
from hmi.store import guesses
from hmi.store.guesses import Guesses
from tests.people import audited, opened, settle_in, sign_in, store_of


@pytest.fixture
def app(store, settings_of):
    url = store.url.render_as_string(hide_password=False)
    with opened(settings_of(store={"url": url}, auth={"trusted_proxies": ["127.0.0.1"]})) as app:
        settle_in(store_of(app))
        yield app


@pytest.fixture
def many(store) -> int:
    """A thousand guesses; fewer on the slower of the two databases."""
    return 1_000 if store.is_sqlite else 100


@pytest.fixture
def evaluated(monkeypatch) -> list[str]:
    """Every password that was looked at; a cheap look, so that a thousand tries take no minute."""
    looked_at: list[str] = []

    def look(stored, password):
        looked_at.append(password)
        return False

    monkeypatch.setattr(signing_in.passwords, "matches", look)
    return looked_at


def try_from(app, name: str, address: str = "10.0.0.1", password: str = "wrong"):
    headers = {"Accept": "text/html", "X-Forwarded-For": address}
    return sign_in(app.test_client(), name, password, headers=headers)


def let_pass(app, seconds: float) -> None:
    with store_of(app).write() as session:
        for row in session.query(Guesses).all():
            times = [at - seconds for at in row.times]
            session.execute(update(Guesses).where(Guesses.key == row.key).values(times=times))


def test_after_ten_tries_nothing_is_looked_at(app, evaluated):
    statuses = [try_from(app, "Sven").status_code for _ in range(15)]
    assert statuses == [422] * 10 + [429] * 5
    assert len(evaluated) == 10


def test_the_answer_says_how_long_to_wait(app, evaluated):
    for _ in range(10):
        try_from(app, "Sven")
    answer = try_from(app, "Sven")
    assert 590 <= int(answer.headers["Retry-After"]) <= 602
    assert "try again in" in answer.get_data(as_text=True)


def test_the_right_password_is_not_looked_at_either(app):
    for _ in range(10):
        try_from(app, "Sven")
    assert try_from(app, "Sven", password="vier Igel im Ofenrohr").status_code == 429


def test_the_wait_ends_by_itself(app):
    for _ in range(10):
        try_from(app, "Sven")
    let_pass(app, guesses.WINDOW_S + 1)
    assert try_from(app, "Sven", password="vier Igel im Ofenrohr").status_code == 303


def test_the_window_slides(app, evaluated):
    for _ in range(9):
        try_from(app, "Sven")
    let_pass(app, guesses.WINDOW_S - 5)
    assert [try_from(app, "Sven").status_code for _ in range(3)] == [422, 429, 429]


def test_other_people_at_other_addresses_are_let_in(app):
    for _ in range(11):
        try_from(app, "Sven")
    assert try_from(app, "Edda", "10.0.0.2", "vier Igel im Ofenrohr").status_code == 303


def test_an_unknown_name_is_limited_as_a_known_one(app, evaluated):
    assert [try_from(app, "Nobody").status_code for _ in range(11)] == [422] * 10 + [429]


def test_sixty_tries_are_looked_at_from_one_address(app, evaluated, many):
    statuses = [try_from(app, f"name {number}").status_code for number in range(many)]
    assert statuses == [422] * 60 + [429] * (many - 60)


def test_fifty_addresses_get_ten_tries_for_one_user(app, evaluated, many):
    for number in range(many):
        try_from(app, "Sven", f"10.1.0.{number % 50}")
    assert len(evaluated) == 10


def test_an_address_that_is_only_claimed_is_not_believed(settings_of, sqlite_store, evaluated):
    with opened(settings_of()) as app:
        for number in range(70):
            try_from(app, f"name {number}", f"10.1.0.{number}")
    assert len(evaluated) == 60


def test_who_signs_in_correctly_is_never_limited(app):
    for _ in range(15):
        assert try_from(app, "Sven", password="vier Igel im Ofenrohr").status_code == 303


def test_a_success_does_not_wash_away_the_guesses_of_others(app):
    for _ in range(9):
        try_from(app, "Sven")
    assert try_from(app, "Sven", password="vier Igel im Ofenrohr").status_code == 303
    assert [try_from(app, "Sven").status_code for _ in range(2)] == [422, 429]


def test_the_limit_holds_over_processes_and_restarts(app, settings_of, store, evaluated):
    url = store.url.render_as_string(hide_password=False)
    settings = settings_of(store={"url": url}, auth={"trusted_proxies": ["127.0.0.1"]})
    for _ in range(3):
        with opened(settings) as other:
            for _ in range(3):
                try_from(app, "Sven")
                try_from(other, "Sven")
    assert len(evaluated) == 10


def test_tries_at_the_same_moment_are_counted_one_by_one(app, evaluated):
    threads = [threading.Thread(target=lambda: [try_from(app, "Sven") for _ in range(5)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(evaluated) == 10


def test_a_wait_is_written_down_once(app, evaluated):
    for _ in range(30):
        try_from(app, "Sven")
    assert len(audited(app, "sign-in failed")) == 1
    assert len(audited(app, "sign-in limited")) == 1


def test_the_kiosk_view_is_never_locked_out(app, evaluated):
    for number in range(70):
        try_from(app, f"name {number}")
    headers = {"Accept": "text/html", "X-Forwarded-For": "10.0.0.1"}
    assert try_from(app, "Sven").status_code == 429
    assert app.test_client().get("/", headers=headers).status_code == 200
    assert app.test_client().get("/livez", headers=headers).status_code == 200


def test_sign_ins_take_only_some_of_the_threads(app, monkeypatch):
    monkeypatch.setattr(signing_in, "_PLACES", threading.BoundedSemaphore(1))
    monkeypatch.setattr(signing_in, "_PATIENCE_S", 0.01)
    begun, go_on = threading.Event(), threading.Event()

    def slowly(stored, password):
        begun.set()
        return not go_on.wait(10)

    monkeypatch.setattr(signing_in.passwords, "matches", slowly)
    first = threading.Thread(target=try_from, args=(app, "Sven"))
    first.start()
    begun.wait(10)
    answer = try_from(app, "Edda")
    go_on.set()
    first.join(10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_what_counts_no_more_is_swept_away(app, evaluated):
    try_from(app, "Sven")
    with store_of(app).write() as session:
        guesses.sweep(session, time.time() + 3 * guesses.WINDOW_S)
    with store_of(app).read() as session:
        assert session.query(Guesses).count() == 0
