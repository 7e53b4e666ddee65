"""Compressed days get the sums of their quarter-hours."""  # noqa: INP001 -- alembic runs it by path

from __future__ import annotations

from alembic import op

from carbonost.storage.meters_postgres.schema import statements

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; a day gets its sums when it is next written."""
    for statement in statements("0002.postgresql"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Remove the sums: the readings hold all of it."""
    for statement in statements("0002.down"):
        op.get_bind().exec_driver_sql(statement)
