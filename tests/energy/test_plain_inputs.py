"""What users have at hand, a table's columns, a file's keys, a database's numbers, is read as what it plainly says."""

from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.energy import Battery, EnergyOptimizer, Grid, Site, Tariff

INDEX = pd.date_range("2025-07-01", periods=96, freq="15min", tz="Asia/Shanghai")
LOAD = pd.Series(np.linspace(300.0, 500.0, 96), INDEX)
DAY = [0.25] * 8 + [1.0] * 12 + [0.5] * 4
HOURS = dict(enumerate(DAY))
BANDS = [{"band": "valley", "start": "00:00", "end": "08:00"}, {"band": "peak", "start": "08:00", "end": "24:00"}]
PRICES = {"valley": 0.25, "peak": 1.0}


@pytest.mark.parametrize(
    "prices",
    [
        {str(hour): price for hour, price in HOURS.items()},
        {f"{hour:02d}": price for hour, price in HOURS.items()},
        {np.int64(hour): np.float32(price) for hour, price in HOURS.items()},
        {hour: Fraction(price) for hour, price in HOURS.items()},
        {hour: Decimal(str(price)) for hour, price in HOURS.items()},
        pd.Series(HOURS),
        pd.Series(np.repeat(DAY, 4)),
        np.repeat(np.float32(DAY), 2),
        tuple(DAY),
    ],
)
def test_a_day_of_prices_is_read_however_it_is_kept(prices):
    assert Tariff.from_prices(prices) == Tariff.from_prices(HOURS)


@pytest.mark.parametrize(
    ("bands", "prices"),
    [
        (pd.DataFrame(BANDS).assign(months=np.nan, days=None).to_dict("records"), PRICES),
        ([BANDS[0] | {"start": time(0)}, BANDS[1] | {"start": "08:00:00"}], PRICES),
        (BANDS, pd.Series(PRICES)),
        (BANDS, {str(month): PRICES for month in range(1, 13)}),
    ],
)
def test_bands_of_a_table_and_of_a_file_are_read(bands, prices):
    assert Tariff.from_bands(bands, prices) == Tariff.from_bands(BANDS, PRICES)


@pytest.mark.parametrize(
    "days",
    [
        ["2025-07-01"],
        ["2025-07-01 00:00:00"],
        {datetime(2025, 7, 1, 12)},  # noqa: DTZ001 -- a local day
        pd.DatetimeIndex(["2025-07-01"]),
        np.array(["2025-07-01"], dtype="datetime64[ns]"),
        pd.Series(pd.to_datetime(["2025-07-01"])),
        {date(2025, 7, 1): "a holiday"},
    ],
)
def test_days_are_read_however_they_are_written(days):
    lower = {"band": "deep_valley", "start": "10:00", "end": "14:00"}
    made = Tariff.from_bands([*BANDS, lower | {"days": "holiday"}], PRICES | {"deep_valley": 0.1}, holidays=days)
    assert made.holidays == {date(2025, 7, 1)}
    single = Tariff.from_bands([*BANDS, lower | {"days": list(days)}], PRICES | {"deep_valley": 0.1})
    assert single.bill(LOAD) == made.bill(LOAD)


@pytest.mark.parametrize("kind", ["int32", "float32", "Int64", object])
def test_a_load_is_a_load_in_any_dtype(kind):
    whole = LOAD.round()
    assert Tariff.from_prices(0.5).bill(whole.astype(kind)).total_cny == pytest.approx(0.5 * whole.sum() / 4)


def test_points_of_a_front_are_counted_by_any_whole_number():
    site, tariff = Site(Grid(), [Battery(200.0, 100.0)]), Tariff.from_prices(HOURS)
    front = EnergyOptimizer().pareto(site, LOAD, tariff, points=np.int64(2), grid_kg_per_kwh=np.linspace(0.3, 0.6, 96))
    assert len(front.schedules) == 2


def test_printed_prices_of_a_region_may_differ_by_month():
    one = dict.fromkeys(("sharp", "peak", "flat", "valley", "deep_valley"), 0.5)
    by_month = {month: dict.fromkeys(one, 0.5 + month / 100) for month in range(1, 13)}
    made = Tariff.from_region("CN-JS", charge="demand", prices=by_month)
    assert made.bill(LOAD).energy_cny == pytest.approx(0.57 * LOAD.sum() / 4)
