"""Counts of runs, images and defects by hour, span or day, and month."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXTS = ("part", "camera", "state", "type", "region", "reason", "decision")
AMOUNTS = ("number", "defects", "failing")
TABLES = ("hmi_counted_run", "hmi_count", "hmi_count_kind")


def upgrade() -> None:
    """Empty: the worker fills them, run by run."""
    op.create_table(
        "hmi_count_kind",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_count_kind")),
    )
    op.create_table(
        "hmi_count",
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("edition", "subject", "grain")),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in AMOUNTS),
        sa.PrimaryKeyConstraint("edition", "subject", "grain", "start", "kind", name=op.f("pk_hmi_count")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hmi_counted_run",
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("serial", sa.Text()),
        sa.Column("order_ms", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("hour", "span", "day", "month")),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("added", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("edition", "generation", "id", name=op.f("pk_hmi_counted_run")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
