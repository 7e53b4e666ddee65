"""The two logs of a tenant: the audit chain, and the outbox of events."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from carbonost.errors import AlreadyExistsError, InvalidDataError, NotFoundError, Unsupported
from carbonost.storage.chain import GENESIS, ChainReport, Link, entry_of, forge, verify_chain
from carbonost.storage.items import as_items, canonical, fields_of, read_audit, read_event
from carbonost.storage.keys import check_limit
from carbonost.storage.models import Event, Record
from carbonost.storage.ports import WriteResult
from carbonost.storage.sql.faults import sql_faults
from carbonost.storage.sql.tables import audit, outbox, sequences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEASE: Final = timedelta(seconds=60)
"""How long one drain holds an aggregate before another may take over."""


def _hold(connection: sa.Connection, org_id: str, name: str) -> None:
    """Hold a log until the transaction ends: writers take turns, and see what the one before wrote."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    held = insert(sequences).values(org_id=org_id, name=name, last=0)
    last = {"last": sequences.c.last}  # an update that changes nothing, but holds the row
    connection.execute(held.on_conflict_do_update(index_elements=["org_id", "name"], set_=last))


def _next(connection: sa.Connection, org_id: str, name: str) -> int:
    """Return the next number of a log that is held; numbers have no holes."""
    where = (sequences.c.org_id == org_id, sequences.c.name == name)
    raised = sa.update(sequences).where(*where).values(last=sequences.c.last + 1).returning(sequences.c.last)
    return int(connection.execute(raised).scalar_one())


class SqlAudit:
    """The append-only, hash-chained record of who did what; see `carbonost.storage.chain`."""

    def __init__(self, connection: sa.Connection, org_id: str, target: str) -> None:
        self._connection, self._org_id, self._target = connection, org_id, target

    def put(self, items: object) -> WriteResult:
        """Append an entry or a list of entries; each has at least an ``action``.

        An entry with an id may be put again with the same content (`unchanged`); without one it is
        numbered. What the entry holds is hashed, an ``at`` too if it has one.

        Raises
        ------
        AlreadyExistsError
            If other content stands under the same id.
        """
        result = WriteResult()
        with sql_faults(self._target), self._connection.begin_nested():
            _hold(self._connection, self._org_id, "audit")
            for row, item in enumerate(as_items(items)):
                result += self._append(fields_of(item, row), row)
        return result

    def get(self, id: str) -> Record:  # noqa: A002
        """Return one entry."""
        with sql_faults(self._target):
            link = self._find(id)
        if link is None:
            raise NotFoundError("the audit log has no such entry", "id", id, target=self._target)
        return entry_of(link)

    def list(self, *, limit: int | None = None, after: str | None = None, **filters: object) -> list[Record]:
        """Return entries in the order they were appended; filters compare with the entry's fields."""
        most, found = check_limit(limit), list[Record]()
        with sql_faults(self._target):
            since = self._find(after) if after is not None else None
            for link in self._links(since.seq if since else 0):
                if most is not None and len(found) >= most:
                    break
                record = entry_of(link)
                if all((record.model_extra or {}).get(n, getattr(record, n, None)) == v for n, v in filters.items()):
                    found.append(record)
        return found

    def links(self) -> Sequence[Link]:
        """Return the raw chain, to be verified elsewhere with `verify_chain`."""
        with sql_faults(self._target):
            return self._links(0)

    def head(self) -> str:
        """Return the hash of the last entry: it names the whole history."""
        with sql_faults(self._target):
            last = self._last()
        return last.hash if last else GENESIS

    def verify(self) -> ChainReport:
        """Walk the chain.

        Raises
        ------
        IntegrityError
            At the first entry that was changed, removed or inserted.
        """
        with sql_faults(self._target):
            links = self._links(0)
            length = self._connection.execute(
                sa.select(sequences.c.last).where(sequences.c.org_id == self._org_id, sequences.c.name == "audit")
            ).scalar()
        report = verify_chain(links)
        if report.length != (length or 0):
            verify_chain(links, head=f"(of {length} entries)")
        return report

    def purge(self, before: datetime) -> int:
        """Take the content of entries recorded before an instant away; the chain still verifies."""
        if before.tzinfo is None:
            raise InvalidDataError("the instant has no zone", "before", before)
        old = (audit.c.org_id == self._org_id, audit.c.body.is_not(None))
        with sql_faults(self._target):
            done = self._connection.execute(
                sa.update(audit).where(*old, audit.c.recorded_at < _stamp(before)).values(body=None)
            )
        return done.rowcount

    def delete(self, id: str) -> bool:  # noqa: A002
        """Refuse: the log only grows."""
        raise Unsupported("the audit log only grows", "id", id, "Use purge().", capability="audit.delete")

    def _append(self, fields: Mapping[str, Any], row: int) -> WriteResult:
        known = self._find(str(fields["id"])) if fields.get("id") is not None else None
        seq = known.seq if known else _next(self._connection, self._org_id, "audit")
        id_, body = read_audit(fields, seq, row)
        if known:
            if known.body is not None and known.body != canonical(body):
                raise AlreadyExistsError("another audit entry has this id", "id", id_, row=row, target=self._target)
            return WriteResult(unchanged=1)
        link = forge(seq, id_, body, _stamp(datetime.now(UTC)), self._last())
        self._connection.execute(
            sa.insert(audit).values(
                org_id=self._org_id,
                seq=link.seq,
                id=link.id,
                body=link.body,
                body_hash=link.body_hash,
                hash=link.hash,
                recorded_at=link.recorded_at,
                seal=link.seal,
            )
        )
        return WriteResult(created=1)

    def _select(self) -> sa.Select[Any]:
        columns = (audit.c.seq, audit.c.id, audit.c.body, audit.c.body_hash, audit.c.hash)
        return sa.select(*columns, audit.c.recorded_at, audit.c.seal).where(audit.c.org_id == self._org_id)

    def _links(self, after: int) -> Sequence[Link]:
        rows = self._connection.execute(self._select().where(audit.c.seq > after).order_by(audit.c.seq))
        return [Link(*row) for row in rows]

    def _find(self, id_: str) -> Link | None:
        row = self._connection.execute(self._select().where(audit.c.id == id_)).first()
        return Link(*row) if row else None

    def _last(self) -> Link | None:
        row = self._connection.execute(self._select().order_by(audit.c.seq.desc()).limit(1)).first()
        return Link(*row) if row else None


class SqlOutbox:
    """Events to deliver, written in the transaction of what they tell."""

    def __init__(self, connection: sa.Connection, org_id: str, target: str) -> None:
        self._connection, self._org_id, self._target = connection, org_id, target

    def put(self, items: object) -> WriteResult:
        """Add an event or a list of them: ``aggregate``, ``type`` and a ``payload`` of plain JSON."""
        result = WriteResult()
        with sql_faults(self._target), self._connection.begin_nested():
            _hold(self._connection, self._org_id, "outbox")
            for row, item in enumerate(as_items(items)):
                result += self._add(fields_of(item, row), row)
        return result

    def get(self, id: str) -> Record:  # noqa: A002
        """Return one event."""
        found = self.list(id=id)
        if not found:
            raise NotFoundError("the outbox has no such event", "id", id, target=self._target)
        return found[0]

    def list(self, *, limit: int | None = None, after: str | None = None, **filters: object) -> list[Record]:
        """Return events in order; ``delivered=False`` keeps the waiting ones."""
        query = sa.select(outbox).where(outbox.c.org_id == self._org_id).order_by(outbox.c.seq)
        for name, value in filters.items():
            if name == "delivered":
                query = query.where(outbox.c.delivered_at.is_not(None) if value else outbox.c.delivered_at.is_(None))
            elif name in ("id", "aggregate"):
                query = query.where(outbox.c[name] == value)
            else:
                raise InvalidDataError(
                    "the outbox cannot be filtered by this", name, None, "Known: aggregate, delivered."
                )
        if after is not None:
            query = query.where(
                outbox.c.seq
                > sa.select(outbox.c.seq).where(outbox.c.org_id == self._org_id, outbox.c.id == after).scalar_subquery()
            )
        query = query.limit(check_limit(limit))
        with sql_faults(self._target):
            return [_event(row) for row in self._connection.execute(query)]

    def delete(self, id: str) -> bool:  # noqa: A002
        """Remove one event, delivered or not."""
        with sql_faults(self._target):
            done = self._connection.execute(sa.delete(outbox).where(outbox.c.org_id == self._org_id, outbox.c.id == id))
        return done.rowcount == 1

    def claim(self, seen: set[str]) -> tuple[Record, datetime] | None:
        """Hold the oldest waiting event of an aggregate nobody else holds and that is not in `seen`.

        Return it, and until when it is held.
        """
        now = self._now()
        waiting = (outbox.c.org_id == self._org_id, outbox.c.delivered_at.is_(None))
        firsts = (
            sa.select(outbox.c.aggregate, sa.func.min(outbox.c.seq).label("seq"))
            .where(*waiting)
            .group_by(outbox.c.aggregate)
            .subquery()
        )
        query = (
            sa.select(outbox)
            .join(firsts, sa.and_(outbox.c.seq == firsts.c.seq, outbox.c.org_id == self._org_id))
            .where(outbox.c.aggregate.not_in(seen))
            .order_by(outbox.c.seq)
        )
        for row in self._connection.execute(query):
            if row.claimed_until is not None and row.claimed_until > now:
                continue
            free = (outbox.c.claimed_until.is_(None)) | (outbox.c.claimed_until == row.claimed_until)
            mine = (outbox.c.org_id == self._org_id, outbox.c.seq == row.seq, outbox.c.delivered_at.is_(None), free)
            until = now + LEASE
            done = self._connection.execute(
                sa.update(outbox).where(*mine).values(claimed_until=until, attempts=outbox.c.attempts + 1)
            )
            if done.rowcount == 1:
                return _event(row), until
        return None

    def settle(self, id_: str, until: datetime, *, delivered: bool) -> None:
        """Mark a held event delivered, or let it go for another try if nobody took it over since `until`."""
        where = [outbox.c.org_id == self._org_id, outbox.c.id == id_]
        values: dict[str, Any] = {"claimed_until": None}
        if delivered:
            values["delivered_at"] = self._now()
        else:
            where.append(outbox.c.claimed_until == until)
        self._connection.execute(sa.update(outbox).where(*where).values(values))

    def _now(self) -> datetime:
        """Return the time; on a server it is the server's, so that the clocks of consumers may differ."""
        if self._connection.dialect.name == "sqlite":
            return datetime.now(UTC)
        return cast("datetime", self._connection.scalar(sa.select(sa.func.clock_timestamp())))

    def _add(self, fields: dict[str, Any], row: int) -> WriteResult:
        if fields.get("id") is not None and self.list(id=str(fields["id"])):
            return WriteResult(unchanged=1)
        seq = _next(self._connection, self._org_id, "outbox")
        record = read_event(fields, seq, row)
        body = {name: value for name, value in record.body().items() if name not in ("seq", "attempts", "delivered")}
        self._connection.execute(
            sa.insert(outbox).values(
                org_id=self._org_id,
                seq=seq,
                id=record.id,
                aggregate=record["aggregate"],
                body=canonical(body),
                attempts=0,
            )
        )
        return WriteResult(created=1)


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def _event(row: sa.Row[Any]) -> Record:
    added = {"seq": row.seq, "attempts": row.attempts, "delivered": row.delivered_at is not None}
    return Event.model_validate({**json.loads(row.body), **added, "id": row.id, "version": 1})
