"""A load is billed to the fen: bands, two-part charges, local months, leap days and clock changes (S32)."""

import copy

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.domain.tariff import DemandDiscount, PowerFactorRule
from carbonost.engines.energy import ContractRule, Tariff, best_contract_demand, contract_rule
from carbonost.errors import InputError, TariffError
from carbonost.factors import table


def series(values, start, freq="h", zone="Asia/Shanghai"):
    values = np.asarray(values, dtype=float)
    return pd.Series(values, pd.date_range(start, periods=values.size, freq=freq, tz=zone))


DAY = [
    {"band": "valley", "start": "00:00", "end": "08:00"},
    {"band": "peak", "start": "08:00", "end": "11:00"},
    {"band": "flat", "start": "11:00", "end": "24:00"},
]
PRICES = {"valley": 0.3, "peak": 1.0, "flat": 0.6}


def test_each_hour_pays_the_price_of_its_band():
    ledger = Tariff.from_bands(DAY, PRICES).bill(series(np.full(24, 10.0), "2025-06-02"))
    assert ledger.energy_cny == pytest.approx(10 * (8 * 0.3 + 3 * 1.0 + 13 * 0.6))
    assert ledger.total_cny == ledger.energy_cny


def test_an_hour_that_spans_two_bands_pays_their_mean():
    bands = [{"band": "valley", "start": "00:00", "end": "07:30"}, {"band": "peak", "start": "07:30", "end": "24:00"}]
    ledger = Tariff.from_bands(bands, PRICES).bill(series([0.0, 8.0, 0.0], "2025-06-02 06:00"))
    assert ledger.energy_cny == pytest.approx(8 * (0.3 + 1.0) / 2)


def test_stamps_in_another_zone_are_billed_in_the_tariffs_local_time():
    local = series(np.arange(48.0), "2025-06-02")
    tariff = Tariff.from_bands(DAY, PRICES, demand_cny_per_kw_month=30.0)
    assert tariff.bill(local.tz_convert("UTC")).to_dict() == tariff.bill(local).to_dict()


def test_months_are_local_ones():
    load = series([100.0, 200.0], "2025-01-31 23:00")
    ledger = Tariff.from_prices(0.5, demand_cny_per_kw_month=40.0).bill(load)
    assert ledger.months == ("2025-01", "2025-02")
    demand = ledger.to_frame().query("term == 'demand'").cny.tolist()
    assert demand == pytest.approx([4000.0, 8000.0])


def test_a_leap_day_is_a_day():
    tariff = Tariff.from_bands(DAY, PRICES)
    whole = tariff.bill(series(np.ones(24 * 366), "2024-01-01"))
    assert whole.energy_cny == pytest.approx(366 * (8 * 0.3 + 3 * 1.0 + 13 * 0.6))


def test_a_day_of_25_hours_is_billed_for_25():
    berlin = Tariff.from_bands(DAY, PRICES, zone="Europe/Berlin")
    load = series(np.ones(25), "2025-10-26", zone="Europe/Berlin")
    assert berlin.bill(load).energy_cny == pytest.approx(9 * 0.3 + 3 * 1.0 + 13 * 0.6)
    assert berlin.bill(series(np.ones(23), "2025-03-30", zone="Europe/Berlin")).energy_cny == pytest.approx(
        7 * 0.3 + 3 * 1.0 + 13 * 0.6
    )


def test_seasons_weekdays_holidays_and_single_days_have_their_own_bands():
    bands = [
        {"band": "flat", "start": "00:00", "end": "24:00", "days": "workday"},
        {"band": "valley", "start": "00:00", "end": "24:00", "days": "weekend"},
        {"band": "deep_valley", "start": "11:00", "end": "15:00", "days": "holiday"},
        {"band": "sharp", "start": "10:00", "end": "12:00", "days": ["2025-07-01"]},
    ]
    tariff = Tariff.from_bands(
        bands, {**PRICES, "deep_valley": 0.1, "sharp": 2.0}, holidays=[pd.Timestamp("2025-10-01").date()]
    )
    stamps = ["2025-06-02 12:00", "2025-06-07 12:00", "2025-10-01 12:00", "2025-07-01 11:00", "2025-07-01 12:00"]
    at = pd.DatetimeIndex(stamps).tz_localize("Asia/Shanghai")
    assert tariff.bands(at) == ["flat", "valley", "deep_valley", "sharp", "flat"]
    assert tariff.prices(at, 0.25).tolist() == [0.6, 0.3, 0.1, 2.0, 0.6]


def test_prices_by_month_are_those_of_the_month():
    tariff = Tariff.from_bands(DAY, {6: PRICES, 7: {band: 2 * p for band, p in PRICES.items()}})
    june, july = (tariff.bill(series(np.ones(24), f"2025-0{m}-02")).energy_cny for m in (6, 7))
    assert july == pytest.approx(2 * june)
    with pytest.raises(TariffError, match="no price for this month"):
        tariff.bill(series(np.ones(24), "2025-08-02"))


def test_demand_is_the_highest_quarter_hour_even_where_meters_are_finer():
    load = series([0, 0, 90, 0, 0, 0], "2025-06-02", freq="5min")
    assert Tariff.from_prices(0.0, demand_cny_per_kw_month=10.0).bill(load).demand_cny == pytest.approx(300.0)


def test_an_hourly_bill_says_that_it_understates_the_demand():
    index = pd.date_range("2025-06-02", periods=96, freq="15min", tz="Asia/Shanghai")
    load = pd.Series(100.0, index)
    paid = Tariff.from_prices(1.0, demand_cny_per_kw_month=40.0)
    assert paid.bill(load).notes == ()
    hourly = paid.bill(load.resample("h").mean())
    assert "understated" in hourly.notes[0]
    assert "understated" in hourly._repr_html_()
    assert Tariff.from_prices(1.0).bill(load.resample("h").mean()).notes == ()


def test_a_contract_is_paid_in_full_and_its_excess_twice():
    tariff = Tariff.from_prices(0.0, demand_cny_per_kw_month=40.0, contract_kw=100.0)
    assert tariff.charge == "contract"
    for peak, due in ((50.0, 4000.0), (105.0, 4000.0), (115.0, 4000.0 + 10 * 80.0)):
        assert tariff.bill(series([peak, 1.0], "2025-06-02")).demand_cny == pytest.approx(due)


def test_a_contract_below_its_floor_is_refused():
    with pytest.raises(TariffError, match="400"):
        Tariff.from_prices(0.5, demand_cny_per_kw_month=40.0, contract_kw=399.0, transformer_kva=1000.0)


def test_a_contract_billed_by_a_second_hand_rule_says_so():
    tariff = Tariff.from_prices(0.5, demand_cny_per_kw_month=40.0, contract_kw=100.0)
    assert tariff.contract_rule == contract_rule()
    assert tariff.status == "secondary"
    assert any("1583" in gap for gap in tariff.gaps)
    assert any("1583" in source for source in tariff.sources)
    region = Tariff.from_region(
        "CN-JS", flat_cny_per_kwh=0.64, floating_cny_per_kwh=0.4, demand_cny_per_kw_month=40.0, contract_kw=100.0
    )
    assert any("1583" in gap for gap in region.gaps)
    assert any("426" in gap for gap in region.gaps)


def test_a_rule_the_caller_gives_is_the_callers():
    own = ContractRule(band=1.1, excess_factor=3.0, floor=0.2)
    tariff = Tariff.from_prices(
        0.0, demand_cny_per_kw_month=40.0, contract_kw=200.0, transformer_kva=1000.0, contract_rule=own
    )
    assert (tariff.status, tariff.gaps) == ("user", ())
    assert tariff.bill(series([230.0, 1.0], "2025-06-02")).demand_cny == pytest.approx(40 * (200 + 3 * 10))
    assert best_contract_demand([110.0], None, 40.0, rule=own) == pytest.approx((100.0, 4000.0))
    with pytest.raises(TariffError, match=r"contract_rule\.band"):
        ContractRule(band=0.9, excess_factor=2.0)


def test_no_tariff_takes_a_rule_from_memory():
    rules = table("tariff_rules")
    assert set(rules[rules["status"] == "recalled"]["rule"]) == {"demand_discount"}
    tariff = Tariff.from_prices(0.5, demand_cny_per_kw_month=40.0, transformer_kva=100.0)
    assert tariff.demand_discount is None
    with pytest.raises(TariffError, match="contract_rule"):
        Tariff(energy=tariff.energy, charge="contract", contract_kw=100.0)


def test_capacity_is_paid_for_every_month_touched():
    tariff = Tariff.from_prices(0.0, capacity_cny_per_kva_month=25.0, transformer_kva=400.0)
    assert tariff.bill(series([1.0, 1.0], "2025-01-31 23:00")).capacity_cny == pytest.approx(2 * 10_000.0)


def test_a_month_of_much_energy_per_kva_pays_less_for_demand():
    tariff = Tariff.from_prices(
        0.0, demand_cny_per_kw_month=40.0, transformer_kva=10.0, demand_discount=DemandDiscount(100.0, 0.9)
    )
    hours = np.full(24, 50.0)
    assert tariff.bill(series(hours, "2025-06-02")).demand_cny == pytest.approx(0.9 * 2000.0)
    assert tariff.bill(series(hours * 0.8, "2025-06-02")).demand_cny == pytest.approx(1600.0)


def test_a_poor_power_factor_raises_the_months_charges():
    rule = PowerFactorRule(((0.0, 15.0), (0.85, 2.5), (0.90, 0.0)))
    tariff = Tariff.from_prices(0.5, power_factor=rule)
    load = series(np.full(24, 80.0), "2025-06-02")
    ledger = tariff.bill(load, reactive_kvarh=np.full(24, 60.0))  # cos phi 0.8
    assert ledger.power_factor_cny == pytest.approx(0.15 * 24 * 80 * 0.5)
    assert tariff.bill(load, reactive_kvarh=np.zeros(24)).power_factor_cny == 0.0


def test_exported_energy_is_paid_for():
    tariff = Tariff.from_prices(0.5, export_cny_per_kwh=0.4)
    ledger = tariff.bill(series([0.0, 0.0], "2025-06-02"), export_kw=np.array([10.0, 20.0]))
    assert ledger.export_cny == pytest.approx(-12.0)


def test_a_market_price_is_read_on_its_own_clock():
    quarter = series([0.1, 0.3, 0.5, 0.7], "2025-06-02", freq="15min")
    tariff = Tariff.from_prices(pd.concat([quarter, quarter.set_axis(quarter.index + pd.Timedelta("1h"))]))
    assert tariff.bill(series([10.0, 20.0], "2025-06-02")).energy_cny == pytest.approx(30 * 0.4)
    with pytest.raises(TariffError, match="does not cover"):
        tariff.bill(series([10.0, 20.0, 30.0], "2025-06-02"))


def test_a_tariff_out_of_force_is_refused():
    tariff = Tariff.from_prices(0.5, valid_to=pd.Timestamp("2025-06-30").date())
    with pytest.raises(TariffError, match="in force"):
        tariff.bill(series([1.0, 1.0], "2025-07-01"))


def test_the_best_contract_weighs_the_standing_charge_against_the_excess():
    # the excess pays for itself while P(peak above the band) > 1 / (2 * 1.05)
    contract, cost = best_contract_demand([105.0, 210.0], [0.6, 0.4], 40.0)
    assert contract == pytest.approx(100.0)
    assert cost == pytest.approx(40 * (100 + 0.4 * 2 * 105))
    contract, cost = best_contract_demand([105.0, 210.0], [0.4, 0.6], 40.0)
    assert (contract, cost) == pytest.approx((200.0, 8000.0))
    with pytest.raises(InputError):
        best_contract_demand([1.0], [0.5], 40.0)


def test_the_best_contract_says_how_firm_its_rule_is():
    best = best_contract_demand([105.0, 210.0], [0.6, 0.4], 40.0)
    assert best.status == contract_rule().status == "secondary"
    assert contract_rule().document in best.gaps[0]
    assert best.evidence[0].note == contract_rule().document
    assert copy.copy(best).status == "secondary"  # as pickle does it
    assert "secondary" in repr(best)
    own = best_contract_demand([105.0], None, 40.0, rule=ContractRule(band=1.0, excess_factor=2.0))
    assert (own.status, own.gaps, own.evidence) == ("user", (), ())
    assert own.to_dict()["contract_kw"] == own[0] == 105.0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (([], None, 40.0), "peaks_kw"),
        ((["x"], None, 40.0), "peaks_kw"),
        (([1.0], ["x"], 40.0), "probabilities"),
        (([1.0], None, "x"), "price_cny_per_kw_month"),
    ],
)
def test_a_contract_is_not_chosen_from_what_is_no_number(arguments, field):
    with pytest.raises(InputError) as caught:
        best_contract_demand(*arguments)
    assert caught.value.field == field


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 71))
def test_splitting_a_load_into_two_keeps_the_energy_charge(seed, cut):
    rng = np.random.default_rng(seed)
    load = series(rng.uniform(0, 500, 72), "2025-12-30")
    tariff = Tariff.from_bands(DAY, PRICES)
    parts = [p for p in (load.iloc[:cut], load.iloc[cut:]) if len(p) > 1]
    if sum(map(len, parts)) == 72:
        assert sum(tariff.bill(p).energy_cny for p in parts) == pytest.approx(tariff.bill(load).energy_cny)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_hourly_and_quarter_hourly_bills_of_one_energy_agree_but_for_demand(seed):
    rng = np.random.default_rng(seed)
    quarter = series(rng.uniform(0, 500, 96), "2025-06-02", freq="15min")
    hourly = quarter.resample("h").mean()
    tariff = Tariff.from_bands(DAY, PRICES, demand_cny_per_kw_month=30.0)
    fine, coarse = tariff.bill(quarter), tariff.bill(hourly)
    assert fine.energy_cny == pytest.approx(coarse.energy_cny)
    assert fine.demand_cny >= coarse.demand_cny
