"""The webhook against a real server that takes, fails, hangs, sends elsewhere and comes back."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from hmi import delivery
from hmi.delivery import Refused, Unreachable
from hmi.settings import SettingsError
from hmi.store import notices
from hmi.store.notices import Notice
from hmi.webhook import Webhook
from tests.desk import Desk
from tests.lines import LARGE, QUICK_LINE, Line, defect, image, trigger
from tests.waiting import until

SECRET = "whsec_" + base64.b64encode(b"a key for tests, and only tests").decode()


class Gateway:
    """Answers as `how` says; keeps what it took."""

    def __init__(self) -> None:
        self.how = "take"
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.asked = 0
        self.go_on = threading.Event()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                gateway.answer(self)

            def do_GET(self) -> None:
                gateway.how = "was redirected"
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook?line=3"

    def answer(self, asked: BaseHTTPRequestHandler) -> None:
        self.asked += 1
        body = asked.rfile.read(int(asked.headers["Content-Length"]))
        if self.how == "hang":
            self.go_on.wait(30)
            return
        if self.how == "drip":
            for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000:
                if self.go_on.wait(0.02):
                    return
                try:
                    asked.wfile.write(bytes([byte]))
                except OSError:
                    return
            return
        status = {"take": 204, "fail": 500, "elsewhere": 307, "no": 400, "busy": 429}[self.how]
        if status == 204:
            self.taken.append(({name.lower(): text for name, text in asked.headers.items()}, body))
        asked.send_response(status)
        if status == 307:
            asked.send_header("Location", f"http://127.0.0.1:{self.port}/other")
        asked.send_header("Content-Length", "0")
        asked.end_headers()

    def events(self) -> list[dict]:
        return [json.loads(body) for _, body in self.taken]

    def close(self) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.fixture
def settings(settings_of, gateway):
    return settings_of(
        line=QUICK_LINE,
        webhook={"url": gateway.url, "secret": SECRET, "timeout_s": 0.5},
    )


@pytest.fixture
def line(settings, store) -> Line:
    return Line(settings, store)


@pytest.fixture
def webhook(settings, store, line) -> Webhook:
    webhook = Webhook(settings, store, soon_s=0.05, look_s=0.02)
    webhook.step()
    return webhook


def bring(line: Line, number: int = 1) -> None:
    one, two = 2 * number - 1, 2 * number
    line.read(10 * number, trigger(number), image(one, "A", number), image(two, "B", number))
    line.read(10 * number + 1, defect(number, one, LARGE))
    line.files(one, two, at_s=10 * number + 1)
    line.read(10 * number + 6)


def states(store) -> list[str]:
    with store.read() as session:
        return list(session.scalars(select(Notice.state).order_by(Notice.id)))


def test_a_verdict_is_told_signed_and_once(webhook, line, gateway):
    bring(line)
    webhook.step()
    webhook.step()
    headers, body = gateway.taken[-1]
    said = json.loads(body)
    assert said["type"] == "verdict"
    assert (said["data"]["run"], said["data"]["verdict"]) == ("1", "fail")
    assert said["data"]["cameras"] == {"A": "fail", "B": "pass"}
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    seal = hmac.digest(b"a key for tests, and only tests", content, hashlib.sha256)
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(seal).decode()}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    ids = [headers["webhook-id"] for headers, _ in gateway.taken]
    assert len(ids) == len(set(ids))


def test_of_two_images_of_a_camera_the_worse_is_told_and_what_is_waited_for(webhook, line, gateway):
    line.read(0, trigger(), image(1, "A"), image(2, "A"), defect(1, 1, LARGE))
    line.files(1, 2)
    line.read(1.5)
    webhook.step()
    assert gateway.events()[-1]["data"]["cameras"] == {"A": "fail", "B": "waiting"}


def test_a_decision_is_told_with_who(webhook, line, gateway):
    bring(line)
    Desk(line.settings, line.store).defect(1, "okay", reason="scratch")
    webhook.step()
    (decision,) = (said["data"] for said in gateway.events() if said["type"] == "decision")
    assert (decision["word"], decision["who"], decision["reason"]) == ("okay", "ann", "scratch")
    assert gateway.events()[-1]["data"].get("verdict", "accepted") == "accepted"


def test_what_was_before_it_was_switched_on_is_not_told(settings, store, line, gateway):
    bring(line)
    webhook = Webhook(settings, store)
    webhook.step()
    assert gateway.taken == []
    bring(line, 2)
    webhook.step()
    assert {said["data"]["run"] for said in gateway.events()} == {"2"}


@pytest.mark.parametrize("how", ["fail", "busy", "hang", "drip", "elsewhere"])
def test_while_it_is_not_taken_it_waits_and_then_it_is_told_in_order(webhook, line, gateway, store, how):
    gateway.how = how
    bring(line)
    bring(line, 2)
    began = time.monotonic()
    webhook.step()
    assert time.monotonic() - began < 15  # the gateway would take half a minute
    assert webhook.trouble
    assert set(states(store)) == {"waiting"}
    assert gateway.how == how, "a redirect was followed"
    gateway.go_on.set()
    gateway.how = "take"
    webhook.step()
    assert set(states(store)) == {"delivered"}
    assert [said["data"]["run"] for said in gateway.events()] == sorted(
        said["data"]["run"] for said in gateway.events()
    )


def test_one_that_is_called_wrong_again_and_again_does_not_hold_up_the_others(webhook, line, gateway, store):
    gateway.how = "no"
    bring(line)
    for _ in range(4):
        webhook.step()
    assert set(states(store)) == {"waiting"}
    webhook.step()
    assert "given up" in states(store)


def test_an_outage_is_no_refusal_however_long_it_lasts(webhook, line, gateway, store):
    gateway.how = "fail"
    bring(line)
    for _ in range(6):
        webhook.step()
    gateway.how = "no"
    webhook.step()
    assert set(states(store)) == {"waiting"}
    gateway.how = "take"
    webhook.step()
    assert set(states(store)) == {"delivered"}


def test_a_decision_is_told_before_the_verdict_that_it_caused(webhook, line, gateway):
    bring(line)
    webhook.step()
    told = len(gateway.taken)
    Desk(line.settings, line.store).defect(1, "okay")
    webhook.step()
    later = gateway.events()[told:]
    assert [said["timestamp"] for said in later] == sorted(said["timestamp"] for said in later)


def test_what_happens_while_it_is_switched_off_is_not_told(settings, store, webhook, line, gateway):
    with store.write() as session:  # as a worker does that has no address
        notices.forget(session)
    bring(line)
    again = Webhook(settings, store)
    again.step()
    assert gateway.taken == []
    bring(line, 2)
    again.step()
    assert {said["data"]["run"] for said in gateway.events()} == {"2"}


def test_however_much_there_is_to_tell_a_step_queues_a_piece_of_it(webhook, line, gateway, monkeypatch):
    monkeypatch.setattr("hmi.webhook.MOST_NEW", 2)
    for number in range(1, 4):
        bring(line, number)
    webhook.step()
    assert len(gateway.taken) <= 2
    for _ in range(20):
        webhook.step()
    assert {said["data"]["run"] for said in gateway.events()} == {"1", "2", "3"}


def test_a_thread_tells_it_and_judging_waits_for_nobody(settings_of, settings, store, line, gateway):
    patient = settings_of(webhook={"url": gateway.url, "secret": SECRET, "timeout_s": 25})
    webhook = Webhook(patient, store, soon_s=0.02, look_s=0.02)
    webhook.start()
    try:
        until(lambda: _told(store))
        gateway.how = "hang"
        bring(line)
        until(lambda: gateway.asked)
        began = time.monotonic()
        bring(line, 2)
        assert time.monotonic() - began < 15
        gateway.how = "take"
        gateway.go_on.set()
        until(lambda: {said["data"]["run"] for said in gateway.events()} == {"1", "2"}, 10)
    finally:
        webhook.stop()
        webhook.join(5)


def _told(store) -> bool:
    with store.read() as session:
        return notices.told_until(session, "decision") is not None


def test_nobody_there_and_no_name_are_said_without_the_address():
    for url, words in (
        ("http://127.0.0.1:9/secret", "nobody listens there"),
        ("http://nowhere.invalid/secret", "its name leads nowhere"),
    ):
        with pytest.raises(Unreachable, match=words) as found:
            delivery.post(url, b"{}", {}, 2)
        assert "secret" not in str(found.value)


def test_a_server_that_says_no_is_told_apart(gateway):
    gateway.how = "no"
    with pytest.raises(Refused, match="400"):
        delivery.post(gateway.url, b"{}", {}, 2)


def test_an_address_without_a_secret_is_refused_at_the_start(settings_of):
    with pytest.raises(SettingsError, match="webhook: secret"):
        settings_of(webhook={"url": "http://127.0.0.1/hook"})
