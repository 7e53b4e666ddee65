"""One battery's model kept in the solver: whatever changes, the plan is the one a new model would make."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.engines.energy import Battery
from carbonost.engines.energy.blocks import StorageModel
from carbonost.engines.energy.live import LiveModel
from carbonost.engines.energy.solve import NoPlan
from carbonost.engines.energy.storage import StorageProblem

STEPS = 48
lawful = settings(max_examples=40, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def window(rng, *, surplus, demand, limit=np.inf):
    """A day of half hours in two months: load, prices, charge and peaks so far at random."""
    battery = Battery(
        400.0, 120.0, soc_min=0.1, soc_initial=float(rng.uniform(0.1, 1.0)), wear_cny_per_kwh=0.02,
        soc_final=[None, 0.5][int(rng.integers(2))],
    )  # fmt: skip
    net = 200 + 150 * np.sin(np.arange(STEPS) / STEPS * 2 * np.pi) + rng.normal(0, 40, STEPS)
    return StorageProblem(
        net_kw=net - surplus * rng.uniform(0, 300, STEPS),
        price=rng.choice([0.3, 0.6, 1.0], STEPS),
        month=np.repeat([0, 1], STEPS // 2).astype(np.int32),
        hours=0.5,
        battery=battery,
        demand_cny_per_kw=np.full(2, demand),
        covered_kw=float(rng.choice([0.0, 150.0])),
        floor_kw=rng.choice([0.0, 180.0, 300.0, 600.0], 2),
        import_kw_max=limit,
    )


def cost(problem, plan):
    above = [max(0.0, plan.import_kw[problem.month == m].max() - problem.covered_kw) for m in range(2)]
    paid = np.maximum(above, problem.floor_kw - problem.covered_kw).clip(min=0) @ problem.demand_cny_per_kw
    wear = 0.02 * plan.discharge_kw.sum() * problem.hours
    return float(plan.import_kw @ problem.price) * problem.hours + wear + float(paid)


@lawful
@given(seeds, st.booleans(), st.sampled_from([0.0, 0.2, 1.0, 38.0]))
def test_a_model_kept_alive_costs_what_a_new_one_costs(seed, surplus, demand):
    rng = np.random.default_rng(seed)
    live = LiveModel(window(rng, surplus=False, demand=demand))
    for _ in range(6):
        problem = window(rng, surplus=surplus, demand=demand)
        live.update(problem)
        ours, fresh = live.solve(), StorageModel(problem, live=True).solve()
        assert cost(problem, ours) == pytest.approx(cost(problem, fresh), rel=1e-7, abs=1e-2)
        change = np.diff(ours.stored_kwh, prepend=problem.battery.soc_initial * 400.0)
        charged, given_up = ours.charge_kw * 0.95 * 0.5, ours.discharge_kw / 0.95 * 0.5
        np.testing.assert_allclose(change, charged - given_up, atol=1e-6)


@lawful
@given(seeds)
def test_an_import_limit_without_a_price_is_kept_or_refused(seed):
    rng = np.random.default_rng(seed)
    problem = window(rng, surplus=False, demand=0.0, limit=310.0)
    problem = replace(problem, covered_kw=0.0)
    try:
        fresh = StorageModel(problem, live=True).solve()
    except NoPlan:
        with pytest.raises(NoPlan):
            LiveModel(problem).solve()
        return
    ours = LiveModel(problem).solve()
    assert ours.import_kw.max() <= 310.0 + 1e-6
    assert cost(problem, ours) == pytest.approx(cost(problem, fresh), rel=1e-7, abs=1e-2)


@pytest.mark.parametrize(("demand", "peak_kw"), [(0.1, 100 + 400 / 0.95**2 / 4), (10.0, 200.0)])
def test_the_peak_is_raised_where_one_more_kw_saves_more_than_it_costs(demand, peak_kw):
    """By hand: 100 kW, cheap for 4 h, then dear for 4 h: 400 kWh are worth storing if the peak costs little."""
    problem = StorageProblem(
        net_kw=np.full(16, 100.0),
        price=np.repeat([0.3, 1.0], 8),
        month=np.zeros(16, dtype=np.int32),
        hours=0.5,
        battery=Battery(1000.0, 120.0, soc_initial=0.0, soc_final=None),
        demand_cny_per_kw=np.array([demand]),
        covered_kw=0.0,
        floor_kw=np.array([200.0]),
    )
    live = LiveModel(replace(problem, floor_kw=np.array([900.0])))
    live.update(problem)
    plan = live.solve()
    assert plan.import_kw.max() == pytest.approx(peak_kw)
