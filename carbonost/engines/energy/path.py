"""The cheapest path of one store's energy, by its marginal costs alone.

The least cost of holding an amount of energy at the end of a step is convex in the amount: what the steps so far can
add, cheapest first. A step puts its own additions in their places. Where all together must lie above the store's
floor, the cheapest are taken for good; what would rise above its ceiling, the dearest, is given up for good. Each
addition is handled once, so the path is found in one pass, and the worth of energy in a second one back.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray

DUST_KWH: Final = 1e-9


class Path(NamedTuple):
    """What is taken of each addition, (kinds, steps) [kWh], and what a stored kWh is worth in each step [CNY]."""

    taken: FloatArray
    worth: FloatArray


def cheapest_path(
    drop: FloatArray,
    additions: Sequence[tuple[FloatArray, FloatArray, int]],
    window: tuple[float, float],
    begun: float,
    final: float | None,
) -> Path | None:
    """Least cost over steps.

    Parameters
    ----------
    drop : (n,) array [kWh]
        What each step takes from the store before anything is added.
    additions : sequence of ((n,) array [CNY/kWh], (n,) array [kWh], int)
        Of each kind what a kWh costs and how much of it there is; of equal ones the earlier step's are taken first
        with 1, the later step's with -1.
    window : (float, float) [kWh]
        Floor and ceiling at the end of each step.
    begun, final : float or None [kWh]
        Energy before the first step and after the last; None is free.

    Returns
    -------
    Path or None
        None if no path keeps the window.
    """
    n = drop.size
    prices, lengths = ([of.tolist() for of, *_ in additions], [kwh.tolist() for _, kwh, _ in additions])
    orders = [order for _, _, order in additions]
    taken = [[0.0] * n for _ in additions]
    floors, ceilings = [-np.inf] * n, [np.inf] * n
    offers: list[tuple[float, int, int, int]] = []  # what can still be taken or given up, cheapest first
    low, high = window
    bottom = top = begun
    for step, down in enumerate(drop.tolist()):
        bottom, top = bottom - down, top - down
        for kind, order in enumerate(orders):
            length = lengths[kind][step]
            if length > 0:
                insort(offers, (prices[kind][step], order * step, kind, step))
                top += length
        if step == n - 1 and final is not None:
            low = high = final
        if bottom < low:
            floors[step] = _take(offers, lengths, low - bottom, taken)
            bottom = low
        if top > high:
            ceilings[step] = _take(offers, lengths, top - high, None)
            top = high
        if bottom > high + DUST_KWH or top < low - DUST_KWH:
            return None
    for _, _, kind, step in (offer for offer in offers if offer[0] < 0):  # with a free end, what pays for itself
        taken[kind][step] += lengths[kind][step]
    return Path(np.array(taken), _worth(floors, ceilings))


def _take(
    offers: list[tuple[float, int, int, int]],
    lengths: list[list[float]],
    amount: float,
    taken: list[list[float]] | None,
) -> float:
    """Take an amount of the cheapest offers, or give up one of the dearest; return the last one's price."""
    end, price = (-1 if taken is None else 0), 0.0
    while amount > 0 and offers:
        price, _, kind, step = offers[end]
        part = lengths[kind][step]
        if part <= amount:
            offers.pop(end)
        else:
            part = amount
            lengths[kind][step] -= part
        if taken is not None:
            taken[kind][step] += part
        amount -= part
    return price


def _worth(floors: list[float], ceilings: list[float]) -> FloatArray:
    """What a kWh is worth in each step: as in the next, but where the store is at its floor or its ceiling."""
    worth, value = [0.0] * len(floors), 0.0
    for step in range(len(floors) - 1, -1, -1):
        worth[step] = value = min(max(value, floors[step]), ceilings[step])
    return np.array(worth)
