"""Energy: ratios to the solver itself and to the usual modelling layers, measured in one process.

    python benchmarks/energy.py [--load STEEL.csv] [--repeats 5] [--only annual,memory,rolling,sizing,control,parks]

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
from pathlib import Path

import highspy
import numpy as np
import pandas as pd
from energy_problem import (
    DEMAND,
    OPT,
    cvxpy_problem,
    cvxpy_sizing,
    day_parameters,
    direct_highs,
    medians,
    read_kw,
    sun,
    synthetic_kw,
    table,
    tariff,
    timed,
    waited,
)

from carbonost.engines.energy import Battery, PvArray, Site
from carbonost.engines.energy.dispatch import solve_problem
from carbonost.engines.energy.live import solve_window
from carbonost.engines.energy.problem import read_problem
from carbonost.engines.energy.reduced import as_storage


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
            floor_kw=np.zeros(1), demand_cny_per_kw=storage.demand_cny_per_kw[:1],
        )  # fmt: skip

        def solve(net, price, floor):
            return solve_window(replace(first, net_kw=net, price=price, floor_kw=np.array([floor]))).import_kw

        return days_of(solve)

    def parametric():
        import cvxpy as cp

        day, kw, price, floor = day_parameters(battery)

        def solve(net, tou, reached):
            kw.value, price.value, floor.value = net, tou, reached
            day.solve(solver=cp.HIGHS, warm_start=True)
            flows = day.variables()
            c, d = (next(v for v in flows if v.id == i) for i in sorted(v.id for v in flows if v.size == 96)[:2])
            return net + c.value - d.value

        return days_of(solve)

    found = {"carbonost": [], "cvxpy DPP, warm": []}
    for _ in range(max(1, repeats // 2)):
        found["carbonost"].append(ours())
        found["cvxpy DPP, warm"].append(parametric())
    best = {name: statistics.median(ms for ms, _ in runs) for name, runs in found.items()}
    ratio = best["carbonost"]
    rows = [
        (name, f"{1e3 * best[name]:.2f}", f"{ratio / best[name]:.3f}", f"{runs[0][1]:.2f}")
        for name, runs in found.items()
    ]
    table("Rolling day, 96 steps (goal <= 1/8 of warm cvxpy-DPP)", rows, ("way", "ms/day", "ours / it", "year CNY"))


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


MEMORY = {
    "carbonost dispatch": "OPT.dispatch(Site(assets=[battery]), load, rate)",
    "direct HiGHS, full resolution": "direct_highs(p.load.kw, p.rate.energy, p.at.month, 0.25, battery)",
}


def memory(path):
    """Greatest resident memory of each way, each in a process of its own with the same imports.

    Not `ru_maxrss`: a child's begins at what its parent held.
    """
    rows, peaks = [], {}
    for name, call in MEMORY.items():
        code = (
            "from energy import *; battery, rate, load = Battery(1000.0, 250.0), tariff(), "
            f"read_kw({path!r}); p = read_problem(Site(assets=[battery]), load, rate); {call}; "
            "print(int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) / 1024)"
        )
        done = subprocess.run(  # noqa: S603 -- our own interpreter
            [sys.executable, "-c", code], capture_output=True, check=True, cwd=Path(__file__).parent
        )
        peaks[name] = float(done.stdout)
    for name, mb in peaks.items():
        rows.append((name, f"{mb:.0f}", f"{peaks['carbonost dispatch'] / mb:.2f}"))
    table("Peak memory, annual dispatch (goal <= 1.3 x direct)", rows, ("way", "MB", "ours / it"))


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
    parser.add_argument("--only", default="annual,memory,rolling,sizing,control,parks,import")
    args = parser.parse_args()
    load, wanted = read_kw(args.load), set(args.only.split(","))
    print(
        f"{'real' if args.load else 'synthetic'} load, {load.sum() / 4:,.0f} kWh/a, highspy {highspy.Highs().version()}"
    )
    if "annual" in wanted:
        annual(load, args.repeats)
    if "memory" in wanted:
        memory(args.load and str(Path(args.load).resolve()))
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
