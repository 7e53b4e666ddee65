"""Meter trees and tenants (S22): every kilowatt-hour once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.carbon import allocate, meter_tree
from carbonost.errors import InputError, OverclaimError

PARK = [
    {"meter": "gate", "parent": None, "energy_kwh": 1000.0},
    {"meter": "hall", "parent": "gate", "energy_kwh": 600.0},
    {"meter": "tenant_a", "parent": "hall", "energy_kwh": 250.0},
    {"meter": "tenant_b", "parent": "hall", "energy_kwh": 300.0},
    {"meter": "office", "parent": "gate", "energy_kwh": 300.0},
]


def test_a_tree_counts_each_kilowatt_hour_once():
    tree = meter_tree(PARK)
    assert tree.total_kwh == 1000
    assert tree.by_meter == {"gate": 100, "hall": 50, "tenant_a": 250, "tenant_b": 300, "office": 300}
    assert tree.remainder_kwh == 150
    assert tree["total_kwh"] == 1000


def test_a_table_serves_as_well_as_rows_and_an_empty_cell_is_no_parent():
    assert meter_tree(pd.DataFrame(PARK)).by_meter == meter_tree(PARK).by_meter


def test_a_gap_stays_a_gap_where_it_matters_and_only_there():
    tree = meter_tree([{**row, "energy_kwh": np.nan} if row["meter"] == "tenant_a" else row for row in PARK])
    assert tree.total_kwh == 1000
    assert np.isnan(tree.by_meter["hall"])
    assert tree.by_meter["gate"] == 100
    assert np.isnan(tree.remainder_kwh)


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([{"meter": "a", "parent": None, "energy_kwh": 1.0}] * 2, "twice"),
        ([{"meter": "a", "parent": "b", "energy_kwh": 1.0}], "not a meter"),
        ([{"meter": m, "parent": p, "energy_kwh": 1.0} for m, p in ("ab", "bc", "ca")], "circle"),
        ([{"meter": "a", "parent": "a", "energy_kwh": 1.0}], "circle"),
        ([{"meter": "a", "parent": None, "energy_kwh": -1.0}], "not negative"),
        ([{"meter": "a", "parent": None, "energy_kwh": np.inf}], "finite"),
        ([{"meter": "a", "energy_kwh": 1.0}], "lacks parent"),
        ([{"meter": "a", "parent": None, "energy_kwh": "many"}], "numbers"),
    ],
)
def test_a_tree_that_is_none_is_refused(rows, word):
    with pytest.raises(InputError, match=word):
        meter_tree(rows)


def test_sub_meters_above_their_parent_are_refused_unless_the_accuracy_allows_it():
    rows = [{"meter": "a", "parent": None, "energy_kwh": 100.0}, {"meter": "b", "parent": "a", "energy_kwh": 100.5}]
    with pytest.raises(InputError, match="more than its own"):
        meter_tree(rows)
    assert meter_tree(rows, tolerance_pct=1.0).remainder_kwh == pytest.approx(-0.5)


@given(st.lists(st.tuples(st.integers(0, 100), st.floats(0, 1e6)), max_size=30))
def test_own_counts_sum_to_the_park(drawn):
    """Law: tenants + common area = park, for every tree."""
    use = [kwh for _, kwh in drawn]
    parent = [None if row == 0 else pick % row for row, (pick, _) in enumerate(drawn)]
    reading = use.copy()
    for row in range(len(drawn) - 1, 0, -1):
        reading[parent[row]] += reading[row]
    rows = [
        {"meter": f"m{i}", "parent": None if p is None else f"m{p}", "energy_kwh": kwh}
        for i, (p, kwh) in enumerate(zip(parent, reading, strict=True))
    ]
    tree = meter_tree(rows)
    assert sum(tree.by_meter.values()) == pytest.approx(tree.total_kwh, rel=1e-9, abs=1e-6)
    np.testing.assert_allclose(list(tree.by_meter.values()), use, rtol=1e-6, atol=1e-3)


def test_tenants_share_own_generation_and_the_grid_by_what_they_use():
    shared = allocate(
        {"a": 300.0, "b": 500.0}, imported_kwh=800.0, generated_kwh=250.0, exported_kwh=50.0, grid_kg_per_kwh=0.5
    )
    lines = shared.lines.set_index("name")
    assert shared.park_kwh == 1000
    assert lines["energy_kwh"].to_dict() == {"a": 300, "b": 500, "common": 200}
    assert lines["own_generation_kwh"].to_dict() == {"a": 60, "b": 100, "common": 40}
    assert lines["emissions_t"].to_dict() == pytest.approx({"a": 0.12, "b": 0.2, "common": 0.08})
    assert lines["operator_scope"].to_dict() == {"a": "3.3", "b": "3.3", "common": "2"}


def test_dedicated_generation_goes_to_its_tenant_first():
    shared = allocate(
        {"a": 300.0, "b": 500.0},
        imported_kwh=800.0,
        generated_kwh=200.0,
        grid_kg_per_kwh=0.5,
        dedicated_kwh={"a": 200.0},
        relation="lease",
    )
    assert shared.lines["own_generation_kwh"].tolist() == [200, 0, 0]
    assert shared.lines["operator_scope"].tolist() == ["3.13", "3.13", "2"]


@pytest.mark.parametrize(
    "facts",
    [
        {"tenants_kwh": {"a": 900.0}, "imported_kwh": 800.0},
        {"tenants_kwh": {"a": 1.0}, "imported_kwh": 800.0, "generated_kwh": 1.0, "exported_kwh": 2.0},
        {"tenants_kwh": {"a": 9.0}, "imported_kwh": 9.0, "generated_kwh": 1.0, "dedicated_kwh": {"a": 2.0}},
    ],
)
def test_claiming_more_than_there_is_is_refused(facts):
    with pytest.raises(OverclaimError):
        allocate(**facts, grid_kg_per_kwh=0.5)


@given(
    st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=7), st.floats(0, 1e6), max_size=8),
    st.floats(0, 1e6),
    st.floats(0, 1),
    st.floats(0, 1.2),
)
def test_tenants_and_common_area_sum_to_the_park(tenants, common_kwh, solar, factor):
    """Law: tenants + common area = park, in energy and in tonnes."""
    park = sum(tenants.values()) + common_kwh
    shared = allocate(tenants, imported_kwh=park * (1 - solar), generated_kwh=park * solar, grid_kg_per_kwh=factor)
    assert shared.lines["energy_kwh"].sum() == pytest.approx(shared.park_kwh, rel=1e-9, abs=1e-6)
    assert shared.lines["emissions_t"].sum() == pytest.approx(shared.park_t, rel=1e-9, abs=1e-6)
    assert (shared.lines["grid_kwh"] >= -1e-6).all()
