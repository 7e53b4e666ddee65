"""Generators, heat and loads with a choice: their columns and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.domain.asset import (
    Asset,
    Battery,
    Boiler,
    Chp,
    CurtailableLoad,
    EvFleet,
    FlexibleLoad,
    HeatPump,
    PvArray,
    WasteHeat,
)
from carbonost.engines.energy.assembly import Assembly, Flow
from carbonost.engines.energy.battery import OPEN_SIZE, add_battery
from carbonost.engines.energy.chp import add_chp
from carbonost.engines.energy.flexible import add_ev, add_flexible
from carbonost.engines.energy.load import given_kw
from carbonost.engines.energy.terms import Term, fuel_term
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.series import FloatArray, IntArray


def add_asset(assembly: Assembly, name: str, asset: Asset) -> None:
    """Append one asset's block."""
    match asset:
        case Battery():
            add_battery(assembly, name, asset)
        case PvArray():
            add_generator(assembly, name, asset)
        case Chp():
            add_chp(assembly, name, asset)
        case Boiler():
            add_boiler(assembly, name, asset)
        case HeatPump():
            add_heat_pump(assembly, name, asset)
        case WasteHeat():
            add_waste_heat(assembly, name, asset)
        case EvFleet():
            add_ev(assembly, name, asset)
        case FlexibleLoad():
            add_flexible(assembly, name, asset)
        case CurtailableLoad():
            add_shed(assembly, name, asset)
        case _:
            raise InputError("is not an asset", field="site.assets", value=type(asset).__name__)


def open_heat(assembly: Assembly, demand_kw: Mapping[str, FloatArray]) -> None:
    """A balance for each grade of heat that is asked for: what is made is what is used."""
    for grade, kw in sorted(demand_kw.items()):
        rows = assembly.model.rows(assembly.steps, kw, kw)
        assembly.heat[grade] = rows
        assembly.relieve(f"heat_kw[{grade}]" if grade != "heat" else "heat_kw", rows, 1.0)
        assembly.relieve(f"heat surplus[{grade}]", rows, -1.0)


def heat_rows(assembly: Assembly, name: str, grade: str) -> IntArray:
    """The balance an asset's heat goes to."""
    if grade not in assembly.heat:
        known = sorted(assembly.heat)
        raise InputError(
            "makes heat that nobody asks for",
            field=f"{name}.grade",
            value=grade,
            remedy=f"Pass heat_kw=… with that grade; grades asked for: {known}.",
        )
    return assembly.heat[grade]


def add_generator(assembly: Assembly, name: str, pv: PvArray) -> None:
    """Power that is free; what is not used is curtailed."""
    model, n = assembly.model, assembly.steps
    if pv.profile_kw is None and pv.capacity_kw is None:
        shape = assembly.profile(pv.profile, f"{name}.profile")
        size = assembly.chosen(name, pv, "kw", "power_kw")
        used, spilled = model.columns(n), model.columns(n)
        model.rows(n, 0.0, 0.0, (used, 1.0), (spilled, 1.0), (size, -shape))
        largest = pv.capacity_kw_max or OPEN_SIZE * (float(assembly.load.kw.max()) + 1.0)
        assembly.give_kw += largest * float(shape.max())
    else:
        available = given_kw(assembly.load, name, pv)
        used, spilled = model.columns(n, 0.0, available), model.columns(n)
        model.rows(n, available, available, (used, 1.0), (spilled, 1.0))
        assembly.give_kw += float(available.max())
    model.add(assembly.balance, used, 1.0)
    assembly.tie(spilled, 0.01)
    assembly.flows += [Flow("pv_kw" if not name.startswith("wind") else "wind_kw", used), Flow("curtailed_kw", spilled)]


def add_shed(assembly: Assembly, name: str, load: CurtailableLoad) -> None:
    """Load that may go unserved at a price."""
    n, hours = assembly.steps, assembly.at.hours
    shed = assembly.model.columns(n, 0.0, np.minimum(load.power_kw, assembly.load.kw))
    assembly.model.add(assembly.balance, shed, 1.0)
    assembly.terms.append(Term("shed", shed, assembly.at.month, np.full(n, load.cost_cny_per_kwh * hours)))
    assembly.flows.append(Flow(f"{name}_kw", shed))


def burn(assembly: Assembly, name: str, columns: IntArray, gas_per_unit: float) -> None:
    """Book the gas [kWh] that a unit of each column burns."""
    price = assembly.economics.gas_price_cny_per_kwh
    if price is None:
        raise InputError(f"{name} burns gas", field="gas_price_cny_per_kwh", remedy="Give gas_price_cny_per_kwh=….")
    assembly.terms.append(fuel_term(columns, assembly.at, price, assembly.economics.gas_t_per_kwh, gas_per_unit))
    assembly.flows.append(Flow("gas_kw", columns, gas_per_unit))


def add_boiler(assembly: Assembly, name: str, boiler: Boiler) -> None:
    """Heat from gas or electricity."""
    rows = heat_rows(assembly, name, boiler.grade)
    most = np.inf if boiler.heat_kw is None else float(boiler.heat_kw)
    heat = assembly.model.columns(assembly.steps, 0.0, most)
    assembly.model.add(rows, heat, 1.0)
    if boiler.fuel == "electricity":
        assembly.model.add(assembly.balance, heat, -1.0 / boiler.efficiency)
        assembly.draw_kw += _most(assembly, boiler.grade, boiler.heat_kw) / boiler.efficiency
    else:
        burn(assembly, name, heat, 1.0 / boiler.efficiency)
    assembly.flows += [Flow("boiler_heat_kw", heat), Flow(f"{name}.heat_kw", heat)]


def add_heat_pump(assembly: Assembly, name: str, pump: HeatPump) -> None:
    """Heat lifted by electricity."""
    rows = heat_rows(assembly, name, pump.grade)
    performance = pump.performance
    cop = assembly.profile(performance, f"{name}.cop")
    if pump.heat_kw is None:
        size = assembly.chosen(name, pump, "kw", "power_kw")
        heat = assembly.model.columns(assembly.steps)
        assembly.capped(heat, size)
    else:
        heat = assembly.model.columns(assembly.steps, 0.0, float(pump.heat_kw))
    assembly.model.add(rows, heat, 1.0)
    assembly.model.add(assembly.balance, heat, -1.0 / cop)
    assembly.draw_kw += _most(assembly, pump.grade, pump.heat_kw) / float(cop.min())
    assembly.flows += [Flow("heat_pump_heat_kw", heat), Flow("heat_pump_kw", heat, 1.0 / cop)]


def add_waste_heat(assembly: Assembly, name: str, waste: WasteHeat) -> None:
    """Heat that is there; what is not used is let go."""
    rows = heat_rows(assembly, name, waste.grade)
    used = assembly.model.columns(assembly.steps, 0.0, assembly.profile(waste.profile_kw, f"{name}.profile_kw"))
    assembly.model.add(rows, used, 1.0)
    assembly.flows.append(Flow("waste_heat_kw", used))


def _most(assembly: Assembly, grade: str, heat_kw: float | None) -> float:
    return float(heat_kw) if heat_kw is not None else float(assembly.heat_kw[grade].max())
