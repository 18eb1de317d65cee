"""Tokens of machines, what is to be told by webhook, and parts by their type."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
BY_PART = "ix_hmi_run_part_order_ms"


def upgrade() -> None:
    op.create_table(
        "hmi_token",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.Column("revoked_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_token")),
    )
    op.create_index("uq_hmi_token_name", "hmi_token", ["name"], unique=True)
    op.create_index("uq_hmi_token_token_hash", "hmi_token", ["token_hash"], unique=True)
    op.create_table(
        "hmi_notice",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_notice")),
        sa.UniqueConstraint("event", name=op.f("uq_hmi_notice_event")),
    )
    op.create_index("ix_hmi_notice_state_id", "hmi_notice", ["state", "id"])
    op.create_index(BY_PART, "hmi_run", ["part", "order_ms"])


def downgrade() -> None:
    op.drop_index(BY_PART, "hmi_run")
    op.drop_table("hmi_notice")
    op.drop_table("hmi_token")
    op.execute("DELETE FROM hmi_state WHERE name LIKE 'told %'")
