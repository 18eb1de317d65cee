"""Which mark of ours a row of the plant must carry for a decision to be written there.

Entries of the outbox from before have none: they are written as they always were.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("hmi_outbox", sa.Column("expected_mark", sa.Text()))


def downgrade() -> None:
    op.drop_column("hmi_outbox", "expected_mark")
