"""Laying out and checking the schema: tables, the triggers that keep the audit log, row security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from carbonost.errors import NotFoundError, SchemaOutdatedError
from carbonost.storage.sql.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

REVISION: Final = "0001"
"""The migration this code is written for."""

SETTING: Final = "carbonost.org_id"
"""The PostgreSQL setting that names the tenant of a transaction."""

_SQLITE_AUDIT: Final = (
    """create trigger audit_log_kept before delete on audit_log
    begin select raise(abort, 'the audit log is append-only'); end""",
    """create trigger audit_log_unchanged before update on audit_log
    when new.body is not null or new.seq is not old.seq or new.id is not old.id or new.hash is not old.hash
      or new.body_hash is not old.body_hash or new.recorded_at is not old.recorded_at or new.seal is not old.seal
      or new.org_id is not old.org_id
    begin select raise(abort, 'the audit log is append-only'); end""",
)
_POSTGRES_AUDIT: Final = (
    """create function audit_log_append_only() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' then
        if new.body is null and (new.org_id, new.seq, new.id, new.body_hash, new.hash, new.recorded_at, new.seal)
          is not distinct from (old.org_id, old.seq, old.id, old.body_hash, old.hash, old.recorded_at, old.seal)
        then return new; end if;
      end if;
      raise exception 'the audit log is append-only' using errcode = '42501';
    end $$""",
    """create trigger audit_log_kept before update or delete on audit_log
    for each row execute function audit_log_append_only()""",
)


def extra_ddl(dialect: str) -> Iterator[str]:
    """Yield what tables alone do not say: append-only triggers, and row security on PostgreSQL."""
    if dialect == "sqlite":
        yield from _SQLITE_AUDIT
        return
    yield from _POSTGRES_AUDIT
    for name in sorted(metadata.tables):
        yield f"alter table {name} enable row level security"
        yield f"alter table {name} force row level security"
        mine = f"org_id = current_setting('{SETTING}', true)"
        yield f"create policy tenant on {name} using ({mine}) with check ({mine})"


def lay_out(engine: sa.Engine) -> None:
    """Create everything in an empty database and note its revision; do nothing where it stands.

    Several processes may do this at once: one wins, the others wait and find it done.
    """
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(727201)"))
        if revision_of(connection) is not None or _has_tables(connection):
            return
        metadata.create_all(connection)
        for statement in extra_ddl(engine.dialect.name):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("create table alembic_version (version_num varchar(32) not null primary key)")
        connection.execute(sa.text("insert into alembic_version values (:revision)"), {"revision": REVISION})


def revision_of(connection: sa.Connection) -> str | None:
    """Return the revision a database was laid out by, or None."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("select version_num from alembic_version")).scalar()
    return str(found) if found is not None else None


def _has_tables(connection: sa.Connection) -> bool:
    return bool({"audit_log", "carbon_emissions"} & set(sa.inspect(connection).get_table_names()))


def check(engine: sa.Engine, target: str) -> None:
    """Refuse a database of another revision.

    Raises
    ------
    SchemaOutdatedError
        If it was laid out by an older or newer version.
    NotFoundError
        If nothing is laid out.
    """
    with engine.connect() as connection:
        found = revision_of(connection)
        if found is None and not _has_tables(connection):
            raise NotFoundError("no records are laid out there", remedy="Open it with create=True.", target=target)
    if found != REVISION:
        raise SchemaOutdatedError(
            f"the database is at revision {found}, this version needs {REVISION}",
            "revision",
            found,
            "Run: carbonost db upgrade URL (or install the version the database was written by).",
            target=target,
        )
