"""Laying out and checking the schema; its statements stand in ``migrations/*.sql``, frozen once released.

A test holds them against `carbonost.storage.sql.tables`, so that neither changes alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from carbonost.errors import InvalidDataError, NotFoundError, SchemaOutdatedError

REVISIONS: Final = ("0001", "0002")
"""Every migration, oldest first."""

REVISION: Final = REVISIONS[-1]
"""The one this code is written for."""

SETTING: Final = "carbonost.org_id"
"""The PostgreSQL setting that names the tenant of a transaction."""

_PLACE: Final = Path(__file__).parent / "migrations"
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,50}")


def checked(name: object) -> str:
    """Return the name of a PostgreSQL schema that needs no quotes, or refuse it."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidDataError("a schema is a plain lower-case name", "schema", name)
    return name


def statements(name: str) -> list[str]:
    """Return the statements of one migration file."""
    return read_statements(_PLACE / f"{name}.sql")


def read_statements(path: Path) -> list[str]:
    """Return the statements of a file; each ends with a double semicolon."""
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if not line.startswith("--")]
    return [part.strip() for part in "\n".join(lines).split(";;") if part.strip()]


def lay_out(engine: sa.Engine) -> None:
    """Create everything in an empty database and note its revision; do nothing where it stands.

    Several processes may do this at once: one wins, the others wait and find it done.
    """
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text("select pg_advisory_xact_lock(727201)"))
        if revision_of(connection) is not None or _has_tables(connection):
            return
        ensure(connection)
        for number in REVISIONS:
            for statement in statements(f"{number}.{engine.dialect.name}"):
                connection.exec_driver_sql(statement)
        connection.exec_driver_sql("create table alembic_version (version_num varchar(32) not null primary key)")
        connection.execute(sa.text("insert into alembic_version values (:revision)"), {"revision": REVISION})


def ensure(connection: sa.Connection) -> None:
    """Make the schema that the connection's search path names, where it is missing."""
    if connection.dialect.name != "postgresql":
        return
    if connection.execute(sa.text("select current_schema()")).scalar() is None:
        name = checked(connection.execute(sa.text("show search_path")).scalar())
        connection.exec_driver_sql(f"create schema if not exists {name}")


def revision_of(connection: sa.Connection, table: str = "alembic_version") -> str | None:
    """Return the revision a database was laid out by, or None; another port has another `table`."""
    if not sa.inspect(connection).has_table(table):
        return None
    found = connection.execute(sa.text(f"select version_num from {table}")).scalar()  # noqa: S608 -- a constant
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
