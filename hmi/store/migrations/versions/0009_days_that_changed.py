"""How often the counts of each day changed: what was summed of other days can be kept."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Empty: nothing of a process that ran before is kept."""
    op.create_table(
        "hmi_count_day",
        sa.Column("start", BIG_ID, autoincrement=False, nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("start", name=op.f("pk_hmi_count_day")),
    )


def downgrade() -> None:
    op.drop_table("hmi_count_day")
