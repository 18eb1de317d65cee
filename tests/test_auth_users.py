"""Accounts: the users page, and the commands for the first user and for who is locked out."""

import threading

import pytest

from hmi.auth import accounts
from hmi.store import users
from tests.people import (
    PAGE,
    PASSWORD,
    audited,
    is_signed_in,
    number_of,
    opened,
    settle_in,
    shown_password,
    sign_in,
    signed_in,
    store_of,
)


@pytest.fixture
def app(sqlite_store, settings_of):
    settle_in(sqlite_store)
    with opened(settings_of()) as app:
        yield app


@pytest.fixture
def ada(app):
    return signed_in(app, "Ada")


def added(ada, name: str, role: str = "supervisor") -> str:
    answer = ada.post("/admin/users", data={"name": name, "role": role}, headers=PAGE)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return shown_password(answer.get_data(as_text=True))


def choose(browser, present: str, new: str, again: str | None = None):
    sent = {"password": present, "new": new, "again": new if again is None else again}
    return browser.post("/account/password", data=sent, headers=PAGE)


def test_a_new_user_is_given_a_password_for_one_use(app, ada):
    given = added(ada, "Berta")
    berta = app.test_client()
    assert sign_in(berta, "Berta", given, next="/?run=1").headers["Location"] == "/account"
    assert "Choose a password of your own first" in berta.get("/account", headers=PAGE).get_data(as_text=True)
    assert choose(berta, given, "drei Dachse unterm Bett").status_code == 303
    assert sign_in(app.test_client(), "Berta", given).status_code == 422
    assert sign_in(app.test_client(), "Berta", "drei Dachse unterm Bett").status_code == 303


def test_before_that_choice_nothing_else_can_be_done(app, ada):
    given = added(ada, "Berta", "administrator")
    berta = app.test_client()
    sign_in(berta, "Berta", given)
    assert berta.get("/admin/users", headers=PAGE).status_code == 403
    choose(berta, given, "drei Dachse unterm Bett")
    assert berta.get("/admin/users", headers=PAGE).status_code == 200


def test_the_password_for_one_use_is_shown_once_and_kept_nowhere(app, ada):
    given = added(ada, "Berta")
    assert given not in ada.get("/admin/users", headers=PAGE).get_data(as_text=True)
    assert given not in str([vars(entry) for entry in audited(app, "user added")])


BAD_PASSWORDS = [
    (PASSWORD, "short", "short", "At least 10 characters."),
    (PASSWORD, "Password2026!", "Password2026!", "Too easy to guess"),
    (PASSWORD, "SvenSven2026", "SvenSven2026", "Too easy to guess"),
    (PASSWORD, "x" * 1025, "x" * 1025, "at most 1024 bytes"),
    (PASSWORD, "drei Dachse unterm Bett", "drei Dachse", "The two are not the same."),
    ("wrong", "drei Dachse unterm Bett", "drei Dachse unterm Bett", "Password or code is wrong."),
]


def test_what_is_wrong_with_a_new_password_stands_beside_it(app, subtests):
    for password, new, again, said in BAD_PASSWORDS:
        with subtests.test(password=password, new=new, again=again, said=said):
            sven = signed_in(app, "Sven")
            answer = choose(sven, password, new, again)
            assert answer.status_code == 422
            assert said in answer.get_data(as_text=True)
            assert sign_in(app.test_client(), "Sven", PASSWORD).status_code == 303


def test_a_password_keeps_its_spaces_and_letters(app):
    new = "  Зима тихо пришла к нам  " + "鋳" * 64
    assert choose(signed_in(app, "Sven"), PASSWORD, new).status_code == 303
    assert sign_in(app.test_client(), "Sven", new.strip()).status_code == 422
    assert sign_in(app.test_client(), "Sven", new).status_code == 303


DECEPTIVE_NAMES = [
    "",
    " Berta",
    "Berta ",
    "Ber\nta",
    "Ber\x1b[31mta",
    "<b>",
    "x" * 65,
    "a\u202eb",
    '"',
    "Ber\tta",
]


def test_a_name_that_could_deceive_is_refused(app, ada, subtests):
    for name in DECEPTIVE_NAMES:
        with subtests.test(name=name):
            answer = ada.post("/admin/users", data={"name": name, "role": "operator"}, headers=PAGE)
            assert answer.status_code == 422
            assert audited(app, "user added")[-1].subject == "Ada"


def test_two_names_that_look_alike_are_one(ada):
    answer = ada.post("/admin/users", data={"name": "SVEN", "role": "operator"}, headers=PAGE)
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert "There is a user with this name already." in page
    assert 'value="SVEN"' in page


FOREIGN_FIELDS = ["id", "password_hash", "disabled", "created_by", "must_change"]


def test_a_field_that_the_page_does_not_have_is_refused(app, ada, subtests):
    for field in FOREIGN_FIELDS:
        with subtests.test(field=field):
            answer = ada.post("/admin/users", data={"name": "Berta", "role": "operator", field: "1"})
            assert answer.status_code == 422


def test_a_role_that_is_none_is_refused(app, ada):
    path = f"/admin/users/{number_of(app, 'Sven')}/role"
    assert ada.post(path, data={"role": "root"}).status_code == 422
    assert ada.post(path, data={"role": "engineer"}).status_code == 303


def test_a_user_who_is_not_there_is_not_found(ada):
    for number in ("99999", "0", "9" * 30):
        assert ada.post(f"/admin/users/{number}/sign-out").status_code == 404


@pytest.mark.parametrize(
    ("path", "form"), [("role", {"role": "operator"}), ("disabled", {"disabled": "yes"})]
)
def test_the_last_administrator_stays_one(app, ada, path, form):
    answer = ada.post(f"/admin/users/{number_of(app, 'Ada')}/{path}", data=form, headers=PAGE)
    assert answer.status_code == 422
    assert "only administrator" in answer.get_data(as_text=True)
    assert ada.get("/admin/users").status_code == 200


def test_two_administrators_who_disable_each_other_do_not_both_succeed(store, settings_of):
    settle_in(store)
    with opened(settings_of(store={"url": store.url.render_as_string(hide_password=False)})) as app:
        with store.write() as session:
            users.by_name(session, "Edda").role = "administrator"
        pair = {"Ada": "Edda", "Edda": "Ada"}
        asks = {by: (signed_in(app, by), number_of(app, of)) for by, of in pair.items()}
        threads = [
            threading.Thread(
                target=browser.post,
                args=(f"/admin/users/{number}/disabled",),
                kwargs={"data": {"disabled": "yes"}},
            )
            for browser, number in asks.values()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        with store.read() as session:
            assert users.enabled_administrators(session) == 1


def test_a_name_that_two_add_at_once_is_there_once(app):
    answers = []
    sent = {"name": "Berta", "role": "operator"}
    threads = [
        threading.Thread(target=lambda ada: answers.append(ada.post("/admin/users", data=sent)), args=(ada,))
        for ada in [signed_in(app, "Ada") for _ in range(4)]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]


def test_a_disabled_user_can_be_enabled_again(app, ada):
    path = f"/admin/users/{number_of(app, 'Sven')}/disabled"
    ada.post(path, data={"disabled": "yes"})
    assert sign_in(app.test_client(), "Sven").status_code == 422
    ada.post(path, data={"disabled": "no"})
    assert sign_in(app.test_client(), "Sven").status_code == 303


def test_every_change_is_written_down_with_who_made_it(app, ada):
    number = number_of(app, "Sven")
    added(ada, "Berta")
    for path, form in (
        ("role", {"role": "engineer"}),
        ("password", {}),
        ("sign-out", {}),
        ("codes", {}),
        ("disabled", {"disabled": "yes"}),
    ):
        ada.post(f"/admin/users/{number}/{path}", data=form)
    kinds = ("user added", "role changed", "password reset", "signed out everywhere", "user disabled")
    assert {kind: audited(app, kind)[-1].who for kind in kinds} == dict.fromkeys(kinds, "Ada")
    assert audited(app, "role changed")[-1].details == {"before": "supervisor", "after": "engineer"}


def command(app, *arguments: str):
    return app.test_cli_runner().invoke(args=["user", *arguments])


def test_the_first_user_is_made_by_a_command(sqlite_store, settings_of):
    with opened(settings_of()) as app:
        assert command(app, "list").exit_code == 1
        done = command(app, "add", "Ada", "--role", "administrator")
        assert done.exit_code == 0, done.output
        given = done.output.rsplit(maxsplit=1)[-1]
        assert sign_in(app.test_client(), "Ada", given).status_code == 303
        assert command(app, "list").exit_code == 0
        assert audited(app, "user added")[0].who == accounts.COMMAND


def test_an_administrator_who_is_locked_out_is_let_in_by_a_command(app, ada):
    with store_of(app).write() as session:
        users.by_name(session, "Ada").disabled = True
    done = command(app, "reset", "ada")
    assert done.exit_code == 0, done.output
    assert not is_signed_in(ada)
    given = done.output.rsplit(maxsplit=1)[-1]
    assert sign_in(app.test_client(), "Ada", given).status_code == 303


def test_a_command_says_what_is_wrong(app):
    assert "already" in command(app, "add", "Sven", "--role", "operator").output
    assert "no user" in command(app, "reset", "Nobody").output
    assert command(app, "add", "Berta", "--role", "root").exit_code == 2


def test_the_list_tells_who_can_sign_in(app, ada):
    lines = command(app, "list").output
    assert "Sven" in lines
    assert "has not signed in yet" in lines
    assert "$argon2" not in lines
