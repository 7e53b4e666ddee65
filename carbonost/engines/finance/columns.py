"""How cash flows and rates come in: columns of finite numbers, time on the last axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.domain.arguments import finite, scalar, whole
from carbonost.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.domain.series import FloatArray

LONGEST: Final = 1000
"""Years beyond which nothing is reckoned: no plant, loan or contract lasts so long."""
_RATE: Final = "8 % a year is 0.08."


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
        raise InputError("a rate must lie above -1", field, float(array.min()), _RATE)
    return array


def one_rate(rate: object, field: str = "rate") -> float:
    """Return one rate above -1."""
    return float(rates(scalar(rate, field, remedy=_RATE), field))


def shares(share: npt.ArrayLike, field: str, *, whole_too: bool = True) -> FloatArray:
    """Return shares from 0 to 1; the whole itself only where `whole_too`."""
    array = finite(share, field)
    if ((array < 0) | (array > 1) | (~np.bool_(whole_too) & (array == 1))).any():
        bounds = "[0, 1]" if whole_too else "[0, 1)"
        raise InputError(f"must lie in {bounds}", field, array.tolist(), "5 % is 0.05.")
    return array


def whole_years(years: npt.ArrayLike, field: str = "years") -> FloatArray:
    """Return numbers of years: whole, from 1 to `LONGEST`."""
    array = finite(years, field)
    if ((array < 1) | (array > LONGEST) | (array != np.floor(array))).any():
        problem = f"must be whole years, at least 1 and at most {LONGEST}"
        raise InputError(problem, field, array.tolist(), "Round the life to whole years.")
    return array


def one_term(years: object, field: str = "years") -> int:
    """Return one number of years, whole and at least 1."""
    return whole(years, field, least=1, most=LONGEST)


def plain(value: FloatArray) -> float | FloatArray:
    """Return a scalar as a float, an array as it is."""
    return float(value) if value.ndim == 0 else value


def held(value: FloatArray, field: str, given: FloatArray) -> FloatArray:
    """Refuse what has outgrown a double: a rate near -1, or a huge one, over many periods."""
    if not np.isfinite(value).all():
        problem = "gives a value that no double holds over so many periods"
        raise InputError(problem, field, given.tolist(), "8 % a year is 0.08.")
    return value
