"""Alembic's entry: runs on the connection that it is given."""

from alembic import context

from runyard.db.base import Base, is_told, tell_postgresql

tell_postgresql(Base.metadata)
connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    include_object=lambda item, *_: is_told(connection.dialect.name, item),
    target_metadata=Base.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
