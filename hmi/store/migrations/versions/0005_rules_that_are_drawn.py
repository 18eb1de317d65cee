"""Drafts, calibrations, trials against the past and re-judging; further limits of a region."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)

#: Written out: SQLite takes a check only within the column that is added. NaN sorts above all numbers.
LIMITS = {
    "max_count": 'INTEGER CONSTRAINT "ck_Regions_max_count" CHECK (max_count >= 0)',
    "max_area_percent": """REAL CONSTRAINT "ck_Regions_max_area"
        CHECK (max_area_percent >= 0 AND max_area_percent <= 100)""",
    "min_edge_mm": 'REAL CONSTRAINT "ck_Regions_min_edge" CHECK (min_edge_mm >= 0 AND min_edge_mm <= 1e6)',
    "min_confidence": """REAL CONSTRAINT "ck_Regions_min_confidence"
        CHECK (min_confidence >= 0 AND min_confidence <= 1)""",
    "region_key": "TEXT",
}


def upgrade() -> None:
    for name, kind in LIMITS.items():
        op.execute(f'ALTER TABLE "Regions" ADD COLUMN {name} {kind}')
    op.add_column("hmi_rules", sa.Column("cameras", JSON))
    op.add_column("hmi_rules", sa.Column("changes", JSON))
    op.create_table(
        "hmi_draft",
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=False),
        sa.Column("body", JSON),
        sa.Column("log", JSON, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("camera", name=op.f("pk_hmi_draft")),
    )
    op.create_table(
        "hmi_calibration",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("px_per_mm", sa.Double(), nullable=False),
        sa.Column("line", JSON),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_calibration")),
    )
    op.create_index("ix_hmi_calibration_camera_id", "hmi_calibration", ["camera", "id"])
    _jobs()


def _jobs() -> None:
    op.create_table(
        "hmi_trial",
        sa.Column("number", BIG_ID, nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("result", JSON),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_hmi_trial")),
    )
    op.create_table(
        "hmi_rejudging",
        sa.Column("number", BIG_ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("camera", sa.Text()),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("place", JSON),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("ended_at", TIME),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_hmi_rejudging")),
    )


def downgrade() -> None:
    for table in ("hmi_rejudging", "hmi_trial", "hmi_calibration", "hmi_draft"):
        op.drop_table(table)
    for column in ("changes", "cameras"):
        op.drop_column("hmi_rules", column)
    for name in reversed(LIMITS):
        op.execute(f'ALTER TABLE "Regions" DROP COLUMN {name}')
