"""Objects in a dict."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, Literal

from carbonost.errors import (
    AlreadyExistsError,
    ClosedError,
    NaiveTimestampError,
    NotFoundError,
    PermissionDeniedError,
    Unsupported,
)
from carbonost.storage.keys import blocks, check_key, check_limit, check_metadata, check_prefix, check_range
from carbonost.storage.ports import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class MemoryObjectStore:
    """An `ObjectStore` that lives as long as its process."""

    capabilities = frozenset({"if_absent", "retain_until", "nested_keys"})

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._held: dict[str, tuple[ObjectInfo, bytes]] = {}
        self._closed = False

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
        """Store bytes or a binary stream under `key`."""
        check_key(key)
        if retain_until is not None and retain_until.tzinfo is None:
            raise NaiveTimestampError("retain_until has no zone", "retain_until", retain_until, "Pass an aware one.")
        held, content = check_metadata(metadata), b"".join(blocks(data))
        digest = hashlib.sha256(content).hexdigest()
        info = ObjectInfo(key, len(content), digest, content_type, held, datetime.now(UTC), retain_until)
        with self._open():
            if if_absent and key in self._held:
                raise AlreadyExistsError("something is stored under this key", "key", key)
            self._guard(key)
            self._held[key] = (info, content)
        return info

    def get(self, key: str, range: tuple[int, int] | None = None) -> bytes:  # noqa: A002
        """Return the bytes, or those of the half-open range."""
        span = slice(*check_range(range)) if range is not None else slice(None)
        return self._find(key)[1][span]

    def stat(self, key: str) -> ObjectInfo:
        """Return what is known of the object."""
        return self._find(key)[0]

    def list(self, prefix: str = "", start_after: str | None = None, limit: int | None = None) -> Iterator[ObjectInfo]:
        """Iterate objects whose key starts with `prefix`, in key order."""
        check_prefix(prefix)
        most = check_limit(limit)
        with self._open():
            found = [info for key, (info, _) in self._held.items() if key.startswith(prefix)]
        found.sort(key=lambda info: info.key.encode())
        after = start_after.encode() if start_after is not None else b""
        return iter([info for info in found if info.key.encode() > after][:most])

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""
        check_key(key)
        with self._open():
            self._guard(key)
            self._held.pop(key, None)

    def presign(self, key: str, method: Literal["GET", "PUT"], expires_s: int) -> str:  # noqa: ARG002
        """Refuse: memory has no address to give away."""
        raise Unsupported("memory cannot presign", remedy="Use an S3 store.", capability="presign")

    def close(self) -> None:
        """Forget everything."""
        self._closed = True
        self._held.clear()

    @contextmanager
    def _open(self) -> Iterator[None]:
        if self._closed:
            raise ClosedError("the store is closed")
        with self._lock:
            yield

    def _find(self, key: str) -> tuple[ObjectInfo, bytes]:
        check_key(key)
        with self._open():
            if key not in self._held:
                raise NotFoundError("nothing is stored under this key", "key", key)
            return self._held[key]

    def _guard(self, key: str) -> None:
        if key in self._held:
            until = self._held[key][0].retain_until
            if until is not None and until > datetime.now(UTC):
                raise PermissionDeniedError(f"this object is retained until {until.isoformat()}", "key", key)
