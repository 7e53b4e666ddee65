"""The battery's columns and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.engines.energy.assembly import Assembly, Flow, Pair
from carbonost.engines.energy.model import INF
from carbonost.engines.energy.terms import wear_terms

if TYPE_CHECKING:
    from carbonost.domain.asset import Battery
    from carbonost.domain.series import FloatArray, IntArray


OPEN_SIZE: Final = 10.0
"""An open capacity without a bound is at most this many times the highest load, where a decision needs a bound."""


def add_battery(assembly: Assembly, name: str, battery: Battery) -> None:
    """Charge, discharge and stored energy; depth slices share the power limits.

    Stored energy follows ``e[t] = e[t-1] + eta_c * c[t] * h - d[t] * h / eta_d``.
    """
    model, n = assembly.model, assembly.steps
    energy: float | IntArray
    power: float | IntArray
    energy = (
        assembly.chosen(name, battery, "kwh", "capacity_kwh")
        if battery.capacity_kwh is None
        else float(battery.capacity_kwh)
    )
    power = assembly.chosen(name, battery, "kw", "power_kw") if battery.power_kw is None else float(battery.power_kw)
    most = power if isinstance(power, float) else INF
    slices = battery.wear_steps
    charges, discharges, stores = [], [], []
    for depth, wear in enumerate(slices):
        charge, discharge = model.columns(n, 0.0, most), model.columns(n, 0.0, most)
        store = _store(assembly, battery, energy, charge, discharge, depth)
        charges.append(charge)
        discharges.append(discharge)
        stores.append(store)
        assembly.tie(charge)
        model.add(assembly.balance, charge, -1.0)
        model.add(assembly.balance, discharge, 1.0)
        assembly.terms += wear_terms(wear, discharge, assembly.at)
    charge, discharge = _together(assembly, charges), _together(assembly, discharges)
    assembly.flows += [Flow("charge_kw", charge), Flow("discharge_kw", discharge)]
    assembly.flows += [Flow(f"{name}.charge_kw", charge), Flow(f"{name}.discharge_kw", discharge)]
    if len(slices) > 1 or not isinstance(power, float):
        for flow in (charge, discharge):
            _limit(assembly, flow, power)
    stored = _window(assembly, battery, energy, stores)
    _final(assembly, name, battery, energy, stored)
    assembly.stores.append((name, stored, energy))
    if battery.exclusive:
        bound = _bound(battery.power_kw, battery.capacity_kw_max, assembly)
        assembly.pairs.append(Pair(charge, discharge, bound, bound, taken=True))
    strength = float(_bound(battery.power_kw, battery.capacity_kw_max, assembly)[0])
    assembly.draw_kw += strength
    assembly.give_kw += strength


def _bound(power_kw: float | None, kw_max: float | None, assembly: Assembly) -> FloatArray:
    known = power_kw if power_kw is not None else kw_max
    return np.full(
        assembly.steps, float(known) if known is not None else OPEN_SIZE * float(assembly.load.kw.max() + 1.0)
    )


def _store(
    assembly: Assembly,
    battery: Battery,
    energy: float | IntArray,
    charge: IntArray,
    discharge: IntArray,
    depth: int,
) -> IntArray:
    """Stored energy of one slice of depth at the end of each interval."""
    model, n, hours, count = assembly.model, assembly.steps, assembly.at.hours, len(battery.wear_steps)
    low, high = (battery.soc_min, battery.soc_max) if count == 1 else (0.0, 1.0 / count)
    filled = battery.soc_initial
    if count > 1:
        filled = float(np.clip(battery.soc_initial - (1.0 - (depth + 1) / count), 0.0, 1.0 / count))
    if isinstance(energy, float):
        store = model.columns(n, low * energy, high * energy)
    else:
        store = model.columns(n)
        assembly.capped(store, energy, high)
        if low:
            model.rows(n, 0.0, INF, (store, 1.0), (energy, -low))
    first = np.zeros(n)
    first[0] = filled * energy if isinstance(energy, float) else 0.0
    rows = model.rows(
        n,
        first,
        first,
        (store, 1.0),
        (charge, -battery.charge_efficiency * hours),
        (discharge, hours / battery.discharge_efficiency),
    )
    model.add(rows[1:], store[:-1], -1.0)
    if not isinstance(energy, float):
        model.add(rows[:1], energy, -filled)
    return store


def _together(assembly: Assembly, parts: list[IntArray]) -> IntArray:
    """One column per interval for the sum of slices."""
    if len(parts) == 1:
        return parts[0]
    whole = assembly.model.columns(assembly.steps)
    assembly.model.rows(assembly.steps, 0.0, 0.0, (whole, -1.0), *((part, 1.0) for part in parts))
    return whole


def _limit(assembly: Assembly, columns: IntArray, capacity: float | IntArray) -> None:
    if isinstance(capacity, float):
        assembly.model.rows(columns.size, -INF, capacity, (columns, 1.0))
    else:
        assembly.capped(columns, capacity)


def _window(assembly: Assembly, battery: Battery, energy: float | IntArray, stores: list[IntArray]) -> IntArray:
    stored = _together(assembly, stores)
    if len(stores) > 1:
        for share, sign in ((battery.soc_min, 1.0), (battery.soc_max, -1.0)):
            if isinstance(energy, float):
                assembly.model.rows(stored.size, sign * share * energy, INF, (stored, sign))
            else:
                assembly.model.rows(stored.size, 0.0, INF, (stored, sign), (energy, -sign * share))
    return stored


def _final(assembly: Assembly, name: str, battery: Battery, energy: float | IntArray, stored: IntArray) -> None:
    share = battery.final_share
    if share is None:
        return
    if isinstance(energy, float):
        row = assembly.model.rows(1, share * energy, share * energy, (stored[-1:], 1.0))
        scale = energy
    else:
        row = assembly.model.rows(1, 0.0, 0.0, (stored[-1:], 1.0), (energy, -share))
        scale = 1.0
    last = assembly.at.starts[-1]
    for sign in (1.0, -1.0):
        assembly.relieve(f"{name}.soc_final", row, sign, weight=1e3, scale=1.0 / max(scale, 1e-9), at=last)
