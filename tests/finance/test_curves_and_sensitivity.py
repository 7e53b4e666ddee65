import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.finance import Cashflow, check_consistency, macc, npv, tornado, two_way
from carbonost.errors import InconsistentMetricsError, InputError

ROWS = [
    {"id": "LED", "mac_cny_per_t": -500.0, "abatement_t": 10.0},
    {"id": "HP", "mac_cny_per_t": 120.0, "abatement_t": 300.0},
    {"id": "PV", "mac_cny_per_t": -50.0, "abatement_t": 1000.0},
    {"id": "CCU", "mac_cny_per_t": 600.0, "abatement_t": 800.0},
]


def test_self_financing_measures_are_ranked_by_what_they_save_not_by_the_ratio():
    curve = macc(ROWS)
    assert curve.ranking == ["PV", "LED", "HP", "CCU"]  # by CNY/t LED would come first
    assert any("negative" in text for text in curve.warnings)
    assert curve.rows["cumulative_t"].tolist() == [1000.0, 1010.0, 1310.0, 2110.0]


def test_the_curve_is_walked_to_a_target():
    chosen, tonnes, cost = macc(ROWS).to_target(1200.0)
    assert chosen == ["PV", "LED", "HP"]
    assert tonnes == 1310.0
    assert cost == pytest.approx(-50_000 - 5_000 + 36_000)
    assert macc(ROWS).to_target(1000.0).selected == ["PV"]
    assert macc(ROWS).to_target(0.0) == ([], 0.0, 0.0)
    assert macc(ROWS).to_target(2110.0).abatement_t == 2110.0


@pytest.mark.parametrize("target", [2111.0, -1.0])
def test_a_target_that_cannot_be_reached_is_refused_with_what_can(target):
    with pytest.raises(InputError, match="2110 t"):
        macc(ROWS).to_target(target)


def test_a_measure_that_abates_nothing_is_reported_not_ranked():
    """P69."""
    curve = macc([*ROWS, {"id": "BESS", "mac_cny_per_t": np.nan, "abatement_t": -3.0}])
    assert "BESS" not in curve.ranking
    assert any(text.startswith("BESS") for text in curve.warnings)
    assert curve.rows["id"].iloc[-1] == "BESS"


def test_a_curve_of_costs_alone_has_nothing_to_warn_of():
    assert macc(ROWS[1:2]).warnings == ()
    assert macc(pd.DataFrame(ROWS[1:2])).ranking == ["HP"]


def test_ids_of_a_curve_may_be_numbers_of_any_kind():
    rows = [{"id": name, "mac_cny_per_t": 1.0, "abatement_t": 1.0} for name in (np.int64(3), 4, "x")]
    assert macc(rows).ranking == ["3", "4", "x"]


def test_a_curve_of_nothing_is_empty():
    assert macc([]).ranking == []
    assert macc([]).to_target(0.0).selected == []


@pytest.mark.parametrize(
    ("rows", "field"),
    [
        ([{"id": "A", "abatement_t": 1.0}], "mac_cny_per_t"),
        ([ROWS[0], ROWS[0]], "id"),
        ([{"id": "A", "mac_cny_per_t": np.inf, "abatement_t": 1.0}], "mac_cny_per_t"),
        ([{"id": "A", "mac_cny_per_t": 1.0, "abatement_t": np.nan}], "abatement_t"),
        ([{"id": "A", "mac_cny_per_t": None, "abatement_t": 5.0}], "mac_cny_per_t"),
    ],
)
def test_rows_that_make_no_curve_are_refused(rows, field):
    with pytest.raises(InputError) as refused:
        macc(rows)
    assert refused.value.field == field


measures = st.lists(st.tuples(st.floats(-1000, 1000), st.floats(0.1, 1e4)), min_size=1, max_size=12).map(
    lambda rows: [{"id": f"M{i:02}", "mac_cny_per_t": m, "abatement_t": a} for i, (m, a) in enumerate(rows)]
)


@given(measures, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(rows, chance):
    shuffled = rows.copy()
    chance.shuffle(shuffled)
    assert macc(shuffled).ranking == macc(rows).ranking


@given(measures)
def test_past_zero_costs_rise_and_no_saving_is_left_behind_a_cost(rows):
    curve = macc(rows).rows
    costs = curve["mac_cny_per_t"].to_numpy()
    positive = costs[costs >= 0]
    assert (np.diff(positive) >= 0).all()
    assert (costs[: len(costs) - len(positive)] < 0).all()


def test_bars_fall_by_swing_and_ties_by_name():
    spread = tornado(
        lambda a, b, c: a + 2 * b + c, {"a": 1.0, "b": 1.0, "c": 1.0},
        {"c": (0.0, 2.0), "a": (0.0, 2.0), "b": (0.5, 1.5)},
    )  # fmt: skip
    assert spread.base == 4.0
    assert [(bar.name, bar.low, bar.high, bar.swing) for bar in spread.bars] == [
        ("a", 3.0, 5.0, 2.0),
        ("b", 3.0, 5.0, 2.0),
        ("c", 3.0, 5.0, 2.0),
    ]
    assert list(spread.to_frame().columns) == ["name", "low", "high", "swing"]


def test_a_model_may_take_its_parameters_by_name_or_as_one_mapping():
    by_name = tornado(
        lambda rate, income: npv(rate, [-100.0, income]), {"rate": 0.1, "income": 120.0}, {"rate": (0.0, 0.2)}
    )
    as_one = tornado(
        lambda p: npv(p["rate"], [-100.0, p["income"]]), {"rate": 0.1, "income": 120.0}, {"rate": (0.0, 0.2)}
    )
    assert by_name == as_one
    assert by_name.bars[0].low == pytest.approx(20.0)


def test_a_range_for_an_unknown_parameter_is_refused():
    with pytest.raises(InputError, match="Known: rate"):
        tornado(lambda rate: rate, {"rate": 0.1}, {"price": (1.0, 2.0)})
    with pytest.raises(InputError):
        tornado(lambda rate: rate, {"rate": 0.1}, {"rate": (1.0,)})
    with pytest.raises(InputError):
        tornado(lambda rate: np.nan, {"rate": 0.1}, {"rate": (1.0, 2.0)})


def test_two_parameters_move_together():
    table = two_way(
        lambda price, rate: price / rate, {"price": 1.0, "rate": 0.1}, ("price", [1.0, 2.0]), ("rate", [0.1, 0.2, 0.5])
    )
    assert table.shape == (2, 3)
    assert table.loc[2.0, 0.5] == 4.0
    assert (table.index.name, table.columns.name) == ("price", "rate")


@pytest.mark.parametrize(
    ("claimed", "field"),
    [
        ({"npv_cny": 4.2e6, "payback_years": 24.67}, "payback_years"),
        ({"npv_cny": 1e5, "discounted_payback_years": 16.0}, "discounted_payback_years"),
        ({"npv_cny": 1e5, "irr": 0.05}, "irr"),
        ({"npv_cny": -1e5, "irr": 0.12}, "irr"),
        ({"payback_years": 9.0, "discounted_payback_years": 7.0}, "discounted_payback_years"),
        ({"npv_cny": 5e5, "capex_cny": 1e6, "annual_net_cny": 1e5}, "npv_cny"),
        ({"payback_years": 8.0, "capex_cny": 1e6, "annual_net_cny": 1e5}, "payback_years"),
    ],
)
def test_metrics_that_contradict_each_other_are_refused(claimed, field):
    """P67."""
    with pytest.raises(InconsistentMetricsError) as refused:
        check_consistency(rate=0.08, horizon_years=15, **claimed)
    assert refused.value.field == field


def test_metrics_that_agree_stand():
    check_consistency(rate=0.08, horizon_years=15, npv_cny=-1e5, irr=0.05, payback_years=None)
    check_consistency(
        rate=0.08, horizon_years=15, npv_cny=1e5, irr=0.12, payback_years=6.0, discounted_payback_years=9.0
    )
    check_consistency(rate=0.08, horizon_years=15, npv_cny=4.2e6, payback_years=24.67, conventional=False)


def test_what_is_saved_on_a_bill_is_worth_in_proportion_to_the_price():
    """60 CNY of energy charge billed at 0.6 CNY/kWh, and 10 CNY of demand that no price moves."""
    measure = {
        "capex_cny": 100.0,
        "saving_cny_per_year": 10.0,
        "energy_charge_cny_per_year": 60.0,
        "billed_at_cny_per_kwh": 0.6,
    }
    terms = {"wacc": 0.1, "horizon_years": 1}
    first_year = [
        Cashflow.build(measure, terms | {"electricity_price_y_per_kwh": price}).saving[1] for price in (0.6, 0.3, 0.9)
    ]
    assert first_year == pytest.approx([70.0, 40.0, 100.0])
    fixed = Cashflow.build(measure | {"billed_at_cny_per_kwh": None}, terms)
    assert fixed.saving[1] == pytest.approx(70.0)
