"""Figures for a monitoring system, the state of each part in words, and a bundle without secrets."""

import json
import re
import threading
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from hmi.auth import tokens
from hmi.condition import NAME as CONDITION
from hmi.observe import diagnostics, gathering, health
from hmi.observe.gathering import Gathering
from hmi.observe.rows import Row
from hmi.parts import EXTENSION
from hmi.settings import PROJECT
from hmi.store import state
from hmi.store.leases import WorkerLease
from tests.conftest import SECRET
from tests.lines import Line, defect, image, trigger
from tests.people import PAGE, opened, settle_in, signed_in
from tests.plants import VisionSystem
from tests.waiting import until

STORE_SECRET = "hunter2-of-the-store"
WEBHOOK_SECRET = "hunter2-of-the-webhook"
SERVER = {
    "version": "PostgreSQL 16.4",
    "database": "plant",
    "publications": [{"name": "everything", "all_tables": True}],
    "slots": [{"name": "mes", "kind": "logical", "active": False}],
}


@pytest.fixture
def app(sqlite_store, settings_of, tmp_path):
    settle_in(sqlite_store)
    (tmp_path / "images").mkdir()
    VisionSystem(f"sqlite:///{tmp_path / 'plant.db'}").build()
    with opened(settings_of(logging={"file": str(tmp_path / "hmi.log")})) as app:
        yield app


@pytest.fixture
def house(app):
    return app.extensions[EXTENSION]


def noted(store, **said):
    """A worker leads and has noted this."""
    now = datetime.now(UTC).isoformat()
    usual = {"read_at": now, "part_at": now, "trouble": "", "server": SERVER}
    lease = WorkerLease(store)
    assert lease.acquire()
    with store.write() as session:
        lease.checked(session, read=True, trouble=said.get("trouble", ""))
        state.put(session, CONDITION, {**usual, **said})
    return lease


def figures(app) -> dict[tuple[str, str], float]:
    """(name, label) → value."""
    text = app.test_client().get("/metrics").text
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def states(app) -> dict[str, str]:
    """What the page says of each part."""
    page = signed_in(app, "Ada").get("/admin/health", headers=PAGE)
    assert page.status_code == 200
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td><span class="condition is-(\w+)">', page.text)
    return dict(rows)


def test_figures_of_process_and_store(app, house, settings_of, monkeypatch):
    monkeypatch.setattr(gathering, "EVERY_S", 0.02)
    figures(app)
    line = Line(settings_of(line={"cameras": [{"serial": "A"}]}), house.store)
    line.read(0, trigger(), image(1, "A"), defect(1, of=1, size=40))
    noted(house.store, vision_skew_s=600.0, server_skew_s=0.5, lag_s=3.0)
    app.test_client().get("/live")
    until(lambda: figures(app).get(("hmi_verdicts_total", "fail")) == 1)
    until(lambda: ("hmi_clock_skew_seconds", "vision") in figures(app))
    found = figures(app)
    assert found["hmi_poll_seconds_count", ""] == 1
    assert found["hmi_review_length", ""] == 1
    assert found["hmi_outbox_length", ""] == 0
    assert found["hmi_clock_skew_seconds", "vision"] == 600
    assert found["hmi_feed_lag_seconds", ""] == 3
    assert found["hmi_store_up", ""] == found["hmi_cache_up", "pictures"] == 1
    assert 0 <= found["hmi_store_age_seconds", ""] < 15


def test_a_scrape_itself_asks_the_store_nothing(app, house):
    figures(app)
    asking = set()
    event.listen(
        house.store.engine,
        "before_cursor_execute",
        lambda *_: asking.add(threading.current_thread().name),
    )
    assert figures(app)["hmi_store_up", ""] == 1
    house.metrics.of_store.ask()
    assert threading.current_thread().name in asking  # the listener does listen
    asking.clear()
    figures(app)
    assert threading.current_thread().name not in asking


def test_what_the_store_said_long_ago_is_not_passed_on_as_its_state(store, monkeypatch):
    asked = Gathering(store)
    asked.ask()
    assert asked.is_up
    monkeypatch.setattr(gathering, "OLD_S", 0.0)
    assert not asked.is_up


def test_figures_are_had_also_while_the_store_does_not_answer(app, house, tmp_path):
    for file in tmp_path.glob("store.db*"):
        file.unlink()
    house.store.close()
    (tmp_path / "store.db").mkdir()
    found = figures(app)
    assert found["hmi_store_up", ""] == 0
    assert found["hmi_store_age_seconds", ""] == float("inf")
    assert ("hmi_outbox_length", "") not in found


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.1.0.4", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "10.1.0.4"}, 403),
        ("127.0.0.1", {"Forwarded": "for=10.1.0.4"}, 403),
    ],
)
def test_only_this_machine_is_given_figures(app, address, headers, status):
    asked = app.test_client().get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
    assert asked.status_code == status


def test_a_token_of_a_machine_is_given_figures_anywhere(app, house):
    with app.test_request_context(), house.store.write() as session:
        token = tokens.make(session, "Ada", "prometheus", ["read"])
    elsewhere = {"REMOTE_ADDR": "10.1.0.4"}
    for sent, status in ((token, 200), (token[:-1], 403), ("", 403)):
        headers = {"Authorization": f"Bearer {sent}"}
        asked = app.test_client().get("/metrics", headers=headers, environ_overrides=elsewhere)
        assert asked.status_code == status


def test_the_dashboard_asks_for_figures_that_there_are(app, house):
    noted(house.store, vision_skew_s=0.0, server_skew_s=0.0, lag_s=0.0)
    house.metrics.queues["requests"] = lambda: 0
    app.test_client().get("/live")
    text = app.test_client().get("/metrics").text
    known = set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    dashboard = json.loads((PROJECT / "config/grafana.json").read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) >= 10
    named = {name for expression in asked for name in re.findall(r"\b(?:hmi|process)_\w+", expression)}
    named = {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in named}
    known = {re.sub(r"_total$", "", name) for name in known}
    assert named <= known


def test_a_sound_plant_is_well_in_every_part(app, house):
    server = {**SERVER, "slots": [{"name": "mes", "kind": "logical", "active": True}]}
    house.follower.start()
    until(lambda: house.follower.pulse.reads >= 0 or house.follower.snapshot)
    lease = noted(house.store, server=server, server_skew_s=0.1, vision_skew_s=-2.0)
    until(lambda: house.follower.pulse.reads == 1)
    with house.store.write() as session:
        lease.checked(session, read=True, trouble="")
    until(lambda: house.follower.pulse.age_ms(0) == 0)
    wrong = {what for what, found in states(app).items() if found != "ok"}
    assert wrong <= {"Disk for cache", "Disk for log"}  # this machine's may be full


def test_what_is_wrong_is_said_in_words(app, house, tmp_path):
    (tmp_path / "images").rmdir()
    ada = signed_in(app, "Ada")  # before: what the worker said is true for some seconds only
    noted(
        house.store,
        trouble="the plant database cannot be read: it does not answer",
        read_at=(datetime.now(UTC) - timedelta(minutes=9)).isoformat(),
        server_skew_s=-3600.0,
        vision_skew_s=600.0,
        lag_s=31.0,
    )
    found = states(app)
    until(lambda: house.follower.pulse.trouble != "not connected yet")
    page = ada.get("/admin/health", headers=PAGE).text
    assert found["Screens"] == found["Reading"] == found["Standby"] == found["E:\\images"] == "failed"
    assert found["Its clock"] == found["Vision system"] == found["Replication slots"] == "warning"
    assert "it does not answer" in page
    assert "clock skew +10:00" in page
    assert "31 s behind its primary" in page
    assert "mes not active" in page
    assert found["Store"] == found["Worker"] == "ok"
    assert found["Server"] == found["Publications"] == "unknown"  # as they were: nobody knows of now


def test_without_a_worker_nobody_pretends(app):
    found = states(app)
    assert found["Worker"] == "failed"
    assert found["Reading"] == found["Vision system"] == "unknown"


def test_only_administrators_see_the_state_of_the_parts(app):
    assert signed_in(app, "Edda").get("/admin/health").status_code == 403


def test_the_bundle_holds_no_secret_and_says_what_could_not_be_had(house, tmp_path, settings_of):
    hidden = settings_of(
        store={"url": f"sqlite:///{tmp_path / 'store.db'}", "password": ""},
        database={"url": f"postgresql://hmi:{STORE_SECRET}@127.0.0.1:1/plant", "password": ""},
        logging={"file": str(tmp_path / "hmi.log")},
        webhook={"url": "https://mes.example/told", "secret": WEBHOOK_SECRET},
    )
    log = tmp_path / "hmi.log"
    log.write_text(
        f"first\nkeys {SECRET} {WEBHOOK_SECRET}\npostgresql://hmi:{STORE_SECRET}@db/plant\nlast\n", "utf-8"
    )
    with opened(hidden) as other:
        missing = diagnostics.write(tmp_path / "bundle.zip", other.extensions[EXTENSION])
    with zipfile.ZipFile(tmp_path / "bundle.zip") as bundle:
        said = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert set(said) == set(re.findall(r"^(\S+\.\w+) ", diagnostics.READ_ME, re.MULTILINE)) | {"README.txt"}
    for text in said.values():
        assert SECRET not in text
        assert STORE_SECRET not in text
        assert WEBHOOK_SECRET not in text
    assert missing == ["contract.json"]
    assert said["log.txt"].endswith("last\n")
    assert json.loads(said["versions.json"])["flask"]
    assert json.loads(said["health.json"])["Store"][0]["state"] == "ok"


def test_the_end_of_a_long_log_is_enough(tmp_path):
    log = tmp_path / "hmi.log"
    log.write_bytes(b"\xff" + b"x" * 50_000 + b"\n" + b"line\n" * 20_000)
    kept = diagnostics._tail(log)
    assert kept.count("\n") == diagnostics.LAST_LINES


def test_the_command_writes_the_bundle_once(app, house, tmp_path):
    runner = app.test_cli_runner()
    (tmp_path / "hmi.log").write_text("a line\n", "utf-8")
    told = runner.invoke(args=["diagnostics", str(tmp_path / "bundle.zip")])
    assert told.exit_code == 0, told.output
    assert "look at it" in told.output
    again = runner.invoke(args=["diagnostics", str(tmp_path / "bundle.zip")])
    assert again.exit_code == 1
    assert "nothing is written over" in again.output


def test_the_state_of_the_whole_is_that_of_its_worst_part():
    def group(*states: str) -> dict[str, list[health.Row]]:
        return {"All": [Row("x", one, "") for one in states]}

    assert health.worst(group("ok", "warning", "failed", "unknown")) == "failed"
    assert health.worst(group("ok", "unknown", "warning")) == "unknown"
    assert health.worst(group("ok")) == "ok"
