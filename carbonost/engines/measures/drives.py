"""Electricity saved at the machine: motors, lamps, compressed air."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from carbonost.domain.arguments import finite, fit, scalar, whole
from carbonost.errors import InputError
from carbonost.factors import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from carbonost.domain.series import FloatArray


def motor_efficiency(rated_kw: float, poles: int, grade: int) -> float:
    """Rated full-load efficiency of a motor [-], between the rated powers of the table linearly.

    Parameters
    ----------
    rated_kw : float [kW]
    poles : {2, 4, 6, 8}
    grade : {1, 2, 3}
        Of GB 18613-2020; 3 is the least allowed.

    Raises
    ------
    InputError
        If the table has no such motor: it is not extended.
    """
    columns = _efficiencies()
    scalar(rated_kw, "rated_kw")
    whole(poles, "poles")
    whole(grade, "grade")
    if (poles, grade) not in columns:
        known = ", ".join(f"{p} poles grade {g}" for p, g in sorted(columns))
        raise InputError("no such motor in GB 18613-2020", "poles, grade", (poles, grade), f"Known: {known}.")
    powers, shares = columns[poles, grade]
    if not powers[0] <= rated_kw <= powers[-1]:
        problem = f"the table runs from {powers[0]:g} to {powers[-1]:g} kW"
        raise InputError(problem, "rated_kw", rated_kw, "Give the motor's own efficiency.")
    return float(np.interp(rated_kw, powers, shares))


def motor_saving(
    rated_kw: npt.ArrayLike,
    load_factor: npt.ArrayLike,
    hours: npt.ArrayLike,
    efficiency_old: npt.ArrayLike,
    efficiency_new: npt.ArrayLike,
) -> FloatArray:
    r"""Electricity saved by a better motor [kWh/a].

    Parameters
    ----------
    rated_kw : float or array [kW]
        At the shaft.
    load_factor : float or array [-]
        Mean shaft power over rated power while it runs.
    hours : float or array [h/a]
    efficiency_old, efficiency_new : float or array [-]
        Taken as constant over the load: at light load both are lower.

    Notes
    -----
    .. math:: \Delta E = P_r\,\beta\,h\,(1/\eta_{old} - 1/\eta_{new})

    Examples
    --------
    >>> round(float(motor_saving(75.0, 0.8, 6000.0, 0.90, 0.96)), 1)
    25000.0
    """
    old, new = finite(efficiency_old, "efficiency_old"), finite(efficiency_new, "efficiency_new")
    rated, load, running = (
        _amount(value, field)
        for value, field in ((rated_kw, "rated_kw"), (load_factor, "load_factor"), (hours, "hours"))
    )
    fit(rated_kw=rated, load_factor=load, hours=running, efficiency_old=old, efficiency_new=new)
    if ((old <= 0) | (old > 1) | (new <= 0) | (new > 1)).any():
        raise InputError("must lie in (0, 1]", "efficiency", [old.tolist(), new.tolist()], "95 % is 0.95.")
    return np.asarray(rated * load * running * (1.0 / old - 1.0 / new))


def leak_saving(energy_kwh: npt.ArrayLike, leak_now: npt.ArrayLike, leak_target: npt.ArrayLike) -> FloatArray:
    r"""Compressor electricity saved when less air leaks [kWh/a], at the same useful air.

    Parameters
    ----------
    energy_kwh : float or array [kWh/a]
        Of the compressors today.
    leak_now, leak_target : float or array [-]
        Share of the output that leaks; no saving where the target is above today's.

    Notes
    -----
    .. math:: \Delta E = E \left(1 - \frac{1-\lambda_0}{1-\lambda_1}\right)
    """
    energy = _amount(energy_kwh, "energy_kwh")
    now, target = finite(leak_now, "leak_now"), finite(leak_target, "leak_target")
    fit(energy_kwh=energy, leak_now=now, leak_target=target)
    if ((now < 0) | (now >= 1) | (target < 0) | (target >= 1)).any():
        raise InputError("must lie in [0, 1)", "leak", [now.tolist(), target.tolist()], "25 % is 0.25.")
    share = np.maximum(0.0, 1.0 - (1.0 - now) / (1.0 - target))
    return np.asarray(energy * share)


def _amount(value: npt.ArrayLike, field: str) -> FloatArray:
    told = finite(value, field)
    if (told < 0).any():
        raise InputError("must not be negative", field, value, "Give amounts, not changes.")
    return told


@lru_cache(maxsize=1)
def _efficiencies() -> Mapping[tuple[int, int], tuple[FloatArray, FloatArray]]:
    frame = table("motor_efficiency").sort_values("rated_kw")
    found = {}
    for poles, grade in frame[["poles", "grade"]].drop_duplicates().itertuples(index=False):
        rows = frame[(frame["poles"] == poles) & (frame["grade"] == grade)]
        powers = rows["rated_kw"].to_numpy(dtype=np.float64)
        found[int(poles), int(grade)] = (powers, rows["efficiency_pct"].to_numpy(dtype=np.float64) / 100.0)
    return found
