"""Factor library: what loading, hashing and look-up cost beside the least work they could be.

Run ``python benchmarks/factors.py``; it prints a markdown table of ratios taken in one process.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from datetime import date
from importlib.resources import files

import numpy as np
import pandas as pd

from carbonost.factors import FactorLibrary, day_table, resolve
from carbonost.factors.columns import read_columns
from carbonost.factors.library import PACKAGED

ROWS = 1_000_000
REPEATS = 5
FIRST, LAST = date(2015, 1, 1), date(2025, 12, 31)
CARRIERS = [
    ("electricity", "kWh"),
    ("heat", "GJ"),
    *((fuel, "TJ") for fuel in ("natural_gas", "diesel", "anthracite", "lpg")),
]


def seconds(work) -> float:
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def frames() -> pd.DataFrame:
    folder = files("carbonost.factors") / "data"
    parts = [pd.read_csv(str(folder / f"{name}.csv"), dtype=str, keep_default_na=False) for name in PACKAGED]
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    library = FactorLibrary.default()
    provinces = sorted(code for code in library.known_regions if code.startswith("CN-") and len(code) == len("CN-JS"))
    keys = [(carrier, place, unit) for place in provinces for carrier, unit in CARRIERS]
    days = (LAST - FIRST).days + 1
    read = seconds(frames)
    load = seconds(lambda: FactorLibrary(read_columns(frames(), "the packaged factors")))
    content = library.to_frame().to_csv(index=False).encode()
    digest = seconds(lambda: FactorLibrary(library.columns, library.layer).digest)
    sha = seconds(lambda: hashlib.sha256(content).hexdigest())
    table = day_table(library, keys, FIRST, LAST)
    whole = seconds(lambda: day_table(library, keys, FIRST, LAST))
    one = seconds(lambda: [resolve(library, "electricity", place, date(2023, 6, 1), unit="kWh") for place in provinces])
    rng = np.random.default_rng(7)
    key, day = rng.integers(0, len(keys), ROWS), rng.integers(0, days, ROWS)
    index, values = rng.integers(0, len(table.resolutions), ROWS), np.ascontiguousarray(table.tonnes[:, 0])
    limit = seconds(lambda: np.take(values, index))
    gather = seconds(lambda: np.take(values, table.version[key, day]))
    print("| work | measured | beside | ratio |\n| --- | --- | --- | --- |")
    print(f"| load and check {len(library)} rows | {load * 1e3:.0f} ms | reading the same CSV | {load / read:.1f} |")
    print(f"| digest | {digest * 1e3:.0f} ms | sha256 of the bytes | {digest / sha:.1f} |")
    asked = len(keys) * days
    singly = one / len(provinces) * asked
    print(f"| {asked:,} (key, day) answers | {whole * 1e3:.0f} ms | single look-ups | {whole / singly:.1e} |")
    per_row = gather / ROWS * 1e9
    print(f"| factor of {ROWS:,} rows | {per_row:.1f} ns/row | np.take, index known | {gather / limit:.1f} |")


if __name__ == "__main__":
    main()
