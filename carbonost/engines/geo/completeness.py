"""How complete a park's data are: a documented score, not an impression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS: Final[dict[str, float]] = {
    "boundary": 0.15,
    "entities": 0.15,
    "industry_codes": 0.10,
    "electricity": 0.25,
    "fuels": 0.15,
    "tariff": 0.10,
    "site": 0.10,
}
"""Weights of the seven items; they sum to 1. A design choice of this library, stated in every envelope."""


def completeness_score(present: Mapping[str, float]) -> float:
    r"""Weighted share of what a baseline needs that is there.

    Parameters
    ----------
    present : mapping
        For each item of `WEIGHTS` the share that is present, 0 to 1; a missing item counts 0.

    Returns
    -------
    float
        0 to 1.

    Notes
    -----
    .. math:: S = \sum_i w_i p_i
    """
    return round(sum(weight * min(max(present.get(item, 0.0), 0.0), 1.0) for item, weight in WEIGHTS.items()), 12)
