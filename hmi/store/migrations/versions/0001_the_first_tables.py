"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
TABLES = (
    "Regions",
    "hmi_defect",
    "hmi_hand_inspection",
    "hmi_image",
    "hmi_lease",
    "hmi_mirror",
    "hmi_rules",
    "hmi_run",
    "hmi_state",
    "hmi_suppression",
    "hmi_verdict",
)


def upgrade() -> None:
    op.create_table(
        "Regions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("region_id", sa.Text(), nullable=False),
        sa.Column("size_threshold", sa.REAL()),
        sa.Column("density_threshold", sa.Integer()),
        sa.Column("proximity_threshold", sa.REAL()),
        sa.Column("polygon", JSON, nullable=False),
        sa.Column("part_number", sa.Text()),
        sa.Column("created_at", TIME, server_default=sa.func.current_timestamp(), nullable=False),
        sa.Column("updated_at", TIME, server_default=sa.func.current_timestamp(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("kind", sa.Text(), server_default="inspect", nullable=False),
        sa.Column("ignore_below_mm", sa.REAL(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('inspect', 'ignore')", name=op.f("ck_Regions_kind")),
        sa.CheckConstraint("density_threshold >= 1", name=op.f("ck_Regions_density")),
        sa.CheckConstraint(
            "ignore_below_mm >= 0 AND ignore_below_mm <= 1e6", name=op.f("ck_Regions_ignore_below")
        ),
        sa.CheckConstraint(
            "proximity_threshold >= 0 AND proximity_threshold <= 1e6", name=op.f("ck_Regions_proximity")
        ),
        sa.CheckConstraint("size_threshold >= 0 AND size_threshold <= 1e6", name=op.f("ck_Regions_size")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_Regions")),
    )
    op.create_index(
        "uq_regions_name",
        "Regions",
        ["camera_id", "region_id", sa.text("coalesce(part_number, '')")],
        unique=True,
    )
    op.create_table(
        "hmi_defect",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("image_generation", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.BigInteger()),
        sa.Column("x", sa.Integer()),
        sa.Column("y", sa.Integer()),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("confidence", sa.Double()),
        sa.Column("type", sa.Text()),
        sa.Column("disposition", sa.Text()),
        sa.Column("dispositioned_at", TIME),
        sa.Column("suppressed", sa.Boolean(), nullable=False),
        sa.Column("suppressed_by_row", sa.Boolean(), nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("generation", "id", name=op.f("pk_hmi_defect")),
    )
    op.create_index("ix_hmi_defect_image_id_image_generation", "hmi_defect", ["image_id", "image_generation"])

    op.create_table(
        "hmi_hand_inspection",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.Text()),
        sa.Column("row", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_hand_inspection")),
    )
    op.create_index("ix_hmi_hand_inspection_serial", "hmi_hand_inspection", ["serial"])

    op.create_table(
        "hmi_image",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("run_generation", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("camera", sa.Text()),
        sa.Column("path", sa.Text()),
        sa.Column("order_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("file_state", sa.Text(), nullable=False),
        sa.Column("file_stamp", sa.Text()),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Integer()),
        sa.Column("defects", sa.Integer(), nullable=False),
        sa.Column("fails", sa.Integer(), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("picture", sa.Text()),
        sa.PrimaryKeyConstraint("generation", "id", name=op.f("pk_hmi_image")),
    )
    op.create_index("ix_hmi_image_camera_order_ms", "hmi_image", ["camera", "order_ms"])
    op.create_index("ix_hmi_image_run_id_run_generation", "hmi_image", ["run_id", "run_generation"])

    op.create_table(
        "hmi_lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("term", sa.BigInteger(), nullable=False),
        sa.Column("expires", TIME, nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hmi_lease")),
    )
    op.create_table(
        "hmi_mirror",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rows", JSON, nullable=False),
        sa.Column("read_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hmi_mirror")),
    )
    op.create_table(
        "hmi_rules",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_hmi_rules")),
    )
    op.create_table(
        "hmi_run",
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("at", TIME),
        sa.Column("order_ms", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.Text()),
        sa.Column("serial_upper", sa.Text()),
        sa.Column("part", sa.Text()),
        sa.Column("belt", sa.Text()),
        sa.Column("label", sa.Integer()),
        sa.Column("first_seen", TIME, nullable=False),
        sa.Column("past", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("cameras_expected", sa.Integer(), nullable=False),
        sa.Column("cameras_judged", sa.Integer(), nullable=False),
        sa.Column("rules_version", sa.Integer()),
        sa.Column("settled_at", TIME),
        sa.Column("changed_at", TIME),
        sa.Column("acknowledged_at", TIME),
        sa.Column("acknowledged_by", sa.Text()),
        sa.PrimaryKeyConstraint("generation", "id", name=op.f("pk_hmi_run")),
    )
    op.create_index("ix_hmi_run_order_ms_generation_id", "hmi_run", ["order_ms", "generation", "id"])
    op.create_index("ix_hmi_run_serial_order_ms", "hmi_run", ["serial", "order_ms"])
    op.create_index("ix_hmi_run_serial_upper", "hmi_run", ["serial_upper"])
    op.create_index("ix_hmi_run_verdict_order_ms", "hmi_run", ["verdict", "order_ms"])

    op.create_table(
        "hmi_state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger()),
        sa.Column("body", JSON),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hmi_state")),
    )
    op.create_table(
        "hmi_suppression",
        sa.Column("id", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("defect_generation", sa.Integer(), nullable=False),
        sa.Column("defect_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", "defect_generation", name=op.f("pk_hmi_suppression")),
    )
    op.create_index("ix_hmi_suppression_defect_id", "hmi_suppression", ["defect_id"])

    op.create_table(
        "hmi_verdict",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("run_generation", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("camera", sa.Text(), nullable=False),
        sa.Column("image_generation", sa.Integer()),
        sa.Column("image_id", sa.BigInteger()),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("rules_version", sa.Integer()),
        sa.Column("px_per_mm", sa.Double()),
        sa.Column("findings", JSON, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hmi_verdict")),
    )
    op.create_index(
        "ix_hmi_verdict_image_id_image_generation", "hmi_verdict", ["image_id", "image_generation"]
    )
    op.create_index(
        "ix_hmi_verdict_run_id_run_generation_current", "hmi_verdict", ["run_id", "run_generation", "current"]
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
