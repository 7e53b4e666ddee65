"""Organisation: consolidation, base year, intensity, sums over places and periods (S22)."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.carbon import BaseYear, aggregate, consolidate, intensity, net_of_parts
from carbonost.errors import InputError, OverclaimError


def test_equity_takes_the_share_and_control_takes_all_or_nothing():
    tonnes, share, held = [1000.0, 500.0, 200.0], [0.6, 0.4, 1.0], [True, False, True]
    np.testing.assert_allclose(consolidate(tonnes, "equity_share", share, held), [600, 200, 200])
    np.testing.assert_allclose(consolidate(tonnes, "financial_control", share, held), [1000, 0, 200])
    np.testing.assert_allclose(consolidate(tonnes, "operational_control", share, held), [1000, 0, 200])
    assert consolidate(1000.0, "equity_share", equity_share=0.25) == 250.0


def test_joint_financial_control_is_consolidated_by_share():
    np.testing.assert_allclose(consolidate([100.0, 100.0], "financial_control", 0.5, ["joint", True]), [50, 100])
    with pytest.raises(InputError, match="joint"):
        consolidate(100.0, "operational_control", 0.5, "joint")


@pytest.mark.parametrize("facts", [{"approach": "majority"}, {"approach": "equity_share", "equity_share": 60}])
def test_an_unknown_approach_or_a_share_in_percent_is_refused(facts):
    with pytest.raises(InputError):
        consolidate(1.0, **facts)


def test_small_changes_count_together():
    rule = BaseYear(1000.0, threshold_pct=5.0)
    net, single = (
        BaseYear(1000.0, policy=policy).recalculate(
            [{"kind": "acquisition", "emissions_t": 30.0}, {"kind": "methodology", "emissions_t": 25.0}]
        )
        for policy in ("cumulative", "single")
    )
    assert (net.net_change_pct, net.recalculated, net.new_base_t) == (pytest.approx(5.5), True, 1055.0)
    assert (single.recalculated, single.new_base_t) == (False, 1000.0)
    assert rule.recalculate([{"kind": "acquisition", "emissions_t": 50.0}]).recalculated  # exactly 5 %
    assert not rule.recalculate([]).recalculated


def test_events_that_cancel_leave_the_base_year_alone():
    done = BaseYear(1000.0).recalculate(
        [{"kind": "acquisition", "emissions_t": 80.0}, {"kind": "divestment", "emissions_t": 60.0}]
    )
    assert done.net_change_pct == pytest.approx(2.0)
    assert done.new_base_t == 1000.0
    assert [entry["change_t"] for entry in done.log] == [80.0, -60.0]


def test_a_divestment_takes_away_whatever_its_sign():
    for tonnes in (60.0, -60.0):
        assert BaseYear(1000.0).recalculate([{"kind": "divestment", "emissions_t": tonnes}]).new_base_t == 940.0


def test_growth_never_moves_the_base_year_and_the_log_says_so():
    done = BaseYear(1000.0).recalculate([{"kind": "organic_growth", "emissions_t": 500.0}])
    assert (done.net_change_pct, done.recalculated) == (0.0, False)
    assert "organic" in done.log[0]["reason"]
    assert done.to_frame().loc[0, "kind"] == "organic_growth"


def test_a_recalculation_unpacks_and_knows_other_words():
    pct, recalculated, base_t, log = BaseYear(1000.0).recalculate([{"kind": "merger", "emissions_t": 100.0}])
    assert (pct, recalculated, base_t, log[0]["kind"]) == (pytest.approx(10.0), True, 1100.0, "acquisition")


@pytest.mark.parametrize(
    "make",
    [
        lambda: BaseYear(0.0),
        lambda: BaseYear(1.0, threshold_pct=-1),
        lambda: BaseYear(1.0, policy="mood"),
        lambda: BaseYear(1.0).recalculate([{"kind": "luck", "emissions_t": 1.0}]),
        lambda: BaseYear(1.0).recalculate([{"kind": "error", "emissions_t": np.nan}]),
    ],
)
def test_a_base_year_that_cannot_be_is_refused(make):
    with pytest.raises(InputError):
        make()


def test_intensity_is_a_gap_where_either_side_is():
    np.testing.assert_array_equal(intensity([10.0, np.nan, 10.0], [4.0, 4.0, 0.0]), [2.5, np.nan, np.nan])


def rows(*lines):
    names = ["building_id", "energy_type", "unit", "consumption", "period_start", "period_end"]
    return pd.DataFrame(lines, columns=names).assign(park_id="park")


def test_a_quarter_is_shared_among_its_months_by_days():
    frame = pd.DataFrame(
        {"park_id": ["p"], "emissions_co2e": [90.0], "period_start": ["2025-01-01"], "period_end": ["2025-03-31"]}
    )
    months = aggregate(frame, ["park_id"], every="month")
    assert months["emissions_co2e"].tolist() == pytest.approx([31.0, 28.0, 31.0])
    assert months["period"].dt.month.tolist() == [1, 2, 3]
    assert len(aggregate(frame, every="day")) == 90
    assert aggregate(frame, every="year")["emissions_co2e"].tolist() == [90.0]


def test_rows_without_a_building_keep_their_own_group_and_a_gap_stays_one():
    frame = pd.DataFrame({"building_id": ["a", None, "a", "b"], "emissions_co2e": [1.0, 2.0, 3.0, np.nan]})
    sums = aggregate(frame, ["building_id"])
    assert sums["emissions_co2e"].tolist()[0] == 4.0
    assert np.isnan(sums["emissions_co2e"].tolist()[1])
    assert sums["emissions_co2e"].tolist()[2] == 2.0
    assert np.isnan(aggregate(frame)["emissions_co2e"].iloc[0])


day = st.dates(min_value=pd.Timestamp("2020-01-01").date(), max_value=pd.Timestamp("2026-12-31").date())


@given(st.lists(st.tuples(day, st.integers(0, 800), st.floats(0, 1e6)), min_size=1, max_size=20), st.randoms())
def test_no_period_type_and_no_row_order_changes_the_total(drawn, rng):
    """Laws: splitting or merging periods keeps the total; row order changes nothing (S22)."""
    rng.shuffle(drawn)
    frame = pd.DataFrame(
        {
            "period_start": [d for d, _, _ in drawn],
            "period_end": [d + pd.Timedelta(days=n) for d, n, _ in drawn],
            "emissions_co2e": [t for _, _, t in drawn],
        }
    )
    for every in ("day", "month", "year"):
        total = aggregate(frame, every=every)["emissions_co2e"].sum()
        assert total == pytest.approx(frame["emissions_co2e"].sum(), rel=1e-9)


def test_the_main_meter_keeps_only_what_no_building_counts():
    """S22: no double count across building and park."""
    january = ("2025-01-01", "2025-01-31")
    netted = net_of_parts(
        rows(
            (None, "electricity", "kWh", 1000.0, *january),
            ("b1", "electricity", "kWh", 300.0, *january),
            ("b2", "electricity", "kWh", 450.0, *january),
            ("b1", "heat", "GJ", 7.0, *january),
        )
    )
    assert netted["consumption"].tolist() == [250.0, 300.0, 450.0, 7.0]


def test_buildings_above_their_park_or_askew_in_time_are_refused():
    park = (None, "electricity", "kWh", 100.0, "2025-01-01", "2025-01-31")
    with pytest.raises(OverclaimError):
        net_of_parts(rows(park, ("b", "electricity", "kWh", 101.0, "2025-01-01", "2025-01-31")))
    with pytest.raises(InputError, match="only overlap"):
        net_of_parts(rows(park, ("b", "electricity", "kWh", 50.0, "2025-01-15", "2025-02-14")))


def test_a_period_that_ends_before_it_starts_is_refused():
    frame = pd.DataFrame({"emissions_co2e": [1.0], "period_start": ["2025-02-01"], "period_end": ["2025-01-01"]})
    with pytest.raises(InputError, match="row 0"):
        aggregate(frame, every="month")
    with pytest.raises(InputError, match="period type"):
        aggregate(frame, every="week")
