"""Meter frames at the border: every stamp, value and text is checked once, as columns.

A batch names its points by codes, so that an adapter never touches a text per row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import numpy as np

from carbonost.errors import InvalidDataError
from carbonost.storage.columns import Table, instants, numbers, qualities
from carbonost.storage.labels import constants, statuses, texts
from carbonost.storage.ports import SeriesInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

_OF_A_READING: Final = frozenset({"point", "start", "value", "quality", "status"})


@dataclass(frozen=True, slots=True)
class Batch:
    """A checked batch: row arrays sorted by point and start, and what each point is.

    Attributes
    ----------
    series : tuple of SeriesInfo
        The points, sorted; carrier and unit are empty where the frame does not name them. The same
        points in the next batch are the same tuple.
    code : (n,) array of int
        Index into `series` of each row.
    start : (n,) array of int [us]
    value : (n,) array of float
    quality : (n,) array of int [0-100]
    status : (n,) array of object, or None where every status is empty
    skipped : int
        Rows left out because they were invalid.
    """

    series: tuple[SeriesInfo, ...]
    code: Integers
    start: Integers
    value: Floats
    quality: Integers
    status: npt.NDArray[np.object_] | None
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.start)


def read_frame(frame: Any, *, on_invalid: Literal["raise", "skip"] = "raise", assume_tz: str | None = None) -> Batch:
    """Check readings and return them as sorted columns.

    Parameters
    ----------
    frame : DataFrame, Series, what has ``to_pandas``, or a mapping
        Columns point, start, value; energy_type and unit for a new point; quality, status and tags.
        In a mapping a column is a list, an array or one value for all rows. A Series is one point:
        its name, its index the instants, ``attrs["energy_type"]`` and ``attrs["unit"]``.
    on_invalid : str
        ``"raise"`` or ``"skip"``.
    assume_tz : str, optional
        The zone of stamps that have none.

    Raises
    ------
    InvalidDataError
        At the first row that cannot be stored, unless ``on_invalid="skip"``; also where a column is
        missing or one point has two carriers or units in the frame.
    NaiveTimestampError
        Where a stamp has no zone and `assume_tz` is not given.
    """
    if on_invalid not in ("raise", "skip"):
        raise InvalidDataError("on_invalid is 'raise' or 'skip'", "on_invalid", on_invalid)
    table = Table.of(frame, skip=on_invalid == "skip")
    start = instants(table, assume_tz)
    value = numbers(table)
    code, points = texts(table, "point", empty=False)
    quality = qualities(table)
    status = statuses(table)
    rows = _order(table, code, start)
    if table.bad.any():  # a point may have lost every row
        held, code = np.unique(code[rows], return_inverse=True)
        points = [points[place] for place in held.tolist()]
    else:
        code = code[rows]
    start = start[rows]
    series = _series(table, points, code, rows)
    status = status[rows] if status is not None else None
    return Batch(series, code, start, value[rows], quality[rows], status, int(table.bad.sum()))


def _order(table: Table, code: Integers, start: Integers) -> Any:
    """Return the good rows sorted by point and start; of two at one instant the second is faulty."""
    if not table.bad.any():
        same = code[1:] == code[:-1]
        if ((code[1:] > code[:-1]) | (same & (start[1:] > start[:-1]))).all():
            return slice(None)  # nothing moves
    rows = np.flatnonzero(~table.bad)
    rows = rows[np.lexsort((start[rows], code[rows]))]
    after, before = rows[1:], rows[:-1]
    twins = after[(code[after] == code[before]) & (start[after] == start[before])]
    if not len(twins):
        return rows
    wrong = np.zeros(table.rows, dtype=bool)
    wrong[twins] = True
    table.mark(wrong, "start", "a point has two readings at one instant", "Keep one of them.")
    return rows[~table.bad[rows]]


def _series(table: Table, points: Sequence[str], code: Integers, rows: Any) -> tuple[SeriesInfo, ...]:
    """Return what each point is, refusing a point with two carriers, units or values of a tag."""
    first = np.ones(len(code), dtype=bool)
    first[1:] = code[1:] != code[:-1]
    firsts = np.flatnonzero(first) if isinstance(rows, slice) else rows[first]
    names = [name for name in table.held if name not in _OF_A_READING]
    if not len(firsts):
        return ()
    held = tuple((name, tuple(constants(table, name, code, rows, firsts))) for name in names)
    return _named(tuple(points), held)


@lru_cache(maxsize=32)
def _named(points: tuple[str, ...], held: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[SeriesInfo, ...]:
    """Return the points by what their columns say; a meter says the same every minute."""
    columns = dict(held)
    empty = ("",) * len(points)
    kinds, units = columns.pop("energy_type", empty), columns.pop("unit", empty)
    series = []
    for place, (point, kind, unit) in enumerate(zip(points, kinds, units, strict=True)):
        tags = {name: texts[place] for name, texts in columns.items() if texts[place]}
        series.append(SeriesInfo(point, kind, unit, tags))
    return tuple(series)


def points_of(selector: object, series: Iterable[SeriesInfo]) -> list[SeriesInfo]:
    """Return the series a selector names, sorted by point; an unknown point is simply not there.

    Raises
    ------
    InvalidDataError
        If the selector is neither a point, nor points, nor tags.
    """
    known = sorted(series, key=lambda info: info.point)
    if isinstance(selector, str):
        return [info for info in known if info.point == selector]
    if isinstance(selector, Mapping):
        wanted = {str(name): str(value) for name, value in selector.items()}
        return [info for info in known if wanted.items() <= info.to_dict().items()]
    try:
        points = set(cast("Iterable[object]", selector))
    except TypeError:
        raise InvalidDataError("a selector is a point, points, or tags", "selector", selector) from None
    if not all(isinstance(point, str) for point in points):
        raise InvalidDataError("a point is a text", "selector", selector)
    return [info for info in known if info.point in points]


def known_series(known: SeriesInfo | None, info: SeriesInfo) -> SeriesInfo:
    """Return what a store knows of a point after a batch that calls it `info`.

    Raises
    ------
    InvalidDataError
        If a known point comes with another carrier or unit, or a new one without.
    """
    for name in ("energy_type", "unit"):
        if known is None and not info[name]:
            remedy = f"Add the column; to a Series, series.attrs[{name!r}]."
            raise InvalidDataError(f"the new point {info.point!r} has no {name}", name, None, remedy)
        if known is not None and info[name] and info[name] != known[name]:
            problem = f"the point {info.point!r} is known as {known[name]!r}"
            raise InvalidDataError(problem, name, info[name], "Use another point name.")
    if known is None:
        return replace(info, tags=dict(info.tags))
    return SeriesInfo(known.point, known.energy_type, known.unit, {**known.tags, **info.tags})
