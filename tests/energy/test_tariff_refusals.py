"""A tariff is made of what it says, or refused by field, value and remedy; nothing is read kindly (S32)."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from carbonost.domain.tariff import ContractRule, DemandDiscount, PowerFactorRule
from carbonost.engines.energy import Battery, EnergyOptimizer, Site, Tariff, best_contract_demand
from carbonost.errors import InputError, NaiveTimestampError, TariffError

INDEX = pd.date_range("2025-03-03", periods=24, freq="h", tz="Asia/Shanghai")
LOAD = pd.Series(100.0, INDEX)
HOURS = dict.fromkeys(range(24), 0.5)
DAY = {"band": "flat", "start": "00:00", "end": "24:00"}
WRONG = (
    True, np.True_, "0.5", b"1", float("nan"), float("inf"), 1j, Decimal("NaN"), [], {}, ..., timedelta(1),
    pd.NA, pd.NaT, np.array([1.0, 2.0]), pd.Series([1.0]),
)  # fmt: skip
NUMBERS = ("demand_cny_per_kw_month", "capacity_cny_per_kva_month", "transformer_kva", "contract_kw")
OTHERS = (
    "charge", "zone", "tax", "demand_window_min", "power_factor", "demand_discount", "contract_rule", "valid_from",
    "valid_to",
)  # fmt: skip


def refused(make):
    with pytest.raises(TariffError) as caught:
        make()
    assert caught.value.field
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("wrong", [*WRONG, None, [0.5, 0.6], np.full((24, 1), 0.5), [0.5] * 95, {0.5}], ids=repr)
def test_what_is_no_price_is_no_tariff(wrong):
    assert refused(lambda: Tariff.from_prices(wrong)).field == "energy_cny_per_kwh"
    if wrong is not None:
        assert refused(lambda: Tariff.from_prices(0.5, export_cny_per_kwh=wrong)).field == "export_cny_per_kwh"


@pytest.mark.parametrize("price", [0.5, 1, np.float64(0.5), np.float32(0.5), np.int64(1), Decimal("0.5"), -0.05])
def test_every_real_number_is_a_price_and_market_prices_fall_below_zero(price):
    whole = Tariff.from_prices(price).bill(LOAD).energy_cny
    assert whole == pytest.approx(2400 * float(price))
    assert Tariff.from_prices([price] * 96).bill(LOAD).energy_cny == whole
    assert Tariff.from_prices(dict.fromkeys(range(24), price)).bill(LOAD).energy_cny == whole
    assert Tariff.from_bands([DAY], {"flat": price}).bill(LOAD).energy_cny == whole


@pytest.mark.parametrize("wrong", [True, "x", None, float("nan"), 1j])
def test_the_hour_whose_price_is_none_is_told(wrong):
    assert "03:00" in str(refused(lambda: Tariff.from_prices(HOURS | {3: wrong})))
    assert "03:15" in str(refused(lambda: Tariff.from_prices([0.5] * 13 + [wrong] + [0.5] * 82)))
    prices = pd.Series([0.5] * 3 + [wrong] + [0.5] * 20, INDEX, dtype=object)
    assert "03:00" in str(refused(lambda: Tariff.from_prices(prices)))


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        (dict.fromkeys(range(23), 0.5), r"missing: \[23\]"),
        (HOURS | {24: 0.5}, r"not an hour of the day: \[24\]"),
        ({f"{hour}:00": 0.5 for hour in range(24)}, "not an hour of the day: \\['0:00'"),
        ({"8": 0.5, **HOURS}, "twice: 8"),
        (pd.Series(0.5, range(1, 25)), "not an hour of the day: \\[24"),
        ({True: 0.5, **{hour: 0.5 for hour in range(24) if hour != 1}}, "not an hour of the day: \\[True"),
        (pd.Series(0.5, [0, *range(24)]), "twice: 0"),
        (pd.Series(0.5, INDEX.astype(str)), "not an hour of the day"),
    ],
)
def test_hours_that_are_none_are_told(prices, words):
    with pytest.raises(TariffError, match=words):
        EnergyOptimizer().optimize_peak_shaving(LOAD, 100.0, 50.0, prices)


@pytest.mark.parametrize(
    ("index", "instant", "words"),
    [
        (INDEX[[0, 1, 1, 2]], "01:00", "doubled"),
        (INDEX[[0, 1, 3, 4]], "03:00", "gap"),
        (INDEX[[0, 1, 2, 5, 4, 6, 7]], "05:00", "gap"),
        (INDEX[::-1], "22:00", "order"),
        (INDEX[:1], "00:00", "two stamps"),
        (INDEX[:0], "none", "two stamps"),
    ],
)
def test_a_price_series_is_refused_at_its_first_bad_stamp(index, instant, words):
    error = refused(lambda: Tariff.from_prices(pd.Series(0.5, index)))
    assert words in error.problem
    assert instant in str(error.value)


def test_a_price_series_names_what_it_does_not_cover_and_stamps_without_a_zone():
    short = Tariff.from_prices(0.5, export_cny_per_kwh=pd.Series(0.5, INDEX[:12]))
    error = refused(lambda: short.bill(LOAD))
    assert (error.field, "12:00" in str(error.value)) == ("export_cny_per_kwh", True)
    with pytest.raises(NaiveTimestampError):
        Tariff.from_prices(pd.Series(0.5, INDEX.tz_localize(None)))
    assert refused(lambda: Tariff.from_prices(pd.Series(0.5, [*INDEX[:3], pd.NaT]))).row == 3


@pytest.mark.parametrize("name", [*NUMBERS, *OTHERS])
@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_field_of_the_wrong_kind_is_named(name, wrong):
    assert refused(lambda: Tariff.from_prices(0.5, **{name: wrong})).field == name


@pytest.mark.parametrize("name", ["gaps", "sources", "holidays"])
@pytest.mark.parametrize("wrong", ["abc", 7, None, True, [1], [pd.NaT], np.array(1.0)], ids=repr)
def test_a_list_that_is_none_is_named(name, wrong):
    assert refused(lambda: Tariff.from_prices(0.5, **{name: wrong})).field == name


@pytest.mark.parametrize("name", NUMBERS)
def test_negative_amounts_are_refused_and_decimals_are_numbers(name):
    assert refused(lambda: Tariff.from_prices(0.5, **{name: -1.0})).field == name
    priced = {"transformer_kva": 100.0, "charge": "energy_only", name: Decimal("12.5")}
    assert getattr(Tariff.from_prices(0.5, **priced), name) == 12.5


def test_a_misspelt_option_is_told_the_nearest():
    error = refused(lambda: Tariff.from_prices(0.5, demand_cny_per_kw=40.0))
    assert "demand_cny_per_kw_month" in str(error)
    assert refused(lambda: Tariff.from_bands([DAY], {"flat": 0.5}, price=1)).field == "price"
    given = {"flat_cny_per_kwh": 0.64, "floating_cny_per_kwh": 0.4}
    assert refused(lambda: Tariff.from_region("CN-JS", **given, demand_price=1)).field == "demand_price"


@pytest.mark.parametrize("window", [0, -15, 7.5, 0.5])
def test_a_demand_window_is_a_whole_number_of_minutes(window):
    assert refused(lambda: Tariff.from_prices(0.5, demand_window_min=window)).field == "demand_window_min"


@pytest.mark.parametrize(
    "bands", [*WRONG, None, "abc", [1], ["flat"], [{"band": "flat"}], [DAY | {"month": 1}]], ids=repr
)
def test_what_are_no_bands_is_refused(bands):
    refused(lambda: Tariff.from_bands(bands, {"flat": 0.5}))


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("band", None), ("band", 1), ("band", ""),
        *[("start", time) for time in (None, True, 8, "8", "7:5", "07:02", "25:00", "00:60")],
        *[("end", time) for time in (None, "24:01", "x")],
        *[("months", months) for months in ([], [0], [13], [1.5], [True], [None], ["x"], [1, 1], "1-12", 0.5, {})],
        *[("days", days) for days in ([], [7], [True], 1.5, "x", ["workday", "holiday"], ["2025-13-01"], [pd.NaT])],
        ("days", np.array(1.0)), ("days", [0, 0]),
    ],
)  # fmt: skip
def test_a_band_with_a_wrong_cell_is_refused_by_its_name(key, wrong):
    assert refused(lambda: Tariff.from_bands([DAY | {key: wrong}], {"flat": 0.5})).field in {key, "bands"}


@pytest.mark.parametrize(
    "prices",
    [
        *WRONG[:-1], None, {"flat": True}, {"flat": "x"}, {"flat": None}, {1: 0.5}, {13: {"flat": 0.5}},
        {1.5: {"flat": 0.5}}, {True: {"flat": 0.5}}, {1: {"flat": 0.5}, 2: 3}, {"flat": 0.5, 1: {"flat": 0.5}},
        {"flat": 0.5, "平": 0.6}, {1: {}}, {"peak": 0.5},
    ],
    ids=repr,
)  # fmt: skip
def test_band_prices_that_are_none_are_refused(prices):
    assert refused(lambda: Tariff.from_bands([DAY], prices)).field.startswith("prices")


def test_a_long_band_name_keeps_its_price():
    name = "the band of the second autumn"
    assert Tariff.from_bands([DAY | {"band": name}], {name: 0.5}).bill(LOAD).energy_cny == pytest.approx(1200.0)


@pytest.mark.parametrize(
    "make",
    [
        PowerFactorRule,
        lambda wrong: PowerFactorRule(((0.5, wrong),)),
        lambda wrong: DemandDiscount(wrong, 0.9),
        lambda wrong: DemandDiscount(260.0, wrong),
        lambda wrong: ContractRule(band=wrong, excess_factor=2.0),
        lambda wrong: ContractRule(band=1.05, excess_factor=wrong),
        lambda wrong: ContractRule(band=1.05, excess_factor=2.0, floor=wrong),
    ],
)
@pytest.mark.parametrize("wrong", [*WRONG, None], ids=repr)
def test_a_rule_of_what_is_no_number_is_refused(make, wrong):
    refused(lambda: make(wrong))


@pytest.mark.parametrize("steps", [((1.5, 0.0),), ((-0.1, 0.0),), ((0.9, 1.0), (0.8, 2.0)), ((0.9, 1.0, 2.0),), ()])
def test_power_factors_are_shares_in_order(steps):
    refused(lambda: PowerFactorRule(steps))


PRICED = Tariff.from_prices(0.5, power_factor=PowerFactorRule(((0.0, 5.0), (0.9, 0.0))), export_cny_per_kwh=0.4)
PROFILES = ("export_kw", "reactive_kvarh", "grid_kg_per_kwh")


def column(wrong):
    return pd.Series([100.0] * 5 + [wrong] + [100.0] * 18, INDEX, dtype=object)


@pytest.mark.parametrize("wrong", [True, np.True_, "100", "1,000", b"1", 1j, {}, [1.0], 1e300, None, pd.NA, -1.0])
@pytest.mark.parametrize("name", ["load", "load_kwh", *PROFILES])
def test_a_bill_names_the_first_instant_that_is_no_power(name, wrong):
    given = {"load": None} if name == "load_kwh" else {"load": LOAD}
    with pytest.raises(InputError) as caught:
        PRICED.bill(**given | {name: column(wrong)})
    assert caught.value.field == ("load" if name == "load_kwh" else name)
    assert "05:00" in str(caught.value.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "wrong", [True, "x", 1j, pd.Series([True] * 24, INDEX), LOAD.astype(str), LOAD + 1j, LOAD[:20]]
)
@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_of_another_kind_is_no_profile(name, wrong):
    with pytest.raises(InputError) as caught:
        PRICED.bill(LOAD, **{name: wrong})
    assert caught.value.field == name


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_on_other_labels_is_not_laid_on_the_load(name):
    other = pd.Series(1.0, pd.period_range("2020-01-01", periods=24, freq="h"))
    with pytest.raises(InputError, match="not indexed by instants"):
        PRICED.bill(LOAD, **{name: other})
    PRICED.bill(LOAD, **{name: np.ones(24)})  # an array has no labels


@pytest.mark.parametrize("wrong", [True, "50", -1.0, float("nan"), float("inf"), 1j, None, [50.0], pd.NA])
def test_a_carbon_price_that_is_none_is_refused(wrong):
    assert refused(lambda: PRICED.bill(LOAD, carbon_price_cny_per_t=wrong, grid_kg_per_kwh=0.5))


def test_a_carbon_price_without_factors_is_not_billed_as_nothing():
    with pytest.raises(InputError, match="emission factors") as caught:
        PRICED.bill(LOAD, carbon_price_cny_per_t=80.0)
    assert caught.value.field == "grid_kg_per_kwh"
    assert PRICED.bill(LOAD, carbon_price_cny_per_t=80.0, grid_kg_per_kwh=0.5).carbon_cny == pytest.approx(96.0)


@pytest.mark.parametrize("wrong", [True, "2025-03-03", None, 5, list(INDEX), INDEX.to_series(), ...], ids=repr)
def test_what_are_no_instants_have_no_price(wrong):
    for ask in (lambda: PRICED.prices(wrong, 0.25), lambda: PRICED.bands(wrong)):
        assert refused(ask).field == "starts"


def test_instants_without_zone_or_with_holes_have_no_price_and_none_cost_nothing():
    with pytest.raises(NaiveTimestampError):
        PRICED.prices(INDEX.tz_localize(None), 0.25)
    assert refused(lambda: PRICED.prices(INDEX[:3].insert(1, pd.NaT), 0.25)).row == 1
    assert PRICED.prices(INDEX[:0], 0.25).size == 0
    assert Tariff.from_prices(0.5, valid_from="2025-01-01").prices(INDEX[:0], 0.25).size == 0


@pytest.mark.parametrize("wrong", [True, "1", None, 0, -1.0, float("nan"), float("inf"), 1j, [1.0]])
def test_an_interval_has_a_length(wrong):
    assert refused(lambda: PRICED.prices(INDEX, wrong)).field == "hours"


@pytest.mark.parametrize("wrong", [*WRONG[:-1], {"a": 1}], ids=repr)
def test_a_contract_is_chosen_by_a_rule_and_amounts(wrong):
    for name in ("rule", "floor_kw"):
        with pytest.raises(InputError) as caught:
            best_contract_demand([480.0, 600.0], None, 40.0, **{name: wrong})
        assert caught.value.field == name
        assert caught.value.remedy


@pytest.mark.parametrize("wrong", [True, "x", None, 5, [1, 2], {}, ...], ids=repr)
def test_scenarios_are_loads_by_name(wrong):
    with pytest.raises(InputError) as caught:
        EnergyOptimizer().dispatch_scenarios(Site(assets=[Battery(100.0, 50.0)]), wrong, PRICED)
    assert caught.value.field == "loads"


def test_a_battery_has_no_field_it_has_not():
    with pytest.raises(InputError, match="soc_min") as caught:
        EnergyOptimizer().optimize_peak_shaving(LOAD, 100.0, 50.0, HOURS, soc_minimum=0.1)
    assert caught.value.field == "soc_minimum"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"charge": "energy_only", "demand_cny_per_kw_month": 40.0}, "demand_cny_per_kw_month is given"),
        ({"charge": "capacity", "demand_cny_per_kw_month": 40.0}, "demand_cny_per_kw_month is given"),
        ({"charge": "demand", "demand_cny_per_kw_month": 40.0}, "capacity_cny_per_kva_month is given"),
        ({"contract_kw": 90.0, "demand_discount": DemandDiscount(260.0, 0.9)}, "not applied to a contract"),
        ({"charge": "demand", "capacity_cny_per_kva_month": 0.0}, "not billed"),
    ],
)
def test_what_is_given_and_not_billed_is_a_gap(given, words):
    options = {"transformer_kva": 100.0, "capacity_cny_per_kva_month": 22.6, **given}
    assert any(words in gap for gap in Tariff.from_prices(0.5, **options).gaps)
    assert Tariff.from_prices(0.5, demand_cny_per_kw_month=40.0).gaps == ()
