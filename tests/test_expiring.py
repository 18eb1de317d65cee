"""Reviews that nobody came for are closed after a while, and that is written down."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from hmi.expiring import close_old
from hmi.review import Filters, left
from hmi.store import audit
from hmi.store.audit import AuditEntry
from tests.conftest import AUDIT_KEY
from tests.desk import Desk
from tests.lines import BEGAN, LARGE, Line, defect, image, trigger

ONE = [{"serial": "A", "order": 1}]


@pytest.fixture
def desk(store, settings_of) -> Desk:
    line = Line(settings_of(line={"cameras": ONE}, review={"expire_days": 30}), store)
    line.read(0, trigger(1), image(1, "A"), defect(1, 1, LARGE))
    line.files(1)
    line.read(60)
    line.read(
        20 * 86_400, trigger(2, timestamp=BEGAN + timedelta(days=20)), image(2, "A", 2), defect(2, 2, LARGE)
    )
    return Desk(line.settings, store)


def close(desk: Desk, days: int) -> int:
    with desk.store.write() as session:
        return close_old(session, desk.settings, BEGAN + timedelta(days=days))


def waiting(desk: Desk) -> tuple[int, int]:
    with desk.store.read() as session:
        found = left(session, desk.settings, Filters(past=True))
    return found.defects, found.parts


def test_what_is_too_old_is_closed_and_written_down_once(desk):
    assert close(desk, 29) == 0
    assert (close(desk, 31), waiting(desk)) == (1, (1, 1))
    assert close(desk, 31) == 0
    with desk.store.read() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.kind, entry.details["parts"]) == ("reviews expired", ["1"])
        assert audit.verify(session, AUDIT_KEY).faults == ()


def test_a_closed_review_is_not_asked_for_again_and_can_still_be_decided(desk):
    close(desk, 31)
    desk.defect(1, "scrap")
    desk.defect(1, "undo")
    assert waiting(desk) == (1, 1)
    desk.defect(1, "okay")
    assert desk.in_force("defect", 1) == "okay"


def test_without_a_limit_nothing_is_ever_closed(desk):
    review = desk.settings.review.model_copy(update={"expire_days": 0})
    desk.settings = desk.settings.model_copy(update={"review": review})
    assert close(desk, 4000) == 0
