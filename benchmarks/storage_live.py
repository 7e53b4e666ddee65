# ruff: noqa: S603, B023 -- processes of our own, in a script
"""The embedded store of readings while it lives: commits, readers beside writers, kills, one very long file.

``python benchmarks/storage_live.py`` runs in about a minute; ``--kills 200`` goes further, and
``--limit 100000000`` fills one file.
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
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pandas as pd
from storage import SPAN, signal, size, timed

from carbonost.storage import open_meters
from carbonost.storage.conformance.kit import killed_after
from carbonost.storage.conformance.meters_lasting import _WRITER


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


def many(meters=4000, minutes=300):
    """A minute of thousands of meters a commit: no commit waits for the whole head to be packed."""
    points, rng, found = [f"m{i:05d}" for i in range(meters)], np.random.default_rng(1), []
    with tempfile.TemporaryDirectory() as folder, closing(open_meters(f"sqlite:///{folder}/m.db")) as store:
        for n in range(minutes):
            stamp = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(minutes=n)
            reading = {"point": points, "start": stamp.to_pydatetime(), "value": rng.normal(50, 2, meters).round(2)}
            reading |= {"energy_type": "electricity", "unit": "kWh"}
            found.append(timed(lambda: store.write(reading), 1))
    p50, p99, most = (f"{at * 1e3:.1f}" for at in np.quantile(found, (0.5, 0.99, 1)))
    print(f"\n### Streaming: one reading of {meters} meters a commit, {minutes} commits\n")
    print(f"p50 {p50} ms, p99 {p99} ms, longest {most} ms")


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
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--limit", type=int, default=0)
    options = parser.parse_args()
    if options.limit:
        limit(options.limit)
        return
    streaming()
    many()
    reader_beside_writers()
    kills(options.kills)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
