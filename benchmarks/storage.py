# ruff: noqa: S608, S603, D101, D102, B023 -- statements and commands of our own, in a script
"""Storage beside what one would write by hand: ratios of medians, measured in one run.

Every store holds the same readings (point, start, value, quality, status) and gives one series back
as a DataFrame of them.

``python benchmarks/storage.py`` runs in about a minute; ``--points 10000000``, ``--kills 200``,
``--services`` (PostgreSQL and InfluxDB from packages) and ``--limit 100000000`` go further.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from contextlib import closing, suppress
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd

from carbonost.storage import open_meters
from carbonost.storage.conformance.kit import killed_after
from carbonost.storage.conformance.meters_lasting import _WRITER
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


def beside_others(points):
    frame = signal(points, 100)
    print(f"\n### {points:.0e} one-minute readings of 100 meters: seconds, medians of 3\n")
    print("| store | ingest | one series | days | months | bytes/reading |\n|---|---|---|---|---|---|")
    found = {}
    for kind in (Embedded, Rows, Duck, Parquet):
        ingest = []
        for _ in range(3):
            with tempfile.TemporaryDirectory() as folder:
                store = kind(folder)
                ingest.append(timed(lambda: store.ingest(frame), 1))
                store.close()
        with tempfile.TemporaryDirectory() as folder:
            store = kind(folder)
            store.ingest(frame)
            row = [statistics.median(ingest), timed(lambda: store.one("m042"), 9)]
            row += [timed(lambda: store.down("1d"), 5), timed(lambda: store.down("1mo"), 5)]
            store.close()
            row.append(size(folder) / points)
        found[kind] = row
        print(f"| {kind.name} | " + " | ".join(f"{value:.4f}" for value in row) + " |", flush=True)
    mine, rows, duck, parquet = (found[kind] for kind in (Embedded, Rows, Duck, Parquet))
    print("\n| ratio | measured | goal |\n|---|---|---|")
    goals = [
        ("ingest, SQLite rows / ours", rows[0] / mine[0], ">= 3"),
        ("ingest, Parquet / ours", parquet[0] / mine[0], ">= 0.5"),
        ("one series, SQLite rows / ours", rows[1] / mine[1], ">= 10"),
        ("one series, DuckDB / ours", duck[1] / mine[1], ">= 3"),
        ("days, DuckDB / ours", duck[2] / mine[2], ">= 2"),
        ("months, DuckDB / ours", duck[3] / mine[3], ">= 2"),
        ("disk, ours / DuckDB", mine[4] / duck[4], "<= 0.7"),
    ]
    for name, value, goal in goals:
        print(f"| {name} | {value:.2f} | {goal} |")


def streaming(commits=300):
    """One commit a minute with one reading of 100 meters, beside one fsync of the same disk."""
    with tempfile.TemporaryDirectory() as folder:
        handle = os.open(Path(folder) / "f", os.O_CREAT | os.O_WRONLY)
        syncs, ours = [], []
        with closing(open_meters(f"sqlite:///{folder}/m.db")) as store:
            points = [f"m{i:03d}" for i in range(100)]
            for n in range(commits):
                os.write(handle, b"x" * 8192)
                syncs.append(timed(lambda: os.fsync(handle), 1))
                stamp = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(minutes=n)
                frame = pd.DataFrame({"point": points, "start": stamp, "value": float(n)})
                frame = frame.assign(energy_type="electricity", unit="kWh")
                ours.append(timed(lambda: store.write(frame), 1))
        os.close(handle)
    print("\n### Streaming: one reading of 100 meters a commit\n\n| | ms (median) |\n|---|---|")
    print(f"| one fsync | {statistics.median(syncs) * 1e3:.2f} |\n| one commit | {statistics.median(ours) * 1e3:.2f} |")
    print(f"\nratio {statistics.median(ours) / statistics.median(syncs):.2f} (goal <= 1.5)")


WRITER_PROCESS = """
import sys, time
import numpy as np
from carbonost.storage import open_meters
from carbonost.storage.conformance.kit import readings
store = open_meters(sys.argv[1], timeout_s=60)
until = time.time() + 8
n = 0
while time.time() < until:
    start = f"2024-01-{1 + n // 140:02d}T{n % 140 // 6:02d}:{n % 6}0+00:00"
    store.write(readings(f"m{sys.argv[2]}", start, np.ones(10), "1min"))
    n += 1
"""


def reader_beside_writers():
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/m.db"
        with closing(open_meters(url)) as store:
            store.write(signal(100_000, 10))
            workers = [subprocess.Popen([sys.executable, "-c", WRITER_PROCESS, url, f"w{i}"]) for i in range(4)]
            reads = []
            while any(worker.poll() is None for worker in workers):
                reads.append(timed(lambda: store.read("m003", "2024-01-02T00:00Z", "2024-01-03T00:00Z"), 1))
                time.sleep(0.01)
    p99 = np.quantile(reads, 0.99) * 1e3
    print(f"\n### A reader beside 4 writing processes\n\np99 {p99:.1f} ms over {len(reads)} reads (goal <= 50 ms)")


def kills(runs):
    lost = doubled = acknowledged = 0
    for run in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/m.db"
            with killed_after(_WRITER, url, acknowledged=1 + run % 23) as lines:
                last = int(lines[-1])
            with closing(open_meters(url)) as store:
                values = store.read({}, *SPAN)["value"].astype(int)
            acknowledged += 40 * (last + 1)
            lost += len(set(range(40 * (last + 1))) - set(values))
            doubled += len(values) - values.nunique()
    print(f"\n### {runs} processes killed with SIGKILL\n\n{acknowledged} acknowledged, {lost} lost, {doubled} doubled")


def line_protocol():
    frame = signal(300_000, 100)
    batch = read_frame(frame)
    heads = [head(measurement(info), info, info.tags) for info in batch.series]
    return timed(lambda: encode(batch, heads))


def services():
    import psycopg

    from carbonost.testing import services as servers

    frame = signal(300_000, 100)
    print("\n### Servers, 3e5 readings\n")
    with servers.postgres(fsync=True) as server:
        url = f"postgresql://carbonost@127.0.0.1:{server.port}/postgres"

        def copy(n):
            with closing(open_meters(f"{url}?schema=s{n}")) as store:
                return timed(lambda: store.write(frame), 1)

        def on_conflict(n):
            with psycopg.connect(url) as db, db.cursor() as cursor:
                columns = "series text, start timestamptz, value float8"
                cursor.execute(f"create table c{n} ({columns}, primary key (series, start))")
                db.commit()

                def write():
                    cursor.execute(f"create temp table t ({columns}) on commit drop")
                    with cursor.copy("copy t from stdin") as sink:
                        for row in zip(frame["point"], frame["start"], frame["value"], strict=True):
                            sink.write_row(row)
                    upsert = "on conflict (series, start) do update set value = excluded.value"
                    cursor.execute(f"insert into c{n} select * from t {upsert}")
                    db.commit()

                return timed(write, 1)

        ours = statistics.median(copy(n) for n in range(3))
        theirs = statistics.median(on_conflict(n) for n in range(3))
        print(f"PostgreSQL: COPY first {ours:.2f} s, staged ON CONFLICT {theirs:.2f} s")
        print(f"{theirs / ours:.2f} times (goal >= 2)")
    with servers.influx() as server:
        seconds = []
        for n in range(3):
            with closing(open_meters(f"influx+http://carbonost:s3cret@127.0.0.1:{server.port}/b{n}")) as store:
                seconds.append(timed(lambda: store.write(frame), 1))
        share = line_protocol() / statistics.median(seconds)
        print(f"\nInfluxDB: encoding takes {share:.0%} of the write (goal <= 25 %)")


def limit(points):
    """Fill one file up to a number of readings, a month of 100 meters at a time."""
    month = signal(4_320_000, 100)
    with tempfile.TemporaryDirectory() as folder, closing(open_meters(f"sqlite:///{folder}/m.db")) as store:
        began, written = time.perf_counter(), 0
        while written < points:
            shifted = month.assign(start=month["start"] + pd.Timedelta(days=30 * (written // len(month))))
            store.write(shifted)
            written += len(month)
        ingest = time.perf_counter() - began
        day = timed(lambda: store.read({}, "2024-01-05T00:00Z", "2024-01-06T00:00Z"))
        months = timed(
            lambda: store.downsample("m042", "2024-01-01T00:00Z", "2040-01-01T00:00Z", "1mo", "Asia/Shanghai")
        )
        print(f"\n### {written:.0e} readings in one file\n")
        print(f"ingest {written / ingest:.2e}/s, {size(folder) / written:.2f} bytes each")
        print(f"one day of 100 meters {day:.3f} s, months of one meter {months:.3f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--services", action="store_true")
    parser.add_argument("--limit", type=int, default=0)
    options = parser.parse_args()
    beside_others(options.points)
    streaming()
    reader_beside_writers()
    kills(options.kills)
    if options.services:
        services()
    if options.limit:
        limit(options.limit)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
