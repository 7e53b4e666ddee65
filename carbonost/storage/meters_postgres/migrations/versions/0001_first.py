"""The first schema of readings: series, both layouts, tiers, row security."""  # noqa: INP001 -- alembic runs it by path

from __future__ import annotations

from alembic import op

from carbonost.storage.meters_postgres.schema import statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Lay everything out."""
    for statement in statements("0001.postgresql"):
        op.get_bind().exec_driver_sql(statement.replace("%", "%%"))


def downgrade() -> None:
    """Remove everything."""
    for statement in statements("0001.down"):
        op.get_bind().exec_driver_sql(statement)
