"""The tables of the embedded meter store, and what opening one does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carbonost.errors import SchemaOutdatedError

if TYPE_CHECKING:
    import sqlite3

VERSION: Final = 2
_OLDER: Final = (
    "Nothing in it was changed. With the carbonost that wrote it, carbonost.storage.export.export_parquet"
    " saves its readings; with this one, meters.write(pandas.read_parquet(folder)) puts them into a new file."
)
_NEWER: Final = "A newer carbonost wrote it: pip install --upgrade carbonost."
_APPLICATION: Final = 0x6342_6F73  # "cBos": tells our file from another SQLite file

_SCHEMA: Final = """
create table if not exists series (
    id integer primary key, point text not null unique, energy_type text not null, unit text not null,
    tags text not null
);
create table if not exists head (
    id integer primary key, first integer not null, last integer not null, count integer not null,
    data blob not null, status text
);
create index if not exists head_time on head (last, first, count);
create table if not exists chunk ( -- a rowid table: WITHOUT ROWID would spill the blobs
    series integer not null, day integer not null, count integer not null, first integer not null,
    last integer not null, step integer not null, scale integer not null, width integer not null,
    base integer not null, extra blob, data blob not null, primary key (series, day)
);
create table if not exists rollup (
    series integer not null, day integer not null, scale integer not null, data blob not null,
    primary key (series, day)
);
create table if not exists rolled ( -- stamps whose values live on in a tier only
    series integer not null, day integer not null, count integer not null, first integer not null,
    last integer not null, step integer not null, data blob not null, primary key (series, day)
);
create table if not exists tier (
    series integer not null, level integer not null, start integer not null, first integer not null,
    until integer not null, count integer not null, total real not null, low real not null, high real not null,
    primary key (series, level, start)
) without rowid;
create table if not exists meta (name text primary key, value) without rowid;
insert or ignore into meta values ('newest', -9223372036854775808); -- no chunk reaches beyond it
"""


def prepare(db: sqlite3.Connection, target: str, *, write: bool = True) -> None:
    """Set the file up, or check that it is one of ours and of this version; without `write` only check.

    Raises
    ------
    SchemaOutdatedError
        If another version wrote it.
    """
    if write:
        db.execute("pragma page_size = 16384")  # several days of a series fit a page
        db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = full")
    db.execute("pragma wal_autocheckpoint = 256")  # 4 MB: a log written over is synced sooner than one that grows
    db.execute("pragma journal_size_limit = 67108864")
    db.execute("pragma cache_size = -32768")
    found = db.execute("pragma user_version").fetchone()[0]
    mine = db.execute("pragma application_id").fetchone()[0]
    if found == VERSION and mine == _APPLICATION:
        return
    tables = db.execute("select count(*) from sqlite_master").fetchone()[0]
    if not found and not mine and (tables or not write):
        raise SchemaOutdatedError(
            "other tables than readings stand in this file",
            "url",
            target,
            "Give the readings a file of their own, e.g. sqlite:///meters.db.",
            target=target,
        )
    if tables and (found != VERSION or mine not in (0, _APPLICATION)):
        raise SchemaOutdatedError(
            f"the file has version {found}, this carbonost reads {VERSION}",
            "version",
            found,
            _NEWER if found > VERSION else _OLDER,
            target=target,
        )
    db.execute("begin immediate")
    for statement in _SCHEMA.split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"pragma application_id = {_APPLICATION}")
    db.execute(f"pragma user_version = {VERSION}")
    db.execute("commit")
