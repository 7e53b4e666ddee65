"""The first schema: every table of the specification, the audit log, the outbox, row security."""  # noqa: INP001 -- alembic runs it by path

from __future__ import annotations

from alembic import op

from carbonost.storage.sql.schema import statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Lay everything out."""
    for statement in statements(f"0001.{op.get_bind().dialect.name}"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Remove everything."""
    for statement in statements("0001.down"):
        op.get_bind().exec_driver_sql(statement)
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql("drop function audit_log_append_only")
