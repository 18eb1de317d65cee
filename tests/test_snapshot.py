"""The follower: renders when the store's counter rises, and knows how old the last read is."""

import time

import pytest

from hmi.snapshot import Follower, Pulse
from hmi.store import Store, state
from hmi.store.leases import WorkerLease
from tests.waiting import until


@pytest.fixture
def followed(store):
    rendered = []

    def render() -> bytes:
        rendered.append(1)
        return f"<div>{len(rendered)}</div>".encode()

    follower = Follower(store, render)
    follower.start()
    until(lambda: follower.snapshot is not None)
    yield follower, rendered
    follower.close()


def test_it_renders_once_for_each_change(followed, store):
    follower, rendered = followed
    first = follower.snapshot
    with store.write() as session:
        state.touch(session)
    until(lambda: follower.snapshot != first)
    time.sleep(0.5)
    assert len(rendered) == 2
    assert follower.snapshot.version == first.version + 1


def test_the_age_begins_when_a_new_read_is_noticed(followed, store):
    follower, _ = followed
    lease = WorkerLease(store)
    lease.acquire()
    until(lambda: follower.pulse.reads == 0)
    assert follower.pulse.age_ms(time.monotonic()) is None
    with store.write() as session:
        lease.checked(session, read=True, trouble="")
    until(lambda: follower.pulse.reads == 1)
    assert follower.pulse.age_ms(time.monotonic()) < 5_000


def test_signs_of_life_without_reads_make_nothing_younger(followed, store):
    follower, _ = followed
    lease = WorkerLease(store)
    lease.acquire()
    with store.write() as session:
        lease.checked(session, read=True, trouble="")
    until(lambda: follower.pulse.reads == 1)
    at = follower.pulse.read_at_s
    with store.write() as session:
        lease.checked(session, read=False, trouble="the plant is locked")
    until(lambda: follower.pulse.trouble == "the plant is locked")
    assert follower.pulse.read_at_s == at


def test_a_store_that_stops_answering_is_said_and_ages(tmp_path):
    store = Store("postgresql://nobody@127.0.0.1:9/none")
    follower = Follower(store, lambda: b"")
    follower.start()
    until(lambda: follower.pulse.trouble == "the store does not answer")
    assert follower.snapshot is None
    follower.close()
    store.close()


def test_a_screen_that_cannot_be_rendered_grows_old(store):
    def broken() -> bytes:
        raise RuntimeError("no template")

    follower = Follower(store, broken)
    follower.start()
    lease = WorkerLease(store)
    lease.acquire()
    for _ in range(3):
        with store.write() as session:
            lease.checked(session, read=True, trouble="")
        time.sleep(0.3)
    assert follower.pulse.age_ms(time.monotonic()) is None
    assert follower.pulse.trouble == "the server has a fault"
    follower.close()


def test_an_age_is_never_negative():
    assert Pulse(1, 100.0, "").age_ms(99.0) == 0


def test_documents_are_written_for_whom_asks_and_then_with_each_change(store):
    written = []

    def write() -> dict[str, bytes]:
        written.append(1)
        return {"cameras": b"%d" % len(written)}

    follower = Follower(store, lambda: b"", write)
    follower.start()
    until(lambda: follower.snapshot is not None)
    version = follower.snapshot.version
    assert (follower.snapshot.documents, written) == (None, [])
    assert follower.documented().documents == {"cameras": b"1"}
    assert follower.at_hand() is follower.snapshot
    with store.write() as session:
        state.touch(session)
    until(lambda: follower.snapshot.version > version)
    assert follower.snapshot.documents == {"cameras": b"2"}
    follower.close()


def test_documents_that_nobody_asks_for_are_not_written(followed):
    follower, _ = followed
    assert follower.snapshot.documents is None
