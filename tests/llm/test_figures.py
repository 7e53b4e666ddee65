import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.errors import UnsupportedFigureError
from carbonost.llm.figures import check_figures, claims
from carbonost.llm.guard import check_slots

FACTS = {
    "electricity": (120_000_000.0, "kWh/y"),
    "total": (139_500.0, "tCO2e/y"),
    "s1": (73_500.0, "tCO2e/y"),
    "npv": (-12_520_000.0, "CNY"),
    "payback": (12.94, "y"),
    "irr": (0.0825, "1"),
    "entities": (3, "1"),
    "area": (427.406, "km2"),
    "gas": (35_000_000.0, "Nm3/y"),
    "mac": (614.44, "CNY/tCO2e"),
    "price": (0.75, "CNY/kWh"),
}

FAITHFUL = [
    "年用电量 12000 万千瓦时",
    "年用电量 1.2 亿千瓦时",
    "年用电 120 GWh",
    "年用电量1.20×10^8 kWh",
    "用电120,000,000 kWh",
    "排放总量 13.95 万吨二氧化碳当量",
    "排放 139500 tCO2e/年，其中范围一 7.35 万吨",
    "总量约 14.0 万吨CO₂e",
    "净现值 −1252 万元",
    "回收期 12.9 年，内部收益率 8.25%",
    "内部收益率 8.2%",
    "共三家企业",
    "面积 427.41 平方公里",
    "年用气 3500 万立方米",
    "减排成本 614.4 元/tCO2e",
    "电价 0.75 元/kWh",
    "依据 GB/T 2589-2020 与发改环资〔2025〕910号，2023年核算，范围二单列",
    "1. 排放\n2. 投资\n第三条规定如下",
    "２０２３年用电量１２０００万kWh",
]

UNFAITHFUL = [
    "年用电量 1.3 亿千瓦时",
    "年用电量 120 MWh",
    "排放 139500 kgCO2e",
    "排放 13.9 万吨CO2e 与 13.94 万吨CO2e",
    "净现值 1252 万元",
    "净现值约一千三百万元",
    "回收期 13.5 年",
    "内部收益率 8.4%",
    "下降三成",
    "减少一半",
    "是去年的 3 倍",
    "翻了一番",
    "百分之二十的企业",
    "三分之一来自天然气",
    "共四家企业",
    "面积 427 平方米",
    "减排成本 614.4 元/kWh",
    "提高 2 个百分点",
    "总量 139,501 吨",
]


@pytest.mark.parametrize("text", FAITHFUL)
def test_a_figure_that_is_known_may_stand(text):  # P127
    check_figures(text, FACTS)


@pytest.mark.parametrize("text", UNFAITHFUL)
def test_a_figure_that_is_not_known_is_refused(text):  # P127
    with pytest.raises(UnsupportedFigureError):
        check_figures(text, FACTS)


@given(st.floats(1, 1e8, allow_nan=False), st.integers(0, 4))
def test_rounding_is_faithful_and_the_next_digit_is_not(value, digits):
    facts = {"x": (value, "kWh/y")}
    printed = f"{value:.{digits}f}"
    check_figures(f"用电 {printed} kWh", facts)
    shifted = f"{float(printed) + 2 * 10**-digits:.{digits}f}"
    with pytest.raises(UnsupportedFigureError):
        check_figures(f"用电 {shifted} kWh", facts)


def test_claims_carry_value_dimension_and_precision():
    claim = claims("约 13.95 万吨CO2e")[0]
    assert (claim.value, claim.dimension, claim.step) == (139500, "co2e", 100)


@pytest.mark.parametrize(
    "text",
    [
        "总量为 {{a.b|万吨|2}}，见 GB/T 32150-2025。",
        "2025年范围一与范围二，CO₂ 与 CH4；第三条、（一）",
        "1. 先做光伏；\n2. 再做储能。",
        "{{a.b}}",
    ],
)
def test_words_around_slots_may_stand(text):
    check_slots(text, {"a.b"})


@pytest.mark.parametrize(
    "text",
    [
        "约 12 万吨", "下降三成", "减半", "一半来自外购电", "{{a.c}}", "{{a.b}} 与 5%", "{{a.b", "百分之八", "三分之一",
        "数十万元", "提高两倍", "１２万吨", "五家企业",
    ],
)  # fmt: skip
def test_a_figure_outside_a_slot_is_refused(text):  # P2, P127
    with pytest.raises(UnsupportedFigureError):
        check_slots(text, {"a.b"})
