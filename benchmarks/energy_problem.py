"""The benchmarks' common ground: one works, one tariff, timers, and the same problems in the peers' words."""

from __future__ import annotations

import statistics
import time

import highspy
import numpy as np
import pandas as pd

from carbonost.engines.energy import EnergyOptimizer, Tariff

STEPS = 35_040
DEMAND = 36.1
OPT = EnergyOptimizer()


def synthetic_kw(seed=11):
    """A two-shift works with idle Sundays, furnace batches and a noisy base: 35,040 quarter-hours."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2018-01-01", periods=STEPS, freq="15min", tz="Asia/Shanghai")
    hour = index.hour.to_numpy() + index.minute.to_numpy() / 60
    on = ((hour >= 7) & (hour < 23) & (index.day_of_week.to_numpy() < 6)).astype(float)
    batch = np.repeat(rng.choice([0.3, 0.7, 1.0, 1.6], STEPS // 8, p=[0.2, 0.4, 0.3, 0.1]), 8)
    season = 1 + 0.15 * np.cos(np.arange(STEPS) / STEPS * 2 * np.pi)
    kw = 20 + on * season * (60 + 160 * batch) + rng.gamma(2.0, 6.0, STEPS) * (1 + 3 * on)
    return pd.Series(np.round(kw, 2), index)


def read_kw(path):
    if path is None:
        return synthetic_kw()
    frame = pd.read_csv(path)
    index = pd.date_range(frame.iloc[0, 0], periods=len(frame), freq="15min", tz="Asia/Shanghai")
    return pd.Series(frame.iloc[:, 1].to_numpy() * 4.0, index)


def tariff():
    return Tariff.from_region(
        "CN-JS", charge="demand", flat_cny_per_kwh=0.64, floating_cny_per_kwh=0.3957, demand_cny_per_kw_month=DEMAND
    )


def timed(call):
    """Processor time, so that a busy machine does not count."""
    began = time.process_time()
    value = call()
    return time.process_time() - began, value


def waited(call):
    """Wall-clock time, where latency is what counts."""
    began = time.perf_counter()
    value = call()
    return time.perf_counter() - began, value


def medians(ways, repeats):
    """Interleave the ways, so that a busy machine is busy for all."""
    times, values = {name: [] for name in ways}, {}
    for _ in range(repeats):
        for name, call in ways.items():
            spent, values[name] = timed(call)
            times[name].append(spent)
    return {name: statistics.median(spent) for name, spent in times.items()}, values


def table(title, rows, head):
    print(f"\n### {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |")


def direct_highs(load, price, month, hours, battery):
    """The textbook matrix, straight into HiGHS: charge, discharge, stored, one peak a month."""
    n, months = load.size, int(month[-1]) + 1
    inf = highspy.kHighsInf
    step = np.arange(n)
    into, out = battery.charge_efficiency * hours, hours / battery.discharge_efficiency
    rows = np.concatenate([step, step, step, step[1:], n + step, n + step, 2 * n + step, 2 * n + step, 2 * n + step])
    columns = np.concatenate(
        [2 * n + step, step, n + step, 2 * n + step[:-1], step, n + step, step, n + step, 3 * n + month]
    )
    ones = np.ones(n)
    values = np.concatenate([ones, -into * ones, out * ones, -ones[1:], ones, -ones, ones, -ones, -ones])
    order = np.lexsort((rows, columns))
    start = np.zeros(3 * n + months + 1, dtype=np.int32)
    np.cumsum(np.bincount(columns, minlength=3 * n + months), out=start[1:])
    held = np.zeros(n)
    held[0] = battery.soc_initial * battery.capacity_kwh
    top = np.full(n, battery.capacity_kwh)
    bottom = np.zeros(n)
    bottom[-1] = top[-1] = held[0]
    highs = highspy.Highs()
    highs.silent()
    highs.passModel(
        3 * n + months, 3 * n, values.size, 1, 1, 0.0,
        np.concatenate([price * hours, -price * hours, np.zeros(n), np.full(months, DEMAND)]),
        np.concatenate([np.zeros(2 * n), bottom, np.zeros(months)]),
        np.concatenate([np.full(2 * n, battery.power_kw), top, np.full(months, inf)]),
        np.concatenate([held, -load, np.full(n, -inf)]),
        np.concatenate([held, np.full(n, inf), -load]),
        start[:-1], rows[order].astype(np.int32), values[order], np.zeros(3 * n + months, dtype=np.int32),
    )  # fmt: skip
    highs.run()
    return highs.getInfo().objective_function_value + float(load @ price) * hours


def cvxpy_problem(load, price, month, hours, battery):
    import cvxpy as cp

    n = load.size
    c, d, e = (cp.Variable(n, nonneg=True) for _ in range(3))
    peak = cp.Variable(int(month[-1]) + 1)
    into, out = battery.charge_efficiency * hours, hours / battery.discharge_efficiency
    start = battery.soc_initial * battery.capacity_kwh
    limits = [
        e[0] == start + into * c[0] - out * d[0],
        e[1:] == e[:-1] + into * c[1:] - out * d[1:],
        e[-1] == start, e <= battery.capacity_kwh, c <= battery.power_kw, d <= battery.power_kw,
        load + c - d >= 0, load + c - d <= peak[month],
    ]  # fmt: skip
    cost = hours * price @ (load + c - d) + DEMAND * cp.sum(peak)
    problem = cp.Problem(cp.Minimize(cost), limits)
    problem.solve(solver=cp.HIGHS)
    return float(problem.value)


def day_parameters(battery):
    """A day as a cvxpy problem with parameters (DPP), warm between days."""
    import cvxpy as cp

    n, into, out = 96, battery.charge_efficiency * 0.25, 0.25 / battery.discharge_efficiency
    load, price, floor = cp.Parameter(n, nonneg=True), cp.Parameter(n, nonneg=True), cp.Parameter(nonneg=True)
    c, d, e = (cp.Variable(n, nonneg=True) for _ in range(3))
    peak = cp.Variable()
    start = battery.soc_initial * battery.capacity_kwh
    limits = [
        e[0] == start + into * c[0] - out * d[0], e[1:] == e[:-1] + into * c[1:] - out * d[1:], e[-1] == start,
        e <= battery.capacity_kwh, c <= battery.power_kw, d <= battery.power_kw,
        load + c - d >= 0, load + c - d <= peak, peak >= floor,
    ]  # fmt: skip
    problem = cp.Problem(cp.Minimize(0.25 * price @ (c - d) + DEMAND * peak), limits)
    return problem, load, price, floor


def sun(index):
    """A generation shape per kW: clear days by season and hour, with cloudy days drawn by a fixed seed."""
    hour = np.arange(len(index)) * (24 / 24)
    season = 0.6 + 0.3 * np.sin((hour / 24 - 80) / 365 * 2 * np.pi)
    cloud = 0.5 + 0.5 * np.random.default_rng(0).random(len(index) // 24 + 1)[(hour // 24).astype(int)]
    return pd.Series(np.maximum(0.0, np.sin((hour % 24 - 6) / 12 * np.pi)) * season * cloud, index)


def cvxpy_sizing(load, price, month, shape, costs, bounds):
    """One LP with the capacities as variables, as a textbook would write it."""
    import cvxpy as cp

    n, into, out = load.size, 0.95, 1 / 0.95
    c, d, e, g = (cp.Variable(n, nonneg=True) for _ in range(4))
    size, peak = cp.Variable(3, nonneg=True), cp.Variable(int(month[-1]) + 1)
    limits = [
        e[0] == 0.5 * size[0] + into * c[0] - out * d[0], e[1:] == e[:-1] + into * c[1:] - out * d[1:],
        e[-1] == 0.5 * size[0], e <= size[0], c <= size[1], d <= size[1], size <= bounds,
        g >= load - size[2] * shape + c - d, g <= peak[month],
    ]  # fmt: skip
    problem = cp.Problem(cp.Minimize(price @ g + DEMAND * cp.sum(peak) + costs @ size), limits)
    problem.solve(solver=cp.HIGHS)
    return float(problem.value)
