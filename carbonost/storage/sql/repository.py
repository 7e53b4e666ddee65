"""One kind of record of one tenant, inside one transaction."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa
from pydantic import ValidationError

from carbonost.errors import AlreadyExistsError, IntegrityError, InvalidDataError, NotFoundError
from carbonost.storage.items import canonical, read_items, row_hash
from carbonost.storage.keys import check_limit
from carbonost.storage.models import KINDS, Kind, Record
from carbonost.storage.ports import WriteResult
from carbonost.storage.sql.faults import conflict, sql_faults
from carbonost.storage.sql.tables import HOUSEKEEPING, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CHUNK: Final = 500


class SqlRepository:
    """The items of one kind.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        The unit of work's transaction.
    org_id : str
        The tenant; it stands in every statement.
    kind : str
        A key of `KINDS`.
    target : str
        The store's address, for messages.
    """

    def __init__(self, connection: sa.Connection, org_id: str, kind: str, target: str) -> None:
        self._connection, self._org_id, self._target = connection, org_id, target
        self._kind: Kind = KINDS[kind]
        self._table: sa.Table = TABLES[kind]

    def put(self, items: object) -> WriteResult:
        """Store an item or a list of items.

        Raises
        ------
        ConcurrencyConflict
            If an item's `version` is not the stored one.
        AlreadyExistsError
            If an immutable item stands there with other content, or a unique field is taken.
        InvalidDataError
            If an item is not one of this kind; nothing of the list is stored.
        """
        records = read_items(self._kind, items)
        if self._kind.name == "organizations":
            self._only_itself(records)
        result = WriteResult()
        with sql_faults(self._target), self._connection.begin_nested():
            for first in range(0, len(records), _CHUNK):
                result += self._put_some(records[first : first + _CHUNK])
        return result

    def get(self, id: str) -> Record:  # noqa: A002
        """Return one item.

        Raises
        ------
        NotFoundError
            If this tenant has no such item.
        IntegrityError
            If an immutable item's stored bytes were changed.
        """
        with sql_faults(self._target):
            row = self._connection.execute(sa.select(self._table).where(*self._mine(), self._table.c.id == id)).first()
        if row is None:
            raise NotFoundError(f"{self._kind.name} has no such item", "id", id, target=self._target)
        return self._record(row)

    def list(self, *, limit: int | None = None, after: str | None = None, **filters: object) -> list[Record]:
        """Return the items that match every filter (a value, or a list of them), in order of id."""
        query = sa.select(self._table).where(*self._mine(), *self._matching(filters)).order_by(self._table.c.id)
        if after is not None:
            query = query.where(self._table.c.id > after)
        query = query.limit(check_limit(limit))
        with sql_faults(self._target):
            return [self._record(row) for row in self._connection.execute(query)]

    def delete(self, id: str) -> bool:  # noqa: A002
        """Remove one item and what it owns; return whether it was there."""
        with sql_faults(self._target):
            done = self._connection.execute(sa.delete(self._table).where(*self._mine(), self._table.c.id == id))
        return done.rowcount == 1

    def _mine(self) -> tuple[sa.ColumnElement[bool], ...]:
        return (self._table.c.org_id == self._org_id,)

    def _matching(self, filters: dict[str, object]) -> Iterable[sa.ColumnElement[bool]]:
        for name, value in filters.items():
            if name not in self._table.c or name in HOUSEKEEPING:
                known = ", ".join(sorted(set(self._table.c.keys()) - HOUSEKEEPING))
                raise InvalidDataError(f"{self._kind.name} cannot be filtered by this", name, None, f"Known: {known}.")
            column = self._table.c[name]
            if isinstance(value, list | tuple | set | frozenset):
                yield column.in_(list(value))
            else:
                yield column.is_(None) if value is None else column == value

    def _only_itself(self, records: Sequence[Record]) -> None:
        for record in records:
            if record.id != self._org_id:
                raise InvalidDataError("an organisation stores only itself", "id", record.id, f"Use {self._org_id!r}.")

    def _put_some(self, records: Sequence[Record]) -> WriteResult:
        table = self._table
        found = self._connection.execute(
            sa.select(table.c.id, table.c.version, table.c.row_hash).where(
                *self._mine(), table.c.id.in_([record.id for record in records])
            )
        )
        stored = {row.id: (row.version, row.row_hash) for row in found}
        now = datetime.now(UTC)
        created: list[dict[str, Any]] = []
        updated: list[dict[str, Any]] = []
        unchanged = 0
        for record in records:
            version, digest = stored.get(record.id, (0, ""))
            if record.version is not None and record.version != version:
                raise conflict(self._kind.name, record.id, record.version, version, self._target)
            fresh = row_hash(record)
            if fresh == digest:
                unchanged += 1
                continue
            if version and self._kind.immutable:
                raise AlreadyExistsError(
                    f"{self._kind.name} never change: other content stands there", "id", record.id, target=self._target
                )
            row = self._row(record) | {"version": version + 1, "row_hash": fresh, "updated_at": now}
            (updated if version else created).append(row)
        self._insert(created, now)
        self._update(updated)
        return WriteResult(len(created), len(updated), unchanged)

    def _insert(self, rows: Sequence[dict[str, Any]], now: datetime) -> None:
        if not rows:
            return
        full = [{**row, "org_id": self._org_id, "created_at": now} for row in rows]
        self._connection.execute(sa.insert(self._table), full)

    def _update(self, rows: Sequence[dict[str, Any]]) -> None:
        if not rows:
            return
        table = self._table
        settable = [name for name in table.c.keys() if name not in ("org_id", "id", "created_at")]  # noqa: SIM118
        statement = (
            sa.update(table)
            .where(*self._mine(), table.c.id == sa.bindparam("id_"), table.c.version == sa.bindparam("was_"))
            .values({name: sa.bindparam(name + "_") for name in settable})
        )
        for row in rows:
            values = {name + "_": row[name] for name in settable}
            done = self._connection.execute(statement, values | {"id_": row["id"], "was_": row["version"] - 1})
            if done.rowcount != 1:
                raise conflict(self._kind.name, row["id"], row["version"] - 1, "a later one", self._target)

    def _row(self, record: Record) -> dict[str, Any]:
        names = [name for name in self._table.c.keys() if name not in HOUSEKEEPING]  # noqa: SIM118
        row = {name: getattr(record, name, None) for name in names}
        if self._kind.immutable:
            row["document"] = canonical(record.model_dump(mode="json", exclude_none=False, exclude={"id", "version"}))
        elif "details" in self._table.c:
            row["details"] = dict(record.model_extra or {}) or None
        return row

    def _record(self, row: sa.Row[Any]) -> Record:
        fields = dict(row._mapping)  # noqa: SLF001 -- SQLAlchemy's public name
        version, digest = cast("int", fields["version"]), cast("str", fields["row_hash"])
        if self._kind.immutable:
            body = json.loads(fields["document"])
            record = self._kind.model.model_validate({**body, "id": fields["id"], "version": version})
            if row_hash(record) != digest or canonical(body) != fields["document"]:
                raise IntegrityError(
                    f"the stored bytes of this item of {self._kind.name} were changed",
                    "id",
                    record.id,
                    "Restore it from a copy.",
                    target=self._target,
                )
            return record
        kept = (set(fields) - HOUSEKEEPING) | self._kind.model.given
        held = {name: fields[name] for name in kept if fields[name] is not None}
        try:
            return self._kind.model.model_validate({**(fields.get("details") or {}), **held})
        except ValidationError as exc:
            first = exc.errors(include_url=False)[0]
            raise IntegrityError(
                f"a stored item of {self._kind.name} is none any more: {first['msg']}",
                ".".join(str(part) for part in first["loc"]),
                fields["id"],
                "Put it again as it should be.",
                target=self._target,
            ) from None
