"""Uncertainty is propagated, not declared (P52): shared factors correlated, chance seeded."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.carbon.calculator import CarbonCalculator
from carbonost.engines.carbon.draws import monte_carlo
from carbonost.engines.carbon.uncertainty import assess, combine_product, combine_sum
from carbonost.errors import InputError
from carbonost.factors.tables import read

SHAPES = ("normal", "lognormal", "triangular", "uniform")


def test_two_equal_boilers_on_one_factor_are_not_independent():
    """By hand: activity 5 %, factor 10 %. Shared: sqrt(10² + 5²/2) = 10.61; own factors: sqrt(125/2) = 7.91."""
    shared = assess([50.0, 50.0], 5.0, 10.0, ["coal", "coal"])
    apart = assess([50.0, 50.0], 5.0, 10.0, ["coal", "gas"])
    assert shared.pct == pytest.approx(np.sqrt(112.5), rel=1e-12)
    assert apart.pct == pytest.approx(np.sqrt(62.5), rel=1e-12)
    assert (shared.mean_t, shared.high_t - shared.low_t) == (100.0, pytest.approx(2 * np.sqrt(112.5)))
    assert shared.sd_t == pytest.approx(np.sqrt(112.5) / 1.959964, rel=1e-6)


def test_both_ipcc_equations_by_hand():
    assert combine_product([3.0, 4.0]) == 5.0
    assert combine_sum([60.0, 80.0], [10.0, 10.0]) == pytest.approx(1000 / 140)
    assert combine_sum([100.0, -50.0], [3.0, 8.0]) == 10.0
    assert np.isnan(combine_sum([1.0, -1.0], [5.0, 5.0]))


def test_scopes_categories_and_contributors_are_told_apart():
    told = assess(
        [100.0, 200.0, 50.0],
        [2.0, 1.0, np.nan],
        [5.0, 10.0, np.nan],
        ["gas", "grid", "water"],
        scope=[1, 2, 3],
        category=["stationary", "electricity", "water"],
    )
    scopes = told.by_scope
    assert scopes["mean_t"].to_dict() == {1: 100.0, 2: 200.0, 3: 50.0}
    assert scopes.loc[1, "pct"] == pytest.approx(np.hypot(2, 5))
    assert told.by_category.index.tolist() == ["stationary", "electricity", "water"]
    assert told.contributors["factor_id"].tolist() == ["grid", "gas", "water"]
    assert told.contributors["variance_share"].sum() == pytest.approx(1.0)
    assert told.contributors.loc[0, "from_factor"] == pytest.approx(400 / (400 + 4 + 25 + 4))
    assert told.coverage == pytest.approx(300 / 350)


def test_a_row_that_states_half_its_uncertainty_is_not_covered():
    told = assess([100.0, 300.0], [2.0, 3.0], [5.0, np.nan], ["gas", "grid"])
    assert (told.coverage, told.activity_coverage, told.factor_coverage) == (0.25, 1.0, 0.25)
    assert told.pct == pytest.approx(np.sqrt(200**2 + 500**2 + 900**2) / 400)


def test_coded_labels_say_the_same_as_plain_ones():
    factor, category = ["a", "b", "a"], ["x", None, "x"]
    plain = assess([1.0, 2.0, 3.0], 5.0, 10.0, factor, category=category)
    spare = pd.Categorical(category, categories=["x", "never used"])
    coded = assess([1.0, 2.0, 3.0], 5.0, 10.0, pd.Categorical(factor), category=spare)
    assert coded.pct == plain.pct
    pd.testing.assert_frame_equal(coded.by_category, plain.by_category)
    pd.testing.assert_frame_equal(coded.contributors, plain.contributors)


def test_an_inventory_that_states_no_uncertainty_has_none():
    told = assess([1.0, 2.0], np.nan, np.nan, ["a", "b"])
    assert told.coverage == 0
    assert np.isnan(told.pct)


@pytest.mark.parametrize("shape", SHAPES)
def test_monte_carlo_agrees_with_propagation_where_both_hold(shape):
    facts = ([60.0, 30.0, 10.0], [4.0, 6.0, 8.0], [8.0, 8.0, 12.0], ["grid", "grid", "gas"])
    exact = assess(*facts, scope=[2, 2, 1])
    drawn = assess(
        *facts,
        scope=[2, 2, 1],
        method="monte_carlo",
        draws=40_000,
        seed=7,
        activity_distribution=shape,
        factor_distribution=shape,
    )
    wider = {"triangular": 1.959964 / ((1 - 0.05**0.5) * 6**0.5), "uniform": 1.959964 / (0.95 * 3**0.5)}
    assert drawn.mean_t == pytest.approx(exact.mean_t, rel=2e-3)
    assert drawn.sd_t == pytest.approx(exact.sd_t * wider.get(shape, 1.0), rel=0.02)
    assert drawn.by_scope["mean_t"].tolist() == pytest.approx([90.0, 10.0], rel=3e-3)
    assert (drawn.method, drawn.draws) == ("monte_carlo", 40_000)


@pytest.mark.parametrize("shape", SHAPES[:1] + SHAPES[2:])
def test_a_symmetric_distribution_has_the_half_width_it_states(shape):
    drawn = assess([100.0], 20.0, 0.0, ["a"], method="monte_carlo", draws=60_000, activity_distribution=shape)
    assert drawn.pct == pytest.approx(20.0, rel=0.02)


def test_the_same_seed_draws_the_same_inventory():
    facts = ([60.0, 40.0], 5.0, 10.0, ["a", "b"])
    first, again, other = (assess(*facts, method="monte_carlo", draws=500, seed=s) for s in (1, 1, 2))
    assert (first.low_t, first.high_t) == (again.low_t, again.high_t)
    assert first.low_t != other.low_t


@pytest.mark.parametrize(("shape", "pct"), [("normal", 120.0), ("triangular", 80.0), ("uniform", 96.0)])
def test_a_spread_that_reaches_below_zero_is_refused_unless_lognormal(shape, pct):
    with pytest.raises(InputError, match="lognormal"):
        assess([1.0], pct, 0.0, ["a"], method="monte_carlo", draws=10, activity_distribution=shape)
    told = assess([1.0], pct, 0.0, ["a"], method="monte_carlo", draws=1000, activity_distribution="lognormal")
    assert told.low_t > 0
    assert told.high_t - told.mean_t > told.mean_t - told.low_t


@pytest.mark.parametrize(
    "facts",
    [
        {"emissions_t": [np.nan]},
        {"activity_pct": -1.0},
        {"method": "guess"},
        {"method": "monte_carlo", "draws": 0},
        {"method": "monte_carlo", "factor_distribution": "beta"},
    ],
)
def test_what_cannot_be_assessed_is_refused(facts):
    with pytest.raises(InputError):
        assess(**{"emissions_t": [1.0], "activity_pct": 1.0, "factor_pct": 1.0, "factor_id": ["a"], **facts})


def test_nothing_drawn_is_nothing_emitted():
    none = np.empty(0)
    assert not monte_carlo(none, none, none, np.empty(0, int), draws=3, rng=np.random.default_rng(0)).any()


lines = st.lists(
    st.tuples(
        st.floats(0, 1e6), st.floats(0, 60), st.floats(0, 60), st.sampled_from("abcd"), st.sampled_from([1, 2, 3])
    ),
    min_size=1,
    max_size=40,
)


@given(lines, st.randoms())
def test_row_order_changes_nothing(drawn, rng):
    """Law."""
    pct_of = {"a": 3.0, "b": 7.0, "c": 11.0, "d": 40.0}
    columns = [(e, ad, pct_of[f], f, s) for e, ad, _, f, s in drawn]
    before = assess(*zip(*[c[:4] for c in columns], strict=True), scope=[c[4] for c in columns])
    rng.shuffle(columns)
    after = assess(*zip(*[c[:4] for c in columns], strict=True), scope=[c[4] for c in columns])
    np.testing.assert_allclose([after.pct, after.mean_t], [before.pct, before.mean_t], rtol=1e-9, atol=1e-12)


@given(lines)
def test_sharing_a_factor_never_narrows_and_splitting_a_row_never_widens(drawn):
    """Law: correlation only adds; the linear sum is the ceiling."""
    tonnes, ad, _, _, _ = (np.array(c) for c in zip(*drawn, strict=True))
    apart = assess(tonnes, ad, 10.0, np.arange(len(tonnes)))
    shared = assess(tonnes, ad, 10.0, np.zeros(len(tonnes)))
    half = [(u.high_t - u.low_t) / 2 for u in (apart, shared)]
    assert half[0] <= half[1] * (1 + 1e-9)
    assert half[1] <= (tonnes * np.hypot(ad, 10.0)).sum() / 100 * (1 + 1e-9) + 1e-9
    halves = assess(np.repeat(tonnes / 2, 2), 0.0, 10.0, np.repeat(np.arange(len(tonnes)), 2))
    whole = assess(tonnes, 0.0, 10.0, np.arange(len(tonnes)))
    assert halves.high_t == pytest.approx(whole.high_t, rel=1e-9)


def test_a_fuel_of_the_ipcc_set_brings_the_intervals_the_ipcc_prints():
    """IPCC 2006 Vol. 2, Tables 1.2 and 1.3: each parameter with its 95 % limits; the product by Eq. 3.1."""
    rows = read("fuel_parameters").set_index("id")
    half = [
        (rows.loc[f"ipcc2006.diesel.{p}", "high"] - rows.loc[f"ipcc2006.diesel.{p}", "low"])
        / 2
        / rows.loc[f"ipcc2006.diesel.{p}", "value"]
        * 100
        for p in ("ncv", "carbon_content")
    ]
    row = {"energy_type": "diesel", "region": "CN", "period_start": "2023-01-01", "period_end": "2023-12-31"}
    told = CarbonCalculator(parameter_set="ipcc2006").calculate(
        [{**row, "consumption": 10.0, "unit": "t", "uncertainty_pct": 0.0}]
    )
    assert told.uncertainty().pct == pytest.approx(combine_product(half))
    energy = CarbonCalculator(parameter_set="ipcc2006").calculate([{**row, "consumption": 430.0, "unit": "GJ"}])
    assert energy.bases[0].uncertainty_pct == pytest.approx(half[1])
    own = [{**row, "consumption": 1.0, "unit": "t", "parameters": {"ncv_gj_per_t": 42.0}}]
    assert CarbonCalculator(parameter_set="ipcc2006").calculate(own).bases[0].uncertainty_pct is None
