"""A bill agrees to the fen with one worked instant by instant in decimal arithmetic (S32).

The reference below shares nothing with the engine but the rows it is given: it walks every five minutes of
UTC, asks the clock of the zone, and looks the band up row by row.
"""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from carbonost.domain.tariff import ContractRule, DemandDiscount, PowerFactorRule
from carbonost.engines.energy import Tariff

NAMES = ("sharp", "peak", "flat", "valley", "deep_valley")
ZONES = ("Asia/Shanghai", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
STARTS = (
    "02-27",
    "03-08",
    "03-28",
    "04-03",
    "07-12",
    "09-30",
    "10-24",
    "10-31",
    "12-29",
)  # leap days, clocks, holidays
STEPS = ((0.0, 15.0), (0.65, 7.5), (0.85, 2.5), (0.90, 0.0), (0.95, -0.75))
SLOT = timedelta(minutes=5)


def exact(value):
    return Decimal(repr(float(value)))


def clock(minutes):
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def rows_of_a_tariff(rng, year):
    seasons = rng.choice(([range(1, 13)], [(6, 7, 8, 12, 1, 2), (3, 4, 5, 9, 10, 11)]))
    weeks = rng.choice(([None], ["workday", "weekend"], [[0, 1, 2, 3, 4, 5], [6]]))
    rows = []
    for months in seasons:
        for days in weeks:
            edges = [0, *sorted(rng.sample(range(30, 1440, 30), rng.randint(1, 5))), 1440]
            rows += [
                {"band": rng.choice(NAMES), "start": clock(a), "end": clock(b), "months": months, "days": days}
                for a, b in pairwise(edges)
            ]
    holidays = [date(y, *day) for y in (year - 1, year, year + 1) for day in ((1, 1), (3, 30), (10, 1), (10, 26))]
    if rng.random() < 0.5:
        rows.append({"band": "deep_valley", "start": "11:00", "end": "15:00", "days": "holiday"})
    if rng.random() < 0.5:  # two of these days are holidays as well
        listed = [f"{year}-{day}" for day in ("03-30", "07-13", "10-01")]
        rows.append({"band": "sharp", "start": "09:30", "end": "11:00", "days": listed})
    return rows, holidays


def band_at(rows, holidays, local):
    def claims(row, kind):
        days = row["days"]
        if kind != "dated" and local.month not in row.get("months", range(1, 13)):
            return False
        if not row["start"] <= f"{local:%H:%M}" < row["end"]:
            return False
        weekday = 6 if local.date() in holidays else local.weekday()
        if kind == "dated":
            return isinstance(days, list) and str(local.date()) in days
        if kind == "holiday":
            return days == "holiday" and local.date() in holidays
        words = {"workday": range(5), "weekend": (5, 6), "holiday": ()}
        return days is None or weekday in (words[days] if isinstance(days, str) else days)

    return next(row["band"] for kind in ("dated", "holiday", "base") for row in rows if claims(row, kind))


def fixed_part(rng):
    price = round(rng.uniform(20, 50), 2)
    kva = rng.choice((10.0, 100.0, 315.0))
    return rng.choice(
        (
            {},
            {"demand_cny_per_kw_month": price},
            {
                "demand_cny_per_kw_month": price,
                "transformer_kva": kva,
                "demand_discount": DemandDiscount(100.0, 0.9),
            },
            {
                "demand_cny_per_kw_month": price,
                "contract_kw": round(rng.uniform(100, 900), 1),
                "contract_rule": ContractRule(band=1.05, excess_factor=2.0),
            },
            {"capacity_cny_per_kva_month": price, "transformer_kva": kva},
        )
    )


def worked(tariff, rows, prices, holidays, index, step, kw, kvarh, exported):
    """The bill by month and term, walked instant by instant."""
    zone, hours = ZoneInfo(tariff.zone), Decimal(step) / 60
    out, active, reactive = defaultdict(Decimal), defaultdict(Decimal), defaultdict(Decimal)
    windows = {}
    for at, power, react, sold in zip(index.tz_convert("UTC"), kw, kvarh, exported, strict=True):
        instant = at.to_pydatetime()
        month = f"{instant.astimezone(zone):%Y-%m}"
        parts = [prices[band_at(rows, holidays, (instant + k * SLOT).astimezone(zone))] for k in range(step // 5)]
        out[month, "energy"] += exact(power) * hours * sum(map(exact, parts)) / len(parts)
        out[month, "export"] -= exact(sold) * hours * exact("0.4")
        active[month] += exact(power) * hours
        reactive[month] += exact(react)
        number = int(instant.timestamp()) // 60 // max(step, 15)
        windows.setdefault(number, (month, []))[1].append(exact(power))
    peaks = defaultdict(Decimal)
    for month, powers in windows.values():
        peaks[month] = max(peaks[month], sum(powers) / len(powers))
    for month, peak in peaks.items():
        price = exact(tariff.demand_cny_per_kw_month)
        if tariff.charge == "demand":
            earns = tariff.demand_discount and active[month] >= 100 * exact(tariff.transformer_kva)
            out[month, "demand"] = price * peak * (Decimal("0.9") if earns else 1)
        if tariff.charge == "contract":
            contract = exact(tariff.contract_kw)
            out[month, "demand"] = price * (contract + 2 * max(0, peak - Decimal("1.05") * contract))
        if tariff.charge == "capacity":
            out[month, "capacity"] = exact(tariff.capacity_cny_per_kva_month) * exact(tariff.transformer_kva)
        factor = active[month] / (active[month] ** 2 + reactive[month] ** 2).sqrt()
        percent = [exact(p) for level, p in STEPS if exact(level) <= factor][-1]
        base = sum(out[month, term] for term in ("energy", "demand", "capacity"))
        out[month, "power_factor"] = base * percent / 100
    return {key: value for key, value in out.items() if value}


@pytest.mark.parametrize("seed", range(40))
def test_a_bill_agrees_with_one_worked_in_decimals(seed):
    rng = random.Random(seed)  # noqa: S311 -- repeatable figures
    zone, year, step = rng.choice(ZONES), rng.choice((2023, 2024, 2025)), rng.choice((5, 15, 15, 30, 60, 60))
    begins = datetime.fromisoformat(f"{year}-{rng.choice(STARTS)}T{rng.choice(('00:00', '00:30', '05:20', '23:55'))}")
    index = pd.date_range(
        begins.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC), periods=rng.randint(20, 90) * 60 // step,
        freq=f"{step}min",
    ).tz_convert(rng.choice((zone, "UTC")))  # fmt: skip
    kw, kvarh, exported = ([round(rng.uniform(0.5, 900), 2) for _ in index] for _ in range(3))
    rows, holidays = rows_of_a_tariff(rng, year)
    prices = {name: round(rng.uniform(-0.1, 1.6), 4) for name in NAMES}
    tariff = Tariff.from_bands(
        rows, prices, holidays=holidays, zone=zone, export_cny_per_kwh=0.4, power_factor=PowerFactorRule(STEPS),
        demand_window_min=max(15, step), **fixed_part(rng),
    )  # fmt: skip
    ledger = tariff.bill(pd.Series(kw, index), reactive_kvarh=kvarh, export_kw=exported)
    billed = {(row.month, row.term): row.cny for row in ledger.to_frame().itertuples() if row.cny}
    by_hand = worked(tariff, rows, prices, holidays, index, step, kw, kvarh, exported)
    assert billed.keys() == by_hand.keys()
    assert billed == pytest.approx({key: float(value) for key, value in by_hand.items()}, rel=1e-11, abs=1e-7)


def test_a_listed_day_that_is_a_holiday_keeps_the_holidays_other_hours():
    rows = [
        {"band": "peak", "start": "00:00", "end": "24:00", "days": "workday"},
        {"band": "valley", "start": "00:00", "end": "24:00", "days": "weekend"},
        {"band": "deep_valley", "start": "11:00", "end": "15:00", "days": "holiday"},
        {"band": "sharp", "start": "12:00", "end": "13:00", "days": ["2025-10-01"]},  # a Wednesday
    ]
    prices = dict(zip(NAMES, (2.0, 1.0, 0.6, 0.3, 0.1), strict=True))
    tariff = Tariff.from_bands(rows, prices, holidays=[date(2025, 10, 1)])
    at = pd.DatetimeIndex([f"2025-10-01 {hour}" for hour in ("09:00", "11:00", "12:00")], tz="Asia/Shanghai")
    assert tariff.bands(at) == ["valley", "deep_valley", "sharp"]
    assert tariff.prices(at, 0.25).tolist() == [0.3, 0.1, 2.0]


def test_an_hour_over_midnight_or_a_change_of_the_clock_pays_what_its_minutes_cost():
    prices = {6: {"flat": 0.5}, 7: {"flat": 0.9}, **{m: {"flat": 0.1} for m in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12)}}
    flat = Tariff.from_bands([{"band": "flat", "start": "00:00", "end": "24:00"}], prices)
    over_midnight = pd.DatetimeIndex(["2025-06-30 23:30"], tz="Asia/Shanghai")
    assert flat.prices(over_midnight, 1.0).tolist() == pytest.approx([0.7])
    day = [0.0] * 2 + [1.0] * 2 + [9.0] * 20
    spring = Tariff.from_prices(day, zone="Europe/Berlin")
    at = pd.DatetimeIndex(["2025-03-30 01:30"], tz="Europe/Berlin")  # then it is 03:00
    assert spring.prices(at, 1.0).tolist() == pytest.approx([(0.0 + 1.0) / 2])
