"""A store from before decisions: what was judged is in the queue, what was written down is in the chain."""

from sqlalchemy import select, text

from hmi.store import audit, migrate
from hmi.store.audit import AuditEntry
from hmi.store.reviews import OpenReview
from tests.conftest import AUDIT_KEY
from tests.lines import BORDERLINE, LARGE, TWO_CAMERAS, Line, defect, image, trigger

BEFORE = "0002"


def queue(store) -> list[tuple]:
    with store.read() as session:
        found = session.scalars(select(OpenReview).order_by(OpenReview.defect_id))
        return [(row.defect_id, row.camera, row.kind, row.region, row.run_id) for row in found]


def test_what_fails_or_is_borderline_is_in_the_queue(store, settings_of):
    line = Line(settings_of(line={"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20}), store)
    line.read(
        0,
        trigger(),
        image(1, "A"),
        image(2, "B"),
        defect(1, 1, LARGE),
        defect(2, 1),
        defect(3, 2, BORDERLINE),
    )
    line.files(1, 2)
    line.read(5)
    judged_now = queue(store)
    assert judged_now == [(1, "A", "fail", "default rule", 1), (3, "B", "review", "default rule", 1)]
    migrate.move(store, BEFORE)
    migrate.move(store, migrate.HEAD)
    assert queue(store) == judged_now


def test_what_was_written_down_becomes_the_beginning_of_the_chain(store):
    migrate.move(store, BEFORE)
    columns = "id, at, kind, who, station, subject, details"
    values = "'2026-05-08 16:00:00', 'sign-in', 'Sven', NULL, 'Sven', '{\"how\": \"password\"}'"
    with store.write() as session:
        for number in (3, 7):
            session.execute(text(f"INSERT INTO hmi_audit ({columns}) VALUES ({number}, {values})"))
    migrate.move(store, migrate.HEAD)
    with store.write() as session:
        audit.record(session, "sign-out", "Sven", None, "Sven", {})
    with store.read() as session:
        assert audit.verify(session, AUDIT_KEY).faults == ()
        assert list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id))) == [1, 2, 3]
