"""Tracks: what a model would have said of every past day, and what it says of the days ahead.

A track predicts each slot of a day from the same slot of the days before, so its past errors are those of a
backtest at every origin, at no extra cost; to some hundredths, for the scale and the days kept are found once,
from the whole history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np

from carbonost.engines.forecast.kernel import day_kernels, kind_of
from carbonost.engines.forecast.scale import Scale
from carbonost.engines.forecast.sequential import Sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.domain.series import FloatArray
    from carbonost.engines.forecast.calendar import Days
    from carbonost.engines.forecast.exogenous import Exogenous
    from carbonost.engines.forecast.kernel import Recipe


_WARM_DAYS: Final = 28


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
    """Ridge regression on the calendar, by one or more recipes."""

    recipes: tuple[Recipe, ...]

    def tracks(self, values: FloatArray, days: Days, signals: Exogenous | None) -> list[Track]:
        """A track by each recipe."""
        ridges = _Ridges(values, days, self.recipes, signals)
        return [KernelTrack(ridges, place) for place in range(len(self.recipes))]


class _Ridges:
    """Ridge regressions on the calendar, slot by slot, run side by side.

    Parameters
    ----------
    values : (n, slots) array of float
        NaN where there is no reading.
    days : Days
        Day types of those rows.
    recipes : tuple of Recipe
    signals : Exogenous, optional
        Daily means of what the load follows.
    """

    def __init__(self, values: FloatArray, days: Days, recipes: tuple[Recipe, ...], signals: Exogenous | None) -> None:
        self._days, self._recipes, self._signals = days, recipes, signals
        self._scale = Scale.of(values)
        even = np.broadcast_to(self._scale.even(values), (len(recipes), *values.shape))
        noise, bound = (np.array([getattr(recipe, name) for recipe in recipes]) for name in ("noise", "bound"))
        self._sequence = Sequence(self._kernels(days), even, noise, bound, _WARM_DAYS)
        self._past: dict[int, FloatArray] = {}
        self._ahead: tuple[Days, FloatArray] | None = None

    def past(self, lead: int) -> FloatArray:
        """Each past day as predicted `lead` days before it, by every recipe."""
        if lead not in self._past:
            self._past[lead] = self._scale.back(self._sequence.past(lead))
        return self._past[lead]

    def ahead(self, days: Days) -> FloatArray:
        """The days that follow, by every recipe."""
        if self._ahead is None or self._ahead[0] is not days:
            self._ahead = days, self._scale.back(self._sequence.ahead(self._kernels(days)))
        return self._ahead[1]

    def _kernels(self, days: Days) -> FloatArray:
        """Inner products of `days` with the days of the history."""
        kernels = day_kernels(days, self._days, self._recipes)
        if self._signals is not None:
            apart = self._signals.at(days)[:, None] - self._signals.at(self._days)
            near = np.exp(-0.5 * apart**2).sum(axis=2)
            kernels += np.array([recipe.exogenous for recipe in self._recipes])[:, None, None] * near
        return kernels


@dataclass(frozen=True)
class KernelTrack:
    """One of the ridge regressions."""

    ridges: _Ridges
    place: int

    def past(self, lead: int) -> FloatArray:
        """Each past day as predicted `lead` days before it."""
        return np.asarray(self.ridges.past(lead)[self.place])

    def ahead(self, days: Days) -> FloatArray:
        """The days that follow."""
        return np.asarray(self.ridges.ahead(days)[self.place])


@dataclass(frozen=True)
class LastDay:
    """The naive forecast: the last day of all, of the same weekday, or of the same kind."""

    same: Literal["day", "weekday", "kind"]

    def tracks(self, values: FloatArray, days: Days, signals: Exogenous | None) -> list[Track]:
        """One track over those days; it follows no signals."""
        del signals
        return [NaiveTrack(values, days, _TYPES[self.same])]


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


def _every_day(days: Days) -> Any:
    return np.zeros(len(days), dtype=np.int32)


def _weekday(days: Days) -> Any:
    return days.weekday


_TYPES: Final = {"day": _every_day, "weekday": _weekday, "kind": kind_of}
