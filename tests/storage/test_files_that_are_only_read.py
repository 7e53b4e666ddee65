"""A file that is only read must not change under a reader; disks and users really without rights stand in faults/."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from carbonost.errors import StorageError, TransientError
from carbonost.storage import open_meters, open_objects
from carbonost.storage.conformance.kit import readings
from carbonost.storage.sqlite_place import SqlitePlace

ALWAYS = ("1970-01-01T00:00Z", "2100-01-01T00:00Z")


@pytest.fixture
def path(tmp_path):
    with closing(open_meters(tmp_path / "a file?#%.db")) as store:
        store.write(readings("m"))
    return tmp_path / "a file?#%.db"


@pytest.fixture
def reader(path, monkeypatch):
    monkeypatch.setattr(SqlitePlace, "_may", lambda *_: False)
    with closing(open_meters(path)) as store:
        monkeypatch.undo()
        yield store


def more(path, year):
    with closing(open_meters(path)) as writer:
        writer.write(readings("m", start=f"{year}-01-01T00:00Z"))


def test_what_others_wrote_between_two_reads_is_read(path, reader):
    for year in (2025, 2026):
        before = len(reader.read("m", *ALWAYS))
        more(path, year)
        assert len(reader.read("m", *ALWAYS)) == before + 3
    assert not path.with_name(path.name + "-wal").exists()  # a reader leaves nothing beside the file


def test_a_read_whose_file_changes_meanwhile_is_refused_and_can_be_repeated(path, reader):
    with pytest.raises(TransientError, match="changed while it was read") as caught, reader._transaction():
        more(path, 2025)
    assert caught.value.retryable
    with pytest.raises(TransientError):
        fail_in(reader, lambda: more(path, 2026))  # whatever a torn file makes SQLite say
    with pytest.raises(StorageError, match="no such column"):
        fail_in(reader, lambda: None)
    assert len(reader.read("m", *ALWAYS)) == 9


def test_a_log_stands_beside_what_a_link_leads_to(path, tmp_path, monkeypatch):
    """SQLite keeps it there; looked for beside the link, what it holds would be missing."""
    link = tmp_path / "links" / "park.db"
    link.parent.mkdir()
    link.symlink_to(path)
    with closing(open_meters(link)) as writer:
        writer.write(readings("m", start="2025-01-01T00:00Z"))
        monkeypatch.setattr(SqlitePlace, "_may", lambda *_: False)
        with closing(open_meters(link)) as store:
            assert len(store.read("m", *ALWAYS)) == 6


def test_a_log_that_comes_and_goes_between_two_looks_does_not_hide_a_change(path, reader, monkeypatch):
    """One writer ends, the file is opened, and the next one begins."""
    log = path.with_name(path.name + "-wal")
    log.touch()
    opened = SqlitePlace.connect

    def connect(place):
        log.unlink(missing_ok=True)
        db = opened(place)
        with closing(sqlite3.connect(path)) as writer:
            writer.execute("create table more (x)")
        log.touch()
        return db

    monkeypatch.setattr(SqlitePlace, "connect", connect)
    with pytest.raises(TransientError, match="changed while it was read"):
        reader.read("m", *ALWAYS)


def test_a_log_without_its_index_for_a_moment_is_no_reason_to_refuse(path, monkeypatch):
    """As beside a writer that begins or ends."""
    read, seen = SqlitePlace._read, []

    def first_in_between(place):
        seen.append(place)
        if len(seen) > 1:
            return read(place)
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    monkeypatch.setattr(SqlitePlace, "_may", lambda *_: False)
    monkeypatch.setattr(SqlitePlace, "_read", first_in_between)
    with closing(open_meters(path)) as store:
        assert len(store.read("m", *ALWAYS)) == 3


def test_a_folder_of_objects_whose_copy_lost_what_was_empty_takes_objects(tmp_path):
    url = f"file://{tmp_path}/objects"
    open_objects(url).close()
    (tmp_path / "objects" / "blobs").rmdir()
    with closing(open_objects(url)) as store:
        store.put("a", b"1")
        assert store.get("a") == b"1"


def fail_in(store, call):
    with store._transaction() as db:
        call()
        db.execute("select nonsense")
