"""From what a row says to what it is calculated with: carrier, region, unit and day to a `Basis`.

One call per group of rows and stretch of days, never per row. Each carrier family has its rule:
electricity and heat by region, fuels by published factor or by parameter set, processes by
stoichiometry, refrigerants by global warming potential, everything else by its published factor.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from carbonost import units
from carbonost.domain.emission import Basis
from carbonost.engines.carbon import fuels
from carbonost.engines.carbon.context import published
from carbonost.engines.carbon.rules import Method, method_for
from carbonost.errors import FactorNotFoundError, FactorUseError, ImplausibleFactorError, InputError, UnitError
from carbonost.factors.check import implausible
from carbonost.factors.energy_types import category as category_of
from carbonost.factors.energy_types import energy_type as carrier_of
from carbonost.factors.energy_types import known as known_carriers
from carbonost.factors.gwp import composition
from carbonost.factors.regions import region as region_of

if TYPE_CHECKING:
    from datetime import date

    from carbonost.domain.activity import OwnFactor
    from carbonost.engines.carbon.context import Context
    from carbonost.engines.carbon.keys import Group
    from carbonost.factors.gwp import GwpSet
    from carbonost.factors.regions import Region

_SCOPE_2: Final = 2
OWN_POWER: Final = "the row's own factor stands in both scope 2 totals; a supplier's belongs to the market-based alone"
"""Said of every own factor of electricity: GHG Protocol Scope 2 Guidance, chapter 6, keeps the grid average."""


def basis_of(context: Context, group: Group, on: date) -> Basis:
    """Return what the rows of `group` are calculated with on a day.

    Raises
    ------
    CarbonostError
        The one fault that stands in the way; `carbonost.errors` draws them.
    """
    place = region_of(group.region, context.library.known_regions)
    method = method_for(context.calculation_method, place.nation)
    if group.factor is not None and not isinstance(group.factor, str):
        return _own(context, group, group.factor, place)
    key = carrier_of(group.energy_type, context.library.known_energy_types)
    kind = category_of(key)
    if isinstance(group.factor, str):
        basis = _by_id(context, group, key, group.factor)
        if _is_grid_average(context, group.factor):
            basis = _with_market(context, group, basis, place, on)
    elif kind == "electricity":
        basis = _electricity(context, group, key, place, on)
    elif kind in {"fuel", "mobile"}:
        basis = fuels.basis_of(context, method, group, key, place, on)
    elif kind == "refrigerant" and not any((key, code) in context.library.by_key for code, _ in place.chain):
        basis = _gas(context, group, key)
    else:
        basis = published(context, group, key, place, on)
    return _filed(basis, group, key, method)


def _filed(basis: Basis, group: Group, key: str, method: Method) -> Basis:
    """Return `basis` under the scope and category it belongs to."""
    vocabulary = known_carriers().get(key)
    scope = group.scope or (basis.scope or None) or (vocabulary.scope if vocabulary else None)
    if scope not in {1, 2, 3}:
        problem = f"nothing says which scope {key} belongs to" if scope is None else "a scope is 1, 2 or 3"
        raise InputError(problem, "scope", scope, "Give scope=1, 2 or 3 in the row.")
    label = basis.calculation_method or ("GHGP_location_based" if scope == _SCOPE_2 else method.name)
    return replace(basis, scope=scope, category=group.category, calculation_method=label)


def _electricity(context: Context, group: Group, key: str, place: Region, on: date) -> Basis:
    """Location-based by the grid average, market-based by the residual mix where one is published."""
    basis = published(context, group, key, place, on)
    basis = replace(basis, kwh=units.compile("electricity", group.unit, strict=context.strict))
    return _with_market(context, group, replace(basis, scope=2), place, on) if key == "electricity" else basis


def _is_grid_average(context: Context, factor_id: str) -> bool:
    """Whether a row names a packaged grid average: a choice of version, not a claim on a supplier."""
    library = context.library
    row = library.row(factor_id)
    return bool(library.energy_types[row] == "electricity" and library.layer[row] == 0)


def _with_market(context: Context, group: Group, basis: Basis, place: Region, on: date) -> Basis:
    """Return `basis` with the residual mix as its market-based factor, or the average and a word about it."""
    notes: tuple[str, ...]
    try:
        rest = published(context, group, "electricity_residual", place, on)
    except (FactorNotFoundError, FactorUseError):
        note = f"no residual mix is published for {place.code}: the grid average stands in the market-based total"
        market, market_id, notes = basis.co2e_t, basis.factor_id, (note,)
    else:
        market, market_id, notes = rest.co2e_t, rest.factor_id, rest.assumptions
    return replace(basis, market_co2e_t=market, market_factor_id=market_id, assumptions=(*basis.assumptions, *notes))


def _gas(context: Context, group: Group, key: str) -> Basis:
    """Return the basis of a gas that escapes: its mass times its potential, blends by composition."""
    scale = units.ratio(key, group.unit, "t", strict=context.strict)
    parts = composition(key) or {key: 1.0}
    names = {gas: _species(context.gwp, gas) for gas in parts}
    potential = context.gwp(key)
    row = {"id": f"gwp100.{key}", "document": f"composition of {key}", "locator": "gwp_blends", "status": "derived"}
    if len(parts) == 1:
        row = dict(context.gwp.row(key))
    return Basis(
        scope=0,
        category=group.category,
        energy_type=key,
        region=group.region,
        unit=group.unit,
        factor_id=row["id"],
        factor_unit="t",
        scale=scale,
        co2e_t=scale * potential,
        gases_t={names[gas]: scale * share for gas, share in parts.items()},
        gases_co2e_t={names[gas]: scale * share * context.gwp(gas) for gas, share in parts.items()},
        level="global",
        path=("GLOBAL",),
        vintage=context.gwp.edition,
        document=row["document"],
        locator=row["locator"],
        formula=f"amount [{group.unit}] × {scale:g} t/{group.unit} × GWP100 {potential:g} ({context.gwp.edition})",
        status=row["status"],
    )


def _species(gwp: GwpSet, gas: str) -> str:
    return str(gwp.row(gas)["gas"])


def _by_id(context: Context, group: Group, key: str, factor_id: str) -> Basis:
    """Return the basis of the one factor the row names."""
    factor = context.library.get(factor_id)
    if factor.use != "inventory":
        raise FactorUseError(
            f"{factor_id} is published for reduction projects, not for inventories",
            "factor",
            factor_id,
            "Leave `factor` empty for the average grid factor.",
        )
    tonnes, _, per = units.factor_unit(factor.unit)
    scale = units.ratio(key, group.unit, per, strict=context.strict, gross=factor.heating_value == "gross")
    row = context.library.row(factor_id)
    rows = {factor.gas: (factor.value * tonnes * scale, bool(context.library.weighted[row]))}
    return Basis(
        scope=factor.scope or 0,
        category=group.category,
        energy_type=key,
        region=factor.region,
        unit=group.unit,
        factor_id=factor_id,
        factor_unit=per,
        scale=scale,
        kwh=units.compile("electricity", group.unit) if category_of(key) == "electricity" else None,
        level=region_of(factor.region, context.library.known_regions).chain[0][1],
        path=(factor.region,),
        vintage=str(factor.data_year) if factor.data_year else None,
        data_year=factor.data_year,
        document=factor.document,
        locator=factor.locator,
        formula=f"amount [{group.unit}] × {scale:.8g} {per}/{group.unit} × {factor.value:g} {factor.unit}",
        uncertainty_pct=factor.uncertainty_pct,
        status=factor.status,
        **context.gases(rows),
    )


def _own(context: Context, group: Group, own: OwnFactor, place: Region) -> Basis:
    """Return the basis of a factor the row brings itself."""
    try:
        key = carrier_of(group.energy_type, context.library.known_energy_types)
    except InputError:  # an activity with its own factor may carry any name
        key = group.energy_type
    above, _, below = own.unit.partition("/")
    if below.strip() == group.unit.strip() and below.strip():
        tonnes, gas, scale = *units.factor_unit(f"{above}/kg")[:2], 1.0
    else:
        tonnes, gas, per = units.factor_unit(own.unit)
        scale = units.ratio(key, group.unit, per, strict=context.strict)
    gas = own.gas if gas in {"", "CO2e"} else gas
    problem = _physics(key, own.value * tonnes, below.strip(), gas)
    if problem:
        raise ImplausibleFactorError(problem, "factor", own.value, "Check the unit and the decimal point.")
    name = own.id or own.source or f"own.{key}.{own.value:g}"
    weighed = context.gases({gas: (own.value * tonnes * scale, gas == "CO2e")})
    electric = category_of(key) == "electricity"
    basis = Basis(
        scope=0,
        category=group.category,
        energy_type=key,
        region=place.code,
        unit=group.unit,
        factor_id=name,
        factor_unit=below.strip(),
        scale=scale,
        kwh=units.compile("electricity", group.unit, strict=context.strict) if electric else None,
        level="own",
        path=(place.code,),
        document=own.source or "own factor",
        locator="row",
        formula=f"amount [{group.unit}] × {scale:.8g} × {own.value:g} {own.unit}",
        uncertainty_pct=own.uncertainty_pct,
        assumptions=(OWN_POWER,) if electric else (),
        **weighed,
    )
    method = method_for(context.calculation_method, place.nation)
    return _filed(basis, group, key, method)


def _physics(key: str, tonnes: float, per: str, gas: str) -> str | None:
    try:
        return implausible(key, tonnes, units.normalise(per), gas)
    except UnitError:
        return None
