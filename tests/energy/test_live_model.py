"""One battery's short horizons: the plan is one that costs what a textbook model finds, whatever came before."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from carbonost.engines.energy import Battery
from carbonost.engines.energy.live import solve_window
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


def textbook(problem):
    """Least cost by scipy, interval by interval; None if no plan keeps the limits."""
    n, h, battery = problem.net_kw.size, problem.hours, problem.battery
    one, none = np.eye(n), np.zeros((n, n))
    keep, peak = one - np.eye(n, k=-1), -np.eye(2)[problem.month]
    begun = np.zeros(n)
    begun[0] = battery.soc_initial * 400.0
    # columns: import, charge, discharge, stored, spilled, and each month's peak above what is covered
    equal = np.vstack(
        [
            np.hstack([one, -one, one, none, -one, np.zeros((n, 2))]),
            np.hstack([none, -0.95 * h * one, h / 0.95 * one, keep, none, np.zeros((n, 2))]),
        ]
    )
    below = np.hstack([one, none, none, none, none, peak])
    stored = [(40.0, 400.0)] * n
    if battery.final_share is not None:
        stored[-1] = (battery.final_share * 400.0,) * 2
    floor = np.maximum(problem.floor_kw - problem.covered_kw, 0.0)
    bounds = [(0.0, problem.import_kw_max)] * n + [(0.0, 120.0)] * (2 * n) + stored + [(0.0, None)] * n
    found = linprog(
        np.concatenate(
            [problem.price * h, np.zeros(n), np.full(n, 0.02 * h), np.zeros(2 * n), problem.demand_cny_per_kw]
        ),
        A_ub=below,
        b_ub=np.full(n, problem.covered_kw) if problem.demand_is_paid else np.full(n, 1e6),
        A_eq=equal,
        b_eq=np.concatenate([problem.net_kw, begun]),
        bounds=[*bounds, *((f, None) for f in floor)],
    )
    return float(found.fun) if found.success else None


@lawful
@given(seeds, st.booleans(), st.sampled_from([0.0, 0.2, 1.0, 38.0]), st.booleans(), st.sampled_from([np.inf, 310.0]))
def test_a_window_costs_what_a_textbook_model_finds(seed, surplus, demand, banded, limit):
    rng = np.random.default_rng(seed)
    problem = window(rng, surplus=surplus, demand=demand, limit=limit)
    problem = replace(problem, covered_kw=min(problem.covered_kw, limit), floor_kw=np.minimum(problem.floor_kw, limit))
    if banded:
        problem = replace(problem, price=np.repeat(rng.choice([0.3, 0.6, 1.0], 8), 6))
    best = textbook(problem)
    if best is None:
        with pytest.raises(NoPlan):
            solve_window(problem)
        return
    plan = solve_window(problem)
    assert cost(problem, plan) == pytest.approx(best, rel=1e-7, abs=1e-2)
    assert plan.import_kw.max() <= limit + 1e-6
    assert max(plan.charge_kw.max(), plan.discharge_kw.max()) <= 120.0 + 1e-6
    assert np.minimum(plan.charge_kw, plan.discharge_kw).max() == 0.0
    change = np.diff(plan.stored_kwh, prepend=problem.battery.soc_initial * 400.0)
    charged, given_up = plan.charge_kw * 0.95 * 0.5, plan.discharge_kw / 0.95 * 0.5
    np.testing.assert_allclose(change, charged - given_up, atol=1e-6)


def test_a_peak_reached_in_spite_of_a_limit_is_no_leave_to_pass_it_again():
    rng = np.random.default_rng(1)
    for seed in range(20):
        problem = window(np.random.default_rng(seed), surplus=False, demand=float(rng.choice([0.0, 38.0])), limit=340.0)
        problem = replace(problem, covered_kw=0.0, floor_kw=np.full(2, 600.0))
        assert solve_window(problem).import_kw.max() <= 340.0 + 1e-6


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
    plan = solve_window(problem)
    assert plan.import_kw.max() == pytest.approx(peak_kw)
