"""Decisions over a long horizon are taken window by window, within limits and beside a bound (S31)."""

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.energy import (
    Battery,
    Boiler,
    Chp,
    EnergyOptimizer,
    FlexibleLoad,
    Grid,
    PvArray,
    Site,
    Tariff,
    solve,
    windows,
)
from carbonost.errors import InfeasibleError, SolverTimeoutError

OPT = EnergyOptimizer()
TARIFF = Tariff.from_prices(
    {h: 0.3 if h < 8 else 1.1 if 14 <= h < 22 else 0.64 for h in range(24)}, demand_cny_per_kw_month=40.0
)
CHP = Chp(120.0, 0.38, 0.45, min_load=0.5, min_up_h=4, min_down_h=3, start_cost_cny=40.0)


def works(days, seed=1):
    """Load and heat of a works over the turn of a month, hourly."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2025-03-28", periods=24 * days, freq="h", tz="Asia/Shanghai")
    load = pd.Series(150 + 90 * np.sin((index.hour - 6) / 12 * np.pi) + rng.uniform(0, 40, index.size), index)
    heat = pd.Series(110 + 60 * np.cos(np.arange(index.size) / 50) + rng.uniform(0, 30, index.size), index)
    return load, heat


def plan(site, days=8, **options):
    load, heat = works(days)
    return OPT.dispatch(site, load, TARIFF, heat_kw=heat, gas_price_cny_per_kwh=0.3, **options)


SITES = {
    "chp": Site(assets=[Boiler(0.9), CHP]),
    "with battery": Site(assets=[Boiler(0.9), CHP, Battery(200.0, 60.0)]),
    "with runs": Site(assets=[Boiler(0.9), CHP, FlexibleLoad(30.0, 3.0)]),
    "two, selling": Site(Grid(export_kw_max=60.0), [Boiler(0.9), CHP, Chp(40.0, 0.35, 0.5, min_load=0.3, name="b")]),
}


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_a_plan_by_windows_lies_between_its_bound_and_a_little_above_the_best(site, monkeypatch):
    best = plan(site)
    monkeypatch.setattr(windows, "AT_ONCE", 0)
    monkeypatch.setattr(windows, "WINDOW", 36)
    monkeypatch.setattr(windows, "ENOUGH", 0.0)
    found = plan(site)
    bound = found.diagnostics.get("bound_cny", found.objective_cny)
    assert bound <= best.objective_cny * (1 + 1e-6) <= found.objective_cny * (1 + 2e-6)
    assert found.objective_cny <= best.objective_cny * 1.01
    if found.status == "feasible":
        assert found.diagnostics["gap"] == pytest.approx((found.objective_cny - bound) / found.objective_cny)


def test_a_month_whose_proof_is_given_up_has_a_bound_all_the_same(monkeypatch):
    monkeypatch.setattr(windows, "AT_ONCE", 0)
    monkeypatch.setattr(windows, "ENOUGH", 0.0)
    monkeypatch.setattr(windows, "MONTH_GAP", 0.0)
    monkeypatch.setattr(solve, "NODES", 3)
    bounds, bound = [], solve.Solver.bound
    monkeypatch.setattr(solve.Solver, "bound", lambda *args: bounds.append(bound(*args)) or bounds[-1])
    index = pd.date_range("2025-05-01", periods=48, freq="30min", tz="Asia/Shanghai")
    load = pd.Series(150.0 + 100.0 * np.sin(np.arange(48) / 8.0), index)
    found = OPT.dispatch(Site(assets=[Battery(1000.0, 250.0)]), load, Tariff.from_prices(-0.2))
    assert found.status == "feasible"
    assert bounds[0] == pytest.approx(found.objective_cny, rel=0.01)


def test_machines_keep_their_limits_across_windows(monkeypatch):
    monkeypatch.setattr(windows, "AT_ONCE", 0)
    monkeypatch.setattr(windows, "WINDOW", 10)
    found = plan(SITES["with battery"])
    frame = found.to_frame()
    on = frame.chp_on.round().to_numpy().astype(bool)
    changes = np.flatnonzero(np.diff(on)) + 1
    lasting = np.diff(changes)
    assert changes.size > 2
    assert lasting[on[changes[:-1]]].min() >= 4
    assert lasting[~on[changes[:-1]]].min(initial=99) >= 3
    assert frame.chp_kw[on].min() >= 60.0 - 1e-6
    assert frame.chp_kw[~on].max() <= 1e-6
    billed = TARIFF.bill(frame.import_kw)
    assert found.ledger.demand_cny == pytest.approx(billed.demand_cny)
    assert found.ledger.energy_cny == pytest.approx(billed.energy_cny)


def test_a_plan_of_few_decisions_is_proved_at_once():
    assert plan(SITES["with battery"]).status == "optimal"
    assert windows.AT_ONCE >= 31 * 24


def test_a_long_plan_is_refused_like_a_short_one(monkeypatch):
    monkeypatch.setattr(windows, "AT_ONCE", 0)
    with pytest.raises(InfeasibleError, match="heat_kw"):
        plan(Site(assets=[CHP]))
    with pytest.raises(SolverTimeoutError, match="time_limit_s"):
        plan(SITES["with battery"], time_limit_s=0.01)


def test_one_time_limit_covers_every_solve_of_a_call():
    sun = pd.Series(1.0, works(20)[0].index)
    site = Site(
        assets=[
            Battery(None, None, capex_cny_per_kwh=800.0, life_years=12.0),
            PvArray(capacity_kw=None, profile=sun, capex_cny_per_kw=3000.0, life_years=20.0, capacity_kw_max=90.0),
        ]
    )
    with pytest.raises(SolverTimeoutError):
        OPT.size(site, works(20)[0], TARIFF, time_limit_s=0.005)
