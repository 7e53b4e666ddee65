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
    from carbonost.engines.carbon.activities import Activities, Keys
    from carbonost.engines.carbon.columns import Plan

_KEYS: Final = 3  # key columns the compiled loop takes; further ones are joined before


class Walk(NamedTuple):
    """What a pass found: the lines, or None and the pairs nobody has asked for; the bases used."""

    lines: Lines | None
    missing: BoolArray
    used: BoolArray


def walk(activities: Activities, plan: Plan, cuts: npt.NDArray[np.int64], *, compiled: bool = False) -> Walk:
    """Pass over the rows once.

    Parameters
    ----------
    cuts : (c - 1,) array of int
        First days of the second and later cuts.
    compiled : bool
        Use numba.

    Returns
    -------
    Walk
        `lines` is None where a row straddles two bases or its pair is not known.
    """
    n, first = len(activities), int(activities.start_day.min())
    days = np.arange(first, int(activities.end_day.max()) + 1)
    cut_of_day = np.searchsorted(cuts, days, side="right").astype(np.int32)
    basis, emissions = np.empty(n, dtype=np.int32), np.empty(n)
    missing, used = np.zeros(len(plan.table), dtype=np.bool_), np.zeros(len(plan.bases), dtype=np.bool_)
    loop = _compiled if compiled else _in_blocks
    apart = loop(activities, plan, first, cut_of_day, len(cuts) + 1, basis, emissions, missing, used)
    if apart or missing.any():
        return Walk(None, missing, used)
    a = activities
    return Walk(Lines(None, basis, a.consumption, emissions, a.start_day, a.end_day, a.share), missing, used)


def _in_blocks(
    activities: Activities,
    plan: Plan,
    first: int,
    cut_of_day: IntArray,
    count: int,
    basis: IntArray,
    emissions: FloatArray,
    missing: BoolArray,
    used: BoolArray,
) -> bool:
    """Fill `basis` and `emissions`; return whether a row straddles two bases."""
    coefficient, table = plan.coefficients(), plan.table
    for at in blocks(len(activities)):
        low = cut_of_day.take(activities.start_day[at] - first)
        high = cut_of_day.take(activities.end_day[at] - first)
        pair = activities.keys.numbers(at)
        pair *= count
        pair += low
        found = basis[at]
        table.take(pair, out=found, mode="clip")
        if found.min() < 0:
            missing[pair[found < 0]] = True
            continue
        used[found] = True
        if not np.array_equal(low, high) and _straddles(pair, low, high, table):
            return True
        tonnes = emissions[at]
        coefficient.take(found, out=tonnes, mode="clip")
        tonnes *= activities.consumption[at]
        if activities.share is not None:
            tonnes *= activities.share[at]
    return False


def _straddles(pair: IntArray, low: IntArray, high: IntArray, table: IntArray) -> bool:
    span = high - low
    return any(
        bool((table[pair[span >= step] + step] != table[pair[span >= step]]).any())
        for step in range(1, int(span.max()) + 1)
    )


def _compiled(
    activities: Activities,
    plan: Plan,
    first: int,
    cut_of_day: IntArray,
    count: int,
    basis: IntArray,
    emissions: FloatArray,
    missing: BoolArray,
    used: BoolArray,
) -> bool:
    """As `_in_blocks`, in one loop over the rows."""
    n = len(activities)
    columns, radices = _three(activities.keys, n)
    share = np.broadcast_to(np.ones(1), n) if activities.share is None else activities.share
    given = (activities.start_day, activities.end_day, activities.consumption, share)
    where = (first, cut_of_day, count, plan.table, plan.coefficients())
    return bool(_loop()(*given, *columns, *radices, *where, basis, emissions, missing, used))


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


@lru_cache(maxsize=1)
def _loop() -> Any:
    numba = load("numba", "CarbonCalculator(accelerate=True)")

    def loop(  # noqa: PLR0917 -- numba takes columns one by one
        start: IntArray,
        end: IntArray,
        amount: FloatArray,
        share: FloatArray,
        a: npt.NDArray[np.integer],
        b: npt.NDArray[np.integer],
        c: npt.NDArray[np.integer],
        radix_b: int,
        radix_c: int,
        first: int,
        cut_of_day: IntArray,
        count: int,
        table: IntArray,
        coefficient: FloatArray,
        basis: IntArray,
        emissions: FloatArray,
        missing: BoolArray,
        used: BoolArray,
    ) -> bool:
        apart = False
        for i in range(len(start)):
            low = cut_of_day[start[i] - first]
            high = cut_of_day[end[i] - first]
            pair = ((np.int64(a[i]) * radix_b + b[i]) * radix_c + c[i]) * count + low
            found = table[pair]
            basis[i] = found
            if found < 0:
                missing[pair] = True
                continue
            used[found] = True
            emissions[i] = coefficient[found] * amount[i] * share[i]
            for step in range(1, high - low + 1):
                if table[pair + step] != found:
                    apart = True
        return apart

    return numba.njit(nogil=True, cache=True)(loop)
