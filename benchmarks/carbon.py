"""How fast is an inventory? Ratios to `numpy.take` + `numpy.multiply`, measured in one process.

    python benchmarks/carbon.py [--rows 1000000] [--repeat 5]

The limit gathers a factor whose index is already known and multiplies; everything else starts
from a table of activities and ends with emissions, the factor of every row, checked validity and
converted units. One thread. The table: 31 regions, 10 carriers, 10 yearly factors each, 4 units.
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

if TYPE_CHECKING:
    from collections.abc import Callable

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


def beside(floor: Callable[[], object], run: Callable[[], object], repeat: int) -> tuple[float, float]:
    """Return median seconds of `run`, and the median of its ratio to the limit taken just before it."""
    pairs = [(seconds(floor), seconds(run)) for _ in range(repeat)]
    return median(took for _, took in pairs), median(took / least for least, took in pairs)


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


def measure(n: int, repeat: int, one: FactorLibrary, three: FactorLibrary) -> None:
    floor = limit(n)

    def line(given: str, what: str, run: Callable[[], object], times: int = repeat) -> None:
        took, ratio = beside(floor, run, times)
        print(f"| {n:.0e} | {given} | {what} | {took / n * 1e9:.1f} | {ratio:.1f} |", flush=True)

    line("index", "limit: take + multiply", floor)
    for text in (False, True):
        frame, given = activities(n, text=text), "strings" if text else "categories"
        calc, fast, gases = CarbonCalculator(one), CarbonCalculator(one, accelerate=True), CarbonCalculator(three)
        line(given, "first call, factors looked up", lambda c=calc, f=frame: c.calculate(f), 1)
        line(given, "calculate, numpy", lambda c=calc, f=frame: c.calculate(f))
        fast.calculate(frame)
        line(given, "calculate, numba", lambda c=fast, f=frame: c.calculate(f))
        line(given, "polars join_asof", asof(frame, one), min(repeat, 3))
        if text:
            continue
        gases.calculate(frame)
        line(given, "three gases, numpy", lambda c=gases, f=frame: c.calculate(f))
        inventory = calc.calculate(frame)
        line("inventory", "total, exact in any order", lambda i=inventory: replace(i).total_t())
        line("inventory", "uncertainty by propagation", lambda i=inventory: i.uncertainty(), 1)
        del inventory
        added = peak_bytes(lambda c=calc, f=frame: c.calculate(f))
        print(f"| {n:.0e} | {given} | peak memory above the input | {added / n:.0f} bytes/row | |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    one, three = library(), library(gases=("CO2", "CH4", "N2O"))
    print("| rows | input | what | ns/row | × limit |\n|---|---|---|---|---|")
    for n in options.rows:
        measure(n, options.repeat, one, three)


if __name__ == "__main__":
    sys.exit(main())
