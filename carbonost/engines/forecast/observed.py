"""Which days of a calendar a load keeps.

A holiday on a weekday is to look like a day of rest, a make-up workday like a workday. Where such days look
far more like plain days of their weekday, the plant works through that festival, or the calendar is another
country's: they are plain days then. Most festivals unkept, those not seen yet are taken for unkept as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.engines.forecast.calendar import KINDS, MAKEUP, WEEKEND, read_days

if TYPE_CHECKING:
    from carbonost.domain.series import BoolArray, FloatArray
    from carbonost.engines.forecast.calendar import Days

_OF_A_FESTIVAL: Final = 2  # days that speak for or against one
_OF_ALL: Final = 8  # and for or against the calendar: no fewer, for one dropped in error costs the most
_FAR: Final = 1.25  # how much farther such days are from what they are called than from plain days
_WEEKS: Final = np.arange(-2, 3)
_YEAR: Final = 366


def kept_days(values: FloatArray, days: Days) -> Days:
    """The calendar, read without what (n, slots) readings of its first n days do not keep; if unclear, all is kept."""
    names = np.where(days.kind == MAKEUP, KINDS[MAKEUP], days.festival)[: len(values)]
    moved, called, plain = _apart(values, days)
    seen = set(names[moved])
    unkept = {name for name in seen if _refuted(called, plain, names[moved] == name, _OF_A_FESTIVAL)}
    if _refuted(called, plain, np.ones(len(moved), dtype=np.bool_), _OF_ALL):
        year = read_days(days.first, len(days) + _YEAR, days.country)
        clear = {name for name in seen if (names[moved] == name).sum() >= _OF_A_FESTIVAL}
        unkept |= ({*year.festival, KINDS[MAKEUP]} - {""}) - clear
    if not unkept:
        return days
    return read_days(days.first, len(days), days.country, frozenset(unkept))


def _refuted(called: FloatArray, plain: FloatArray, mine: BoolArray, fewest: int) -> bool:
    return bool(mine.sum() >= fewest and called[mine].sum() > _FAR * plain[mine].sum())


def _apart(values: FloatArray, days: Days) -> tuple[Any, FloatArray, FloatArray]:
    """Days moved by the calendar, and how far they are from what they are called and from plain days."""
    rests = np.unique(days.weekday[days.kind == WEEKEND])
    works = np.setdiff1d(days.weekday, rests)
    known = days.part(0, len(values))
    moved = np.flatnonzero(known.special & (known.off != np.isin(known.weekday, rests)))
    if not rests.size or not works.size or not moved.size:
        return moved[:0], np.empty(0), np.empty(0)
    called = np.where(known.off[moved], rests[-1], works[len(works) // 2])
    far = [
        _known_mean(np.abs(values[moved] - _like(values, known, moved, weekday)))
        for weekday in (called, known.weekday[moved])
    ]
    told = np.isfinite(far[0] + far[1])
    return moved[told], far[0][told], far[1][told]


def _like(values: FloatArray, days: Days, rows: Any, weekday: Any) -> FloatArray:
    """Mean of the ordinary days of a weekday within some weeks of each row; NaN without any."""
    nearest = rows + (weekday - days.weekday[rows] + 3) % 7 - 3
    near = nearest[:, None] + 7 * _WEEKS
    inside = (near >= 0) & (near < len(values))
    near = np.where(inside, near, 0)
    return _known_mean(np.where((inside & ~days.special[near])[..., None], values[near], np.nan))


def _known_mean(table: FloatArray) -> FloatArray:
    """Mean over the second axis of what is known; NaN without any."""
    known = np.isfinite(table)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, table, 0.0).sum(axis=1) / known.sum(axis=1))
