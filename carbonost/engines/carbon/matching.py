"""Clean power matched hour by hour: the 24/7 score beside the annual one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from carbonost.engines.carbon.answers import Answer, quantity
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray


@dataclass(frozen=True, eq=False)
class HourlyMatch(Answer):
    """Annual and hourly matching of one load, side by side.

    Attributes
    ----------
    annual_t : float [tCO2]
        Load less clean energy over the whole year, never below zero, at the mean grid factor.
    hourly_t : float [tCO2]
        The same hour by hour: a surplus at noon does not answer for the night.
    location_t : float [tCO2]
        The load at the grid factor of each hour, no contract counted.
    cfe_fraction : float [-]
        Share of the load met by clean energy of the same hour: the 24/7 score.
    annual_fraction : float [-]
        Share of the load met when the year is balanced as a whole.
    residual_kwh, surplus_kwh : float [kWh]
        Load no clean energy of its hour covers; clean energy no load of its hour uses.
    by_supply_kwh : dict of str to float [kWh]
        What each supply contributed, in the order given.
    gap_hours : int
        Hours without a reading. Every total above is NaN unless it is 0.
    hours : DataFrame
        `load_kwh, clean_kwh, matched_kwh, residual_kwh, surplus_kwh, emissions_t`, one row an hour.
    """

    annual_t: float
    hourly_t: float
    location_t: float
    cfe_fraction: float
    annual_fraction: float
    residual_kwh: float
    surplus_kwh: float
    by_supply_kwh: dict[str, float]
    gap_hours: int
    hours: pd.DataFrame


def hourly_match(
    load_kwh: npt.ArrayLike,
    clean_kwh: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    grid_kg_per_kwh: npt.ArrayLike,
) -> HourlyMatch:
    """Match a load with clean energy of the same hour.

    Parameters
    ----------
    load_kwh : (n,) array [kWh]
        Energy used in each hour (or any equal interval); NaN is a gap.
    clean_kwh : (n,) array, or mapping of name to (n,) array [kWh]
        Clean energy of each hour; several supplies are used in the order given.
    grid_kg_per_kwh : float or (n,) array [kgCO2/kWh]
        Grid factor, of the year or of each hour. Its plain mean serves the annual balance.

    Returns
    -------
    HourlyMatch

    Raises
    ------
    InputError
        If a quantity is negative or infinite, or the columns differ in length.

    Examples
    --------
    A day-time surplus that answers for the night only in the annual balance:

    >>> match = hourly_match([100.0, 100.0], [200.0, 0.0], 0.5)
    >>> match.annual_t, match.hourly_t, match.cfe_fraction
    (0.0, 0.05, 0.5)
    """
    load = quantity(load_kwh, "load_kwh", gaps=True)
    supplies = dict(clean_kwh) if isinstance(clean_kwh, Mapping) else {"clean": clean_kwh}
    columns = {name: quantity(kwh, f"clean_kwh[{name!r}]", gaps=True) for name, kwh in supplies.items()}
    factor = quantity(grid_kg_per_kwh, "grid_kg_per_kwh", gaps=True)
    for name, column in {"grid_kg_per_kwh": factor, **columns}.items():
        if column.shape not in {load.shape, (1,)} or (column.shape == (1,) != load.shape and name in columns):
            raise InputError(f"has {column.size} hours, the load {load.size}", field=name, remedy="Align the series.")

    residual, by_supply = load.copy(), {}
    for name, column in columns.items():
        used = np.minimum(column, residual)  # NaN of either column stays NaN
        residual = residual - used
        by_supply[name] = float(used.sum())
    clean: FloatArray = np.sum([np.zeros_like(load), *columns.values()], axis=0)
    matched = load - residual
    emissions_t = residual * factor / 1000
    total = load.sum()
    table = pd.DataFrame({"load_kwh": load, "clean_kwh": clean, "matched_kwh": matched, "residual_kwh": residual})
    table["surplus_kwh"], table["emissions_t"] = clean - matched, emissions_t
    return HourlyMatch(
        annual_t=float(np.maximum(total - clean.sum(), 0.0) * factor.mean() / 1000),
        hourly_t=float(emissions_t.sum()),
        location_t=float((load * factor).sum() / 1000),
        cfe_fraction=_share(matched.sum(), total),
        annual_fraction=_share(np.minimum(clean.sum(), total), total),
        residual_kwh=float(residual.sum()),
        surplus_kwh=float((clean - matched).sum()),
        by_supply_kwh=by_supply,
        gap_hours=int(np.isnan(emissions_t).sum()),
        hours=table,
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole != 0 else float("nan")
