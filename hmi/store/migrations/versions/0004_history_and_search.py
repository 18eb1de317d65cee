"""The history of a camera by verdict and part type, and the search for any piece of a serial."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BY_TIME = "ix_hmi_image_camera_order_ms_generation_id"
BY_VERDICT = "ix_hmi_image_camera_verdict_order_ms_generation_id"
BY_PART = "ix_hmi_image_camera_part_verdict_order_ms_generation_id"
BEFORE = "ix_hmi_image_camera_order_ms"
PLACE = ["order_ms", "generation", "id"]

# Entries are never removed: what is found is looked up among the runs, and only those count.
SEARCH = 'CREATE VIRTUAL TABLE hmi_search USING fts5(serial_upper, tokenize = "trigram case_sensitive 1")'
FILL = "INSERT INTO hmi_search SELECT DISTINCT serial_upper FROM hmi_run WHERE serial_upper IS NOT NULL"
NOTE = """CREATE TRIGGER hmi_search_{event} AFTER {event} {of} ON hmi_run WHEN new.serial_upper IS NOT NULL
BEGIN
  INSERT INTO hmi_search SELECT new.serial_upper WHERE NOT EXISTS (
    SELECT 1 FROM hmi_run WHERE serial_upper = new.serial_upper
    AND NOT (generation = new.generation AND id = new.id));
END"""


def upgrade() -> None:
    op.add_column("hmi_image", sa.Column("part", sa.Text()))
    op.execute(
        "UPDATE hmi_image SET part = (SELECT part FROM hmi_run WHERE hmi_run.id = hmi_image.run_id"
        " AND hmi_run.generation = hmi_image.run_generation)"
    )
    op.drop_index(BEFORE, "hmi_image")
    op.create_index(BY_TIME, "hmi_image", ["camera", *PLACE])
    op.create_index(BY_VERDICT, "hmi_image", ["camera", "verdict", *PLACE])
    op.create_index(BY_PART, "hmi_image", ["camera", "part", "verdict", *PLACE])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(SEARCH)
        op.execute(FILL)
        op.execute(NOTE.format(event="INSERT", of=""))
        op.execute(NOTE.format(event="UPDATE", of="OF serial_upper"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER hmi_search_INSERT")
        op.execute("DROP TRIGGER hmi_search_UPDATE")
        op.execute("DROP TABLE hmi_search")
    for name in (BY_PART, BY_VERDICT, BY_TIME):
        op.drop_index(name, "hmi_image")
    op.create_index(BEFORE, "hmi_image", ["camera", "order_ms"])
    with op.batch_alter_table("hmi_image") as batch:
        batch.drop_column("part")
