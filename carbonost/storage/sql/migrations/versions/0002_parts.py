"""The parts of a scope's total get columns of their own."""  # noqa: INP001 -- alembic runs it by path

from __future__ import annotations

from alembic import op

from carbonost.storage.sql.schema import statements

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns and fill them from the further fields."""
    for statement in statements(f"0002.{op.get_bind().dialect.name}"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Put what they hold among the further fields and drop them."""
    for statement in statements(f"0002.{op.get_bind().dialect.name}.down"):
        op.get_bind().exec_driver_sql(statement)
