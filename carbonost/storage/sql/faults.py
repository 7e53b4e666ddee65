"""SQLAlchemy's and the drivers' exceptions in our words."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from carbonost.errors import (
    AlreadyExistsError,
    AuthError,
    ClosedError,
    ConcurrencyConflict,
    InvalidDataError,
    NotFoundError,
    PermissionDeniedError,
    ReadOnlyError,
    SchemaOutdatedError,
    StorageError,
    StorageFullError,
    StorageTimeout,
    TransientError,
)
from carbonost.storage.sqlite_faults import translate as translate_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATES: Final[dict[str, tuple[type[StorageError], str]]] = {
    "no TLS": (StorageError, "the address requires TLS, which the server does not offer"),
    "no trust": (AuthError, "the certificate of the server was not accepted"),
    "23505": (AlreadyExistsError, "another record already has this value"),
    "23503": (InvalidDataError, "the record refers to one that does not exist"),
    "23502": (InvalidDataError, "a required field is missing"),
    "23514": (InvalidDataError, "a field has a value outside its choices"),
    "22003": (InvalidDataError, "a number is out of range"),
    "54000": (InvalidDataError, "a text is too long for an index of the database"),
    "22021": (InvalidDataError, "a text holds a character the database cannot store"),
    "22P05": (InvalidDataError, "a text holds a character the database cannot store"),
    "28P01": (AuthError, "the database refused user or password"),
    "28000": (AuthError, "the database lets this user in from here not at all, or only by TLS"),
    "42501": (PermissionDeniedError, "the user may not do this"),
    "53100": (StorageFullError, "the disk of the database is full"),
    "25006": (ReadOnlyError, "the database cannot be written"),
    "57014": (StorageTimeout, "the database did not answer in time"),
    "55P03": (StorageTimeout, "a lock was not free in time"),
    "40001": (TransientError, "another transaction came first"),
    "40P01": (TransientError, "two transactions waited for each other"),
    "3D000": (NotFoundError, "the database does not exist"),
    "3F000": (NotFoundError, "the schema does not exist"),
    "42P01": (SchemaOutdatedError, "a table is missing"),
    "42703": (SchemaOutdatedError, "a column is missing"),
}
_REFUSALS: Final = (
    (("password authentication failed",), "28P01"),
    (("no password supplied",), "28P01"),
    (("role", "does not exist"), "28P01"),
    (("pg_hba.conf",), "28000"),
    (("database", "does not exist"), "3D000"),
    (("does not support ssl",), "no TLS"),
    (("certificate",), "no trust"),
)
"""What a server says when it lets nobody in."""

_REMEDY: Final[dict[type[StorageError], str]] = {
    TransientError: "Try again.",
    SchemaOutdatedError: "Run: carbonost db upgrade URL.",
    AuthError: "Check user and password in the address, and ?sslmode=require where the server wants TLS.",
    StorageFullError: "Free space and try again.",
    NotFoundError: "Create it first.",
}


def translate(exc: BaseException, target: str) -> StorageError:
    """Return the error of ours that says what a database exception says."""
    cause = getattr(exc, "orig", None) or exc
    if isinstance(cause, sqlite3.IntegrityError):
        return _sqlite_constraint(cause, target)
    if isinstance(cause, sqlite3.Error):
        return translate_sqlite(cause, target)
    if isinstance(exc, sa.exc.ResourceClosedError | sa.exc.PendingRollbackError):
        return ClosedError("the unit of work is over", remedy="Open another with begin().", target=target)
    kind, problem = _postgres(cause)
    taken = str(getattr(getattr(cause, "diag", None), "constraint_name", None) or "")
    if kind is AlreadyExistsError and taken.endswith("_pkey"):
        return TransientError("another transaction stored this record first", remedy="Try again.", target=target)
    field = taken.removesuffix("_key").rpartition("org_id_")[2] if kind is AlreadyExistsError else None
    return kind(problem, field or None, remedy=_REMEDY.get(kind), target=target)


def _postgres(cause: BaseException) -> tuple[type[StorageError], str]:
    """Return error and sentence for a state of the SQL standard, or for a connection that failed without one."""
    state = getattr(cause, "sqlstate", None) or ""
    if state in _STATES:
        return _STATES[state]
    text = str(cause).lower()  # a connection that was refused carries no state
    for words, refusal in _REFUSALS:
        if all(word in text for word in words):
            return _STATES[refusal]
    if type(cause).__name__ == "ConnectionTimeout":
        return StorageTimeout, "the database did not answer in time"
    if isinstance(cause, sa.exc.TimeoutError):
        return StorageTimeout, "no connection became free in time"
    if state[:2] in ("08", "57") or type(cause).__name__ in ("OperationalError", "InterfaceError"):
        return TransientError, "the database cannot be reached"
    return StorageError, f"the database failed: {type(cause).__name__} {state}".rstrip()


def _sqlite_constraint(cause: sqlite3.IntegrityError, target: str) -> StorageError:
    text = str(cause)
    if "UNIQUE" in text or "PRIMARY" in text:
        return AlreadyExistsError("another record already has this value", text.rpartition(".")[2], target=target)
    if "FOREIGN KEY" in text:
        return InvalidDataError("the record refers to one that does not exist", target=target)
    if "append-only" in text:
        return PermissionDeniedError("the audit log only grows", target=target)
    return InvalidDataError(f"the database refused the record: {text}", target=target)


@contextmanager
def sql_faults(target: str) -> Iterator[None]:
    """Raise database errors inside the block as ours; pass ours through."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error) as exc:
        raise translate(exc, target) from exc


def conflict(kind: str, id_: str, expected: object, actual: object, target: str) -> ConcurrencyConflict:
    """Return the error of a stale version."""
    return ConcurrencyConflict(
        f"{kind} {id_!r} is at version {actual}, not {expected}",
        "version",
        expected,
        "Read it again and decide anew.",
        target=target,
        expected=expected,
        actual=actual,
    )
