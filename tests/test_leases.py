"""The worker's lease: one leads, the next takes over, who lost it can write nothing."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from hmi.store import state
from hmi.store.leases import WORKER, LeaseLost, WorkerLease
from hmi.store.state import Lease

SHORT_S = 0.3


def beat(store, lease, *, read: bool = False) -> None:
    with store.write() as session:
        lease.checked(session, read=read, trouble="")


def leave_a_mark(store, lease) -> None:
    with store.write() as session:
        state.put(session, "mark", "somebody was here")
        lease.checked(session, read=True, trouble="")


def test_the_first_one_leads_and_the_second_waits(store):
    anna, ben = WorkerLease(store), WorkerLease(store)
    assert anna.acquire()
    assert not ben.acquire()


def test_who_lets_go_is_followed_at_once(store):
    anna, ben = WorkerLease(store), WorkerLease(store)
    anna.acquire()
    anna.release()
    assert ben.acquire()
    assert ben.term == anna.term + 1


def test_who_stays_silent_is_followed_after_a_while(store):
    anna, ben = WorkerLease(store, SHORT_S), WorkerLease(store, SHORT_S)
    anna.acquire()
    assert not ben.acquire()
    time.sleep(SHORT_S * 1.5)
    assert ben.acquire()


def test_who_gives_signs_of_life_is_not_followed(store):
    anna, ben = WorkerLease(store, SHORT_S), WorkerLease(store, SHORT_S)
    anna.acquire()
    for _ in range(4):
        time.sleep(SHORT_S / 2)
        beat(store, anna)
        assert not ben.acquire()


def test_a_clock_that_was_set_back_does_not_keep_a_dead_lease(store):
    anna, ben = WorkerLease(store, SHORT_S), WorkerLease(store, SHORT_S)
    anna.acquire()
    with store.write() as session:
        session.get(Lease, WORKER).expires = datetime.now(UTC) + timedelta(hours=1)
    assert not ben.acquire()
    time.sleep(SHORT_S * 1.5)
    assert ben.acquire()


def test_who_lost_the_lease_writes_nothing(store):
    anna, ben = WorkerLease(store, SHORT_S), WorkerLease(store, SHORT_S)
    anna.acquire()
    time.sleep(SHORT_S * 1.5)
    ben.acquire()
    with pytest.raises(LeaseLost):
        leave_a_mark(store, anna)
    with store.read() as session:
        assert state.get(session, "mark") is None


def test_reads_are_counted_apart_from_signs_of_life(store):
    anna = WorkerLease(store)
    anna.acquire()
    beat(store, anna, read=True)
    beat(store, anna)
    with store.read() as session:
        lease = session.get(Lease, WORKER)
        assert (lease.beat, lease.reads) == (2, 1)
