"""What a province's packaged rule says, and what it leaves open."""

from datetime import date

import pandas as pd
import pytest

import carbonost.engines.energy.region as region_module
from carbonost.engines.energy import Tariff
from carbonost.errors import TariffError, UnknownRegionError
from carbonost.factors import table

GIVEN = {"flat_cny_per_kwh": 0.65, "floating_cny_per_kwh": 0.40}
REFUSED = {"CN-HA", "CN-HB", "CN-HE", "CN-LN"}  # no ratio, or hours of some months only
YEAR = pd.date_range("2025-01-01", "2026-01-01", freq="30min", inclusive="left", tz="Asia/Shanghai")


def at(tariff, stamp):
    return round(float(tariff.prices(pd.DatetimeIndex([pd.Timestamp(stamp, tz="Asia/Shanghai")]), 0.5)[0]), 4)


@pytest.mark.parametrize("region", sorted(set(table("tou_periods")["region"]) - REFUSED))
def test_every_packaged_rule_makes_a_year_of_prices_and_states_its_status(region):
    tariff = Tariff.from_region(region, charge="demand", demand_cny_per_kw_month=38.0, **GIVEN)
    prices = tariff.prices(YEAR, 0.5)
    assert len(prices) == 17520
    assert prices.min() > 0.25
    assert tariff.status == "secondary"
    assert any("confirm it against" in gap for gap in tariff.gaps)
    assert tariff.sources


@pytest.mark.parametrize("region", sorted(REFUSED))
def test_a_rule_with_holes_is_refused_and_says_what_to_give(region):
    with pytest.raises(TariffError, match=r"from_bands|printed band prices"):
        Tariff.from_region(region, **GIVEN)


def test_no_price_is_taken_from_second_hand_rows():
    with pytest.raises(TariffError, match="purchase price only") as caught:
        Tariff.from_region("CN-JS", on="2026-10-15")
    assert "flat_cny_per_kwh" in str(caught.value)
    with pytest.raises(TariffError, match="part of it floats"):
        Tariff.from_region("CN-JS", flat_cny_per_kwh=0.64)
    with pytest.raises(TariffError, match="add up"):
        Tariff.from_region("CN-JS", flat_cny_per_kwh=0.64, floating_cny_per_kwh=0.4, not_floating_cny_per_kwh=0.1)


def test_single_part_users_float_less_in_jiangsu_and_small_ones_least():
    peak = "2025-07-15 16:00"
    two_part = Tariff.from_region("CN-JS", charge="demand", demand_cny_per_kw_month=38.0, **GIVEN)
    single = Tariff.from_region("CN-JS", charge="energy_only", **GIVEN)
    small = Tariff.from_region("CN-JS", charge="energy_only", transformer_kva=80.0, **GIVEN)
    assert [at(t, peak) for t in (two_part, single, small)] == pytest.approx([0.25 + 0.4 * r for r in (1.8, 1.7, 1.6)])


def test_a_charge_that_is_not_stated_or_not_priced_is_a_gap():
    unstated = Tariff.from_region("CN-JS", **GIVEN)
    assert (unstated.charge, at(unstated, "2025-07-15 16:00")) == ("energy_only", 0.97)
    assert any("not stated" in gap for gap in unstated.gaps)
    unpriced = Tariff.from_region("CN-JS", charge="demand", **GIVEN)
    assert any("not billed" in gap for gap in unpriced.gaps)
    assert Tariff.from_region("CN-JS", demand_cny_per_kw_month=38.0, **GIVEN).charge == "demand"


def test_the_shandong_midday_is_a_deep_valley():
    tariff = Tariff.from_region("山东", charge="demand", demand_cny_per_kw_month=38.0, **GIVEN)
    noon = pd.DatetimeIndex(["2025-01-15 12:00"]).tz_localize("Asia/Shanghai")
    assert tariff.bands(noon) == ["deep_valley"]
    assert at(tariff, "2025-01-15 12:00") == pytest.approx(0.25 + 0.1 * 0.4)


def test_shanghai_floats_more_in_summer_and_winter():
    tariff = Tariff.from_region("CN-SH", charge="demand", demand_cny_per_kw_month=38.0, **GIVEN)
    summer, autumn = (tariff.prices(YEAR[YEAR.month == m], 0.5).max() for m in (8, 10))
    assert summer > autumn
    assert any("not applied without holidays" in gap for gap in tariff.gaps)


def test_an_old_rule_serves_its_own_days_only():
    with pytest.raises(TariffError, match="ratio"):  # its hours are whole, its ratios are not packaged
        Tariff.from_region("CN-ZJ", on="2026-06-30", **GIVEN)
    printed = {"sharp": 1.2, "peak": 1.0, "flat": 0.65, "valley": 0.3}
    assert Tariff.from_region("CN-ZJ", on="2025-05-01", prices=printed).status == "superseded"
    today = Tariff.from_region("CN-ZJ", on="2026-07-01", charge="demand", **GIVEN)
    assert "112" in today.sources[0]
    assert at(today, "2026-07-15 20:00") == pytest.approx(0.25 + 2.05 * 0.4)


def test_zhejiangs_ratios_lead_to_one_base_from_the_prices_its_source_works_out():
    rows = table("prices_and_costs")
    rows = rows[(rows.region == "CN-ZJ") & (rows.status == "illustrative")]
    flat, peak, valley = (rows.set_index("quantity")["value"][band] for band in ("flat", "peak", "valley"))
    assert (peak - flat) / 0.85 == pytest.approx((flat - valley) / 0.6, abs=2e-4)


@pytest.mark.parametrize(
    ("region", "on", "words"),
    [
        ("CN-JS", "2025-05-31", "from 2025-06-01"),
        ("CN-GD", "2021-09-30", "from 2021-10-01"),
        ("CN-AH", "2025-06-30", "from 2025-07-01"),
        ("CN-SD", "2024-12-31", "from 2025-01-01 to 2026-12-31"),
        ("CN-SD", "2027-01-01", "the hours announced for the year"),
        ("CN-SX", "2026-05-01", "then 晋发改商品发〔2026〕15号"),
        ("CN-YN", "2026-03-01", "then 云发改价格〔2026〕51号"),
        ("CN-TJ", "2020-12-31", "not before 2021"),
        ("CN-SX", "2019-01-01", "to 2026-04-30"),
    ],
)
def test_a_day_on_which_no_packaged_rule_held_is_refused(region, on, words):
    with pytest.raises(TariffError, match=words) as caught:
        Tariff.from_region(region, on=on, **GIVEN)
    assert (caught.value.field, caught.value.value) == ("on", on)
    assert "from_bands" in caught.value.remedy


@pytest.mark.parametrize("region", sorted(set(table("tou_periods")["region"]) - REFUSED))
def test_a_rule_says_from_when_it_holds_or_that_nobody_knows(region):
    gaps = Tariff.from_region(region, charge="demand", demand_cny_per_kw_month=38.0, **GIVEN).gaps
    assert any("in force" in gap or "came into force" in gap for gap in gaps)


def test_a_bill_of_days_on_which_the_rule_did_not_hold_says_so():
    load = pd.Series(1.0, pd.date_range("2025-05-31", periods=48, freq="h", tz="Asia/Shanghai"))
    jiangsu = Tariff.from_region("CN-JS", charge="demand", **GIVEN)
    assert any("from 2025-06-01: the load from 2025-05-31" in note for note in jiangsu.bill(load).notes)
    assert jiangsu.bill(load.iloc[24:]).notes == ()
    yunnan = Tariff.from_region("CN-YN", charge="demand", **GIVEN)
    later = load.set_axis(load.index + pd.Timedelta(days=365))
    assert any("to 2026-02-28: the load to 2026-06-01" in note for note in yunnan.bill(later).notes)


def test_a_day_after_an_undated_decree_is_billed_with_its_doubt():
    known = Tariff.from_region("CN-JS", on="2025-06-01", charge="demand", **GIVEN)
    assert [gap for gap in known.gaps if "force" in gap] == [
        "苏发改价格发〔2025〕426号 is in force from 2025-06-01: a load of other days is billed as if it held"
    ]
    doubtful = Tariff.from_region("CN-TJ", on="2022-06-01", charge="demand", **GIVEN)
    assert any("whether it held on 2022-06-01 is not known" in gap for gap in doubtful.gaps)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("不满1千伏", "<1kV"), ("0.4kV", "<1kV"), ("1-10千伏", "1-10kV"), ("1～10 kV", "1-10kV"), ("10KV", "1-10kV"),
        ("1-10(20)kV", "1-10kV"), ("20千伏", "20kV"), ("35kV", "35kV"), ("35千伏", "35kV"), ("110千伏", "110kV"),
        ("220千伏及以上", "220kV"), ("≥220kV", "220kV"),
    ],
)  # fmt: skip
def test_a_voltage_is_one_of_the_published_classes_and_kept(written, read):
    assert Tariff.from_region("CN-JS", written, charge="demand", **GIVEN).voltage == read


@pytest.mark.parametrize("wrong", ["", "high", "15kV", "kV", 10, None, True, ["35kV"]])
def test_a_voltage_that_is_no_class_is_refused(wrong):
    with pytest.raises(TariffError, match="220千伏及以上") as caught:
        Tariff.from_region("CN-JS", wrong, charge="demand", **GIVEN)
    assert caught.value.field == "voltage"


def test_beijings_low_voltage_users_have_ratios_of_their_own():
    low, high = (Tariff.from_region("CN-BJ", v, charge="energy_only", **GIVEN) for v in ("不满1千伏", "10kV"))
    peak = "2025-04-15 10:30"
    assert [at(t, peak) for t in (low, high)] == pytest.approx([0.25 + 0.4 * r for r in (1.71, 1.8)])


def test_prices_that_were_read_serve_their_own_voltage_and_area_alone(monkeypatch):
    rows = table("prices_and_costs")
    rows.loc[rows["region"].isin(["CN-JS", "CN-GD"]), "status"] = "read"
    monkeypatch.setattr(region_module, "table", lambda name: rows if name == "prices_and_costs" else table(name))
    assert at(Tariff.from_region("CN-JS", on="2026-10-15", charge="demand"), "2026-10-15 16:00") == 0.9566
    for place, voltage, on in (("CN-JS", "35kV", "2026-10-15"), ("CN-GD", "1-10kV", "2026-09-15")):
        with pytest.raises(TariffError, match="is not known"):  # Guangdong's are those of one price area
            Tariff.from_region(place, voltage, on=on, charge="demand")


def test_a_notices_prices_are_billed_as_printed_and_others_are_not_rounded():
    hour = pd.Series(100.0, pd.date_range("2026-10-15 16:00", periods=4, freq="15min", tz="Asia/Shanghai"))
    printed = Tariff.from_region(
        "CN-JS", on="2026-10-15", charge="demand", flat_cny_per_kwh=0.64, floating_cny_per_kwh=0.3957
    )
    assert printed.bill(hour).energy_cny == pytest.approx(95.66, abs=1e-9)  # 0.95656 is printed as 0.9566
    untaxed = Tariff.from_region(
        "CN-JS", charge="demand", flat_cny_per_kwh=0.64 / 1.13, floating_cny_per_kwh=0.3957 / 1.13, tax="excluded"
    )
    assert untaxed.bill(hour).energy_cny == pytest.approx(95.656 / 1.13, abs=1e-9)


@pytest.mark.parametrize("name", ["region", "status", "gaps", "sources"])
def test_what_comes_with_the_rows_is_not_given(name):
    with pytest.raises((TariffError, TypeError), match=r"comes with|multiple values"):
        Tariff.from_region("CN-JS", **{name: "x"}, **GIVEN)


@pytest.mark.parametrize("wrong", [True, "0.4", float("nan"), -0.1, [0.4], pd.NA])
@pytest.mark.parametrize("name", ["flat", "floating", "not_floating"])
def test_a_part_of_the_price_that_is_none_is_refused(name, wrong):
    with pytest.raises(TariffError) as caught:
        Tariff.from_region("CN-JS", charge="demand", **{"flat_cny_per_kwh": 0.65, f"{name}_cny_per_kwh": wrong})
    assert caught.value.field == f"{name}_cny_per_kwh"


@pytest.mark.parametrize("wrong", [None, 5, ["CN-JS"], {}, ""])
def test_what_is_no_region_is_refused(wrong):
    with pytest.raises(UnknownRegionError):
        Tariff.from_region(wrong, **GIVEN)


def test_a_city_takes_its_provinces_rule_and_an_unknown_place_is_refused():
    assert Tariff.from_region("320500", charge="demand", demand_cny_per_kw_month=38.0, **GIVEN).region == "CN-JS"
    with pytest.raises(UnknownRegionError, match="from_bands"):
        Tariff.from_region("CN-XZ", **GIVEN)


@pytest.mark.parametrize(
    ("region", "stamp", "peak"), [("CN-SC", "2026-07-15 13:00", 1.6), ("CN-SX", "2026-01-15 18:30", 1.6)]
)
def test_the_sharp_hours_of_large_industry_are_everybody_elses_peak(region, stamp, peak):
    industry, other = (Tariff.from_region(region, charge=c, **GIVEN) for c in ("demand", "energy_only"))
    assert at(industry, stamp) == pytest.approx(0.25 + 0.4 * 1.2 * peak)
    assert at(other, stamp) == pytest.approx(0.25 + 0.4 * peak)
    assert set(other.bands(YEAR)) == {"peak", "flat", "valley"} == set(industry.bands(YEAR)) - {"sharp"}
    assert at(other, stamp[:11] + "03:00") == at(industry, stamp[:11] + "03:00")
    assert any("large industry (sharp)" in gap for gap in industry.gaps)
    assert not any("scope of the hours" in gap for gap in other.gaps)


HOT = [date(2026, 5, 20), date(2026, 8, 3)]  # in August the hours are sharp anyway
OCTOBER = [date(2026, 10, day) for day in range(1, 8)]


def test_guangdongs_hot_days_are_sharp_where_they_are_given():
    given = {"charge": "demand", "flat_cny_per_kwh": 0.6483, "not_floating_cny_per_kwh": 0.0277}
    usual, hot = (Tariff.from_region("CN-GD", **given, hot_days=days) for days in (None, HOT))
    for stamp in ("2026-05-20 11:30", "2026-05-20 16:30", "2026-08-03 15:00"):
        assert at(hot, stamp) == 1.3465
    assert at(usual, "2026-05-20 11:30") == at(hot, "2026-05-21 11:30") == at(hot, "2026-05-20 10:30") == 1.0827
    assert any("not applied without hot_days" in gap and "35 °C" in gap for gap in usual.gaps)
    assert any("applied to the hot_days given" in gap for gap in hot.gaps)
    none = Tariff.from_region("CN-GD", **given, hot_days=[])
    assert not any("hot_days" in gap for gap in none.gaps)
    assert at(none, "2026-05-20 11:30") == 1.0827


@pytest.mark.parametrize(
    ("region", "stamp", "ratio"),
    [
        ("CN-SH", "2026-10-01 23:00", 0.2),
        ("CN-AH", "2026-10-01 12:00", 0.382 * 0.8),
        ("CN-ZJ", "2026-10-01 09:00", 0.2),
    ],
)
def test_holidays_have_a_deep_valley_where_they_are_given(region, stamp, ratio):
    given = {**GIVEN, "charge": "demand"}
    usual, holiday = (Tariff.from_region(region, **given, holidays=days) for days in (None, OCTOBER))
    assert at(holiday, stamp) == pytest.approx(round(0.25 + 0.4 * ratio, 4)) != at(usual, stamp)
    assert at(holiday, stamp.replace("10-01", "10-09")) == at(usual, stamp)
    assert any("not applied without holidays" in gap for gap in usual.gaps)
    assert any("applied to the holidays given" in gap for gap in holiday.gaps)
    with pytest.raises(TariffError, match="none of 2027 is listed"):
        at(holiday, stamp.replace("2026", "2027"))


def test_days_a_rule_knows_nothing_of_are_not_taken_in_silence():
    with pytest.raises(TariffError, match="no hours of hot days") as caught:
        Tariff.from_region("CN-TJ", hot_days=HOT, **GIVEN)
    assert (caught.value.field, caught.value.value) == ("hot_days", "2026-05-20")
    idle = Tariff.from_region("CN-TJ", holidays=OCTOBER, **GIVEN)
    assert any("no hours of their own" in gap for gap in idle.gaps)


@pytest.mark.parametrize("name", ["hot_days", "holidays"])
@pytest.mark.parametrize("wrong", ["2026-10-01", 5, [5], [pd.NaT], True])
def test_days_that_are_no_dates_are_refused(name, wrong):
    with pytest.raises(TariffError) as caught:
        Tariff.from_region("CN-GD", **{name: wrong}, **GIVEN)
    assert caught.value.field == name
