"""The one formatter, units, slots and strings."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.domain.document import Num, display
from carbonost.engines.report.envelopes import Envelopes, resolve
from carbonost.engines.report.labels import label, shift_to
from carbonost.engines.report.slots import fill, refuse_bare_figures
from carbonost.engines.report.text import clean, plain, runs
from carbonost.errors import InputError, UnresolvedFigureError

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)


@pytest.mark.parametrize(
    ("value", "digits", "shift", "shown"),
    [
        (0.125, 2, 0, "0.12"),  # ties go to the even digit (GB/T 8170-2008)
        (0.135, 2, 0, "0.14"),
        (2.5, 0, 0, "2"),
        (1234567.891, 2, 0, "1,234,567.89"),
        (24160781.97, 2, 4, "2,416.08"),  # CNY as 万元
        (0.354, 1, -2, "35.4"),  # a share as percent
        (-0.001, 2, 0, "0.00"),
        (-1250000.0, 2, 4, "-125.00"),
        (0.00055, None, 0, "0.00055"),  # a factor keeps its own digits
        (0.1 + 0.2, None, 0, "0.3"),
        (1234567.89, None, 0, "1,234,568"),  # an integer part is never cut
        (10.0 / 3.0, None, 0, "3.33333"),
        (120000000.0, None, 0, "120,000,000"),
        (None, 2, 0, "数据缺失"),
        (float("nan"), 2, 0, "数据缺失"),
        (float("inf"), 2, 0, "数据缺失"),
        (5e-324, None, 0, "0." + "0" * 323 + "5"),
    ],
)
def test_a_figure_is_printed_by_one_rule(value, digits, shift, shown):
    assert display(value, digits, shift) == shown


@given(finite, st.integers(0, 6), st.sampled_from([-2, 0, 3, 4, 8]))
def test_what_is_printed_lies_within_half_a_digit_of_what_is_stored(value, digits, shift):
    printed = Decimal(display(value, digits, shift).replace(",", ""))
    assert abs(printed - Decimal(repr(value)).scaleb(-shift)) <= Decimal(1).scaleb(-digits) / 2


@given(finite, st.integers(0, 6))
def test_zero_never_carries_a_minus(value, digits):
    shown = display(value, digits)
    assert not (shown.startswith("-") and set(shown) <= set("-0.,"))


@given(finite)
def test_a_sign_change_changes_only_the_sign(value):
    assert display(-value).removeprefix("-") == display(value).removeprefix("-")


def test_a_num_prints_the_stored_value_in_its_unit():
    num = Num("finance.portfolio_npv", -1_250_000.0, "万元", 2, 4, "d4", "metrics.portfolio_npv.value")
    assert num.text == "-125.00"
    assert num.shown == Decimal(-125)
    assert not num.missing


@pytest.mark.parametrize(
    ("stored", "shown", "expected"),
    [
        ("kWh/y", "万kWh", (4, "万kWh/年")),
        ("CNY", "万元", (4, "万元")),
        ("1", "%", (-2, "%")),
        ("%", "%", (0, "%")),
        ("tCO2e/y", None, (0, "tCO₂e/年")),
        ("tCO2e", "万吨", (4, "万吨CO₂e")),
        ("CNY/tCO2e", None, (0, "元/tCO₂e")),
        (None, None, (0, "")),
    ],
)
def test_a_unit_is_shown_in_its_own_family(stored, shown, expected):
    assert shift_to(stored, shown) == expected


@pytest.mark.parametrize(("stored", "shown"), [("kWh", "万元"), (None, "tCO2e"), ("CNY/y", "元/kWh"), ("Nm3", "万kWh")])
def test_a_report_converts_nothing_across_families(stored, shown):
    with pytest.raises(InputError, match="cannot show"):
        shift_to(stored, shown)


def test_unknown_units_print_as_they_are():
    assert label("widget/y") == "widget/年"


ENVELOPES = {"baseline": {"metrics": {"total_tco2e_y": {"value": 139500.0, "unit": "tCO2e"}, "boundary": "S1S2"}}}


def test_a_slot_becomes_the_stored_figure_with_its_unit():
    cell = fill("总量 {{baseline.total_tco2e_y|万吨|2}}。", Envelopes(ENVELOPES))
    assert [part.text if isinstance(part, Num) else part for part in cell] == ["总量 ", "13.95", "\u00a0万吨CO₂e", "。"]


def test_a_slot_of_words_prints_the_words():
    assert fill("{{baseline.boundary}}", Envelopes(ENVELOPES)) == ("S1S2",)


@pytest.mark.parametrize(
    "text", ["总量 {{baseline.total_tco2e_y * 2}}", "{{baseline.total_tco2e_y|t|2|x}}", "{{1+1}}", "{{x.__class__}}"]
)
def test_a_slot_computes_nothing(text):
    """P78: no new number is derived in the report stage."""
    with pytest.raises((InputError, UnresolvedFigureError)):
        fill(text, Envelopes(ENVELOPES))


@pytest.mark.parametrize("text", ["减排 30%", "约１２万吨", "S1 为 73500 吨", "提高 2 倍"])
def test_a_figure_outside_a_slot_is_refused(text):
    """P77, P127: words hold no figures of their own."""
    with pytest.raises(UnresolvedFigureError, match="in no envelope"):
        refuse_bare_figures(text)


@pytest.mark.parametrize(
    "text", ["CO2 与 N2O", "按 GB/T 32150-2015 核算", "发改环资〔2025〕910号", "2025年的范围1", "ISO 14064-1:2018"]
)
def test_names_that_hold_digits_may_stand(text):
    refuse_bare_figures(text)


def test_a_slot_that_names_no_metric_is_refused():
    with pytest.raises(UnresolvedFigureError, match=r"baseline\.nothing"):
        fill("{{baseline.nothing}}", Envelopes(ENVELOPES))


def test_a_path_leads_back_to_its_value():
    body = {"artifacts": {"monthly": [{"a.b": {"value": 3}}]}}
    assert resolve(body, "artifacts.monthly[0].a.b.value") == 3
    assert resolve(body, "artifacts.monthly[1].a.b.value") is None


def test_subscripts_are_runs_not_characters():
    assert list(runs("tCO₂e")) == [("", "tCO"), ("sub", "2"), ("", "e")]
    assert plain("kgCO₂e/Nm³") == "kgCO2e/Nm³"


def test_control_and_direction_characters_are_made_visible():
    assert clean("a\x00b\u202ec") == "a\ufffdb\ufffdc"
    assert clean("甲\n乙\t丙") == "甲 乙 丙"
    assert clean("x" * 5000).endswith("（原文过长，已截断）")


@given(st.text())
def test_cleaned_text_is_safe_for_every_format(text):
    shown = clean(text)
    assert clean(shown) == shown
    assert all(ord(char) >= 32 for char in shown)


def test_an_envelope_that_is_not_plain_json_is_refused():
    with pytest.raises(InputError, match="plain JSON"):
        Envelopes({"baseline": {"metrics": {"x": float("nan")}}})


def test_an_envelope_without_an_id_is_named_by_its_content():
    first, second = (Envelopes({"geo": {"metrics": {"a": n}}}).hashes[0][1] for n in (1, 2))
    assert len(first) == 64
    assert first != second
