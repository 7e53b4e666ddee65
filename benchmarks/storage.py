# ruff: noqa: S608, D101, D102, B023 -- statements and commands of our own, in a script
"""Storage beside what one would write by hand: ratios of medians, measured in one run.

Every store holds the same readings (point, start, value, quality, status) and gives one series back
as a DataFrame of them.

``python benchmarks/storage.py`` runs in about a minute; ``--points 10000000`` and ``--influx`` (InfluxDB
from packages) go further. PostgreSQL stands in postgres.py, commits and kills in storage_live.py.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import tempfile
import time
import warnings
from contextlib import closing, suppress
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd

from carbonost.storage import open_meters
from carbonost.storage.frames import read_frame
from carbonost.storage.influx.line import encode, head, measurement

SPAN = ("2024-01-01T00:00Z", "2030-01-01T00:00Z")


def signal(points, series):
    """Return one-minute readings with a daily shape and two decimals, like a meter's."""
    n = points // series
    rng = np.random.default_rng(1)
    shape = 50 + 20 * np.sin(np.arange(n) * 2 * np.pi / 1440)
    values = np.round(shape[None, :] + rng.normal(0, 2, (series, n)), 2)
    stamps = pd.date_range("2024-01-01", periods=n, freq="1min", tz="UTC")
    frame = pd.DataFrame({"point": np.repeat([f"m{i:03d}" for i in range(series)], n)})
    frame["start"] = np.tile(stamps.to_numpy(), series)
    frame["start"] = (
        pd.DatetimeIndex(frame["start"]).tz_localize("UTC") if frame["start"].dt.tz is None else frame["start"]
    )
    return frame.assign(value=values.ravel(), energy_type="electricity", unit="kWh")


def timed(call, rounds=3):
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def size(folder):
    return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


class Embedded:
    name = "carbonost (SQLite chunks)"

    def __init__(self, folder):
        self.store = open_meters(f"sqlite:///{folder}/m.db")

    def ingest(self, frame):
        self.store.write(frame)

    def one(self, point):
        return self.store.read(point, *SPAN)

    def down(self, every):
        return self.store.downsample({}, *SPAN, every, "Asia/Shanghai")

    def close(self):
        self.store.close()


class Rows:
    name = "SQLite rows"

    def __init__(self, folder):
        self.db = sqlite3.connect(Path(folder) / "rows.db", isolation_level=None)
        for pragma in ("journal_mode = wal", "synchronous = full"):
            self.db.execute(f"pragma {pragma}")
        columns = "point text, start integer, value real, quality integer, status text"
        self.db.execute(f"create table r ({columns}, primary key (point, start)) without rowid")

    def ingest(self, frame):
        start = frame["start"].dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(int).tolist()
        rows = zip(frame["point"].tolist(), start, frame["value"].tolist(), repeat(100), repeat(""))
        self.db.execute("begin")
        self.db.executemany("insert or replace into r values (?, ?, ?, ?, ?)", rows)
        self.db.execute("commit")

    def one(self, point):
        rows = self.db.execute("select * from r where point = ? order by start", (point,)).fetchall()
        frame = pd.DataFrame(rows, columns=["point", "start", "value", "quality", "status"])
        return frame.assign(start=pd.to_datetime(frame["start"], unit="s", utc=True))

    def down(self, every):
        cut = {"1d": "(start + 28800) / 86400", "1mo": "strftime('%Y-%m', start + 28800, 'unixepoch')"}[every]
        return self.db.execute(f"select point, {cut}, sum(value) from r group by 1, 2").fetchall()

    def close(self):
        self.db.close()


class Duck:
    name = "DuckDB (no key)"

    def __init__(self, folder):
        import duckdb

        self.db = duckdb.connect(str(Path(folder) / "d.duckdb"))
        self.db.execute("set timezone = 'Asia/Shanghai'")
        self.db.execute(
            "create table r (point varchar, start timestamptz, value double, quality utinyint, status varchar)"
        )

    def ingest(self, frame):
        self.db.register("f", frame)
        self.db.execute("insert into r select point, start, value, 100, '' from f")
        self.db.execute("checkpoint")

    def one(self, point):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # DuckDB and pandas 3
            return self.db.execute("select * from r where point = ? order by start", [point]).df()

    def down(self, every):
        unit = {"1d": "day", "1mo": "month"}[every]
        return self.db.execute(
            f"select point, date_trunc('{unit}', start), sum(value) from r group by 1, 2"
        ).fetchnumpy()

    def close(self):
        self.db.close()


class Parquet:
    name = "Parquet (zstd, pyarrow)"

    def __init__(self, folder):
        self.path = Path(folder) / "p.parquet"

    def ingest(self, frame):
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), self.path, compression="zstd")
        with self.path.open("rb") as file:
            os.fsync(file.fileno())

    def one(self, point):
        return pd.read_parquet(self.path, filters=[("point", "==", point)])

    def down(self, every):
        import polars as pl

        scan = pl.scan_parquet(self.path).with_columns(pl.col("start").dt.convert_time_zone("Asia/Shanghai"))
        return scan.group_by("point", pl.col("start").dt.truncate(every)).agg(pl.col("value").sum()).collect()

    def close(self):
        pass


def beside_others(points, rounds):
    """Every store takes its turn in every round, so that a ratio compares runs of one moment."""
    frame = signal(points, 100)
    kinds = (Embedded, Rows, Duck, Parquet)
    steps = ("ingest", "one", "1d", "1mo", "size")
    found = {(kind, step): [] for kind in kinds for step in steps}
    for _ in range(rounds + 1):
        for kind in kinds:
            with tempfile.TemporaryDirectory() as folder:
                store = kind(folder)
                took = {"ingest": timed(lambda: store.ingest(frame), 1)}
                took["one"] = timed(lambda: store.one("m042"), 9)
                took |= {every: timed(lambda: store.down(every), 3) for every in ("1d", "1mo")}
                store.close()
                took["size"] = size(folder) / points
            for step, value in took.items():
                found[kind, step].append(value)
    found = {key: values[1:] for key, values in found.items()}  # the first round loads libraries

    print(f"\n### {points:.0e} one-minute readings of 100 meters: seconds, medians of {rounds} rounds\n")
    print("| store | ingest | one series | days | months | bytes/reading |\n|---|---|---|---|---|---|")
    for kind in kinds:
        row = (f"{statistics.median(found[kind, step]):.4f}" for step in steps)
        print(f"| {kind.name} | " + " | ".join(row) + " |")
    print("\n| ratio | median | least | most | goal |\n|---|---|---|---|---|")
    goals = [
        ("ingest, SQLite rows / ours", Rows, "ingest", ">= 3"),
        ("ingest, Parquet / ours", Parquet, "ingest", ">= 0.5"),
        ("one series, SQLite rows / ours", Rows, "one", ">= 10"),
        ("one series, DuckDB / ours", Duck, "one", ">= 3"),
        ("days, DuckDB / ours", Duck, "1d", ">= 2"),
        ("months, DuckDB / ours", Duck, "1mo", ">= 2"),
        ("disk, DuckDB / ours", Duck, "size", ">= 1.43"),
    ]
    for name, other, step, goal in goals:
        ratios = [theirs / ours for theirs, ours in zip(found[other, step], found[Embedded, step], strict=True)]
        spread = f"{statistics.median(ratios):.2f} | {min(ratios):.2f} | {max(ratios):.2f}"
        print(f"| {name} | {spread} | {goal} |", flush=True)


def line_protocol():
    frame = signal(300_000, 100)
    batch = read_frame(frame)
    heads = [head(measurement(info), info, info.tags) for info in batch.series]
    return timed(lambda: encode(batch, heads))


def influx():
    from carbonost.testing import services as servers

    frame = signal(300_000, 100)
    print("\n### InfluxDB, 3e5 readings")
    with servers.influx() as server:
        seconds = []
        for n in range(3):
            with closing(open_meters(f"influx+http://carbonost:s3cret@127.0.0.1:{server.port}/b{n}")) as store:
                seconds.append(timed(lambda: store.write(frame), 1))
        share = line_protocol() / statistics.median(seconds)
        print(f"\nInfluxDB: encoding takes {share:.0%} of the write (goal <= 25 %)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--influx", action="store_true")
    options = parser.parse_args()
    beside_others(options.points, options.rounds)
    if options.influx:
        influx()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
