"""The short way: one pass over the rows, where every answer is known and none changes within a row.

`columns` is the long way, and the judge: the walk gives up as soon as a row needs more than a gather
and a product, and both ways give the same numbers to the last bit. The loop runs block by block in
numpy, or, with ``accelerate=True``, row by row compiled by numba.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from carbonost._lazy import load
from carbonost.engines.carbon.columns import Lines, blocks

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.domain.series import BoolArray, FloatArray, IntArray
    from carbonost.engines.carbon.activities import Activities, Plain
    from carbonost.engines.carbon.columns import Known
    from carbonost.engines.carbon.keys import Keys

_KEYS: Final = 3  # key columns the compiled loop takes; further ones are joined before


class Walk(NamedTuple):
    """What a pass found: the lines, or None and the pairs nobody has asked for; the bases used."""

    lines: Lines | None
    missing: BoolArray
    used: BoolArray


def walk(activities: Activities, known: Known, cuts: npt.NDArray[np.int64], span: tuple[int, int]) -> Walk:
    """Pass over checked rows once, block by block.

    Parameters
    ----------
    cuts : (c - 1,) array of int
        First days of the second and later cuts.
    span : (first, last) day of any row

    Returns
    -------
    Walk
        `lines` is None where a row straddles two bases or its pair is not known.
    """
    a, count = activities, len(cuts) + 1
    cut_of_day = _cut_of_day(cuts, span)
    basis, emissions = np.empty(len(a), dtype=np.int32), np.empty(len(a))
    missing, used = np.zeros(len(known.table), dtype=np.bool_), np.zeros(len(known.bases), dtype=np.bool_)
    coefficient, table = known.coefficient, known.table
    for at in blocks(len(a)):
        start, end = a.start_day[at], a.end_day[at]
        low = cut_of_day.take(start - span[0])
        high = low if np.array_equal(start, end) else cut_of_day.take(end - span[0])
        pair = a.keys.numbers(at)
        pair *= count
        pair += low
        found = basis[at]
        table.take(pair, out=found, mode="clip")
        if found.min() < 0:
            missing[pair[found < 0]] = True
            continue
        used[found] = True
        if high is not low and not np.array_equal(low, high) and _straddles(pair, low, high, table):
            return Walk(None, missing, used)
        tonnes = emissions[at]
        coefficient.take(found, out=tonnes, mode="clip")
        tonnes *= a.consumption[at]
        if a.share is not None:
            tonnes *= a.share[at]
    lines = Lines(None, basis, a.consumption, emissions, a.start_day, a.end_day, a.share)
    return Walk(None if missing.any() else lines, missing, used)


def _cut_of_day(cuts: npt.NDArray[np.int64], span: tuple[int, int]) -> IntArray:
    days = np.arange(span[0], span[1] + 1)
    return np.searchsorted(cuts, days, side="right").astype(np.int32)


def _straddles(pair: IntArray, low: IntArray, high: IntArray, table: IntArray) -> bool:
    span = high - low
    return any(
        bool((table[pair[span >= step] + step] != table[pair[span >= step]]).any())
        for step in range(1, int(span.max()) + 1)
    )


def walk_compiled(plain: Plain, known: Known, starts: npt.NDArray[np.int64], span: tuple[int, int]) -> Walk:
    """Check, locate and multiply in one compiled loop; gives up on the first row that is not sound.

    Parameters
    ----------
    starts : (c,) array of int
        First days of the cuts.
    span : (first, last) day
        A row outside gives up.
    """
    n = len(plain)
    columns, radices = _three(plain.keys, n)
    start_day, end_day, basis = (np.empty(n, dtype=np.int32) for _ in range(3))
    emissions = np.empty(n)
    missing, used = np.zeros(len(known.table), dtype=np.bool_), np.zeros(len(known.bases), dtype=np.bool_)
    given = (plain.start, plain.end, plain.consumption, *columns, *radices)
    days = (span[0] * plain.per_day, span[0], np.uint64(span[1] - span[0] + 1), _cut_of_day(starts[1:], span))
    where = (*days, len(starts), known.table, known.coefficient)
    sound = _loop(plain.per_day)(*given, *where, start_day, end_day, basis, emissions, missing, used)
    lines = Lines(None, basis, plain.consumption, emissions, start_day, end_day, None)
    return Walk(lines if sound and not missing.any() else None, missing, used)


def _three(keys: Keys, n: int) -> tuple[list[npt.NDArray[np.integer]], list[int]]:
    """Return the key codes as exactly three columns, and the radices of the second and third."""
    columns, radices = list(keys.columns), [keys.size] if keys.grouped else list(keys.radices)
    while len(columns) > _KEYS:
        columns[:2] = [columns[0].astype(np.int32) * radices[1] + columns[1]]
        radices[:2] = [radices[0] * radices[1]]
    while len(columns) < _KEYS:
        columns.append(np.broadcast_to(np.zeros(1, dtype=np.int8), n))
        radices.append(1)
    return columns, radices[1:]


@lru_cache(maxsize=4)
def _loop(per_day: int) -> Any:
    """Compile the loop for stamps of `per_day` to a day: a constant divides faster."""
    numba = load("numba", "CarbonCalculator(accelerate=True)")
    whole = np.uint64(per_day)

    def loop(  # noqa: PLR0917 -- numba takes columns one by one
        start: npt.NDArray[np.int64],
        end: npt.NDArray[np.int64],
        amount: FloatArray,
        a: npt.NDArray[np.integer],
        b: npt.NDArray[np.integer],
        c: npt.NDArray[np.integer],
        radix_b: int,
        radix_c: int,
        opening: int,
        first: int,
        days: np.uint64,
        cut_of_day: IntArray,
        count: int,
        table: IntArray,
        coefficient: FloatArray,
        start_day: IntArray,
        end_day: IntArray,
        basis: IntArray,
        emissions: FloatArray,
        missing: BoolArray,
        used: BoolArray,
    ) -> bool:
        for i in range(len(start)):
            day = np.uint64(start[i] - opening) // whole  # unsigned: what lies before is far beyond the last day
            until = day if end[i] == start[i] else np.uint64(end[i] - opening) // whole
            consumed = amount[i]
            if not (day <= until < days and 0.0 <= consumed < np.inf):
                return False
            start_day[i], end_day[i] = np.int64(day) + first, np.int64(until) + first
            low = cut_of_day[day]
            pair = ((np.int64(a[i]) * radix_b + b[i]) * radix_c + c[i]) * count + low
            found = table[pair]
            basis[i] = found
            if found < 0:
                missing[pair] = True
                continue
            used[found] = True
            emissions[i] = coefficient[found] * consumed
            if until != day:
                for step in range(1, cut_of_day[until] - low + 1):
                    if table[pair + step] != found:
                        return False
        return True

    return numba.njit(nogil=True, cache=True)(loop)
