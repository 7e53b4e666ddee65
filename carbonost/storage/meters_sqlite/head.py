"""The head: what arrived lately, as it arrived, until it is worth a chunk.

Readings that come together stand together in one blob, and a batch of few joins the last one, so a
commit writes two pages however many meters it is about. No order is kept inside; readers sort.

A long head leaves piece by piece, so that no commit waits for all of it: it is sorted by series and
day into blobs with negative ids, and each later commit takes some of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.storage.days import Columns, cuts, joined, texts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]
    Texts = npt.NDArray[np.object_]
    Mask = npt.NDArray[np.bool_]

ROW: Final = np.dtype([("series", "<i8"), ("start", "<i8"), ("value", "<f8"), ("quality", "u1")])
FEW: Final = 64
"""A batch of fewer readings joins the last blob."""

PIECE: Final = 2048
"""About so many readings of a long head leave at once."""

_BLOB_ROWS: Final = 512  # so that it fits a page


@dataclass(slots=True)
class _Blob:
    id: int
    rows: npt.NDArray[Any]
    status: list[str] | None


def _packed(readings: Columns) -> tuple[npt.NDArray[Any], list[str] | None]:
    rows = np.empty(len(readings.start), dtype=ROW)
    for name in ("series", "start", "value", "quality"):
        rows[name] = getattr(readings, name)
    status = readings.status.tolist() if readings.status is not None and any(readings.status) else None
    return rows, status


def _columns(blob: _Blob) -> Columns:
    whole = (blob.rows[name].astype(np.int64) for name in ("series", "start", "quality"))
    series, start, quality = whole
    status = np.array(blob.status, dtype=object) if blob.status is not None else None
    return Columns(series, start, blob.rows["value"].astype(np.float64), quality, status)


def _store(db: sqlite3.Connection, blob: _Blob) -> None:
    """Write a blob; one without an id is new, one without rows goes."""
    if not len(blob.rows):
        db.execute("delete from head where id = ?", (blob.id,))
        return
    row = _row(blob)
    if blob.id:
        sql = "update head set first = ?, last = ?, count = ?, data = ?, status = ? where id = ?"
        db.execute(sql, (*row, blob.id))
    else:
        newest = "select id from head where id > 0 order by id desc limit 1"
        db.execute(f"insert into head values (coalesce(({newest}), 0) + 1, ?, ?, ?, ?, ?)", row)  # noqa: S608


def _row(blob: _Blob) -> tuple[int, int, int, bytes, str | None]:
    start = blob.rows["start"]
    status = "\0".join(blob.status) if blob.status is not None and any(blob.status) else None
    return int(start.min()), int(start.max()), len(start), blob.rows.tobytes(), status


def _blob(id_: int, data: bytes, status: str | None) -> _Blob:
    return _Blob(id_, np.frombuffer(data, dtype=ROW), status.split("\0") if status is not None else None)


def _blobs(db: sqlite3.Connection, start: int, end: int) -> list[_Blob]:
    """Return the blobs that may hold readings in a half-open range."""
    found = db.execute("select id, data, status from head where last >= ? and first < ? order by id", (start, end))
    return [_blob(*row) for row in found]


def append(db: sqlite3.Connection, readings: Columns) -> None:
    """Add readings that are new for certain."""
    rows, status = _packed(readings)
    last = None
    if len(rows) < FEW:
        last = db.execute("select id, data, status from head where id > 0 order by id desc limit 1").fetchone()
    blob = _blob(*last) if last else None
    if blob is None or len(blob.rows) + len(rows) > _BLOB_ROWS:
        _store(db, _Blob(0, rows, status))
        return
    if blob.status is not None or status is not None:
        blob.status = (blob.status or [""] * len(blob.rows)) + (status or [""] * len(rows))
    blob.rows = np.concatenate([blob.rows, rows])
    _store(db, blob)


def put(db: sqlite3.Connection, readings: Columns) -> tuple[int, int, int]:
    """Add readings or replace those of the same instant; return created, updated and unchanged."""
    new = np.ones(len(readings.start), dtype=bool)
    place = {key: i for i, key in enumerate(zip(readings.series.tolist(), readings.start.tolist(), strict=True))}
    status = texts(readings.status, len(new))
    updated = 0
    for blob in _blobs(db, int(readings.start.min()), int(readings.start.max()) + 1):
        changed = []
        for at in np.flatnonzero(np.isin(blob.rows["start"], readings.start)).tolist():
            series, start, value, quality = blob.rows[at].item()
            i = place.get((series, start))
            if i is None:
                continue
            new[i] = False
            before = (value, quality, blob.status[at] if blob.status is not None else "")
            if before != (readings.value[i], readings.quality[i], status[i]):
                changed.append((at, i))
        if changed:
            updated += len(changed)
            _replace(db, blob, changed, readings, status)
    created = int(new.sum())
    if created:
        append(db, readings.take(new))
    return created, updated, len(new) - created - updated


def _replace(
    db: sqlite3.Connection, blob: _Blob, changed: Sequence[tuple[int, int]], readings: Columns, status: Texts
) -> None:
    blob.rows = blob.rows.copy()
    blob.status = blob.status or [""] * len(blob.rows)
    for at, i in changed:
        blob.rows["value"][at], blob.rows["quality"][at] = readings.value[i], readings.quality[i]
        blob.status[at] = str(status[i])
    _store(db, blob)


def take(db: sqlite3.Connection, start: int, end: int, which: Callable[[Columns], Mask]) -> Columns:
    """Remove the readings `which` names among those of blobs that touch a range, and return them."""
    gone = []
    for blob in _blobs(db, start, end):
        held = _columns(blob)
        chosen = which(held)
        if not chosen.any():
            continue
        gone.append(held.take(chosen))
        blob.rows, blob.status = _packed(held.take(~chosen))
        _store(db, blob)
    return joined(gone)


def load(db: sqlite3.Connection, ids: Sequence[int], start: int, end: int) -> Columns:
    """Return what waits of some series in a half-open range, sorted by series and start."""
    found = db.execute("select data, count, status from head where last >= ? and first < ? order by id", (start, end))
    held = _as_one(found.fetchall())
    when = held.rows["start"]
    return _sorted(held, np.flatnonzero((when >= start) & (when < end) & of_series(held.rows["series"], ids)))


def _as_one(found: Sequence[tuple[bytes, int, str | None]]) -> _Blob:
    """Return many blobs as one: what is left out of it is never decoded."""
    status = None
    if any(text is not None for _, _, text in found):
        pieces = (text.split("\0") if text is not None else [""] * count for _, count, text in found)
        status = list(chain.from_iterable(pieces))
    return _Blob(0, np.frombuffer(b"".join(data for data, _, _ in found), dtype=ROW), status)


def _sorted(held: _Blob, which: npt.NDArray[np.intp]) -> Columns:
    """Return some readings of a blob, sorted by series and start."""
    which = which[np.lexsort((held.rows["start"][which], held.rows["series"][which]))]
    status = [held.status[at] for at in which.tolist()] if held.status is not None else None
    return _columns(_Blob(0, held.rows[which], status))


def of_series(series: Integers, ids: Sequence[int]) -> Mask:
    """Return where a column names one of some series."""
    return series == ids[0] if len(ids) == 1 else np.isin(series, ids)


def everything(db: sqlite3.Connection) -> Columns:
    """Empty the head and return what it held, sorted by series and start."""
    held = _as_one(db.execute("select data, count, status from head order by id").fetchall())
    db.execute("delete from head")
    return _sorted(held, np.arange(len(held.rows)))


def sort(db: sqlite3.Connection) -> None:
    """Lay all that waits out by series and day, in pieces for `piece`."""
    held = everything(db)
    begins = cuts(held)
    first = begins[np.unique(begins // PIECE, return_index=True)[1]].tolist()  # no day is cut
    pieces = [_Blob(0, *_packed(held.take(slice(*ends)))) for ends in pairwise([*first, len(held.start)])]
    rows = [(place, *_row(blob)) for place, blob in enumerate(pieces, -len(pieces))]
    db.executemany("insert into head values (?, ?, ?, ?, ?, ?)", rows)


def piece(db: sqlite3.Connection) -> Columns | None:
    """Remove a piece of what was sorted and return it; None if there is none."""
    found = db.execute("delete from head where id = (select min(id) from head where id < 0) returning data, status")
    row = found.fetchone()
    return _columns(_blob(0, *row)) if row else None


def rows(db: sqlite3.Connection) -> tuple[int, int | None]:
    """Return how many readings wait, and the latest instant of them."""
    count, last = db.execute("select coalesce(sum(count), 0), max(last) from head").fetchone()
    return int(count), last


def chosen(ids: Sequence[int]) -> str:
    """Return series ids as the one parameter of a statement."""
    return json.dumps(list(ids))
