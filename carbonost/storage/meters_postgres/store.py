"""Readings in PostgreSQL: monthly partitions, COPY first, civil buckets summed by the server.

A batch goes in by one binary COPY; only where a reading of it is known already is it staged and
upserted. The address takes ``?schema=name`` to keep the tables apart.
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from uuid import uuid4

import numpy as np

from carbonost._lazy import load
from carbonost.errors import BeyondRetentionError, ClosedError, InvalidDataError
from carbonost.storage import cells
from carbonost.storage.cells import Cells
from carbonost.storage.civil import DAY, before, edges, instant, span, zone
from carbonost.storage.frames import known_series, points_of, read_frame
from carbonost.storage.meters_postgres import sql, wire
from carbonost.storage.ports import SeriesInfo, WriteResult
from carbonost.storage.sql.faults import translate
from carbonost.storage.tables import readings_frame, readings_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import numpy.typing as npt
    import pandas as pd

    from carbonost.storage.frames import Batch
    from carbonost.storage.ports import How, RetentionPolicy

    Integers = npt.NDArray[np.int64]

_SCHEMA_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,50}")


def open_store(url: str, *, timeout_s: float = 30.0) -> PostgresMeterStore:
    """Open the database an address names, laying the tables out where they are missing."""
    return PostgresMeterStore(url, timeout_s=timeout_s)


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """Yield an address whose readings stand in a schema of their own, removed afterwards."""
    name = f"carbonost_verify_{uuid4().hex[:12]}"
    sep = "&" if "?" in url else "?"
    try:
        yield f"{url}{sep}schema={name}"
    finally:
        with PostgresMeterStore(url) as store, store._transaction() as cursor:  # noqa: SLF001 -- same module
            cursor.execute(f"drop schema if exists {name} cascade")


class PostgresMeterStore:
    """Readings in PostgreSQL.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host/db``, optionally ``?schema=name``.
    timeout_s : float [s]
        How long a connection, a lock or a statement is waited for.
    """

    capabilities = frozenset(
        {"atomic", "counts", "delete", "retention", "downsample", "multi_process", "quality", "status", "late"}
    )

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        self._psycopg: Any = load("psycopg", "a PostgreSQL store")
        from sqlalchemy import make_url

        address = make_url(url).set(drivername="postgresql")
        query = dict(address.query)
        self._schema = str(query.pop("schema", "public"))
        if not _SCHEMA_NAME.fullmatch(self._schema):
            raise InvalidDataError("a schema is a plain lower-case name", "schema", self._schema)
        self._url = address.set(query=query).render_as_string(hide_password=False)
        self.target = address.set(username=None, password=None, query={}).render_as_string()
        self._timeout_s = timeout_s
        self._lock = threading.RLock()
        self._closed = False
        self._connection: Any = None
        self.server = ""
        try:
            self._lay_out()
        except BaseException:
            self.close()
            raise

    def write(
        self,
        frame: pd.DataFrame,
        *,
        atomic: bool = True,  # noqa: ARG002 -- every write is
        on_invalid: Literal["raise", "skip"] = "raise",
        assume_tz: str | None = None,
    ) -> WriteResult:
        """Store readings in one transaction."""
        batch = read_frame(frame, on_invalid=on_invalid, assume_tz=assume_tz)
        if not len(batch):
            return WriteResult(skipped=batch.skipped)
        with self._transaction() as cursor:
            ids = self._upsert_series(cursor, batch.series)[batch.code]
            self._partitions(cursor, batch.start)
            keep = self._not_rolled(cursor, ids, batch.start, skip=on_invalid == "skip")
            skipped = batch.skipped + int((~keep).sum())
            created, updated = self._store(cursor, ids, batch, keep)
        return WriteResult(created, updated, int(keep.sum()) - created - updated, skipped)

    def read(
        self,
        selector: Any,
        start: datetime | str,
        end: datetime | str,
        as_: Literal["pandas", "arrow"] = "pandas",
    ) -> Any:
        """Return readings in the half-open range, sorted by point and start."""
        first, last = span(start, end)
        with self._transaction() as cursor:
            ids, series = self._select(cursor, selector)
            columns = wire.readings(cursor, ids, first, last)
        return (readings_table if as_ == "arrow" else readings_frame)(series, *columns)

    def downsample(
        self, selector: Any, start: datetime | str, end: datetime | str, every: str, tz: str, how: How = "energy"
    ) -> pd.DataFrame:
        """Return point, start and value per civil bucket of `tz`; the server adds up."""
        first, last = span(start, end)
        name = zone(tz).key
        edges(0, 1, every, name)
        with self._transaction() as cursor:
            ids, series = self._select(cursor, selector)
            cells.check_how(how, (info.unit for info in series))
            found = self._buckets(cursor, ids, first, last, every, name)
        return cells.to_frame(found, series, name, how)

    def latest(self, selector: Any) -> pd.DataFrame:
        """Return the last reading of each selected point."""
        with self._transaction() as cursor:
            ids, series = self._select(cursor, selector)
            cursor.execute(sql.LATEST, (list(ids),))
            rows = cursor.fetchall()
        rank = {id_: place for place, id_ in enumerate(ids)}
        rows.sort(key=lambda row: rank[row[0]])
        who, when, value, quality, status = zip(*rows, strict=True) if rows else ((), (), (), (), ())
        code = np.array([rank[id_] for id_ in who], dtype=np.int64)
        stamps, good = np.array(when, dtype=np.int64), np.array(quality, dtype=np.int64)
        return readings_frame(series, code, stamps, np.array(value, dtype=float), good, np.array(status, dtype=object))

    def series(self) -> list[SeriesInfo]:
        """Return every point with its carrier, unit and tags."""
        with self._transaction() as cursor:
            return [info for _, info in self._known(cursor)]

    def delete(self, selector: Any, start: datetime | str, end: datetime | str) -> int:
        """Remove readings in the half-open range; return how many."""
        first, last = span(start, end)
        with self._transaction() as cursor:
            ids = list(self._select(cursor, selector)[0])
            self._tiers(cursor, ids, first, last)  # refuses a range that cuts a bucket
            cursor.execute(sql.DELETE, (ids, instant(first), instant(last)))
            removed = int(cursor.rowcount)
            cursor.execute(sql.DELETE_TIER, (ids, first, last))
            removed += sum(int(row[0]) for row in cursor.fetchall())
            self._forget(cursor, ids, first, last)
        return removed

    def apply_retention(self, policy: RetentionPolicy, now: datetime) -> Mapping[str, int]:
        """Roll up what is older than the policy keeps, in one transaction."""
        moved = {"raw": 0, "hourly": 0, "daily": 0, "monthly": 0}
        with self._transaction() as cursor:
            cursor.execute("select pg_advisory_xact_lock(727203)")
            self._same_zone(cursor, zone(policy.tz).key)
            limit = before(now, policy.raw, "h", policy.tz)
            if limit is not None:
                moved["raw"] = self._roll_readings(cursor, limit, policy.tz)
            for level, name, unit in ((1, "hourly", "d"), (2, "daily", "mo")):
                limit = before(now, getattr(policy, name), unit, policy.tz)
                if limit is not None:
                    moved[name] = self._roll_tier(cursor, level, limit, f"1{unit}", policy.tz)
            limit = before(now, policy.monthly, "mo", policy.tz)
            if limit is not None:
                cursor.execute("delete from meter_tier where level = 3 and until <= %s", (limit,))
                moved["monthly"] = int(cursor.rowcount)
        return moved

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _lay_out(self) -> None:
        with self._transaction() as cursor:
            cursor.execute("select pg_advisory_xact_lock(727202)")
            if self._schema != "public":
                cursor.execute(f"create schema if not exists {self._schema}")
            for statement in sql.SCHEMA:
                cursor.execute(statement)
            self.server = f"postgresql {cursor.connection.info.parameter_status('server_version')}"

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        with self._lock:
            if self._closed:
                raise ClosedError("the store is closed", target=self.target)
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = self._connect()
                with self._connection.transaction(), self._connection.cursor() as cursor:
                    yield cursor
            except self._psycopg.Error as exc:
                raise translate(exc, self.target) from exc

    def _connect(self) -> Any:
        wait = int(self._timeout_s * 1000)
        options = f"-c timezone=UTC -c statement_timeout={wait} -c lock_timeout={wait} -c search_path={self._schema}"
        return self._psycopg.connect(
            self._url, autocommit=True, connect_timeout=max(2, int(self._timeout_s)), options=options
        )

    @staticmethod
    def _known(cursor: Any) -> Sequence[tuple[int, SeriesInfo]]:
        cursor.execute('select id, point, energy_type, unit, tags from meter_series order by point collate "C"')
        return [(row[0], SeriesInfo(*row[1:])) for row in cursor.fetchall()]

    def _select(self, cursor: Any, selector: Any) -> tuple[Sequence[int], Sequence[SeriesInfo]]:
        known = self._known(cursor)
        ids = {info.point: id_ for id_, info in known}
        chosen = points_of(selector, (info for _, info in known))
        return [ids[info.point] for info in chosen], chosen

    def _upsert_series(self, cursor: Any, series: Sequence[SeriesInfo]) -> Integers:
        cursor.execute(
            "select point, energy_type, unit, tags from meter_series where point = any(%s)",
            ([s.point for s in series],),
        )
        known = {row[0]: SeriesInfo(*row) for row in cursor.fetchall()}
        dump = self._psycopg.types.json.Jsonb
        for info in series:
            full = known_series(known.get(info.point), info)
            if full != known.get(info.point):
                cursor.execute(sql.UPSERT_SERIES, (full.point, full.energy_type, full.unit, dump(dict(full.tags))))
        cursor.execute("select point, id from meter_series where point = any(%s)", ([s.point for s in series],))
        ids = dict(cursor.fetchall())
        return np.array([ids[info.point] for info in series], dtype=np.int64)

    def _partitions(self, cursor: Any, start: Integers) -> None:
        months = np.unique(start.astype("datetime64[us]").astype("datetime64[M]"))
        cursor.execute(sql.PARTITIONS, (self._schema,))
        there = {row[0] for row in cursor.fetchall()}
        missing = [month for month in months if f"meter_reading_{str(month).replace('-', '_')}" not in there]
        if missing:
            cursor.execute("select pg_advisory_xact_lock(727202)")
        for month in missing:
            name = f"meter_reading_{str(month).replace('-', '_')}"
            bounds = f"from ('{month}-01 00:00+00') to ('{month + 1}-01 00:00+00')"
            cursor.execute(f"create table if not exists {name} partition of meter_reading for values {bounds}")

    def _store(self, cursor: Any, ids: Integers, batch: Batch, keep: npt.NDArray[np.bool_]) -> tuple[int, int]:
        """Store rows and return how many were created and updated."""
        columns = (ids[keep], batch.start[keep], batch.value[keep], batch.quality[keep])
        status = batch.status[keep] if batch.status is not None else None
        try:
            with cursor.connection.transaction():
                wire.copy_in(cursor, "meter_reading", columns, status)
        except self._psycopg.errors.UniqueViolation:
            cursor.execute(sql.STAGE)
            wire.copy_in(cursor, "stage", columns, status)
            cursor.execute(sql.KNOWN)
            created = len(columns[0]) - int(cursor.fetchone()[0])
            cursor.execute(sql.MERGE)
            updated = int(cursor.rowcount) - created
            cursor.execute("drop table stage")
            return created, updated
        return len(columns[0]), 0

    def _buckets(self, cursor: Any, ids: Sequence[int], first: int, last: int, every: str, tz: str) -> Cells:
        old = self._tiers(cursor, ids, first, last)
        cursor.execute(sql.EXTENT, (list(ids), instant(first), instant(last)))
        low, high = cursor.fetchone()
        bounds = [v for v in (low, high, *old.first.tolist(), *(old.end - 1).tolist()) if v is not None]
        if not bounds:
            return cells.empty()
        cuts = edges(min(bounds), max(bounds) + 1, every, tz)
        cursor.execute(sql.BUCKETS, ([instant(cut) for cut in cuts], list(ids), instant(first), instant(last)))
        held = cells.join([old, wire.as_cells(cursor.fetchall())])
        rank = np.zeros(max(ids, default=0) + 1, dtype=np.int64)
        rank[list(ids)] = np.arange(len(ids))
        return cells.gather(replace(held, series=rank[held.series]), cuts)

    @staticmethod
    def _tiers(cursor: Any, ids: Sequence[int], first: int, last: int) -> Cells:
        cursor.execute(sql.TIERS, (list(ids), first, last))
        held = wire.as_cells(cursor.fetchall())
        torn = (held.first < first) | (held.end > last)
        if torn.any():
            raise cells.beyond(int(held.first[np.flatnonzero(torn)[0]]))
        return held

    @staticmethod
    def _same_zone(cursor: Any, tz: str) -> None:
        cursor.execute("insert into meter_meta values ('tier_tz', %s) on conflict do nothing", (tz,))
        cursor.execute("select value from meter_meta where name = 'tier_tz'")
        known = cursor.fetchone()[0]
        if known != tz:
            raise InvalidDataError("the store was rolled up in another zone", "policy.tz", tz, f"Keep {known!r}.")

    def _roll_readings(self, cursor: Any, limit: int, tz: str) -> int:
        cursor.execute("select id from meter_series order by id")
        moved = 0
        for (series,) in cursor.fetchall():
            cursor.execute(sql.TAKE, (series, instant(limit)))
            rows = cursor.fetchall()
            if not rows:
                continue
            rows.sort()
            when, value = np.array([row[0] for row in rows], dtype=np.int64), np.array([row[1] for row in rows])
            single = cells.of_readings(np.full(len(when), series), when, value)
            self._add(cursor, 1, cells.gather(single, edges(int(when[0]), int(when[-1]) + 1, "1h", tz)))
            for day in np.unique(when // DAY).tolist():
                stamps = np.union1d(wire.rolled(cursor, series, day), when[when // DAY == day])
                wire.keep_stamps(cursor, series, day, stamps)
            moved += len(rows)
        return moved

    def _roll_tier(self, cursor: Any, level: int, limit: int, every: str, tz: str) -> int:
        cursor.execute(sql.TAKE_TIER, (level, limit))
        held = wire.as_cells(cursor.fetchall())
        if len(held):
            self._add(
                cursor, level + 1, cells.gather(held, edges(int(held.first.min()), int(held.end.max()), every, tz))
            )
        return len(held)

    @staticmethod
    def _add(cursor: Any, level: int, new: Cells) -> None:
        rows = zip(*(getattr(new, name).tolist() for name in Cells.__slots__), strict=True)
        cursor.executemany(sql.ADD_TIER, [(series, level, *rest) for series, *rest in rows])

    @staticmethod
    def _not_rolled(cursor: Any, ids: Integers, start: Integers, *, skip: bool) -> npt.NDArray[np.bool_]:
        keep = np.ones(len(ids), dtype=bool)
        cursor.execute("select series, day from meter_rolled where series = any(%s)", (np.unique(ids).tolist(),))
        for series, day in cursor.fetchall():
            rows = np.flatnonzero((ids == series) & (start // DAY == day))
            keep[rows[np.isin(start[rows], wire.rolled(cursor, series, day))]] = False
        if not keep.all() and not skip:
            at = int(start[np.flatnonzero(~keep)[0]])
            raise BeyondRetentionError(
                "a reading of this instant was rolled up already and cannot be replaced",
                "start",
                instant(at).isoformat(),
                "Leave it out, or write with on_invalid='skip'.",
            )
        return keep

    @staticmethod
    def _forget(cursor: Any, ids: Sequence[int], first: int, last: int) -> None:
        cursor.execute(
            "select series, day from meter_rolled where series = any(%s) and day between %s and %s",
            (list(ids), first // DAY, (last - 1) // DAY),
        )
        for series, day in cursor.fetchall():
            stamps = wire.rolled(cursor, series, day)
            wire.keep_stamps(cursor, series, day, stamps[(stamps < first) | (stamps >= last)])
