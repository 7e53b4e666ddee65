"""Records in dicts, with the same laws as a database: units of work, versions, chains."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from carbonost.errors import (
    AlreadyExistsError,
    ClosedError,
    ConcurrencyConflict,
    InvalidDataError,
    NotFoundError,
    TenantRequiredError,
    Unsupported,
)
from carbonost.storage.chain import GENESIS, ChainReport, Link, entry_of, forge, verify_chain
from carbonost.storage.items import (
    as_items,
    canonical,
    check_tenant,
    fields_of,
    read_audit,
    read_event,
    read_items,
    row_hash,
)
from carbonost.storage.keys import check_limit
from carbonost.storage.models import KINDS, Kind, Record
from carbonost.storage.ports import WriteResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carbonost.storage.ports import TenantRecords, UnitOfWork

_UNIQUE = {"users": "email", "memberships": "user_id"}


@dataclass(slots=True)
class _Data:
    """Everything of one tenant."""

    items: dict[str, dict[str, Record]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    audit: list[Link] = field(default_factory=list)
    outbox: list[tuple[Record, bool]] = field(default_factory=list)

    def copy(self) -> _Data:
        return _Data({kind: dict(held) for kind, held in self.items.items()}, list(self.audit), list(self.outbox))


class MemoryRecordStore:
    """A `RecordStore` that lives as long as its process."""

    capabilities = frozenset({"transactions", "audit", "outbox"})

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.data: dict[str, _Data] = {}
        self.closed = False

    def for_tenant(self, org_id: str) -> TenantRecords:
        """Return the records of one organisation."""
        return cast("TenantRecords", _Tenant(self, check_tenant(org_id)))

    def begin(self) -> None:
        """Refuse: there is no unit of work without an organisation."""
        raise TenantRequiredError("records belong to an organisation", remedy="Call for_tenant(org_id).begin().")

    def close(self) -> None:
        """Forget everything."""
        self.closed = True
        self.data.clear()


class _Tenant:
    def __init__(self, store: MemoryRecordStore, org_id: str) -> None:
        self._store, self.org_id = store, org_id

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[UnitOfWork]:  # noqa: ARG002 -- one lock serves both
        with self._store.lock:
            if self._store.closed:
                raise ClosedError("the store is closed")
            work = self._store.data.get(self.org_id, _Data()).copy()
            unit = _Unit(work, self.org_id)
            try:
                yield cast("UnitOfWork", unit)
            finally:
                unit.over = True
            self._store.data[self.org_id] = work

    def drain(self, deliver: Callable[[Record], None], *, limit: int = 100) -> int:
        delivered, failed = 0, set[str]()
        first: Exception | None = None
        for event in self._waiting():
            if delivered >= limit:
                break
            if event["aggregate"] in failed:
                continue
            try:
                deliver(event)
            except Exception as exc:  # noqa: BLE001 -- whatever the caller's handler raises is passed on below
                failed.add(event["aggregate"])
                first = first or exc
                continue
            with self._store.lock:
                held = self._store.data[self.org_id].outbox
                held[:] = [(e, done or e.id == event.id) for e, done in held]
            delivered += 1
        if first is not None:
            raise first
        return delivered

    def _waiting(self) -> list[Record]:
        with self._store.lock:
            held = self._store.data.get(self.org_id, _Data()).outbox
            return [event for event, done in held if not done]


class _Unit:
    def __init__(self, data: _Data, org_id: str) -> None:
        self.over = False
        for name, kind in KINDS.items():
            setattr(self, name, _Repository(self, data, kind, org_id))
        self.audit = _Audit(self, data)
        self.outbox = _Outbox(self, data)

    def check(self) -> None:
        if self.over:
            raise ClosedError("the unit of work is over", remedy="Open another with begin().")


class _Repository:
    def __init__(self, unit: _Unit, data: _Data, kind: Kind, org_id: str) -> None:
        self._unit, self._data, self._kind, self._org_id = unit, data, kind, org_id

    def put(self, items: object) -> WriteResult:
        self._unit.check()
        records = read_items(self._kind, items)
        held = dict(self._data.items[self._kind.name])
        tally = [0, 0, 0]
        for record in records:
            tally[self._put(held, record)] += 1
        self._data.items[self._kind.name] = held
        return WriteResult(*tally)

    def get(self, id: str) -> Record:  # noqa: A002
        self._unit.check()
        if id not in self._data.items[self._kind.name]:
            raise NotFoundError(f"{self._kind.name} has no such item", "id", id)
        return self._data.items[self._kind.name][id]

    def list(self, *, limit: int | None = None, after: str | None = None, **filters: object) -> list[Record]:
        self._unit.check()
        for name in filters:
            if name not in set(self._kind.model.model_fields) - self._kind.model.given | {"id"}:
                raise InvalidDataError(f"{self._kind.name} cannot be filtered by this", name)
        found = [
            record
            for id_, record in sorted(self._data.items[self._kind.name].items())
            if (after is None or id_ > after) and all(_equals(getattr(record, n), v) for n, v in filters.items())
        ]
        return found[: check_limit(limit)]

    def delete(self, id: str) -> bool:  # noqa: A002
        self._unit.check()
        gone = self._data.items[self._kind.name].pop(id, None) is not None
        for kind, column in _OWNED.get(self._kind.name, ()):
            for child in [r.id for r in self._data.items[kind].values() if getattr(r, column) == id]:
                cast("_Repository", getattr(self._unit, kind)).delete(child)
        return gone

    def _put(self, held: dict[str, Record], record: Record) -> int:
        name, known = self._kind.name, held.get(record.id)
        version = known.version if known and known.version else 0
        if record.version is not None and record.version != version:
            raise ConcurrencyConflict(
                f"{name} {record.id!r} is at version {version}, not {record.version}",
                "version",
                record.version,
                "Read it again and decide anew.",
                expected=record.version,
                actual=version,
            )
        if known and row_hash(known) == row_hash(record):
            return 2
        if known and self._kind.immutable:
            raise AlreadyExistsError(f"{name} never change: other content stands there", "id", record.id)
        self._check_links(held, record)
        now = datetime.now(UTC)
        dates = {"created_at": getattr(known, "created_at", now), "updated_at": now}
        added = {"version": version + 1} | {one: at for one, at in dates.items() if one in record.given}
        held[record.id] = record.model_copy(update=added, deep=True)
        return 1 if known else 0

    def _check_links(self, held: dict[str, Record], record: Record) -> None:
        name = self._kind.name
        if name == "organizations" and record.id != self._org_id:
            raise InvalidDataError("an organisation stores only itself", "id", record.id, f"Use {self._org_id!r}.")
        column = _UNIQUE.get(name)
        if column and any(r.id != record.id and r[column] == record[column] for r in held.values()):
            raise AlreadyExistsError("another record already has this value", column)
        for owner, children in _OWNED.items():
            for kind, link in children:
                target = getattr(record, link, None) if kind == name else None
                if target is not None and target not in (held if owner == name else self._data.items[owner]):
                    raise InvalidDataError("the record refers to one that does not exist", link, target)


_OWNED = {"users": (("memberships", "user_id"),), "places": (("places", "parent_id"), ("devices", "building_id"))}


def _equals(value: object, wanted: object) -> bool:
    return value in wanted if isinstance(wanted, list | tuple | set | frozenset) else value == wanted


class _Audit:
    def __init__(self, unit: _Unit, data: _Data) -> None:
        self._unit, self._data = unit, data

    def put(self, items: object) -> WriteResult:
        self._unit.check()
        chain, tally = list(self._data.audit), [0, 0, 0]
        for row, item in enumerate(as_items(items)):
            id_, body = read_audit(fields_of(item, row), len(chain) + 1, row)
            known = next((link for link in chain if link.id == id_), None)
            if known is None:
                stamp = datetime.now(UTC).isoformat(timespec="microseconds")
                chain.append(forge(len(chain) + 1, id_, body, stamp, chain[-1] if chain else None))
            elif known.body is not None and known.body != canonical(body):
                raise AlreadyExistsError("another audit entry has this id", "id", id_, row=row)
            tally[0 if known is None else 2] += 1
        self._data.audit = chain
        return WriteResult(*tally)

    def get(self, id: str) -> Record:  # noqa: A002
        self._unit.check()
        for link in self._data.audit:
            if link.id == id:
                return entry_of(link)
        raise NotFoundError("the audit log has no such entry", "id", id)

    def list(self, *, limit: int | None = None, after: str | None = None, **filters: object) -> list[Record]:
        self._unit.check()
        found: list[Record] = [entry_of(link) for link in self._data.audit]
        if after is not None:
            found = found[next((i + 1 for i, entry in enumerate(found) if entry.id == after), 0) :]
        chosen = [e for e in found if all(getattr(e, n, None) == v for n, v in filters.items())]
        return chosen[: check_limit(limit)]

    def links(self) -> Sequence[Link]:
        return tuple(self._data.audit)

    def head(self) -> str:
        self._unit.check()
        return self._data.audit[-1].hash if self._data.audit else GENESIS

    def verify(self) -> ChainReport:
        self._unit.check()
        return verify_chain(self._data.audit)

    def purge(self, before: datetime) -> int:
        if before.tzinfo is None:
            raise InvalidDataError("the instant has no zone", "before", before)
        limit = before.astimezone(UTC).isoformat(timespec="microseconds")
        old = [link.recorded_at < limit and link.body is not None for link in self._data.audit]
        self._data.audit = [
            replace(link, body=None) if gone else link for link, gone in zip(self._data.audit, old, strict=True)
        ]
        return sum(old)

    def delete(self, id: str) -> bool:  # noqa: A002
        raise Unsupported("the audit log only grows", "id", id, "Use purge().", capability="audit.delete")


class _Outbox:
    def __init__(self, unit: _Unit, data: _Data) -> None:
        self._unit, self._data = unit, data

    def put(self, items: object) -> WriteResult:
        self._unit.check()
        held, tally = list(self._data.outbox), [0, 0, 0]
        for row, item in enumerate(as_items(items)):
            event = read_event(fields_of(item, row), len(held) + 1, row)
            known = any(e.id == event.id for e, _ in held)
            if not known:
                held.append((event, False))
            tally[2 if known else 0] += 1
        self._data.outbox = held
        return WriteResult(*tally)

    def get(self, id: str) -> Record:  # noqa: A002
        found = self.list(id=id)
        if not found:
            raise NotFoundError("the outbox has no such event", "id", id)
        return found[0]

    def list(self, *, limit: int | None = None, after: str | None = None, **filters: Any) -> list[Record]:
        self._unit.check()
        delivered = filters.pop("delivered", None)
        found = [e for e, done in self._data.outbox if delivered is None or done == delivered]
        if after is not None:
            found = found[next((i + 1 for i, e in enumerate(found) if e.id == after), 0) :]
        return [e for e in found if all(e[n] == v for n, v in filters.items())][: check_limit(limit)]

    def delete(self, id: str) -> bool:  # noqa: A002
        kept = [(e, done) for e, done in self._data.outbox if e.id != id]
        gone = len(kept) < len(self._data.outbox)
        self._data.outbox = kept
        return gone
