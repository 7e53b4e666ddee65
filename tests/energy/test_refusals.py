"""What cannot be used is refused by name, with the first offending instant and a remedy (S31, S32)."""

import pickle

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.energy import (
    Battery,
    Boiler,
    Chp,
    EnergyOptimizer,
    EvFleet,
    Grid,
    HeatPump,
    PvArray,
    Site,
    Tariff,
)
from carbonost.errors import (
    InfeasibleError,
    InputError,
    NaiveTimestampError,
    SolverTimeoutError,
    TariffError,
)

INDEX = pd.date_range("2025-03-03", periods=24, freq="h", tz="Asia/Shanghai")
LOAD = pd.Series(100.0, INDEX)
TARIFF = Tariff.from_prices(0.6)
SITE = Site(assets=[Battery(100.0, 50.0)])
OPT = EnergyOptimizer()


def changed(at, value):
    load = LOAD.copy()
    load.iloc[at] = value
    return load


@pytest.mark.parametrize(
    ("load", "instant", "words"),
    [
        (changed(5, np.nan), "05:00", "missing"),
        (changed(6, np.inf), "06:00", "not finite"),
        (changed(7, -1.0), "07:00", "not negative"),
        (LOAD.drop(INDEX[8]), "09:00", "gap"),
        (LOAD.iloc[[0, 1, 1, 2, 3]], "01:00", "doubled"),
        (LOAD.iloc[[0, 1, 2, 4, 3, 5]], "04:00", "gap"),
        (LOAD.iloc[[0, 1, 3, 2, 4, 5]], "03:00", "gap"),
        (LOAD.iloc[::-1], "22:00", "ascending|order"),
    ],
)
def test_a_broken_load_is_refused_at_its_first_bad_instant(load, instant, words):
    with pytest.raises(InputError, match=words) as caught:
        TARIFF.bill(load)
    assert caught.value.field == "load"
    assert instant in str(caught.value.value)


def test_naive_stamps_are_refused():
    with pytest.raises(NaiveTimestampError, match="zone"):
        TARIFF.bill(LOAD.tz_localize(None))
    with pytest.raises(NaiveTimestampError):
        Tariff.from_prices(LOAD.tz_localize(None))


@pytest.mark.parametrize("load", [LOAD.iloc[:0], LOAD.to_numpy(), LOAD.resample("D").mean(), LOAD.reset_index()])
def test_what_is_no_load_is_refused(load):
    with pytest.raises(InputError):
        TARIFF.bill(load)


def test_energy_per_interval_is_an_equal_way_to_give_a_load():
    by_power = OPT.dispatch(SITE, LOAD, TARIFF)
    by_energy = OPT.dispatch(SITE, None, TARIFF, load_kwh=LOAD)
    assert by_power.objective_cny == by_energy.objective_cny
    table = pd.DataFrame({"timestamp": INDEX, "load_kwh": LOAD.to_numpy()})
    assert OPT.dispatch(SITE, None, TARIFF, load_kwh=table).objective_cny == by_power.objective_cny
    with pytest.raises(InputError, match="once"):
        OPT.dispatch(SITE, LOAD, TARIFF, load_kwh=LOAD)


@pytest.mark.parametrize(
    "prices", [dict.fromkeys(range(23), 0.5), dict.fromkeys(range(25), 0.5), [0.5] * 23, float("nan"), {}]
)
def test_prices_that_do_not_fit_a_day_are_refused(prices):
    with pytest.raises(TariffError):
        Tariff.from_prices(prices)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("flat", "00:00", "12:00")], "no band covers 12:00"),
        ([("flat", "00:00", "13:00"), ("peak", "12:00", "24:00")], "two bands claim 12:00"),
        ([("flat", "00:00", "24:00"), ("peak", "12:00", "11:00")], "ends after"),
        ([("flat", "00:00", "24:01")], "clock"),
        ([("dear", "00:00", "24:00")], "no price for band 'dear'"),
    ],
)
def test_bands_that_do_not_cover_the_day_once_are_refused(rows, words):
    bands = [dict(zip(("band", "start", "end"), row, strict=True)) for row in rows]
    with pytest.raises(TariffError, match=words):
        Tariff.from_bands(bands, {"flat": 0.5, "peak": 1.0})


@pytest.mark.parametrize(
    "make",
    [
        lambda: Battery(-1.0, 50.0),
        lambda: Battery(100.0, -50.0),
        lambda: Battery(100.0, 50.0, charge_efficiency=0.0),
        lambda: Battery(100.0, 50.0, discharge_efficiency=1.01),
        lambda: Battery(100.0, 50.0, soc_min=0.9, soc_max=0.1),
        lambda: Battery(100.0, 50.0, soc_initial=1.2),
        lambda: Battery(100.0, 50.0, soc_min=0.2, soc_initial=0.1),
        lambda: Battery(float("nan"), 50.0),
        lambda: Battery(100.0, 50.0, wear_cny_per_kwh=-0.1),
        lambda: Battery(None, None, capex_cny_per_kwh=900.0),
        lambda: PvArray(capacity_kw=10.0),
        lambda: PvArray(profile_kw=LOAD, capacity_kw=10.0),
        lambda: Chp(100.0, 0.6, 0.6),
        lambda: Chp(100.0, 0.4, 0.4, min_load=1.5),
        lambda: Boiler(1.2),
        lambda: Boiler(0.9, fuel="coal"),
        lambda: HeatPump(100.0),
        lambda: HeatPump(100.0, 0.9),
        lambda: HeatPump(100.0, source_c=60.0, sink_c=50.0, carnot_share=0.5),
        lambda: EvFleet([{"arrival": INDEX[2], "departure": INDEX[1], "energy_kwh": 1, "power_kw": 1}]),
        lambda: EvFleet([{"arrival": INDEX[1], "energy_kwh": 1, "power_kw": 1}]),
        lambda: Grid(import_kw_max=-1.0),
    ],
)
def test_an_impossible_asset_is_refused(make):
    with pytest.raises(InputError) as caught:
        make()
    assert caught.value.field


def test_a_profile_that_misses_an_interval_or_has_another_length_is_refused():
    with pytest.raises(InputError, match="cover"):
        OPT.dispatch(Site(assets=[PvArray(profile_kw=LOAD.iloc[1:])]), LOAD, TARIFF)
    with pytest.raises(InputError, match="23 values for 24"):
        OPT.dispatch(Site(assets=[PvArray(profile_kw=np.ones(23))]), LOAD, TARIFF)


def test_carbon_without_factors_and_gas_without_a_price_are_refused():
    with pytest.raises(InputError, match="emission factors"):
        OPT.dispatch(SITE, LOAD, TARIFF, carbon_price_cny_per_t=80.0)
    with pytest.raises(InputError, match="gas"):
        OPT.dispatch(Site(assets=[Boiler(0.9)]), LOAD, TARIFF, heat_kw=LOAD)


def test_the_connection_that_is_too_small_is_named_with_when_and_by_how_much():
    load = changed(18, 180.0)
    site = Site(grid=Grid(import_kw_max=110.0), assets=[Battery(100.0, 20.0)])
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch(site, load, TARIFF)
    error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 -- our own bytes
    assert (error.limit, error.at) == ("grid.import_kw_max", INDEX[18])
    assert error.by == pytest.approx(50.0, abs=1e-6)
    OPT.dispatch(Site(grid=Grid(import_kw_max=110.0 + error.by), assets=site.assets), load, TARIFF)


def test_heat_that_nothing_can_make_is_named():
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch(Site(assets=[Boiler(0.9, heat_kw=80.0)]), LOAD, TARIFF, heat_kw=LOAD, gas_price_cny_per_kwh=0.3)
    assert caught.value.limit == "heat_kw"
    assert caught.value.by == pytest.approx(20.0, abs=1e-6)


def test_a_vehicle_that_cannot_be_charged_in_time_is_named():
    visit = {"arrival": INDEX[2], "departure": INDEX[4], "energy_kwh": 50.0, "power_kw": 10.0}
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch(Site(assets=[EvFleet([visit])]), LOAD, TARIFF)
    assert caught.value.limit == "ev.visits[0].energy_kwh"
    assert caught.value.by == pytest.approx(30.0, abs=1e-6)


def test_a_final_charge_out_of_reach_and_a_cap_below_the_possible_are_named():
    store = Battery(100.0, 1.0, charge_efficiency=1.0, soc_final=0.9)
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch(Site(assets=[store]), LOAD, TARIFF)
    assert caught.value.limit == "battery.soc_final"
    assert caught.value.by == pytest.approx(0.9 - 0.5 - 0.24, abs=1e-6)
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch(Site(), LOAD, TARIFF, grid_kg_per_kwh=0.5, carbon_cap_t=1.0)
    assert caught.value.limit == "carbon_cap_t"
    assert caught.value.by == pytest.approx(0.2, abs=1e-6)


def test_where_selling_pays_more_than_buying_a_battery_sells_what_it_holds_and_buys_at_another_time():
    tariff = Tariff.from_prices(0.3, export_cny_per_kwh=0.5)
    store = Battery(10.0, 5.0, charge_efficiency=1.0, discharge_efficiency=1.0)
    idle = pd.Series(0.0, INDEX)
    plan = OPT.dispatch(Site(grid=Grid(export_kw_max=None), assets=[store]), idle, tariff)
    assert plan.objective_cny == pytest.approx(-(0.5 - 0.3) * 5.0 * 12)  # half the hours buying, half selling
    frame = plan.to_frame()
    assert np.minimum(frame.import_kw, frame.export_kw).max() == 0.0


def test_feed_in_above_the_valley_price_sells_only_what_the_site_makes():
    tariff = Tariff.from_prices({h: 0.3 if h < 8 else 0.7 for h in range(24)}, export_cny_per_kwh=0.4)
    sun = pd.Series(np.where((INDEX.hour > 5) & (INDEX.hour < 18), 150.0, 0.0), INDEX)
    plan = OPT.dispatch(Site(grid=Grid(export_kw_max=None), assets=[PvArray(profile_kw=sun)]), LOAD, tariff)
    net = sun - LOAD
    np.testing.assert_allclose(plan.to_frame().export_kw, net.clip(lower=0.0), atol=1e-6)
    np.testing.assert_allclose(plan.to_frame().import_kw, (-net).clip(lower=0.0), atol=1e-6)


@pytest.mark.parametrize("soc", [-0.1, 1.2, float("nan")])
def test_a_state_of_charge_that_is_no_share_is_refused(soc):
    with pytest.raises(InputError, match="soc"):
        OPT.controller(SITE, TARIFF).step(LOAD, {"soc": soc})


@pytest.mark.parametrize("minutes", [0, 7, 90])
def test_a_demand_window_that_does_not_fit_the_load_is_refused(minutes):
    load = LOAD.resample("5min").ffill()
    with pytest.raises(InputError, match="demand_window_min"):
        # 90 minutes are 18 intervals of five: they fit those, and not the hours below
        Tariff.from_prices(0.5, demand_cny_per_kw_month=40.0, demand_window_min=minutes).bill(
            LOAD if minutes == 90 else load
        )


def test_a_capacity_without_cost_or_bound_is_not_chosen():
    with pytest.raises(InputError, match="neither a cost nor a bound"):
        OPT.size(Site(assets=[Battery(None, None)]), LOAD, TARIFF)
    owned = Battery(None, None, annual_cost_cny_per_kwh=10.0)
    with pytest.raises(InputError, match="discount_rate"):
        OPT.size(Site(assets=[owned]), LOAD, TARIFF, discount_rate=-1.0)


def test_a_meter_does_not_buy_and_sell_at_once():
    tariff = Tariff.from_prices(0.3, export_cny_per_kwh=0.5)
    frame = (
        OPT.dispatch(Site(grid=Grid(export_kw_max=50.0), assets=[Battery(100.0, 50.0)]), LOAD, tariff)
    ).to_frame()  # fmt: skip
    assert (np.minimum(frame.import_kw, frame.export_kw) == 0).all()


def test_time_that_runs_out_is_an_error_not_a_plan():
    load = pd.Series(100.0, pd.date_range("2025-01-01", periods=2000, freq="h", tz="Asia/Shanghai"))
    with pytest.raises(SolverTimeoutError):
        OPT.dispatch(SITE, load, TARIFF, time_limit_s=1e-9)
    with pytest.raises(InputError):
        OPT.dispatch(SITE, load, TARIFF, time_limit_s=0.0)


def test_what_is_sold_dear_is_bounded_by_what_the_site_can_give():
    tariff = Tariff.from_prices(0.3, export_cny_per_kwh=0.5)
    sun = PvArray(profile_kw=np.full(24, 900.0))
    site = Site(grid=Grid(import_kw_max=150.0, export_kw_max=None), assets=[sun])
    schedule = OPT.dispatch(site, LOAD, tariff)
    assert schedule.to_frame().export_kw.to_numpy() == pytest.approx(800.0)
    assert schedule.objective_cny == pytest.approx(-24 * 800 * 0.5)


def test_several_limits_at_fault_are_named_together_and_relaxing_all_helps():
    store = Battery(100.0, 0.0, soc_initial=0.2, soc_final=0.4)
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch(Site(grid=Grid(import_kw_max=60.0), assets=[store]), LOAD, TARIFF)
    assert caught.value.limit == "grid.import_kw_max"
    assert [limit for limit, _, _ in caught.value.also] == ["battery.soc_final"]
    assert caught.value.also[0][2] == pytest.approx(0.2)
