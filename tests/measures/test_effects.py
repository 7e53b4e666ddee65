import itertools
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.domain.measure import Abatement
from carbonost.domain.scenario import ScenarioParams
from carbonost.engines.finance import Cashflow
from carbonost.engines.measures import (
    AbatementFactors,
    Baseline,
    MeasureLibrary,
    assess,
    battery_effect,
    carnot_cop,
    heat_pump_cop,
    invest,
    leak_saving,
    motor_efficiency,
    motor_saving,
    parameter,
    waste_heat_share,
)
from carbonost.engines.measures.heat import cop_points, saturation_temperature_c
from carbonost.errors import InputError

HOURS = pd.date_range("2025-01-01", "2026-01-01", freq="1h", inclusive="left", tz="Asia/Shanghai")
FACTORS = AbatementFactors(
    electricity_location_t_per_kwh=5e-4, electricity_market_t_per_kwh=6e-4, natural_gas_t_per_nm3=2.16e-3,
    heat_t_per_gj=0.11, diesel_t_per_t=3.1, park_electricity_t_per_kwh=8.325e-4, park_heat_t_per_gj=0.11,
)  # fmt: skip
SITE = {
    "roof_area_m2": 50_000.0, "roof_usable_share": 0.5, "latitude": 31.4, "longitude": 120.7,
    "grid_headroom_kw": 5_000.0, "tou_tariff": "CN-JS",
    "steam_grade": {"temperature_c": 143.0, "heat_gj_per_year": 50_000.0},
    "waste_heat_profile": {"source_temperature_c": 60.0, "heat_gj_per_year": 40_000.0, "hours_per_year": 7_200.0},
    "hot_water_demand": {"temperature_c": 70.0, "heat_gj_per_year": 20_000.0},
    "motor_list": [{"rated_kw": 75, "poles": 4, "grade": 3, "hours": 6000, "count": 20, "load_factor": 0.7}],
    "lighting_list": [{"fixtures": 1000, "watts_old": 458, "watts_new": 150, "hours": 5000}],
    "compressor_list": [{"power_kw": 250, "hours": 6000, "leak_share": 0.25}],
    "green_power_contract": {"share": 0.5},
}  # fmt: skip
BASE = Baseline(
    electricity_kwh=4e7, natural_gas_nm3=2e6, heat_gj=2e5, load_kw=pd.Series(4e7 / 8760, HOURS),
    gas_ncv_gj_per_nm3=0.0389, boiler_gas_nm3=5e5, boiler_efficiency=0.9,
)  # fmt: skip
ALL = [one.id for one in MeasureLibrary.default() if one.effect != "dispatch"]


@dataclass
class Bill:
    total_cny: float
    wear_cny: float = 0.0
    energy_cny: float = 0.0


def alone(measure, site=SITE, base=BASE, factors=FACTORS):
    return assess([measure], site, base, factors).effects[0]


def test_a_motor_by_hand():
    old, new = motor_efficiency(75, 4, 3), motor_efficiency(75, 4, 2)
    effect = alone("MOTOR")
    assert 0.9 < old < new < 1
    assert effect.amount("electricity") == pytest.approx(20 * 75 * 0.7 * 6000 * (1 / old - 1 / new))
    assert effect.abatement.scope2_location_t == pytest.approx(effect.amount("electricity") * 5e-4)
    assert effect.abatement.scope1_t == 0.0


def test_the_efficiency_table_falls_by_grade_and_is_not_extended():
    for poles, power in itertools.product((2, 4, 6, 8), (0.75, 11, 100, 200)):
        one, two, three = (motor_efficiency(power, poles, grade) for grade in (1, 2, 3))
        assert one >= two >= three
    assert motor_efficiency(75, 4, 3) < motor_efficiency(80, 4, 3) < motor_efficiency(90, 4, 3)
    with pytest.raises(InputError, match="kW"):
        motor_efficiency(5000, 4, 2)
    with pytest.raises(InputError):
        motor_efficiency(75, 12, 2)


def test_lamps_and_leaks_by_hand():
    assert alone("LED").amount("electricity") == pytest.approx(1000 * 0.308 * 5000)
    target = parameter("COMPRESSED_AIR", "leak_share_target").value
    assert alone("COMPRESSED_AIR").amount("electricity") == pytest.approx(250 * 6000 * (1 - 0.75 / (1 - target)))
    assert leak_saving(100.0, 0.05, 0.10) == 0.0
    assert motor_saving(10, 1, 100, 0.9, 0.9) == 0.0


def test_a_second_hand_row_is_used_openly_with_a_gap():
    lamps = alone("LED", {**SITE, "lighting_list": {"fixtures": 10, "watts_old": 458, "hours": 5000}})
    assert {gap.missing for gap in lamps.gaps} == {"LED.saving_fraction_vs_400w_mh", "LED.rated_life"}
    assert lamps.life_years == 10  # 50,000 h at 5,000 h a year
    assert lamps.saved["electricity"].low < lamps.amount("electricity") < lamps.saved["electricity"].high
    assert any(
        "secondary" in (item.rationale or "") or "derived" in (item.rationale or "") for item in lamps.assumptions
    )


def test_published_heat_pumps_are_met_inside_the_stated_range():
    for point in cop_points():
        cop = heat_pump_cop(point.source_out_c, point.sink_c)
        assert cop.low - 1e-9 <= point.parameter.value <= cop.high + 1e-9
        assert cop.inside
    assert len(cop_points()) == 6


def test_output_temperature_alone_does_not_order_heat_pumps():
    """The sheet at 150 degC prints a higher figure than the one at 125, because its source is warmer."""
    assert heat_pump_cop(50.0, 150.0).value > heat_pump_cop(10.0, 125.0).value
    assert parameter("HP_STEAM", "cop_150c").value > parameter("HP_STEAM", "cop_125c").value


def test_a_small_lift_promises_no_more_than_the_best_sheet():
    assert heat_pump_cop(60.0, 70.0).high == pytest.approx(heat_pump_cop(30.0, 70.0).high)
    assert not heat_pump_cop(60.0, 70.0).inside
    with pytest.raises(InputError):
        carnot_cop(80.0, 70.0)


@given(st.floats(-10, 60), st.floats(0, 40), st.floats(40, 100))
def test_a_warmer_source_never_needs_more_power(source, warmer, lift):
    sink = source + warmer + lift
    assert heat_pump_cop(source + warmer, sink).value >= heat_pump_cop(source, sink).value - 1e-9


def test_a_heat_pump_by_hand():
    base = BASE.after(alone("MOTOR"))  # any residual does
    effect = assess(["HP_HOTWATER"], SITE, base, FACTORS).effects[0]
    cop = heat_pump_cop(50.0, 70.0).value  # the waste heat at 60 degC is cooled by 10 K
    assert effect.size["cop"].value == pytest.approx(cop)
    assert effect.amount("heat") == pytest.approx(20_000.0)
    assert effect.amount("electricity") == pytest.approx(-20_000 / cop / 0.0036)
    assert effect.abatement.scope2_location_t == pytest.approx(20_000 * 0.11 - 20_000 / cop / 0.0036 * 5e-4)
    assert effect.size["heat_kw"].value == pytest.approx(20_000 / 0.0036 / 7_200)
    assert effect.life_years == 20


def test_a_heat_pump_is_limited_by_its_source_and_by_the_grid():
    small = {**SITE, "waste_heat_profile": {**SITE["waste_heat_profile"], "heat_gj_per_year": 1_000.0}}
    effect = alone("HP_HOTWATER", small)
    cop = effect.size["cop"].value
    assert effect.amount("heat") == pytest.approx(1_000 / (1 - 1 / cop))
    tight = alone("HP_HOTWATER", {**SITE, "grid_headroom_kw": 10.0})
    assert -tight.amount("electricity") == pytest.approx(10 * 7_200)
    assert "grid_headroom_kw" in {gap.missing for gap in tight.gaps}


def test_what_the_site_says_of_its_boilers_is_used_where_the_baseline_is_silent():
    base = Baseline(electricity_kwh=1e7, natural_gas_nm3=1e6, gas_ncv_gj_per_nm3=0.0389)
    site = {**SITE, "boiler_gas_nm3": 4e5, "boiler_efficiency": 0.9, "grid_headroom_kw": 1e5}
    assert alone("EBOILER", site, base).amount("natural_gas") == pytest.approx(4e5)


def test_a_life_nobody_knows_is_a_gap_and_the_users_own_is_taken():
    effect = alone("MOTOR")
    assert "life_years.MOTOR" in {gap.missing for gap in invest(effect).gaps}
    told = invest(effect, {"life_years": {"MOTOR": 12}})
    assert told.investment.life_years == 12
    assert "life_years.MOTOR" not in {gap.missing for gap in told.gaps}


def test_the_zero_carbon_park_factors_come_from_the_methods_rows():
    factors = AbatementFactors(electricity_location_t_per_kwh=5e-4).with_park_method()
    assert factors.park_electricity_t_per_kwh == pytest.approx(8.325e-4)
    assert factors.park_heat_t_per_gj == pytest.approx(0.11)
    assert factors.electricity_location_t_per_kwh == 5e-4


def test_pv_without_a_place_is_estimated_at_the_reference_place_with_a_gap():
    nowhere = {key: value for key, value in SITE.items() if key not in ("latitude", "longitude")}
    effect = alone("PV_ROOF", nowhere)
    assert effect.computable
    assert {"latitude", "longitude"} <= {gap.missing for gap in effect.gaps}


def test_waste_heat_is_exchanged_down_to_the_cold_stream_and_the_pinch():
    assert waste_heat_share(60, 20, 10, 20) == 0.75
    assert waste_heat_share(25, 20, 10, 20) == 0.0
    assert waste_heat_share(15, 20, 10, 20) == 0.0
    assert waste_heat_share(200, 20, 10, 50) == 1.0
    effect = alone("WHR")
    assert effect.amount("heat") == pytest.approx(0.75 * 40_000)
    assert effect.amount("electricity") == 0.0
    assert effect.saved["heat"].low < effect.amount("heat") < effect.saved["heat"].high


@pytest.mark.parametrize(("mpa", "kelvin"), [(0.1, 372.755918611), (1.0, 453.035632391), (10.0, 584.149487998)])
def test_water_boils_where_the_release_prints_it(mpa, kelvin):
    """IAPWS R7-97, table 36."""
    assert saturation_temperature_c(mpa) + 273.15 == pytest.approx(kelvin, abs=5e-9)


def test_a_steam_grade_may_be_a_gauge_pressure():
    by_pressure = alone("HP_STEAM", {**SITE, "steam_grade": {"pressure_mpa": 0.3, "heat_gj_per_year": 5e4}})
    assert by_pressure.size["cop"].value == pytest.approx(heat_pump_cop(50.0, saturation_temperature_c(0.401325)).value)
    with pytest.raises(InputError):
        saturation_temperature_c(30.0)


def test_a_roadmap_is_scored_by_three_methods():
    roadmap = assess(["LED", "GREEN_POWER", "WHR"], SITE, BASE, FACTORS)
    for method in ("location_based", "market_based", "zero_carbon_park"):
        total = sum(one.abatement.total_t(method) for one in roadmap.effects)
        assert roadmap.abatement_t(method) == pytest.approx(total)
    assert roadmap.abatement_t("market_based") > roadmap.abatement_t("location_based")
    assert assess(["LED"], SITE, BASE, AbatementFactors()).abatement_t() is None
    assert assess(["LED"], {}, BASE, FACTORS).abatement_t() == 0.0


def test_heat_that_is_not_bought_is_replaced_in_the_boilers_as_gas():
    base = Baseline(
        electricity_kwh=1e7, natural_gas_nm3=1e6, gas_ncv_gj_per_nm3=0.0389, boiler_gas_nm3=8e5, boiler_efficiency=0.9
    )
    effect = alone("WHR", base=base)
    heat = min(0.75 * 40_000, 8e5 * 0.0389 * 0.9)
    assert effect.amount("natural_gas") == pytest.approx(heat / 0.0389 / 0.9)
    assert effect.abatement.scope1_t == pytest.approx(effect.amount("natural_gas") * 2.16e-3)


def test_gas_that_may_not_be_in_boilers_is_not_replaced():
    assert Baseline(natural_gas_nm3=1e6, gas_ncv_gj_per_nm3=0.0389, boiler_efficiency=0.9).heat_demand_gj == 0.0


def test_an_electric_boiler_may_raise_emissions_and_says_so():
    effect = alone("EBOILER", {**SITE, "operating_hours_per_year": 6000.0})
    assert effect.amount("natural_gas") == pytest.approx(5e5)
    assert effect.abatement.scope1_t > 0 > effect.abatement.total_t("location_based")
    unknown = alone("EBOILER", base=Baseline(electricity_kwh=1e7, natural_gas_nm3=1e6))
    assert not unknown.computable
    assert "boiler_gas_nm3" in unknown.missing_inputs


def test_pv_is_sized_by_usable_roof_never_by_module_area():
    effect = alone("PV_ROOF")
    per_kw = parameter("PV_ROOF", "roof_area_per_kw_dc_tool").value
    assert effect.size["capacity_kw"].value == pytest.approx(25_000 / per_kw)
    assert per_kw > parameter("PV_ROOF", "module_area_per_kw_dc").value


def test_pv_feeds_the_load_first_and_never_nets_what_it_exports():
    day = pd.Series(np.where((HOURS.hour >= 8) & (HOURS.hour < 12), 2000.0, 0.0), HOURS)
    base = Baseline(electricity_kwh=float(day.sum()), load_kw=day)
    effect = alone("PV_ROOF", base=base)
    own, out = effect.amount("electricity"), effect.amount("electricity_export")
    assert own + out == pytest.approx(effect.size["energy_kwh"].value)
    assert 0 < own < out
    assert effect.abatement.scope2_location_t == pytest.approx(own * 5e-4)
    shut = alone("PV_ROOF", {**SITE, "grid_headroom_kw": 0.0}, base)
    assert shut.amount("electricity_export") == 0.0


def test_pv_without_a_load_curve_compares_with_a_constant_one_and_says_so():
    effect = alone("PV_ROOF", base=Baseline(electricity_kwh=4e7))
    assert "load_profile" in {gap.missing for gap in effect.gaps}
    assert effect.amount("electricity") == pytest.approx(alone("PV_ROOF").amount("electricity"), rel=1e-6)


def test_a_gap_in_the_load_is_no_own_use():
    holed = BASE.load_kw.copy()
    holed.iloc[:4380] = np.nan
    effect = alone("PV_ROOF", base=Baseline(electricity_kwh=4e7, load_kw=holed))
    assert effect.amount("electricity") < alone("PV_ROOF").amount("electricity")
    assert "load_profile" in {gap.missing for gap in effect.gaps}


def test_green_power_moves_the_market_based_total_only():
    effect = alone("GREEN_POWER")
    assert effect.amount("green_electricity") == pytest.approx(2e7)
    assert effect.abatement.scope2_location_t == 0.0
    assert effect.abatement.scope2_market_t == pytest.approx(2e7 * 6e-4)
    assert effect.abatement.zero_carbon_park_t == pytest.approx(2e7 * 8.325e-4)
    too_much = alone("GREEN_POWER", {**SITE, "green_power_contract": {"energy_kwh": 9e7}})
    assert too_much.amount("green_electricity") == 4e7


def test_a_battery_saves_on_the_bill_and_uses_energy():
    effect = battery_effect(
        Bill(9.0e6), Bill(8.5e6, wear_cny=1e5), charged_kwh=1e6, discharged_kwh=9e5, capacity_kwh=4000, power_kw=2000,
        factors=FACTORS,
    )  # fmt: skip
    assert effect.other_saving_cny_per_year == pytest.approx(6e5)  # wear is no payment
    assert effect.amount("electricity") == pytest.approx(-1e5)
    assert effect.abatement.scope2_location_t == pytest.approx(-50.0)
    assert effect.billed
    priced = invest(effect, {"capex": {"BESS": {"cny_per_kwh": 900, "cny_per_kw": 100}}}).investment
    assert priced.capex_cny == 900 * 4000 + 100 * 2000
    assert priced.electricity_kwh_per_year == 0.0  # already in the bill
    assert priced.saving_cny_per_year == pytest.approx(6e5)


def test_a_roof_saves_on_the_bill_what_the_hours_it_meets_cost():
    """Noon at 0.3, all else at 0.9 CNY/kWh, and 1000 CNY per kW of the year's peak."""
    price = pd.Series(np.where((HOURS.hour >= 10) & (HOURS.hour < 14), 0.3, 0.9), HOURS)

    def bill(load):
        charge = float((load * price).sum())
        return Bill(charge + 1000.0 * float(load.max()), energy_cny=charge)

    roadmap = assess(["PV_ROOF"], SITE, BASE, FACTORS, bill=bill)
    roof, left = roadmap.get("PV_ROOF"), roadmap.left.load_kw
    hourly = BASE.load_kw - left
    assert roof.billed
    assert roof.energy_charge_cny_per_year == pytest.approx(float((hourly * price).sum()))
    assert 0.3 < roof.energy_charge_cny_per_year / roof.amount("electricity") < 0.9
    peak_cny = 1000.0 * (BASE.load_kw.max() - left.max())
    assert roof.other_saving_cny_per_year == pytest.approx(roof.energy_charge_cny_per_year + peak_cny)
    priced = invest(roof, {}, billed_at_cny_per_kwh=0.7).investment
    assert priced.electricity_kwh_per_year == 0.0
    assert priced.energy_charge_cny_per_year == roof.energy_charge_cny_per_year
    assert priced.electricity_export_kwh_per_year == roof.amount("electricity_export")
    fixed = invest(roof, {}).investment
    assert fixed.saving_cny_per_year == roof.other_saving_cny_per_year


def test_without_a_bill_or_a_load_curve_a_roof_is_priced_flat():
    assert not alone("PV_ROOF").billed
    curveless = assess(["PV_ROOF"], SITE, replace(BASE, load_kw=None), FACTORS, bill=lambda _: Bill(0.0))
    assert not curveless.get("PV_ROOF").billed


def test_hourly_factors_may_make_a_battery_abate():
    effect = battery_effect(
        Bill(1.0), Bill(0.0), charged_kwh=100.0, discharged_kwh=90.0, capacity_kwh=1.0, power_kw=1.0, factors=FACTORS,
        emissions_saved_t=12.0, life_years=10,
    )  # fmt: skip
    assert effect.abatement.scope2_location_t == 12.0
    assert effect.life_years == 10


def test_a_battery_that_makes_energy_is_refused():
    with pytest.raises(InputError, match="cannot give more"):
        battery_effect(
            Bill(1), Bill(0), charged_kwh=90, discharged_kwh=100, capacity_kwh=1, power_kw=1, factors=FACTORS
        )


def test_a_battery_is_composed_by_the_caller_on_what_is_left():
    seen = {}

    def dispatch(left):
        seen["kwh"] = left.electricity_kwh
        return battery_effect(
            Bill(2), Bill(1), charged_kwh=10, discharged_kwh=9, capacity_kwh=5, power_kw=2, factors=FACTORS
        )

    roadmap = assess(["BESS", "MOTOR", "PV_ROOF"], SITE, BASE, FACTORS, dispatch={"BESS": dispatch})
    assert [one.id for one in roadmap.effects] == ["MOTOR", "PV_ROOF", "BESS"]
    saved = roadmap.get("MOTOR").amount("electricity") + roadmap.get("PV_ROOF").amount("electricity")
    assert seen["kwh"] == pytest.approx(4e7 - saved)
    assert not assess(["BESS"], SITE, BASE, FACTORS).effects[0].computable


def test_measures_that_share_a_baseline_save_less_together_than_the_sum():
    """A roadmap's measures are not simply added."""
    apart = {name: alone(name) for name in ("WHR", "HP_HOTWATER", "HP_STEAM")}
    together = assess(list(apart), SITE, BASE, FACTORS)
    assert together.get("HP_STEAM").amount("heat") < apart["HP_STEAM"].amount("heat")
    left_over = together.get("HP_HOTWATER").size["cop"].value
    assert left_over < apart["HP_HOTWATER"].size["cop"].value  # direct use took the warm end of the source


@settings(max_examples=25)
@given(st.permutations(ALL))
def test_the_order_in_which_measures_are_named_changes_nothing(order):
    assert assess(order, SITE, BASE, FACTORS).effects == _reference().effects


def _reference(cache={}):  # noqa: B006 -- one roadmap for all examples
    if not cache:
        cache["it"] = assess(ALL, SITE, BASE, FACTORS)
    return cache["it"]


@settings(max_examples=25)
@given(st.sets(st.sampled_from(ALL)), st.floats(0, 1e8), st.floats(0, 1e6), st.floats(0, 1e6))
def test_no_set_of_measures_saves_more_than_was_bought(chosen, power, gas, heat):
    base = Baseline(
        electricity_kwh=power,
        natural_gas_nm3=gas,
        heat_gj=heat,
        gas_ncv_gj_per_nm3=0.0389,
        boiler_gas_nm3=gas,
        boiler_efficiency=0.9,
    )
    site = {**SITE, "roof_area_m2": 5_000.0}
    roadmap = assess(chosen, site, base, FACTORS)
    used = sum(max(0.0, -one.amount("electricity")) for one in roadmap.effects)
    for carrier, bought in (("electricity", power + used), ("natural_gas", gas), ("heat", heat)):
        saved = sum(max(0.0, one.amount(carrier)) for one in roadmap.effects)
        assert saved <= bought * (1 + 1e-9) + 1e-6
    assert roadmap.left.electricity_kwh >= 0
    assert roadmap.left.waste_heat_gj >= 0


def test_the_abatement_is_energy_times_the_factors_given_never_a_percentage():
    """P3: doubling the grid factor doubles what an electricity measure avoids."""
    double = AbatementFactors(electricity_location_t_per_kwh=1e-3, electricity_market_t_per_kwh=6e-4)
    assert alone("LED", factors=double).abatement.scope2_location_t == pytest.approx(
        2 * alone("LED").abatement.scope2_location_t
    )
    assert alone("LED", factors=double).abatement.zero_carbon_park_t is None


def test_a_missing_factor_is_a_gap_and_no_abatement():
    effect = alone("WHR", factors=AbatementFactors())
    assert effect.computable
    assert effect.abatement is None
    assert "heat_t_per_gj" in {gap.missing for gap in effect.gaps}


def test_a_frozen_site_reads_like_a_plain_one():
    frozen = MappingProxyType({**SITE, "motor_list": tuple(MappingProxyType(row) for row in SITE["motor_list"])})
    assert alone("MOTOR", frozen) == alone("MOTOR")
    own = MappingProxyType({"capex": MappingProxyType({"MOTOR": MappingProxyType({"cny": 5e5})})})
    assert invest(alone("MOTOR"), own).investment.capex_cny == 5e5


def test_a_missing_input_leaves_the_effect_uncomputed_not_zero():
    for name in ALL:
        effect = alone(name, {})
        assert not effect.computable
        assert effect.saved == {}
        assert effect.abatement is None
        assert effect.missing_inputs
        assert effect.gaps


def test_every_default_used_is_stated_with_its_range():
    """P59."""
    bare = {"roof_area_m2": 1000.0, "latitude": 31.4, "longitude": 120.7}
    effect = alone("PV_ROOF", bare)
    stated = {item.name: item for item in effect.assumptions}
    assert {"roof_usable_share", "tilt_deg", "azimuth_deg"} <= set(stated)
    assert "0.2–0.8" in stated["roof_usable_share"].rationale
    assert "roof_usable_share" in {gap.missing for gap in effect.gaps}
    assert all(item.id.startswith("measure_parameters/") for item in effect.evidence)


@pytest.mark.parametrize(
    ("measure", "change", "field"),
    [
        ("MOTOR", {"motor_list": [{"rated_kw": 75, "poles": 4, "grade": 3}]}, "site.motor_list[0].hours"),
        ("MOTOR", {"motor_list": [{"rated_kw": 75, "hours": 6000}]}, "site.motor_list[0].grade"),
        ("MOTOR", {"motor_list": "many"}, "site.motor_list"),
        ("MOTOR", {"motor_list": ["one"]}, "site.motor_list[0]"),
        ("LED", {"lighting_list": [{"fixtures": -1, "watts_old": 1, "hours": 1}]}, "site.lighting_list[0].fixtures"),
        ("PV_ROOF", {"roof_usable_share": 1.5}, "site.roof_usable_share"),
        ("PV_ROOF", {"roof_area_m2": "large"}, "site.roof_area_m2"),
        ("GREEN_POWER", {"green_power_contract": {"share": 2.0}}, "site.green_power_contract.share"),
    ],
)
def test_impossible_site_data_are_refused_by_name(measure, change, field):
    with pytest.raises(InputError) as refused:
        alone(measure, {**SITE, **change})
    assert refused.value.field == field


@pytest.mark.parametrize("bad", [{"electricity_kwh": -1.0}, {"heat_gj": np.nan}, {"boiler_efficiency": 2.0}])
def test_an_impossible_baseline_is_refused(bad):
    with pytest.raises(InputError):
        Baseline(**bad)
    with pytest.raises(InputError):
        AbatementFactors(heat_t_per_gj=-1.0)


def test_a_cost_that_is_not_chinese_stays_a_gap_and_names_what_is_published():
    costed = invest(alone("HP_STEAM"))
    assert costed.investment.capex_cny is None
    gap = next(gap for gap in costed.gaps if gap.missing == "capex.HP_STEAM")
    assert gap.severity == "high"
    assert "EUR/kW_th（DK" in gap.workaround


def test_a_foreign_cost_is_converted_only_at_the_users_own_rate_and_stays_foreign():
    effect = alone("HP_STEAM")
    costed = invest(effect, cny_per_eur=8.0)
    rows = parameter("HP_STEAM", "capex_150c").value + parameter("HP_STEAM", "capex_indirect_150c").value
    assert costed.investment.capex_cny == pytest.approx(rows * effect.size["heat_kw"].value * 8.0)
    assert any("DK" in gap.impact for gap in costed.gaps)


def test_a_second_hand_chinese_cost_is_used_openly():
    effect = alone("PV_ROOF")
    costed = invest(effect, cny_per_eur=8.0)  # the Chinese row comes first all the same
    row = parameter("PV_ROOF", "capex_per_kw_dc_cn_cpia2024")
    assert costed.investment.capex_cny == pytest.approx(row.value * effect.size["capacity_kw"].value)
    assert "PV_ROOF.capex_per_kw_dc_cn_cpia2024" in {gap.missing for gap in costed.gaps}
    assert any(item.version == "secondary" for item in costed.evidence)


def test_the_users_own_cost_comes_first():
    effect = alone("PV_ROOF")
    kw = effect.size["capacity_kw"].value
    costed = invest(effect, {"capex": {"PV_ROOF": {"cny_per_kw": 3100}}, "opex": {"PV_ROOF": {"share_of_capex": 0.02}}})
    assert costed.investment.capex_cny == pytest.approx(3100 * kw)
    assert costed.investment.opex_cny_per_year == pytest.approx(62 * kw)
    assert costed.gaps == ()
    assert invest(effect, {"capex": {"PV_ROOF": 1e6}}).investment.capex_cny == 1e6


def test_a_price_per_size_of_what_cannot_be_sized_leaves_the_cost_unknown():
    effect = assess(["BESS"], SITE, BASE, FACTORS).effects[0]
    assert invest(effect, {"capex": {"BESS": {"cny_per_kwh": 900}}}).investment.capex_cny is None


@pytest.mark.parametrize("cost", ["much", {"eur": 5}, {"cny_per_kwh": 5}, {"cny": "5"}])
def test_a_cost_that_cannot_be_read_is_refused(cost):
    with pytest.raises(InputError, match="PV_ROOF"):
        invest(alone("PV_ROOF"), {"capex": {"PV_ROOF": cost}})


def test_a_contract_has_no_first_cost_and_its_premium_is_the_scenarios():
    costed = invest(alone("GREEN_POWER"), method="market_based")
    assert costed.investment.capex_cny == 0.0
    assert costed.investment.abatement_t_per_year == pytest.approx(2e7 * 6e-4)
    flow = Cashflow.build(
        costed.investment, ScenarioParams(green_power_premium_y_per_kwh=0.02, tax_rate=0.0, carbon_price_y_per_tco2=0.0)
    )
    assert flow.mac_cny_per_t == pytest.approx(0.02 / 6e-4)


def test_an_effect_becomes_a_cash_flow():
    costed = invest(alone("PV_ROOF"))
    flow = Cashflow.build(costed.investment, ScenarioParams(feed_in_price_y_per_kwh=0.3))
    assert flow.saving[1] == pytest.approx(costed.investment.electricity_kwh_per_year * 0.75)
    assert flow.saving[2] < flow.saving[1]  # modules age
    assert 0.1 < flow.lcoe_cny_per_kwh < 1.0


def test_boilers_of_unknown_heat_leave_heat_measures_uncomputed_not_zero():
    site = {
        "boiler_gas_nm3": 1e5,
        "boiler_efficiency": 0.9,
        "steam_grade": {"process_temperature_c": 120.0, "heat_gj_per_year": 2000.0},
        "waste_heat_profile": {"source_temperature_c": 90.0, "heat_gj_per_year": 5000.0, "hours_per_year": 7000.0},
        "operating_hours_per_year": 7000.0,
        "grid_headroom_kw": 2000.0,
    }
    factors = AbatementFactors(electricity_location_t_per_kwh=5e-4, electricity_market_t_per_kwh=5e-4)
    roadmap = assess(["WHR", "HP_STEAM"], site, Baseline(electricity_kwh=1e6, natural_gas_nm3=1e5), factors)
    for effect in roadmap.effects:
        assert not effect.computable
        assert "gas_ncv_gj_per_nm3" in effect.missing_inputs


def test_boilers_that_burn_more_gas_than_was_bought_are_a_gap_and_save_none():
    left = Baseline(natural_gas_nm3=10.0, boiler_gas_nm3=11.0, gas_ncv_gj_per_nm3=0.039, boiler_efficiency=0.9)
    assert left.unknown_boilers == ("natural_gas_nm3",)
    assert left.heat_demand_gj == 0.0
    roadmap = assess(
        "EBOILER", {"grid_headroom_kw": 500.0, "operating_hours_per_year": 7000.0}, left, AbatementFactors()
    )
    assert not roadmap.effects[0].computable


@pytest.mark.parametrize(
    "call",
    [
        lambda: Baseline(electricity_kwh="x"),
        lambda: Baseline(load_kw=pd.Series(1.0, pd.date_range("2025-01-01", periods=4, freq="h"))),
        lambda: assess("LED", None, Baseline(), AbatementFactors()),
        lambda: assess("LED", {}, Baseline(), None),
        lambda: heat_pump_cop(120.0, 40.0),
        lambda: Abatement().total_t("market"),
    ],
)
def test_what_is_typed_wrongly_is_refused(call):
    with pytest.raises(InputError):
        call()
