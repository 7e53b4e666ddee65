"""A dispatch problem whose inputs are checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from carbonost.domain.arguments import scalar
from carbonost.domain.asset import Battery, HeatPump, PvArray, Site
from carbonost.domain.checks import is_number
from carbonost.domain.tariff import Tariff
from carbonost.engines.energy.assembly import Economics
from carbonost.engines.energy.load import horizon, profile, read_load
from carbonost.engines.energy.solve import Clock
from carbonost.engines.energy.terms import rates
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.asset import Asset
    from carbonost.domain.series import FloatArray
    from carbonost.engines.energy.load import Horizon, Load
    from carbonost.engines.energy.terms import Rates


@dataclass(frozen=True, eq=False)
class Problem:
    """A dispatch problem whose inputs are checked and on one horizon."""

    site: Site
    load: Load
    at: Horizon
    rate: Rates
    economics: Economics
    heat_kw: Mapping[str, FloatArray]
    zone: str
    clock: Clock = field(default_factory=Clock)


def read_problem(
    site: Site,
    load: Any,
    tariff: Tariff,
    *,
    load_kwh: Any = None,
    heat_kw: Any = None,
    gas_price_cny_per_kwh: Any = None,
    carbon_price_cny_per_t: float = 0.0,
    carbon_cap_t: float | None = None,
    grid_kg_per_kwh: Any = None,
    gas_kg_per_kwh: float | None = None,
    weight: float = 1.0,
    time_limit_s: float | None = None,
    discount_rate: float = 0.08,
) -> Problem:
    """Check everything a caller gave; see `EnergyOptimizer.dispatch`."""
    check_nouns(site, tariff)
    drawn = read_load(load, load_kwh)
    at = horizon(drawn, tariff.zone, tariff.demand_window_min)
    carbon_price = scalar(carbon_price_cny_per_t, "carbon_price_cny_per_t", least=0.0)
    gas_kg = 0.0 if gas_kg_per_kwh is None else scalar(gas_kg_per_kwh, "gas_kg_per_kwh", least=0.0)
    carbon_cap = None if carbon_cap_t is None else scalar(carbon_cap_t, "carbon_cap_t", least=0.0)
    for name, value in (("weight", weight), ("time_limit_s", time_limit_s)):
        if not (is_number(value) and float(value or 0.0) > 0) and not (value is None and name == "time_limit_s"):
            raise InputError("must be a number above 0", field=name, value=value)
    if not is_number(discount_rate) or discount_rate <= -1:
        raise InputError("must be above -1", field="discount_rate", value=discount_rate, remedy="8 % is 0.08.")
    if (carbon_cap_t is not None or carbon_price) and grid_kg_per_kwh is None and gas_kg_per_kwh is None:
        raise InputError(
            "a carbon price or cap needs emission factors",
            field="grid_kg_per_kwh",
            remedy="Give grid_kg_per_kwh=… (and gas_kg_per_kwh=…).",
        )
    factor = None if grid_kg_per_kwh is None else profile(grid_kg_per_kwh, drawn, "grid_kg_per_kwh")
    gas = gas_price_cny_per_kwh
    economics = Economics(
        carbon_price_cny_per_t=carbon_price,
        carbon_cap_t=carbon_cap,
        gas_price_cny_per_kwh=None if gas is None else profile(gas, drawn, "gas_price_cny_per_kwh"),
        gas_t_per_kwh=gas_kg / 1000.0,
        weight=float(weight),
        discount_rate=float(discount_rate),
    )
    grades = heat_kw if isinstance(heat_kw, Mapping) else {} if heat_kw is None else {"heat": heat_kw}
    heat = {grade: profile(kw, drawn, "heat_kw") for grade, kw in grades.items()}
    rate = rates(tariff, at, factor, economics.weight)
    return Problem(site, drawn, at, rate, economics, heat, tariff.zone, Clock(time_limit_s))


def check_nouns(site: Any, tariff: Any) -> None:
    """Refuse what is no site, or no tariff."""
    if not isinstance(site, Site):
        raise InputError("is not a Site", field="site", value=type(site).__name__, remedy="Write Site(assets=[…]).")
    if not isinstance(tariff, Tariff):
        raise InputError(
            "is not a Tariff", field="tariff", value=type(tariff).__name__, remedy="Write Tariff.from_prices(…)."
        )


def is_open(asset: Asset) -> bool:
    """Whether an asset's capacity is to be chosen."""
    if isinstance(asset, Battery):
        return asset.capacity_kwh is None or asset.power_kw is None
    if isinstance(asset, HeatPump):
        return asset.heat_kw is None
    return isinstance(asset, PvArray) and asset.profile_kw is None and asset.capacity_kw is None


def of_known_size(problem: Problem) -> Problem:
    """The problem, where every capacity is known: a plan says nothing of what owning costs."""
    for name, asset in problem.site.named():
        if is_open(asset):
            raise InputError(
                "has no capacity", field=f"site.assets[{name!r}]", remedy="Give its capacity, or choose it with size."
            )
    return problem


def without_price(problem: Problem) -> Problem:
    """The same problem with carbon free of charge."""
    return replace(problem, economics=replace(problem.economics, carbon_price_cny_per_t=0.0))
