"""Cases a comparison with a second formulation of whole sites brought up."""

import importlib

import numpy as np
import pandas as pd
import pytest

import carbonost.engines.energy as room
from carbonost.domain.tariff import DemandDiscount
from carbonost.engines.energy import Battery, Boiler, Chp, EnergyOptimizer, EvFleet, Grid, PvArray, Site, Tariff
from carbonost.errors import InfeasibleError

OPT = EnergyOptimizer()
INDEX = pd.date_range("2025-03-03", periods=24, freq="h", tz="Asia/Shanghai")
LOAD = pd.Series(np.where(INDEX.hour < 8, 40.0, 160.0), INDEX)
TARIFF = Tariff.from_prices({h: 0.3 if h < 8 else 1.0 for h in range(24)})


@pytest.mark.parametrize("weight", [1.0, 12.0, 365.0])
def test_a_cap_counts_a_day_as_often_as_it_stands_for_itself(weight):
    site = Site(assets=[Battery(300.0, 80.0), Chp(100.0, 0.38, 0.45, heat_dump=True)])
    options = {"gas_price_cny_per_kwh": 0.3, "grid_kg_per_kwh": 0.6, "gas_kg_per_kwh": 0.2, "weight": weight}
    free = OPT.dispatch(site, LOAD, TARIFF, **options)
    assert OPT.dispatch(site, LOAD, TARIFF, carbon_cap_t=free.emissions_t, **options).objective_cny == pytest.approx(
        free.objective_cny
    )
    held = OPT.dispatch(site, LOAD, TARIFF, carbon_cap_t=0.99 * free.emissions_t, **options)
    assert held.emissions_t == pytest.approx(0.99 * free.emissions_t)
    assert held.objective_cny > free.objective_cny
    assert OPT.convex_model(site, LOAD, TARIFF, carbon_cap_t=held.emissions_t, **options).solve().objective_cny == (
        pytest.approx(held.objective_cny, rel=1e-6)
    )


def test_a_minimum_time_longer_than_the_horizon_holds_to_its_end():
    site = Site(assets=[Chp(100.0, 0.38, 0.45, min_load=0.5, min_up_h=48.0, min_down_h=30.0, heat_dump=True)])
    on = OPT.dispatch(site, LOAD, TARIFF, gas_price_cny_per_kwh=0.3).to_frame().chp_on
    assert (on.diff().dropna() >= -1e-9).all()
    assert on.iloc[-1] == pytest.approx(1.0)


def test_a_limit_the_site_does_not_have_is_no_reason():
    """Capped and unlimited at the meter: what lacks is carbon, not import without emissions."""
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch(Site(), LOAD, TARIFF, grid_kg_per_kwh=0.5, carbon_cap_t=1.0)
    assert (caught.value.limit, caught.value.also) == ("carbon_cap_t", ())
    assert caught.value.by == pytest.approx(LOAD.sum() * 0.5e-3 - 1.0)


def test_import_beyond_the_limit_emits_as_import_does():
    site = Site(grid=Grid(import_kw_max=100.0))
    cap = LOAD.clip(upper=100.0).sum() * 0.5e-3
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch(site, LOAD, TARIFF, grid_kg_per_kwh=0.5, carbon_cap_t=cap)
    short = {limit: by for limit, _, by in ((caught.value.limit, None, caught.value.by), *caught.value.also)}
    assert short == pytest.approx({"grid.import_kw_max": 60.0, "carbon_cap_t": 16 * 60.0 * 0.5e-3}, abs=1e-6)
    relaxed = Site(grid=Grid(import_kw_max=160.0 + 1e-6))
    OPT.dispatch(relaxed, LOAD, TARIFF, grid_kg_per_kwh=0.5, carbon_cap_t=cap + short["carbon_cap_t"] + 1e-6)


def test_energy_burned_in_a_battery_is_no_relief():
    """A CHP that may not stop yet makes 80 kW too much; the idle battery cannot take it at both ends at once."""
    chp = Chp(120.0, 0.38, 0.45, min_load=1.0, min_up_h=9.0, on_initially=True, held_initially_h=1.0, heat_dump=True)
    store = Battery(0.0, 50.0, charge_efficiency=0.8, discharge_efficiency=0.8)
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch(Site(assets=[chp, store]), LOAD, TARIFF, gas_price_cny_per_kwh=0.3)
    assert (caught.value.limit, caught.value.at) == ("grid.export_kw_max", INDEX[0])
    assert caught.value.by == pytest.approx(80.0)
    grid = Grid(export_kw_max=80.0 + 1e-6)
    OPT.dispatch(Site(grid=grid, assets=[chp, store]), LOAD, TARIFF, gas_price_cny_per_kwh=0.3)


def test_where_buying_and_selling_cost_the_same_a_plan_does_not_do_both():
    tariff = Tariff.from_prices(0.5, export_cny_per_kwh=0.5)
    sun = PvArray(profile_kw=np.full(24, 100.0))
    site = Site(grid=Grid(import_kw_max=400.0, export_kw_max=400.0), assets=[sun, Battery(100.0, 30.0), Boiler(0.9)])
    frame = OPT.dispatch(site, LOAD, tariff, heat_kw=np.full(24, 20.0), gas_price_cny_per_kwh=0.3).to_frame()
    assert np.minimum(frame.import_kw, frame.export_kw).max() == 0.0


def test_energy_is_not_sold_and_bought_back_to_earn_the_discount_for_much_energy():
    tariff = Tariff.from_prices(
        0.5, export_cny_per_kwh=0.5, demand_cny_per_kw_month=40.0, charge="demand", transformer_kva=20.0,
        demand_discount=DemandDiscount(260.0, 0.9),
    )  # fmt: skip
    site = Site(grid=Grid(import_kw_max=400.0, export_kw_max=400.0))
    plan = OPT.dispatch(site, LOAD, tariff)
    assert plan.to_frame().export_kw.max() == 0.0
    assert plan.objective_cny == pytest.approx(tariff.bill(LOAD).total_cny)


def test_the_discount_for_much_energy_is_reached_to_the_kilowatt_hour():
    """Load and the shaving of its peak take 3,030 kWh; 20 more, lost in the battery, cost less than the discount."""
    tariff = Tariff.from_prices(
        0.5, demand_cny_per_kw_month=40.0, charge="demand", transformer_kva=3050.0 / 260.0,
        demand_discount=DemandDiscount(260.0, 0.9),
    )  # fmt: skip
    store = Battery(100.0, 100.0, charge_efficiency=0.5, discharge_efficiency=0.5, soc_initial=0.0)
    plan = OPT.dispatch(Site(assets=[store]), LOAD, tariff)
    assert plan.to_frame().import_kw.sum() == pytest.approx(3050.0, abs=1e-3)
    assert plan.ledger.demand_cny == pytest.approx(0.9 * 40.0 * plan.peak_kw)


def test_wear_by_depth_keeps_charging_and_discharging_apart_to_the_last_digit():
    price = pd.Series(np.tile([-0.4, -0.3, 0.2, 1.1], 6), INDEX)
    store = Battery(200.0, 100.0, wear_cny_per_kwh=[0.0, 0.1, 0.3], soc_final=None)
    visit = {"arrival": INDEX[2], "departure": INDEX[9], "energy_kwh": 60.0, "power_kw": 11.0}
    frame = OPT.dispatch(Site(assets=[store, EvFleet([visit])]), LOAD, Tariff.from_prices(price)).to_frame()
    assert np.minimum(frame.charge_kw, frame.discharge_kw).max() == 0.0


def test_the_room_gives_its_bill_and_not_the_module_that_holds_it():
    importlib.import_module("carbonost.engines.energy.optimizer")
    assert callable(room.bill)
    assert room.bill(TARIFF, LOAD).total_cny == pytest.approx(TARIFF.bill(LOAD).total_cny)


def test_decisions_that_resist_a_proof_end_with_a_plan_and_its_gap(monkeypatch):
    monkeypatch.setattr("carbonost.engines.energy.solve.NODES", 20)
    index = pd.date_range("2025-05-01", periods=96, freq="15min", tz="Asia/Shanghai")
    load = pd.Series(150.0 + 100.0 * np.sin(np.arange(96) / 15.0), index)
    plan = OPT.dispatch(Site(assets=[Battery(1000.0, 250.0)]), load, Tariff.from_prices(-0.2))
    frame = plan.to_frame()
    assert plan.status == "feasible"
    assert plan.diagnostics["bound_cny"] < plan.objective_cny
    assert 0 < plan.diagnostics["gap"] < 0.01
    assert np.minimum(frame.charge_kw, frame.discharge_kw).max() == 0.0
