"""A `MeterStore` in one SQLite file, for a gateway, a notebook, or most parks.

Acknowledged means on the disk (WAL, synchronous FULL). Many processes may read and write; writers
take turns, readers never wait. One file was filled with 1e8 readings and no call got slower but those
that return more (docs/how-to/storage.md); beyond that, one file a park or year, or PostgreSQL.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

from carbonost.errors import ClosedError
from carbonost.storage import cells
from carbonost.storage.address import beside, sqlite_file
from carbonost.storage.civil import DAY, edges, span, zone
from carbonost.storage.frames import points_of, read_frame
from carbonost.storage.meters_sqlite import head, reader, rolled, tiers, writer
from carbonost.storage.meters_sqlite.schema import prepare
from carbonost.storage.ports import SeriesInfo, WriteResult
from carbonost.storage.sqlite_faults import sqlite_faults
from carbonost.storage.sqlite_place import SqlitePlace
from carbonost.storage.tables import readings_frame, readings_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from carbonost.storage.days import Columns
    from carbonost.storage.ports import How, RetentionPolicy


def open_store(url: str, *, timeout_s: float = 30.0) -> SqliteMeterStore:
    """Open the file an address names."""
    return SqliteMeterStore(sqlite_file(url), timeout_s=timeout_s)


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """Yield the address of a file of its own beside the one named."""
    with beside(url) as address:
        yield address


class SqliteMeterStore:
    """Readings in one SQLite file.

    Parameters
    ----------
    path : str
        The file; made where it does not exist, read where it may only be read. ``":memory:"`` keeps
        everything in memory.
    timeout_s : float [s]
        How long another writer is waited for.
    """

    capabilities = frozenset(
        {"atomic", "counts", "delete", "retention", "downsample", "multi_process", "quality", "status", "late"}
    )

    server = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self, path: str, *, timeout_s: float = 30.0) -> None:
        self.target = f"sqlite:///{path}"
        self._place = SqlitePlace(str(path), self.target, timeout_s)
        self._lock = threading.RLock()
        self._closed = False
        self._memory = writer.Memory()
        self._connect()

    def write(
        self,
        frame: pd.DataFrame | pd.Series[Any] | Mapping[str, Any],
        *,
        atomic: bool = True,  # noqa: ARG002 -- every write is
        on_invalid: Literal["raise", "skip"] = "raise",
        assume_tz: str | None = None,
    ) -> WriteResult:
        """Store readings; on return they are on the disk."""
        batch = read_frame(frame, on_invalid=on_invalid, assume_tz=assume_tz)
        with self._transaction(write=True) as db:
            if not len(batch):
                return WriteResult(skipped=batch.skipped)
            return writer.write(db, batch, self._memory, skip=on_invalid == "skip")

    def read(
        self,
        selector: Any,
        start: datetime | str,
        end: datetime | str,
        as_: Literal["pandas", "arrow"] = "pandas",
    ) -> Any:
        """Return readings in the half-open range, sorted by point and start."""
        first, last = span(start, end)
        with self._transaction() as db:
            ids, series = self._select(db, selector)
            columns = reader.readings(db, ids, first, last)
        return (readings_table if as_ == "arrow" else readings_frame)(series, *columns)

    def downsample(
        self, selector: Any, start: datetime | str, end: datetime | str, every: str, tz: str, how: How = "energy"
    ) -> pd.DataFrame:
        """Return point, start and value per civil bucket of `tz`."""
        first, last = span(start, end)
        with self._transaction() as db:
            ids, series = self._select(db, selector)
            cells.check_how(how, (info.unit for info in series))
            kept = reader.extent(db, ids, first, last)
            if kept:  # nothing lies outside, so whole days may be taken from their roll-ups
                first, last = max(first, kept[0] // DAY * DAY), min(last, -(-kept[1] // DAY) * DAY)
            else:
                last = first
            cuts = edges(first, max(last, first + 1), every, tz)
            found = reader.collect(db, ids, first, last, cuts) if last > first else cells.empty()
        return cells.to_frame(found, series, zone(tz).key, how)

    def latest(self, selector: Any) -> pd.DataFrame:
        """Return the last reading of each selected point."""
        with self._transaction() as db:
            ids, series = self._select(db, selector)
            found = reader.latest(db, ids)
        return readings_frame(series, *found)

    def series(self) -> list[SeriesInfo]:
        """Return every point with its carrier, unit and tags."""
        with self._transaction() as db:
            return [info for _, info in self._known(db)]

    def delete(self, selector: Any, start: datetime | str, end: datetime | str) -> int:
        """Remove readings in the half-open range; return how many."""
        first, last = span(start, end)
        removed = 0
        with self._transaction(write=True) as db:
            self._memory.clear()
            ids = self._select(db, selector)[0] if first < last else []
            for series in ids:
                reader.tiers(db, [series], first, last)  # refuses a range that cuts a bucket
                removed += _delete(db, series, first, last)
            if ids:
                removed += _delete_head(db, ids, first, last)
        return removed

    def apply_retention(self, policy: RetentionPolicy, now: datetime) -> Mapping[str, int]:
        """Roll up what is older than the policy keeps, in one transaction."""
        with self._transaction(write=True) as db:
            self._memory.refresh(db)
            moved = tiers.apply(db, self._memory, policy, now)
            self._memory.clear()
            return moved

    def compact(self) -> None:
        """Move the head into chunks now, and give free pages back."""
        with self._transaction(write=True) as db:
            self._memory.refresh(db)
            writer.compact_all(db, self._memory)
        with self._lock, sqlite_faults(self.target):
            self._db.execute("vacuum")

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _connect(self) -> None:
        with sqlite_faults(self.target):
            self._db = self._place.connect()
            try:
                prepare(self._db, self.target, write=self._place.writable)
            except BaseException:
                self._db.close()
                raise
        self._pid = os.getpid()
        self._memory.clear()

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._closed:
                raise ClosedError("the store is closed", target=self.target)
            if write:
                self._place.check_writable()
            with self._place.steady(), sqlite_faults(self.target):
                if not self._place.writable:
                    self._db.close()
                if not self._place.writable or self._pid != os.getpid():  # a connection must not cross a fork
                    self._connect()
                self._db.execute("begin immediate" if write else "begin")
                try:
                    yield self._db
                    self._db.commit()
                except BaseException:
                    self._memory.clear()
                    self._db.rollback()
                    raise

    @staticmethod
    def _known(db: sqlite3.Connection, where: str = "", *values: str) -> Sequence[tuple[int, SeriesInfo]]:
        rows = db.execute(f"select id, point, energy_type, unit, tags from series {where} order by point", values)  # noqa: S608
        return [(row[0], SeriesInfo(row[1], row[2], row[3], json.loads(row[4]))) for row in rows]

    def _select(self, db: sqlite3.Connection, selector: Any) -> tuple[Sequence[int], Sequence[SeriesInfo]]:
        one = isinstance(selector, str)
        known = self._known(db, "where point = ?", selector) if one else self._known(db)
        ids = {info.point: id_ for id_, info in known}
        chosen = points_of(selector, (info for _, info in known))
        return [ids[info.point] for info in chosen], chosen


def _delete_head(db: sqlite3.Connection, ids: Sequence[int], start: int, end: int) -> int:
    """Remove from the head the readings of some series in a range."""

    def named(held: Columns) -> npt.NDArray[np.bool_]:
        return (held.start >= start) & (held.start < end) & head.of_series(held.series, ids)

    return len(head.take(db, start, end, named).start)


def _delete(db: sqlite3.Connection, series: int, start: int, end: int) -> int:
    """Remove from chunks the readings of one series in a range, with the tier buckets that lie inside."""
    removed = 0
    where = (series, start // DAY, (end - 1) // DAY, start, end)
    sql = "select day from {} where series = ? and day between ? and ? and last >= ? and first < ?"
    for (day,) in db.execute(sql.format("chunk"), where).fetchall():
        held = writer.load_chunk(db, series, day)
        if held is None:
            continue
        outside = (held.start < start) | (held.start >= end)
        removed += len(held) - int(outside.sum())
        if not outside.any():
            tiers.drop(db, series, day)
            continue
        writer.store_chunks(db, [held.take(outside)])
    removed += int(
        db.execute(
            "select coalesce(sum(count), 0) from tier where series = ? and first >= ? and until <= ?",
            (series, start, end),
        ).fetchone()[0]
    )
    db.execute("delete from tier where series = ? and first >= ? and until <= ?", (series, start, end))
    for (day,) in db.execute(sql.format("rolled"), where).fetchall():
        stamps = rolled.rolled_stamps(db, series, day)
        db.execute("delete from rolled where series = ? and day = ?", (series, day))
        outside = (stamps < start) | (stamps >= end)
        if outside.any():
            rolled.keep_stamps(db, series, day, stamps[outside])
    return removed
