"""The energy a measure meets: what is left after the measures before it, and what a unit of it emits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import pandas as pd

from carbonost.domain.alike import Alike
from carbonost.domain.arguments import of_kind, scalar
from carbonost.domain.checks import is_number
from carbonost.domain.measure import Abatement
from carbonost.errors import InputError, NaiveTimestampError
from carbonost.factors import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.measure import Effect, Range
    from carbonost.engines.measures.site import Record

KWH_PER_GJ: Final = 1.0 / 0.0036


@dataclass(frozen=True, slots=True)
class AbatementFactors:
    """What a unit of energy emits; None where the inventory has no factor, which then is a gap.

    Attributes
    ----------
    electricity_location_t_per_kwh, electricity_market_t_per_kwh : float or None [tCO2e/kWh]
    natural_gas_t_per_nm3 : float or None [tCO2e/Nm3]
    heat_t_per_gj : float or None [tCO2e/GJ]
        Purchased heat or steam.
    diesel_t_per_t : float or None [tCO2e/t]
    park_electricity_t_per_kwh, park_heat_t_per_gj : float or None
        Of the zero-carbon-park method: fossil power and fossil heat. It counts CO2 only, so give fuel
        factors without other gases where it is to be met exactly.
    """

    electricity_location_t_per_kwh: float | None = None
    electricity_market_t_per_kwh: float | None = None
    natural_gas_t_per_nm3: float | None = None
    heat_t_per_gj: float | None = None
    diesel_t_per_t: float | None = None
    park_electricity_t_per_kwh: float | None = None
    park_heat_t_per_gj: float | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and (not is_number(value) or value < 0):
                raise InputError("must be finite and not negative", name, value, "Give tonnes per unit.")

    def with_park_method(self) -> AbatementFactors:
        """These factors, with the two the zero-carbon-park method prints (its annex 4)."""
        rows = table("method_parameters").query("method == 'cn_zero_carbon_park_2025'").set_index("parameter")["value"]
        return replace(
            self,
            park_electricity_t_per_kwh=float(rows["power_fossil_kgco2_per_kwh"]) / 1000.0,
            park_heat_t_per_gj=float(rows["heat_fossil_tco2_per_gj"]),
        )


@dataclass(frozen=True, eq=False)
class Baseline(Alike):
    """Energy bought in a year, and what is known of its shape.

    Attributes
    ----------
    electricity_kwh, natural_gas_nm3, heat_gj, diesel_t : float
        Bought in a year; heat is purchased heat or steam.
    load_kw : Series or None
        Mean import in each interval, aware and regular, by its start; it may cover a part of
        `electricity_kwh` only, and PV is then held against that part.
    gas_ncv_gj_per_nm3 : float or None
        Net calorific value of the gas.
    boiler_gas_nm3 : float or None
        Gas burned in boilers for heat, a part of `natural_gas_nm3`; None: not known, so none is replaced.
    boiler_efficiency : float or None
        Of those boilers, net.
    waste_heat_gj, waste_heat_c : float, float or None
        Waste heat still unused, and its temperature [degC].
    grid_headroom_kw : float or None
        What the grid connection can still carry; None: no limit is known.
    """

    electricity_kwh: float = 0.0
    natural_gas_nm3: float = 0.0
    heat_gj: float = 0.0
    diesel_t: float = 0.0
    load_kw: pd.Series | None = None
    gas_ncv_gj_per_nm3: float | None = None
    boiler_gas_nm3: float | None = None
    boiler_efficiency: float | None = None
    waste_heat_gj: float = 0.0
    waste_heat_c: float | None = None
    grid_headroom_kw: float | None = None

    def __post_init__(self) -> None:
        for name in ("electricity_kwh", "natural_gas_nm3", "heat_gj", "diesel_t", "waste_heat_gj"):
            value = getattr(self, name)
            if not is_number(value) or value < 0:
                raise InputError("must be finite and not negative", name, value, "Give the year's total.")
        for name in ("gas_ncv_gj_per_nm3", "boiler_gas_nm3", "boiler_efficiency"):
            value = getattr(self, name)
            if value is not None and (not is_number(value) or value < 0):
                raise InputError("must be a number that is not negative", name, value, "None where it is not known.")
        for name in ("waste_heat_c", "grid_headroom_kw"):
            if getattr(self, name) is not None:
                scalar(getattr(self, name), name, least=-273.15 if name == "waste_heat_c" else 0.0)
        if self.load_kw is not None:
            _curve(self.load_kw)
        if self.boiler_efficiency is not None and not 0 < self.boiler_efficiency <= 1.1:  # noqa: PLR2004 -- condensing
            raise InputError("must lie in (0, 1.1]", "boiler_efficiency", self.boiler_efficiency, "90 % is 0.9.")

    @property
    def boiler_heat_gj(self) -> float:
        """Heat the gas boilers deliver; 0 where `unknown_boilers` are in the way of telling it."""
        if not self.boiler_gas_nm3 or self.unknown_boilers:
            return 0.0
        return self.boiler_gas_nm3 * float(self.gas_ncv_gj_per_nm3 or 0.0) * float(self.boiler_efficiency or 0.0)

    @property
    def unknown_boilers(self) -> tuple[str, ...]:
        """What is lacking to tell the heat of boilers that burn gas; they burn no more than was bought."""
        if not self.boiler_gas_nm3:
            return ()
        lacking = [name for name in ("gas_ncv_gj_per_nm3", "boiler_efficiency") if getattr(self, name) is None]
        contradicted = self.boiler_gas_nm3 > self.natural_gas_nm3 * (1 + 1e-9)
        return (*(["natural_gas_nm3"] if contradicted else []), *lacking)

    @property
    def heat_demand_gj(self) -> float:
        """Heat that can be replaced: purchased, and from gas boilers where those are known."""
        return self.heat_gj + self.boiler_heat_gj

    def displaced(self, heat_gj: float) -> dict[str, float]:
        """Energies saved when `heat_gj` need not be supplied: purchased heat first, then boiler gas."""
        bought = min(heat_gj, self.heat_gj)
        saved = {"heat": bought} if bought > 0 else {}
        rest = min(heat_gj - bought, self.boiler_heat_gj)
        if rest > 0 and self.boiler_gas_nm3 is not None:
            saved["natural_gas"] = self.boiler_gas_nm3 * rest / self.boiler_heat_gj
        return saved

    def after(
        self, effect: Effect, *, load_saved_kw: pd.Series | None = None, waste_heat_used_gj: float = 0.0
    ) -> Baseline:
        """What is left once `effect` is in place; the next measure meets this.

        Without `load_saved_kw` the load keeps its shape and shrinks to what is left.
        """
        electricity = max(0.0, self.electricity_kwh - effect.amount("electricity"))
        gas = max(0.0, self.natural_gas_nm3 - effect.amount("natural_gas"))
        boiler = None if self.boiler_gas_nm3 is None else max(0.0, self.boiler_gas_nm3 - effect.amount("natural_gas"))
        load = self.load_kw
        if load is not None and load_saved_kw is not None:
            load = load - load_saved_kw
        elif load is not None and self.electricity_kwh > 0:
            load = load * (electricity / self.electricity_kwh)
        return replace(
            self,
            electricity_kwh=electricity,
            natural_gas_nm3=gas,
            boiler_gas_nm3=boiler,
            heat_gj=max(0.0, self.heat_gj - effect.amount("heat")),
            diesel_t=max(0.0, self.diesel_t - effect.amount("diesel")),
            load_kw=load,
            waste_heat_gj=max(0.0, self.waste_heat_gj - waste_heat_used_gj),
        )


def _curve(load: object) -> None:
    """Refuse what is no load curve; a gap in it is left to whoever reads it."""
    of_kind(load, pd.Series, "load_kw", "Give a Series by aware stamps.")
    series = cast("pd.Series", load)
    if getattr(series.index, "tz", None) is None:
        raise NaiveTimestampError("the stamps carry no zone", "load_kw", remedy="Use tz_localize first.")
    if not pd.api.types.is_numeric_dtype(series) or pd.api.types.is_bool_dtype(series):
        raise InputError("holds no numbers", "load_kw", str(series.dtype), "Read the column as numbers.")
    wrong = (series < 0) | np.isinf(series)
    if wrong.any():
        at = wrong.idxmax()
        problem = "must be finite and not negative"
        raise InputError(problem, "load_kw", f"{series[wrong].iloc[0]:g} at {at}", "Give what is drawn; export apart.")


def abatement(saved: Mapping[str, Range], factors: AbatementFactors, record: Record, measure: str) -> Abatement | None:
    """Emissions avoided by the energies saved; None, and a gap, where a factor is missing.

    Green electricity under contract counts at the market-based factor and in the zero-carbon-park
    method only; exported electricity is never netted.
    """
    amount = {carrier: one.value for carrier, one in saved.items()}
    power, green = amount.get("electricity", 0.0), amount.get("green_electricity", 0.0)
    gas, heat, diesel = amount.get("natural_gas", 0.0), amount.get("heat", 0.0), amount.get("diesel", 0.0)
    asked = [
        ("electricity_location_t_per_kwh", power),
        ("electricity_market_t_per_kwh", power + green),
        ("natural_gas_t_per_nm3", gas),
        ("heat_t_per_gj", heat),
        ("diesel_t_per_t", diesel),
    ]
    missing = [name for name, touched in asked if touched and getattr(factors, name) is None]
    for name in missing:
        record.miss(name, f"{measure}的减排量", severity="high", workaround="补充排放因子")
    if missing:
        return None
    fuels = gas * (factors.natural_gas_t_per_nm3 or 0.0) + diesel * (factors.diesel_t_per_t or 0.0)
    bought_heat = heat * (factors.heat_t_per_gj or 0.0)
    park = None
    if factors.park_electricity_t_per_kwh is not None and factors.park_heat_t_per_gj is not None:
        park = fuels + (power + green) * factors.park_electricity_t_per_kwh + heat * factors.park_heat_t_per_gj
    return Abatement(
        scope1_t=fuels,
        scope2_location_t=power * (factors.electricity_location_t_per_kwh or 0.0) + bought_heat,
        scope2_market_t=(power + green) * (factors.electricity_market_t_per_kwh or 0.0) + bought_heat,
        zero_carbon_park_t=park,
    )
