"""People: users, their sessions, their tries to sign in, and the audit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
TABLES = ("hmi_user", "hmi_session", "hmi_login_attempt", "hmi_audit")


def upgrade() -> None:
    op.create_table(
        "hmi_user",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("code_key", sa.Text()),
        sa.Column("code_step", sa.Integer()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("password_at", TIME),
        sa.Column("signed_in_at", TIME),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_user")),
    )
    op.create_index("uq_hmi_user_name_key", "hmi_user", ["name_key"], unique=True)
    op.create_table(
        "hmi_session",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", BIG_ID, nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("station", sa.Text()),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("began_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["hmi_user.id"], name=op.f("fk_hmi_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_session")),
    )
    op.create_index("uq_hmi_session_token_hash", "hmi_session", ["token_hash"], unique=True)
    op.create_index("ix_hmi_session_user_id", "hmi_session", ["user_id"])
    op.create_table(
        "hmi_login_attempt",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("times", JSON, nullable=False),
        sa.Column("told_at", sa.Double()),
        sa.Column("last_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_hmi_login_attempt")),
    )
    op.create_index("ix_hmi_login_attempt_last_at", "hmi_login_attempt", ["last_at"])
    op.create_table(
        "hmi_audit",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("station", sa.Text()),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_audit")),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
