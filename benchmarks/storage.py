# ruff: noqa: S608, S603, D101, D102, B023 -- statements and commands of our own, in a script
"""Storage beside what one would write by hand: ratios of medians, measured in one run.

Every store holds the same readings (point, start, value, quality, status) and gives one series back
as a DataFrame of them.

``python benchmarks/storage.py`` runs in about a minute; ``--points 10000000``, ``--kills 200`` and
``--services`` (PostgreSQL and InfluxDB from packages) go further. ``--limit 100000000`` fills one file.
"""

from __future__ import annotations

import argparse
import os
import resource
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


def streaming(commits=400):
    """One commit a minute with one reading of 100 meters, beside one fsync of as many bytes on the same disk.

    Beside it stands what SQLite itself takes for a row of 2.5 kB: nothing built on it can take less.
    """
    points = [f"m{i:03d}" for i in range(100)]
    kinds = ("one fsync", "SQLite, one row", "DataFrame", "mapping of columns")
    found = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        handle = os.open(Path(folder) / "f", os.O_CREAT | os.O_WRONLY)
        plain = sqlite3.connect(Path(folder) / "plain.db", isolation_level=None)
        for pragma in ("page_size = 16384", "journal_mode = wal", "synchronous = full"):
            plain.execute(f"pragma {pragma}")
        plain.execute("create table t (id integer primary key, data blob)")
        frames = open_meters(f"sqlite:///{folder}/frames.db")
        columns = open_meters(f"sqlite:///{folder}/columns.db")

        def fsync():
            os.write(handle, b"x" * 2500)
            os.fsync(handle)

        for n in range(commits):
            stamp = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(minutes=n)
            reading = {"point": points, "start": stamp.to_pydatetime(), "value": [float(n)] * 100}
            reading |= {"energy_type": "electricity", "unit": "kWh"}
            frame = pd.DataFrame(reading)
            calls = (
                fsync,
                lambda: plain.execute("insert into t (data) values (?)", (os.urandom(2500),)),
                lambda: frames.write(frame),
                lambda: columns.write(reading),
            )
            for kind, call in zip(kinds, calls, strict=True):
                found[kind].append(timed(call, 1))
        os.close(handle)
        for store in (plain, frames, columns):
            store.close()
    floor = statistics.median(found["one fsync"])
    print(f"\n### Streaming: one reading of 100 meters a commit, {commits} commits\n")
    print("| | p50 ms | p99 ms | p50 / one fsync (goal <= 1.5) |\n|---|---|---|---|")
    for kind, seconds in found.items():
        middle = statistics.median(seconds)
        print(f"| {kind} | {middle * 1e3:.2f} | {np.quantile(seconds, 0.99) * 1e3:.2f} | {middle / floor:.2f} |")


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
    """Fill one file up to a number of readings, a month of 100 meters at a time; show how it slows down."""
    month = signal(4_320_000, 100)
    marks = [points * part // 4 for part in (1, 2, 3, 4)]
    print(f"\n### {points:.0e} readings of 100 meters in one file: seconds, medians of 5\n")
    names = ("readings", "GB", "ingest/s", "a meter's day", "100 meters' day", "a meter's months", "100 meters' months")
    print(f"| {' | '.join(names)} | latest | commit | RSS GB |\n|{'---|' * 10}")
    with tempfile.TemporaryDirectory() as folder, closing(open_meters(f"sqlite:///{folder}/m.db")) as store:
        written = 0
        while marks:
            stamps = month["start"] + pd.Timedelta(days=30 * (written // len(month)))
            shifted = month.assign(start=stamps)
            took = timed(lambda: store.write(shifted), 1)
            written += len(month)
            if written < marks[0]:
                continue
            marks.pop(0)
            last = stamps.iloc[-1]
            span, day = ("2024-01-01T00:00Z", "2199-01-01T00:00Z"), (last - pd.Timedelta(days=1), last)
            live = month.iloc[::43200].assign(start=last + pd.Timedelta(minutes=1))
            row = [
                f"{written:.2e}",
                f"{size(folder) / 1e9:.2f}",
                f"{len(month) / took:.1e}",
                *(
                    f"{timed(call, 5):.4f}"
                    for call in (
                        lambda: store.read("m042", *day),
                        lambda: store.read({}, *day),
                        lambda: store.downsample("m042", *span, "1mo", "Asia/Shanghai"),
                        lambda: store.downsample({}, *span, "1mo", "Asia/Shanghai"),
                        lambda: store.latest({}),
                    )
                ),
                f"{timed(lambda: store.write(live), 1):.4f}",
                f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f}",
            ]
            print(f"| {' | '.join(row)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--services", action="store_true")
    parser.add_argument("--limit", type=int, default=0)
    options = parser.parse_args()
    if options.limit:
        limit(options.limit)
        return
    beside_others(options.points, options.rounds)
    streaming()
    reader_beside_writers()
    kills(options.kills)
    if options.services:
        services()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
