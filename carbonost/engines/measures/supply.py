"""Measures that supply: the sun on the roof, waste heat, heat pumps, electric boilers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carbonost.domain.arguments import of_kind, one_of
from carbonost.domain.measure import Range
from carbonost.engines.measures.baseline import KWH_PER_GJ
from carbonost.engines.measures.heat import heat_pump_cop, waste_heat_share
from carbonost.engines.measures.models import HOURS_PER_YEAR, Case, Step, amount, bill_saving, spread_evenly
from carbonost.engines.measures.pv import PvYield, pv_yield
from carbonost.engines.measures.site import lookup, number

if TYPE_CHECKING:
    from carbonost.domain.measure import Effect
    from carbonost.domain.series import FloatArray
    from carbonost.engines.measures.baseline import Baseline

DEFAULT_DAY = "2025-01-01"


def pv(case: Case) -> Step:
    """Rooftop PV: size by usable roof, yield by the irradiance at hand, own use interval by interval."""
    roof = number(case.site, "roof_area_m2") or 0.0
    usable = case.given("roof_usable_share", "roof_usable_share")
    capacity = roof * usable / case.published("roof_area_per_kw_dc_tool")
    asked = number(case.site, "pv_capacity_kw")
    capacity = capacity if asked is None else min(capacity, asked)
    load = _load(case)
    light = _light(case.site)
    one = pv_yield(
        pd.DatetimeIndex(load.index),
        *_place(case),
        tilt_deg=case.given("tilt_deg", "tilt_deg"),
        azimuth_deg=case.given("azimuth_deg", "azimuth_deg"),
        **light,
    )
    for row in one.parameters:
        case.record.take(row)
    _tell_model(case, one)
    power = one.profile.to_numpy() * capacity
    limit = number(case.site, "grid_headroom_kw")
    own, out = _own_use(power, load.to_numpy(dtype=np.float64), limit)
    hours = one.annual_kwh_per_kw / float(one.profile.sum()) if one.profile.sum() else 0.0
    own_kwh, out_kwh = float(own.sum() * hours), float(out.sum() * hours)
    spread = (one.low / one.annual_kwh_per_kw, one.high / one.annual_kwh_per_kw) if one.annual_kwh_per_kw else (1, 1)
    made = capacity * one.annual_kwh_per_kw
    money = _on_the_bill(case, load, own, hours)
    effect = case.effect(
        {
            "electricity": amount(
                "electricity", own_kwh, own_kwh * spread[0], min(own_kwh * spread[1], made * spread[1])
            ),
            "electricity_export": amount("electricity_export", out_kwh),
        },
        size={
            "capacity_kw": Range(value=capacity, unit="kW_dc"),
            "capacity_ac_kw": Range(value=capacity / case.published("dc_ac_ratio"), unit="kW_ac"),
            "energy_kwh": Range(value=made, unit="kWh/a", low=made * spread[0], high=made * spread[1]),
        },
        degradation=case.published("degradation_per_year"),
        life_years=int(case.published("lifetime")),
        **money,
    )
    saved = pd.Series(own, index=load.index) if case.left.load_kw is not None else None
    return Step(effect, case.left.after(effect, load_saved_kw=saved))


def _on_the_bill(case: Case, load: pd.Series, own: FloatArray, hours: float) -> dict[str, Any]:
    """What the own use takes off the bill of a metered load; `hours` per interval bring it to a year."""
    if case.bill is None or case.left.load_kw is None or load.isna().any():
        return {}
    step = (load.index[1] - load.index[0]) / pd.Timedelta(hours=1)
    drawn = load.clip(lower=0.0)
    return bill_saving(case.bill(drawn), case.bill((drawn - own).clip(lower=0.0)), hours / step)


def waste_heat(case: Case) -> Step:
    """Waste heat exchanged directly into the heat demand; what is too cold is left to heat pumps."""
    profile = "waste_heat_profile"
    source = number(case.site, f"{profile}.source_temperature_c")
    if source is None:
        return case.unknown((f"{profile}.source_temperature_c",))
    if not case.left.heat_gj and case.left.unknown_boilers:
        return case.unknown(case.left.unknown_boilers)
    cold = case.given(f"{profile}.cold_inlet_temperature_c", "cold_inlet_temperature_c")
    pinch = case.given(f"{profile}.pinch_k", "pinch_k")
    reference = case.given(f"{profile}.reference_temperature_c", "reference_temperature_c")
    share = waste_heat_share(source, cold, pinch, reference)
    wanted = number(case.site, f"{profile}.usable_demand_gj_per_year")
    demand = case.left.heat_demand_gj if wanted is None else min(wanted, case.left.heat_demand_gj)
    if wanted is None:
        case.record.miss(f"{profile}.usable_demand_gj_per_year", "余热回收量：假定低温端用热足够", severity="medium")
    heat = min(case.left.waste_heat_gj * share, demand)
    spans = [case.library.defaults[name] for name in ("pinch_k", "cold_inlet_temperature_c")]
    hard = waste_heat_share(source, max(cold, spans[1].high), max(pinch, spans[0].high), reference)
    easy = waste_heat_share(source, min(cold, spans[1].low), min(pinch, spans[0].low), reference)
    ratio = (min(hard / share, 1.0), max(easy / share, 1.0)) if share else (1.0, 1.0)
    used = {
        carrier: amount(carrier, value, value * ratio[0], value * ratio[1])
        for carrier, value in case.left.displaced(heat).items()
    }
    hours = case.given(f"{profile}.hours_per_year", "operating_hours_per_year")
    effect = case.effect(used, size={"heat_kw": _heat_kw(heat, hours)})
    left = case.left.after(effect, waste_heat_used_gj=heat)
    return Step(effect, replace(left, waste_heat_c=min(source, cold + pinch)) if heat > 0 else left)


def heat_pump(case: Case) -> Step:
    """A heat pump instead of bought heat or boiler gas, its COP by source outlet and sink."""
    hot_water = case.measure.id == "HP_HOTWATER"
    field = "hot_water_demand.temperature_c" if hot_water else "steam_grade.process_temperature_c"
    sink = number(case.site, field)
    if sink is None:
        return case.unknown((field,))
    if not case.left.heat_gj and case.left.unknown_boilers:
        return case.unknown(case.left.unknown_boilers)
    waste = case.left.waste_heat_c
    warm = case.default("ambient_source_temperature_c") if waste is None else waste
    outlet = warm - case.default("source_cooling_k")
    if outlet >= sink:
        case.record.miss(field, f"{case.measure.name_zh}：热源已高于用热温度，应直接换热", severity="low")
        return case.unknown((field,))
    cop = heat_pump_cop(outlet, sink)
    for point in cop.points:
        case.record.take(point.parameter)
    if not cop.inside:
        case.record.miss(f"{case.measure.id}.cop", "COP 超出公布数据的温升范围，为外推", severity="medium")
    heat = _heat_to_pump(case, cop.value, from_waste=waste is not None, hot_water=hot_water)
    power = heat / cop.value * KWH_PER_GJ
    room = case.left.grid_headroom_kw
    hours = case.given("waste_heat_profile.hours_per_year", "operating_hours_per_year")
    if room is not None and power / hours > room:
        case.record.miss("grid_headroom_kw", f"{case.measure.name_zh}的规模受接入裕度限制", severity="low")
        heat, power = heat * room * hours / power, room * hours
    used = {carrier: amount(carrier, value, value, value) for carrier, value in case.left.displaced(heat).items()}
    used["electricity"] = amount("electricity", -power, -heat / cop.low * KWH_PER_GJ, -heat / cop.high * KWH_PER_GJ)
    effect = case.effect(
        used,
        size={"heat_kw": _heat_kw(heat, hours), "cop": Range(value=cop.value, unit="1", low=cop.low, high=cop.high)},
        life_years=int(case.published("lifetime_80c_60k" if hot_water else "lifetime_150c")),
    )
    waste_used = heat * (1.0 - 1.0 / cop.value) if waste is not None else 0.0
    return Step(effect, _with_more_power(case, effect, power, hours, waste_used))


def electric_boiler(case: Case) -> Step:
    """Electricity instead of gas in the boilers, as far as the grid connection reaches."""
    left = case.left
    if not left.boiler_heat_gj:
        return case.unknown(left.unknown_boilers or ("boiler_gas_nm3",))
    room = left.grid_headroom_kw or 0.0
    hours = case.given("operating_hours_per_year", "operating_hours_per_year")
    share = case.published("efficiency")
    heat = min(left.boiler_heat_gj, room * hours * share / KWH_PER_GJ)
    power = heat / share * KWH_PER_GJ
    gas = left.boiler_gas_nm3 * heat / left.boiler_heat_gj if left.boiler_gas_nm3 else 0.0
    effect = case.effect(
        {
            "natural_gas": amount("natural_gas", gas, gas, gas),
            "electricity": amount("electricity", -power, -power, -power),
        },
        size={"heat_kw": _heat_kw(heat, hours)},
        life_years=int(case.published("lifetime")),
    )
    return Step(effect, _with_more_power(case, effect, power, hours, 0.0))


def _light(site: Mapping[str, Any]) -> dict[str, Any]:
    """Irradiance the site gives, by the names `pv_yield` takes it under."""
    light = lookup(site, "irradiance")
    if light is None:
        return {}
    of_kind(light, Mapping, "site.irradiance", 'Give {"ghi": […], "dhi": […], "dni": […]}.')
    for name in light:
        one_of(name, ("ghi", "dhi", "dni"), "site.irradiance")
    return dict(light)


def _place(case: Case) -> tuple[float, float]:
    """Latitude and longitude; where the site gives none, the place of the reference yield, and a gap."""
    found = []
    for name in ("latitude", "longitude"):
        value = number(case.site, name)
        if value is None:
            value = case.default(f"pv_reference_{name}_deg")
            case.record.miss(name, "光伏发电量", severity="high", workaround=f"暂按 {value:g}° 估算")
        found.append(value)
    return found[0], found[1]


def _load(case: Case) -> pd.Series:
    """The load to be met: metered, else a constant one, which is stated."""
    load = case.left.load_kw
    if load is not None:
        if load.isna().any():
            case.record.miss("load_profile", "负荷缺测时段按无自用计", severity="low")
        return load
    case.record.miss("load_profile", "光伏自用与上网电量的划分", severity="high", workaround="暂按全年平均负荷逐时比较")
    zone = str(case.site.get("timezone") or "Asia/Shanghai")
    index = pd.date_range(DEFAULT_DAY, periods=int(HOURS_PER_YEAR), freq="1h", tz=zone)
    return pd.Series(case.left.electricity_kwh / HOURS_PER_YEAR, index=index)


def _tell_model(case: Case, one: PvYield) -> None:
    if one.clear_sky_index is not None:
        case.record.miss(
            "irradiance",
            "光伏发电量与减排量",
            severity="high",
            workaround=f"暂用按纬度缩放的晴空典型年（晴空指数 {one.clear_sky_index:.3f}）",
        )


def _own_use(power: FloatArray, load: FloatArray, export_kw_max: float | None) -> tuple[FloatArray, FloatArray]:
    own = np.minimum(power, np.maximum(np.nan_to_num(load), 0.0))
    out = power - own
    return own, out if export_kw_max is None else np.minimum(out, export_kw_max)


def _heat_to_pump(case: Case, cop: float, *, from_waste: bool, hot_water: bool) -> float:
    """Heat a pump delivers: the demand, at most what its source can feed."""
    demand = case.left.heat_demand_gj
    told = number(case.site, "hot_water_demand.heat_gj_per_year" if hot_water else "steam_grade.heat_gj_per_year")
    if told is None:
        case.record.miss(
            f"{case.measure.id}.heat_gj_per_year",
            f"{case.measure.name_zh}：假定全部用热均在此温度以下",
            severity="medium",
        )
    else:
        demand = min(demand, told)
    if not from_waste or cop <= 1:
        return demand
    if not case.left.waste_heat_gj:
        case.record.miss("waste_heat_profile", f"{case.measure.name_zh}：余热已被前面的措施用尽", severity="low")
    return min(demand, case.left.waste_heat_gj / (1.0 - 1.0 / cop))


def _with_more_power(case: Case, effect: Effect, power_kwh: float, hours: float, waste_used: float) -> Baseline:
    """What is left once a measure draws more power: it takes its part of the grid connection too."""
    load, room = case.left.load_kw, case.left.grid_headroom_kw
    saved = None if load is None else -spread_evenly(load, power_kwh)
    left = case.left.after(effect, load_saved_kw=saved, waste_heat_used_gj=waste_used)
    return left if room is None else replace(left, grid_headroom_kw=max(0.0, room - power_kwh / hours))


def _heat_kw(heat_gj: float, hours: float) -> Range:
    return Range(value=heat_gj * KWH_PER_GJ / hours, unit="kW_th")
