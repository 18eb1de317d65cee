"""Behind the real nginx, with the shipped configuration: TLS, headers, sign-in, polls, pieces of images."""

import json
import re
import socket
import ssl
from contextlib import contextmanager
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from hmi.demo import DemoPlant, make_plant
from hmi.settings import PROJECT
from hmi.store.sessions import SignedIn
from tests.nginx import NAME, Nginx, executable
from tests.people import PAGE, PASSWORD, settle_in
from tests.servers import Server
from tests.waiting import until


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """nginx before a server that has judged one part."""
    if executable() is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    plant_url = f"sqlite:///{(folder / 'plant.db').as_posix()}"
    make_plant(plant_url, 2)
    plant = DemoPlant(plant_url, folder / "images", cameras=2, picture_px=640)
    own = {"hosts": [NAME], "https": True}
    with (
        Server(
            folder / "hmi",
            plant_url,
            images=folder / "images",
            server=own,
            auth={"trusted_proxies": ["127.0.0.1"], "proxy_header": "X-Remote-User"},
        ) as server,
        Nginx(folder / "nginx", server.port) as nginx,
    ):
        store = server.store()
        settle_in(store)
        store.close()
        plant.part()
        nginx.server = server
        until(lambda: re.search(rb"/pictures/\d", nginx.ask("GET", "/").body))
        yield nginx
    plant.close()


def test_what_comes_without_tls_is_sent_to_tls(behind):
    answer = behind.ask("GET", "/review?camera=A", tls=False)
    assert (answer.status, answer.headers["location"]) == (301, f"https://{NAME}/review?camera=A")


def test_only_present_versions_of_tls_are_spoken(behind):
    with secured(behind, behind.context()) as connection:
        assert connection.version() in {"TLSv1.2", "TLSv1.3"}
    old = behind.context()
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)), secured(behind, old):
        pass


@contextmanager
def secured(behind, context):
    with (
        socket.create_connection(("127.0.0.1", behind.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as connection,
    ):
        yield connection


def answered(behind, sent: bytes) -> bytes:
    """All that comes back until the connection is closed."""
    with secured(behind, behind.context()) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_every_answer_carries_the_headers_that_confine_a_page(behind):
    answer = behind.ask("GET", "/", headers={"Origin": "https://evil.example"})
    assert answer.status == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["server"] == "nginx"


def test_a_kiosk_polls_and_is_answered_while_nothing_is_new(behind):
    first = behind.ask("GET", "/live")
    assert (first.status, first.is_fresh) == (200, True)
    seen = first.headers["x-hmi-snapshot"]
    until(lambda: behind.ask("GET", f"/live?v={newest(behind)}").status == 204)
    assert newest(behind) >= int(seen)


def newest(behind) -> int:
    return int(behind.ask("GET", "/live").headers["x-hmi-snapshot"])


def cookies_of(answer) -> dict[str, str]:
    return dict(
        line.split(";")[0].split("=", 1) for line in answer.headers.get("set-cookie", "").splitlines() if line
    )


def sign_in(behind, name: str, password: str, **headers: str):
    """As a browser does: the form, then what it was given, from the same origin."""
    form = behind.ask("GET", "/sign-in", headers=PAGE)
    token = re.search(rb'name="csrf-token" content="([^"]+)"', form.body)[1].decode()
    jar = cookies_of(form)
    sent = {
        **PAGE,
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": "; ".join(f"{key}={value}" for key, value in jar.items()),
        "Origin": f"https://{NAME}:{behind.port}",
        "X-CSRFToken": token,
        **headers,
    }
    body = urlencode({"name": name, "password": password, "csrf_token": token}).encode()
    return behind.ask("POST", "/sign-in", body, sent)


def test_a_person_signs_in_over_tls_with_a_cookie_that_stays_on_it(behind):
    answer = sign_in(behind, "Sven", PASSWORD)
    assert answer.status == 303, answer.body
    session = next(line for line in answer.headers["set-cookie"].splitlines() if "hmi_session" in line)
    assert session.startswith("__Host-")
    assert {"Secure", "HttpOnly"} <= {part.strip() for part in session.split(";")}
    cookie = "; ".join(f"{key}={value}" for key, value in cookies_of(answer).items())
    assert b"Sven" in behind.ask("GET", "/account", headers={**PAGE, "Cookie": cookie}).body


def test_a_form_from_another_origin_signs_nobody_in(behind):
    assert sign_in(behind, "Sven", PASSWORD, Origin="https://evil.example").status == 403


def test_pieces_of_images_are_served(behind):
    image = re.search(rb"/pictures/(\d+)/", behind.ask("GET", "/").body)[1].decode()
    answer = behind.ask("GET", f"/iiif/3/{image}/info.json")
    assert answer.status == 200
    told = json.loads(answer.body)
    assert told["id"] == f"https://{NAME}:{behind.port}/iiif/3/{image}"
    piece = behind.ask("GET", f"/iiif/3/{image}/0,0,64,64/max/0/default.jpg")
    assert (piece.status, piece.headers["content-type"]) == (200, "image/jpeg")


CLAIMS = {
    "X-Forwarded-For": "10.9.9.9, 127.0.0.1",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "Forwarded": "for=10.9.9.9;host=evil.example",
}


def test_nobody_names_a_person_or_an_address_through_it(behind):
    """What the browser claims of itself does not reach the HMI, though it trusts the proxy."""
    assert behind.ask("GET", "/account", headers={**PAGE, "X-Remote-User": "Ada"}).status == 401
    assert sign_in(behind, "Olga", PASSWORD, **CLAIMS).status == 303
    store = behind.server.store()
    with store.read() as session:
        assert set(session.scalars(select(SignedIn.address))) == {"127.0.0.1"}
    store.close()


@pytest.mark.parametrize("host", ["evil.example", "", f"{NAME}.evil.example", "a b"])
def test_other_names_get_nothing(behind, host):
    answer = answered(behind, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")


def test_the_server_itself_refuses_other_names_too(behind):
    assert behind.server.get("/", headers={"Host": "evil.example"}).status == 400


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("TRACE", "/", {405}),
        ("GET", "/docs", {404}),
        ("GET", "/console", {404}),
        ("GET", "/.git/HEAD", {404}),
        ("GET", "/config.yaml", {404}),
        ("GET", "/static/..%5c..%5cconfig%5cdefault.yaml", {404}),
        ("GET", "/static/%2e%2e/config/default.yaml", {400, 404}),
    ],
)
def test_what_tools_look_for_is_not_there(behind, method, path, allowed):
    assert behind.ask(method, path).status in allowed


#: What must never reach the server in two readings (request smuggling).
AMBIGUOUS = {
    "both lengths": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "two encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "a signed length": b"Content-Length: +5\r\n",
    "a folded header": b"X-Odd: one\r\n two\r\n",
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_what_can_be_read_in_two_ways_is_answered_once_and_ends_the_connection(behind, kind):
    head = b"POST /sign-in HTTP/1.1\r\nHost: " + f"{NAME}:{behind.port}".encode() + b"\r\n" + AMBIGUOUS[kind]
    smuggled = b"0\r\n\r\nGET /account HTTP/1.1\r\nHost: smuggled\r\n\r\n"
    answer = answered(behind, head + b"\r\n" + smuggled)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))


def test_a_body_that_is_too_large_is_refused_before_the_server_is_asked(behind):
    assert behind.ask("POST", "/sign-in", b"x" * 1_100_000).status == 413


def test_the_example_for_iis_says_the_same():
    """It cannot run here. It is well-formed, leads to the same place, and lets nobody name somebody."""
    site = ElementTree.parse(PROJECT / "config/iis/web.config").getroot()
    rewritten = [action.get("url") for action in site.iter("action")]
    assert rewritten == ["https://{HTTP_HOST}/{R:1}", "http://127.0.0.1:8080/{R:1}"]
    set_to = {one.get("name"): one.get("value") for one in site.iter("set")}
    assert set_to == {
        "HTTP_X_FORWARDED_FOR": "{REMOTE_ADDR}",
        "HTTP_X_FORWARDED_PROTO": "",
        "HTTP_X_FORWARDED_HOST": "",
        "HTTP_FORWARDED": "",
        "HTTP_X_REMOTE_USER": "",
    }
