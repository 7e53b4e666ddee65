"""SQLite's exceptions in our words, for the adapters that speak to it directly."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from carbonost.errors import (
    IntegrityError,
    PermissionDeniedError,
    ReadOnlyError,
    StorageError,
    StorageFullError,
    StorageTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def translate(exc: sqlite3.Error, target: str) -> StorageError:
    """Return the error of ours that says what `exc` says."""
    code = getattr(exc, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    match primary:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StorageTimeout(
                "the file stayed locked by another writer", remedy="Try again, or raise timeout_s.", target=target
            )
        case sqlite3.SQLITE_FULL:
            return StorageFullError("the disk is full", remedy="Free space and write again.", target=target)
        case sqlite3.SQLITE_READONLY:
            return ReadOnlyError("the file cannot be written", remedy="Check its permissions.", target=target)
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return IntegrityError("the file is damaged or no store", remedy="Restore it from a copy.", target=target)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return PermissionDeniedError(
                "the file cannot be opened", remedy="Check that its folder exists and can be written.", target=target
            )
        case _:
            return StorageError(f"the store failed: {exc}", target=target)


@contextmanager
def sqlite_faults(target: str) -> Iterator[None]:
    """Raise SQLite's errors inside the block as ours."""
    try:
        yield
    except sqlite3.Error as exc:
        raise translate(exc, target) from exc
