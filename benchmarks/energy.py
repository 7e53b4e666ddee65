"""Energy: ratios to the solver itself and to the usual modelling layers, measured in one process.

    python benchmarks/energy.py [--load STEEL.csv] [--repeats 5] [--only annual,rolling,sizing,control,parks,import]

Times are processor seconds, so that a busy machine does not count, but for the rolling day, where latency
counts and the clock on the wall is read. `--load` takes a CSV whose first two columns are the local start and the
energy [kWh] of each quarter-hour of a year; without it a synthetic works of two shifts is used. linopy and PyPSA
are timed by `energy_peers.py`.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import statistics
import subprocess
import sys
import time
from dataclasses import replace

import cvxpy as cp
import highspy
import numpy as np
import pandas as pd

from carbonost.engines.energy import Battery, EnergyOptimizer, PvArray, Site, Tariff
from carbonost.engines.energy.blocks import StorageModel
from carbonost.engines.energy.dispatch import solve_problem
from carbonost.engines.energy.problem import read_problem
from carbonost.engines.energy.reduced import as_storage

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


def annual(load, repeats):
    battery, rate = Battery(1000.0, 250.0), tariff()
    problem = read_problem(Site(assets=[battery]), load, rate)
    kw, price, month = problem.load.kw, problem.rate.energy, problem.at.month
    ways = {
        "carbonost dispatch": lambda: OPT.dispatch(Site(assets=[battery]), load, rate),
        "direct HiGHS, full resolution": lambda: direct_highs(kw, price, month, 0.25, battery),
        "cvxpy, vectorised": lambda: cvxpy_problem(kw, price, month, 0.25, battery),
    }
    times, found = medians(ways, repeats)
    costs = {name: getattr(value, "objective_cny", value) for name, value in found.items()}
    rows = [
        (name, f"{times[name]:.3f}", f"{times['carbonost dispatch'] / times[name]:.3f}", f"{costs[name]:.5f}")
        for name in ways
    ]
    table(
        f"Annual dispatch, {len(load)} quarter-hours, 1 MWh / 250 kW (goal <= 1/3 of HiGHS, <= 1/4 of cvxpy)",
        rows, ("way", "median s", "ours / it", "objective CNY"),
    )  # fmt: skip
    runs = [waited(lambda: OPT.dispatch(Site(assets=[battery]), load, rate)) for _ in range(repeats)]
    whole = [waited(lambda: solve_problem(problem)) for _ in range(2)]
    own = statistics.median(spent - plan.diagnostics["solver_s"] for spent, plan in runs)
    highs = min(solved.solver_s for _, solved in whole)
    own_whole = min(spent - solved.solver_s for spent, solved in whole)
    share = own / highs
    print(
        f"\nOwn work (check, assemble, typed result): {own:.3f} s, {share:.1%} of HiGHS on the full model (goal 15 %)."
    )
    print(f"The full model's assembly: {own_whole:.3f} s, {own_whole / highs:.1%} of its HiGHS time.")


def day_parameters(battery):
    """A day as a cvxpy problem with parameters (DPP), warm between days."""
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


def rolling(load, repeats):
    """365 days, each from half full to half full, with the month's peak carried on."""
    battery, rate = Battery(1000.0, 250.0), tariff()
    problem = read_problem(Site(assets=[battery]), load, rate)
    storage = as_storage(problem)
    days = len(load) // 96

    def days_of(solve):
        floor, month, total, times = 0.0, -1, 0.0, []
        for day in range(days):
            at = slice(96 * day, 96 * day + 96)
            if storage.month[at][0] != month:
                month, floor = storage.month[at][0], 0.0
            spent, drawn = waited(lambda at=at, floor=floor: solve(storage.net_kw[at], storage.price[at], floor))
            times.append(spent)
            total += float(drawn @ storage.price[at]) * 0.25
            if drawn.max() > floor:
                total, floor = total + DEMAND * (drawn.max() - floor), float(drawn.max())
        return statistics.median(times), total

    def ours():
        first = replace(
            storage, net_kw=storage.net_kw[:96], price=storage.price[:96], month=np.zeros(96, np.int32),
            floor_kw=np.zeros(1),
        )  # fmt: skip
        model = StorageModel(first, live=True)

        def solve(net, price, floor):
            model.update(replace(first, net_kw=net, price=price, floor_kw=np.array([floor])))
            return model.solve().import_kw

        return days_of(solve)

    def parametric():
        day, kw, price, floor = day_parameters(battery)

        def solve(net, tou, reached):
            kw.value, price.value, floor.value = net, tou, reached
            day.solve(solver=cp.HIGHS, warm_start=True)
            flows = day.variables()
            c, d = (next(v for v in flows if v.id == i) for i in sorted(v.id for v in flows if v.size == 96)[:2])
            return net + c.value - d.value

        return days_of(solve)

    found = {"carbonost, updated in place": [], "cvxpy DPP, warm": []}
    for _ in range(max(1, repeats // 2)):
        found["carbonost, updated in place"].append(ours())
        found["cvxpy DPP, warm"].append(parametric())
    best = {name: statistics.median(ms for ms, _ in runs) for name, runs in found.items()}
    ratio = best["carbonost, updated in place"]
    rows = [
        (name, f"{1e3 * best[name]:.2f}", f"{ratio / best[name]:.3f}", f"{runs[0][1]:.2f}")
        for name, runs in found.items()
    ]
    table("Rolling day, 96 steps (goal <= 1/8 of warm cvxpy-DPP)", rows, ("way", "ms/day", "ours / it", "year CNY"))


def sun(index):
    """A generation shape per kW: clear days by season and hour, with cloudy days drawn by a fixed seed."""
    hour = np.arange(len(index)) * (24 / 24)
    season = 0.6 + 0.3 * np.sin((hour / 24 - 80) / 365 * 2 * np.pi)
    cloud = 0.5 + 0.5 * np.random.default_rng(0).random(len(index) // 24 + 1)[(hour // 24).astype(int)]
    return pd.Series(np.maximum(0.0, np.sin((hour % 24 - 6) / 12 * np.pi)) * season * cloud, index)


def cvxpy_sizing(load, price, month, shape, costs, bounds):
    """One LP with the capacities as variables, as a textbook would write it."""
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


def sizing(load, repeats):
    from carbonost.engines.energy.assembly import annual_cost
    from carbonost.engines.energy.sizing import monolithic

    hourly = load.resample("h").mean()
    site = Site(
        assets=[
            Battery(
                None, None, capex_cny_per_kwh=800.0, capex_cny_per_kw=300.0, life_years=12.0,
                capacity_kwh_max=5000.0, capacity_kw_max=2000.0,
            ),
            PvArray(
                capacity_kw=None, profile=sun(hourly.index), capex_cny_per_kw=2700.0, opex_cny_per_kw_year=46.0,
                life_years=25.0, capacity_kw_max=600.0,
            ),
        ]
    )  # fmt: skip
    problem = read_problem(site, hourly, tariff())
    battery, array = site.assets
    costs = np.array([annual_cost(a, u, 0.08) for a, u in ((battery, "kwh"), (battery, "kw"), (array, "kw"))])
    bounds, shape = np.array([5000.0, 2000.0, 600.0]), array.profile.to_numpy()
    ways = {
        "carbonost, cuts": lambda: OPT.size(site, hourly, tariff()).objective_cny,
        "carbonost, one LP": lambda: monolithic(problem).objective_cny,
        "cvxpy, one LP": lambda: cvxpy_sizing(
            problem.load.kw, problem.rate.energy, problem.at.month, shape, costs, bounds
        ),
    }
    times, found = medians(ways, max(1, repeats // 2))
    rows = [
        (
            name,
            f"{times[name]:.2f}",
            f"{times['carbonost, cuts'] / times[name]:.3f}",
            f"{found[name]:.4f}",
        )
        for name in ways
    ]
    table(
        "Sizing battery and PV, 8,760 h (goal <= 1/4, same optimum to 1e-6)", rows, ("way", "s", "ours / it", "CNY/a")
    )


def control(load, weeks):
    """Control with a day's forecast against foresight, and against days planned one by one."""
    site, rate = Site(assets=[Battery(1000.0, 250.0)]), tariff()
    steps = min(len(load) - 96, weeks * 7 * 96)
    controller, state, drawn, spent = OPT.controller(site, rate), {"soc": 0.5}, [], []
    for i in range(steps):
        began = time.perf_counter()
        step = controller.step(load.iloc[i : i + 96], state)
        spent.append(time.perf_counter() - began)
        state = step.state
        drawn.append(step.import_kw)
    seen = load.iloc[:steps]
    base = rate.bill(seen).total_cny
    best = OPT.dispatch(site, seen, rate).objective_cny
    kept = (base - rate.bill(pd.Series(drawn, seen.index)).total_cny) / (base - best)
    rows = [(f"{steps / 96:.0f} days", f"{kept:.1%}", f"{1e3 * statistics.median(spent):.2f}")]
    table("Control, 24 h of forecast (goal >= 93 % of foresight's saving)", rows, ("horizon", "kept", "ms/step"))


def park(seed):
    """One random park, hourly, for a year."""
    rng = np.random.default_rng(seed)
    load = synthetic_kw(seed).resample("h").mean() * float(rng.uniform(0.5, 5.0))
    return load, Battery(float(rng.uniform(200, 3000)), float(rng.uniform(100, 800)))


def solve_park(seed):
    load, battery = park(seed)
    spent, schedule = timed(lambda: OPT.dispatch(Site(assets=[battery]), load, tariff()))
    return spent, schedule.objective_cny


def parks(count):
    walls = []
    with concurrent.futures.ProcessPoolExecutor() as pool:
        workers = pool._max_workers  # noqa: SLF001 -- only to state it
        list(pool.map(solve_park, range(workers)))  # imports are not the portfolio's time
        for part in (count // 4, count // 2, count):
            began = time.perf_counter()
            found = list(pool.map(solve_park, range(part), chunksize=4))
            walls.append((part, time.perf_counter() - began))
    wall = walls[-1][1]
    some = range(0, count, max(1, count // 8))
    serial = []
    for seed in some:
        load, battery = park(seed)
        p = read_problem(Site(assets=[battery]), load, tariff())
        serial.append(timed(lambda p=p, b=battery: cvxpy_problem(p.load.kw, p.rate.energy, p.at.month, 1.0, b))[0])
    per_core, total = statistics.mean(spent for spent, _ in found), sum(cost for _, cost in found)
    rows = [
        ("carbonost", f"{wall:.1f}", f"{per_core:.3f}", ""),
        ("cvxpy, one after another", "", f"{statistics.mean(serial):.3f}", f"{per_core / statistics.mean(serial):.3f}"),
    ]
    table(
        f"{count} parks, 8,760 h, {workers} workers, {total:,.0f} CNY (goal <= 1/3 per core)",
        rows, ("way", "wall s", "core s/park", "ours / it"),
    )  # fmt: skip
    print("Wall clock by parks: " + ", ".join(f"{n} in {s:.1f} s ({1e3 * s / n:.0f} ms each)" for n, s in walls))


def imports():
    code = "import sys, time; t = time.perf_counter(); import carbonost.engines.energy; print(time.perf_counter() - t)"
    best = min(
        float(
            subprocess.run(  # noqa: S603 -- our own interpreter
                [sys.executable, "-c", code], capture_output=True, check=True
            ).stdout
        )
        for _ in range(3)
    )
    table("Import of carbonost.engines.energy", [(f"{1e3 * best:.1f}",)], ("ms",))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load", default=None)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--parks", type=int, default=40)
    parser.add_argument("--weeks", type=int, default=5, help="length of the control run; 52 for the whole year")
    parser.add_argument("--only", default="annual,rolling,sizing,control,parks,import")
    args = parser.parse_args()
    load, wanted = read_kw(args.load), set(args.only.split(","))
    print(
        f"{'real' if args.load else 'synthetic'} load, {load.sum() / 4:,.0f} kWh/a, highspy {highspy.Highs().version()}"
    )
    if "annual" in wanted:
        annual(load, args.repeats)
    if "rolling" in wanted:
        rolling(load, args.repeats)
    if "sizing" in wanted:
        sizing(load, args.repeats)
    if "control" in wanted:
        control(load, args.weeks)
    if "parks" in wanted:
        parks(args.parks)
    if "import" in wanted:
        imports()


if __name__ == "__main__":
    main()
