"""Readings on the wire to PostgreSQL: binary COPY both ways, laid out by numpy at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import numpy as np

from carbonost.storage.civil import instant
from carbonost.storage.codec import Packed, pack_stamps, unpack_stamps
from carbonost.storage.days import Columns, in_order
from carbonost.storage.meters_postgres import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from carbonost.storage.cells import Cells

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Rows = list[tuple[Any, ...]]

_EPOCH_2000: Final = 946_684_800_000_000  # PostgreSQL counts its microseconds from the year 2000
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_ROW: Final = np.dtype(
    [
        *(("n", ">i2"), ("l1", ">i4"), ("series", ">i8"), ("l2", ">i4"), ("start", ">i8"), ("l3", ">i4")),
        *(("value", ">f8"), ("l4", ">i4"), ("quality", ">i2"), ("l5", ">i4")),
    ]
)
_CHUNK: Final = ("int8",) * 6 + ("int2", "int2", "int8", "bytea", "bytea", "bytea")


class Layout(Protocol):
    """How readings stand in the database; columns are series, start, value, quality and status."""

    name: str

    def write(self, cursor: Any, columns: Columns) -> tuple[int, int]:
        """Store rows and return how many were created and updated."""
        ...

    def read(self, cursor: Any, ids: Sequence[int], first: int, last: int) -> Columns:
        """Return readings of a range, sorted by the order of `ids` and start; series is the rank in `ids`."""
        ...

    def latest(self, cursor: Any, ids: Sequence[int]) -> Rows:
        """Return the last reading of each series as a row."""
        ...

    def extent(self, cursor: Any, ids: Sequence[int], first: int, last: int) -> list[int]:
        """Return bounds of what lies in a range, or nothing."""
        ...

    def cells(self, cursor: Any, ids: Sequence[int], first: int, last: int, cuts: Integers) -> Cells:
        """Return the buckets between `cuts` of a range."""
        ...

    def delete(self, cursor: Any, ids: Sequence[int], first: int, last: int) -> int:
        """Remove a range and return how many readings it held."""
        ...

    def take(self, cursor: Any, series: int, limit: int) -> tuple[Integers, Floats]:
        """Remove what lies before `limit` and return its stamps and values, sorted."""
        ...


def readings(cursor: Any, ids: Sequence[int], first: int, last: int) -> Columns:
    """Return series rank, start, value, quality and status of rows in a range, sorted."""
    bounds = (list(ids), instant(first), instant(last))
    with cursor.copy(sql.READ, bounds) as copy:
        data = b"".join(bytes(block) for block in copy)[len(_HEADER) : -2]
    rows = np.frombuffer(data, dtype=np.dtype([(name, _ROW[name]) for name in cast("Any", _ROW.names)[:-1]]))
    start = rows["start"].astype(np.int64) + _EPOCH_2000
    columns = (rows["series"].astype(np.int64), start, rows["value"].astype(np.float64))
    quality = rows["quality"].astype(np.int64)
    cursor.execute(sql.STATUSES, bounds)
    texts = {(row[0], row[1]): row[2] for row in cursor.fetchall()}
    status = None
    if texts:
        keys = zip(columns[0].tolist(), start.tolist(), strict=True)
        status = np.array([texts.get(key, "") for key in keys], dtype=object)
    return in_order([Columns(*columns, quality, status)], ids)


def copy_in(cursor: Any, table: str, columns: Columns) -> None:
    """Send rows by binary COPY; rows of fixed length are laid out by numpy at once.

    A head keeps its stamps as microseconds since 1970, other tables as instants.
    """
    series, start, value, quality, status = columns
    whole = table == "meter_head"
    with cursor.copy(f"copy {table} (series, start, value, quality, status) from stdin (format binary)") as copy:
        if status is None:
            rows = np.zeros(len(series), dtype=_ROW)
            rows["n"], rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 5, 8, 8, 8, 2
            stamps = start if whole else start - _EPOCH_2000
            rows["series"], rows["start"], rows["value"], rows["quality"] = series, stamps, value, quality
            copy.write(_HEADER)
            copy.write(rows.tobytes())
            copy.write(b"\xff\xff")
            return
        copy.set_types(["int8", "int8" if whole else "timestamptz", "float8", "int2", "text"])
        given = start.tolist() if whole else [instant(at) for at in start.tolist()]
        for row in zip(series.tolist(), given, value.tolist(), quality.tolist(), status.tolist(), strict=True):
            copy.write_row(row)


def copy_chunks(cursor: Any, rows: Iterable[Sequence[Any]]) -> None:
    """Send chunks by binary COPY."""
    with cursor.copy(sql.COPY_CHUNKS) as copy:
        copy.set_types(_CHUNK)
        for row in rows:
            copy.write_row(row)


def rolled(cursor: Any, ids: Sequence[int], first: int, last: int) -> Iterator[tuple[int, int, Integers]]:
    """Yield series, day and the stamps whose values live on in a tier only."""
    cursor.execute(sql.ROLLED, (list(ids), first, last), binary=True)
    for series, day, count, low, high, step, data in cursor.fetchall():
        yield series, day, unpack_stamps(Packed(count, low, high, step, 0, 0, 0, None, bytes(data)))[0]


def keep_stamps(cursor: Any, series: int, day: int, stamps: Integers) -> None:
    """Note the stamps of a day whose values were rolled up, in place of those noted before."""
    cursor.execute(sql.DROP_ROLLED, (series, day))
    if len(stamps):
        step, data = pack_stamps(stamps)
        row = (series, day, len(stamps), int(stamps[0]), int(stamps[-1]), step, data)
        cursor.execute(sql.PUT_ROLLED, row)
