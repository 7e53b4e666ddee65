"""What the S3 adapter needs around its calls: replies, and their absence, in our words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from carbonost.errors import (
    AlreadyExistsError,
    AuthError,
    NotFoundError,
    PermissionDeniedError,
    StorageError,
    StorageFullError,
    StorageTimeout,
    TransientError,
    Unsupported,
)
from carbonost.storage.deadline import late

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODES: Final[dict[str, type[StorageError]]] = {
    "NoSuchKey": NotFoundError,
    "NoSuchBucket": NotFoundError,
    "NoSuchObject": NotFoundError,
    "AccessDenied": PermissionDeniedError,
    "InvalidAccessKeyId": AuthError,
    "SignatureDoesNotMatch": AuthError,
    "PreconditionFailed": AlreadyExistsError,
    "XMinioStorageFull": StorageFullError,
    "QuotaExceeded": StorageFullError,
    "NotImplemented": Unsupported,
}
_STATUSES: Final[dict[int, type[StorageError]]] = {
    401: AuthError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: AlreadyExistsError,
    412: AlreadyExistsError,
    501: Unsupported,
    507: StorageFullError,
}
_SERVER_FAULT: Final = 500


def unanswered(exc: Exception, key: str | None, target: str) -> StorageError:
    """Return the error of ours for a call that no reply came to."""
    kind = StorageTimeout if late(exc) else TransientError
    return kind("the server did not answer", "key", key, "Try again.", target=target)


@contextmanager
def owned() -> Iterator[None]:
    """Pass over a bucket that another process made a moment ago."""
    from minio.error import S3Error

    try:
        yield
    except S3Error as exc:
        if exc.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise


def translate(exc: Exception, key: str | None, target: str) -> StorageError:
    """Return the error of ours for a reply, by its code, or by its status where the body is no XML."""
    code = str(getattr(exc, "code", "") or "")
    reply = getattr(exc, "response", None)
    status = int(getattr(reply, "status", 0) or getattr(exc, "status_code", 0) or getattr(exc, "_code", 0) or 0)
    kind = _CODES.get(code) or _STATUSES.get(status)
    if kind is None:
        kind = TransientError if status >= _SERVER_FAULT or not status else StorageError
    facts = {"capability": code} if kind is Unsupported else {}
    return kind(f"the server answered {code or status}", "key", key, target=target, **facts)
