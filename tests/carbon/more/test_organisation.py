"""Organisation: consolidation, base year and intensity."""

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.carbon import BaseYear, consolidate, consolidate_lines, intensity
from carbonost.errors import InputError


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


LINES = pd.DataFrame({"organization_id": ["a", "b", "a"], "scope": [1, 1, 2], "emissions_co2e": [100.0, 50.0, 20.0]})


def test_lines_are_consolidated_by_what_the_company_holds():
    held = [
        {"organization_id": "a", "equity_share": 0.6, "controlled": True},
        {"organization_id": "b", "equity_share": 0.4, "controlled": None},
    ]
    equity, control = (consolidate_lines(LINES, held, word) for word in ("equity_share", "operational_control"))
    assert equity["emissions_co2e"].tolist() == [60.0, 20.0, 12.0]
    assert control["emissions_co2e"].tolist() == [100.0, 0.0, 20.0]
    assert control["accounted_share"].tolist() == [1.0, 0.0, 1.0]


def test_an_organisation_nobody_described_or_described_twice_is_refused():
    one = {"organization_id": "a", "equity_share": 1.0}
    with pytest.raises(InputError, match="nobody described"):
        consolidate_lines(LINES, [one], "equity_share")
    with pytest.raises(InputError, match="twice"):
        consolidate_lines(LINES, [one, one], "equity_share")
