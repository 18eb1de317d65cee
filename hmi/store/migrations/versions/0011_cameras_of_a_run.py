"""Which cameras a run was judged by: those of its time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Empty: a run of before is judged by the cameras of today until it is judged again."""
    op.add_column("hmi_run", sa.Column("expected", JSON))


def downgrade() -> None:
    op.drop_column("hmi_run", "expected")
