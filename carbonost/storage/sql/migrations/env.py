"""Run the migrations on the connection `carbonost.storage.sql.migrate` opened."""  # noqa: INP001 -- alembic runs it by path

from __future__ import annotations

from alembic import context

from carbonost.storage.sql.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=False,  # the caller's transaction holds the whole move
)
context.run_migrations()
