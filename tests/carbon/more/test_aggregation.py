"""Sums over places and periods without double count (S22)."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.carbon import aggregate, net_of_parts
from carbonost.errors import InputError, OverclaimError


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
