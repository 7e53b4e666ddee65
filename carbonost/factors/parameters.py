"""Fuel parameters as sets, and standard coal equivalents.

A guideline prints heating value, carbon content and oxidation factor together, and the same fuel
differs between guidelines by up to 31 % (anthracite 26.7, 24.515 or 20.304 GJ/t). So a set is
chosen by its standard and edition, and never filled up from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.errors import FactorNotFoundError, InputError
from carbonost.factors.energy_types import energy_type, shared_fuel
from carbonost.factors.tables import read, records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carbonost.domain.series import FloatArray

PARAMETERS: Final = ("ncv", "carbon_content", "oxidation_factor")
_ALIASES: Final = {"ndrc.other_industry": "ndrc.other"}


@dataclass(frozen=True, slots=True)
class FuelParameters:
    """One fuel of one set.

    Attributes
    ----------
    fuel : str
        Carrier id.
    ncv : float
        Net calorific value per `per` [GJ].
    per : str
        ``"t"`` or ``"万Nm3"``.
    carbon_t_per_gj, oxidation_factor : float
        Carbon per heat [tC/GJ], and the share of it that oxidises.
    ids : tuple of str
        Ids of the three rows, for lineage.
    status : str
        The weakest status of the three.
    """

    fuel: str
    ncv: float
    per: str
    carbon_t_per_gj: float
    oxidation_factor: float
    ids: tuple[str, str, str]
    status: str

    @property
    def co2_t_per_gj(self) -> float:
        """Carbon dioxide per heat [tCO2/GJ]."""
        return self.carbon_t_per_gj * self.oxidation_factor * 44 / 12

    @property
    def co2_t(self) -> float:
        """Carbon dioxide per `per` [tCO2]."""
        return self.ncv * self.co2_t_per_gj


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """The fuel parameters of one standard and edition.

    Attributes
    ----------
    name : str
        ``"gbt32151.22-2024"``, ``"ndrc.steel"``, ``"ndrc.other"`` or ``"ipcc2006"``.
    standard, edition, title, issued : str
        What a result quotes.
    fuels : dict of str to FuelParameters
        Complete fuels only: one that lacks a parameter in this set is not in it.
    """

    name: str
    standard: str
    edition: str
    title: str
    issued: str
    fuels: Mapping[str, FuelParameters]

    def __getitem__(self, fuel: str) -> FuelParameters:
        """Return a fuel by id, name or alias; ``mobile_diesel`` reads ``diesel``.

        Raises
        ------
        FactorNotFoundError
            If this set does not print the fuel; no other set steps in.
        UnknownEnergyTypeError
            If the name means nothing.
        """
        key = shared_fuel(energy_type(fuel, frozenset(self.fuels)))
        if key not in self.fuels:
            near = ", ".join(get_close_matches(key, self.fuels, n=3, cutoff=0.4)) or ", ".join(self.fuels)
            raise FactorNotFoundError(key, f"parameter set {self.name}", "any day", near)
        return self.fuels[key]

    def __contains__(self, fuel: str) -> bool:
        return shared_fuel(fuel) in self.fuels

    def arrays(self, fuels: Sequence[str]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return ``ncv`` [GJ per `per`], ``carbon_t_per_gj`` and ``oxidation_factor`` of k fuels, each (k,).

        A fuel this set does not print is NaN in all three.
        """
        found = [self.fuels.get(shared_fuel(fuel)) for fuel in fuels]
        columns = [(f.ncv, f.carbon_t_per_gj, f.oxidation_factor) if f else (np.nan,) * 3 for f in found]
        table = np.array(columns, dtype=np.float64).reshape(-1, 3)
        return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()


def parameter_sets() -> tuple[str, ...]:
    """Return the names `parameter_set` accepts."""
    return tuple(read("parameter_sets")["parameter_set"])


@lru_cache(maxsize=16)
def parameter_set(name: str) -> ParameterSet:
    """Return the fuel parameters of one guideline.

    Raises
    ------
    InputError
        If no set has this name.

    Examples
    --------
    >>> parameter_set("gbt32151.22-2024")["天然气"].ncv
    389.31
    """
    wanted = _ALIASES.get(name.strip().casefold(), name.strip().casefold())
    if wanted not in parameter_sets():
        remedy = f"Use one of {', '.join(parameter_sets())}."
        raise InputError("this parameter set is not known", "parameter_set", name, remedy)
    head = next(row for row in records("parameter_sets") if row["parameter_set"] == wanted)
    grouped: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in records("fuel_parameters"):
        if row["parameter_set"] == wanted:
            grouped.setdefault(row["energy_type"], {})[row["parameter"]] = row
    fuels = {fuel: _fuel(fuel, parts) for fuel, parts in grouped.items() if all(p in parts for p in PARAMETERS)}
    return ParameterSet(wanted, head["standard"], head["edition"], head["title"], head["issued"], fuels)


def _fuel(fuel: str, parts: Mapping[str, Mapping[str, Any]]) -> FuelParameters:
    ncv, carbon, oxidation = (parts[name] for name in PARAMETERS)
    statuses = {part["status"] for part in (ncv, carbon, oxidation)}
    return FuelParameters(
        fuel, float(ncv["value"]), ncv["unit"].removeprefix("GJ/"), float(carbon["value"]), float(oxidation["value"]),
        (ncv["id"], carbon["id"], oxidation["id"]), "verified" if statuses == {"verified"} else "read",
    )  # fmt: skip


@lru_cache(maxsize=1)
def tce_coefficients() -> Mapping[str, tuple[float, str]]:
    """Return standard coal equivalents by carrier: value and unit as printed (``kgce/kg``, ``kgce/kWh``).

    Electricity is at calorific value (当量值); its equivalent value (等价值) changes every year and
    is an input, never a constant. Natural gas is left out: two coefficients are in circulation.
    """
    return {row["energy_type"]: (float(row["value"]), row["unit"]) for row in records("tce_coefficients")}


def method_parameter(method: str, parameter: str, annual_tce: float | None = None) -> float:
    """Return a figure a method pins for itself, such as its own fossil-power factor.

    Parameters
    ----------
    method : str
        Such as ``"cn_zero_carbon_park_2025"``.
    parameter : str
        Such as ``"power_fossil_kgco2_per_kwh"``.
    annual_tce : float, optional [tce]
        Annual energy, where the figure depends on it.

    Raises
    ------
    InputError
        If the method prints no such figure, or none for this annual energy.

    Examples
    --------
    >>> method_parameter("cn_zero_carbon_park_2025", "core_intensity_max_t_per_tce", annual_tce=250_000)
    0.2
    """
    rows = read("method_parameters")
    rows = rows[rows["method"] == method]
    if rows.empty:
        remedy = f"Use one of {', '.join(sorted(set(read('method_parameters')['method'])))}."
        raise InputError("this method is not known", "method", method, remedy)
    found = rows[rows["parameter"] == parameter]
    if found.empty:
        near = ", ".join(get_close_matches(parameter, sorted(set(rows["parameter"])), n=3, cutoff=0.3))
        raise InputError(f"{method} prints no such figure", "parameter", parameter, f"The nearest: {near}.")
    if found["from_tce"].notna().any():
        energy = np.nan if annual_tce is None else annual_tce
        found = found[(found["from_tce"] <= energy) & ((found["to_tce"] > energy) | found["to_tce"].isna())]
        if found.empty:
            remedy = "Pass annual_tce; the method prints limits from 200 000 tce a year on."
            raise InputError(f"{method} prints no {parameter} for this energy", "annual_tce", annual_tce, remedy)
    return float(found["value"].iloc[0])
