"""Readings as rows in monthly partitions: any SQL reads them, and the server adds buckets up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from carbonost.storage import cells
from carbonost.storage.civil import instant
from carbonost.storage.meters_postgres import sql, wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from carbonost.storage.cells import Cells
    from carbonost.storage.days import Columns
    from carbonost.storage.meters_postgres.wire import Floats, Integers, Rows


class RowLayout:
    """One row a reading.

    A batch goes in by one binary COPY; only where a reading of it is known already is it staged
    and upserted. A role under row security may not COPY into a table: its batches are staged.

    Parameters
    ----------
    schema : str
        Where the tables stand.
    copies : bool
        Whether the role may COPY straight into them.
    """

    name = "rows"

    def __init__(self, schema: str, *, copies: bool) -> None:
        self._schema, self._copies = schema, copies

    def write(self, cursor: Any, columns: Columns) -> tuple[int, int]:
        """Store rows and return how many were created and updated."""
        self._partitions(cursor, columns[1])
        if self._copies:
            from psycopg.errors import UniqueViolation

            try:
                with cursor.connection.transaction():
                    wire.copy_in(cursor, "meter_reading", columns)
            except UniqueViolation:
                return self._merge(cursor, columns)
            return len(columns[0]), 0
        return self._merge(cursor, columns)

    def read(self, cursor: Any, ids: Sequence[int], first: int, last: int) -> Columns:
        """Return readings of a range, sorted by the order of `ids` and start."""
        return wire.readings(cursor, ids, first, last)

    def latest(self, cursor: Any, ids: Sequence[int]) -> Rows:
        """Return the last reading of each series as a row."""
        cursor.execute(sql.LATEST, (list(ids),))
        return list(cursor.fetchall())

    def extent(self, cursor: Any, ids: Sequence[int], first: int, last: int) -> list[int]:
        """Return the first and the last stamp in a range, or nothing."""
        cursor.execute(sql.EXTENT, (list(ids), instant(first), instant(last)))
        return [bound for bound in cursor.fetchone() if bound is not None]

    def cells(self, cursor: Any, ids: Sequence[int], first: int, last: int, cuts: Integers) -> Cells:
        """Return the buckets between `cuts` of a range."""
        bounds = (list(ids), instant(first), instant(last))
        cursor.execute(sql.BUCKETS, ([instant(cut) for cut in cuts.tolist()], *bounds))
        return cells.of_rows(cursor.fetchall())

    def delete(self, cursor: Any, ids: Sequence[int], first: int, last: int) -> int:
        """Remove a range and return how many readings it held."""
        cursor.execute(sql.DELETE, (list(ids), instant(first), instant(last)))
        return int(cursor.rowcount)

    def take(self, cursor: Any, series: int, limit: int) -> tuple[Integers, Floats]:
        """Remove what lies before `limit` and return its stamps and values, sorted."""
        cursor.execute(sql.TAKE, (series, instant(limit)))
        rows = sorted(cursor.fetchall())
        when, value = zip(*rows, strict=True) if rows else ((), ())
        return np.array(when, dtype=np.int64), np.array(value, dtype=np.float64)

    def _partitions(self, cursor: Any, start: Integers) -> None:
        months: npt.NDArray[Any] = np.unique(start.astype("datetime64[us]").astype("datetime64[M]"))
        cursor.execute(sql.PARTITIONS, (self._schema,))
        there = {row[0] for row in cursor.fetchall()}
        for month in months:
            if f"meter_reading_{str(month).replace('-', '_')}" not in there:
                cursor.execute("select meter_partition(%s)", (f"{month}-01",))

    @staticmethod
    def _merge(cursor: Any, columns: Columns) -> tuple[int, int]:
        cursor.execute(sql.STAGE)
        wire.copy_in(cursor, "stage", columns)
        cursor.execute(sql.STAGED)
        created = len(columns[0]) - int(cursor.fetchone()[0])
        cursor.execute(sql.MERGE)
        updated = int(cursor.rowcount) - created
        cursor.execute("drop table stage")
        return created, updated
