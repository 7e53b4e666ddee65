"""S51: an inventory shows itself in a notebook, as a short line, a table and a picture."""

import io
import sys
import warnings

import pytest

from carbonost import CarbonCalculator
from carbonost.errors import InputError, MissingExtraError

pyplot = pytest.importorskip("matplotlib.pyplot")
pyplot.switch_backend("Agg")
ROWS = [
    {"energy_type": "electricity", "consumption": 1e6, "unit": "kWh", "month": f"2023-{m:02d}", "facility": "甲厂"}
    for m in (3, 1, 2)
] + [{"energy_type": "diesel", "consumption": 5, "unit": "t", "month": "2023-01", "facility": "乙厂"}]
INVENTORY = CarbonCalculator().calculate(ROWS)


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def drawn(axes):
    """Render; a box in place of a glyph is a warning, and a warning fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        axes.figure.savefig(io.BytesIO(), format="png")
    return axes


def test_scopes_stand_side_by_side_and_the_two_of_scope_2_are_never_added():
    axes = drawn(INVENTORY.plot())
    assert [bar.get_height() for bar in axes.patches] == [
        INVENTORY.scope1_t,
        INVENTORY.scope2_location_t,
        INVENTORY.scope2_market_t,
        INVENTORY.scope3_t,
    ]
    assert {bar.get_y() for bar in axes.patches} == {0}


def test_sources_are_ranked_and_sum_to_the_inventory():
    axes = drawn(INVENTORY.plot("source"))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["electricity", "diesel"]
    assert sum(bar.get_width() for bar in axes.patches) == pytest.approx(float(INVENTORY.total_t()))


def test_chinese_names_are_drawn_in_the_font_of_the_reports():
    axes = drawn(INVENTORY.plot("facility"))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["甲厂", "乙厂"]


def test_months_keep_the_calendars_order_and_many_groups_are_cut_with_a_count():
    assert [label.get_text() for label in INVENTORY.plot("month").get_yticklabels()] == [
        "2023-01",
        "2023-02",
        "2023-03",
    ]
    many = CarbonCalculator().calculate([{**ROWS[0], "facility": f"F{i}"} for i in range(20)])
    labels = [label.get_text() for label in many.plot("facility").get_yticklabels()]
    assert (len(labels), labels[-1]) == (16, "5 项其他")
    assert many.plot("facility", language="en").get_yticklabels()[-1].get_text() == "5 others"


def test_it_draws_on_axes_given_and_refuses_an_unknown_column():
    axes = INVENTORY.plot()
    assert INVENTORY.plot("source", axes=axes) is axes
    with pytest.raises(InputError, match="colour"):
        INVENTORY.plot("colour")


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtraError, match=r"carbonost\[report\]"):
        INVENTORY.plot()


def test_the_line_and_the_table_are_short_and_small_figures_stay_figures():
    assert len(repr(INVENTORY)) < 160
    table = CarbonCalculator().calculate([{**ROWS[0], "consumption": 1}])._repr_html_()
    assert "0.0005306" in table or "0.000" in table
    assert ">0.00<" not in table
    assert len(table) < 900
