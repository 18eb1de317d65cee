"""Decisions of people, what is written back of them, and the sealed audit."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

from hmi.store.audit import AuditEntry, sealed

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
PAGE = 500
HEAD = sa.table(
    "hmi_state", sa.column("name", sa.Text()), sa.column("number", sa.BigInteger()), sa.column("body", JSON)
)

AUDIT = sa.table(
    "hmi_audit",
    sa.column("id", sa.BigInteger()),
    sa.column("at", TIME),
    *(sa.column(name, sa.Text()) for name in ("kind", "who", "station", "subject", "prev_hmac", "hmac")),
    sa.column("details", JSON),
)


def upgrade() -> None:
    _audit()
    _decision()
    _outbox()
    of_run: tuple[sa.Column[Any], ...] = (
        sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("part_decision", sa.Text()),
        sa.Column("review_open", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("changed_after_at", TIME),
        sa.Column("expired_at", TIME),
    )
    of_image: tuple[sa.Column[Any], ...] = (
        sa.Column("settled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("lost", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("undecided", sa.Integer(), server_default="0", nullable=False),
    )
    for column in of_run:
        op.add_column("hmi_run", column)
    for column in of_image:
        op.add_column("hmi_image", column)
    op.add_column("hmi_defect", sa.Column("mark", sa.Text()))
    op.add_column("hmi_defect", sa.Column("changed_after_at", TIME))
    op.create_index("ix_hmi_run_review_open_order_ms", "hmi_run", ["review_open", "order_ms"])
    op.create_index("ix_hmi_run_part_decision_order_ms", "hmi_run", ["part_decision", "order_ms"])
    op.add_column("hmi_user", sa.Column("badge", sa.Text()))
    op.create_index("uq_hmi_user_badge", "hmi_user", ["badge"], unique=True)
    for statement in WHAT_IS_THERE:
        op.execute(statement)
    _review()


#: What was judged before: nothing of it is decided yet.
WHAT_IS_THERE = (
    """UPDATE hmi_image SET settled = (verdict <> 'waiting'), lost = (verdict = 'unreadable'),
    undecided = CASE WHEN verdict IN ('fail', 'review') THEN fails + reviews ELSE 0 END""",
    """UPDATE hmi_run SET late = (past OR settled_at IS NOT NULL),
    review_open = (NOT gone AND verdict IN ('fail', 'review'))""",
)


def _audit() -> None:
    op.add_column("hmi_audit", sa.Column("prev_hmac", sa.Text(), server_default="", nullable=False))
    op.add_column("hmi_audit", sa.Column("hmac", sa.Text(), server_default="", nullable=False))
    _seal_what_is_there()
    for column in ("kind", "who", "subject", "at"):
        op.create_index(f"ix_hmi_audit_{column}_id", "hmi_audit", [column, "id"])


def _seal_what_is_there() -> None:
    """Entries from before the chain become its beginning, in the order in which they were written."""
    connection, before, number = op.get_bind(), "", 0
    key = context.config.attributes["audit_key"]
    for row in connection.execute(sa.select(AUDIT).order_by(AUDIT.c.id)).mappings().all():
        if not key:
            raise RuntimeError("auth.secret_key: is needed to seal the entries of the audit")
        number += 1
        entry = AuditEntry(**{**row, "id": number, "at": _in_utc(row["at"]), "prev_hmac": before})
        before = sealed(entry, key)
        values = {"id": number, "prev_hmac": entry.prev_hmac, "hmac": before}
        connection.execute(sa.update(AUDIT).where(AUDIT.c.id == row["id"]).values(values))
    op.bulk_insert(HEAD, [{"name": "audit", "number": number, "body": before}])


def _in_utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _decision() -> None:
    op.create_table(
        "hmi_decision",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("made_on", sa.BigInteger()),
        sa.Column("run_generation", sa.Integer()),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("image_generation", sa.Integer()),
        sa.Column("image_id", sa.BigInteger()),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("before_id", sa.BigInteger()),
        sa.Column("before_word", sa.Text()),
        sa.Column("after_id", sa.BigInteger()),
        sa.Column("after_word", sa.Text()),
        sa.Column("undoes", sa.BigInteger()),
        sa.Column("seconds", sa.BigInteger()),
        sa.Column("at", TIME, nullable=False),
        sa.Column("at_local", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("station", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Integer()),
        sa.Column("verdict_id", sa.BigInteger()),
        sa.Column("signed_name", sa.Text()),
        sa.Column("signed_at", TIME),
        sa.Column("meaning", sa.Text()),
        sa.Column("seen", JSON, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_decision")),
        sa.UniqueConstraint(
            "subject",
            "generation",
            "subject_id",
            "made_on",
            name=op.f("uq_hmi_decision_subject_generation_subject_id_made_on"),
        ),
        sa.UniqueConstraint("key", name=op.f("uq_hmi_decision_key")),
        sa.UniqueConstraint("mark", name=op.f("uq_hmi_decision_mark")),
    )
    op.create_index("ix_hmi_decision_at_id", "hmi_decision", ["at", "id"])
    op.create_index("ix_hmi_decision_run_id_run_generation", "hmi_decision", ["run_id", "run_generation"])
    op.create_index(
        "ix_hmi_decision_image_id_image_generation", "hmi_decision", ["image_id", "image_generation"]
    )


def _outbox() -> None:
    op.create_table(
        "hmi_outbox",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("decision_id", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("word", sa.Text()),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("defect_id", sa.BigInteger(), nullable=False),
        sa.Column("image", sa.BigInteger()),
        sa.Column("x", sa.Integer()),
        sa.Column("y", sa.Integer()),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("expected", sa.Text()),
        sa.Column("expected_at", TIME),
        sa.Column("disposition", sa.Text()),
        sa.Column("dispositioned_at", TIME),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.Column("found", sa.Text()),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_outbox")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_hmi_outbox_decision_id")),
        sa.UniqueConstraint("mark", name=op.f("uq_hmi_outbox_mark")),
    )
    op.create_index("ix_hmi_outbox_defect_id_generation", "hmi_outbox", ["defect_id", "generation"])
    op.create_index("ix_hmi_outbox_state_id", "hmi_outbox", ["state", "id"])


def _review() -> None:
    table = op.create_table(
        "hmi_review",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("defect_id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("image_generation", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.BigInteger(), nullable=False),
        sa.Column("run_generation", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("part", sa.Text()),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("past", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("generation", "defect_id", name=op.f("pk_hmi_review")),
    )
    _fill_queue(table)
    for columns in (["order_ms"], ["camera", "order_ms"], ["region", "order_ms"], ["part", "order_ms"]):
        named = [*columns, "generation", "defect_id"]
        op.create_index(f"ix_hmi_review_{'_'.join(named)}", "hmi_review", named)
    op.create_index("ix_hmi_review_run_id_run_generation", "hmi_review", ["run_id", "run_generation"])


WAITING = """SELECT v.findings, v.camera, v.image_generation, v.image_id, v.run_generation, v.run_id, r.part,
    r.order_ms, r.first_seen, r.past FROM hmi_verdict v
    JOIN hmi_run r ON r.generation = v.run_generation AND r.id = v.run_id
    JOIN hmi_image i ON i.generation = v.image_generation AND i.id = v.image_id AND NOT i.gone
    AND i.run_generation = v.run_generation AND i.run_id = v.run_id
    WHERE v.current AND v.verdict IN ('fail', 'review') AND r.review_open"""


def _fill_queue(table: sa.Table) -> None:
    connection = op.get_bind()
    typed = sa.text(WAITING).columns(findings=JSON, first_seen=TIME, past=sa.Boolean())
    found = connection.execute(typed, execution_options={"yield_per": PAGE}).mappings()
    for page in found.partitions():
        rows = [one for row in page for one in _open(dict(row))]
        if rows:
            connection.execute(table.insert(), rows)


def _open(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for found in row.pop("findings"):
        reasons = found.get("findings", [])
        if found["state"] == "fail" or any(not reason["fails"] for reason in reasons):
            generation, number = found["defect"]
            named = {"generation": generation, "defect_id": number, "region": _region(reasons)}
            order_ms = row["order_ms"] or int(_in_utc(row["first_seen"]).timestamp() * 1000)
            yield {
                **row,
                **named,
                "order_ms": order_ms,
                "kind": "fail" if found["state"] == "fail" else "review",
            }


def _region(reasons: list[dict[str, Any]]) -> str:
    worst = min(reasons, key=lambda reason: not reason["fails"], default={"reason": "geometry"})
    return "no region" if worst["reason"] == "geometry" else worst.get("region_id") or "default rule"


def downgrade() -> None:
    op.drop_index("ix_hmi_run_part_decision_order_ms", "hmi_run")
    op.drop_index("ix_hmi_run_review_open_order_ms", "hmi_run")
    for table, columns in {
        "hmi_defect": ("mark", "changed_after_at"),
        "hmi_image": ("settled", "lost", "undecided"),
        "hmi_run": ("late", "part_decision", "review_open", "changed_after_at", "expired_at"),
    }.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_index("uq_hmi_user_badge", "hmi_user")
    op.drop_column("hmi_user", "badge")
    for column in ("kind", "who", "subject", "at"):
        op.drop_index(f"ix_hmi_audit_{column}_id", "hmi_audit")
    for table in ("hmi_review", "hmi_outbox", "hmi_decision"):
        op.drop_table(table)
    for column in ("prev_hmac", "hmac"):
        op.drop_column("hmi_audit", column)
    op.execute("DELETE FROM hmi_state WHERE name = 'audit'")
