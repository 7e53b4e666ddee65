"""Objects on an S3 server (MinIO, SeaweedFS, a cloud), through the `minio` package.

``s3+http://key:secret@host:9000/bucket``, with options ``?prefix=reports/``, ``?region=``,
``?object_lock=1``. What a server promises is tried out on connecting: two real ones were seen to
accept ``If-None-Match`` or an object lock and ignore it. Keys and hashes are ours, never the ETag.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, Self, cast
from urllib.parse import quote, unquote
from uuid import uuid4

from carbonost._lazy import load
from carbonost.errors import (
    AlreadyExistsError,
    ClosedError,
    IntegrityError,
    InvalidDataError,
    NaiveTimestampError,
    NotFoundError,
    PermissionDeniedError,
    StorageError,
    StorageTimeout,
    Unsupported,
)
from carbonost.storage.address import Address, parse_address
from carbonost.storage.deadline import pool
from carbonost.storage.keys import BLOCK, blocks, check_key, check_limit, check_metadata, check_prefix, check_range
from carbonost.storage.ports import ObjectInfo
from carbonost.storage.s3_faults import owned, translate, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHA256: Final = "x-amz-meta-carbonost-sha256"
_METADATA: Final = "x-amz-meta-carbonost-metadata"
_UNTIL: Final = "x-amz-object-lock-retain-until-date"
_UNTYPED: Final = "x-amz-meta-carbonost-untyped"
_METADATA_BYTES_MAX: Final = 1800
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_WEEK_S: Final = 7 * 24 * 3600
_SPOOL: Final = 16 * BLOCK


def open_store(url: str, *, create: bool = True, timeout_s: float = 30.0) -> S3ObjectStore:
    """Open the bucket an address names, making it where it is missing."""
    return S3ObjectStore(url, create=create, timeout_s=timeout_s)


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """Yield an address under a prefix of its own, emptied afterwards."""
    prefix = f"carbonost-verify-{uuid4().hex[:12]}/"
    address = f"{url}{'&' if '?' in url else '?'}prefix={prefix}"
    try:
        yield address
    finally:
        with S3ObjectStore(address) as store:
            for info in list(store.list()):
                store.delete(info.key)


class S3ObjectStore:
    """Objects in a bucket.

    Parameters
    ----------
    url : str
        The address; see the module.
    create : bool
        Make the bucket where it is missing.
    timeout_s : float [s]
        How long one exchange with the server may take, its repetitions and the whole reply included;
        a large body has as long again for every further megabyte.
    """

    def __init__(self, url: str, *, create: bool = True, timeout_s: float = 30.0) -> None:
        minio: Any = load("minio", "an S3 store")
        address = parse_address(url)
        address.allow("prefix", "region", "object_lock")
        self.target = address.shown
        self._bucket, self._prefix = _place(address)
        self._closed = False
        self._client = minio.Minio(
            address.place(),
            access_key=address.user,
            secret_key=address.password,
            secure=not address.scheme.endswith("+http"),
            region=address.options.get("region"),
            http_client=pool(timeout_s, tries=2),
        )
        try:
            self._ensure_bucket(create=create, object_lock=address.options.get("object_lock") == "1")
            self.capabilities = self._probe()
        except BaseException:
            self.close()
            raise

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
        """Store bytes or a binary stream under `key`; large ones go in parts."""
        check_key(key)
        if retain_until is not None and retain_until.tzinfo is None:
            raise NaiveTimestampError("retain_until has no zone", "retain_until", retain_until, "Pass an aware one.")
        for wanted, capability in ((if_absent, "if_absent"), (retain_until, "retain_until")):
            if wanted and capability not in self._known():
                raise Unsupported(
                    "this server was seen not to keep that promise", remedy="Use another server.", capability=capability
                )
        held = check_metadata(metadata)
        with self._nesting(key), self._faults(key), tempfile.SpooledTemporaryFile(max_size=_SPOOL) as spool:
            digest, size = hashlib.sha256(), 0
            for block in blocks(data):
                digest.update(block)
                size += spool.write(block)
            spool.seek(0)
            self._guard(key)
            headers = {_SHA256: digest.hexdigest(), _METADATA: _packed(held)}
            if content_type is None:  # the protocol would name one
                headers[_UNTYPED] = "1"
            if if_absent:
                self._create(key, spool.read(), headers | {"Content-Type": content_type or "", "If-None-Match": "*"})
            else:
                self._send(key, cast("BinaryIO", spool), size, content_type, headers, retain_until)
        return ObjectInfo(key, size, digest.hexdigest(), content_type, held, datetime.now(UTC), retain_until)

    def get(self, key: str, range: tuple[int, int] | None = None) -> bytes:  # noqa: A002
        """Return the bytes, or those of the half-open range.

        Raises
        ------
        IntegrityError
            If the whole object does not have the hash it was put with.
        """
        check_key(key)
        first, end = check_range(range) if range is not None else (0, 0)
        with self._faults(key):
            if range is not None:
                last = min(end, self.stat(key).size)
                return self._fetch(key, first, last - first)[0] if last > first else b""
            content, headers = self._fetch(key, 0, 0)
        expected = headers.get(_SHA256)
        if expected is not None and hashlib.sha256(content).hexdigest() != expected:
            raise IntegrityError("the stored bytes do not match their hash", "key", key, target=self.target)
        return content

    def stat(self, key: str) -> ObjectInfo:
        """Return what is known of the object; `sha256` is empty where another program stored it."""
        check_key(key)
        with self._faults(key):
            found = self._client.stat_object(self._bucket, self._prefix + key)
        headers = {name.lower(): value for name, value in (found.metadata or {}).items()}
        until = headers.get(_UNTIL)
        return ObjectInfo(
            key,
            int(found.size or 0),
            headers.get(_SHA256, ""),
            None if _UNTYPED in headers else headers.get("content-type"),
            json.loads(unquote(headers.get(_METADATA, "") or "{}")),
            found.last_modified,
            datetime.fromisoformat(until) if until else None,
        )

    def list(self, prefix: str = "", start_after: str | None = None, limit: int | None = None) -> Iterator[ObjectInfo]:
        """Iterate objects whose key starts with `prefix`, in key order; hashes are told by `stat` only."""
        check_prefix(prefix)
        most = check_limit(limit)
        after = self._prefix + start_after if start_after is not None else None
        with self._faults():
            found = self._client.list_objects(
                self._bucket, prefix=self._prefix + prefix, recursive=True, start_after=after
            )
            infos = [
                ObjectInfo(item.object_name[len(self._prefix) :], int(item.size or 0), "", modified=item.last_modified)
                for item in found
                if not item.is_dir and (after is None or item.object_name.encode() > after.encode())
            ]
        infos.sort(key=lambda info: info.key.encode())  # one server lists folders first
        return iter(infos[:most])

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""
        check_key(key)
        with self._faults(key):
            self._guard(key)
            with suppress(NotFoundError), self._faults(key):
                self._client.remove_object(self._bucket, self._prefix + key)

    def presign(self, key: str, method: Literal["GET", "PUT"], expires_s: int) -> str:
        """Return an address that allows one method for up to a week."""
        check_key(key)
        if not 1 <= expires_s <= _WEEK_S or method not in ("GET", "PUT"):
            raise InvalidDataError("a presigned address lasts 1 s to 7 days, for GET or PUT", "expires_s", expires_s)
        sign = self._client.presigned_get_object if method == "GET" else self._client.presigned_put_object
        with self._faults(key):
            return str(sign(self._bucket, self._prefix + key, expires=timedelta(seconds=expires_s)))

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        self._closed = True
        self._client._http.clear()  # noqa: SLF001 -- the package has no close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _ensure_bucket(self, *, create: bool, object_lock: bool) -> None:
        with self._faults():
            if self._bucket_exists():
                return
            if not create:
                raise NotFoundError("the bucket does not exist", "bucket", self._bucket, target=self.target)
            with owned():
                self._client.make_bucket(self._bucket, object_lock=object_lock)

    def _bucket_exists(self) -> bool:
        try:
            with self._faults():
                return bool(self._client.bucket_exists(self._bucket))
        except NotFoundError:  # one server says so in words the package does not read
            return False

    def _known(self) -> frozenset[str]:
        return getattr(self, "capabilities", frozenset())

    def _send(
        self,
        key: str,
        stream: BinaryIO,
        size: int,
        content_type: str | None,
        headers: dict[str, str],
        until: datetime | None,
    ) -> None:
        retention = None
        if until is not None:
            from minio.commonconfig import COMPLIANCE
            from minio.retention import Retention

            retention = Retention(COMPLIANCE, until.astimezone(UTC))
        self._client.put_object(
            self._bucket,
            self._prefix + key,
            stream,
            size,
            content_type=content_type or "application/octet-stream",
            metadata=headers,
            retention=retention,
        )

    def _create(self, key: str, content: bytes, headers: dict[str, str]) -> None:
        # the package's public call cannot send If-None-Match
        held = {name: value for name, value in headers.items() if value}
        self._client._put_object(self._bucket, self._prefix + key, content, held)  # noqa: SLF001

    def _fetch(self, key: str, offset: int, length: int) -> tuple[bytes, dict[str, str]]:
        reply = self._client.get_object(self._bucket, self._prefix + key, offset=offset, length=length)
        try:
            return reply.read(), {name.lower(): value for name, value in reply.headers.items()}
        finally:
            reply.close()
            reply.release_conn()

    def _guard(self, key: str) -> None:
        if "retain_until" not in self._known():
            return
        with suppress(NotFoundError):
            until = self.stat(key).retain_until
            if until is not None and until > datetime.now(UTC):
                raise PermissionDeniedError(
                    f"this object is retained until {until.isoformat()}", "key", key, target=self.target
                )

    def _probe(self) -> frozenset[str]:
        """Try out what the server promises."""
        found = {"presign", "multi_process"}
        self.server = ""
        key = f"carbonost-probe-{uuid4().hex}"
        headers = {"If-None-Match": "*"}
        with self._faults():
            try:
                for _ in (1, 2):
                    with self._faults(key):
                        self._create(key, b"1", headers)
            except AlreadyExistsError:
                found.add("if_absent")
            except Unsupported:
                pass
            self.server = self._fetch(key, 0, 0)[1].get("server", "")
            with suppress(StorageError), self._faults(key):
                self._create(f"{key}/nested", b"2", {})
                found.add("nested_keys")
                self._client.remove_object(self._bucket, f"{self._prefix}{key}/nested")
            self._client.remove_object(self._bucket, self._prefix + key)
        if self._locks():
            found.add("retain_until")
        return frozenset(found)

    def _locks(self) -> bool:
        """Whether a version under a lock of two seconds really cannot be removed."""
        try:
            with self._faults():
                self._client.get_object_lock_config(self._bucket)
                key = self._prefix + f"carbonost-probe-{uuid4().hex}"
                until = datetime.now(UTC) + timedelta(seconds=2)
                self._send(key[len(self._prefix) :], io.BytesIO(), 0, None, {}, until)
                version = self._client.stat_object(self._bucket, key).version_id
                self._client.remove_object(self._bucket, key, version_id=version)
        except PermissionDeniedError:
            return True
        except StorageError:
            return False
        return False

    @contextmanager
    def _nesting(self, key: str) -> Iterator[None]:
        """Say so where a put failed because one key begins another, which this server cannot hold."""
        try:
            yield
        except StorageError as exc:
            if "nested_keys" in self._known() or isinstance(exc, StorageTimeout | ClosedError) or not self._nested(key):
                raise
            raise Unsupported(
                "this server cannot hold a key that begins another",
                "key",
                key,
                "Choose keys of which none is the folder of another.",
                target=self.target,
                capability="nested_keys",
            ) from exc

    def _nested(self, key: str) -> bool:
        """Whether an object stands under a key that begins `key`, or that `key` begins."""
        parts = key.split("/")
        with suppress(StorageError):
            if next(self.list(f"{key}/", limit=1), None) is not None:
                return True
            for n in range(1, len(parts)):
                with suppress(NotFoundError):
                    self.stat("/".join(parts[:n]))
                    return True
        return False

    @contextmanager
    def _faults(self, key: str | None = None) -> Iterator[None]:
        if self._closed:
            raise ClosedError("the store is closed", target=self.target)
        from minio.error import MinioException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except MinioException as exc:
            raise translate(exc, key, self.target) from exc
        except HTTPError as exc:
            raise unanswered(exc, key, self.target) from exc
        except ValueError as exc:
            if isinstance(exc, StorageError):
                raise
            raise InvalidDataError(f"the server's client refused: {exc}", "key", key, target=self.target) from exc


def _place(address: Address) -> tuple[str, str]:
    bucket, _, rest = unquote(address.path).strip("/").partition("/")
    if not address.host or not bucket:
        example = f"{address.scheme}://key:secret@host:9000/bucket"
        if address.host and "." not in address.host and not address.port:
            example = f"s3://key:secret@s3.amazonaws.com/{address.host}"
        raise InvalidDataError("the address names no host and bucket", "url", address.shown, f"Write {example}")
    if not _BUCKET.fullmatch(bucket):
        problem = "a bucket has 3 to 63 small letters, digits, dots and hyphens"
        raise InvalidDataError(problem, "url", address.shown, f"Rename {bucket!r}.")
    prefix = address.options.get("prefix", rest)
    return bucket, f"{prefix.rstrip('/')}/" if prefix else ""


def _packed(metadata: Mapping[str, str]) -> str:
    text = quote(json.dumps(dict(metadata), ensure_ascii=False)) if metadata else ""
    if len(text) > _METADATA_BYTES_MAX:
        raise InvalidDataError("the metadata are too long for a header", "metadata", None, "Store them in an object.")
    return text
