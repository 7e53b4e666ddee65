"""An `ObjectStore` over anything that saves bytes and a text under a name."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, cast

from carbonost.errors import AlreadyExistsError, IntegrityError, NaiveTimestampError, NotFoundError, Unsupported
from carbonost.storage.backing.vendor import Vendor
from carbonost.storage.keys import blocks, check_key, check_limit, check_metadata, check_prefix, check_range
from carbonost.storage.ports import ObjectInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class ObjectBacking(Protocol):
    """What a server must do to hold objects.

    `capabilities` may name ``if_absent`` (`save` honours `new`, also between racers), ``nested_keys``
    (``a`` and ``a/b`` side by side) and ``multi_process``.
    """

    capabilities: frozenset[str]

    def save(self, key: str, data: bytes, head: str, new: bool) -> bool:
        """Store bytes and head together, whole or not at all; return False where `new` found something."""

    def load(self, key: str) -> tuple[bytes, str] | None:
        """Return bytes and head, or None."""

    def head(self, key: str) -> str | None:
        """Return the head alone, or None."""

    def keys(self, prefix: str) -> Iterable[str]:
        """Return every key that starts with `prefix`, in any order."""

    def remove(self, key: str) -> None:
        """Remove the object if it is there."""

    def close(self) -> None:
        """Release what the backing holds."""


class BackedObjectStore(Vendor):
    """An `ObjectStore` over an `ObjectBacking`; objects pass through memory, one at a time.

    Parameters
    ----------
    backing : ObjectBacking
    target : str, optional
        The address without credentials, for messages.
    """

    def __init__(self, backing: ObjectBacking, target: str | None = None) -> None:
        super().__init__(backing, target)
        self._objects = backing
        self.capabilities = frozenset(backing.capabilities) & {"if_absent", "nested_keys", "multi_process"}
        self.server = type(backing).__name__

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
        for wanted, name in ((retain_until is not None, "retain_until"), (if_absent, "if_absent")):
            if wanted and name not in self.capabilities:
                raise Unsupported("this store does not promise that", target=self.target, capability=name)
        content = b"".join(blocks(data))
        held, now = check_metadata(metadata), datetime.now(UTC)
        info = ObjectInfo(key, len(content), hashlib.sha256(content).hexdigest(), content_type, held, now)
        head = json.dumps([info.size, info.sha256, content_type, held, now.isoformat()])
        with self.calls():
            saved = self._objects.save(key, content, head, if_absent)
        if not saved:
            raise AlreadyExistsError("something is stored under this key", "key", key, target=self.target)
        return info

    def get(self, key: str, range: tuple[int, int] | None = None) -> bytes:  # noqa: A002
        """Return the bytes, or those of the half-open range.

        Raises
        ------
        IntegrityError
            If they are not those that were put.
        """
        check_key(key)
        first, end = check_range(range) if range is not None else (0, None)
        with self.calls():
            found = self._objects.load(key)
        if found is None:
            raise NotFoundError("nothing is stored under this key", "key", key, target=self.target)
        content, head = found
        if hashlib.sha256(content).hexdigest() != _info(key, head).sha256:
            raise IntegrityError("the stored bytes do not match their hash", "key", key, target=self.target)
        return content[first:end]

    def stat(self, key: str) -> ObjectInfo:
        """Return what is known of the object."""
        check_key(key)
        with self.calls():
            head = self._objects.head(key)
        if head is None:
            raise NotFoundError("nothing is stored under this key", "key", key, target=self.target)
        return _info(key, head)

    def list(self, prefix: str = "", start_after: str | None = None, limit: int | None = None) -> Iterator[ObjectInfo]:
        """Iterate objects whose key starts with `prefix`, in key order."""
        check_prefix(prefix)
        most = check_limit(limit)
        with self.calls():
            found = sorted(self._objects.keys(prefix), key=str.encode)
        after = (start_after or "").encode()
        return islice(self._each(key for key in found if key.encode() > after), most)

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""
        check_key(key)
        with self.calls():
            self._objects.remove(key)

    def presign(self, key: str, method: Literal["GET", "PUT"], expires_s: int) -> str:  # noqa: ARG002
        """Refuse: a backing has no addresses to give away."""
        raise Unsupported("this store cannot presign", target=self.target, capability="presign")

    def _each(self, keys: Iterable[str]) -> Iterator[ObjectInfo]:
        for key in keys:
            with self.calls():
                head = self._objects.head(key)
            if head is not None:  # removed meanwhile
                yield _info(key, head)


def _info(key: str, head: str) -> ObjectInfo:
    size, sha256, content_type, metadata, modified = cast("tuple[int, str, str, dict[str, str], str]", json.loads(head))
    return ObjectInfo(key, size, sha256, content_type, metadata, datetime.fromisoformat(modified))
