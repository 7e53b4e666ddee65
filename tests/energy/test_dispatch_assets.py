"""Each asset's block, on days small enough to be worked by hand."""

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.energy import (
    Battery,
    Boiler,
    Chp,
    CurtailableLoad,
    EnergyOptimizer,
    EvFleet,
    FlexibleLoad,
    Grid,
    HeatPump,
    PvArray,
    Site,
    Tariff,
    WasteHeat,
    WindTurbine,
)
from carbonost.errors import InputError

INDEX = pd.date_range("2025-03-03", periods=24, freq="h", tz="Asia/Shanghai")
LOAD = pd.Series(100.0, INDEX)
FLAT = Tariff.from_prices(0.6)
NIGHT = Tariff.from_prices({h: 0.3 if h < 8 else 0.9 for h in range(24)})
OPT = EnergyOptimizer()


def test_generation_is_used_first_and_the_rest_is_curtailed():
    made = pd.Series(np.where((INDEX.hour >= 10) & (INDEX.hour < 14), 150.0, 0.0), INDEX)
    schedule = OPT.dispatch(Site(assets=[PvArray(profile_kw=made)]), LOAD, FLAT)
    assert schedule.curtailed_kwh == pytest.approx(4 * 50.0)
    assert schedule.objective_cny == pytest.approx(20 * 100 * 0.6)
    sold = OPT.dispatch(
        Site(grid=Grid(export_kw_max=30.0), assets=[PvArray(profile_kw=made)]),
        LOAD,
        Tariff.from_prices(0.6, export_cny_per_kwh=0.4),
    )
    assert sold.ledger.export_cny == pytest.approx(-4 * 30 * 0.4)
    assert sold.curtailed_kwh == pytest.approx(4 * 20.0)


def test_a_battery_takes_the_surplus_and_gives_it_back_in_the_evening():
    made = pd.Series(np.where((INDEX.hour >= 10) & (INDEX.hour < 14), 150.0, 0.0), INDEX)
    store = Battery(200.0, 100.0, charge_efficiency=1.0, discharge_efficiency=1.0, soc_initial=0.0, soc_final=None)
    site = Site(assets=[store, PvArray(profile_kw=made), WindTurbine(profile_kw=np.zeros(24))])
    schedule = OPT.dispatch(site, LOAD, FLAT)
    assert schedule.curtailed_kwh == pytest.approx(0.0)
    assert schedule.objective_cny == pytest.approx((2400 - 600) * 0.6)
    frame = schedule.to_frame()
    assert frame.soc.max() == pytest.approx(1.0)
    assert (frame.import_kw + frame.discharge_kw + frame.pv_kw - frame.charge_kw).to_numpy() == pytest.approx(100.0)


def test_deep_cycles_are_left_alone_where_their_wear_costs_more_than_they_earn():
    store = Battery(
        100.0, 100.0, charge_efficiency=1.0, discharge_efficiency=1.0, soc_initial=0.0, wear_cny_per_kwh=(0.1, 0.7)
    )
    schedule = OPT.dispatch(Site(assets=[store]), LOAD, NIGHT)
    assert schedule.to_frame().soc.max() == pytest.approx(0.5)
    assert schedule.ledger.wear_cny == pytest.approx(50 * 0.1)
    one_price = OPT.dispatch(
        Site(assets=[Battery(100.0, 100.0, 1.0, 1.0, soc_initial=0.0, wear_cny_per_kwh=0.1)]), LOAD, NIGHT
    )
    assert one_price.to_frame().soc.max() == pytest.approx(1.0)
    assert one_price.ledger.wear_cny == pytest.approx(100 * 0.1)


def test_chp_runs_while_its_power_and_heat_are_worth_more_than_its_gas():
    # 1 kWh of gas gives 0.4 kWh of power and 0.4 kWh of heat, which spares 0.4 / 0.8 kWh in the boiler
    site = Site(assets=[Chp(40.0, 0.4, 0.4), Boiler(0.8)])
    for price, runs in ((0.5, True), (0.1, False)):
        schedule = OPT.dispatch(
            site, LOAD, Tariff.from_prices(price), heat_kw=np.full(24, 80.0), gas_price_cny_per_kwh=0.25
        )
        worth = 0.4 * price + 0.5 * 0.25 - 0.25
        assert (worth > 0) == runs
        assert (schedule.to_frame().chp_kw > 0).all() == runs
    assert schedule.baseline_cny == pytest.approx(2400 * 0.1 + 24 * 80 / 0.8 * 0.25)


def test_a_start_is_paid_once_and_minimum_load_holds_while_the_machine_is_on():
    dear = Tariff.from_prices({h: 1.0 if h in (9, 10, 14) else 0.2 for h in range(24)})
    chp = Chp(50.0, 0.4, 0.4, min_load=0.5, min_up_h=3, min_down_h=2, start_cost_cny=5.0, heat_dump=True)
    schedule = OPT.dispatch(Site(assets=[chp]), LOAD, dear, gas_price_cny_per_kwh=0.2)
    frame = schedule.to_frame()
    on = frame.chp_on.round().to_numpy()
    assert schedule.ledger.start_cny == pytest.approx(5.0 * (np.diff(on, prepend=0) > 0).sum())
    assert (frame.chp_kw[on == 1] >= 25.0 - 1e-6).all()
    assert (frame.chp_kw[on == 0] == 0).all()
    lengths = np.diff(np.flatnonzero(np.diff(on, prepend=0, append=0)))[::2]
    assert (lengths >= 3).all()
    assert frame.chp_kw.to_numpy()[9:11] == pytest.approx(50.0)


def test_a_ramp_bounds_the_change_of_power():
    chp = Chp(60.0, 0.4, 0.4, ramp_kw_per_h=10.0, heat_dump=True)
    power = OPT.dispatch(Site(assets=[chp]), LOAD, NIGHT, gas_price_cny_per_kwh=0.3).to_frame().chp_kw
    assert power.diff().abs().max() <= 10.0 + 1e-6
    assert power.max() == pytest.approx(60.0)


def test_a_heat_pump_serves_the_grade_it_reaches_and_the_boiler_the_other():
    site = Site(
        assets=[
            HeatPump(50.0, cop=4.0, grade="hot_water"),
            WasteHeat(np.full(24, 10.0), grade="hot_water"),
            Boiler(0.9, grade="steam"),
        ]
    )
    heat = {"hot_water": np.full(24, 40.0), "steam": np.full(24, 90.0)}
    schedule = OPT.dispatch(site, LOAD, FLAT, heat_kw=heat, gas_price_cny_per_kwh=0.35, gas_kg_per_kwh=0.2)
    frame = schedule.to_frame()
    assert frame.heat_pump_heat_kw.to_numpy() == pytest.approx(30.0)
    assert frame.heat_pump_kw.to_numpy() == pytest.approx(7.5)
    assert frame.waste_heat_kw.to_numpy() == pytest.approx(10.0)
    assert schedule.ledger.fuel_cny == pytest.approx(24 * 100 * 0.35)
    assert schedule.emissions_t == pytest.approx(24 * 100 * 0.2 / 1000)
    assert np.isnan(schedule.baseline_cny)


def test_a_heat_pumps_performance_follows_its_lift():
    pump = HeatPump(50.0, source_c=20.0, sink_c=70.0, carnot_share=0.5)
    assert pump.performance == pytest.approx(0.5 * 343.15 / 50.0)
    with pytest.raises(InputError, match="nobody asks"):
        OPT.dispatch(Site(assets=[pump]), LOAD, FLAT)


def test_an_electric_boiler_draws_from_the_meter():
    site = Site(assets=[Boiler(0.8, fuel="electricity")])
    schedule = OPT.dispatch(site, LOAD, FLAT, heat_kw=np.full(24, 40.0))
    assert schedule.to_frame().import_kw.to_numpy() == pytest.approx(150.0)
    assert schedule.objective_cny == pytest.approx(schedule.baseline_cny)


def test_vehicles_charge_in_the_cheap_hours_of_their_stay():
    visit = {"arrival": INDEX[5], "departure": INDEX[12], "energy_kwh": 25.0, "power_kw": 10.0}
    schedule = OPT.dispatch(Site(assets=[EvFleet([visit])]), LOAD, NIGHT)
    charged = schedule.to_frame().ev_kw
    assert charged.sum() == pytest.approx(25.0)
    assert charged.iloc[5:8].sum() == pytest.approx(25.0)
    late = {"arrival": INDEX[7], "departure": INDEX[12], "energy_kwh": 25.0, "power_kw": 10.0}
    half = {"arrival": INDEX[20] + pd.Timedelta("30min"), "departure": INDEX[22], "energy_kwh": 5.0, "power_kw": 10.0}
    schedule = OPT.dispatch(Site(assets=[EvFleet([late, half])]), LOAD, NIGHT)
    assert schedule.to_frame().ev_kw.iloc[20] <= 5.0 + 1e-9
    assert schedule.baseline_cny == pytest.approx(schedule.objective_cny)


def test_a_run_in_one_piece_and_a_run_that_may_be_split():
    odd = Tariff.from_prices({h: 0.1 if h in (3, 9, 20) else 0.5 for h in range(24)})
    whole = OPT.dispatch(Site(assets=[FlexibleLoad(50.0, 2.0)]), LOAD, odd).to_frame().flexible_kw
    assert whole.sum() == pytest.approx(100.0)
    assert np.diff(np.flatnonzero(whole)).tolist() == [1]
    split = OPT.dispatch(Site(assets=[FlexibleLoad(50.0, 2.0, contiguous=False)]), LOAD, odd).to_frame().flexible_kw
    assert set(np.flatnonzero(split > 1e-9)) <= {3, 9, 20}
    late = OPT.dispatch(Site(assets=[FlexibleLoad(50.0, 2.0, earliest=12, latest=18)]), LOAD, odd).to_frame()
    assert set(np.flatnonzero(late.flexible_kw)) <= set(range(12, 18))
    with pytest.raises(InputError, match="fit"):
        OPT.dispatch(Site(assets=[FlexibleLoad(50.0, 7.0, earliest=12, latest=18)]), LOAD, odd)


def test_load_is_shed_where_power_costs_more_than_what_it_makes():
    schedule = OPT.dispatch(Site(assets=[CurtailableLoad(30.0, 0.7)]), LOAD, NIGHT)
    assert schedule.ledger.shed_cny == pytest.approx(16 * 30 * 0.7)


def test_a_carbon_price_moves_energy_to_clean_hours():
    factor = pd.Series(np.where(INDEX.hour < 12, 0.9, 0.1), INDEX)
    store = Battery(100.0, 100.0, 1.0, 1.0, soc_initial=1.0)
    free = OPT.dispatch(Site(assets=[store]), LOAD, FLAT, grid_kg_per_kwh=factor)
    priced = OPT.dispatch(Site(assets=[store]), LOAD, FLAT, grid_kg_per_kwh=factor, carbon_price_cny_per_t=100.0)
    assert free.emissions_t == pytest.approx(1.2)
    assert priced.emissions_t == pytest.approx(1.2 - 100 * 0.8 / 1000)
    assert priced.ledger.carbon_cny == pytest.approx(100 * priced.emissions_t)


def test_a_caps_shadow_price_is_what_the_last_tonne_saves():
    site = Site(assets=[Boiler(1.0), HeatPump(100.0, cop=2.0)])
    given = {"heat_kw": np.full(24, 50.0), "gas_price_cny_per_kwh": 0.2, "gas_kg_per_kwh": 0.2, "grid_kg_per_kwh": 0.1}
    free = OPT.dispatch(site, LOAD, FLAT, **given)
    capped = OPT.dispatch(site, LOAD, FLAT, carbon_cap_t=free.emissions_t - 0.05, **given)
    # a kWh of heat from the pump costs 0.3 - 0.2 more and emits 0.05 - 0.2 kg: 667 CNY/t
    assert capped.carbon_shadow_price_cny_per_t == pytest.approx(0.1 / 0.15e-3)
    assert capped.objective_cny - free.objective_cny == pytest.approx(0.05 * 0.1 / 0.15e-3)
    assert free.carbon_shadow_price_cny_per_t == 0.0


def test_a_typical_day_stands_for_its_year():
    site = Site(assets=[Battery(100.0, 50.0)])
    day = OPT.dispatch(site, LOAD, NIGHT, grid_kg_per_kwh=0.5)
    year = OPT.dispatch(site, LOAD, NIGHT, grid_kg_per_kwh=0.5, weight=365.0)
    assert year.objective_cny == pytest.approx(365 * day.objective_cny)
    assert year.baseline_cny == pytest.approx(365 * day.baseline_cny)
    assert year.emissions_t == pytest.approx(365 * day.emissions_t)


@pytest.mark.parametrize(("weight", "months"), [(1.0, 1.0), (7.0, 1.0), (365.0, 365 / 31), (0.5, 0.5)])
def test_a_day_that_stands_for_many_owes_the_fixed_charge_by_the_month(weight, months):
    paid = Tariff.from_prices(0.5, demand_cny_per_kw_month=40.0)  # a day of March: 31 of them are a month
    plan = OPT.dispatch(Site(), LOAD, paid, weight=weight)
    assert plan.ledger.energy_cny == pytest.approx(weight * 0.5 * LOAD.sum())
    assert plan.ledger.demand_cny == pytest.approx(months * 40.0 * LOAD.max())
    battery = OPT.dispatch(Site(assets=[Battery(100.0, 50.0)]), LOAD, paid, weight=weight)
    assert battery.baseline_cny == pytest.approx(plan.objective_cny)
    whole = OPT.dispatch(Site(assets=[Battery(100.0, 50.0), Battery(0.0, 0.0)]), LOAD, paid, weight=weight)
    assert battery.objective_cny == pytest.approx(whole.objective_cny)


def test_a_front_falls_from_the_cheapest_to_the_cleanest():
    site = Site(assets=[Boiler(1.0), HeatPump(30.0, cop=2.0), Battery(50.0, 20.0)])
    front = OPT.pareto(
        site, LOAD, NIGHT, points=5,
        heat_kw=np.full(24, 50.0), gas_price_cny_per_kwh=0.2, gas_kg_per_kwh=0.2, grid_kg_per_kwh=0.1,
    )  # fmt: skip
    assert (np.diff(front.emissions_t) < 0).all()
    assert (np.diff(front.cost_cny) > 0).all()
    slopes = np.diff(front.cost_cny) / -np.diff(front.emissions_t)
    assert (np.diff(slopes) > -1e-6 * slopes.max()).all()  # dearer and dearer
    assert front.to_frame().shape == (5, 3)
