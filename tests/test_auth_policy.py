"""Every route × everybody × every verb, from the URL map: the table is the policy, nothing is left out."""

import itertools
import re

import pytest
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Rule

from hmi.auth import PERMISSIONS, PUBLIC, ROLE_PERMISSIONS, permission_of, tokens
from tests.people import PAGE, PEOPLE, number_of, opened, settle_in, sign_in, signed_in, store_of
from tests.policy import EVERYBODY, KIOSK, NOBODY, OF_THE_GRID, POLICY

VERBS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
#: no cookie counts there: what another site's page sends gains it nothing
WITHOUT_COOKIES = {"/api/auth/token"}
#: these end the session that asks
ENDS_A_SESSION = {"sign_in.sign_out"}


@pytest.fixture
def settled(sqlite_store):
    """A store in which everybody has an account."""
    settle_in(sqlite_store)


@pytest.fixture
def app(settled, settings_of):
    with opened(settings_of()) as app:
        yield app


def path_of(rule: Rule) -> str:
    """An address of this rule; what it names is nowhere, so that nothing changes."""
    values = {"filename": "css/base.css", "number": 99999, "image": "9", "rendition": "tile"}
    return rule.build({name: values.get(name, "9") for name in rule.arguments})[1]


def browsers_of(app) -> dict:
    kiosk = app.test_client()
    kiosk.get("/?kiosk=Station 3", headers=PAGE)
    return {NOBODY: app.test_client(), KIOSK: kiosk, **{name: signed_in(app, name) for name in PEOPLE}}


def verbs_at(app) -> dict[str, set[str]]:
    """address → the verbs that some route answers there."""
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        found.setdefault(rule.rule, set()).update(rule.methods or ())
    return found


def test_every_route_has_a_policy_and_every_policy_a_route(app):
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(POLICY)


def test_what_a_route_states_is_what_the_policy_says(app):
    wrong = []
    for endpoint, allowed in POLICY.items():
        permission = permission_of(app, endpoint)
        assert permission in PERMISSIONS | {PUBLIC}
        if permission in (PUBLIC, "see"):
            may = EVERYBODY
        else:
            may = {who for who, role in PEOPLE.items() if permission in ROLE_PERMISSIONS[role] | {"person"}}
        if may != allowed:
            wrong.append(endpoint)
    assert wrong == []


def test_every_route_answers_everybody_as_the_policy_says(app):
    wrong = []
    browsers = browsers_of(app)
    for rule in app.url_map.iter_rules():
        for verb, who in itertools.product((rule.methods or set()) - {"OPTIONS"}, browsers):
            if rule.endpoint in ENDS_A_SESSION:
                continue
            answer = browsers[who].open(path_of(rule), method=verb, headers={"Accept": "application/json"})
            answer.close()
            is_refused = answer.status_code in (401, 403)
            if is_refused == (who in POLICY[rule.endpoint]) or answer.status_code == 500:
                wrong.append(f"{verb} {rule.endpoint} as {who}: {answer.status_code}")
    assert wrong == []


MACHINES = {"token-read": "read", "token-decide": "decide", "token-regions": "regions"}
DECIDES = {"decisions.take", "decisions.take_many", "decisions.find", "api_defects.decide"}
DRAWS = {endpoint for endpoint, allowed in POLICY.items() if allowed == {"Edda", "Ada"}}
#: what a machine with a token may beside what everybody may
MACHINES_MAY = {
    "token-read": set(),
    "token-decide": {*DECIDES, "review.show", "review.left", "review.holds", "review.conflicts"},
    "token-regions": DRAWS,
}


def test_every_route_answers_machines_as_their_scopes_say(app):
    """No scope makes an administrator, and none of them stands for a person."""
    with app.test_request_context(), store_of(app).write() as session:
        sent = {who: tokens.make(session, "Ada", who, [scope]) for who, scope in MACHINES.items()}
    open_to_all = {endpoint for endpoint, allowed in POLICY.items() if allowed == EVERYBODY}
    wrong = []
    for rule in app.url_map.iter_rules():
        for verb, who in itertools.product((rule.methods or set()) - {"OPTIONS"}, MACHINES):
            headers = {"Accept": "application/json", "Authorization": f"Bearer {sent[who]}"}
            answer = app.test_client().open(path_of(rule), method=verb, headers=headers)
            answer.close()
            may = rule.endpoint in open_to_all | MACHINES_MAY[who]
            if (answer.status_code in (401, 403)) == may or answer.status_code == 500:
                wrong.append(f"{verb} {rule.endpoint} as {who}: {answer.status_code}")
    assert wrong == []


def is_another_address(app, path: str, verb: str) -> bool:
    """A serial may hold slashes, an id may be any word: with this verb it is of a route with a policy."""
    try:
        endpoint, _ = app.url_map.bind("localhost").match(path, method=verb)
    except MethodNotAllowed:
        return False
    return endpoint in POLICY


def test_every_other_verb_is_refused_everybody(app):
    wrong = []
    browsers = browsers_of(app)
    answered = verbs_at(app)
    for address, who in itertools.product(answered, (NOBODY, "Ada")):
        rule = next(rule for rule in app.url_map.iter_rules() if rule.rule == address)
        for verb in set(VERBS) - answered[address]:
            if is_another_address(app, path_of(rule), verb):
                continue
            status = browsers[who].open(path_of(rule), method=verb).status_code
            if status != 405:
                wrong.append(f"{verb} {address} as {who}: {status}")
    assert wrong == []


def test_a_verb_in_a_field_or_a_header_is_not_listened_to(app):
    ada = signed_in(app, "Ada")
    path = f"/admin/users/{number_of(app, 'Sven')}/sign-out"
    assert ada.get(path, headers={"X-HTTP-Method-Override": "POST"}).status_code == 405
    assert ada.get(f"{path}?_method=POST").status_code == 405


@pytest.mark.parametrize("name", ["Olga", "Sven", "Edda", "Ada", NOBODY])
def test_where_the_grid_is_not_open_seeing_needs_a_sign_in(settled, settings_of, name):
    with opened(settings_of(auth={"open_grid": False})) as app:
        browser = app.test_client() if name == NOBODY else signed_in(app, name)
        headers = {"Accept": "application/json"}
        answers = {
            rule.endpoint: browser.open(path_of(rule), method=verb, headers=headers).status_code
            for rule in app.url_map.iter_rules()
            for verb in (rule.methods or set()) - {"OPTIONS", "HEAD"}
            if rule.endpoint in OF_THE_GRID
        }
        live = browser.get("/live").status_code
    assert set(answers) == OF_THE_GRID
    if name == NOBODY:
        assert {*answers.values(), live} == {401}
    else:
        assert not {*answers.values(), live} & {401, 403, 500}


def test_a_poll_of_a_closed_grid_ends_with_the_session(settled, settings_of):
    with opened(settings_of(auth={"open_grid": False})) as app:
        sven, ada = signed_in(app, "Sven"), signed_in(app, "Ada")
        assert sven.get("/live").status_code in (200, 503)
        ada.post(f"/admin/users/{number_of(app, 'Sven')}/disabled", data={"disabled": "yes"})
        assert sven.get("/live").status_code == 401


def unsafe_routes(app) -> list[tuple[str, str]]:
    return [
        (path_of(rule), verb)
        for rule in app.url_map.iter_rules()
        for verb in sorted((rule.methods or set()) & UNSAFE)
    ]


def test_no_route_that_changes_something_takes_a_form_that_is_not_ours(app):
    ada = signed_in(app, "Ada")
    app.config["WTF_CSRF_ENABLED"] = True
    answers = {
        path: ada.open(path, method=verb).status_code
        for path, verb in unsafe_routes(app)
        if path not in WITHOUT_COOKIES
    }
    assert len(answers) > 10
    assert set(answers.values()) == {403}


def test_a_program_that_nobody_signed_in_is_told_so_and_nothing_of_forms(app):
    app.config["WTF_CSRF_ENABLED"] = True
    nobody = app.test_client()
    of_programs = [(path, verb) for path, verb in unsafe_routes(app) if path.startswith("/api/")]
    answers = {
        nobody.open(path, method=verb).status_code
        for path, verb in of_programs
        if path not in WITHOUT_COOKIES
    }
    assert answers == {401}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:81"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_no_route_that_changes_something_listens_to_another_site(app, headers):
    ada = signed_in(app, "Ada")
    answers = {
        path: ada.open(path, method=verb, headers=headers, content_type="text/plain").status_code
        for path, verb in unsafe_routes(app)
    }
    assert set(answers.values()) == {403}


def test_our_own_page_is_listened_to(app):
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert signed_in(app, "Sven").post("/account/sign-out-elsewhere", headers=headers).status_code == 303


def test_a_form_that_was_made_before_the_sign_in_is_not_taken_after_it(app):
    app.config["WTF_CSRF_ENABLED"] = True
    browser = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/sign-in").get_data(as_text=True))[1]
    assert sign_in(browser, "Sven", csrf_token=token).status_code == 303
    sent = {"csrf_token": token}
    assert browser.post("/account/sign-out-elsewhere", data=sent).status_code == 403


def test_every_answer_carries_the_headers_that_confine_a_page(app):
    wrong = []
    ada = signed_in(app, "Ada")
    for rule in app.url_map.iter_rules():
        for verb in (rule.methods or set()) - {"OPTIONS"}:
            answer = ada.open(path_of(rule), method=verb, headers=PAGE)
            answer.close()
            headers = answer.headers
            policy = headers.get("Content-Security-Policy", "")
            is_confined = "unsafe" not in policy and "frame-ancestors 'none'" in policy
            if not is_confined or headers.get("X-Content-Type-Options") != "nosniff":
                wrong.append(rule.endpoint)
            if "Referrer-Policy" not in headers or "Access-Control-Allow-Origin" in headers:
                wrong.append(rule.endpoint)
    assert wrong == []


@pytest.mark.parametrize("https", [False, True])
def test_cookies_are_marked(settled, settings_of, https):
    with opened(settings_of(server={"https": https})) as app:
        browser = app.test_client()
        answers = [browser.get("/?kiosk=Station 3"), sign_in(browser, "Sven"), browser.post("/sign-out")]
    cookies = [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]
    assert len(cookies) >= 4
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert ("Secure" in cookie) == https
        if not cookie.startswith("hmi_station"):
            assert cookie.startswith("__Host-") == https


def test_tls_is_asked_for_where_it_is_there(settled, settings_of):
    for https in (True, False):
        with opened(settings_of(server={"https": https})) as app:
            headers = app.test_client().get("/sign-in").headers
        assert ("Strict-Transport-Security" in headers) == https


def test_nothing_else_is_to_be_found(app):
    ada = signed_in(app, "Ada")
    for path in (
        "/docs",
        "/console",
        "/.git/HEAD",
        "/config.yaml",
        "/static/..%5cconfig.yaml",
        "/admin",
        "/pin",
    ):
        assert ada.get(path).status_code == 404
    assert ada.open("/", method="TRACE").status_code == 405
