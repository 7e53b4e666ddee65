"""The ports: what a store of ours must do, as Protocols whose laws are numbered.

`carbonost.storage.conformance` holds each law as a test; an adapter is done when its subclass of
that class passes with nothing skipped. Standard library only, so that an adapter may import this
module and its vendor, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from typing import BinaryIO

    import pandas as pd

    from carbonost.storage.models import Record

Selector = "str | Sequence[str] | Mapping[str, str]"
"""A point, several points, or tags that all must match."""

How = Literal["energy", "mean", "max", "min"]


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What a write changed, in rows; writing the same again is all `unchanged`."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0

    def __add__(self, other: WriteResult) -> WriteResult:
        return WriteResult(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.skipped + other.skipped,
        )

    @property
    def stored(self) -> int:
        """Rows of the batch that stand in the store afterwards."""
        return self.created + self.updated + self.unchanged

    def to_dict(self) -> dict[str, int]:
        """Return the four counts by name."""
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
        }


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """One point: its carrier, its unit and its tags; ``info["park_id"]`` reads a tag."""

    point: str
    energy_type: str
    unit: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        if name in ("point", "energy_type", "unit"):
            return str(getattr(self, name))
        return self.tags[name]

    def to_dict(self) -> dict[str, str]:
        """Return point, carrier, unit and tags as one flat dict."""
        return {"point": self.point, "energy_type": self.energy_type, "unit": self.unit, **self.tags}


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What is known of one stored object; `sha256` is ours, never the server's ETag, and empty where it is not told."""

    key: str
    size: int
    sha256: str
    content_type: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    modified: datetime | None = None
    retain_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long each tier is kept; None keeps it for ever.

    Readings older than `raw` are rolled up into hours, hours older than `hourly` into days, days
    older than `daily` into months. The buckets are civil ones of `tz`. Durations are a number and
    ``d`` (days), ``w``, ``mo`` or ``y`` (calendar months and years).

    `logs`, `evidence` and `audit` are those of jobs, counted from their end: `Pipeline.apply_retention`
    removes log rows, what a job was started with, and the content of its audit entries.
    """

    raw: str | None = "30d"
    hourly: str | None = "1y"
    daily: str | None = "5y"
    monthly: str | None = None
    tz: str = "Asia/Shanghai"
    logs: str | None = None
    evidence: str | None = None
    audit: str | None = None


@runtime_checkable
class MeterStore(Protocol):
    """Readings of meters: one value per point and instant.

    Laws
    ----
    M1. What is written reads back: value, quality, status to the bit, instants to the microsecond.
    M2. One value per (point, start): writing again replaces; writing the same is `unchanged`.
    M3. A batch with one bad row (NaN, infinity, naive or duplicate stamp, empty point) is refused
        whole with row and column named, and nothing of it is stored; with ``on_invalid="skip"``
        the rest is stored and the bad rows are counted.
    M4. `read` is half-open, sorted by point and start, and returns what was acknowledged, no more.
    M5. `downsample` uses civil buckets of `tz` (23- and 25-hour days, half-hour zones) and
        conserves energy: the buckets sum to the readings.
    M6. A series has one carrier and one unit; a different one is refused.
    M7. `delete` removes exactly what it names, and `latest` and `downsample` follow.
    M8. `apply_retention` never removes what is not rolled up, conserves energy in every tier, and
        applied twice changes nothing more. A late reading is counted once or refused
        (`BeyondRetentionError`), never doubled.
    M9. An acknowledged write survives the death of the process.
    M10. Points are opaque texts: Chinese, quotes, commas, blanks and control words are stored as
        they are, or refused; they are never interpreted.
    M11. A closed store raises `ClosedError`; an absent capability raises `Unsupported`.
    M12. A vendor's exception never crosses the port.
    """

    @property
    def capabilities(self) -> frozenset[str]:
        """What the live server was seen to do: delete, retention, counts, atomic, multi_process."""

    def write(
        self,
        frame: pd.DataFrame | pd.Series[Any] | Mapping[str, Any],
        *,
        atomic: bool = True,
        on_invalid: Literal["raise", "skip"] = "raise",
        assume_tz: str | None = None,
    ) -> WriteResult:
        """Store readings: columns point, start, value, energy_type, unit (+ quality, status, tags).

        A Series is one point: its name, its index the instants, ``attrs["energy_type"]`` and
        ``attrs["unit"]``; a known point needs neither.
        """

    def read(
        self,
        selector: Any,
        start: datetime | str,
        end: datetime | str,
        as_: Literal["pandas", "arrow"] = "pandas",
    ) -> Any:
        """Return readings with ``start <= reading.start < end``, sorted by point and start."""

    def downsample(
        self, selector: Any, start: datetime | str, end: datetime | str, every: str, tz: str, how: How = "energy"
    ) -> pd.DataFrame:
        """Return point, start, value per civil bucket of `tz`; an empty bucket has no row."""

    def latest(self, selector: Any) -> pd.DataFrame:
        """Return the last reading of each selected point."""

    def series(self) -> list[SeriesInfo]:
        """Return every point with its carrier, unit and tags, sorted by point."""

    def delete(self, selector: Any, start: datetime | str, end: datetime | str) -> int | None:
        """Remove readings in the half-open range; return how many, or None where the server does not say."""

    def apply_retention(self, policy: RetentionPolicy, now: datetime) -> Mapping[str, int]:
        """Roll up and remove what is older than the policy keeps."""

    def close(self) -> None:
        """Release files and connections; a second call does nothing."""


@runtime_checkable
class ObjectStore(Protocol):
    """Bytes under keys.

    Laws
    ----
    O1. What is put reads back byte for byte, with its size, SHA-256, content type and metadata.
    O2. A put is atomic: a reader sees the old object or the new one, never a part.
    O3. ``if_absent=True`` stores only where nothing is (`AlreadyExistsError`), also between racers,
        or raises `Unsupported`.
    O4. Keys are opaque: Chinese, blanks and reserved characters come back as given; an empty, ``.``,
        ``..`` or over-long segment, a leading slash, NUL and control characters are refused.
    O5. `list` returns keys in code point order of their UTF-8, after `start_after`, at most `limit`
        (a whole number from 0). The hash may be left to `stat` (S3 tells none in a listing).
    O6. `get` of a range returns exactly those bytes; beyond the end nothing is returned.
    O7. `delete` is idempotent; an object under `retain_until` is kept (`PermissionDeniedError`).
    O8. Changed bytes are detected on reading (`IntegrityError`).
    O9. A missing key raises `NotFoundError`; a vendor's exception never crosses the port.
    """

    @property
    def capabilities(self) -> frozenset[str]:
        """What the live server was seen to do: if_absent, retain_until, presign."""

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

    def get(self, key: str, range: tuple[int, int] | None = None) -> bytes:  # noqa: A002 -- the contract's word
        """Return the bytes, or those of the half-open ``range=(first, end)``."""

    def stat(self, key: str) -> ObjectInfo:
        """Return what is known of the object."""

    def list(self, prefix: str = "", start_after: str | None = None, limit: int | None = None) -> Iterator[ObjectInfo]:
        """Iterate objects whose key starts with `prefix`, in key order."""

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""

    def presign(self, key: str, method: Literal["GET", "PUT"], expires_s: int) -> str:
        """Return an address that allows one method for a while."""

    def close(self) -> None:
        """Release connections; a second call does nothing."""


class Repository(Protocol):
    """The items of one kind, of one tenant."""

    def put(self, items: object) -> WriteResult:
        """Store an item or a list of items (mappings or models)."""

    def get(self, id: str) -> Record:  # noqa: A002 -- the contract's word
        """Return one item."""

    def list(self, *, limit: int | None = None, after: str | None = None, **filters: object) -> list[Record]:
        """Return the items that match every filter, in order of their id."""

    def delete(self, id: str) -> bool:  # noqa: A002
        """Remove one item; return whether it was there."""


class AuditLog(Protocol):
    """The append-only, hash-chained record of who did what."""

    def put(self, items: object) -> WriteResult:
        """Append; the same id with the same content is `unchanged`."""

    def get(self, id: str) -> Record:  # noqa: A002
        """Return one entry."""

    def list(self, *, limit: int | None = None, after: str | None = None, **filters: object) -> list[Record]:
        """Return entries in the order they were appended."""

    def head(self) -> str:
        """Return the hash of the last entry: it names the whole history."""

    def verify(self) -> Any:
        """Walk the chain; raise `IntegrityError` at the first entry that does not fit."""

    def purge(self, before: datetime) -> int:
        """Take the content of entries recorded before an instant away, not their hashes; return how many."""


class UnitOfWork(Protocol):
    """One transaction of one tenant."""

    organizations: Repository
    users: Repository
    memberships: Repository
    places: Repository
    devices: Repository
    activities: Repository
    emissions: Repository
    factors: Repository
    envelopes: Repository
    jobs: Repository
    logs: Repository
    reviews: Repository
    reports: Repository
    templates: Repository
    diagnostics: Repository
    benchmarks: Repository
    outbox: Repository
    audit: AuditLog


class TenantRecords(Protocol):
    """The records of one organisation."""

    org_id: str

    def begin(self, *, write: bool = True) -> AbstractContextManager[UnitOfWork]:
        """Open a unit of work: commits on leaving, rolls back on an error."""

    def drain(self, deliver: Callable[[Record], None], *, limit: int = 100) -> int:
        """Deliver waiting outbox events, in order per aggregate, at least once; return how many."""


@runtime_checkable
class RecordStore(Protocol):
    """Business records, always of one tenant.

    Laws
    ----
    R1. What is put reads back equal: decimals to the last digit, floats as float64, instants with
        their zone. A truth value is no number; `limit` is a whole number from 0.
    R2. A unit of work commits whole or not at all.
    R3. Put is idempotent: the same content again is `unchanged` and keeps its version.
    R4. A stale `version` raises `ConcurrencyConflict(expected, actual)` and changes nothing; of two
        writers on one version exactly one wins.
    R5. No call of one tenant returns, changes, counts or betrays a row of another; there is no
        unscoped repository (`TenantRequiredError`).
    R6. Envelopes do not change: other content under the same id is refused; altered bytes are
        detected on reading (`IntegrityError`).
    R7. The audit log only grows; a changed, removed or inserted entry is found by `verify`; a purge
        keeps the chain verifiable.
    R8. Outbox events are delivered at least once and in order per aggregate, only if committed.
    R9. Texts are data: quotes, SQL and control words are stored as they are; NUL is refused.
    R10. A schema of another version is refused (`SchemaOutdatedError`), naming the migration.
    R11. A vendor's exception never crosses the port; a closed store raises `ClosedError`.
    """

    @property
    def capabilities(self) -> frozenset[str]:
        """What the live server was seen to do: row_security, multi_process."""

    def for_tenant(self, org_id: str) -> TenantRecords:
        """Return the records of one organisation."""

    def close(self) -> None:
        """Release connections; a second call does nothing."""


@runtime_checkable
class VectorIndex(Protocol):
    """Nearest neighbours by cosine.

    Laws
    ----
    V1. `query` returns the exact `k` nearest by cosine, best first, ties by id.
    V2. `upsert` replaces by id; a vector of another length, NaN or zero length is refused.
    V3. `where` keeps only items whose payload holds every named value.
    """

    def upsert(
        self, ids: Iterable[str], vectors: Any, payloads: Sequence[Mapping[str, Any]] | None = None
    ) -> WriteResult:
        """Store vectors (n, d) under ids."""

    def query(self, vector: Any, k: int = 10, where: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]]:
        """Return up to `k` items as ``{"id", "score", "payload"}``."""

    def delete(self, ids: Iterable[str]) -> int:
        """Remove items; return how many were there."""

    def close(self) -> None:
        """Release files and connections."""
