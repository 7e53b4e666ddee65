"""Objects in a folder: blobs named by their SHA-256, and a small SQLite index of keys.

A put streams to a temporary file, syncs it, renames it to its content's name, then commits the
index. Whatever dies in between leaves at worst a blob without a key, which `sweep` removes. Many
processes may use one folder.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, Self

from carbonost.errors import (
    AlreadyExistsError,
    ClosedError,
    IntegrityError,
    NaiveTimestampError,
    NotFoundError,
    PermissionDeniedError,
    ReadOnlyError,
    StorageError,
    StorageFullError,
    Unsupported,
)
from carbonost.storage.address import directory_of
from carbonost.storage.keys import blocks, check_key, check_limit, check_metadata, check_prefix, check_range
from carbonost.storage.ports import ObjectInfo
from carbonost.storage.sqlite_faults import sqlite_faults
from carbonost.storage.sqlite_place import SqlitePlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Page = Callable[[str, str | None, int], Sequence[ObjectInfo]]

_PAGE: Final = 1000
_SCHEMA: Final = """
create table if not exists object (
    key text primary key, sha256 text not null, size integer not null, content_type text,
    metadata text not null, modified text not null, retain_until text
) without rowid;
create index if not exists object_sha256 on object (sha256);
"""
_COLUMNS: Final = "key, size, sha256, content_type, metadata, modified, retain_until"


def open_store(url: str, *, create: bool = True, timeout_s: float = 30.0) -> FileObjectStore:
    """Open the folder a ``file:`` address names."""
    return FileObjectStore(directory_of(url), create=create, timeout_s=timeout_s)


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """Yield the address of a folder of its own inside the one named."""
    root = directory_of(url)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".carbonost-verify-", dir=root.absolute()) as name:
        yield f"file://{name}"


@contextmanager
def _disk_faults(target: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFullError("the disk is full", remedy="Free space and put again.", target=target) from exc
        if exc.errno == errno.EROFS:
            remedy = "Mount it for writing."
            raise ReadOnlyError("the disk is mounted read-only", remedy=remedy, target=target) from exc
        if exc.errno in (errno.EACCES, errno.EPERM):
            raise PermissionDeniedError(
                "the folder cannot be used", remedy="Check its permissions.", target=target
            ) from exc
        raise StorageError(f"the folder failed: {exc}", target=target) from exc


class FileObjectStore:
    """An `ObjectStore` in a folder.

    Parameters
    ----------
    root : Path
        The folder; it holds ``blobs/`` and ``index.db``.
    create : bool
        Make it where it does not exist.
    timeout_s : float [s]
        How long another writer is waited for.
    """

    capabilities = frozenset({"if_absent", "retain_until", "nested_keys", "multi_process", "sweep"})

    def __init__(self, root: Path, *, create: bool = True, timeout_s: float = 30.0) -> None:
        self._root = root.absolute()
        self._target = f"file://{self._root}"
        self._lock = threading.RLock()
        self._closed = False
        if not create and not (self._root / "index.db").exists():
            raise NotFoundError("no object store stands there", "url", self._target, "Open it with create=True.")
        with _disk_faults(self._target), sqlite_faults(self._target):
            index = self._root / "index.db"
            if not index.exists():
                self._root.mkdir(parents=True, exist_ok=True)
            self._place = SqlitePlace(str(index), self._target, timeout_s)
            self._db = self._place.connect()
            if self._place.writable:
                (self._root / "blobs").mkdir(exist_ok=True)  # copies lose it where it was empty
                self._db.execute("pragma journal_mode = wal")
                self._db.execute("pragma synchronous = full")
                self._db.executescript(_SCHEMA)

    def put(
        self,
        key: str,
        data: bytes | BinaryIO,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        if_absent: bool = False,
        retain_until: datetime | None = None,
    ) -> ObjectInfo:
        """Store bytes or a binary stream under `key`; on return they are on the disk.

        Raises
        ------
        AlreadyExistsError
            With ``if_absent=True``, where something is stored already.
        PermissionDeniedError
            If the present object is retained.
        """
        check_key(key)
        if retain_until is not None and retain_until.tzinfo is None:
            raise NaiveTimestampError("retain_until has no zone", "retain_until", retain_until, "Pass an aware one.")
        held = check_metadata(metadata)
        with self._open(), _disk_faults(self._target):
            temporary, sha256, size = self._spool(data)
            try:
                with self._transaction():
                    self._guard(key, if_absent=if_absent)
                    self._keep(temporary, sha256)
                    info = ObjectInfo(key, size, sha256, content_type, held, datetime.now(UTC), retain_until)
                    self._db.execute(f"insert or replace into object ({_COLUMNS}) values (?,?,?,?,?,?,?)", _row(info))  # noqa: S608
            finally:
                temporary.unlink(missing_ok=True)
        return info

    def get(self, key: str, range: tuple[int, int] | None = None) -> bytes:  # noqa: A002
        """Return the bytes, or those of the half-open range.

        Raises
        ------
        IntegrityError
            If the bytes on the disk are not those that were put.
        """
        if range is not None:
            check_range(range)
        for _ in (1, 2):  # between index and blob another process may have replaced the object
            info = self.stat(key)
            try:
                return self._read(info, range)
            except FileNotFoundError:
                continue
        raise IntegrityError(
            "the bytes of this object are gone", "key", key, "Restore the folder.", target=self._target
        )

    def stat(self, key: str) -> ObjectInfo:
        """Return what is known of the object."""
        check_key(key)
        with self._open():
            row = self._db.execute(f"select {_COLUMNS} from object where key = ?", (key,)).fetchone()  # noqa: S608
        if row is None:
            raise NotFoundError("nothing is stored under this key", "key", key, target=self._target)
        return _info(row)

    def list(self, prefix: str = "", start_after: str | None = None, limit: int | None = None) -> Iterator[ObjectInfo]:
        """Iterate objects whose key starts with `prefix`, in key order."""
        check_prefix(prefix)
        return _pages(self._page, prefix, start_after, check_limit(limit))

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""
        check_key(key)
        with self._open(), _disk_faults(self._target):
            with self._transaction():
                self._guard(key, if_absent=False)
                gone = self._db.execute("delete from object where key = ? returning sha256", (key,)).fetchall()
            for (sha256,) in gone:
                with self._transaction():
                    self._collect(sha256)

    def presign(self, key: str, method: Literal["GET", "PUT"], expires_s: int) -> str:  # noqa: ARG002
        """Refuse: a folder has no address to give away."""
        raise Unsupported("a folder cannot presign", remedy="Use an S3 store.", capability="presign")

    def sweep(self) -> int:
        """Remove blobs no key names (a put that died half-way); return how many."""
        removed = 0
        with self._open(), _disk_faults(self._target), self._transaction():
            for path in sorted((self._root / "blobs").glob("*/*")):
                removed += self._collect(path.name)
        return removed

    def close(self) -> None:
        """Close the index; a second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @contextmanager
    def _open(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise ClosedError("the store is closed", target=self._target)
            with self._place.steady(), sqlite_faults(self._target):
                if not self._place.writable:
                    self._db.close()
                    self._db = self._place.connect()
                yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._place.check_writable()
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def _spool(self, data: bytes | BinaryIO) -> tuple[Path, str, int]:
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(prefix=".put-", dir=self._root)
        try:
            with os.fdopen(handle, "wb") as file:
                for block in blocks(data):
                    digest.update(block)
                    size += len(block)
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            Path(name).unlink()
            raise
        return Path(name), digest.hexdigest(), size

    def _guard(self, key: str, *, if_absent: bool) -> None:
        row = self._db.execute("select retain_until from object where key = ?", (key,)).fetchone()
        if row is None:
            return
        if if_absent:
            raise AlreadyExistsError("something is stored under this key", "key", key, target=self._target)
        if row[0] is not None and datetime.fromisoformat(row[0]) > datetime.now(UTC):
            raise PermissionDeniedError(f"this object is retained until {row[0]}", "key", key, target=self._target)

    def _keep(self, temporary: Path, sha256: str) -> None:
        blob = self._blob(sha256)
        if blob.exists():
            return
        if not blob.parent.exists():
            blob.parent.mkdir()
            _sync(blob.parent.parent)
        temporary.replace(blob)
        _sync(blob.parent)

    def _collect(self, sha256: str) -> int:
        if self._db.execute("select 1 from object where sha256 = ? limit 1", (sha256,)).fetchone():
            return 0
        with suppress(FileNotFoundError):
            self._blob(sha256).unlink()
            return 1
        return 0

    def _blob(self, sha256: str) -> Path:
        return self._root / "blobs" / sha256[:2] / sha256

    def _read(self, info: ObjectInfo, span: tuple[int, int] | None) -> bytes:
        with _file_faults(self._target), self._blob(info.sha256).open("rb") as file:
            if span is not None:
                first, end = span
                file.seek(first)
                return file.read(max(0, end - first))
            content = file.read()
        if hashlib.sha256(content).hexdigest() != info.sha256:
            raise IntegrityError(
                "the stored bytes do not match their hash", "key", info.key, "Restore it.", target=self._target
            )
        return content

    def _page(self, prefix: str, after: str | None, size: int) -> Sequence[ObjectInfo]:
        with self._open():
            rows = self._db.execute(
                f"select {_COLUMNS} from object where key >= ? and key > ? and substr(key, 1, ?) = ?"  # noqa: S608
                " order by key limit ?",
                (prefix, after or "", len(prefix), prefix, size),
            ).fetchall()
        return [_info(row) for row in rows]


@contextmanager
def _file_faults(target: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise StorageError(f"the folder failed: {exc}", target=target) from exc


def _pages(page: Page, prefix: str, start_after: str | None, limit: int | None) -> Iterator[ObjectInfo]:
    left = limit
    after = start_after
    while left is None or left > 0:
        size = _PAGE if left is None else min(left, _PAGE)
        found = page(prefix, after, size)
        yield from found
        if len(found) < size:
            return
        after = found[-1].key
        left = None if left is None else left - len(found)


def _row(info: ObjectInfo) -> tuple[object, ...]:
    retained = info.retain_until.astimezone(UTC).isoformat() if info.retain_until else None
    modified = info.modified.isoformat() if info.modified else None
    return info.key, info.size, info.sha256, info.content_type, json.dumps(dict(info.metadata)), modified, retained


def _info(row: tuple[str, int, str, str | None, str, str, str | None]) -> ObjectInfo:
    key, size, sha256, content_type, metadata, modified, retained = row
    return ObjectInfo(
        key,
        size,
        sha256,
        content_type,
        json.loads(metadata),
        datetime.fromisoformat(modified),
        datetime.fromisoformat(retained) if retained else None,
    )


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
