"""Readings on the wire to PostgreSQL: binary COPY both ways, laid out by numpy at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from carbonost.storage import cells
from carbonost.storage.cells import Cells
from carbonost.storage.civil import instant
from carbonost.storage.meters_postgres import sql
from carbonost.storage.meters_sqlite.codec import Packed, pack_stamps, unpack_stamps

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]

_EPOCH_2000: Final = 946_684_800_000_000  # PostgreSQL counts its microseconds from the year 2000
_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_ROW: Final = np.dtype(
    [
        *(("n", ">i2"), ("l1", ">i4"), ("series", ">i8"), ("l2", ">i4"), ("start", ">i8"), ("l3", ">i4")),
        *(("value", ">f8"), ("l4", ">i4"), ("quality", ">i2"), ("l5", ">i4")),
    ]
)


def readings(cursor: Any, ids: Sequence[int], first: int, last: int) -> Any:
    """Return series rank, start, value, quality and status in a range, sorted."""
    bounds = (list(ids), instant(first), instant(last))
    with cursor.copy(sql.READ, bounds) as copy:
        data = b"".join(bytes(block) for block in copy)[len(_HEADER) : -2]
    rows = np.frombuffer(data, dtype=np.dtype([(name, _ROW[name]) for name in cast("Any", _ROW.names)[:-1]]))
    rank = np.zeros(max(ids, default=0) + 1, dtype=np.int64)
    rank[list(ids)] = np.arange(len(ids))
    code, start = rank[rows["series"].astype(np.int64)], rows["start"].astype(np.int64) + _EPOCH_2000
    order = np.lexsort((start, code))
    columns = (code[order], start[order], rows["value"].astype(np.float64)[order])
    cursor.execute(sql.STATUSES, bounds)
    texts = {(row[0], row[1]): row[2] for row in cursor.fetchall()}
    status = None
    if texts:
        keys = zip(rows["series"][order].tolist(), columns[1].tolist(), strict=True)
        status = np.array([texts.get(key, "") for key in keys], dtype=object)
    return (*columns, rows["quality"].astype(np.int64)[order], status)


def copy_in(cursor: Any, table: str, columns: Any, status: npt.NDArray[np.object_] | None) -> None:
    """Send rows by binary COPY; rows of fixed length are laid out by numpy at once."""
    series, start, value, quality = columns
    with cursor.copy(f"copy {table} (series, start, value, quality, status) from stdin (format binary)") as copy:
        if status is None:
            rows = np.zeros(len(series), dtype=_ROW)
            rows["n"], rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 5, 8, 8, 8, 2
            rows["series"], rows["start"], rows["value"], rows["quality"] = series, start - _EPOCH_2000, value, quality
            copy.write(_HEADER)
            copy.write(rows.tobytes())
            copy.write(b"\xff\xff")
            return
        copy.set_types(["int8", "timestamptz", "float8", "int2", "text"])
        stamps = (instant(at) for at in start.tolist())
        for row in zip(series.tolist(), stamps, value.tolist(), quality.tolist(), status.tolist(), strict=True):
            copy.write_row(row)


def as_cells(rows: Sequence[tuple[Any, ...]]) -> Cells:
    """Return rows of the tier's columns as cells."""
    if not rows:
        return cells.empty()
    parts = zip(*rows, strict=True)
    who, start, first, until, count = (np.array(next(parts), dtype=np.int64) for _ in range(5))
    total, low, high = (np.array(part, dtype=np.float64) for part in parts)
    return Cells(who, start, first, until, count, total, low, high)


def rolled(cursor: Any, series: int, day: int) -> Integers:
    """Return the stamps of a day whose values live on in a tier only."""
    cursor.execute(
        "select count, first, last, step, data from meter_rolled where series = %s and day = %s", (series, day)
    )
    row = cursor.fetchone()
    if row is None:
        return np.zeros(0, dtype=np.int64)
    return unpack_stamps(Packed(row[0], row[1], row[2], row[3], 0, 0, 0, None, bytes(row[4])))[0]


def keep_stamps(cursor: Any, series: int, day: int, stamps: Integers) -> None:
    """Note the stamps of a day whose values were rolled up, in place of those noted before."""
    cursor.execute("delete from meter_rolled where series = %s and day = %s", (series, day))
    if len(stamps):
        step, data = pack_stamps(stamps)
        row = (series, day, len(stamps), int(stamps[0]), int(stamps[-1]), step, data)
        cursor.execute("insert into meter_rolled values (%s, %s, %s, %s, %s, %s, %s)", row)
