"""How cash flows and rates come in: columns of finite numbers, time on the last axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.domain.series import FloatArray


def finite(value: npt.ArrayLike, field: str) -> FloatArray:
    """Return `value` as float64, or name the first number in it that is not finite."""
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise InputError("must be numbers", field, value, "Give numbers, one per period.") from exc
    bad = ~np.isfinite(array)
    if bad.any():
        where = np.argwhere(bad)[0]
        row = None if array.ndim == 0 else int(where[-1])
        shown = float(array[tuple(where)]) if array.ndim else float(array)
        raise InputError("must be finite", field, shown, "Leave the period out, or give 0 where nothing flows.", row)
    return array


def flows(cashflows: npt.ArrayLike, field: str = "cashflows", *, at_least: int = 1) -> FloatArray:
    """Return cash flows as float64 with time on the last axis."""
    array = finite(cashflows, field)
    if array.ndim == 0 or array.shape[-1] < at_least:
        raise InputError(f"needs at least {at_least} periods", field, array.shape, "Give one flow per period.")
    return array


def rates(rate: npt.ArrayLike, field: str = "rate") -> FloatArray:
    """Return discount rates as float64; each must lie above -1."""
    array = finite(rate, field)
    if (array <= -1.0).any():
        raise InputError("a rate must lie above -1", field, float(array.min()), "8 % a year is 0.08.")
    return array


def whole_years(years: npt.ArrayLike, field: str = "years") -> FloatArray:
    """Return numbers of years: whole and at least 1."""
    array = finite(years, field)
    if (array < 1).any() or (array != np.floor(array)).any():
        raise InputError("must be whole years, at least 1", field, array.tolist(), "Round the life to whole years.")
    return array


def plain(value: FloatArray) -> float | FloatArray:
    """Return a scalar as a float, an array as it is."""
    return float(value) if value.ndim == 0 else value
