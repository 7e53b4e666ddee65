"""From coded rows to emissions: one gather and one product per row, whatever the method.

Time is cut at the days on which any factor may change. A row's group and the cut its first day
falls in make a pair; each pair that occurs is resolved once, outside this module, to a basis (an
integer) and its coefficient. The columns are then walked in blocks that stay in cache.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carbonost.domain.emission import Basis
    from carbonost.domain.series import BoolArray, FloatArray, IntArray
    from carbonost.engines.carbon.activities import Activities
    from carbonost.errors import CarbonostError

    Answer = Callable[[int, int], Basis | CarbonostError]

_Number = TypeVar("_Number", bound=np.generic)
_BLOCK: Final = 1 << 15


class Pairs(NamedTuple):
    """Where each row stands: its (group, cut) pair, and the rows whose last day falls in a later cut."""

    pair: IntArray
    seen: BoolArray
    straddlers: npt.NDArray[np.intp]
    last_cut: IntArray


@dataclass(eq=False)
class Lines:
    """Columns of the inventory: rows, and the further parts of rows that straddle two factors.

    Attributes
    ----------
    row : (m,) array of int or None
        Row of the input; None where line i is row i.
    basis : (m,) array of int32
    consumption, emissions_t : (m,) array of float
    start_day, end_day : (m,) array of int32
    share : (m,) array of float or None
    """

    row: npt.NDArray[np.int64] | None
    basis: IntArray
    consumption: FloatArray
    emissions_t: FloatArray
    start_day: IntArray
    end_day: IntArray
    share: FloatArray | None

    def renumbered(self, rows: npt.NDArray[np.intp]) -> Lines:
        """Return the lines with the rows of a larger table: row i is `rows[i]` there."""
        return replace(self, row=rows if self.row is None else rows[self.row])


def blocks(n: int) -> Iterator[slice]:
    """Yield the rows in blocks whose columns stay in cache."""
    return (slice(first, min(first + _BLOCK, n)) for first in range(0, n, _BLOCK))


def locate(activities: Activities, cuts: npt.NDArray[np.int64]) -> Pairs:
    """Return the pair of each row; `cuts` are the first days of the second and later cuts."""
    start, end, keys = activities.start_day, activities.end_day, activities.keys
    n, count = len(activities), len(cuts) + 1
    first, last = (int(start.min()), int(end.max())) if n else (0, 0)
    cut_of_day = np.searchsorted(cuts, np.arange(first, last + 1), side="right").astype(np.int32)
    pair, seen = np.empty(n, dtype=np.int32), np.zeros(keys.size * count, dtype=np.bool_)
    straddlers, last_cut = [], []
    for at in blocks(n):
        low = cut_of_day.take(start[at] - first)
        high = cut_of_day.take(end[at] - first)
        here = keys.numbers(at)
        here *= count
        here += low
        pair[at] = here
        seen[here] = True
        if not np.array_equal(low, high):
            apart = np.flatnonzero(low != high)
            straddlers.append(apart + at.start)
            last_cut.append(high[apart])
    rows = np.concatenate(straddlers) if straddlers else np.empty(0, dtype=np.intp)
    tops = np.concatenate(last_cut) if last_cut else np.empty(0, dtype=np.int32)
    first_pair = pair[rows]
    span = tops - first_pair % count
    for step in range(1, int(span.max(initial=0)) + 1):
        seen[first_pair[span >= step] + step] = True
    return Pairs(pair, seen, rows, tops)


@dataclass(frozen=True, eq=False)
class Known:
    """The answers known for one set of keys and cuts; more answers make another, so threads may share it.

    Attributes
    ----------
    table : (p,) array of int32
        Basis of each pair; -1 not asked yet, -2 none.
    bases : tuple of Basis
    coefficient : (b,) array of float [tCO2e per unit]
        Of each basis.
    faults : dict of int to Exception
        Why a pair has none.
    numbers : dict
        Number of each basis by what tells it from others.
    """

    table: IntArray
    bases: tuple[Basis, ...]
    coefficient: FloatArray
    faults: dict[int, Exception]
    numbers: dict[tuple[object, ...], int]

    @classmethod
    def nothing(cls, size: int) -> Known:
        """Return the state before anything was asked."""
        return cls(np.full(size, -1, dtype=np.int32), (), np.empty(0), {}, {})

    def asked(self, seen: BoolArray, cut_starts: npt.NDArray[np.int64], answer: Answer) -> Known:
        """Return what is known once every pair in `seen` has been asked for."""
        open_pairs = np.flatnonzero(seen & (self.table == -1)).tolist()
        if not open_pairs:
            return self
        table, bases, faults, numbers = self.table.copy(), list(self.bases), dict(self.faults), dict(self.numbers)
        count = len(cut_starts)
        for pair in open_pairs:
            found = answer(pair // count, int(cut_starts[pair % count]))
            if isinstance(found, Exception):
                faults[pair], table[pair] = found, -2
                continue
            same = (pair // count, found.factor_id, found.market_factor_id, found.vintage, found.co2e_t)
            table[pair] = numbers.setdefault(same, len(bases))
            if table[pair] == len(bases):
                bases.append(found)
        coefficient = np.array([basis.co2e_t for basis in bases], dtype=np.float64)
        return Known(table, tuple(bases), coefficient, faults, numbers)

    def used(self, pairs: Pairs) -> tuple[IntArray, tuple[Basis, ...]]:
        """Return the table over the bases that occur alone, and these bases."""
        numbers = np.zeros(len(self.bases), dtype=np.bool_)
        there = self.table[pairs.seen]
        numbers[there[there >= 0]] = True
        if numbers.all() and not self.faults:
            return self.table, self.bases
        renumbered = np.cumsum(numbers, dtype=np.int32) - 1
        known = self.table >= 0
        table = np.full(len(self.table), -1, dtype=np.int32)
        table[known] = renumbered[self.table[known]]
        return table, tuple(self.bases[number] for number in np.flatnonzero(numbers).tolist())


def faulty_rows(pairs: Pairs, faults: dict[int, Exception], count: int) -> dict[int, Exception]:
    """Return the rows that touch a pair without an answer, each with its error."""
    rows: dict[int, Exception] = {}
    bad = np.zeros(len(pairs.seen), dtype=np.bool_)
    bad[list(faults)] = True
    for row in np.flatnonzero(bad[pairs.pair]).tolist():
        rows[row] = faults[int(pairs.pair[row])]
    for row, top in zip(pairs.straddlers.tolist(), pairs.last_cut.tolist(), strict=True):
        first = int(pairs.pair[row])
        for pair in range(first, first - first % count + top + 1):
            if bad[pair]:
                rows.setdefault(row, faults[pair])
    return rows


def multiply(
    activities: Activities,
    pairs: Pairs,
    table: IntArray,
    coefficient: FloatArray,
    cuts: npt.NDArray[np.int64],
) -> Lines:
    """Gather basis and coefficient of each row and multiply; split rows that straddle two bases by days.

    Parameters
    ----------
    table : (p,) array of int32
        Basis of each pair.
    coefficient : (b,) array of float [tCO2e per unit]
        Of each basis.
    """
    n = len(activities)
    known = coefficient[np.maximum(table, 0)] if len(coefficient) else np.full(len(table), np.nan)
    by_pair = np.where(table >= 0, known, np.nan)
    basis, emissions = np.empty(n, dtype=np.int32), np.empty(n)
    consumption, share = activities.consumption, activities.share
    for at in blocks(n):
        here = pairs.pair[at]
        np.take(table, here, out=basis[at], mode="clip")
        np.take(by_pair, here, out=emissions[at], mode="clip")
        emissions[at] *= consumption[at]
        if share is not None:
            emissions[at] *= share[at]
    lines = Lines(None, basis, consumption, emissions, activities.start_day, activities.end_day, share)
    return _prorate(lines, pairs, table, coefficient, cuts)


def _prorate(
    lines: Lines, pairs: Pairs, table: IntArray, coefficient: FloatArray, cuts: npt.NDArray[np.int64]
) -> Lines:
    """Replace each line that straddles different bases by one line per basis, in proportion to its days."""
    count = len(cuts) + 1
    first = pairs.pair[pairs.straddlers]
    span = pairs.last_cut - first % count + 1
    owner = np.repeat(np.arange(len(first)), span)
    pair = np.repeat(first, span) + (np.arange(len(owner)) - np.repeat(np.cumsum(span) - span, span))
    basis = table[pair]
    opens = np.r_[True, (owner[1:] != owner[:-1]) | (basis[1:] != basis[:-1])][: len(owner)]
    parts = np.bincount(owner, weights=opens, minlength=len(first)).astype(np.int64)
    opens &= parts[owner] > 1
    if not opens.any():
        return lines
    at = np.flatnonzero(opens)  # the first cut of each part of the rows that need splitting
    row = pairs.straddlers[owner[at]]
    cut = pair[at] % count
    head = np.r_[True, row[1:] != row[:-1]]
    tail = np.r_[row[1:] != row[:-1], True]
    start = np.where(head, lines.start_day[row], np.r_[cuts, 0][cut - 1]).astype(np.int32)
    end = np.where(tail, lines.end_day[row], np.r_[start[1:], 0] - 1).astype(np.int32)
    days = lines.end_day[row] - lines.start_day[row] + 1
    used = lines.consumption[row] * ((end - start + 1) / days)
    share = None if lines.share is None else lines.share[row]
    tonnes = used * coefficient[basis[at]] * (1.0 if share is None else share)
    size = len(lines.basis)
    extra = ~head

    def placed(column: npt.NDArray[_Number], part: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
        whole = np.concatenate([column, part[extra]])
        whole[row[head]] = part[head]
        return whole

    return Lines(
        row=np.concatenate([np.arange(size, dtype=np.int64), row[extra]]),
        basis=placed(lines.basis, basis[at]),
        consumption=placed(lines.consumption, used),
        emissions_t=placed(lines.emissions_t, tonnes),
        start_day=placed(lines.start_day, start),
        end_day=placed(lines.end_day, end),
        share=None if share is None or lines.share is None else placed(lines.share, share),
    )
