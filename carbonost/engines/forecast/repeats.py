"""What a load repeats: a forecast is drawn to what was read on the last days of the kind.

Loads come back to the same few levels, so what comes is rather one of the last readings than between them.
A forecast moves a step towards those that lie near it; the farther ones do not count. It is a step of the
mean shift [1]_, with half-width and reach in units of the error that is usual there.

References
----------
.. [1] D. Comaniciu, P. Meer, Mean Shift: A Robust Approach Toward Feature Space Analysis, IEEE Transactions on
   Pattern Analysis and Machine Intelligence 24 (2002) 603-619.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

_DAYS: Final = 8  # of the kind
_STEP: Final = 0.7
_REACH: Final = 0.7  # in usual errors


def last_alike(values: FloatArray, kinds: Any) -> FloatArray:
    """What was read on the last days of the kind of each row and of the next one, (days, n + 1, slots).

    Parameters
    ----------
    values : (n, slots) array of float
    kinds : (n + 1,) array of int
    """
    n = len(values)
    rows = np.full((_DAYS, n + 1), n)
    for kind in np.unique(kinds):
        mine = np.flatnonzero(kinds == kind)
        for back in range(1, min(_DAYS, len(mine) - 1) + 1):
            rows[back - 1, mine[back:]] = mine[:-back]
    return np.asarray(np.vstack([values, np.full(values.shape[1], np.nan)])[rows])


def drawn(said: FloatArray, read: FloatArray, usual: FloatArray) -> FloatArray:
    """How far each forecast is drawn to what was read, (…).

    Parameters
    ----------
    said, usual : (…) array of float
        Forecasts, and the size of the error that is usual for each.
    read : (days, …) array of float
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = (read - said) / usual
        near = np.nan_to_num(apart * np.exp(-0.5 * (apart / _REACH) ** 2))
    return np.asarray(_STEP / _DAYS * near.sum(axis=0) * np.nan_to_num(usual))
