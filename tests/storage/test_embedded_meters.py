"""What the embedded meter store does that no law of the port asks for: work per call, memory of a connection."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from carbonost.errors import BeyondRetentionError, SchemaOutdatedError
from carbonost.storage import RetentionPolicy, WriteResult, open_meters
from carbonost.storage.conformance.kit import readings
from carbonost.storage.meters_sqlite import head, writer

ALWAYS = ("1970-01-01T00:00Z", "2100-01-01T00:00Z")
POINTS = [f"m{i:03d}" for i in range(100)]


@pytest.fixture
def store(tmp_path):
    with closing(open_meters(f"sqlite:///{tmp_path}/m.db")) as opened:
        yield opened


def minute(n, points=POINTS):
    """Return what a gateway sends of some meters at one instant."""
    start = pd.Timestamp("2024-01-01T00:00Z") + pd.Timedelta(minutes=n)
    reading = {"point": points, "start": start, "value": [float(n)] * len(points)}
    return reading | {"energy_type": "electricity", "unit": "kWh"}


def test_a_commit_of_a_hundred_meters_writes_two_pages(store, tmp_path):
    """S35: what a live park costs a disk; the one fsync of a commit stands in benchmarks."""
    store.write(minute(0))
    wal = Path(f"{tmp_path}/m.db-wal")
    before = wal.stat().st_size
    for n in range(1, 101):
        store.write(minute(n))
    pages = (wal.stat().st_size - before) / (16384 + 24)
    assert pages <= 250
    assert len(store.read({}, *ALWAYS)) == 101 * 100


def test_a_commit_of_a_hundred_meters_is_four_statements(store):
    store.write(minute(0))
    statements = []
    store._db.set_trace_callback(statements.append)
    store.write(minute(1))
    assert len(statements) == 4, statements  # begin, whether another wrote, insert, commit
    statements.clear()
    store.write(minute(2, ["m007"]))
    assert len(statements) <= 9, statements  # other points than before: they are looked up


RIVAL = """
import sys
import pandas as pd
from carbonost.storage import open_meters
store = open_meters(sys.argv[1], timeout_s=60)
created = 0
for n in range(60):
    points = [f"m{i}" for i in range(n % 7 + 1)]
    start = pd.Timestamp("2024-01-01T00:00Z") + pd.Timedelta(minutes=n * 5 // 3)
    reading = {"point": points, "start": start, "value": [float(sys.argv[2])] * len(points)}
    created += store.write(reading | {"energy_type": "electricity", "unit": "kWh"}).created
print(created)
"""


def test_two_processes_that_write_the_same_instants_create_each_once(tmp_path):
    """M2: what one connection remembers never outlives what another wrote."""
    url = f"sqlite:///{tmp_path}/m.db"
    call = [sys.executable, "-c", RIVAL, url]
    rivals = [subprocess.Popen([*call, str(who)], stdout=subprocess.PIPE, text=True) for who in (1, 2, 3)]
    created = [int(rival.communicate()[0]) for rival in rivals]
    with closing(open_meters(url)) as store:
        found = store.read({}, *ALWAYS)
    assert not found.duplicated(["point", "start"]).any()
    assert sum(created) == len(found) == sum(n % 7 + 1 for n in range(60))
    assert set(found["value"]) <= {1.0, 2.0, 3.0}


def steps(store, call):
    """Return how many thousand instructions SQLite takes for a call."""
    count = [0]

    def one_more():
        count[0] += 1

    store._db.set_progress_handler(one_more, 10)
    call()
    store._db.set_progress_handler(None, 0)
    return count[0]


def test_the_work_of_a_call_does_not_grow_with_the_file(tmp_path):
    """P96: a day, the latest readings and a commit cost the same after a month and after twenty."""
    work = []
    for months in (1, 20):
        with closing(open_meters(f"sqlite:///{tmp_path}/{months}.db")) as store:
            values = np.ones(48 * 30 * months)
            store.write(pd.concat([readings(point, values=values, step="30min") for point in POINTS[:10]]))
            end = pd.Timestamp("2024-01-01T00:00Z") + pd.Timedelta(days=30 * months)
            day = (end - pd.Timedelta(days=1), end)
            calls = (
                lambda store=store, day=day: store.read({}, *day),
                lambda store=store: store.latest({}),
                lambda store=store, day=day: store.downsample({}, *day, "1h", "Asia/Shanghai"),
                lambda store=store, months=months: store.write(minute(43_200 * months, POINTS[:10])),
            )
            work.append([steps(store, call) for call in calls])
    for short, long in zip(*work, strict=True):
        assert long <= 1.2 * short + 5, work


def test_a_batch_that_begins_before_the_last_one_ended_is_compared_with_it(store):
    first = readings("m", values=np.arange(9.0), step="1min")
    assert store.write(first) == WriteResult(created=9)
    late = readings("m", "2024-01-01T00:05Z", values=np.arange(5.0, 14.0), step="1min")
    assert store.write(late) == WriteResult(created=5, unchanged=4)
    assert store.read("m", *ALWAYS)["value"].tolist() == [float(n) for n in range(14)]


def test_what_a_connection_remembers_goes_with_what_was_rolled_back(store):
    store.write(readings("m", values=np.ones(100), step="1h"))
    store.apply_retention(RetentionPolicy(raw="1d"), pd.Timestamp("2024-02-01T00:00Z"))
    with pytest.raises(BeyondRetentionError):
        store.write(pd.concat([readings("a"), readings("m")]))  # the new point goes with the batch
    assert [info.point for info in store.series()] == ["m"]
    assert store.write(readings("a")) == WriteResult(created=3)
    assert store.read("a", *ALWAYS)["value"].tolist() == [1, 2, 3]


def test_a_store_that_was_rolled_up_takes_new_readings_without_looking_back(store):
    store.write(readings("m007", values=np.ones(100), step="1h"))
    store.apply_retention(RetentionPolicy(raw="1d"), pd.Timestamp("2024-02-01T00:00Z"))
    store.write(minute(50_000))
    statements = []
    store._db.set_trace_callback(statements.append)
    store.write(minute(50_001))
    assert len(statements) == 4


def test_buckets_shorter_than_a_quarter_come_from_the_readings(store):
    store.write(readings("m", values=np.arange(2880.0), step="1min"))
    found = store.downsample("m", *ALWAYS, "5min", "Asia/Kolkata")
    assert found["value"].tolist() == np.arange(2880.0).reshape(-1, 5).sum(axis=1).tolist()


def test_an_empty_range_cuts_nothing(store):
    store.write(readings("m", values=np.ones(400), step="15min"))
    store.apply_retention(RetentionPolicy(raw="1d"), pd.Timestamp("2024-02-01T00:00Z"))
    inside = ("2024-01-01T00:30Z", "2024-01-01T00:30Z")
    assert store.delete("m", *inside) == 0
    assert not len(store.downsample("m", *inside, "15min", "UTC"))
    with pytest.raises(BeyondRetentionError):
        store.delete({}, "2024-01-01T00:00Z", "2024-01-03T03:30Z")
    assert store.delete({}, "2024-01-01T00:00Z", "2024-01-03T03:00Z") == 204


def test_many_years_add_up_some_days_at_a_time(store, monkeypatch):
    """P96: memory holds the roll-ups of some days, not of the file."""
    from carbonost.storage.meters_sqlite import reader

    values = np.round(np.random.default_rng(5).gamma(2, 3, 86_400), 2)
    store.write(readings("m", values=values, step="5min"))
    whole = store.downsample("m", *ALWAYS, "1mo", "Australia/Lord_Howe")
    monkeypatch.setattr(reader, "_DAYS", 3)
    pd.testing.assert_frame_equal(store.downsample("m", *ALWAYS, "1mo", "Australia/Lord_Howe"), whole, rtol=1e-12)
    assert whole["value"].sum() == pytest.approx(values.sum(), rel=1e-12)


def test_a_long_head_leaves_in_pieces_so_that_no_commit_waits_for_all_of_it(store, monkeypatch):
    moved, move = [], writer._move
    monkeypatch.setattr(writer, "_move", lambda db, leaving: (moved.append(len(leaving.start)), move(db, leaving)))
    monkeypatch.setattr(writer, "HEAD_LEAST", 1000)
    monkeypatch.setattr(writer, "HEAD_EACH", 30)  # of 100 meters: 3000 readings
    monkeypatch.setattr(head, "PIECE", 60)
    longest, most = 0, 0
    late = minute(5) | {"value": [-5.0] * 100}  # corrects what is sorted, and what has left
    for batch in [*map(minute, range(33)), late, *map(minute, range(33, 200))]:
        moved.clear()
        store.write(batch)
        waiting = head.rows(store._db)[0]
        longest, most = max(longest, waiting), max(most, sum(moved))
    assert 3000 < longest <= 3100
    assert most <= writer.PACE * 100 + 60 + 30  # a piece more, and a day more than a piece
    found = store.read({}, *ALWAYS)
    assert (
        found["value"].to_numpy().reshape(100, 200).tolist()
        == [[-5.0 if n == 5 else float(n) for n in range(200)]] * 100
    )
    store.compact()
    assert head.rows(store._db)[0] == 0
    pd.testing.assert_frame_equal(store.read({}, *ALWAYS), found)


@pytest.mark.parametrize(("version", "remedy"), [(1, "export_parquet"), (99, "pip install --upgrade")])
def test_a_file_of_another_version_is_refused_with_what_to_do_and_kept(tmp_path, version, remedy):
    path = f"{tmp_path}/m.db"
    open_meters(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"pragma user_version = {version}")
    content = Path(path).read_bytes()
    with pytest.raises(SchemaOutdatedError, match=remedy):
        open_meters(f"sqlite:///{path}")
    assert Path(path).read_bytes() == content
