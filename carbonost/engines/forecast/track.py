"""Tracks: what a model would have said of every past day, and what it says of the days ahead.

A track predicts each slot of a day from the same slot of the days before. All it holds is causal, so
its past errors are those of a backtest at every origin, at no extra cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np

from carbonost.engines.forecast.kernel import day_kernel, kind_of
from carbonost.engines.forecast.sequential import Sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.domain.series import FloatArray
    from carbonost.engines.forecast.calendar import Days
    from carbonost.engines.forecast.exogenous import Exogenous
    from carbonost.engines.forecast.kernel import Recipe


_WARM_DAYS: Final = 28
_LEAST_SLOT: Final = 0.2  # a slot's scale, at least, as a share of the mean slot's
_LEAST_SPREAD: Final = 0.02  # and as a share of the load's whole spread: a perfect repeat has no noise


class Track(Protocol):
    """Predictions of (n, slots) past days and of days ahead."""

    def past(self, lead: int) -> FloatArray:
        """Each past day as predicted `lead` days before it, (n, slots); NaN where that was impossible."""
        ...

    def ahead(self, days: Days) -> FloatArray:
        """The days that follow, (k, slots)."""
        ...


@dataclass(frozen=True)
class CalendarRidge:
    """Ridge regression on the calendar, by a recipe."""

    recipe: Recipe

    def track(self, values: FloatArray, days: Days, signals: Exogenous | None) -> KernelTrack:
        """A track over those days."""
        return KernelTrack(values, days, self.recipe, signals)


class KernelTrack:
    """Ridge regression on the calendar, slot by slot.

    Parameters
    ----------
    values : (n, slots) array of float
        NaN where there is no reading.
    days : Days
        Day types of those rows.
    recipe : Recipe
    signals : Exogenous, optional
        Daily means of what the load follows.
    """

    def __init__(self, values: FloatArray, days: Days, recipe: Recipe, signals: Exogenous | None = None) -> None:
        self._days, self._recipe, self._signals = days, recipe, signals
        self._centre, self._scale = _standard(values)
        standard = (values - self._centre) / self._scale
        self._sequence = Sequence(self._kernel(days), standard, recipe.noise, recipe.bound, _WARM_DAYS)

    def past(self, lead: int) -> FloatArray:
        """Each past day as predicted `lead` days before it."""
        return self._sequence.past(lead) * self._scale + self._centre

    def ahead(self, days: Days) -> FloatArray:
        """The days that follow."""
        return self._sequence.ahead(self._kernel(days)) * self._scale + self._centre

    def _kernel(self, days: Days) -> FloatArray:
        """Inner products of `days` with the days of the history."""
        kernel = day_kernel(days, self._days, self._recipe)
        if self._signals is not None:
            apart = self._signals.at(days)[:, None] - self._signals.at(self._days)
            kernel += self._recipe.exogenous * np.exp(-0.5 * apart**2).sum(axis=2)
        return kernel


@dataclass(frozen=True)
class LastDay:
    """The naive forecast: the last day of all, of the same weekday, or of the same kind."""

    same: Literal["day", "weekday", "kind"]

    def track(self, values: FloatArray, days: Days, signals: Exogenous | None) -> NaiveTrack:
        """A track over those days; it follows no signals."""
        del signals
        return NaiveTrack(values, days, _TYPES[self.same])


class NaiveTrack:
    """The last known day of the same type, or the last day of all where there is none.

    Parameters
    ----------
    values : (n, slots) array of float
    types : (n,) array of int
        Which days are alike.
    type_of : callable
        Gives the types of the days ahead.
    """

    def __init__(self, values: FloatArray, days: Days, type_of: Callable[[Days], Any]) -> None:
        self._type_of, self._types = type_of, np.asarray(type_of(days))
        self._any = carried(values)
        self._rows = {kind: np.flatnonzero(self._types == kind) for kind in np.unique(self._types)}
        self._same = {kind: carried(values[rows]) for kind, rows in self._rows.items()}

    def past(self, lead: int) -> FloatArray:
        """Each past day as the last of its type, at least `lead` days before it."""
        return self._last(self._types, np.arange(len(self._types)) - lead)

    def ahead(self, days: Days) -> FloatArray:
        """The days that follow."""
        return self._last(np.asarray(self._type_of(days)), np.full(len(days), len(self._types) - 1))

    def _last(self, types: Any, until: Any) -> FloatArray:
        """Last day of each type, up to and with row `until`."""
        out = np.where((until >= 0)[:, None], self._any[np.maximum(until, 0)], np.nan)
        for kind, rows in self._rows.items():
            mine = np.flatnonzero(types == kind)
            place = np.searchsorted(rows, until[mine], side="right") - 1
            found = self._same[kind][np.maximum(place, 0)]
            out[mine] = np.where((place >= 0)[:, None] & np.isfinite(found), found, out[mine])
        return np.asarray(out)


def carried(values: FloatArray) -> FloatArray:
    """Each gap filled by the last reading above it."""
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values))[:, None], 0), axis=0)
    return np.asarray(np.take_along_axis(values, last, axis=0))


def _standard(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centre of each slot and what it usually moves by from week to week."""
    centre = _median(values)  # a slot that was never read stays NaN
    step = min(7, len(values) - 1)
    with np.errstate(invalid="ignore"):
        moved = np.abs(values[step:] - values[:-step])
    known = np.isfinite(moved)
    scale = np.where(known, moved, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    scale = np.maximum(scale, max(_LEAST_SLOT * scale.mean(), _LEAST_SPREAD * float(np.nanstd(values))))
    return centre, np.where(scale > 0, scale, 1.0)


def _median(values: FloatArray) -> FloatArray:
    """Median of each column over what is known; NaN for an empty one."""
    ordered = np.sort(values, axis=0)  # NaN last
    count = np.isfinite(values).sum(axis=0)
    column = np.arange(values.shape[1])
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    return np.asarray((ordered[low, column] + ordered[np.minimum(high, len(values) - 1), column]) / 2)


def _every_day(days: Days) -> Any:
    return np.zeros(len(days), dtype=np.int32)


def _weekday(days: Days) -> Any:
    return days.weekday


_TYPES: Final = {"day": _every_day, "weekday": _weekday, "kind": kind_of}
