"""Runs the migrations on the connection that `hmi.store.migrate` opened."""

from alembic import context

from hmi.store.migrate import VERSION_TABLE
from hmi.store.tables import TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TABLES,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
