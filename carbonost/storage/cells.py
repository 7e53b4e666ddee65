"""Aggregates of readings: how many, their sum, least and most, per series and bucket.

Cells of one bucket add up, whatever they were made of (readings, quarter-hours, hours, days), so
energy is conserved by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.errors import BeyondRetentionError, InvalidDataError
from carbonost.storage.civil import instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from carbonost.storage.ports import SeriesInfo

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

HOWS: Final = ("energy", "mean", "max", "min")
_POWERS: Final = frozenset({"W", "kW", "MW", "GW", "VA", "kVA", "MVA", "var", "kvar", "Mvar"})
_STATES: Final = _POWERS | {"V", "kV", "A", "Hz", "°C", "degC", "K", "%", "Pa", "kPa", "MPa", "bar"}


@dataclass(frozen=True, slots=True)
class Cells:
    """Aggregates as columns.

    `start` labels the bucket; the readings in it lie in ``[first, end)``.
    """

    series: Integers
    start: Integers
    first: Integers
    end: Integers
    count: Integers
    total: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.series)

    def take(self, which: npt.NDArray[np.bool_]) -> Cells:
        """Return some of the cells."""
        return Cells(*(getattr(self, name)[which] for name in self.__slots__))


def empty() -> Cells:
    """Return no cells."""
    whole, number = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Cells(whole, whole, whole, whole, whole, number, number, number)


def of_readings(series: Integers, start: Integers, value: Floats) -> Cells:
    """Return each reading as a cell of its instant."""
    return Cells(series, start, start, start + 1, np.ones(len(start), dtype=np.int64), value, value, value)


def of_rows(rows: Sequence[tuple[Any, ...]]) -> Cells:
    """Return rows of a table of tiers, without their level, as cells."""
    if not rows:
        return empty()
    parts = zip(*rows, strict=True)
    who, start, first, end, count = (np.array(next(parts), dtype=np.int64) for _ in range(5))
    total, low, high = (np.array(part, dtype=np.float64) for part in parts)
    return Cells(who, start, first, end, count, total, low, high)


def join(parts: Iterable[Cells]) -> Cells:
    """Return the cells of all parts, one after the other."""
    held = [part for part in parts if len(part)] or [empty()]
    return Cells(*(np.concatenate([getattr(part, name) for part in held]) for name in Cells.__slots__))


def gather(cells: Cells, edges: Integers) -> Cells:
    """Add cells up in the buckets between `edges`, sorted by series and bucket.

    Raises
    ------
    BeyondRetentionError
        If the readings of a cell lie on both sides of an edge: they are no longer kept apart.
    """
    if not len(cells):
        return empty()
    bucket = np.searchsorted(edges, cells.first, "right") - 1
    torn = edges[np.minimum(bucket + 1, len(edges) - 1)] < cells.end
    if torn.any():
        raise beyond(int(cells.first[np.flatnonzero(torn)[0]]))
    step = np.diff(cells.series)
    in_order = bool(((step > 0) | ((step == 0) & (np.diff(bucket) >= 0))).all())
    order = slice(None) if in_order else np.lexsort((bucket, cells.series))
    series, bucket = cells.series[order], bucket[order]
    begins = np.flatnonzero(np.r_[True, (series[1:] != series[:-1]) | (bucket[1:] != bucket[:-1])])
    return Cells(
        series[begins],
        edges[bucket[begins]],
        np.minimum.reduceat(cells.first[order], begins),
        np.maximum.reduceat(cells.end[order], begins),
        np.add.reduceat(cells.count[order], begins),
        np.add.reduceat(cells.total[order], begins),
        np.minimum.reduceat(cells.low[order], begins),
        np.maximum.reduceat(cells.high[order], begins),
    )


def within(cells: Cells, start: int, end: int) -> Cells:
    """Return the cells that lie in a half-open range; an empty range holds none.

    Raises
    ------
    BeyondRetentionError
        If the range begins or ends inside a cell: its readings are no longer kept apart.
    """
    if end <= start:
        return empty()
    found = cells.take((cells.end > start) & (cells.first < end))
    for name, at, cut in (("start", start, found.first < start), ("end", end, found.end > end)):
        if cut.any():
            bucket = instant(int(found.start[np.flatnonzero(cut)[0]])).isoformat()
            raise BeyondRetentionError(
                "readings of that time are kept only in longer buckets, and the range cuts one",
                name,
                instant(at).isoformat(),
                f"Choose an hour, day or month of the retention policy's zone: one begins at {bucket}.",
            )
    return found


def beyond(at: int) -> BeyondRetentionError:
    """Return the error of a bucket that is finer than what is still kept at an instant."""
    return BeyondRetentionError(
        f"readings near {instant(at):%Y-%m-%d %H:%M} UTC are kept only in longer buckets",
        "every",
        None,
        "Ask for civil buckets of the retention policy's zone, as long as its tier or longer.",
    )


def check_how(how: str, units: Iterable[str]) -> None:
    """Refuse an unknown aggregate, and a sum of states: kilowatts do not add up to energy.

    Raises
    ------
    InvalidDataError
        With the unit named.
    """
    if how not in HOWS:
        raise InvalidDataError("no such aggregate", "how", how, f"Use one of {', '.join(HOWS)}.")
    if how == "energy":
        for unit in units:
            if unit in _STATES:
                raise InvalidDataError(
                    "readings of a state do not add up to energy", "unit", unit, "Use how='mean', or store energy."
                )


def to_frame(cells: Cells, series: Sequence[SeriesInfo], tz: str, how: str) -> pd.DataFrame:
    """Return point, start (in `tz`) and value; `series` is indexed by the cells' series."""
    value = {"energy": cells.total, "max": cells.high, "min": cells.low}.get(how)
    if value is None:
        value = cells.total / np.maximum(cells.count, 1)
    names = np.array([info.point for info in series] or [""], dtype=object)
    start = pd.DatetimeIndex(cells.start.astype("datetime64[us]")).tz_localize("UTC").tz_convert(tz)
    return pd.DataFrame({"point": pd.Series(names[cells.series], dtype="str"), "start": start, "value": value})
