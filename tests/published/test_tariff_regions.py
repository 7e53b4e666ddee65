"""What a province's packaged rule says, and what it leaves open."""

import pandas as pd
import pytest

from carbonost.engines.energy import Tariff
from carbonost.errors import TariffError, UnknownRegionError
from carbonost.factors import table

GIVEN = {"flat_cny_per_kwh": 0.65, "floating_cny_per_kwh": 0.40}
REFUSED = {"CN-HA", "CN-HB", "CN-HE", "CN-LN", "CN-ZJ"}  # no ratio, or hours of some months only
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
    assert any("listed holidays" in gap for gap in tariff.gaps)


def test_an_old_rule_serves_its_own_years_only():
    with pytest.raises(TariffError, match="lack months"):
        Tariff.from_region("CN-ZJ", on="2026-05-01", **GIVEN)
    with pytest.raises(TariffError, match="ratio"):  # its hours are whole, its ratios are not packaged
        Tariff.from_region("CN-ZJ", on="2025-05-01", **GIVEN)
    printed = {"sharp": 1.2, "peak": 1.0, "flat": 0.65, "valley": 0.3}
    assert Tariff.from_region("CN-ZJ", on="2025-05-01", prices=printed).status == "superseded"


def test_a_city_takes_its_provinces_rule_and_an_unknown_place_is_refused():
    assert Tariff.from_region("320500", charge="demand", demand_cny_per_kw_month=38.0, **GIVEN).region == "CN-JS"
    with pytest.raises(UnknownRegionError, match="from_bands"):
        Tariff.from_region("CN-XZ", **GIVEN)
