"""What the S3 adapter needs around its calls: a patient client, and replies in our words."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

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


def pool(timeout_s: float) -> Any:
    """Return connections that try a passing fault twice more while there is time, and a late reply never."""
    import urllib3

    class Tries(urllib3.Retry):
        ends = math.inf

        def new(self, **changes: Any) -> Self:
            fresh = super().new(**changes)
            fresh.ends = self.ends
            return fresh

        def increment(self, *args: Any, **facts: Any) -> Any:
            over = _late(facts.get("error")) or time.monotonic() >= self.ends
            return urllib3.Retry.increment(self.new(total=0) if over else self, *args, **facts)

    class Pool(urllib3.PoolManager):
        def urlopen(self, *args: Any, **facts: Any) -> Any:
            tries = Tries(total=2, backoff_factor=0.1, status_forcelist=(502, 503, 504))
            tries.ends = time.monotonic() + timeout_s
            return super().urlopen(*args, **{"retries": tries, **facts})

    wait = urllib3.Timeout(total=timeout_s, connect=min(timeout_s, 10.0), read=timeout_s)
    return Pool(timeout=wait, maxsize=16)


def _late(error: Exception | None) -> bool:
    from urllib3.exceptions import NewConnectionError
    from urllib3.exceptions import TimeoutError as Late

    return isinstance(error, Late) and not isinstance(error, NewConnectionError)  # refused at once, by its parent late


def unanswered(exc: Exception, key: str | None, target: str) -> StorageError:
    """Return the error of ours for a call that no reply came to."""
    kind = StorageTimeout if _late(getattr(exc, "reason", None) or exc) else TransientError
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
