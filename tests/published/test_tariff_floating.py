"""Two provinces' printed price sets follow from the floating rule, to the printed digit.

Jiangsu 2026-10 and Guangdong (Shantou price area) 2026-09, two-part 1-10 kV, as kept in the packaged price table.
"""

from decimal import ROUND_HALF_UP, Decimal

import pandas as pd
import pytest

from carbonost.engines.energy import Tariff
from carbonost.factors import table

DECIMALS = 4


def printed(region, area=""):
    rows = table("prices_and_costs")
    rows = rows[(rows.region == region) & (rows.area == area) & rows["product"].str.startswith("agency purchase")]
    return dict(zip(rows.quantity, rows.value, strict=True))


def at(tariff, stamp):
    return float(tariff.prices(pd.DatetimeIndex([pd.Timestamp(stamp, tz="Asia/Shanghai")]), 0.25)[0])


def test_jiangsus_peak_and_valley_float_on_the_purchase_price_alone():
    prices = printed("CN-JS")
    tariff = Tariff.from_region(
        "CN-JS", charge="demand", on="2026-10-15", flat_cny_per_kwh=prices["flat"], floating_cny_per_kwh=0.3957,
        demand_cny_per_kw_month=0.0,
    )  # fmt: skip
    assert round(at(tariff, "2026-10-15 16:00"), DECIMALS) == prices["peak"] == 0.9566
    assert round(at(tariff, "2026-10-15 11:00"), DECIMALS) == prices["valley"] == 0.3828
    assert round(at(tariff, "2026-10-15 22:30"), DECIMALS) == prices["flat"] == 0.6400


def test_multiplying_jiangsus_whole_price_would_be_wrong():
    prices = printed("CN-JS")
    assert round(1.8 * prices["flat"], DECIMALS) != prices["peak"]
    assert round(0.35 * prices["flat"], DECIMALS) != prices["valley"]


def test_guangdongs_price_floats_but_for_the_government_funds():
    prices = printed("CN-GD", "Shantou price area")
    tariff = Tariff.from_region(
        "CN-GD", charge="capacity", on="2026-09-15", flat_cny_per_kwh=prices["flat"],
        not_floating_cny_per_kwh=0.0277, capacity_cny_per_kva_month=0.0, transformer_kva=1000.0,
    )  # fmt: skip
    assert round(at(tariff, "2026-09-15 10:30"), DECIMALS) == prices["peak"] == 1.0827
    assert round(at(tariff, "2026-09-15 11:30"), DECIMALS) == prices["sharp"] == 1.3465
    assert round(at(tariff, "2026-09-15 03:00"), DECIMALS) == prices["valley"] == 0.2635
    assert round(at(tariff, "2026-09-15 09:00"), DECIMALS) == prices["flat"] == 0.6483


def test_each_printed_band_gives_back_the_same_part_that_does_not_float():
    flat, peak, valley, sharp = (printed("CN-GD", "Shantou price area")[b] for b in ("flat", "peak", "valley", "sharp"))
    for band, ratio in ((peak, 1.7), (valley, 0.38), (sharp, 1.7 * 1.25)):
        floating = (band - flat) / (ratio - 1)
        assert flat - floating == pytest.approx(0.0277, abs=3e-4)


def test_guangzhous_low_voltage_prices_of_2021_float_as_a_whole():
    """Five cities, general industry below 1 kV, 2021-10, annex of decree 331: all that is printed floats."""
    rows = table("prices_and_costs")
    rows = rows[(rows.area == "five cities") & (rows.date == "2021-10")]
    prices = dict(zip(rows.quantity, rows.value, strict=True))
    tariff = Tariff.from_region(
        "CN-GD", charge="energy_only", on="2021-10-15", flat_cny_per_kwh=prices["flat"], not_floating_cny_per_kwh=0.0
    )
    assert at(tariff, "2021-10-15 10:30") == pytest.approx(1.1433, abs=5.1e-5) == prices["peak"]
    assert at(tariff, "2021-10-15 03:00") == pytest.approx(0.2556, abs=5.1e-5) == prices["valley"]
    assert at(tariff, "2021-10-15 09:00") == prices["flat"] == 0.6725


@pytest.mark.parametrize(
    ("region", "area", "floating", "on"),
    [("CN-JS", "", "0.3957", "2026-10-15"), ("CN-GD", "Shantou price area", "0.6206", "2026-09-15")],
)
def test_each_half_hour_of_a_leap_year_costs_what_its_row_and_ratio_say(region, area, floating, on):
    """Each half hour's price, worked from the printed rows in decimals, and the bill of the year by month."""
    flat, part = Decimal(str(printed(region, area)["flat"])), Decimal(floating)
    ratios = {"flat": "1", **({"peak": "1.8", "valley": "0.35"} if region == "CN-JS" else {})}
    ratios |= {"peak": "1.7", "valley": "0.38", "sharp": "2.125"} if region == "CN-GD" else {}
    cost = {
        band: (flat - part + Decimal(k) * part).quantize(Decimal("0.0001"), ROUND_HALF_UP) for band, k in ratios.items()
    }
    hours = table("tou_periods").query("region == @region").to_dict("records")
    tariff = Tariff.from_region(
        region, on=on, charge="demand", flat_cny_per_kwh=float(flat), floating_cny_per_kwh=float(floating)
    )
    year = pd.date_range("2028-01-01", "2029-01-01", freq="30min", inclusive="left", tz="Asia/Shanghai")
    load = pd.Series(range(1, len(year) + 1), year)
    due = dict.fromkeys(sorted({f"{stamp:%Y-%m}" for stamp in year}), Decimal(0))
    for stamp, kw in load.items():
        clock = f"{stamp:%H:%M}"
        bands = [
            row["period"] for row in hours if stamp.month in spelt(row["months"]) and row["start"] <= clock < row["end"]
        ]
        assert len(bands) == 1
        due[f"{stamp:%Y-%m}"] += kw * cost[bands[0]] / 2
    billed = tariff.bill(load).to_frame().query("term == 'energy'").set_index("month")["cny"]
    assert billed.to_dict() == pytest.approx({month: float(cny) for month, cny in due.items()}, abs=0.005)


def spelt(months):
    """The months in a text such as "6-8,12,1-2"."""
    pieces = [piece.split("-") for piece in months.split(",")]
    return {month for piece in pieces for month in range(int(piece[0]), int(piece[-1]) + 1)}
