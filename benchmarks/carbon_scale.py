"""Scale: an inventory of a Parquet data set larger than memory, and of each engine's own table.

``python benchmarks/carbon_scale.py`` runs 10 million rows in about a minute;
``python benchmarks/carbon_scale.py --rows 100_000_000`` is the data set larger than a 2 GB machine.
Rows are written in chunks, each engine runs in a process of its own, and its peak memory is that
process's. The limit is the numpy engine on columns already coded, in chunks of the same size.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHUNK = 2_000_000
FACILITIES = 200
ENGINES = ("numpy", "polars", "duckdb", "pyarrow", "dask")


def write(folder: Path, rows: int) -> None:
    """Write readings of many facilities, carriers, regions and three years, chunk by chunk."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    carriers = pa.array(["electricity", "natural_gas", "diesel"])
    units, regions = pa.array(["kWh", "Nm3", "t"]), pa.array(["CN-JS", "CN-ZJ", "CN-GD", "CN"])
    facilities = pa.array([f"facility {i:03}" for i in range(FACILITIES)])
    for number, first in enumerate(range(0, rows, CHUNK)):
        rng, n = np.random.default_rng(number), min(CHUNK, rows - first)
        kind = pa.array(rng.integers(0, 3, n).astype(np.int8))
        day = np.datetime64("2021-01-01", "D") + rng.integers(0, 1095, n)
        table = pa.table(
            {
                "energy_type": pa.DictionaryArray.from_arrays(kind, carriers),
                "unit": pa.DictionaryArray.from_arrays(kind, units),
                "region": pa.DictionaryArray.from_arrays(pa.array(rng.integers(0, 4, n).astype(np.int8)), regions),
                "facility": pa.DictionaryArray.from_arrays(
                    pa.array(rng.integers(0, FACILITIES, n).astype(np.int16)), facilities
                ),
                "period_start": pa.array(day),
                "consumption": pa.array(np.round(rng.random(n) * 500, 1)),
            }
        )
        pq.write_table(table, folder / f"part{number:04}.parquet", row_group_size=CHUNK // 4, compression="zstd")


def open_table(engine: str, folder: Path):
    """Return the data set as a table of `engine`, unread where the engine can."""
    pattern = str(folder / "*.parquet")
    if engine == "polars":
        import polars as pl

        return pl.scan_parquet(pattern)
    if engine == "duckdb":
        import duckdb

        connection = duckdb.connect()
        connection.execute("set memory_limit = '700MB'")
        connection.execute("set preserve_insertion_order = false")
        return connection.read_parquet(pattern)
    if engine == "dask":
        import dask.dataframe as dd

        return dd.read_parquet(str(folder))
    import pyarrow.parquet as pq

    return pq.read_table(folder)


def by_chunks(calc, folder: Path) -> float:
    """Total of the calculator itself, file by file."""
    import pandas as pd

    total = 0.0
    for path in sorted(folder.glob("*.parquet")):
        frame = pd.read_parquet(path)
        total += float(calc.calculate(frame.assign(period_end=frame["period_start"])).total_t())
    return total


def one(engine: str, folder: Path) -> None:
    """Run one engine and print its figures as JSON."""
    import warnings

    from carbonost.engines.carbon import calculate_table
    from carbonost.engines.carbon.calculator import CarbonCalculator

    warnings.filterwarnings("ignore", category=FutureWarning)
    calc = CarbonCalculator(parameter_set="gbt32151.22-2024")
    began = time.perf_counter()
    if engine == "numpy":
        total, lines = by_chunks(calc, folder), 0
    else:
        inventory = calculate_table(calc.calculate, open_table(engine, folder), by=["facility"])
        total, lines = float(inventory.total_t()), len(inventory)
    spent = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"total": total, "seconds": spent, "peak_mb": peak, "lines": lines}))


def main(rows: int = 10_000_000, engines: tuple[str, ...] = ENGINES) -> None:
    """Print a table: seconds, times the row-by-row engine, peak memory, difference of the totals."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, rows)
        size = sum(path.stat().st_size for path in folder.glob("*.parquet")) / 1e6
        print(f"{rows:,} rows, {size:,.0f} MB of Parquet, by facility and month\n")
        print("| engine | seconds | ns/row | times row by row | peak MB | lines | relative difference |")
        print("|---|---|---|---|---|---|---|")
        first = None
        for engine in engines:
            told = subprocess.run(  # noqa: S603 -- this very script
                [sys.executable, __file__, "--one", engine, "--folder", name],
                capture_output=True,
                text=True,
                check=False,
            )
            if told.returncode:
                print(f"| {engine} | failed: {told.stderr.strip().splitlines()[-1][:80]} | | | | | |")
                continue
            found = json.loads(told.stdout)
            first = first or found
            print(
                f"| {engine} | {found['seconds']:.2f} | {found['seconds'] / rows * 1e9:.0f} "
                f"| {found['seconds'] / first['seconds']:.2f} | {found['peak_mb']:.0f} | {found['lines']} "
                f"| {abs(found['total'] / first['total'] - 1):.1e} |"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--engines", nargs="*", default=list(ENGINES))
    parser.add_argument("--one")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.one:
        one(given.one, given.folder)
    else:
        main(given.rows, tuple(given.engines))
