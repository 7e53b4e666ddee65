"""Readings in PostgreSQL, as rows in monthly partitions or as compressed days.

The address takes ``?schema=name`` to keep the tables apart, and ``?layout=chunk`` when they are laid
out; later it need not be said. `for_tenant` tells row security who asks.
"""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self
from uuid import uuid4

import numpy as np

from carbonost.errors import Unsupported
from carbonost.storage import cells
from carbonost.storage.civil import edges, span, zone
from carbonost.storage.days import Columns, ranks
from carbonost.storage.frames import known_series, points_of, read_frame
from carbonost.storage.items import check_tenant
from carbonost.storage.meters_postgres import retention, sql, wire
from carbonost.storage.meters_postgres.chunks import ChunkLayout
from carbonost.storage.meters_postgres.rows import RowLayout
from carbonost.storage.meters_postgres.schema import lay_out
from carbonost.storage.meters_postgres.session import Session
from carbonost.storage.ports import SeriesInfo, WriteResult
from carbonost.storage.tables import readings_frame, readings_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from carbonost.storage.cells import Cells
    from carbonost.storage.meters_postgres.wire import Integers
    from carbonost.storage.ports import How, RetentionPolicy


def open_store(url: str, *, timeout_s: float = 30.0) -> PostgresMeterStore:
    """Open the database an address names, laying the tables out where they are missing."""
    return PostgresMeterStore(url, timeout_s=timeout_s)


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """Yield an address whose readings stand in a schema of their own, removed afterwards."""
    name = f"carbonost_verify_{uuid4().hex[:12]}"
    sep = "&" if "?" in url else "?"
    address = f"{url}{sep}schema={name}"
    try:
        yield address
    finally:
        session = Session(address, 30.0)
        try:
            with session.transaction() as cursor:
                cursor.execute(f"drop schema if exists {name} cascade")
        finally:
            session.close()


class PostgresMeterStore:
    """Readings in PostgreSQL.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host/db``, optionally ``?schema=name`` and ``?layout=chunk``.
    timeout_s : float [s]
        How long a connection, a lock or a statement is waited for.
    """

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        self._session = Session(url, timeout_s)
        self.target = self._session.target
        self._org_id: str | None = None
        try:
            with self._session.transaction() as cursor:
                layout = lay_out(cursor, self._session.schema, self._session.layout, self.target)
                cursor.execute("select row_security_active('meter_series')")
                obeys = bool(cursor.fetchone()[0])
                version = str(cursor.connection.info.parameter_status("server_version")).split()[0]
        except BaseException:
            self.close()
            raise
        self.server = f"postgresql {version}, layout {layout}"
        self._obeys = obeys
        self._layout: wire.Layout = (
            ChunkLayout(copies=not obeys)
            if layout == ChunkLayout.name
            else RowLayout(self._session.schema, copies=not obeys)
        )

    @property
    def capabilities(self) -> frozenset[str]:
        """What was seen on the server; a role under row security rolls nothing up, its owner does."""
        found = {"atomic", "counts", "delete", "downsample", "multi_process", "quality", "status"}
        return frozenset(found | ({"row_security"} if self._obeys else {"late", "retention"}))

    def for_tenant(self, org_id: str) -> PostgresMeterStore:
        """Return this store as row security shows it to one organisation; both share a connection."""
        mine = copy(self)
        mine._org_id = check_tenant(org_id)  # noqa: SLF001 -- a copy of ours
        return mine

    def write(
        self,
        frame: pd.DataFrame | pd.Series[Any] | Mapping[str, Any],
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
            keep = retention.not_rolled(cursor, ids, batch.start, skip=on_invalid == "skip")
            skipped = batch.skipped + int((~keep).sum())
            if not keep.any():
                return WriteResult(skipped=skipped)
            status = batch.status[keep] if batch.status is not None else None
            columns = Columns(ids[keep], batch.start[keep], batch.value[keep], batch.quality[keep], status)
            created, updated = self._layout.write(cursor, columns)
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
        with self._transaction(snapshot=True) as cursor:
            ids, series = self._select(cursor, selector)
            columns = self._layout.read(cursor, ids, first, last)
        return (readings_table if as_ == "arrow" else readings_frame)(series, *columns)

    def downsample(
        self, selector: Any, start: datetime | str, end: datetime | str, every: str, tz: str, how: How = "energy"
    ) -> pd.DataFrame:
        """Return point, start and value per civil bucket of `tz`."""
        first, last = span(start, end)
        name = zone(tz).key
        edges(0, 1, every, name)
        with self._transaction(snapshot=True) as cursor:
            ids, series = self._select(cursor, selector)
            cells.check_how(how, (info.unit for info in series))
            found = self._buckets(cursor, ids, first, last, every, name)
        return cells.to_frame(found, series, name, how)

    def latest(self, selector: Any) -> pd.DataFrame:
        """Return the last reading of each selected point."""
        with self._transaction(snapshot=True) as cursor:
            ids, series = self._select(cursor, selector)
            rows = self._layout.latest(cursor, ids)
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
            ids = list(self._select(cursor, selector)[0]) if first < last else []
            cursor.execute(sql.HOLD_IDS, (ids,))
            retention.tiers(cursor, ids, first, last)  # refuses a range that cuts a bucket
            return self._layout.delete(cursor, ids, first, last) + retention.delete(cursor, ids, first, last)

    def apply_retention(self, policy: RetentionPolicy, now: datetime) -> Mapping[str, int]:
        """Roll up what is older than the policy keeps, of every organisation, in one transaction."""
        if self._obeys:
            raise Unsupported(
                "retention is applied to the store as a whole",
                remedy="Apply it as the owner of the tables.",
                target=self.target,
                capability="retention",
            )
        with self._transaction() as cursor:
            cursor.execute("select pg_advisory_xact_lock(727203)")
            cursor.execute(sql.HOLD_IDS, ([id_ for id_, _ in self._known(cursor)],))
            return retention.apply(cursor, self._layout, policy, now)

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self, *, snapshot: bool = False) -> Iterator[Any]:
        with self._session.transaction(self._org_id, snapshot=snapshot) as cursor:
            yield cursor

    @staticmethod
    def _known(cursor: Any) -> Sequence[tuple[int, SeriesInfo]]:
        cursor.execute(sql.KNOWN)
        return [(row[0], SeriesInfo(*row[1:])) for row in cursor.fetchall()]

    def _select(self, cursor: Any, selector: Any) -> tuple[Sequence[int], Sequence[SeriesInfo]]:
        if isinstance(selector, str):
            cursor.execute(sql.NAMED, ([selector],))
            known = [(row[0], SeriesInfo(*row[1:])) for row in cursor.fetchall()]
        else:
            known = list(self._known(cursor))
        ids = {info.point: id_ for id_, info in known}
        chosen = points_of(selector, (info for _, info in known))
        return [ids[info.point] for info in chosen], chosen

    def _upsert_series(self, cursor: Any, series: Sequence[SeriesInfo]) -> Integers:
        """Return the id of each series and hold it; adds new ones and new tags."""
        points = [info.point for info in series]
        cursor.execute(sql.HOLD, (points,))
        known = {row[1]: (row[0], SeriesInfo(*row[1:])) for row in cursor.fetchall()}
        changed = []
        for info in series:
            before = known[info.point][1] if info.point in known else None
            full = known_series(before, info)
            if full != before:
                changed.append(full)
        if changed:
            dump = self._session.psycopg.types.json.Jsonb
            rows = [(info.point, info.energy_type, info.unit, dump(dict(info.tags))) for info in changed]
            cursor.executemany(sql.UPSERT_SERIES, rows)
            cursor.execute(sql.NAMED, (points,))
            known = {row[1]: (row[0], SeriesInfo(*row[1:])) for row in cursor.fetchall()}
            for info in changed:  # another process may have named it otherwise meanwhile
                known_series(known[info.point][1], info)
        return np.array([known[point][0] for point in points], dtype=np.int64)

    def _buckets(self, cursor: Any, ids: Sequence[int], first: int, last: int, every: str, tz: str) -> Cells:
        old = retention.tiers(cursor, ids, first, last)
        bounds = [*self._layout.extent(cursor, ids, first, last), *old.first.tolist(), *(old.end - 1).tolist()]
        if not bounds:
            return cells.empty()
        cuts = edges(min(bounds), max(bounds) + 1, every, tz)
        held = cells.join([old, self._layout.cells(cursor, ids, first, last, cuts)])
        return cells.gather(replace(held, series=ranks(ids)[held.series]), cuts)
