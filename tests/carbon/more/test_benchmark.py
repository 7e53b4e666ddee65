"""Benchmarking by percentile and quota (S26)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.carbon import compare_with_peers, percentile_table, quota_grade
from carbonost.errors import InputError

PEERS = [
    {"industry": "C26", "region": "CN", "scale": None, "year": 2023, "p25": 1.0, "p50": 2.0, "p75": 4.0, "p90": 8.0},
    {"industry": "C26", "region": "CN-JS", "scale": None, "year": 2022, "p25": 0.5, "p50": 1.0, "p75": 2.0, "p90": 3.0},
    {
        "industry": "C26",
        "region": "CN-JS",
        "scale": "large",
        "year": 2022,
        "p25": 0.4,
        "p50": 0.8,
        "p75": 1.6,
        "p90": 2.0,
    },
]


@pytest.mark.parametrize(
    ("value", "percentile", "band"),
    [
        (0.9, None, "below p25"),
        (1.0, 25, "p25-p50"),
        (1.5, 37.5, "p25-p50"),
        (4.0, 75, "p75-p90"),
        (8.0, 90, "p75-p90"),
        (8.1, None, "above p90"),
    ],
)
def test_a_value_stands_between_the_percentiles_the_table_knows(value, percentile, band):
    found = compare_with_peers(value, PEERS, industry="C26", region="CN", year=2023)
    assert (found.percentile, found.band) == (percentile, band)
    assert found.gap_to_median == pytest.approx(value - 2.0)
    assert found.fallback == ()


def test_the_closest_group_answers_and_every_wider_one_is_named():
    assert compare_with_peers(1.0, PEERS, industry="C26", region="CN-JS", year=2022).peers["p50"] == 1.0
    assert compare_with_peers(1.0, PEERS, industry="C26", region="CN-JS", scale="large").peers["p50"] == 0.8
    found = compare_with_peers(1.0, PEERS, industry="C26", region="CN-ZJ", scale="small", year=2025)
    assert found.peers["p50"] == 2.0
    assert found.fallback == ("region", "scale", "year")


@pytest.mark.parametrize(
    "facts",
    [
        {"industry": "C99"},
        {"industry": "C26", "year": 2020},
        {"industry": "C26", "value": -1.0},
        {"industry": "C26", "value": np.nan},
    ],
)
def test_no_peers_is_said_not_guessed(facts):
    with pytest.raises(InputError):
        compare_with_peers(**{"value": 1.0, "peers": PEERS, **facts})


def test_percentiles_that_do_not_rise_are_refused():
    with pytest.raises(InputError, match="do not rise"):
        compare_with_peers(1.0, [{**PEERS[0], "p50": 9.0}], industry="C26")


def test_a_table_is_made_from_observations_and_small_groups_are_left_out():
    rows = [{"industry": "C26", "intensity": float(i)} for i in range(1, 102)] + [{"industry": "C30", "intensity": 1.0}]
    rows.append({"industry": "C26", "intensity": np.nan})
    made = percentile_table(rows, by=["industry"])
    assert made.to_dict("records") == [{"industry": "C26", "n": 101, "p25": 26, "p50": 51, "p75": 76, "p90": 91}]


@given(st.lists(st.floats(0, 1e6), min_size=5, max_size=40), st.floats(0, 1e6))
def test_a_higher_value_never_ranks_lower(values, value):
    made = percentile_table([{"industry": "x", "intensity": v} for v in values], by=["industry"])
    low, high = (compare_with_peers(v, made, industry="x", region="CN") for v in (value / 2, value))
    if low.percentile is not None and high.percentile is not None:
        assert low.percentile <= high.percentile + 1e-9


def test_a_quota_grades_and_shows_where_it_stands():
    """GB 16780-2021, Table 1, cement: 80 / 87 / 94 kgce/t."""
    grades = {v: quota_grade(v, "quota.gb16780-2021.01") for v in (80.0, 85.0, 94.0, 100.0)}
    assert [g.grade for g in grades.values()] == [1, 2, 3, None]
    assert [g.gap_to_next for g in grades.values()] == [0.0, 5.0, 7.0, 6.0]
    assert grades[85.0].document == "GB 16780-2021"
    assert grades[85.0].status == "secondary"


def test_efficiency_grades_the_other_way_round():
    """GB 24500-2020, Table 4, gas boilers: 96 / 94 / 92 %."""
    assert quota_grade(95.0, "equip.gb24500.10").grade == 2
    assert quota_grade(95.0, "equip.gb24500.10").gap_to_next == pytest.approx(1.0)
    with pytest.raises(InputError, match="no packaged quota"):
        quota_grade(1.0, "quota.gb0")
