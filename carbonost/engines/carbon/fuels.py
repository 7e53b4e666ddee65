"""Which figures a burned fuel is calculated with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isnan
from typing import TYPE_CHECKING, Final

from carbonost import units
from carbonost.domain.emission import Basis
from carbonost.engines.carbon.combustion import combustion_co2
from carbonost.engines.carbon.context import published
from carbonost.engines.carbon.uncertainty import combine_product
from carbonost.errors import AmbiguousUnitError, FactorNotFoundError, ImplausibleFactorError, InputError, UnitError
from carbonost.factors.check import implausible_parameters
from carbonost.factors.energy_types import shared_fuel
from carbonost.factors.parameters import parameter_set
from carbonost.factors.regions import GLOBAL
from carbonost.factors.tables import read

if TYPE_CHECKING:
    from datetime import date

    from carbonost.domain.activity import FuelParameters as Measured
    from carbonost.engines.carbon.context import Context
    from carbonost.engines.carbon.keys import Group
    from carbonost.engines.carbon.rules import Method
    from carbonost.factors.parameters import ParameterSet
    from carbonost.factors.regions import Region

_PER_1E4_NM3: Final = "万Nm3"


@dataclass(frozen=True, slots=True)
class _Fuel:
    """Heating value, carbon and oxidation of one fuel, with their origin."""

    ncv: float
    per: str
    carbon_t_per_gj: float
    oxidation_factor: float
    factor_id: str
    origin: str
    status: str
    measured: tuple[str, ...]
    printed_co2: bool
    ncv_pct: float | None = None
    carbon_pct: float | None = None

    def uncertainty_pct(self, *, in_energy: bool) -> float | None:
        """Half-width of the factor's 95 % interval, in percent; None unless the set prints those of its parts."""
        parts = (self.carbon_pct,) if in_energy else (self.ncv_pct, self.carbon_pct)
        known = [part for part in parts if part is not None]
        return combine_product(known) if len(known) == len(parts) else None


def basis_of(context: Context, method: Method, group: Group, key: str, place: Region, on: date) -> Basis:
    """Return the basis of a fuel: a nation's published factor, or a parameter set.

    The user's own factors come first; then, unless a parameter set was chosen, the nation's
    published ones; then the chosen set, or the one of the method. Measured parameters in the row
    replace those of the set.
    """
    chosen = context.parameter_set
    own = _held(context, key, place, own_only=True)
    national = method.national_fuel_factors and chosen is None and _held(context, key, place, own_only=False)
    if group.parameters is None and (own or national):
        return published(context, group, key, place, on)
    name = method.parameter_set.get(place.nation, method.parameter_set["*"])
    figures = chosen or parameter_set(name)
    fuel = _parameters(figures, key, group.parameters)
    return _by_carbon(context, method, group, key, place, on, fuel, assumed=chosen is None)


def _held(context: Context, key: str, place: Region, *, own_only: bool) -> bool:
    """Whether the library holds factors of the carrier for the region or its nation (the world is no nation)."""
    library = context.library
    codes = [code for code, _ in place.chain if own_only or code != GLOBAL]
    names = (key,) if key in library.known_energy_types else (shared_fuel(key),)
    rows = [row for name in names for code in codes for row in library.by_key.get((name, code), ())]
    return any(int(library.layer[row]) > 0 or str(library.statuses[row]) == "own" or not own_only for row in rows)


def _parameters(figures: ParameterSet, key: str, measured: Measured | None) -> _Fuel:
    """Return the set's fuel with the row's measurements in place of its defaults."""
    try:
        default = figures[key]
    except FactorNotFoundError:
        if measured is None:
            raise
        default = None
    given = measured.model_dump(exclude_none=True) if measured is not None else {}
    if "ncv_gj_per_t" in given and "ncv_gj_per_1e4nm3" in given:
        raise InputError("two heating values are given", "parameters", given, "Give the one on the row's basis.")
    per = "t" if "ncv_gj_per_t" in given else _PER_1E4_NM3 if "ncv_gj_per_1e4nm3" in given else None
    if per is None and default is not None:
        per = default.per
    ncv = given.get("ncv_gj_per_t", given.get("ncv_gj_per_1e4nm3", default.ncv if default else None))
    carbon = given.get("carbon_t_per_gj", default.carbon_t_per_gj if default else None)
    oxidation = given.get("oxidation_factor", default.oxidation_factor if default else None)
    if ncv is None or carbon is None or oxidation is None or per is None:
        raise FactorNotFoundError(key, f"parameter set {figures.name}", "any day", "measured: " + ", ".join(given))
    problem = implausible_parameters(ncv if per == "t" else 0.0, carbon, oxidation)
    if problem:
        raise ImplausibleFactorError(problem, "parameters", given, "Coal carries about 0.026 tC/GJ; 98 % is 0.98.")
    ident = f"{figures.name}.{shared_fuel(key)}"
    return _Fuel(
        ncv=ncv,
        per=per,
        carbon_t_per_gj=carbon,
        oxidation_factor=oxidation,
        factor_id=f"{ident}+measured" if given else ident,
        origin=figures.title,
        status=default.status if default else "own",
        measured=tuple(given),
        printed_co2=figures.name == "ipcc2006" and not {"carbon_t_per_gj", "oxidation_factor"} & set(given),
        ncv_pct=None if default is None or given else _interval_pct(default.ids[0]),
        carbon_pct=None if default is None or given else _interval_pct(default.ids[1]),
    )


@lru_cache(maxsize=512)
def _interval_pct(parameter_id: str) -> float | None:
    """Half-width of a parameter's printed 95 % interval, in percent of its value."""
    rows = read("fuel_parameters")
    row = rows[rows["id"] == parameter_id].iloc[0]
    half = (row["high"] - row["low"]) / 2 / row["value"] * 100
    return None if isnan(half) else float(half)


def _by_carbon(
    context: Context,
    method: Method,
    group: Group,
    key: str,
    place: Region,
    on: date,
    fuel: _Fuel,
    *,
    assumed: bool,
) -> Basis:
    """Return the basis of NCV × carbon content × oxidation × 44/12, with CH4 and N2O where the method counts them."""
    scale, in_energy = _scale(context, group, key, fuel.per)
    gj = scale if in_energy else scale * fuel.ncv
    rows = {"CO2": (float(combustion_co2(gj, 1.0, fuel.carbon_t_per_gj, fuel.oxidation_factor)), False)}
    carbon = f"{fuel.carbon_t_per_gj:g} tC/GJ × {fuel.oxidation_factor:g} × 44/12"
    factor_id, gases, notes = fuel.factor_id, sorted(method.combustion_gases - {"CO2"}), []
    if fuel.printed_co2:  # the IPCC prints the product itself, rounded: its factor, not ours
        gases = ["CO2", *gases]
    if assumed:
        notes.append(f"{key}: parameters of {fuel.origin}, the set of {method.name} where none is chosen")
    for gas in gases:
        try:
            found = context.resolve(shared_fuel(key), GLOBAL, on, "GJ", gas)
        except (FactorNotFoundError, UnitError):
            notes.append(f"{key}: no default factor for {gas} is published")
            continue
        rows[gas] = (float(context.library.tonnes[found.rows[0][1]]) * found.scale * gj, False)
        if gas == "CO2":
            factor_id = found.factor_id
            carbon = f"{context.library.values[found.rows[0][1]]:g} kgCO2/TJ"
    heat = "" if in_energy else f" × {fuel.ncv:g} GJ/{fuel.per}"
    return Basis(
        scope=1,
        category=group.category,
        energy_type=key,
        region=place.code,
        unit=group.unit,
        factor_id=factor_id,
        factor_unit="GJ" if in_energy else fuel.per,
        scale=scale,
        level="nation" if place.nation == "CN" else "global",
        path=(place.code,) if place.code == place.nation else (place.code, place.nation),
        vintage=fuel.factor_id.removesuffix("+measured").rsplit(".", 1)[0],
        document=fuel.origin,
        locator=f"{key}" + (f"; measured: {', '.join(fuel.measured)}" if fuel.measured else ""),
        formula=(
            f"amount [{group.unit}] × {scale:.8g} {'GJ' if in_energy else fuel.per}/{group.unit}{heat} × {carbon}"
        ),
        calculation_method=method.name,
        uncertainty_pct=fuel.uncertainty_pct(in_energy=in_energy),
        status=fuel.status,
        assumptions=tuple(notes),
        **context.gases(rows),
    )


def _scale(context: Context, group: Group, key: str, per: str) -> tuple[float, bool]:
    """Return how many `per`, or else how many GJ (net), are in one unit of the row."""
    try:
        return units.ratio(key, group.unit, per, strict=context.strict), False
    except AmbiguousUnitError:
        raise
    except UnitError:
        pass
    scale = units.compile(key, group.unit, strict=context.strict)
    if units.canonical(key, group.unit, strict=context.strict) == "GJ":
        return scale, True
    raise UnitError(
        f"{key} in {group.unit} cannot be brought to {per}, on which the set states its heating value",
        "unit",
        group.unit,
        f"Give the amount in {per} or GJ, or the measured heating value in `parameters`.",
    )
