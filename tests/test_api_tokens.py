"""Tokens of people and of machines: what opens the API, what does not, and what ends."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest

from hmi.auth import bearers, people
from hmi.parts import EXTENSION
from tests.people import PASSWORD, audited, number_of, opened, settle_in, signed_in

FOREVER = {"exp": int(time.time()) + 600}


@pytest.fixture
def app(sqlite_store, settings_of):
    with opened(settings_of(api={"cors_origins": ["https://mes.example"]})) as app:
        settle_in(app.extensions[EXTENSION].store)
        app.config["WTF_CSRF_ENABLED"] = True
        yield app


def ask_token(app, name="Ada", password=PASSWORD, **more):
    return app.test_client().post("/api/auth/token", json={"username": name, "password": password, **more})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def audit(app, token: str):
    """Whether it opens what only an administrator may read."""
    return app.test_client().get("/api/audit", headers=bearer(token)).status_code


@pytest.fixture
def token(app) -> str:
    answer = ask_token(app)
    assert (answer.status_code, answer.json["token_type"]) == (200, "Bearer")
    assert answer.json["expires_in"] == 1800
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json["access_token"]


def test_a_token_says_who_made_it_for_whom_and_until_when(app, token):
    claims = jwt.decode(token, options={"verify_signature": False})
    assert {"iss", "aud", "sub", "iat", "nbf", "exp", "jti"} == set(claims)
    assert claims["exp"] - claims["iat"] == 1800
    assert audit(app, token) == 200
    assert audited(app, "sign-in")[-1].details["how"] == "token"


def forged(app, token: str, key: bytes | None = None, **changed) -> str:
    auth = app.extensions[EXTENSION].settings.auth
    claims = jwt.decode(token, options={"verify_signature": False})
    headers = {"typ": changed.pop("typ", bearers.KIND), **changed.pop("headers", {})}
    algorithm = changed.pop("algorithm", "HS256")
    claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    return jwt.encode(claims, key or bearers._key(auth), algorithm, headers=headers)


FORGED = [
    {"algorithm": "HS512"},
    {"algorithm": "HS384"},
    {"key": b"another key that is long enough for it"},
    {"exp": 1_700_000_000},
    {"nbf": 4_000_000_000},
    {"aud": "somebody else"},
    {"aud": None},
    {"iss": "somebody else"},
    {"exp": None},
    {"jti": None},
    {"jti": "not a session of ours"},
    {"jti": 5},
    {"sub": "99"},
    {"typ": "JWT"},
    {"typ": "refresh"},
]


def test_a_token_that_is_not_just_as_we_sign_it_is_none(app, token, subtests):
    for changed in FORGED:
        with subtests.test(changed=changed):
            assert audit(app, forged(app, token, **changed)) == 401


def test_a_key_named_in_the_header_is_not_looked_for(app, token):
    assert audit(app, forged(app, token, headers={"kid": "../../etc/passwd"})) == 200
    wrong = forged(app, token, key=b"x" * 64, headers={"kid": "../../dev/null"})
    assert audit(app, wrong) == 401


def test_what_is_no_token_is_none(app, token):
    head, claims, _ = token.split(".")
    none = jwt.encode({"sub": "1"}, None, "none")
    for text in (
        "",
        "x",
        "a.b.c",
        none,
        f"{head}.{claims}.",
        "hmi_",
        "hmi_" + "x" * 43,
        "y" * 1_000_000,
        "ü",
    ):
        assert audit(app, text) == 401


def test_a_bad_token_is_refused_also_where_anybody_may_read(app):
    browser = app.test_client()
    assert browser.get("/api/parts").status_code == 200
    answer = browser.get("/api/parts", headers=bearer("nonsense"))
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_in_the_address_is_not_listened_to(app, token):
    browser = app.test_client()
    assert browser.get(f"/api/audit?access_token={token}").status_code == 401
    assert browser.get(f"/api/parts?access_token={token}").status_code == 422


def test_a_persons_token_ends_with_the_session_the_password_and_the_account(app):
    ada = signed_in_with_forms(app, "Ada")
    app.config["WTF_CSRF_ENABLED"] = False
    number = number_of(app, "Edda")
    for path, fields in (
        ("sign-out", {}),
        ("disabled", {"disabled": "yes"}),
    ):
        token = ask_token(app, "Edda").json["access_token"]
        asked = app.test_client()
        assert asked.get("/api/parts", headers=bearer(token)).status_code == 200
        assert ada.post(f"/admin/users/{number}/{path}", data=fields).status_code == 303
        assert asked.get("/api/parts", headers=bearer(token)).status_code == 401


def test_a_token_may_what_the_person_may_and_no_more_when_the_role_is_gone(app, token):
    assert ask_token(app, "Olga").status_code == 200
    assert audit(app, ask_token(app, "Olga").json["access_token"]) == 403
    edda = ask_token(app, "Edda").json["access_token"]
    assert audit(app, edda) == 403


def test_the_id_of_a_token_is_no_cookie_and_a_cookie_no_token(app, token):
    browser = app.test_client()
    browser.set_cookie("hmi_session", jwt.decode(token, options={"verify_signature": False})["jti"])
    assert browser.get("/api/audit").status_code == 401
    ada = signed_in_with_forms(app, "Ada")
    cookie = ada.get_cookie("hmi_session").value
    assert audit(app, forged(app, token, jti=cookie)) == 401


def signed_in_with_forms(app, name: str):
    app.config["WTF_CSRF_ENABLED"] = False
    browser = signed_in(app, name)
    app.config["WTF_CSRF_ENABLED"] = True
    return browser


def test_wrong_credentials_are_told_alike(app):
    answers = [ask_token(app, "Ada", "wrong"), ask_token(app, "Nobody", "wrong")]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].data == answers[1].data


def test_guesses_are_limited_as_at_the_sign_in(app):
    statuses = [ask_token(app, "Sven", "wrong").status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    answer = ask_token(app, "Sven")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 500


UNFIT_CREDENTIALS = [
    {},
    {"username": "Ada"},
    {"username": "Ada", "password": 5},
    {"username": "Ada", "password": "x", "role": "administrator"},
    {"username": "A\0", "password": "x"},
    {"username": "", "password": ""},
    [],
    "text",
    {"username": "Ada", "password": "x" * 1025},
]


def test_credentials_that_do_not_fit_are_told_before_anything_is_looked_at(app, subtests):
    for sent in UNFIT_CREDENTIALS:
        with subtests.test(sent=sent):
            assert app.test_client().post("/api/auth/token", json=sent).status_code == 422


def test_who_owes_a_password_gets_no_token(app):
    ada = signed_in_with_forms(app, "Ada")
    app.config["WTF_CSRF_ENABLED"] = False
    page = ada.post(f"/admin/users/{number_of(app, 'Sven')}/password").get_data(as_text=True)
    given = re.search(r"<code>([a-z0-9-]{19})</code>", page)[1]
    assert ask_token(app, "Sven", given).status_code == 403


@pytest.fixture
def ada(app):
    browser = signed_in_with_forms(app, "Ada")
    app.config["WTF_CSRF_ENABLED"] = False
    return browser


def machine(ada, *scopes: str, name: str = "MES gateway") -> str:
    page = ada.post("/admin/tokens", data={"name": name, **dict.fromkeys(scopes, "yes")})
    assert page.status_code == 200, page.text
    return re.search(r"<code>(hmi_[\w-]{43})</code>", page.text)[1]


def test_a_machines_token_is_shown_once_and_stored_as_a_hash(app, ada):
    token = machine(ada, "read")
    again = ada.get("/admin/tokens").text
    assert "MES gateway" in again
    assert token not in again
    file = Path(app.extensions[EXTENSION].store.url.database)
    assert not any(token.encode() in one.read_bytes() for one in file.parent.glob(f"{file.name}*"))


def test_a_scope_is_all_that_a_machine_may(app, ada):
    asked = app.test_client()
    read, decide = machine(ada, "read"), machine(ada, "decide", name="Robot")
    assert asked.get("/api/parts", headers=bearer(read)).status_code == 200
    assert asked.patch("/api/defects/1", headers=bearer(read), json={}).status_code == 403
    assert asked.patch("/api/defects/1", headers=bearer(decide), json={}).status_code == 422
    for path in ("/api/audit", "/admin/users", "/account", "/admin/tokens"):
        assert asked.get(path, headers=bearer(decide)).status_code == 403


def test_a_revoked_token_is_dead_at_once_and_stays_on_record(app, ada):
    token = machine(ada, "read")
    asked = app.test_client()
    assert asked.get("/api/parts", headers=bearer(token)).status_code == 200
    assert "never" not in re.search(r'<tr id="token-1".*?</tr>', ada.get("/admin/tokens").text, re.DOTALL)[0]
    assert ada.post("/admin/tokens/1/revoke").status_code == 303
    assert asked.get("/api/parts", headers=bearer(token)).status_code == 401
    assert "revoked" in ada.get("/admin/tokens").text
    assert [entry.subject for entry in audited(app, "token revoked")] == ["MES gateway (token)"]


@pytest.mark.parametrize(
    ("name", "scopes"),
    [("", ["read"]), ("Ada (token)", ["read"]), ("x" * 61, ["read"]), ("Robot", []), ("a\nb", ["read"])],
)
def test_a_token_without_a_good_name_or_any_scope_is_not_made(ada, name, scopes):
    sent = {"name": name, **dict.fromkeys(scopes, "yes")}
    assert ada.post("/admin/tokens", data=sent).status_code == 422


def test_a_name_is_used_once(ada):
    machine(ada, "read")
    answer = ada.post("/admin/tokens", data={"name": "MES gateway", "read": "yes"})
    assert answer.status_code == 422
    assert "There is, or was" in answer.text


def test_a_cookie_needs_the_forms_token_and_a_bearer_does_not(app, ada, token):
    app.config["WTF_CSRF_ENABLED"] = True
    assert ada.patch("/api/defects/1", json={}).status_code == 403
    assert ada.patch("/api/defects/1", json={}, headers=bearer(token)).status_code == 422


def test_a_bearer_ignores_every_cookie(app, ada):
    read = machine(ada, "read")
    assert ada.get("/api/audit").status_code == 200
    assert ada.get("/api/audit", headers=bearer(read)).status_code == 403
    assert ada.get("/api/audit", headers=bearer("nonsense")).status_code == 401


def test_sites_of_the_settings_may_read_with_a_token_and_no_others(app, token):
    browser = app.test_client()
    asks = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    for origin, is_listed in (
        ("https://mes.example", True),
        ("https://evil.example", False),
        ("null", False),
    ):
        before = browser.options("/api/defects/1", headers={"Origin": origin, **asks})
        assert ("Access-Control-Allow-Origin" in before.headers) == is_listed
        answer = browser.get("/api/audit", headers={"Origin": origin, **bearer(token)})
        assert (answer.headers.get("Access-Control-Allow-Origin") == origin) == is_listed
        assert "Access-Control-Allow-Credentials" not in answer.headers
    assert (
        "Access-Control-Allow-Origin"
        not in browser.get("/", headers={"Origin": "https://mes.example"}).headers
    )


def test_without_the_setting_no_site_may(sqlite_store, settings_of):
    with opened(settings_of()) as app:
        answer = app.test_client().get("/api/parts", headers={"Origin": "https://mes.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_token_is_not_kept_alive_nor_ended_by_idle_times(app, token):
    later = datetime.now(UTC) + timedelta(minutes=29)
    store, settings = app.extensions[EXTENSION].store, app.extensions[EXTENSION].settings
    with store.read() as session:
        signed_in, user = bearers.holder(session, settings.auth, token).session
        assert people.lives(signed_in, user, settings, later)
        assert not people.lives(signed_in, user, settings, later + timedelta(minutes=2))
