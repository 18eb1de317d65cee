"""Upgrade and back: a store that was lived in holds the same rows at a revision, however often passed."""

import pytest

from hmi.store import audit, migrate
from tests.conftest import AUDIT_KEY
from tests.test_backup import everything, live_a_little, settings_for


def stands_at(store, revision: str) -> dict[str, list]:
    migrate.move(store, revision)
    return everything(store)


@pytest.mark.parametrize("step", [1, 2, 3])
def test_an_upgrade_and_its_way_back_change_no_row(store, settings_of, step):
    """The last steps, one at a time: N, N+1 and N again, as after an upgrade that failed."""
    live_a_little(store, settings_for(settings_of))
    revisions = migrate.revisions()
    earlier, later = revisions[-step - 1], revisions[-step]
    before = stands_at(store, earlier)
    at_later = stands_at(store, later)
    assert stands_at(store, earlier) == before
    assert stands_at(store, later) == at_later
    migrate.move(store, migrate.HEAD)
    with store.read() as session:
        assert audit.verify(session, AUDIT_KEY).faults == ()


def test_what_is_written_after_the_upgrade_survives_the_way_back_and_forth(store, settings_of):
    """Rows of tables that both versions know."""
    live_a_little(store, settings_for(settings_of))
    now = everything(store)
    migrate.move(store, migrate.revisions()[-2])
    back = everything(store)
    migrate.move(store, migrate.HEAD)
    again = everything(store)
    for name in ("hmi_audit", "hmi_decision", "hmi_user"):
        assert again[name] == now[name]
        assert len(back[name]) == len(now[name])
