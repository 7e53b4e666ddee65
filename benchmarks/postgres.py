"""Readings in PostgreSQL: rows beside compressed days, COPY beside ON CONFLICT, on one server, in one run.

``python benchmarks/postgres.py`` takes about a minute and needs PostgreSQL from packages; ``--points
10000000`` goes further. Batches hold 100 000 readings of one minute; figures are medians over batches or
rounds, and the order of the contestants changes from round to round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from contextlib import ExitStack

import numpy as np
import pandas as pd
import psycopg

from carbonost.storage import open_meters
from carbonost.storage.meters_postgres.rows import RowLayout
from carbonost.testing import services

SPAN = ("2024-01-01T00:00Z", "2030-01-01T00:00Z")
BATCH = 100_000
SIZE = """select coalesce(sum(pg_total_relation_size(c.oid)), 0) from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = %s and c.relkind = 'r'
    and (c.relname in ('meter_head', 'meter_chunk') or c.relname like 'meter\\_reading\\_%%')"""


def batches(points, series):
    """Yield batches as they come: a few hours of every meter, two decimals, a daily shape."""
    rng = np.random.default_rng(1)
    each = BATCH // series
    for first in range(0, points // series, each):
        at = np.arange(first, first + each)
        values = 50 + 20 * np.sin(at * 2 * np.pi / 1440)[None, :] + rng.normal(0, 2, (series, each))
        stamps = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(at, unit="min")
        frame = pd.DataFrame({"point": np.repeat([f"m{i:03d}" for i in range(series)], each)})
        frame["start"] = pd.DatetimeIndex(np.tile(stamps.tz_localize(None).to_numpy(), series)).tz_localize("UTC")
        yield frame.assign(value=np.round(values, 2).ravel(), energy_type="electricity", unit="kWh")


def clocked(call):
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--points", type=int, default=1_000_000)
    options.add_argument("--series", type=int, default=100)
    asked = options.parse_args()
    with services.postgres(fsync=True) as server:
        url = f"postgresql://carbonost@127.0.0.1:{server.port}/postgres"
        with psycopg.connect(url, autocommit=True) as connection, ExitStack() as stack:
            layouts = {"rows": "rows", "chunk": "chunk", "staged": "rows"}
            stores = {
                name: stack.enter_context(open_meters(f"{url}?schema=l_{name}&layout={layout}"))
                for name, layout in layouts.items()
            }
            stores["staged"]._layout = RowLayout("l_staged", copies=False)  # noqa: SLF001 -- the path not taken
            run(connection, stores, asked)


def run(connection, stores, asked):
    ingest = {name: [] for name in stores}
    for place, frame in enumerate(batches(asked.points, asked.series)):
        names = list(stores)
        for name in names[place % 3 :] + names[: place % 3]:
            ingest[name].append(clocked(lambda name=name, frame=frame: stores[name].write(frame)))
    hand = statistics.median(b / a for a, b in zip(ingest["rows"], ingest["staged"], strict=True))
    del stores["staged"]
    connection.execute("vacuum analyze")
    day = ("2024-01-03T00:00Z", "2024-01-04T00:00Z")
    calls = {
        "one series, whole": lambda store: store.read("m007", *SPAN),
        "one day of all": lambda store: store.read({}, *day),
        "days of all": lambda store: store.downsample({}, *SPAN, "1d", "Asia/Shanghai"),
        "months of one": lambda store: store.downsample("m007", *SPAN, "1mo", "Asia/Shanghai"),
    }
    found = {what: {name: [] for name in stores} for what in calls}
    for turn in range(5):
        for what, call in calls.items():
            for name in list(stores)[:: 1 if turn % 2 else -1]:
                found[what][name].append(clocked(lambda call=call, name=name: call(stores[name])))
    size = {name: connection.execute(SIZE, (f"l_{name}",)).fetchone()[0] for name in stores}
    live = streaming(stores)
    print(f"{asked.points:,} readings of {asked.series} points; load {os.getloadavg()[0]:.1f}\n")
    print("| | rows | chunk | chunk : rows |\n|---|---|---|---|")
    table = {"a batch of 100,000 [s]": {name: statistics.median(times) for name, times in ingest.items()}}
    table |= {f"{what} [s]": {n: statistics.median(t) for n, t in times.items()} for what, times in found.items()}
    table |= {"a minute of 100 meters [s]": live, "bytes a reading": {n: b / asked.points for n, b in size.items()}}
    for what, one in table.items():
        shown = " | ".join(f"{one[name]:.4g}" for name in stores)
        print(f"| {what} | {shown} | {one['chunk'] / one['rows']:.3f} |")
    print(f"\nRows by COPY beside the same rows staged and upserted by ON CONFLICT: {hand:.2f} times as fast (goal: 2)")


def streaming(stores):
    """Return the median seconds of a commit with one reading of 100 meters."""
    times = {name: [] for name in stores}
    points = [f"live{i}" for i in range(100)]
    for at in pd.date_range("2029-01-01", periods=300, freq="1min", tz="UTC"):
        frame = pd.DataFrame({"point": points, "start": at, "value": np.arange(100.0)})
        frame = frame.assign(energy_type="electricity", unit="kWh")
        for name, store in stores.items():
            times[name].append(clocked(lambda store=store, frame=frame: store.write(frame)))
    return {name: statistics.median(part) for name, part in times.items()}


if __name__ == "__main__":
    main()
