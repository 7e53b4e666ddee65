"""How fast is an inventory? Ratios to `numpy.take` + `numpy.multiply`, measured in one process.

    python benchmarks/carbon.py [--rows 1000000] [--repeat 5]

The limit gathers a factor whose index is already known and multiplies; everything else starts
from a table of activities and ends with emissions, the factor of every row, checked validity and
converted units. One thread. The table: 31 regions, 10 carriers, 10 yearly factors each, 4 units.

Everything runs in turn, so that a neighbour's load falls on all alike. Shown are the median time, the
median ratio to the limit of the same turn, the ratio of the least times, and the median ratio of
polars' time to this one; polars starts from its own frame and sorts it, as `join_asof` asks.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import threading
import time
import warnings
from dataclasses import replace
from itertools import product
from statistics import median
from typing import TYPE_CHECKING

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from carbonost import CarbonCalculator, FactorLibrary
from carbonost.engines.carbon import propagate
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT, ASOF = "limit: take + multiply", "polars join_asof"
LARGE = 10_000_000  # below, the allocator reuses what earlier runs left and the process does not grow
YEARS = range(2015, 2025)
CARRIERS = [f"bench_{i}" for i in range(10)]
UNITS = {"kg": 1.0, "t": 1000.0, "g": 1e-3, "lb": 0.45359237}
PROVINCES = (
    "BJ TJ HE SX NM LN JL HL SH JS ZJ AH FJ JX SD HA HB HN GD GX HI CQ SC GZ YN XZ SN GS QH NX XJ".split()  # noqa: SIM905
)
REGIONS = [f"CN-{code}" for code in PROVINCES]


def library(*, gases: tuple[str, ...] = ("CO2",)) -> FactorLibrary:
    rng = np.random.default_rng(1)
    rows = [
        {
            "id": f"{carrier}.{region}.{year}.{gas}",
            "energy_type": carrier,
            "region": region,
            "value": round(float(rng.uniform(0.1, 3.0)), 4),
            "unit": f"kg{gas}/kg",
            "gas": gas,
            "valid_from": f"{year}-01-01",
            "valid_to": f"{year}-12-31",
            "scope": 1,
        }
        for carrier, region, year, gas in product(CARRIERS, REGIONS, YEARS, gases)
    ]
    return FactorLibrary.from_frame(pd.DataFrame(rows))


def activities(n: int, *, text: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    start = np.datetime64("2015-01-01") + rng.integers(0, 3650, n).astype("timedelta64[D]")

    def column(labels: list[str]) -> pd.Categorical | pd.arrays.ArrowStringArray:
        codes = pd.Categorical.from_codes(rng.integers(0, len(labels), n).astype(np.int8), categories=labels)
        return codes.astype("str") if text else codes

    stamp = start.astype("datetime64[ns]")
    return pd.DataFrame(
        {
            "energy_type": column(CARRIERS),
            "region": column(REGIONS),
            "unit": column(list(UNITS)),
            "consumption": rng.lognormal(3, 1, n),
            "period_start": stamp,
            "period_end": stamp,
        }
    )


def seconds(run: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    kept = run()
    took = time.perf_counter() - start
    del kept
    return took


def limit(n: int) -> Callable[[], object]:
    rng = np.random.default_rng(3)
    index, amount = rng.integers(0, 3100, n), rng.lognormal(3, 1, n)
    factor, out = rng.uniform(0, 3, 3100), np.empty(n)
    return lambda: np.multiply(np.take(factor, index), amount, out=out)


def asof(frame: pd.DataFrame, factors: FactorLibrary) -> Callable[[], object]:
    import polars as pl

    table = factors.to_frame()
    right = pl.DataFrame(
        {
            "energy_type": table["energy_type"].tolist(),
            "region": table["region"].tolist(),
            "day": pd.to_datetime(table["valid_from"]).to_numpy().astype("datetime64[ns]"),
            "until": pd.to_datetime(table["valid_to"]).to_numpy().astype("datetime64[ns]"),
            "kg": table["value"].to_numpy(),
            "factor": np.arange(len(table), dtype=np.int32),
        }
    ).sort("day")
    scale = pl.DataFrame({"unit": list(UNITS), "scale": list(UNITS.values())})
    left = pl.from_pandas(frame.rename(columns={"period_start": "day"}))
    if left["energy_type"].dtype == pl.Categorical or str(left["energy_type"].dtype).startswith("Enum"):
        left = left.with_columns(pl.col("energy_type", "region", "unit").cast(pl.Categorical))
        right = right.with_columns(pl.col("energy_type", "region").cast(pl.Categorical))
        scale = scale.with_columns(pl.col("unit").cast(pl.Categorical))

    def run() -> object:
        warnings.simplefilter("ignore")  # polars says that it cannot check the order within groups
        joined = left.sort("day").join_asof(right, on="day", by=["energy_type", "region"]).join(scale, on="unit")
        return joined.select(
            (pl.col("consumption") * pl.col("scale") * pl.col("kg") / 1000).alias("t"), "factor", pl.col("until")
        )

    return run


def peak_bytes(run: Callable[[], object]) -> int:
    """Return the resident memory `run` adds at its height."""

    def resident() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    gc.collect()
    before, top, done = resident(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.002):
            top[0] = max(top[0], resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    kept = run()
    top[0] = max(top[0], resident())
    done.set()
    watcher.join()
    del kept
    return top[0] - before


def refusal(calc: CarbonCalculator, frame: pd.DataFrame) -> Callable[[], object]:
    """Return a calculation that one NaN in the middle refuses, by row and field."""
    row = len(frame) // 2
    spoilt = frame.copy()
    spoilt.loc[row, "consumption"] = np.nan

    def run() -> None:
        try:
            calc.calculate(spoilt)
        except InputError as error:
            if (error.row, error.field) == (row, "consumption"):
                return
        raise SystemExit("the NaN was not named")

    return run


def propagation(n: int) -> Callable[[], object]:
    rng = np.random.default_rng(4)
    tonnes, activity_pct, factor_pct = rng.random(n), rng.random(n), rng.random(n)
    factor = rng.integers(0, 300, n)
    return lambda: propagate(tonnes, activity_pct, factor_pct, factor, factors=300)


def measure(n: int, repeat: int, one: FactorLibrary, three: FactorLibrary, *, text: bool) -> None:
    frame, given = activities(n, text=text), "strings" if text else "categories"
    calc, fast, gases = CarbonCalculator(one), CarbonCalculator(one, accelerate=True), CarbonCalculator(three)
    first = seconds(lambda: calc.calculate(frame))
    runs: dict[str, Callable[[], object]] = {
        LIMIT: limit(n),
        "calculate, numpy": lambda: calc.calculate(frame),
        "calculate, numba": lambda: fast.calculate(frame),
        ASOF: asof(frame, one),
    }
    if text:
        report(n, given, runs, repeat)
        return
    print(
        f"| {n:.0e} | {given} | first call, {len(one.to_frame()):,} factors looked up | {first / n * 1e9:.0f} | | | |"
    )
    inventory = calc.calculate(frame)
    own = frame.assign(uncertainty_pct=np.random.default_rng(5).random(n))
    runs |= {
        "three gases, numpy": lambda: gases.calculate(frame),
        "one NaN refused, numpy": refusal(calc, frame),
        "one NaN refused, numba": refusal(fast, frame),
        "total, exact in any order": lambda: replace(inventory).total_t(),
        "propagate, 300 factors": propagation(n),
        f"inventory.uncertainty(), {len(inventory.bases):,} bases": inventory.uncertainty,
        "the same, a percentage in every row": replace(inventory, source=own).uncertainty,
    }
    report(n, given, runs, repeat)
    if n < LARGE:
        return
    added = peak_bytes(lambda: calc.calculate(frame))
    print(f"| {n:.0e} | {given} | peak memory above the input | {added / n:.0f} bytes/row | | | |")


def report(n: int, given: str, runs: dict[str, Callable[[], object]], repeat: int) -> None:
    """Run everything in turn, `repeat` times, and print medians and least times."""
    for run in runs.values():
        run()
    rounds = [{what: seconds(run) for what, run in runs.items()} for _ in range(repeat)]
    for what in runs:
        took = [turn[what] for turn in rounds]
        least = min(took) / min(turn[LIMIT] for turn in rounds)
        ratio = median(turn[what] / turn[LIMIT] for turn in rounds)
        beside = median(turn[ASOF] / turn[what] for turn in rounds)
        nanoseconds = median(took) / n * 1e9
        print(
            f"| {n:.0e} | {given} | {what} | {nanoseconds:.1f} | {ratio:.1f} | {least:.1f} | {beside:.1f} |", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    one, three = library(), library(gases=("CO2", "CH4", "N2O"))
    print("| rows | input | what | ns/row | × limit | least / least | times as fast as polars |")
    print("|---|---|---|---|---|---|---|")
    for n in options.rows:
        for text in (False, True):
            measure(n, options.repeat, one, three, text=text)


if __name__ == "__main__":
    sys.exit(main())
