"""On/off decisions over a long horizon: taken window by window, then everything else is solved again.

A year of decisions has no proof in reasonable time. The relaxation without them says where stores and peaks are near
the best plan. Each window is then decided, with what came before held as decided, a look ahead, and what lies beyond
as in the relaxation. With all decisions held, the whole model is solved once more.

No plan costs less than the relaxation, nor less than the months each for itself, with what ties them (stored energy,
a machine that runs on, a cap) let go. What the plan costs above the greater of both is the gap that is reported; the
second is sought only where the first is not near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from carbonost.engines.energy.solve import NoPlan, Solution, Solver

if TYPE_CHECKING:
    from carbonost.domain.series import BoolArray, FloatArray, IntArray
    from carbonost.engines.energy.model import Matrix
    from carbonost.engines.energy.solve import Clock

AT_ONCE: Final = 800
"""Intervals with decisions that are proved at once: a month of hours, a week of quarter-hours."""
WINDOW: Final = 96
LOOKAHEAD_H: Final = 24.0
WINDOW_GAP: Final = 5e-4
"""A window's own optimality; the gap reported is that of the whole."""
ENOUGH: Final = 2e-3
"""A gap to the relaxation below which no better bound is sought."""
MONTH_GAP: Final = 1e-3
MONTH_S: Final = 10.0
"""Effort on a month's bound: to this gap, or so long."""


class Decided(NamedTuple):
    """A plan with its decisions, the solver that holds them, and the bound no plan is below."""

    found: Solution
    solver: Solver
    bound: float
    spent_s: float


def is_long(matrix: Matrix, step: IntArray) -> bool:
    """Whether a model has decisions in more intervals than are proved at once."""
    return np.unique(step[matrix.integer]).size > AT_ONCE


def decide_by_windows(matrix: Matrix, step: IntArray, month: IntArray, hours: float, clock: Clock) -> Decided:
    """Solve a long model.

    Parameters
    ----------
    matrix : Matrix
    step : (columns,) array of int
        The interval each column belongs to; -1 for those of none, such as a month's peak.
    month : (intervals,) array of int
    hours : float [h]
        Length of an interval.

    Raises
    ------
    NoPlan
        If the relaxation has none, or the decisions of a window none even with all that follows relaxed.
    """
    relaxed = Solver(matrix._replace(integer=np.zeros(0, dtype=np.int32)), clock)
    loose = relaxed.solve()
    plan, spent = loose.plan.copy(), 0.0
    ahead, last = round(LOOKAHEAD_H / hours), int(step.max()) + 1
    undecided = np.zeros(last, dtype=bool)
    undecided[step[matrix.integer]] = True
    for begin in range(0, last, WINDOW):
        end = min(begin + WINDOW, last)
        if not undecided[begin:end].any():
            continue
        for reach in (end + ahead, last):  # where a window cannot lead back to the relaxation, all that follows is free
            free = (step < 0) | ((step >= begin) & (step < reach))
            part = _part(matrix, plan, free, (step >= begin) & (step < end))
            solver = Solver(part, clock)
            solver.highs.setOptionValue("mip_rel_gap", WINDOW_GAP)
            try:
                plan[free] = solver.solve().plan
            except NoPlan:
                if reach == last:
                    raise
                continue
            finally:
                spent += solver.spent_s
            break
    values = np.round(plan[matrix.integer])
    relaxed.bounds(matrix.integer, values, values)
    found = relaxed.solve()
    bound = loose.objective
    if found.objective - bound > ENOUGH * abs(found.objective):
        alone, busy = _months_alone(matrix, step, month, clock)
        bound, spent = max(bound, alone), spent + busy
    return Decided(found, relaxed, bound, spent + relaxed.spent_s)


def _months_alone(matrix: Matrix, step: IntArray, month: IntArray, clock: Clock) -> tuple[float, float]:
    """Least cost of the months each for itself, without the rows between them, and the solver's time."""
    column = _columns(matrix)
    of_column = np.where(step >= 0, month[np.maximum(step, 0)], -1)
    for _ in range(2):  # a peak belongs to the month of the flows it is above; a rebate to that of its peak
        low, high = _reach(matrix.row, of_column[column], matrix.row_lower.size)
        first, last = _reach(column, np.where(low == high, low, -1)[matrix.row], matrix.cost.size)
        of_column = np.where((of_column < 0) & (first == last), first, of_column)
    low, high = _reach(matrix.row, of_column[column], matrix.row_lower.size)
    whole = (low == high) & ~_touched(matrix.row, of_column[column] < 0, matrix.row_lower.size)
    loose = of_column < 0
    with np.errstate(invalid="ignore"):
        ends = [np.where(matrix.cost[loose] == 0, 0.0, matrix.cost[loose] * end[loose]) for end in matrix[1:3]]
    total, spent = float(np.minimum(*ends).sum()), 0.0
    for number in range(int(month[-1]) + 1):
        kept = (of_column[column] == number) & whole[matrix.row]
        mine = of_column == number
        solver = Solver(_cut(matrix, column, mine, kept, (low == number) & whole, mine, np.zeros(low.size)), clock)
        total += solver.bound(MONTH_GAP, MONTH_S)
        spent += solver.spent_s
    return total, spent


def _columns(matrix: Matrix) -> IntArray:
    """The column of each entry."""
    return np.repeat(np.arange(matrix.cost.size, dtype=np.int32), np.diff(matrix.start)).astype(np.int32)


def _reach(at: IntArray, number: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Least and greatest number that is not -1 at each place; -1 where there is none."""
    told = number >= 0
    low, high = np.full(size, np.iinfo(np.int32).max), np.full(size, -1)
    np.minimum.at(low, at[told], number[told])
    np.maximum.at(high, at[told], number[told])
    return np.where(high < 0, -1, low).astype(np.int32), high.astype(np.int32)


def _touched(at: IntArray, which: BoolArray, size: int) -> BoolArray:
    out = np.zeros(size, dtype=np.bool_)
    out[at[which]] = True
    return out


def _part(matrix: Matrix, plan: FloatArray, free: BoolArray, decided: BoolArray) -> Matrix:
    """The model of the free columns, with all others at the plan; decisions outside `decided` are relaxed."""
    column = _columns(matrix)
    mine = free[column]
    used = _touched(matrix.row, mine, matrix.row_lower.size)
    owed = np.zeros(used.size)
    np.add.at(owed, matrix.row[~mine], matrix.value[~mine] * plan[column[~mine]])
    return _cut(matrix, column, free, mine, used, decided, owed)


def _cut(
    matrix: Matrix,
    column: IntArray,
    free: BoolArray,
    mine: BoolArray,
    used: BoolArray,
    decided: BoolArray,
    held: FloatArray,
) -> Matrix:
    """The entries `mine` of the columns `free` in the rows `used`, which owe `held` already."""
    row = np.cumsum(used) - 1
    start = np.zeros(int(free.sum()) + 1, dtype=np.int32)
    np.cumsum(np.bincount(column[mine], minlength=free.size)[free], out=start[1:])
    integer = matrix.integer[decided[matrix.integer]]
    return matrix._replace(
        cost=matrix.cost[free],
        column_lower=matrix.column_lower[free],
        column_upper=matrix.column_upper[free],
        row_lower=(matrix.row_lower - held)[used],
        row_upper=(matrix.row_upper - held)[used],
        start=start,
        row=row[matrix.row[mine]].astype(np.int32),
        value=matrix.value[mine],
        integer=(np.cumsum(free) - 1)[integer].astype(np.int32),
    )
