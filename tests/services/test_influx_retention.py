"""Retention on a server without transactions, beside writers, readers and other retentions (S35)."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from itertools import count

import pandas as pd
import pytest

from carbonost.errors import BeyondRetentionError
from carbonost.storage import RetentionPolicy, open_meters

pytestmark = pytest.mark.service
POLICY = RetentionPolicy(raw="30d", hourly="400d", daily=None, tz="UTC")
ALWAYS = ("2023-01-01T00:00Z", "2026-01-01T00:00Z")
_numbers = count()


def day(text):
    return pd.Timestamp(text, tz="UTC")


def ones(start, periods, freq="15min", point="m"):
    return pd.DataFrame(
        {
            "point": point,
            "start": pd.date_range(start, periods=periods, freq=freq, tz="UTC"),
            "value": 1.0,
            "energy_type": "electricity",
            "unit": "kWh",
        }
    )


def total(store):
    return store.downsample(store.series()[0].point, *ALWAYS, every="1mo", tz="UTC")["value"].sum()


@pytest.fixture
def two(influx):
    url = f"influx+http://carbonost:s3cret@127.0.0.1:{influx.port}/retention_{next(_numbers)}"
    with closing(open_meters(url)) as one, closing(open_meters(url)) as other:
        yield one, other


@contextmanager
def before(owner, name, act, *, call=1):
    """Run something once, right before a method of an object is called for the first time, or a later one."""
    real, calls = getattr(owner, name), count(1)

    def first(*args, **kwargs):
        if next(calls) == call:
            act()
        return real(*args, **kwargs)

    setattr(owner, name, first)
    try:
        yield
    finally:
        setattr(owner, name, real)


def test_a_reading_posted_after_retention_has_read_is_not_acknowledged(two):
    writer, keeper = two
    writer.write(ones("2024-01-01", 96 * 40))
    late = ones("2024-01-05T00:05", 1)
    with (
        before(writer, "_compare", lambda: keeper.apply_retention(POLICY, day("2024-02-20"))),
        pytest.raises(BeyondRetentionError, match="while it was being written"),
    ):
        writer.write(late)
    with pytest.raises(BeyondRetentionError):
        writer.write(late)
    assert total(writer) == 96 * 40


def test_what_is_acknowledged_before_retention_closes_is_counted(two):
    writer, keeper = two
    writer.write(ones("2024-01-01", 96 * 40))
    with before(keeper._tiers, "_advance", lambda: writer.write(ones("2024-01-05T00:05", 1))):
        keeper.apply_retention(POLICY, day("2024-02-20"))
    assert total(writer) == 96 * 40 + 1


def test_a_point_that_appears_while_retention_begins_is_kept(two):
    writer, keeper = two
    writer.write(ones("2024-01-01", 96))
    with before(keeper._tiers, "_advance", lambda: writer.write(ones("2024-01-02", 96, point="new"))):
        keeper.apply_retention(POLICY, day("2024-02-20"))
    assert writer.downsample("new", *ALWAYS, every="1mo", tz="UTC")["value"].sum() == 96


@pytest.mark.parametrize("step", ["_write", "_remove", "_advance"])
def test_an_older_retention_that_is_overtaken_takes_nothing_back(two, step):
    slow, fast = two
    slow.write(ones("2024-01-01", 96 * 60))
    with before(slow._tiers, step, lambda: fast.apply_retention(POLICY, day("2024-02-20"))):
        slow.apply_retention(POLICY, day("2024-02-10"))
    assert total(slow) == 96 * 60
    with pytest.raises(BeyondRetentionError):
        slow.write(ones("2024-01-15T00:05", 1))
    slow.apply_retention(POLICY, day("2024-03-01"))
    assert total(slow) == 96 * 60


def test_a_retention_that_read_while_another_removed_writes_nothing(two):
    slow, fast = two
    slow.write(ones("2024-01-01", 96 * 60))
    real = slow._readings

    def half(*span):
        columns = real(*span)
        fast.apply_retention(POLICY, day("2024-02-20"))
        return tuple(column[::2] for column in columns)

    slow._readings = half
    slow.apply_retention(POLICY, day("2024-02-10"))
    slow._readings = real
    assert total(slow) == 96 * 60


@pytest.mark.parametrize(
    ("step", "call"),
    [("_advance", 1), ("_write", 1), ("_advance", 2), ("_remove", 1)],
    ids=["closing", "writing", "marking", "removing"],
)
def test_a_reader_sees_the_same_energy_at_every_step_of_retention(two, step, call):
    reader, keeper = two
    reader.write(ones("2024-01-01", 96 * 40))
    seen: list[float] = []
    with before(keeper._tiers, step, lambda: seen.append(total(reader)), call=call):
        keeper.apply_retention(POLICY, day("2024-02-20"))
    assert [*seen, total(reader)] == [96 * 40, 96 * 40]


def test_writers_at_the_moving_edge_lose_nothing(two):
    """A thread writes just ahead of what retention closes, hour after hour."""
    writer, keeper = two
    writer.write(ones("2024-01-01", 96))
    acknowledged, refused, done = [], [], threading.Event()

    def write():
        at = day("2024-01-02T00:00")
        while not done.is_set():
            edge = writer._tiers.marks()["closing"]
            at = max(at, pd.Timestamp(max(edge, 0), unit="us", tz="UTC")) + pd.Timedelta(milliseconds=1)
            try:
                acknowledged.append(writer.write(ones(at, 1)).created)
            except BeyondRetentionError:
                refused.append(at)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for hour in range(40):
            keeper.apply_retention(POLICY, day("2024-02-01") + pd.Timedelta(hours=hour))
    finally:
        done.set()
        thread.join()
    assert acknowledged
    assert 96 + sum(acknowledged) <= total(keeper) <= 96 + sum(acknowledged) + len(refused)
