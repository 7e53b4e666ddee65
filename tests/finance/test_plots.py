import io

import pytest

from carbonost.engines.finance import Cashflow, Financing, macc, npv_sensitivity, tornado
from carbonost.errors import InputError

matplotlib_figure = pytest.importorskip("matplotlib.figure")


@pytest.fixture
def axes():
    return matplotlib_figure.Figure().subplots()


def test_a_curve_draws_one_block_per_measure_that_abates(axes):
    rows = [
        {"id": "PV", "mac_cny_per_t": -50.0, "abatement_t": 1000.0},
        {"id": "HP", "mac_cny_per_t": 120.0, "abatement_t": 300.0},
        {"id": "BESS", "mac_cny_per_t": None, "abatement_t": 0.0},
    ]
    assert macc(rows).plot(axes) is axes
    assert [patch.get_width() for patch in axes.patches] == [1000.0, 300.0]
    assert [patch.get_height() for patch in axes.patches] == [-50.0, 120.0]


def test_a_tornado_has_its_widest_bar_on_top(axes):
    spread = tornado(lambda a, b: a + 3 * b, {"a": 1.0, "b": 1.0}, {"a": (0.5, 1.5), "b": (0.5, 1.5)})
    spread.plot(axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]


def test_a_cash_flow_draws_its_years(axes):
    measure = {"capex_cny": 1e6, "saving_cny_per_year": 2e5}
    Cashflow.build([measure, measure], {"wacc": 0.08, "horizon_years": 10}).plot(axes)
    assert len(axes.patches) == 11
    assert axes.patches[0].get_height() == pytest.approx(-200.0)


def test_what_the_owner_sees_stands_beside_a_financed_project(axes):
    measure, scenario = {"capex_cny": 1e6, "saving_cny_per_year": 2e5}, {"wacc": 0.08, "horizon_years": 10}
    flow = Cashflow.build(measure, scenario, financing=Financing("shared_savings", share=0.8, years=6))
    drawn = flow.plot(axes).get_legend_handles_labels()
    assert drawn[1] == ["累计", "业主累计(融资后)"]
    assert drawn[0][1].get_ydata()[-1] == pytest.approx(flow.owner.sum() / 1e4)


def test_prices_have_chinese_names_and_a_model_of_ones_own_keeps_its_own(axes):
    measure = {"capex_cny": 1e6, "electricity_kwh_per_year": 4e5}
    scenario = {"wacc": 0.08, "horizon_years": 10, "electricity_price_y_per_kwh": 0.7}
    npv_sensitivity([measure], scenario).plot(axes)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["折现率", "电价"]


@pytest.mark.parametrize(("language", "label"), [("zh", "税后现金流 [万元]"), ("en", "after tax [10,000 CNY]")])
def test_without_axes_a_cell_shows_new_ones_in_chinese_or_english(language, label):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    axes = Cashflow.build({"capex_cny": 1.0}, {"wacc": 0.08, "horizon_years": 2}).plot(language=language)
    assert pyplot.gcf() is axes.figure
    axes.figure.savefig(io.BytesIO(), format="png")  # a box in place of a glyph is a warning, and fails
    assert axes.get_ylabel() == label
    pyplot.close(axes.figure)


def test_a_block_too_narrow_for_its_name_bears_a_number_that_is_explained(axes):
    rows = [
        {"id": "屋顶光伏", "mac_cny_per_t": -50.0, "abatement_t": 9000.0},
        {"id": "压缩空气系统泄漏治理", "mac_cny_per_t": -400.0, "abatement_t": 100.0},
        {"id": "储能削峰填谷", "mac_cny_per_t": 900.0, "abatement_t": 100.0},
    ]
    macc(rows).plot(axes)
    assert [text.get_text() for text in axes.texts] == ["屋顶光伏", "1", "2"]
    keys = [text.get_text() for text in axes.get_legend().get_texts()]
    assert keys == ["1 压缩空气系统泄漏治理", "2 储能削峰填谷"]


def test_a_tornado_of_a_portfolio_says_what_it_measures_and_in_which_unit(axes):
    measure = {"id": "A", "capex_cny": 1e6, "electricity_kwh_per_year": 3e5}
    scenario = {"wacc": 0.08, "horizon_years": 10, "electricity_price_y_per_kwh": 0.7}
    npv_sensitivity([measure], scenario).plot(axes)
    assert axes.get_xlabel() == "税后净现值 [元]"


def test_a_picture_on_axes_given_opens_and_closes_no_figure():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    own = pyplot.figure()
    before = pyplot.get_fignums()
    drawn = pyplot.subplots()[1]
    Cashflow.build({"capex_cny": 1.0}, {"wacc": 0.08, "horizon_years": 2}).plot(drawn)
    assert pyplot.get_fignums() == [*before, drawn.figure.number]
    pyplot.close(own)
    pyplot.close(drawn.figure)


def test_a_picture_is_of_one_scenario_and_on_axes():
    measure = {"capex_cny": 1.0, "saving_cny_per_year": 1.0}
    wacc = [[0.05], [0.10]]
    with pytest.raises(InputError, match="several scenarios"):
        Cashflow.build([measure, measure], {"wacc": wacc, "horizon_years": 2}).plot()
    with pytest.raises(InputError, match="are no axes"):
        macc([]).plot(5)
