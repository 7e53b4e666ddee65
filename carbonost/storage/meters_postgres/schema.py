"""The tables of the readings, laid out once and versioned; statements stand in ``migrations/*.sql``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from carbonost.errors import InvalidDataError, SchemaOutdatedError
from carbonost.storage.sql.schema import read_statements

REVISIONS: Final = ("0001", "0002")
"""Every migration, oldest first."""

REVISION: Final = REVISIONS[-1]
"""The one this code is written for."""

VERSION_TABLE: Final = "meter_version"
"""Where the revision stands, apart from that of the records."""

LAYOUTS: Final = ("rows", "chunk")
PLACE: Final = Path(__file__).parent / "migrations"
_TURN: Final = "select pg_advisory_xact_lock(727202)"


def statements(name: str) -> list[str]:
    """Return the statements of one migration file."""
    return read_statements(PLACE / f"{name}.sql")


def lay_out(cursor: Any, name: str, layout: str | None, target: str) -> str:
    """Lay the tables out in a schema where they are missing, and return how the readings stand.

    Raises
    ------
    SchemaOutdatedError
        If another version laid them out.
    InvalidDataError
        If readings stand there in another layout than the one asked for.
    """
    found = _revision(cursor)
    if found is None:
        cursor.execute(_TURN)  # of several processes one lays out, the others wait and find it done
        found = _revision(cursor)
    if found is None:
        _create(cursor, name, layout or LAYOUTS[0])
    elif found != REVISION:
        raise SchemaOutdatedError(
            f"the readings are at revision {found or 'none'}, this version needs {REVISION}",
            "revision",
            found,
            "Run: carbonost db upgrade URL (or install the version the readings were written by).",
            target=target,
        )
    cursor.execute("select value from meter_meta where name = 'layout'")
    row = cursor.fetchone()
    if row is None:  # laid out by a migration, nothing written yet
        cursor.execute("insert into meter_meta values ('layout', %s)", (layout or LAYOUTS[0],))
        return layout or LAYOUTS[0]
    if layout not in (None, row[0]):
        raise InvalidDataError(
            f"readings stand there in layout {row[0]!r}",
            "layout",
            layout,
            "Leave ?layout= out, or name another ?schema= and copy them over.",
            target=target,
        )
    return str(row[0])


def _create(cursor: Any, name: str, layout: str) -> None:
    if name != "public":
        cursor.execute(f"create schema if not exists {name}")
    for number in REVISIONS:
        for statement in statements(f"{number}.postgresql"):
            cursor.execute(statement)
    cursor.execute(f"create table {VERSION_TABLE} (version_num varchar(32) not null primary key)")
    cursor.execute(f"insert into {VERSION_TABLE} values (%s)", (REVISION,))  # noqa: S608 -- a constant
    cursor.execute("insert into meter_meta values ('layout', %s)", (layout,))


def _revision(cursor: Any) -> str | None:
    """Return the revision; empty where tables stand without one, None where nothing stands."""
    cursor.execute("select to_regclass(%s) is not null, to_regclass('meter_series') is not null", (VERSION_TABLE,))
    versioned, laid_out = cursor.fetchone()
    if versioned:
        cursor.execute(f"select version_num from {VERSION_TABLE}")  # noqa: S608 -- a constant
        row = cursor.fetchone()
        if row is not None:
            return str(row[0])
    return "" if laid_out else None
