"""PostgreSQL finds the serials that hold a piece by an index, as SQLite does: their runs of three characters.

An index on an array needs no extension. On a store with a million parts it takes a minute or two to build.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Its functions are the catalogue's own, whatever the search path of who inserts.
PIECES = """CREATE FUNCTION hmi_pieces(said text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT ARRAY(SELECT DISTINCT pg_catalog.substr(said, place, 3)
    FROM pg_catalog.generate_series(1, pg_catalog.length(said) - 2) AS place)
$$"""
INDEX = "CREATE INDEX ix_hmi_run_pieces ON hmi_run USING gin (hmi_pieces(serial_upper))"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(PIECES)
    op.execute(INDEX)


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP INDEX ix_hmi_run_pieces")
    op.execute("DROP FUNCTION hmi_pieces(text)")
