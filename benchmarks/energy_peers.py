"""Energy: ratios to the modelling layers that need an environment of their own (linopy, PyPSA).

    PYTHONPATH=. python benchmarks/energy_peers.py [--load STEEL.csv] [--days 60] [--limit 240] [--only rolling,annual]

Needs `linopy` and `pypsa` beside `carbonost`, in an environment of its own; a peer that is not installed is left
out. Times are wall-clock, all in one run. PyPSA's year is solved in a process of its own, which is ended at
`--limit` seconds.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import statistics
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
from energy_problem import DEMAND, OPT, read_kw, table, tariff, waited

from carbonost.engines.energy import Battery, Site
from carbonost.engines.energy.live import solve_window
from carbonost.engines.energy.problem import read_problem
from carbonost.engines.energy.reduced import as_storage

BATTERY = Battery(1000.0, 250.0)


def linopy_day(net, price, floor):
    """One day, built anew and handed to HiGHS in memory."""
    import linopy

    model, into, out = linopy.Model(), BATTERY.charge_efficiency * 0.25, 0.25 / BATTERY.discharge_efficiency
    step = pd.RangeIndex(net.size, name="t")
    c, d = (model.add_variables(0, BATTERY.power_kw, [step], name=name) for name in ("charge", "discharge"))
    e = model.add_variables(0, BATTERY.capacity_kwh, [step], name="stored")
    peak = model.add_variables(floor, np.inf, name="peak")
    start = BATTERY.soc_initial * BATTERY.capacity_kwh
    held = pd.Series(np.where(step == 0, start, 0.0), step)
    model.add_constraints(e - e.shift(t=1) - into * c + out * d == held, name="balance")
    model.add_constraints(e.isel(t=-1) == start, name="end")
    load = pd.Series(net, step)
    model.add_constraints(c - d >= -load, name="no_export")
    model.add_constraints(c - d - peak <= -load, name="demand")
    model.add_objective((0.25 * pd.Series(price, step) * (c - d)).sum() + DEMAND * peak)
    model.solve(solver_name="highs", io_api="direct", output_flag=False)
    return float(model.objective.value)


def rolling(load, days):
    """The same days with the same peak to date."""
    if importlib.util.find_spec("linopy") is None:
        print("linopy is not installed: row left out.")
        return
    storage = as_storage(read_problem(Site(assets=[BATTERY]), load, tariff()))

    def day(number, floor):
        at = slice(96 * number, 96 * number + 96)
        return replace(
            storage, net_kw=storage.net_kw[at], price=storage.price[at], month=np.zeros(96, np.int32),
            demand_cny_per_kw=storage.demand_cny_per_kw[:1],
            floor_kw=np.array([floor]),
        )  # fmt: skip

    spent, off, floor = {"ours": [], "linopy": []}, 0.0, 0.0
    for number in range(days):
        today = day(number, floor)

        def ours(today=today):
            return solve_window(today).import_kw

        def theirs(today=today, floor=floor):
            return linopy_day(today.net_kw, today.price, floor)

        took, drawn = waited(ours)
        spent["ours"].append(took)
        took, cost = waited(theirs)
        spent["linopy"].append(took)
        mine = 0.25 * float((drawn - today.net_kw) @ today.price) + DEMAND * max(float(drawn.max()), floor)
        off = max(off, abs(mine - cost) / max(abs(cost), 1.0))
        floor = max(floor, float(drawn.max()))
    ours, theirs = (statistics.median(spent[name]) for name in ("ours", "linopy"))
    rows = [
        ("carbonost", f"{1e3 * ours:.2f}", ""),
        ("linopy, rebuilt, in memory", f"{1e3 * theirs:.1f}", f"{ours / theirs:.4f}"),
    ]
    title = f"Rolling day, 96 steps, {days} days (goal <= 1/100), objectives apart by at most {off:.0e}"
    table(title, rows, ("way", "ms/day", "ours / it"))


def pypsa_cost(load):
    """The year as a PyPSA user writes it: a storage unit, and the month's peak added to its linopy model."""
    import pypsa

    rate, stamps = tariff(), load.index.tz_localize(None)
    price = pd.Series(rate.prices(load.index, 0.25), stamps)
    network = pypsa.Network()
    network.set_snapshots(stamps, default_snapshot_weightings=0.25)
    network.add("Bus", "site")
    network.add("Load", "load", bus="site", p_set=pd.Series(load.to_numpy(), stamps))
    network.add("Generator", "grid", bus="site", p_nom=1e5, marginal_cost=price)
    held = pd.Series(np.nan, stamps)
    held.iloc[-1] = BATTERY.soc_initial * BATTERY.capacity_kwh
    network.add(
        "StorageUnit", "battery", bus="site", p_nom=BATTERY.power_kw, max_hours=BATTERY.capacity_kwh / BATTERY.power_kw,
        efficiency_store=BATTERY.charge_efficiency, efficiency_dispatch=BATTERY.discharge_efficiency,
        state_of_charge_initial=BATTERY.soc_initial * BATTERY.capacity_kwh, state_of_charge_set=held,
    )  # fmt: skip

    def demand(network, snapshots):
        model, month = network.model, pd.Series(snapshots.month, snapshots)
        flow = model.variables["Generator-p"].sel(name="grid")
        months = pd.Index(sorted(set(month)), name="month")
        peak = model.add_variables(0, np.inf, [months], name="peak")
        for number in months:
            now = snapshots[month == number]
            limit = flow.sel(snapshot=now) - peak.sel(month=number)
            model.add_constraints(limit <= 0, name=f"demand_{number}")
        model.objective = model.objective + DEMAND * peak.sum()

    network.optimize(solver_name="highs", io_api="direct", extra_functionality=demand, include_objective_constant=False)
    return float(network.model.objective.value)


def annual(load, path, limit):
    """A year of quarter-hours against PyPSA, from the imported package to the optimum."""
    if importlib.util.find_spec("pypsa") is None:
        print("PyPSA is not installed: row left out.")
        return
    runs = [waited(lambda: OPT.dispatch(Site(assets=[BATTERY]), load, tariff())) for _ in range(3)]
    ours, cost = statistics.median(spent for spent, _ in runs), runs[0][1].objective_cny
    child = [sys.executable, __file__, "--year", *(["--load", path] if path else [])]
    try:
        done = subprocess.run(child, timeout=limit, capture_output=True, text=True, check=True)  # noqa: S603 -- ourselves
        spent, theirs = (float(x) for x in done.stdout.split()[-2:])
        peer = ("PyPSA, HiGHS in memory", f"{spent:.1f}", f"{ours / spent:.4f}", f"{theirs:.4f}")
    except subprocess.TimeoutExpired:
        peer = ("PyPSA, HiGHS in memory", f"did not finish in {limit}", f"< {ours / limit:.4f}", "")
    rows = [("carbonost dispatch", f"{ours:.2f}", "", f"{cost:.4f}"), peer]
    table(f"Annual dispatch, {len(load)} quarter-hours (goal <= 1/10)", rows, ("way", "s", "ours / it", "CNY"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load", default=None)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--limit", type=int, default=240)
    parser.add_argument("--only", default="rolling,annual")
    parser.add_argument("--year", action="store_true", help="solve PyPSA's year and print seconds and cost")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    load, wanted = read_kw(args.load), set(args.only.split(","))
    if args.year:
        print(*waited(lambda: pypsa_cost(load)))
        return
    if "rolling" in wanted:
        rolling(load, args.days)
    if "annual" in wanted:
        annual(load, args.load, args.limit)


if __name__ == "__main__":
    main()
