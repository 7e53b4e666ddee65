"""A tariff and its bill can be read, drawn, kept as files and compared (S32)."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from carbonost.domain.ledger import Ledger
from carbonost.domain.tariff import ContractRule, DemandDiscount, PowerFactorRule
from carbonost.engines.energy import Tariff
from carbonost.errors import InputError, TariffError

INDEX = pd.date_range("2025-06-30 12:00", periods=96, freq="15min", tz="Asia/Shanghai")
LOAD = pd.Series(np.arange(96.0) + 10.0, INDEX)
ROWS = [
    {"band": "valley", "start": "00:00", "end": "08:00", "months": [6, 7]},
    {"band": "peak", "start": "08:00", "end": "24:00", "months": [6, 7]},
    {"band": "flat", "start": "00:00", "end": "24:00", "months": [1, 2, 3, 4, 5, 8, 9, 10, 11, 12], "days": "workday"},
    {
        "band": "valley",
        "start": "00:00",
        "end": "24:00",
        "months": [1, 2, 3, 4, 5, 8, 9, 10, 11, 12],
        "days": "weekend",
    },
]
OVER = [
    {"band": "deep_valley", "start": "10:00", "end": "14:00", "days": "holiday"},
    {"band": "sharp", "start": "20:00", "end": "22:00", "days": ["2025-07-15", "2025-10-01"]},
]
PRICES = {"sharp": 1.5, "peak": 1.1, "flat": 0.65, "valley": 0.3, "deep_valley": 0.1}
FULL = {
    "transformer_kva": 400.0, "power_factor": PowerFactorRule(((0.0, 5.0), (0.9, 0.0))), "tax": "excluded",
    "export_cny_per_kwh": pd.Series(np.linspace(0.3, 0.4, 96), INDEX), "valid_from": date(2025, 6, 1),
}  # fmt: skip
TARIFFS = {
    "one price": lambda: Tariff.from_prices(0.5),
    "a day": lambda: Tariff.from_prices([0.3] * 32 + [1.0] * 64, capacity_cny_per_kva_month=22.6, transformer_kva=500),
    "a market": lambda: Tariff.from_prices(pd.Series(np.linspace(-0.1, 1.0, 96), INDEX)),
    "bands": lambda: Tariff.from_bands(ROWS, PRICES, demand_cny_per_kw_month=38.0, **FULL),
    "some months": lambda: Tariff.from_bands(ROWS, {6: PRICES}),
    "days of its own": lambda: Tariff.from_bands([*ROWS, *OVER], PRICES, holidays=[date(2025, 10, 1)]),
    "a contract": lambda: Tariff.from_bands(
        ROWS, PRICES, demand_cny_per_kw_month=38.0, contract_kw=60.0,
        contract_rule=ContractRule(band=1.05, excess_factor=2.0, document="x"),
    ),
    "a discount": lambda: Tariff.from_prices(
        0.5, demand_cny_per_kw_month=38.0, transformer_kva=1.0, demand_discount=DemandDiscount(260.0, 0.9)
    ),
    "a region": lambda: Tariff.from_region(
        "CN-GD", "35kV", charge="demand", demand_cny_per_kw_month=36.1, flat_cny_per_kwh=0.6483,
        not_floating_cny_per_kwh=0.0277,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TARIFFS)
def test_a_tariff_comes_back_from_json_and_equals_itself(name):
    tariff = TARIFFS[name]()
    back = Tariff.from_dict(json.loads(json.dumps(tariff.to_dict(), allow_nan=False)))
    assert back == tariff == TARIFFS[name]()
    assert hash(back) == hash(tariff)
    assert all(tariff != make() for other, make in TARIFFS.items() if other != name)
    if name not in {"some months", "days of its own"}:
        assert back.bill(LOAD) == tariff.bill(LOAD)


@pytest.mark.parametrize("name", TARIFFS)
def test_a_tariff_is_shown_short_and_as_a_table(name):
    tariff = TARIFFS[name]()
    assert len(repr(tariff)) < 250
    assert "array" not in repr(tariff)
    assert "<table" in tariff._repr_html_()
    assert tariff.to_frame()["cny_per_kwh"].dropna().between(-0.1, 1.5).all()


@pytest.mark.parametrize(
    "given", [{}, {"energy": 1}, {"energy": {"days": []}}, {"energy": None, "bogus": 1}, [1], None]
)
def test_what_no_tariff_wrote_is_refused(given):
    with pytest.raises(TariffError) as caught:
        Tariff.from_dict(given)
    assert caught.value.remedy


def test_the_table_names_months_days_and_single_dates():
    table = Tariff.from_bands([*ROWS, *OVER], PRICES, holidays=[date(2025, 10, 1)]).to_frame()
    assert {"workday", "weekend", "2025-07-15"} < set(table["days"])
    shown = table[(table["months"] == "6-7") & table["days"].str.contains("holiday|8")]
    assert "deep_valley" in set(shown["band"])
    day = table[table["days"] == "2025-07-15"]
    assert day[["band", "start", "end"]].to_numpy().tolist() == [
        ["valley", "00:00", "08:00"],
        ["peak", "08:00", "20:00"],
        ["sharp", "20:00", "22:00"],
        ["peak", "22:00", "24:00"],
    ]  # fmt: skip


@pytest.mark.parametrize("name", TARIFFS)
def test_a_tariff_is_drawn_over_months_and_hours(name, pyplot):
    axes = TARIFFS[name]().plot()
    axes.figure.canvas.draw()
    assert pyplot.gcf() is axes.figure
    assert axes.get_ylabel() in {"月份", "电价 [元/kWh]"}
    assert TARIFFS[name]().plot(language="en", days="weekend").get_ylabel() in {"month", "price [CNY/kWh]"}


def test_the_picture_names_each_band_with_its_price(pyplot):
    axes = TARIFFS["a region"]().plot()
    told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told == ["尖峰 1.3465", "高峰 1.0827", "平段 0.6483", "低谷 0.2635"]
    with pytest.raises(TariffError, match="workday"):
        TARIFFS["a region"]().plot(days="sunday")


@pytest.mark.parametrize("name", sorted(set(TARIFFS) - {"some months", "days of its own"}))
@pytest.mark.parametrize("freq", ["15min", "h"])
def test_the_lines_of_a_statement_add_up_to_the_bill(name, freq):
    tariff, load = TARIFFS[name](), LOAD.resample(freq).mean()
    ledger, lines = tariff.bill(load), tariff.statement(load, "en")
    total = lines["item"] == "total"
    by_month = lines[~total].groupby("month")["cny"].sum()
    assert lines[total].set_index("month")["cny"].to_dict() == pytest.approx(by_month.to_dict())
    assert by_month.sum() == pytest.approx(ledger.total_cny)
    assert lines[lines["unit"] == "kWh"]["quantity"].sum() == pytest.approx(LOAD.sum() / 4)


def test_a_statement_reads_as_a_chinese_bill():
    lines = TARIFFS["a contract"]().statement(LOAD)
    assert list(lines.columns) == ["月份", "项目", "数量", "单位", "单价（元）", "金额（元）"]
    june = lines[lines["月份"] == "2025-06"].set_index("项目")
    assert june.loc["高峰电费", "单价（元）"] == pytest.approx(1.1)
    july = lines[lines["月份"] == "2025-07"].set_index("项目")
    assert july.loc["合同需量电费", "金额（元）"] == pytest.approx(38 * 60)
    assert july.loc["超合同需量电费", "数量"] == pytest.approx(105 - 63)
    assert july.loc["超合同需量电费", "单价（元）"] == pytest.approx(76)
    with pytest.raises(InputError, match="language"):
        TARIFFS["a contract"]().statement(LOAD, "fr")


def test_a_statement_has_export_power_factor_and_carbon():
    tariff = Tariff.from_prices(0.5, export_cny_per_kwh=0.4, power_factor=PowerFactorRule(((0.0, 5.0), (0.9, 0.0))))
    options = {"export_kw": 4.0, "reactive_kvarh": LOAD, "carbon_price_cny_per_t": 80.0, "grid_kg_per_kwh": 0.5}
    lines = tariff.statement(LOAD, "en", **options)
    assert set(lines["item"]) == {"energy", "export", "power_factor", "carbon", "total"}
    assert lines.loc[lines["item"] == "total", "cny"].sum() == pytest.approx(tariff.bill(LOAD, **options).total_cny)
    by_energy = tariff.statement(None, "en", load_kwh=LOAD / 4, **options)
    pd.testing.assert_frame_equal(by_energy, lines)


def test_a_ledger_comes_back_from_its_table_and_reads_chinese():
    ledger = TARIFFS["bands"]().bill(LOAD, grid_kg_per_kwh=0.5)
    records = json.loads(json.dumps(ledger.to_frame().to_dict("records")))
    assert Ledger.from_frame(pd.DataFrame(records), ledger.notes) == ledger
    assert ledger != TARIFFS["bands"]().bill(LOAD * 2)
    assert ledger != "a ledger"
    chinese = ledger.to_frame("zh")
    assert list(chinese.columns) == ["月份", "项目", "金额（元）", "排放量（tCO2）"]
    assert set(chinese["项目"]) == {"电度电费", "需量电费"}
