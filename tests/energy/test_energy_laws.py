"""What holds for every site: the ledger is the objective is the bill, and no plan makes energy or loses money."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.domain.tariff import DemandDiscount
from carbonost.engines.energy import Battery, EnergyOptimizer, Grid, PvArray, Site, Tariff
from carbonost.engines.energy.blocks import StorageModel
from carbonost.engines.energy.dispatch import read_schedule, solve_problem
from carbonost.engines.energy.problem import read_problem
from carbonost.engines.energy.reduced import as_storage

OPT = EnergyOptimizer()
lawful = settings(max_examples=25, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def drawn(seed, freq="15min", days=3):
    rng = np.random.default_rng(seed)
    n = days * (96 if freq == "15min" else 24)
    index = pd.date_range("2025-03-30 06:00", periods=n, freq=freq, tz="Asia/Shanghai")
    shape = 150 + 100 * np.sin(np.arange(n) / n * 2 * np.pi * days) + rng.normal(0, 60, n)
    load = pd.Series(np.maximum(0, shape), index)
    prices = {h: float(p) for h, p in enumerate(rng.choice([0.3, 0.6, 1.0], 24))}
    tariff = Tariff.from_prices(prices, demand_cny_per_kw_month=float(rng.choice([0.0, 36.0])))
    battery = Battery(
        float(rng.uniform(50, 600)),
        float(rng.uniform(20, 200)),
        charge_efficiency=float(rng.uniform(0.8, 1.0)),
        discharge_efficiency=float(rng.uniform(0.8, 1.0)),
        soc_min=0.1,
        wear_cny_per_kwh=float(rng.choice([0.0, 0.03])),
        soc_final=["initial", None][int(rng.integers(2))],
    )
    pv = PvArray(profile_kw=pd.Series(np.maximum(0, rng.normal(60, 120, n)), index))
    return Site(assets=[battery, pv][: int(rng.integers(1, 3))]), load, tariff


@lawful
@given(seeds)
def test_ledger_and_objective_and_bill_are_one_figure(seed):
    site, load, tariff = drawn(seed)
    schedule = OPT.dispatch(site, load, tariff, grid_kg_per_kwh=0.6, carbon_price_cny_per_t=70.0)
    ledger = schedule.ledger
    assert schedule.objective_cny == ledger.total_cny
    assert ledger.to_frame().cny.sum() == pytest.approx(ledger.total_cny)
    billed = tariff.bill(schedule.to_frame().import_kw, grid_kg_per_kwh=0.6, carbon_price_cny_per_t=70.0)
    assert billed.total_cny == pytest.approx(ledger.total_cny - ledger.wear_cny, rel=1e-12)
    assert billed.emissions_t == pytest.approx(schedule.emissions_t)


@lawful
@given(seeds)
def test_the_full_models_ledger_is_the_solvers_objective_too(seed):
    problem = read_problem(*drawn(seed, "h"))
    schedule = read_schedule(problem, solve_problem(problem))
    blocks = OPT.dispatch(*drawn(seed, "h"))
    assert blocks.objective_cny == pytest.approx(schedule.objective_cny, rel=1e-8, abs=1e-6)


@lawful
@given(seeds)
def test_blocks_cost_what_single_intervals_cost(seed):
    storage = as_storage(read_problem(*drawn(seed)))
    told_apart = replace(storage, price=storage.price * (1.0 + 1e-13 * np.arange(storage.price.size)))
    by_block, by_interval = StorageModel(storage, tied=False), StorageModel(told_apart, tied=False)
    by_block.solve()
    by_interval.solve()
    assert by_block.solution.objective == pytest.approx(by_interval.solution.objective, rel=1e-9, abs=1e-6)


@lawful
@given(seeds)
def test_a_battery_never_makes_energy_and_keeps_its_limits(seed):
    site, load, tariff = drawn(seed)
    frame, battery = OPT.dispatch(site, load, tariff).to_frame(), site.assets[0]
    stored = frame.soc * battery.capacity_kwh
    gain = battery.charge_efficiency * frame.charge_kw - frame.discharge_kw / battery.discharge_efficiency
    change = np.diff(stored, prepend=battery.soc_initial * battery.capacity_kwh)
    np.testing.assert_allclose(change, gain * 0.25, atol=1e-6)
    assert frame.soc.between(battery.soc_min - 1e-9, battery.soc_max + 1e-9).all()
    assert (frame[["charge_kw", "discharge_kw"]].max() <= battery.power_kw + 1e-6).all()
    assert (np.minimum(frame.charge_kw, frame.discharge_kw) == 0).all()
    balance = frame.import_kw + frame.discharge_kw + frame.pv_kw - frame.charge_kw - frame.load_kw
    np.testing.assert_allclose(balance, 0.0, atol=1e-6)


@lawful
@given(seeds)
def test_a_plan_never_costs_more_than_doing_nothing(seed):
    schedule = OPT.dispatch(*drawn(seed))
    assert schedule.objective_cny <= schedule.baseline_cny * (1 + 1e-9)
    assert schedule.savings_cny >= -1e-6 * schedule.baseline_cny


@lawful
@given(seeds, st.floats(0.1, 10.0))
def test_scaling_power_energy_and_load_together_scales_the_cost(seed, factor):
    site, load, tariff = drawn(seed, "h")
    battery = site.assets[0]
    bare = Site(assets=[battery])
    larger = Battery(
        battery.capacity_kwh * factor, battery.power_kw * factor, battery.charge_efficiency,
        battery.discharge_efficiency, soc_min=0.1, wear_cny_per_kwh=battery.wear_cny_per_kwh,
        soc_final=battery.soc_final,
    )  # fmt: skip
    small = OPT.dispatch(bare, load, tariff).objective_cny
    assert OPT.dispatch(Site(assets=[larger]), load * factor, tariff).objective_cny == pytest.approx(
        factor * small, rel=1e-6
    )


@lawful
@given(seeds)
def test_a_larger_battery_never_costs_more(seed):
    _site, load, tariff = drawn(seed, "h")
    small, large = (
        OPT.dispatch(Site(assets=[Battery(size, 80.0, soc_final=None)]), load, tariff).objective_cny
        for size in (100.0, 200.0)
    )
    assert large <= small * (1 + 1e-9)


def test_equal_inputs_give_equal_plans_even_where_many_plans_cost_the_same():
    index = pd.date_range("2025-03-03", periods=96, freq="15min", tz="Asia/Shanghai")
    load, tariff = pd.Series(100.0, index), Tariff.from_prices(0.5)
    site = Site(assets=[Battery(100.0, 50.0, 1.0, 1.0)])
    first, second = (OPT.dispatch(site, load, tariff).to_frame() for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert first.charge_kw.sum() == 0.0  # of equal plans, the one that moves least


def test_the_discount_for_much_energy_is_seen_by_the_plan_and_by_the_bill():
    index = pd.date_range("2025-03-03", periods=24, freq="h", tz="Asia/Shanghai")
    load = pd.Series(np.r_[np.full(12, 60.0), np.full(12, 100.0)], index)
    tariff = Tariff.from_prices(
        {h: 0.3 if h < 12 else 0.5 for h in range(24)},
        demand_cny_per_kw_month=40.0,
        transformer_kva=10.0,
        demand_discount=DemandDiscount(190.0, 0.5),
    )
    schedule = OPT.dispatch(Site(assets=[Battery(50.0, 10.0, soc_initial=1.0, soc_final=None)]), load, tariff)
    assert tariff.bill(schedule.to_frame().import_kw).total_cny == pytest.approx(schedule.objective_cny)
    assert schedule.to_frame().import_kw.sum() >= 1900.0 - 1e-6  # emptying the store would lose the discount


@pytest.mark.parametrize("export", [0.0, 100.0])
def test_a_contract_band_is_used_before_it_is_exceeded(export):
    index = pd.date_range("2025-03-03", periods=24, freq="h", tz="Asia/Shanghai")
    load = pd.Series(np.where(index.hour == 18, 160.0, 80.0), index)
    tariff = Tariff.from_prices(0.5, demand_cny_per_kw_month=40.0, contract_kw=100.0)
    schedule = OPT.dispatch(Site(grid=Grid(export_kw_max=export), assets=[Battery(100.0, 80.0)]), load, tariff)
    assert schedule.peak_kw == pytest.approx(105.0, abs=1e-4)
    assert schedule.ledger.demand_cny == pytest.approx(4000.0, abs=1e-2)
