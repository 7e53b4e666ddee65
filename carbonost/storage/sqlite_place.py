"""A SQLite file: written where it may be, and read where it may only be read.

SQLite writes beside its file even to read it, a log and an index of the log. Where this user or this
disk may not, the file is read all the same, by this rule:

1. No log beside it (``-wal``, ``-journal``): nobody has it open, and all of it stands in the file,
   which is read as it is. Should somebody who may write it begin to, the transaction that was under
   way is refused as `TransientError`, and the next one reads what is there then.
2. A log and its index (``-shm``): somebody is writing. SQLite reads both.
3. A log without its index: what it holds was never brought home, and without it acknowledged data
   would be missing. `ReadOnlyError` says what to copy where.

A log stands beside the file itself: where its name is a link, beside what the link leads to.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carbonost.errors import PermissionDeniedError, ReadOnlyError, TransientError
from carbonost.storage.address import MEMORY

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGS: Final = ("-wal", "-journal")
_NOT_HOME: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
_MOMENT_S: Final = 0.05


class SqlitePlace:
    """Where a store's file stands.

    Parameters
    ----------
    path : str
        The file, or ``":memory:"``.
    target : str
        What messages call it.
    timeout_s : float [s]
        How long another writer is waited for.

    Raises
    ------
    ReadOnlyError, PermissionDeniedError
        If there is no file and none can be made, or it cannot be read either.
    """

    def __init__(self, path: str, target: str, timeout_s: float = 30.0) -> None:
        self._path = Path(path) if path == MEMORY else Path(os.path.realpath(path))
        self._target, self._timeout_s = target, timeout_s
        self._opened = threading.local()
        self.writable = path == MEMORY or self._may(os.W_OK)
        if not self.writable and not (self._path.exists() and _allowed(self._path, os.R_OK)):
            self.check_writable()

    def check_writable(self) -> None:
        """Refuse a write to a file that is only read.

        Raises
        ------
        ReadOnlyError
            If the disk is mounted read-only.
        PermissionDeniedError
            If this user may not write the file, or in its folder.
        """
        if self.writable:
            return
        place = self._path if self._path.exists() and not _allowed(self._path, os.W_OK) else self._path.parent
        if hasattr(os, "statvfs") and os.statvfs(place).f_flag & os.ST_RDONLY:
            remedy = "Mount it for writing, or copy the file to a disk that can be written."
            raise ReadOnlyError("the disk is mounted read-only", "url", self._target, remedy, target=self._target)
        what = "the file" if place == self._path else "its folder"
        problem, remedy = f"this user may not write {what}", "Change its permissions, or its owner, and open it again."
        raise PermissionDeniedError(problem, "url", self._target, remedy, target=self._target)

    def connect(self, *, again: bool = True) -> sqlite3.Connection:
        """Open the file; without transactions of Python's own, and for any thread.

        Parameters
        ----------
        again : bool
            Whether a log that cannot be read is looked at once more: a writer that begins or ends has one
            without its index, for a moment.

        Raises
        ------
        ReadOnlyError
            If it can only be read, and a log beside it cannot.
        """
        if self.writable:
            return self._open(str(self._path))
        try:
            return self._read()
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF not in _NOT_HOME:
                raise
            if again:
                time.sleep(_MOMENT_S)
                return self.connect(again=False)
            logs = self._logs()
            if not logs:
                raise
            problem = "the file can only be read, and a log beside it was never brought home"
            remedy = f"Copy {' and '.join([self._path.name, *logs])} to a disk that can be written; open it there."
            raise ReadOnlyError(problem, "url", self._target, remedy, target=self._target) from exc

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Hold a transaction with its own connection together: the file that is only read must not change meanwhile.

        Raises
        ------
        TransientError
            If it did.
        """
        if self.writable:
            yield
            return
        self._opened.state = before = self._state()
        try:
            yield
        except Exception as exc:
            if {before, self._opened.state} != {self._state()}:
                raise self._changed() from exc
            raise
        if self._opened.state not in ((), self._state()):
            raise self._changed()

    def _may(self, mode: int) -> bool:
        return all(_allowed(place, mode) for place in (self._path.parent, self._path) if place.exists())

    def _read(self) -> sqlite3.Connection:
        """Open the file by the rule; SQLite looks at it only when it is asked something."""
        self._opened.state = self._state()
        db = self._open(f"{self._path.as_uri()}?mode=ro{'&immutable=1' if self._opened.state else ''}")
        try:
            db.execute("select count(*) from sqlite_master").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _open(self, name: str) -> sqlite3.Connection:
        uri = name.startswith("file:")
        return sqlite3.connect(name, timeout=self._timeout_s, isolation_level=None, check_same_thread=False, uri=uri)

    def _logs(self) -> list[str]:
        """Names of the logs beside the file."""
        return [name for log in _LOGS if self._path.with_name(name := self._path.name + log).exists()]

    def _state(self) -> tuple[int, ...]:
        """What tells a file from itself after a change; nothing where a log stands, which SQLite follows."""
        if self._logs() or not self._path.exists():
            return ()
        found = self._path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _changed(self) -> TransientError:
        return TransientError("the file was changed while it was read", remedy="Read again.", target=self._target)


def _allowed(place: Path, mode: int) -> bool:
    return os.access(place, mode, effective_ids=os.access in os.supports_effective_ids)
