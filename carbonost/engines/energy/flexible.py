"""Loads whose time is free: vehicles and daily runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carbonost.engines.energy.assembly import Assembly, Flow
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.asset import EvFleet, FlexibleLoad
    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.engines.energy.load import Horizon


def presence(at: Horizon, arrival: Any, departure: Any) -> tuple[int, FloatArray]:
    """First interval of a visit, and the share of each interval the vehicle is there."""
    step = round(at.hours * 3.6e12)
    starts = at.starts.as_unit("ns").asi8
    comes = pd.Timestamp(arrival).as_unit("ns").value
    leaves = pd.Timestamp(departure).as_unit("ns").value
    share = np.clip((np.minimum(starts + step, leaves) - np.maximum(starts, comes)) / step, 0.0, 1.0)
    there = np.flatnonzero(share)
    if there.size == 0:
        return 0, np.zeros(0)
    return int(there[0]), share[there[0] : there[-1] + 1]


def add_ev(assembly: Assembly, name: str, fleet: EvFleet) -> None:
    """Each visit receives its energy between arrival and departure."""
    model, n, hours = assembly.model, assembly.steps, assembly.at.hours
    total = model.columns(n)
    rows = model.rows(n, 0.0, 0.0, (total, -1.0))
    model.add(assembly.balance, total, -1.0)
    for number, visit in enumerate(fleet.visits):
        first, share = presence(assembly.at, visit["arrival"], visit["departure"])
        if share.size == 0:
            raise InputError(
                "lies outside the load's horizon",
                field=f"{name}.visits",
                value=str(visit["arrival"]),
                row=number,
                remedy="Give visits inside the horizon.",
            )
        power = model.columns(
            share.size, 0.0, share * float(visit["power_kw"]), step=np.arange(first, first + share.size, dtype=np.int32)
        )
        model.add(rows[first : first + share.size], power, 1.0)
        need = float(visit["energy_kwh"])
        met = model.rows(1, need, need)
        model.add(met, power, hours)
        slack = f"{name}.visits[{number}].energy_kwh"
        assembly.relieve(slack, met, 1.0, weight=1e2, at=visit["arrival"])
        assembly.draw_kw += float(visit["power_kw"])
        assembly.tie(power, 0.1)
    assembly.flows += [Flow("ev_kw", total), Flow(f"{name}.ev_kw", total)]


def runs(at: Horizon, load: FlexibleLoad, zone: str) -> list[tuple[IntArray, int]]:
    """For each local day the intervals a run may use, and how many it needs."""
    local = at.starts.tz_convert(zone)
    clock = local.hour.to_numpy() + local.minute.to_numpy() / 60.0
    day = local.normalize()
    allowed = (clock >= load.earliest - 1e-9) & (clock + at.hours <= load.latest + 1e-9)
    need = int(np.ceil(load.hours / at.hours - 1e-9))
    number = np.concatenate([[0], np.cumsum(np.asarray(day[1:] != day[:-1]))])
    out = []
    for d in range(int(number[-1]) + 1):
        steps = np.flatnonzero((number == d) & allowed).astype(np.int32)
        if steps.size < need:
            raise InputError(
                f"a run of {load.hours:g} h does not fit",
                field=f"{load.name}.hours",
                value=str(local[int(np.argmax(number == d))].date()),
                remedy="Widen earliest and latest, or give whole days.",
            )
        out.append((steps, need))
    return out


def add_flexible(assembly: Assembly, name: str, load: FlexibleLoad) -> None:
    """A run each day: in one piece by a choice of its start, or spread."""
    model, n = assembly.model, assembly.steps
    total = model.columns(n)
    rows = model.rows(n, 0.0, 0.0, (total, -1.0))
    model.add(assembly.balance, total, -1.0)
    for steps, need in runs(assembly.at, load, assembly.zone):
        if not load.contiguous:
            power = model.columns(steps.size, 0.0, load.power_kw, step=steps)
            model.add(rows[steps], power, 1.0)
            done = model.rows(1, need * load.power_kw, need * load.power_kw)
            model.add(done, power, 1.0)
            assembly.tie(power, 0.1)
            continue
        starts = steps[: steps.size - need + 1]
        begin = model.columns(starts.size, 0.0, 1.0, integer=True, step=starts)
        once = model.rows(1, 1.0, 1.0)
        model.add(once, begin, 1.0)
        for k in range(need):
            model.add(rows[starts + k], begin, load.power_kw)
        assembly.tie(begin, load.power_kw)
    assembly.draw_kw += load.power_kw
    assembly.flows += [Flow("flexible_kw", total), Flow(f"{name}.flexible_kw", total)]
