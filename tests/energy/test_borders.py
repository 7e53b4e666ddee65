"""What is typed wrongly is refused at the border, by field and with a remedy, never by the solver (S31, S32)."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from carbonost.domain.tariff import DemandDiscount, PowerFactorRule
from carbonost.engines.energy import (
    Battery,
    Boiler,
    Case,
    Chp,
    EnergyOptimizer,
    EvFleet,
    FlexibleLoad,
    Grid,
    HeatPump,
    PvArray,
    Site,
    Tariff,
)
from carbonost.errors import InfeasibleError, InputError, TariffError

INDEX = pd.date_range("2025-06-02", periods=24, freq="h", tz="Asia/Shanghai")
LOAD = pd.Series(100.0, INDEX)
DAY = [
    {"band": "峰段", "start": "08:00", "end": "22:00"},
    {"band": "谷", "start": "00:00", "end": "08:00"},
    {"band": "valley", "start": "22:00", "end": "24:00"},
]
PRICES = {"高峰": 1.0, "低谷": 0.3, "深谷": 0.1}
SITE = Site(assets=[Battery(100.0, 50.0)])
OPT = EnergyOptimizer()
VISIT = {"arrival": INDEX[1], "departure": INDEX[5], "energy_kwh": 1.0, "power_kw": 1.0}


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Tariff.from_prices("abc"), "energy_cny_per_kwh"),
        (lambda: Tariff.from_prices(dict.fromkeys(range(24), "x")), "energy_cny_per_kwh"),
        (lambda: Tariff.from_prices(1.0, demand_cny_per_kw_month="x"), "demand_cny_per_kw_month"),
        (lambda: Tariff.from_prices(1.0, zone=None), "zone"),
        (lambda: Tariff.from_prices(1.0, demand_window_min="15"), "demand_window_min"),
        (lambda: Tariff.from_prices(1.0, valid_from="June"), "valid_from"),
        (lambda: Tariff.from_prices(1.0, valid_from="2025-06-01", valid_to="2025-05-01"), "valid_to"),
        (lambda: Tariff.from_prices(1.0, tax="perhaps"), "tax"),
        (lambda: Tariff.from_prices(1.0, power_factor=0.9), "power_factor"),
        (lambda: PowerFactorRule(((0.9, 0.0), (0.85, 2.0))), "power_factor.steps"),
        (lambda: PowerFactorRule("x"), "power_factor.steps"),
        (lambda: DemandDiscount(260.0, 90.0), "demand_discount.factor"),
        (lambda: DemandDiscount("x", 0.9), "demand_discount.kwh_per_kva_month"),
        (lambda: Tariff.from_bands(DAY, {**PRICES, "高峰": None}), "prices['高峰']"),
        (lambda: Tariff.from_bands(DAY, {**PRICES, "高峰": np.inf}), "prices['高峰']"),
        (lambda: Tariff.from_bands([1, 2], PRICES), "bands"),
        (lambda: Tariff.from_bands([{**DAY[0], "months": "x"}], PRICES), "months"),
        (lambda: Tariff.from_bands(DAY, PRICES, holidays="CN"), "holidays"),
        (lambda: Tariff.from_region("CN-JS", flat_cny_per_kwh=np.nan, floating_cny_per_kwh=0.3), "flat_cny_per_kwh"),
        (lambda: Tariff.from_region("CN-JS", on="2026-13-01"), "on"),
    ],
)
def test_a_tariff_of_wrong_types_is_refused_by_field(make, field):
    with pytest.raises(TariffError) as caught:
        make()
    assert caught.value.field == field


@pytest.mark.parametrize(
    "make",
    [
        lambda: Battery(1.0, 1.0, charge_efficiency="0.9"),
        lambda: Battery(1.0, 1.0, soc_min=None),
        lambda: Battery(1.0, 1.0, wear_cny_per_kwh="x"),
        lambda: Battery(1.0, 1.0, exclusive="no"),
        lambda: Chp(50.0, 0.4, 0.4, min_load="a"),
        lambda: Boiler("x"),
        lambda: HeatPump(10.0, cop="x"),
        lambda: EvFleet(None),
        lambda: EvFleet([1]),
        lambda: EvFleet([VISIT | {"arrival": "noon"}]),
        lambda: EvFleet([VISIT | {"energy_kwh": "a"}]),
        lambda: FlexibleLoad(10.0, 2.0, earliest="08:00"),
        lambda: Site(assets=Battery(1.0, 1.0)),
        lambda: Site(assets=[3]),
        lambda: Site(grid=None),
    ],
)
def test_an_asset_of_wrong_types_is_refused_by_field(make):
    with pytest.raises(InputError) as caught:
        make()
    assert caught.value.field


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("carbon_price_cny_per_t", "x"),
        ("carbon_cap_t", float("nan")),
        ("carbon_cap_t", -1.0),
        ("grid_kg_per_kwh", "x"),
        ("weight", "x"),
        ("time_limit_s", "x"),
        ("gas_kg_per_kwh", "x"),
        ("heat_kw", "x"),
    ],
)
def test_an_option_of_wrong_type_is_refused_by_name(option, value):
    options = {"grid_kg_per_kwh": 0.5} | {option: value}
    with pytest.raises(InputError) as caught:
        OPT.dispatch(SITE, LOAD, Tariff.from_prices(0.6), **options)
    assert caught.value.field == option


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (pd.DataFrame({"timestamp": INDEX, "load_kw": ["1,000"] * 24}), "'1,000' at 2025-06-02 00:00.*thousands"),
        (pd.DataFrame({"timestamp": ["2025-06-01 24:00"] * 24, "load_kw": 1.0}), "24:00 is 00:00 of the next day"),
        (pd.DataFrame({"timestamp": INDEX, "load_kwh": 1.0}), "load_kwh=…"),
    ],
)
def test_a_table_as_a_meter_writes_it_says_what_to_change(load, words):
    with pytest.raises(InputError, match=words):
        Tariff.from_prices(1.0).bill(load)


def test_what_is_no_site_or_tariff_says_so():
    with pytest.raises(InputError, match="is not a Tariff"):
        OPT.dispatch(SITE, LOAD, dict.fromkeys(range(24), 1.0))
    with pytest.raises(InputError, match="is not a Site"):
        OPT.dispatch(None, LOAD, Tariff.from_prices(1.0))


def test_the_grid_companies_words_for_bands_are_read():
    bill = Tariff.from_bands(DAY, PRICES).bill(LOAD)
    assert bill.energy_cny == pytest.approx(100.0 * (14 * 1.0 + 10 * 0.3))


def test_holidays_with_bands_of_their_own_are_listed_for_each_year_billed():
    bands = [*DAY, {"band": "deep_valley", "start": "10:00", "end": "16:00", "days": "holiday"}]
    with pytest.raises(TariffError, match="none of 2025 is listed"):
        Tariff.from_bands(bands, PRICES, holidays=[date(2024, 6, 10)]).bill(LOAD)
    listed = Tariff.from_bands(bands, PRICES, holidays=["2025-06-02"])
    assert listed.bill(LOAD).energy_cny == pytest.approx(100.0 * (8 * 1.0 + 10 * 0.3 + 6 * 0.1))


def test_a_charge_without_a_price_is_a_gap_not_a_free_demand():
    assert "fixed charge is not billed" in Tariff.from_prices(1.0, charge="demand").gaps[0]
    assert Tariff.from_prices(1.0, charge="demand", demand_cny_per_kw_month=40.0).gaps == ()


def test_a_plan_of_a_capacity_nobody_chose_is_refused():
    pv = PvArray(capacity_kw=None, profile=LOAD / 100, capacity_kw_max=50.0)
    for ask in (
        lambda: OPT.optimize_peak_shaving(LOAD, None, None, Tariff.from_prices(1.0)),
        lambda: OPT.dispatch(Site(assets=[pv]), LOAD, Tariff.from_prices(1.0)),
        lambda: OPT.pareto(Site(assets=[pv]), LOAD, Tariff.from_prices(1.0), grid_kg_per_kwh=0.5),
    ):
        with pytest.raises(InputError, match="has no capacity"):
            ask()


def test_a_front_without_emission_factors_is_refused():
    with pytest.raises(InputError, match="emission factors"):
        OPT.pareto(SITE, LOAD, Tariff.from_prices(1.0))


def test_a_park_without_a_plan_is_named():
    small = Case(Site(Grid(import_kw_max=10.0), [Battery(1.0, 1.0)]), LOAD, Tariff.from_prices(1.0))
    with pytest.raises(InfeasibleError) as caught:
        OPT.dispatch_many({"east": Case(SITE, LOAD, Tariff.from_prices(1.0)), "west": small})
    assert caught.value.__notes__ == ["park 'west'"]


def test_reactive_energy_without_a_rule_is_refused_not_ignored():
    with pytest.raises(InputError, match="PowerFactorRule"):
        Tariff.from_prices(1.0).bill(LOAD, reactive_kvarh=LOAD)
