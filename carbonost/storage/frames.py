"""Meter frames at the border: every stamp, value and text is checked once, as columns.

A batch names its points by codes, so that an adapter never touches a text per row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, cast
from unicodedata import category

import numpy as np
import pandas as pd

from carbonost.errors import InvalidDataError, NaiveTimestampError
from carbonost.storage.civil import EARLIEST, LATEST, zone
from carbonost.storage.ports import SeriesInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

COLUMNS: Final = ("point", "start", "value", "energy_type", "unit", "quality", "status")
_OPTIONAL: Final = ("energy_type", "unit", "quality", "status")
TEXT_LENGTH_MAX: Final = 255
QUALITY_MAX: Final = 100
_EXACT: Final = 2**53
_ZONED: Final = r"(?:Z|z|[+-]\d{2}:?\d{2})\s*$"


@dataclass(frozen=True, slots=True)
class Batch:
    """A checked batch: row arrays sorted by point and start, and what each point is.

    Attributes
    ----------
    series : tuple of SeriesInfo
        The points, sorted; carrier and unit are empty where the frame does not name them.
    code : (n,) array of int
        Index into `series` of each row.
    start : (n,) array of int [us]
    value : (n,) array of float
    quality : (n,) array of int [0-100]
    status : (n,) array of object, or None where every status is empty
    row : (n,) array of int
        The row's place in the caller's frame, for messages.
    skipped : int
        Rows left out because they were invalid.
    """

    series: tuple[SeriesInfo, ...]
    code: Integers
    start: Integers
    value: Floats
    quality: Integers
    status: npt.NDArray[np.object_] | None
    row: Integers
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.start)


class _Faults:
    """The rows that cannot be stored; with ``raise`` the first one ends the matter."""

    def __init__(self, frame: pd.DataFrame, *, skip: bool) -> None:
        self.frame, self.skip = frame, skip
        self.bad = np.zeros(len(frame), dtype=bool)

    def mark(self, wrong: Any, column: str, problem: str, remedy: str | None = None, *, naive: bool = False) -> None:
        rows = np.flatnonzero(np.asarray(wrong, dtype=bool) & ~self.bad)
        if not len(rows):
            return
        if not self.skip:
            first = int(rows[0])
            kind = NaiveTimestampError if naive else InvalidDataError
            raise kind(problem, column, self.frame[column].iloc[first], remedy, row=first)
        self.bad[rows] = True


def read_frame(
    frame: pd.DataFrame, *, on_invalid: Literal["raise", "skip"] = "raise", assume_tz: str | None = None
) -> Batch:
    """Check a frame of readings and return it as sorted columns.

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
    frame = _as_frame(frame)
    faults = _Faults(frame, skip=on_invalid == "skip")
    start = _starts(frame, faults, assume_tz)
    value = _values(frame, faults)
    code, points = _texts(frame, "point", faults, empty=False)
    quality = _qualities(frame, faults)
    status = _statuses(frame, faults)
    order = _order(code, start, faults.bad)
    code, start = code[order], start[order]
    rows = np.arange(len(frame))[order]
    twin = np.zeros(len(rows), dtype=bool)
    twin[1:] = (code[1:] == code[:-1]) & (start[1:] == start[:-1])
    if twin.any():
        wrong = np.zeros(len(frame), dtype=bool)
        wrong[rows[twin]] = True
        faults.mark(wrong, "start", "a point has two readings at one instant", "Keep one of them.")
        order = rows = rows[~twin]
        code, start = code[~twin], start[~twin]
    series = _series(frame, points, code, rows)
    return Batch(
        series,
        code,
        start,
        value[order],
        quality[order],
        status[order] if status is not None else None,
        rows,
        int(faults.bad.sum()),
    )


def _order(code: Integers, start: Integers, bad: npt.NDArray[np.bool_]) -> Any:
    """Return what sorts the good rows by point and start; nothing moves where they are sorted already."""
    if not bad.any():
        step = np.diff(code)
        if ((step > 0) | ((step == 0) & (np.diff(start) >= 0))).all():
            return slice(None)
    keep = np.flatnonzero(~bad)
    return keep[np.lexsort((start[keep], code[keep]))]


def _as_frame(frame: Any) -> pd.DataFrame:
    if not isinstance(frame, pd.DataFrame):
        if not hasattr(frame, "to_pandas"):
            raise InvalidDataError("readings come as a DataFrame", "frame", type(frame).__name__)
        frame = frame.to_pandas()
    missing = [name for name in ("point", "start", "value") if name not in frame.columns]
    if missing:
        raise InvalidDataError(
            "a column is missing", missing[0], None, "Columns: point, start, value, energy_type, unit."
        )
    if frame.columns.has_duplicates:
        raise InvalidDataError("two columns have one name", str(frame.columns[frame.columns.duplicated()][0]))
    return cast("pd.DataFrame", frame)


def _starts(frame: pd.DataFrame, faults: _Faults, assume_tz: str | None) -> Integers:
    column = frame["start"]
    if assume_tz is not None:
        zone(assume_tz)
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        column = _zoned(column, faults, assume_tz)
    faults.mark(column.isna(), "start", "not an instant", "Write ISO 8601 with an offset.")
    raw = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    start = raw.astype("datetime64[us]").astype(np.int64)
    if raw.dtype == np.dtype("datetime64[ns]"):
        faults.mark(raw.astype(np.int64) % 1000 != 0, "start", "a stamp is finer than a microsecond", "Round it.")
    faults.mark((start < EARLIEST) | (start >= LATEST), "start", "a stamp lies outside the years 1900 to 2200")
    return np.asarray(start, dtype=np.int64)


def _zoned(column: pd.Series[Any], faults: _Faults, assume_tz: str | None) -> Any:
    """Return a column of stamps that has no zone of its own as UTC; NaT where a row is no instant."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "M":
        zoned, stamps = None, column
    else:
        texts = column.map(_iso).astype("str")
        has_zone = texts.str.contains(_ZONED, regex=True, na=False)
        zoned = pd.to_datetime(texts.where(has_zone), utc=True, format="ISO8601", errors="coerce")
        if has_zone.all():
            return zoned
        stamps = pd.to_datetime(texts.where(~has_zone), format="ISO8601", errors="coerce")
    naive = stamps.notna()
    if assume_tz is None:
        faults.mark(naive, "start", "a stamp has no zone", "Pass assume_tz, e.g. 'Asia/Shanghai'.", naive=True)
        local = stamps.where(~naive).dt.tz_localize("UTC")
    else:
        local = stamps.dt.tz_localize(assume_tz, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
        faults.mark(naive & local.isna(), "start", "a stamp happens twice or never in that zone", "Give its offset.")
    return local if zoned is None else local.where(local.notna(), zoned)


def _iso(stamp: object) -> str | None:
    """Return a stamp as ISO 8601; None for what is no stamp."""
    if isinstance(stamp, str):
        return stamp
    return stamp.isoformat() if isinstance(stamp, datetime) and not pd.isna(stamp) else None


def _values(frame: pd.DataFrame, faults: _Faults) -> Floats:
    column = frame["value"]
    if column.dtype == bool or not pd.api.types.is_numeric_dtype(column.dtype):
        numeric = column.map(lambda v: not isinstance(v, str | bool) and v is not None)
        faults.mark(~numeric.to_numpy(dtype=bool), "value", "not a number")
        column = pd.to_numeric(column.where(numeric).map(_as_float), errors="coerce")
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu":
        faults.mark(column.abs() > _EXACT, "value", "an integer is beyond 2**53")
    value = column.to_numpy(dtype=np.float64, na_value=np.nan)
    faults.mark(~np.isfinite(value), "value", "not a finite number", "A gap has no row: leave it out.")
    return value + 0.0  # -0.0 becomes 0.0


def _as_float(value: object) -> float:
    try:
        return float(cast("Any", value))
    except (TypeError, ValueError):
        return float("nan")


def _texts(frame: pd.DataFrame, name: str, faults: _Faults, *, empty: bool) -> tuple[Integers, list[str]]:
    """Return a text column as codes into its sorted distinct texts; faulty rows get code 0."""
    codes, distinct = pd.factorize(frame[name], use_na_sentinel=True)
    texts = list(distinct)
    wrong = np.array([not _is_text(text, empty=empty) for text in texts] + [not empty], dtype=bool)
    if wrong[:-1].any() or (codes < 0).any():
        faults.mark(wrong[codes], name, "not a text of visible characters", f"At most {TEXT_LENGTH_MAX} of them.")
    shown = ["" if bad else str(text) for text, bad in zip(texts, wrong[:-1], strict=True)]
    if empty:
        shown, codes = [*shown, ""], np.where(codes < 0, len(shown), codes)
    ordered = sorted(set(shown) or {""})
    place = {text: i for i, text in enumerate(ordered)}
    rank = np.array([place[text] for text in shown] or [0], dtype=np.int64)
    if (rank == np.arange(len(rank))).all():  # the texts came in order
        return np.maximum(codes, 0).astype(np.int64), ordered
    return rank[np.maximum(codes, 0)], ordered


def _is_text(text: object, *, empty: bool) -> bool:
    if not isinstance(text, str) or len(text) > TEXT_LENGTH_MAX or not (text or empty):
        return False
    return not any(category(c) in ("Cc", "Cs") for c in text) and (empty or bool(text.strip()))


def _qualities(frame: pd.DataFrame, faults: _Faults) -> Integers:
    if "quality" not in frame.columns:
        return np.full(len(frame), QUALITY_MAX, dtype=np.int64)
    column = frame["quality"]
    number = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    number = np.where(column.isna(), float(QUALITY_MAX), number)
    good = (number >= 0) & (number <= QUALITY_MAX) & (number == np.floor(number))
    faults.mark(~good, "quality", "a quality is a whole number from 0 to 100")
    return np.where(good, number, 0).astype(np.int64)


def _statuses(frame: pd.DataFrame, faults: _Faults) -> npt.NDArray[np.object_] | None:
    if "status" not in frame.columns:
        return None
    codes, texts = _texts(frame, "status", faults, empty=True)
    if texts == [""]:
        return None
    return np.array(texts, dtype=object)[codes]


def _series(frame: pd.DataFrame, points: list[str], code: Integers, order: Integers) -> tuple[SeriesInfo, ...]:
    """Return what each point is, refusing a point with two carriers, units or values of a tag."""
    firsts = np.full(len(points), -1, dtype=np.int64)
    if len(code):
        begins = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
        firsts[code[begins]] = order[begins]
    names = [str(name) for name in frame.columns if name not in ("point", "start", "value", "quality", "status")]
    held: dict[str, list[str]] = {}
    for name in names:
        held[name] = _constant(frame, name, code, order, firsts)
    empty = [""] * len(points)
    series = []
    for place, point in enumerate(points):
        tags = {n: held[n][place] for n in names if n not in _OPTIONAL and held[n][place]}
        kind, unit = held.get("energy_type", empty)[place], held.get("unit", empty)[place]
        series.append(SeriesInfo(point, kind, unit, tags))
    return tuple(series)


def _constant(frame: pd.DataFrame, name: str, code: Integers, order: Integers, firsts: Integers) -> list[str]:
    """Return the one text a column holds for each point."""
    column = frame[name]
    if isinstance(column.dtype, pd.StringDtype) and len(column):
        text = column.iloc[0]  # one text for all, as most columns have
        if _is_text(text, empty=True) and bool((column == text).all()):
            return [text if first >= 0 else "" for first in firsts]
    if not (column.dtype == object or isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype)):
        column = column.map(lambda value: str(value) if not pd.isna(value) else None)
    codes, texts = _texts(frame.assign(**{name: column}), name, _Faults(frame, skip=False), empty=True)
    wrong = codes[order] != codes[firsts[code]]
    if wrong.any():
        row = int(order[np.flatnonzero(wrong)[0]])
        raise InvalidDataError("one point has two values of this in the frame", name, frame[name].iloc[row], row=row)
    return [texts[codes[first]] if first >= 0 else "" for first in firsts]


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
            raise InvalidDataError(f"the new point {info.point!r} has no {name}", name, None, "Add the column.")
        if known is not None and info[name] and info[name] != known[name]:
            problem = f"the point {info.point!r} is known as {known[name]!r}"
            raise InvalidDataError(problem, name, info[name], "Use another point name.")
    if known is None:
        return info
    return SeriesInfo(known.point, known.energy_type, known.unit, {**known.tags, **info.tags})
