"""Control keeps most of what perfect foresight earns, survives a restart, and does not load what it does not need."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.energy import (
    Battery,
    Boiler,
    Chp,
    EnergyOptimizer,
    EvFleet,
    FlexibleLoad,
    Grid,
    PvArray,
    Site,
    Tariff,
)
from carbonost.errors import InfeasibleError, InputError, NaiveTimestampError

OPT = EnergyOptimizer()
STEEL = Path(__file__).parents[3] / "shared/data/energy/steel_daewoo_gwangyang_2018_15min.csv"
TARIFF = Tariff.from_prices(
    {h: 0.3 if h < 8 else 1.1 if 14 <= h < 22 else 0.6 for h in range(24)}, demand_cny_per_kw_month=36.0
)


def works(days, seed=3, start="2025-03-03"):
    """A two-shift works, hourly."""
    rng = np.random.default_rng(seed)
    index = pd.date_range(start, periods=24 * days, freq="h", tz="Asia/Shanghai")
    shift = ((index.hour >= 6) & (index.hour < 22) & (index.day_of_week < 6)).astype(float)
    return pd.Series(60 + shift * rng.uniform(120, 320, index.size), index)


def follow(controller, load, hours=24, state=None, steps=None):
    imported, state = [], state or {"soc": 0.5}
    for i in range(steps or len(load) - hours):
        setpoints = controller.step(load.iloc[i : i + hours], state)
        state = json.loads(json.dumps(setpoints.state))
        imported.append(setpoints.import_kw)
    return pd.Series(imported, load.index[: len(imported)]), state


def kept_share(site, tariff, load, hours):
    imported, _ = follow(OPT.controller(site, tariff), load, hours)
    seen = load.iloc[: len(imported)]
    base = tariff.bill(seen).total_cny
    best = OPT.dispatch(site, seen, tariff).objective_cny
    return (base - tariff.bill(imported).total_cny) / (base - best)


def test_a_month_of_control_keeps_most_of_the_foresight_saving():
    site = Site(assets=[Battery(400.0, 120.0)])
    assert kept_share(site, TARIFF, works(29), 24) >= 0.93


@pytest.mark.slow
@pytest.mark.skipif(not STEEL.exists(), reason="the real series is not part of the distribution")
def test_two_months_of_the_real_steel_works_keep_93_percent():
    frame = pd.read_csv(STEEL)
    index = pd.date_range("2018-01-01", periods=len(frame), freq="15min", tz="Asia/Shanghai")
    load = pd.Series(frame.energy_kwh.to_numpy() * 4, index).iloc[: 96 * 32]
    tariff = Tariff.from_region(
        "CN-JS", charge="demand", flat_cny_per_kwh=0.64, floating_cny_per_kwh=0.3957, demand_cny_per_kw_month=36.1
    )
    assert kept_share(Site(assets=[Battery(1000.0, 250.0)]), tariff, load, 96) >= 0.93


def test_a_restart_from_the_state_changes_nothing():
    site, load = Site(assets=[Battery(400.0, 120.0)]), works(5)
    through, _ = follow(OPT.controller(site, TARIFF), load)
    before, state = follow(OPT.controller(site, TARIFF), load, steps=40)
    after, _ = follow(OPT.controller(site, TARIFF), load.iloc[40:], state=state)
    np.testing.assert_allclose(pd.concat([before, after]), through, atol=1e-5)


def test_a_peak_already_paid_for_is_not_shaved_again():
    site, load = Site(assets=[Battery(400.0, 120.0, wear_cny_per_kwh=5.0)]), works(3)
    month = {"soc": 0.5, "month": "2025-03", "month_peak_kw": 1000.0}
    step = OPT.controller(site, TARIFF).step(load.iloc[8:32], month)
    assert (step.charge_kw, step.discharge_kw) == (0.0, 0.0)
    assert step.state["month_peak_kw"] == 1000.0
    april = OPT.controller(site, TARIFF).step(works(3, start="2025-04-01").iloc[:24], dict(step.state))
    assert april.state["month"] == "2025-04"
    assert april.state["month_peak_kw"] < 1000.0


def test_history_sets_the_first_months_target():
    controller = OPT.controller(Site(assets=[Battery(400.0, 120.0)]), TARIFF, history=works(28, start="2025-02-03"))
    assert controller.step(works(2).iloc[:24]).state["target_kw"] > 100.0


def test_control_follows_generation_and_sites_that_need_the_full_model():
    load = works(3)
    sun = pd.Series(np.maximum(0, np.sin((load.index.hour - 6) / 12 * np.pi)) * 300, load.index)
    plain = Site(assets=[PvArray(profile_kw=sun), Battery(400.0, 120.0)])
    selling = Site(grid=Grid(export_kw_max=50.0), assets=plain.assets)
    for site in (plain, selling):
        step = OPT.controller(site, TARIFF).step(load.iloc[10:34], {"soc": 0.2})
        assert step.import_kw >= 0.0
        assert step["state"]["soc"] > 0.2  # the sun fills it
        assert step.to_dict()["state"] == step.state


def test_control_refuses_what_it_cannot_follow():
    with pytest.raises(InputError, match="battery"):
        OPT.controller(Site(assets=[Boiler(0.9)]), TARIFF)
    controller = OPT.controller(Site(grid=Grid(import_kw_max=100.0), assets=[Battery(40.0, 12.0)]), TARIFF)
    with pytest.raises(NaiveTimestampError):
        controller.step(works(1).tz_localize(None))
    with pytest.raises(InfeasibleError, match="import_kw_max"):
        controller.step(works(1) + 100.0)


def test_a_chp_keeps_its_minimum_times_and_its_ramp_from_step_to_step_and_over_restarts():
    load = works(4)
    heat = pd.Series(120.0, load.index)
    chp = Chp(100.0, 0.38, 0.45, min_load=0.4, min_up_h=5, min_down_h=4, ramp_kw_per_h=45.0, heat_dump=True)
    site, state, seen = Site(assets=[Battery(100.0, 40.0), Boiler(0.9), chp]), {"soc": 0.5}, []
    for i in range(72):  # a new controller each time: all that lasts is in the state
        controller = OPT.controller(site, TARIFF, gas_price_cny_per_kwh=0.3, heat_kw=heat)
        state = json.loads(json.dumps(controller.step(load.iloc[i : i + 24], state).state))
        seen.append(state["chp"]["chp"])
    on = np.array([step["on"] for step in seen])
    changes = np.flatnonzero(np.diff(on)) + 1
    assert changes.size > 2
    for begin, end in itertools.pairwise(changes):
        assert end - begin >= (5 if on[begin] else 4)
    assert np.abs(np.diff([step["power_kw"] for step in seen])).max() <= 45.0 + 1e-6


def test_steps_shorter_than_the_demand_window_count_by_its_mean():
    index = pd.date_range("2025-06-02", periods=288, freq="5min", tz="Asia/Shanghai")
    load = pd.Series(100.0 + 80.0 * (np.arange(288) % 3 == 0), index)
    imported, state = follow(OPT.controller(Site(assets=[Battery(20.0, 5.0)]), TARIFF), load, hours=96, steps=12)
    assert state["month_peak_kw"] == pytest.approx(imported.resample("15min").mean().max())
    assert imported.max() > 170.0


def test_generation_lowers_the_peak_a_day_is_expected_to_reach():
    load, sun = works(2), pd.Series(150.0, works(2).index)
    with_sun = Site(assets=[PvArray(profile_kw=sun), Battery(40.0, 12.0)])
    plain = OPT.controller(Site(assets=[Battery(40.0, 12.0)]), TARIFF).step(load.iloc[:24]).state["day_peaks_kw"]
    sunny = OPT.controller(with_sun, TARIFF).step(load.iloc[:24]).state["day_peaks_kw"]
    assert sunny[0] == pytest.approx(plain[0] - 150.0)


@pytest.mark.parametrize(
    ("assets", "options", "words"),
    [
        ([Battery(40.0, 12.0), Battery(40.0, 12.0)], {}, "one battery"),
        ([Battery(None, None, capacity_kwh_max=9.0)], {}, "no capacity"),
        ([Battery(40.0, 12.0), FlexibleLoad(10.0, 2.0)], {}, "half done"),
        ([Battery(40.0, 12.0), EvFleet([])], {}, "half done"),
        ([Battery(40.0, 12.0)], {"carbon_cap_t": 1.0, "grid_kg_per_kwh": 0.5}, "no option of control"),
    ],
)
def test_control_refuses_what_its_state_does_not_hold(assets, options, words):
    with pytest.raises(InputError, match=words):
        OPT.controller(Site(assets=assets), TARIFF, **options)


@pytest.mark.parametrize(
    ("state", "field"),
    [
        (5, "state"),
        ([0.5], "state"),
        ('{"soc": 0.5, "mon', "state"),
        (b"\xff\x00", "state"),
        ("null x", "state"),
        ({"soc": "x"}, "soc"),
        ({"soc": True}, "soc"),
        ({"soc": None}, "soc"),
        ({"soc": float("nan")}, "soc"),
        ({"soc": 1.2}, "soc"),
        ({"month_peak_kw": float("nan")}, "month_peak_kw"),
        ({"month_peak_kw": -5.0}, "month_peak_kw"),
        ({"month_peak_kw": None}, "month_peak_kw"),
        ({"day_peaks_kw": ["x"]}, "day_peaks_kw"),
        ({"day_peaks_kw": 7.0}, "day_peaks_kw"),
        ({"month": 202503}, "month"),
        ({"month": "2025-13"}, "month"),
        ({"day": "yesterday!"}, "day"),
        ({"window": {"number": 3}}, "window"),
        ({"window": {"number": 3, "kwh": "x", "hours": 0.1}}, "window"),
        ({"window": 4}, "window"),
        ({"chp": {"chp": {"on": True, "held_h": 1.0, "power_kw": 9.0}}}, "chp"),
        ({"format": 2}, "format"),
        ({"site": "00000000"}, "site"),
    ],
)
def test_a_state_that_cannot_be_is_refused_by_its_entry(state, field):
    with pytest.raises(InputError, match="state") as caught:
        OPT.controller(Site(assets=[Battery(40.0, 12.0)]), TARIFF).step(works(1), state)
    assert caught.value.field == ("state" if field == "state" else f"state[{field!r}]")
    assert caught.value.remedy or field == "soc"


@pytest.mark.parametrize("unit", [5, {"on": 1, "held_h": None, "power_kw": 0.0}, {"on": True, "held_h": 1.0}])
def test_a_damaged_record_of_a_chp_is_refused(unit):
    site = Site(assets=[Battery(40.0, 12.0), Chp(50.0, 0.38, 0.45, heat_dump=True)])
    with pytest.raises(InputError, match="on, held_h and power_kw"):
        OPT.controller(site, TARIFF, gas_price_cny_per_kwh=0.3).step(works(1), {"chp": {"chp": unit}})


def test_a_state_of_another_park_is_refused():
    mine, other = (OPT.controller(Site(assets=[Battery(size, 12.0)]), TARIFF) for size in (40.0, 90.0))
    state = mine.step(works(1)).state
    with pytest.raises(InputError, match="another park"):
        other.step(works(1), state)
    assert mine.step(works(1), json.dumps(state)) == mine.step(works(1), state)


def test_control_killed_and_restored_goes_on_as_if_nothing_had_happened():
    """Ties without end: three prices, and a load that stands still for hours. Each step is equal to the last bit."""
    load, rng = works(6).round(-1), np.random.default_rng(4)
    site = Site(assets=[PvArray(profile_kw=pd.Series(30.0, works(6).index)), Battery(120.0, 40.0)])
    running, state = OPT.controller(site, TARIFF), {"soc": 0.5}
    for i in range(0, 96, 3):
        forecast = load.iloc[i : i + 24] + 10.0 * rng.integers(0, 4, 24)
        step = running.step(forecast, state)
        saved = json.dumps(state)
        restored = OPT.controller(site, TARIFF)
        restored.step(load.iloc[70:94])  # whatever it did before
        assert restored.step(forecast, saved) == step
        state = step.state


def test_importing_the_room_loads_no_solver_no_forecaster_and_no_weather():
    heavy = ("cvxpy", "prophet", "pvlib", "highspy", "scipy", "matplotlib", "pandas", "sklearn")
    code = f"import sys, carbonost.engines.energy; print([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_rooms_names_are_those_it_defers():
    import carbonost.engines.energy as room

    assert sorted(room._NAMES) == sorted(room.__all__)
    assert all(getattr(room, name) is not None for name in room.__all__)
