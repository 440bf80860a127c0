"""What Alembic runs: the steps, on the connection that it is handed, in that connection's transaction."""

from alembic import context

from rabisco.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a column by copying its table
    transactional_ddl=False,  # the caller's transaction holds all steps
)
context.run_migrations()
