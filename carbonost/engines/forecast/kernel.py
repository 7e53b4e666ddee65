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
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.engines.forecast.calendar import Days

_YEAR_DAYS: Final = 365.25
_SEASON_MEMORY: Final = 1500.0  # days over which a season is remembered
_LONGEST_LEFT: Final = 8
_NEARLY: Final = 0.99  # how alike a make-up workday is to a workday, and a holiday to a Sunday
_BRIM: Final = (0.3, 1000.0)  # weight and memory of the last day before a holiday block, and of the first one after
_KINDS: Final = ("workday", "Saturday", "Sunday", "holiday", "make-up workday")


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
    exogenous: float = 2.0


def day_kernels(a: Days, b: Days, recipes: Sequence[Recipe]) -> FloatArray:
    """Inner products of the days `a` with the days `b` by each recipe, (recipes, n, m).

    But for holidays a product depends on how two days relate and on the days in between, so it is looked up.
    """
    relations, of_pair = _relations(a, b)
    gap = np.abs(a.first - b.first + np.arange(1 - len(b), len(a)))  # days in between, on each diagonal
    at = of_pair * len(gap) + _laid(np.arange(len(gap)), len(b))
    one, other, work, edge, weekday = relations.T[:, :, None]
    out = np.empty((len(recipes), len(a), len(b)))
    for table, recipe in zip(out, recipes, strict=True):
        weight, width = recipe.season
        turn = np.exp(-2 * np.sin(np.pi * gap / _YEAR_DAYS) ** 2 / width**2 - gap / _SEASON_MEMORY)
        looked_up = recipe.constant + _fading(recipe.level, gap) + weight * turn
        looked_up = looked_up + (_fading(recipe.work, gap) + recipe.season_work * turn) * work
        looked_up += _fading(recipe.edge, gap) * edge
        looked_up += _fading(recipe.kind, gap) * _alike(recipe)[one, other]
        looked_up += _fading(recipe.weekday, gap) * weekday
        np.take(looked_up, at, out=table)
        _add_holidays(table, a, b, recipe)
    return out


def _relations(a: Days, b: Days) -> tuple[Any, Any]:
    """How days relate: (p, 5) kinds of the one and the other, both at work or rest, same edge, same weekday.

    With it, (n, m), which of these the days of `a` and `b` have.
    """
    traits = [np.stack([kind_of(d), _weekday(d), d.off, 2 * d.after + d.eve], axis=1).astype(np.int64) for d in (a, b)]
    codes = np.concatenate(traits) @ (1000, 100, 10, 1)
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    kind, weekday, off, turn = np.concatenate(traits)[first].T
    work = off[:, None] == off
    pairs = np.stack(
        [*np.broadcast_arrays(kind[:, None], kind), work, work & (turn[:, None] == turn), weekday[:, None] == weekday],
        axis=-1,
    ).reshape(-1, 5)
    _, first, relation = np.unique(pairs @ (1000, 100, 4, 2, 1), return_index=True, return_inverse=True)
    of_types = relation.reshape(len(kind), -1)
    return pairs[first], of_types[np.ix_(which[: len(a)], which[len(a) :])]


def _fading(part: tuple[float, float], gap: IntArray) -> FloatArray:
    """A weight that fades with the days in between."""
    return np.asarray(part[0] * np.exp(-gap / part[1]))


def _laid(line: Any, columns: int) -> Any:
    """Lay values that depend on i - j alone out as a table, without copying."""
    return np.lib.stride_tricks.sliding_window_view(line, columns)[:, ::-1]


def _add_holidays(out: FloatArray, a: Days, b: Days, recipe: Recipe) -> None:
    """Add what days beside holiday blocks share, and days in them: their place in the block and the festival."""
    for side in (1, 2):
        i, j = np.flatnonzero(a.brim == side), np.flatnonzero(b.brim == side)
        apart = np.abs((a.first + i)[:, None] - (b.first + j))
        out[np.ix_(i, j)] += _BRIM[0] * np.exp(-apart / _BRIM[1])
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
    table = np.eye(len(_KINDS))
    for i, j, share in (
        (0, 4, _NEARLY),
        (1, 2, recipe.saturday_as_sunday),
        (2, 3, _NEARLY),
        (1, 3, _NEARLY * recipe.saturday_as_sunday),
    ):
        table[i, j] = table[j, i] = share
    return table


LASTING: Final = Recipe(
    constant=410.0,
    level=(0.33, 6.0),
    kind=(11.0, 4800.0),
    weekday=(1.6, 2500.0),
    work=(2.3, 1400.0),
    edge=(0.14, 60.0),
    season=(9.6, 0.65),
    season_work=0.1,
    holiday=(12.0, 1000.0),
    festival=(15.0, 1500.0),
    place=1.1,
    saturday_as_sunday=0.0039,
    noise=120.0,
    bound=0.21,
)
"""What has long been so: a day is mostly noise, and no odd one moves much."""
STEADY: Final = Recipe(
    constant=160.0,
    level=(0.53, 0.32),
    kind=(3.7, 2000.0),
    weekday=(0.45, 500.0),
    work=(23.0, 11000.0),
    edge=(0.48, 580.0),
    season=(3.2, 3.9),
    season_work=0.048,
    holiday=(28.0, 1000.0),
    festival=(27.0, 1500.0),
    place=0.81,
    saturday_as_sunday=0.058,
    noise=0.4,
    bound=1.7,
)
"""What has been so this year: an odd day moves little, a few of them do."""
SWIFT: Final = Recipe(
    constant=2.0,
    level=(1.2, 9.5),
    kind=(6.7, 7900.0),
    weekday=(0.33, 2.1),
    work=(1.6, 11000.0),
    edge=(0.23, 3600.0),
    season=(16.0, 0.43),
    season_work=0.042,
    holiday=(64.0, 1000.0),
    festival=(50.0, 1500.0),
    place=0.6,
    saturday_as_sunday=0.023,
    noise=0.036,
    bound=1.1,
)
"""What has been so of late: a day is believed, and the last days count most."""
