"""How alike two days are: the kernel of the calendar ridge.

Ridge regression on any set of features is determined by their inner products. Here the features are
those of a calendar (level, day type, weekday, eve and morrow, season, place in a holiday block), each
fading with the days in between, and only the products are ever formed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.engines.forecast.calendar import HOLIDAY, MAKEUP, WEEKEND

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray
    from carbonost.engines.forecast.calendar import Days

_YEAR_DAYS: Final = 365.25
_SEASON_MEMORY: Final = 1500.0  # days over which a season is remembered
_LONGEST_LEFT: Final = 8


@dataclass(frozen=True)
class Recipe:
    """Weights (variance, in units of a day's noise) and memories (days) of the parts of the kernel.

    `level` is common to all days, `kind` to days of one kind, `weekday` to one weekday, `work` to all
    workdays or all days off, `edge` to days with the same neighbours, `season` to the time of year.
    """

    constant: float = 100.0
    level: tuple[float, float] = (1.0, 8.0)
    kind: tuple[float, float] = (2.0, 30.0)
    weekday: tuple[float, float] = (1.0, 60.0)
    work: tuple[float, float] = (3.0, 400.0)
    edge: tuple[float, float] = (0.5, 200.0)
    season: tuple[float, float] = (2.0, 0.4)
    season_work: float = 0.5
    holiday: tuple[float, float] = (2.0, 1000.0)
    festival: tuple[float, float] = (4.0, 1500.0)
    place: float = 1.5
    makeup_as_work: float = 0.8
    holiday_as_sunday: float = 0.5
    saturday_as_sunday: float = 0.5
    noise: float = 1.0
    clip: float = 4.0
    exogenous: float = 2.0


def day_kernel(a: Days, b: Days, recipe: Recipe) -> FloatArray:
    """Inner products of the days `a` with the days `b`, (n, m)."""
    gap = np.abs((a.first + np.arange(len(a)))[:, None] - (b.first + np.arange(len(b))))
    span = np.arange(int(gap.max()) + 1)

    def fading(weight: float, memory: float) -> FloatArray:
        return np.asarray((weight * np.exp(-span / memory))[gap])

    out = recipe.constant + fading(*recipe.level)
    kind_a, kind_b = kind_of(a), kind_of(b)
    out += fading(*recipe.kind) * _alike(recipe)[kind_a[:, None], kind_b]
    weekday_a, weekday_b = _weekday(a), _weekday(b)
    out += fading(*recipe.weekday) * (weekday_a[:, None] == weekday_b)
    work = ~a.off[:, None] == ~b.off
    edge = work & (a.after[:, None] == b.after) & (a.eve[:, None] == b.eve)
    out += fading(*recipe.work) * work
    out += fading(*recipe.edge) * edge
    weight, width = recipe.season
    turn = np.exp(-2 * np.sin(np.pi * span / _YEAR_DAYS) ** 2 / width**2 - span / _SEASON_MEMORY)
    out += turn[gap] * (weight + recipe.season_work * work)
    _add_holidays(out, a, b, gap, recipe)
    return out


def _add_holidays(out: FloatArray, a: Days, b: Days, gap: Any, recipe: Recipe) -> None:
    """Add what days of holiday blocks share: their place in the block and the festival."""
    i, j = np.flatnonzero(a.kind == HOLIDAY), np.flatnonzero(b.kind == HOLIDAY)
    if not i.size or not j.size:
        return
    into = a.into[i][:, None] - b.into[j]
    left = np.minimum(a.left[i], _LONGEST_LEFT)[:, None] - np.minimum(b.left[j], _LONGEST_LEFT)
    place = np.exp(-((into / recipe.place) ** 2) - (left / (2 * recipe.place)) ** 2)
    same = a.festival[i][:, None] == b.festival[j]
    apart = gap[np.ix_(i, j)]
    (any_weight, any_memory), (own_weight, own_memory) = recipe.holiday, recipe.festival
    shared = any_weight * np.exp(-apart / any_memory) + own_weight * same * np.exp(-apart / own_memory)
    out[np.ix_(i, j)] += place * shared


def kind_of(days: Days) -> Any:
    """0 workday, 1 Saturday, 2 Sunday, 3 holiday, 4 make-up workday."""
    weekend = np.where(days.weekday == 6, 2, 1)  # noqa: PLR2004 -- Sunday
    return np.select([days.kind == WEEKEND, days.kind == HOLIDAY, days.kind == MAKEUP], [weekend, 3, 4], default=0)


def _weekday(days: Days) -> Any:
    """Weekday, with holidays and make-up workdays as two more."""
    return np.select([days.kind == HOLIDAY, days.kind == MAKEUP], [7, 8], default=days.weekday)


def _alike(recipe: Recipe) -> FloatArray:
    table = np.eye(5)
    for i, j, share in (
        (0, 4, recipe.makeup_as_work),
        (1, 2, recipe.saturday_as_sunday),
        (2, 3, recipe.holiday_as_sunday),
        (1, 3, recipe.holiday_as_sunday * recipe.saturday_as_sunday),
    ):
        table[i, j] = table[j, i] = share
    return table


LONG: Final = Recipe()
SHORT: Final = Recipe(kind=(2.0, 14.0), weekday=(1.0, 30.0), work=(3.0, 60.0), level=(1.0, 4.0))
