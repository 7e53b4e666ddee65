"""Combined heat and power: fuel, heat, and on/off decisions where they matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carbonost.engines.energy.assembly import Assembly, Flow
from carbonost.engines.energy.model import INF
from carbonost.engines.energy.terms import Term, fuel_term
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.asset import Chp
    from carbonost.domain.series import FloatArray, IntArray


def add_chp(assembly: Assembly, name: str, chp: Chp) -> None:
    """Power in proportion to fuel and heat; the first interval follows `on_initially`."""
    model, n, hours = assembly.model, assembly.steps, assembly.at.hours
    price = assembly.economics.gas_price_cny_per_kwh
    if price is None:
        raise InputError(f"{name} burns gas", field="gas_price_cny_per_kwh", remedy="Give gas_price_cny_per_kwh=….")
    power = model.columns(n, 0.0, float(chp.power_kw))
    model.add(assembly.balance, power, 1.0)
    assembly.give_kw += chp.power_kw
    gas = 1.0 / chp.electric_efficiency
    assembly.terms.append(fuel_term(power, assembly.at, price, assembly.economics.gas_t_per_kwh, gas))
    ratio = chp.heat_efficiency / chp.electric_efficiency
    assembly.flows += [Flow("chp_kw", power), Flow("chp_heat_kw", power, ratio)]
    assembly.flows += [Flow("gas_kw", power, gas), Flow(f"{name}.chp_kw", power)]
    _heat(assembly, name, chp, power, ratio)
    if chp.switched:
        _switch(assembly, name, chp, power)
    if chp.ramp_kw_per_h is not None:
        step = max(chp.ramp_kw_per_h * hours, chp.min_load * chp.power_kw)
        model.rows(n - 1, -step, step, (power[1:], 1.0), (power[:-1], -1.0))
        if chp.power_initially_kw is not None:
            before = chp.power_initially_kw
            model.rows(1, before - step, before + step, (power[:1], 1.0))


def _heat(assembly: Assembly, name: str, chp: Chp, power: IntArray, ratio: float) -> None:
    if chp.grade in assembly.heat:
        assembly.model.add(assembly.heat[chp.grade], power, ratio)
        if chp.heat_dump:
            dumped = assembly.model.columns(assembly.steps)
            assembly.model.add(assembly.heat[chp.grade], dumped, -1.0)
            assembly.model.rows(assembly.steps, -INF, 0.0, (dumped, 1.0), (power, -ratio))
            assembly.flows.append(Flow("dumped_heat_kw", dumped))
    elif not chp.heat_dump:
        raise InputError(
            "its heat has no use",
            field=f"{name}.heat_dump",
            remedy="Pass heat_kw=…, or heat_dump=True to let the heat go.",
        )


def _switch(assembly: Assembly, name: str, chp: Chp, power: IntArray) -> None:
    """On, start and stop; on for at least `min_up_h`, off for at least `min_down_h`."""
    model, n, hours = assembly.model, assembly.steps, assembly.at.hours
    held = _held(assembly, chp)
    on = model.columns(n, held if chp.on_initially else 0.0, 1.0 if chp.on_initially else 1.0 - held, integer=True)
    start, stop = model.columns(n, 0.0, 1.0), model.columns(n, 0.0, 1.0)
    model.rows(n, -INF, 0.0, (power, 1.0), (on, -chp.power_kw))
    model.rows(n, 0.0, INF, (power, 1.0), (on, -chp.min_load * chp.power_kw))
    before = np.zeros(n)
    before[0] = float(chp.on_initially)
    change = model.rows(n, before, before, (on, 1.0), (start, -1.0), (stop, 1.0))
    model.add(change[1:], on[:-1], -1.0)
    for event, lasting, sign, limit in ((start, chp.min_up_h, -1.0, 0.0), (stop, chp.min_down_h, 1.0, 1.0)):
        steps = int(np.ceil(lasting / hours - 1e-9))
        rows = model.rows(n, -INF, limit, (on, sign))
        for back in range(min(max(1, steps), n)):
            model.add(rows[back:], event[: n - back], 1.0)
    cost = np.full(n, chp.start_cost_cny)
    assembly.terms.append(Term("start", start, assembly.at.month, cost))
    assembly.flows += [Flow("chp_on", on), Flow(f"{name}.chp_on", on)]


def _held(assembly: Assembly, chp: Chp) -> FloatArray:
    """1 in the first intervals, as long as the state before them has to last."""
    least = chp.min_up_h if chp.on_initially else chp.min_down_h
    left = 0.0 if chp.held_initially_h is None else least - chp.held_initially_h
    return np.asarray(np.arange(assembly.steps) * assembly.at.hours < left - 1e-9, dtype=np.float64)
