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

    constant: float
    level: tuple[float, float]
    kind: tuple[float, float]
    weekday: tuple[float, float]
    work: tuple[float, float]
    edge: tuple[float, float]
    season: tuple[float, float]
    season_work: float
    holiday: tuple[float, float]
    festival: tuple[float, float]
    place: float
    saturday_as_sunday: float
    noise: float
    bound: float
    makeup_as_work: float = 0.99
    holiday_as_sunday: float = 0.95
    exogenous: float = 2.0


def day_kernel(a: Days, b: Days, recipe: Recipe) -> FloatArray:
    """Inner products of the days `a` with the days `b`, (n, m)."""
    gap = np.abs(a.first - b.first + np.arange(1 - len(b), len(a)))  # days in between, on each diagonal

    def fading(part: tuple[float, float]) -> FloatArray:
        return _laid(part[0] * np.exp(-gap / part[1]), len(b))

    kind_a, kind_b = kind_of(a), kind_of(b)
    work = (~a.off[:, None] == ~b.off).astype(np.float64)
    edge = work * ((2 * a.after + a.eve)[:, None] == 2 * b.after + b.eve)
    weight, width = recipe.season
    turn = np.exp(-2 * np.sin(np.pi * gap / _YEAR_DAYS) ** 2 / width**2 - gap / _SEASON_MEMORY)
    out = _laid(recipe.constant + recipe.level[0] * np.exp(-gap / recipe.level[1]) + weight * turn, len(b)).copy()
    out += _laid(recipe.work[0] * np.exp(-gap / recipe.work[1]) + recipe.season_work * turn, len(b)) * work
    out += fading(recipe.edge) * edge
    out += fading(recipe.kind) * _alike(recipe)[kind_a][:, kind_b]
    out += fading(recipe.weekday) * (_weekday(a)[:, None] == _weekday(b))
    _add_holidays(out, a, b, recipe)
    return out


def _laid(line: FloatArray, columns: int) -> FloatArray:
    """Lay values that depend on i - j alone out as a table, without copying."""
    return np.lib.stride_tricks.sliding_window_view(line, columns)[:, ::-1]


def _add_holidays(out: FloatArray, a: Days, b: Days, recipe: Recipe) -> None:
    """Add what days of holiday blocks share: their place in the block and the festival."""
    i, j = np.flatnonzero(a.kind == HOLIDAY), np.flatnonzero(b.kind == HOLIDAY)
    if not i.size or not j.size:
        return
    into = a.into[i][:, None] - b.into[j]
    left = np.minimum(a.left[i], _LONGEST_LEFT)[:, None] - np.minimum(b.left[j], _LONGEST_LEFT)
    place = np.exp(-((into / recipe.place) ** 2) - (left / (2 * recipe.place)) ** 2)
    same = a.festival[i][:, None] == b.festival[j]
    apart = np.abs((a.first + i)[:, None] - (b.first + j))
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


STEADY: Final = Recipe(
    constant=550.0,
    level=(1.3, 5.5),
    kind=(7.0, 510.0),
    weekday=(0.85, 5000.0),
    work=(8.3, 4700.0),
    edge=(0.12, 60.0),
    season=(5.4, 0.88),
    season_work=0.088,
    holiday=(12.0, 1000.0),
    festival=(15.0, 1500.0),
    place=1.1,
    saturday_as_sunday=0.0069,
    noise=5.4,
    bound=0.79,
)
"""For loads whose days scatter: much is noise, and one odd day moves little."""
SWIFT: Final = Recipe(
    constant=11.0,
    level=(0.66, 9.5),
    kind=(3.4, 5000.0),
    weekday=(0.6, 3.1),
    work=(4.0, 1800.0),
    edge=(0.44, 3600.0),
    season=(4.2, 1.3),
    season_work=0.037,
    holiday=(64.0, 1000.0),
    festival=(50.0, 1500.0),
    place=0.6,
    saturday_as_sunday=0.082,
    noise=0.043,
    bound=1.3,
)
"""For loads that drift: a day is believed, and the last days count most."""
