"""Dispatch against independent formulations: cvxpy for convex sites, scipy for those with on/off decisions.

The oracles are written from the textbook, variable by variable; they share no line with the engine.
"""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from carbonost.engines.energy import Battery, EnergyOptimizer, Grid, PvArray, Site, Tariff

HOURS = 1.0
calm = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@st.composite
def sites(draw, *, export=False, price_min=0.05):
    """A random site of two local months, drawn by a seed so that examples stay small."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(6, 60))
    index = pd.date_range("2025-01-31 00:00", periods=n, freq="h", tz="Asia/Shanghai")
    load = pd.Series(np.round(rng.uniform(0, 300, n), 1), index)
    price = np.round(rng.choice([price_min, 0.4, 0.7, 1.2], 24), 3)
    battery = Battery(
        capacity_kwh=float(rng.choice([0.0, 50.0, 400.0])),
        power_kw=float(rng.choice([10.0, 60.0, 200.0])),
        charge_efficiency=float(rng.choice([0.8, 0.95, 1.0])),
        discharge_efficiency=float(rng.choice([0.85, 0.95, 1.0])),
        soc_min=float(rng.choice([0.0, 0.1])),
        soc_max=float(rng.choice([0.9, 1.0])),
        soc_final=[None, "initial", 0.3][int(rng.integers(3))],
        wear_cny_per_kwh=float(rng.choice([0.0, 0.05])),
    )
    pv = PvArray(profile_kw=pd.Series(np.round(np.maximum(0, rng.uniform(-200, 350, n)), 1), index))
    charge = [
        {},
        {"demand_cny_per_kw_month": 40.0},
        {"demand_cny_per_kw_month": 40.0, "contract_kw": float(rng.choice([25.0, 120.0]))},
    ][int(rng.integers(3))]
    tariff = Tariff.from_prices(
        dict(enumerate(price)), export_cny_per_kwh=0.3 * price_min if export else None, **charge
    )
    grid = Grid(export_kw_max=float(rng.choice([50.0, 500.0])) if export else 0.0)
    return Site(grid=grid, assets=[battery, pv]), load, tariff


def convex_cost(site, load, tariff):
    battery, pv = site.assets
    n, h = len(load), HOURS
    price = np.array([float(tariff.prices(load.index[i : i + 1], h)[0]) for i in range(n)])
    month = load.index.month.to_numpy()
    c, d, g, x, u, e = (cp.Variable(n, nonneg=True) for _ in range(6))
    limits = [
        load.to_numpy() + c + x == g + d + u,
        u <= pv.profile_kw.to_numpy(),
        c <= battery.power_kw,
        d <= battery.power_kw,
        x <= site.grid.export_kw_max,
        e >= battery.soc_min * battery.capacity_kwh,
        e <= battery.soc_max * battery.capacity_kwh,
        e[0] == battery.soc_initial * battery.capacity_kwh
        + battery.charge_efficiency * c[0] * h - d[0] * h / battery.discharge_efficiency,
    ]  # fmt: skip
    limits += [e[1:] == e[:-1] + battery.charge_efficiency * c[1:] * h - d[1:] * h / battery.discharge_efficiency]
    final = battery.soc_initial if battery.soc_final == "initial" else battery.soc_final
    if final is not None:
        limits += [e[-1] == final * battery.capacity_kwh]
    cost = h * price @ g + h * battery.wear_cny_per_kwh * cp.sum(d)
    if tariff.export is not None:
        cost -= h * float(tariff.export_prices(load.index[:1], h)[0]) * cp.sum(x)
    for m in np.unique(month):
        peak = cp.max(g[np.flatnonzero(month == m)])
        if tariff.contract_kw is not None:
            excess = cp.pos(peak - 1.05 * tariff.contract_kw)
            cost += tariff.demand_cny_per_kw_month * (tariff.contract_kw + 2.0 * excess)
        else:
            cost += tariff.demand_cny_per_kw_month * peak
    problem = cp.Problem(cp.Minimize(cost), limits)
    problem.solve(solver=cp.HIGHS)
    return float(problem.value)


@calm
@given(sites())
def test_a_site_without_export_costs_what_cvxpy_finds(case):
    schedule = EnergyOptimizer().dispatch(*case)
    assert schedule.objective_cny == pytest.approx(convex_cost(*case), rel=1e-7, abs=1e-4)


@calm
@given(sites(export=True))
def test_a_site_with_export_costs_what_cvxpy_finds(case):
    schedule = EnergyOptimizer().dispatch(*case)
    assert schedule.objective_cny == pytest.approx(convex_cost(*case), rel=1e-7, abs=1e-4)


def decided_cost(battery, load, price):
    """Least cost with a decision between charging and discharging in each interval, by scipy's MILP."""
    n = len(load)
    zero, one = np.zeros((n, n)), np.eye(n)
    keep = one - np.eye(n, k=-1)
    eta_c, eta_d, power = battery.charge_efficiency, battery.discharge_efficiency, battery.power_kw
    first = np.zeros(n)
    first[0] = battery.soc_initial * battery.capacity_kwh
    rows = [
        LinearConstraint(np.hstack([one, -one, one, zero, zero]), load, load),
        LinearConstraint(np.hstack([zero, -eta_c * one, one / eta_d, keep, zero]), first, first),
        LinearConstraint(np.hstack([zero, one, zero, zero, -power * one]), -np.inf, 0),
        LinearConstraint(np.hstack([zero, zero, one, zero, power * one]), -np.inf, power),
    ]
    top = np.concatenate([np.full(n, np.inf), np.full(2 * n, power), np.full(n, battery.capacity_kwh), np.ones(n)])
    low = np.zeros(5 * n)
    low[4 * n - 1] = top[4 * n - 1] = first[0]
    kinds = np.concatenate([np.zeros(4 * n), np.ones(n)])
    cost = np.concatenate([price, np.zeros(4 * n)])
    found = milp(cost, constraints=rows, bounds=Bounds(low, top), integrality=kinds, options={"mip_rel_gap": 1e-9})
    return float(found.fun)


@calm
@given(st.integers(0, 2**32 - 1))
def test_with_negative_prices_charging_and_discharging_never_meet_and_the_cost_is_scipys(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 13))
    index = pd.date_range("2025-05-01", periods=n, freq="h", tz="Asia/Shanghai")
    load = pd.Series(np.round(rng.uniform(50, 200, n), 1), index)
    price = np.round(rng.uniform(-1, 1, n), 2)
    battery = Battery(100.0, 40.0, charge_efficiency=0.9, discharge_efficiency=0.8)
    tariff = Tariff.from_prices(pd.Series(price, index))
    schedule = EnergyOptimizer().dispatch(Site(assets=[battery]), load, tariff)
    frame = schedule.to_frame()
    assert (np.minimum(frame.charge_kw, frame.discharge_kw) == 0).all()
    assert schedule.objective_cny == pytest.approx(decided_cost(battery, load.to_numpy(), price), rel=1e-6, abs=1e-4)


def test_without_exclusion_a_battery_may_burn_energy_it_is_paid_to_take():
    index = pd.date_range("2025-05-01", periods=4, freq="h", tz="Asia/Shanghai")
    load, tariff = pd.Series(100.0, index), Tariff.from_prices(pd.Series(-1.0, index))
    costs = {
        exclusive: EnergyOptimizer()
        .dispatch(Site(assets=[Battery(50.0, 50.0, exclusive=exclusive)]), load, tariff)
        .objective_cny
        for exclusive in (True, False)
    }
    assert costs[False] < costs[True]
