"""P54, P57, P61 and the bad input of measures: a wrong or misspelt fact is refused by its field, never passed over."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.measures import (
    AbatementFactors,
    Baseline,
    MeasureLibrary,
    ScoreWeights,
    assess,
    battery_effect,
    carnot_cop,
    heat_pump_cop,
    invest,
    leak_saving,
    motor_efficiency,
    motor_saving,
    parameter,
    pv_yield,
    screen,
    waste_heat_share,
)
from carbonost.errors import InputError

NO_NUMBER = [True, "0.08", None, float("nan"), float("inf"), {}, ..., 1 + 2j, 10**400, pd.NaT]
FACTORS = AbatementFactors(electricity_location_t_per_kwh=5e-4, electricity_market_t_per_kwh=6e-4, heat_t_per_gj=0.11)
LAMPS = {"lighting_list": [{"fixtures": 10, "watts_old": 400, "hours": 1000}]}
LED = assess(["LED"], LAMPS, Baseline(electricity_kwh=1e5), FACTORS).get("LED")
DAY = pd.date_range("2025-01-01", periods=24, freq="h", tz="Asia/Shanghai")
BILL = SimpleNamespace(total_cny=10.0, energy_cny=5.0, wear_cny=0.0)


def battery(**changed):
    given = {"charged_kwh": 10.0, "discharged_kwh": 9.0, "capacity_kwh": 5.0, "power_kw": 3.0, "factors": FACTORS}
    return battery_effect(changed.pop("before", BILL), BILL, **{**given, **changed})


@pytest.mark.parametrize(
    ("site", "field", "asked"),
    [
        ({"roof_area": 5000.0}, "site.roof_area", "roof_area_m2"),
        ({"Roof_area_m2": 5000.0}, "site.Roof_area_m2", "roof_area_m2"),
        ({"grid_headrom_kw": 5.0}, "site.grid_headrom_kw", "grid_headroom_kw"),
        ({"steam_grade": {"temprature_c": 150.0}}, "site.steam_grade.temprature_c", "temperature_c"),
        ({"motor_list": [{"rated_kw": 75, "hours": 10, "grade": 3, "qty": 64}]}, "site.motor_list[0].qty", "Known"),
        ({"motor_list": [{"rated_kw": 75, "hours": 10, "laod_factor": 1}]}, "site.motor_list[0].laod_factor", "load_f"),
        ({"capex": {"PVROOF": {"cny_per_kw": 2700.0}}}, "site.capex.PVROOF", "PV_ROOF"),
        ({"life_years": {"LED_": 10}}, "site.life_years.LED_", "LED"),
    ],
)
def test_a_fact_that_nothing_reads_is_asked_about(site, field, asked):
    for call in (
        lambda: screen(site),
        lambda: assess(["LED"], site, Baseline(), FACTORS),
        lambda: invest(LED, site),
    ):
        with pytest.raises(InputError) as refused:
            call()
        assert refused.value.field == field
        assert asked in str(refused.value.remedy)


def test_a_row_may_carry_its_label_and_a_library_of_ones_own_its_facts():
    assert screen({"motor_list": [{"name": "风机", "workshop": "一车间", "rated_kw": 75, "hours": 10, "grade": 3}]})
    own = MeasureLibrary.from_dict(
        {
            "name": "own",
            "version": "1",
            "weights": {"full": 1, "missing_required": 0.3, "missing_optional": 0.1, "floor": 0},
            "weights_note": "-",
            "defaults": {},
            "measures": [
                {"id": "WATER", "name_zh": "水", "name_en": "Water", "effect": "x", "required_inputs": ["water_m3"]}
            ],
        }
    )
    assert screen({"water_m3": 5.0}, library=own).candidates[0].missing_inputs == ()
    with pytest.raises(InputError, match="water_m3"):
        screen({"water_m3": 5.0})


@pytest.mark.parametrize(
    "site",
    [
        {"roof_area_m2": -1.0},
        {"roof_area_m2": "5000"},
        {"roof_area_m2": True},
        {"roof_area_m2": float("nan")},
        {"roof_usable_share": 55.0},
        {"latitude": 120.7},
        {"steam_grade": {"temperature_c": -300.0}},
        {"waste_heat_profile": {"source_temperature_c": 62.0, "heat_gj_per_year": -1.0}},
        {"waste_heat_profile": {"source_temperature_c": 62.0, "heat_gj_per_year": 1.0, "hours_per_year": 0.0}},
        {"motor_list": pd.DataFrame({"rated_kw": [75]})},
        {"motor_list": [{"rated_kw": 75, "hours": 9000, "grade": 3}]},
        {"motor_list": [{"rated_kw": 75, "hours": 10, "grade": 2.5}]},
        {"motor_list": [{"rated_kw": 75, "hours": 10, "grade": 3, "poles": 0}]},
        {"roof_load_ok": "yes"},
        {"capex": {"LED": {"cny": "1万"}}},
    ],
)
def test_a_wrong_fact_is_refused_wherever_a_site_is_taken(site):
    """A negative roof was screened as one that is missing nothing."""
    for call in (
        lambda: screen(site),
        lambda: assess(["LED"], site, Baseline(), FACTORS),
        lambda: invest(LED, site),
    ):
        with pytest.raises(InputError, match="site"):
            call()


@pytest.mark.parametrize("site", [None, "site", [], 5, [("roof_area_m2", 1.0)]])
def test_what_is_no_mapping_is_no_site(site):
    for call in (lambda: screen(site), lambda: assess([], site, Baseline(), FACTORS)):
        with pytest.raises(InputError, match="not a mapping"):
            call()


@pytest.mark.parametrize(
    ("baseline", "match"),
    [
        ([], "mapping"),
        ({"baseline_electricty_kwh_y": 1.0}, "baseline_electricity_kwh_y"),
        ({"baseline_electricity_kwh_y": -1.0}, "at least 0"),
        ({"baseline_heat_gj_y": "much"}, "one number"),
    ],
)
def test_a_baseline_metric_is_held_to_its_name_and_kind(baseline, match):
    with pytest.raises(InputError, match=match):
        screen({}, baseline)


def test_no_motors_save_nothing_and_are_not_taken_for_one():
    group = {"rated_kw": 75.0, "hours": 6000.0, "grade": 3, "load_factor": 0.7}
    saved = {
        count: assess(["MOTOR"], {"motor_list": [{**group, "count": count}]}, Baseline(1e6), FACTORS).effects[0]
        for count in (0, 1, 3)
    }
    assert saved[0].amount("electricity") == 0.0
    assert saved[3].amount("electricity") == pytest.approx(3 * saved[1].amount("electricity"))


def test_what_draws_power_shares_the_headroom_of_the_grid():
    """Each heat pump and the electric boiler took the whole of it."""
    base = Baseline(
        natural_gas_nm3=4e6, gas_ncv_gj_per_nm3=0.0356, boiler_gas_nm3=4e6, boiler_efficiency=0.9, electricity_kwh=1e8
    )
    factors = AbatementFactors(5e-4, 6e-4, natural_gas_t_per_nm3=2.16e-3)
    site = {
        "grid_headroom_kw": 1000.0, "boiler_gas_nm3": 4e6, "boiler_efficiency": 0.9, "operating_hours_per_year": 6e3,
        "hot_water_demand": {"temperature_c": 70.0, "heat_gj_per_year": 20_000.0},
        "steam_grade": {"temperature_c": 110},
    }  # fmt: skip
    roadmap = assess(["EBOILER", "HP_STEAM", "HP_HOTWATER"], site, base, factors)
    drawn = [-one.amount("electricity") / 6000.0 for one in roadmap.effects]
    assert sum(drawn) == pytest.approx(1000.0)
    assert roadmap.left.grid_headroom_kw == pytest.approx(0.0, abs=1e-9)
    assert roadmap.get("EBOILER").amount("electricity") == 0.0


@pytest.mark.parametrize(
    ("source", "sink", "match"),
    [
        (-300.0, 80.0, "absolute zero"),
        (20.0, -280.0, "absolute zero"),
        (80.0, 80.0, "hotter than the source"),
        (90.0, 80.0, "hotter than the source"),
        (float("nan"), 80.0, "one number"),
    ],
)
def test_temperatures_without_a_heat_pump_are_refused(source, sink, match):
    """-300 degC gave a coefficient of 1."""
    with pytest.raises(InputError, match=match):
        heat_pump_cop(source, sink)


def test_no_lift_gives_less_than_the_power_itself():
    cop = heat_pump_cop(-100.0, 500.0)
    assert (cop.low, cop.value, cop.inside) == (1.0, 1.0, False)


@pytest.mark.parametrize(
    "call",
    [
        lambda v: carnot_cop(v, 80.0),
        lambda v: heat_pump_cop(20.0, v),
        lambda v: waste_heat_share(60.0, 20.0, v, 20.0),
        lambda v: waste_heat_share(v, 20.0, 10.0, 20.0),
        lambda v: motor_efficiency(v, 4, 3),
        lambda v: motor_efficiency(75.0, v, 3),
        lambda v: motor_saving(75.0, v, 6000.0, 0.9, 0.95),
        lambda v: motor_saving(75.0, 0.8, 6000.0, v, 0.95),
        lambda v: leak_saving(v, 0.2, 0.1),
        lambda v: pv_yield(DAY, 31.0, 120.0, tilt_deg=v, clear_sky_index=0.6),
        lambda v: pv_yield(DAY, 31.0, 120.0, azimuth_deg=v, clear_sky_index=0.6),
        lambda v: pv_yield(DAY, v, 120.0, clear_sky_index=0.6),
        lambda v: battery(charged_kwh=v),
        lambda v: battery(power_kw=v),
        lambda v: battery(before=v),
        lambda v: ScoreWeights(v, 0.3, 0.1, 0.1),
        lambda v: Baseline(electricity_kwh=v),
        lambda v: invest(LED, method=v),
    ],
)
def test_what_is_no_number_is_refused_and_never_taken_for_one(call):
    for wrong in NO_NUMBER:
        with pytest.raises(InputError):
            call(wrong)


@pytest.mark.parametrize(
    "call",
    [
        lambda: waste_heat_share(60.0, 20.0, -1.0, 20.0),
        lambda: waste_heat_share(60.0, -300.0, 1.0, 20.0),
        lambda: motor_saving(75.0, -0.1, 6000.0, 0.9, 0.95),
        lambda: motor_saving([75.0, 30.0], 0.8, [1.0, 2.0, 3.0], 0.9, 0.95),
        lambda: leak_saving(-1.0, 0.2, 0.1),
        lambda: pv_yield(DAY, 31.0, 120.0, dhi=np.ones(24)),
        lambda: pv_yield(DAY, 31.0, 120.0, ghi=np.ones(24), clear_sky_index=0.6),
        lambda: pv_yield(list(DAY), 31.0, 120.0),
        lambda: pv_yield(DAY, 31.0, 120.0, ghi=np.ones(23)),
        lambda: battery(capacity_kwh=-1.0),
        lambda: battery(emissions_saved_t="much"),
        lambda: battery(life_years=0),
        lambda: Baseline(load_kw=pd.Series(-1.0, DAY)),
        lambda: Baseline(load_kw=pd.Series("1", DAY)),
        lambda: Baseline(load_kw=[1.0] * 24),
        lambda: Baseline(waste_heat_c=-300.0),
        lambda: AbatementFactors(electricity_location_t_per_kwh="0.5"),
        lambda: screen({}, disabled="PV_ROOF"),
        lambda: screen({}, disabled=["PV_ROF"]),
        lambda: screen({}, weights=0.5),
        lambda: screen({}, library={}),
        lambda: assess(["PV_ROF"], {}, Baseline(), FACTORS),
        lambda: assess([None], {}, Baseline(), FACTORS),
        lambda: assess(None, {}, Baseline(), FACTORS),
        lambda: assess([], {}, None, FACTORS),
        lambda: assess([], {}, Baseline(), None),
        lambda: assess([], {}, Baseline(), FACTORS, dispatch={"BES": lambda _: None}),
        lambda: assess([], {}, Baseline(), FACTORS, dispatch={"BESS": 5}),
        lambda: assess([], {}, Baseline(), FACTORS, bill=0.7),
        lambda: assess(["LED"], LAMPS, Baseline(1e5), FACTORS).abatement_t("location"),
        lambda: assess(["PV_ROOF"], {"roof_area_m2": 1.0, "irradiance": [1.0]}, Baseline(1.0), FACTORS),
        lambda: assess(["PV_ROOF"], {"roof_area_m2": 1.0, "irradiance": {"gh": [1.0]}}, Baseline(1.0), FACTORS),
        lambda: assess(
            ["GREEN_POWER"], {"green_power_contract": {"share": 0.5, "energy_kwh": 5.0}}, Baseline(9.0), FACTORS
        ),
        lambda: invest(None),
        lambda: invest(LED, cny_per_eur=0.0),
        lambda: parameter(["LED"], "rated_life"),
        lambda: MeasureLibrary.from_text(None),
        lambda: MeasureLibrary.from_file(5),
    ],
)
def test_what_is_of_another_kind_is_refused(call):
    with pytest.raises(InputError) as refused:
        call()
    assert refused.value.field


def test_a_method_without_its_factors_is_a_gap_and_no_silent_zero():
    """The zero-carbon-park abatement of an effect without that method's factors was booked as 0 t."""
    told = invest(LED, method="zero_carbon_park")
    assert told.investment.abatement_t_per_year == 0.0
    assert "abatement.LED" in [gap.missing for gap in told.gaps]
    with_park = assess(["LED"], LAMPS, Baseline(electricity_kwh=1e5), FACTORS.with_park_method()).get("LED")
    known = invest(with_park, method="zero_carbon_park")
    assert known.investment.abatement_t_per_year == pytest.approx(with_park.amount("electricity") * 0.8325e-3)
    assert "abatement.LED" not in [gap.missing for gap in known.gaps]


def test_facts_of_a_table_are_numbers_and_truth_values_in_any_dtype():
    """numpy's True was no truth value, and a single-precision number warned of the bound it was held to."""
    site = {"roof_area_m2": 5000, "roof_load_ok": True, "grid_headroom_kw": 800.0}
    typed = {"roof_area_m2": np.int64(5000), "roof_load_ok": np.True_, "grid_headroom_kw": np.float32(800)}
    baseline = {"baseline_electricity_kwh_y": np.float32(1e6)}
    assert screen(typed, baseline) == screen(site, {"baseline_electricity_kwh_y": 1e6})
