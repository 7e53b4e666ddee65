"""Readings on their way in: frames and mappings of columns say the same, and each fault is ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.errors import InvalidDataError, NaiveTimestampError
from carbonost.storage import WriteResult, open_meters
from carbonost.storage.conformance.kit import readings
from carbonost.storage.frames import read_frame

KIND = ("energy_type", "unit")
NOW = datetime(2024, 1, 1, tzinfo=UTC)
LIVE = {"point": ["b", "a"], "start": NOW, "value": [2.0, 1.0], "energy_type": "electricity", "unit": "kWh"}


def same(one, other):
    assert one.series == other.series
    for name in ("code", "start", "value", "quality"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.status is None) == (other.status is None)
    assert one.status is None or one.status.tolist() == other.status.tolist()
    assert one.skipped == other.skipped


def test_a_mapping_says_what_its_frame_says():
    same(read_frame(LIVE), read_frame(pd.DataFrame(LIVE)))
    full = LIVE | {"quality": [90, None], "status": ["", "在线"], "park_id": ["p1", "p2"], "floor": 3}
    same(read_frame(full), read_frame(pd.DataFrame(full)))


def series(name="meter-1", index=None, **attrs):
    stamps = pd.date_range("2024-01-01", periods=3, freq="15min", tz="Asia/Shanghai") if index is None else index
    made = pd.Series([1.0, 2.0, 4.0], stamps, name=name)
    made.attrs |= {"energy_type": "electricity", "unit": "kWh", "plotted_by": "li"} | attrs
    return made


def test_a_series_says_what_its_frame_says():
    one = series()
    same(
        read_frame(one.iloc[::-1]),
        read_frame({"point": "meter-1", "start": one.index, "value": one} | {n: one.attrs[n] for n in KIND}),
    )
    assert read_frame(series(unit=None)).series[0].unit == ""  # said before, or refused by the store
    naive = series(index=pd.date_range("2024-01-01", periods=3))
    assert read_frame(naive, assume_tz="Asia/Shanghai").start[0] == read_frame(one).start[0]


@pytest.mark.parametrize(
    ("faulty", "column"),
    [
        (series(index=range(3)), "start"),
        (series(index=pd.period_range("2024", periods=3)), "start"),
        (series(name=None), "point"),
        (series(name=7), "point"),
        (series(unit=["kWh"]), "unit"),
        (series(energy_type=1), "energy_type"),
    ],
)
def test_a_series_that_does_not_say_what_it_is_is_refused_and_shown_how(faulty, column):
    with pytest.raises(InvalidDataError) as caught:
        read_frame(faulty)
    assert caught.value.column == column
    shown = caught.value.remedy.removeprefix("Write ").removesuffix(".")
    make, say = shown.split(", then ")
    told = {"pd": pd}
    exec(f"series = {make}\n{say}", told)  # noqa: S102 -- the remedy is a line that runs
    assert read_frame(told["series"]).series[0].to_dict() == {
        "point": "meter-1",
        "energy_type": "electricity",
        "unit": "kWh",
    }


def test_a_series_of_a_new_point_without_unit_is_told_where_to_say_it():
    with pytest.raises(InvalidDataError, match=r"series\.attrs\['unit'\]"):
        open_meters("memory://").write(series(unit=None))
    with pytest.raises(NaiveTimestampError):
        read_frame(series(index=pd.date_range("2024-01-01", periods=3)))
    with pytest.raises(InvalidDataError, match="Series or a mapping"):
        read_frame([1.0])


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.floats(allow_nan=True)), max_size=9),
    st.sampled_from(["list", "array", "series", "tuple"]),
)
def test_any_columns_of_a_mapping_say_what_their_frame_says(rows, kind):
    points, minutes, values = (list(part) for part in zip(*rows, strict=True)) if rows else ([], [], [])
    shape = {"list": list, "array": np.array, "series": pd.Series, "tuple": tuple}[kind]
    columns = {
        "point": points,
        "start": [NOW + timedelta(minutes=minute) for minute in minutes],
        "value": shape(np.array(values, dtype=float)),
        "energy_type": "electricity",
        "unit": ["kWh"] * len(points),
    }
    frame = pd.DataFrame(columns).astype({"point": "str"})
    if not rows:
        frame["start"] = pd.to_datetime(frame["start"], utc=True)
    same(read_frame(columns, on_invalid="skip"), read_frame(frame, on_invalid="skip"))


def test_long_columns_are_coded_as_short_ones():
    """The way of many texts gives what the way of few gives."""
    names = [f"p{i % 700:03d}" for i in range(9000)]
    start = [NOW + timedelta(minutes=i // 700) for i in range(9000)]
    frame = pd.DataFrame({"point": names, "start": start, "value": 1.0, "unit": "kWh", "site": [n[-1] for n in names]})
    batch = read_frame(frame)
    assert [info.point for info in batch.series] == sorted(set(names))
    assert {info.point[-1] == info["site"] for info in batch.series} == {True}
    parts = [read_frame(frame.iloc[i : i + 3000]) for i in (0, 3000, 6000)]
    found = {(p.series[c].point, s) for p in parts for c, s in zip(p.code.tolist(), p.start.tolist(), strict=True)}
    held = zip(batch.code.tolist(), batch.start.tolist(), strict=True)
    assert {(batch.series[c].point, s) for c, s in held} == found


@pytest.mark.parametrize(
    ("change", "column", "row"),
    [
        ({"value": [1.0, float("inf")]}, "value", 1),
        ({"value": [1.0, True]}, "value", 1),
        ({"value": [1, 2**60]}, "value", 1),
        ({"value": 10**400}, "value", 0),
        ({"value": ["1", 2.0]}, "value", 0),
        ({"value": None}, "value", 0),
        ({"point": ["a", ["b"]]}, "point", 1),
        ({"point": ["a", {"b": 1}]}, "point", 1),
        ({"point": "a"}, "start", 1),
        ({"point": ["a", 1]}, "point", 1),
        ({"point": [True, 1]}, "point", 0),
        ({"start": [NOW, 3]}, "start", 1),
        ({"start": pd.Timestamp("2024-01-01T00:00:00.000000001Z")}, "start", 0),
        ({"start": datetime(1492, 10, 12, tzinfo=UTC)}, "start", 0),
        ({"start": pd.NaT}, "start", 0),
        ({"quality": [100, 101]}, "quality", 1),
        ({"status": ["", "a\0b"]}, "status", 1),
        ({"unit": ["kWh", "k\nWh"]}, "unit", 1),
        ({"value": [1.0, 2.0, 3.0]}, "value", None),
        ({"value": np.ones((2, 2))}, "value", None),
        ({"value": object()}, "value", None),
        ({"start": {"a": 1}}, "start", None),
    ],
)
def test_a_fault_in_a_column_is_named(change, column, row):
    """M3: whatever a caller's column holds, the refusal is ours, with column and row."""
    with pytest.raises(InvalidDataError) as caught:
        read_frame(LIVE | change)
    assert (caught.value.column, caught.value.row) == (column, row)


def test_a_stamp_without_a_zone_is_refused_in_a_mapping_too():
    for start in (datetime(2024, 1, 1), np.datetime64("2024-01-01"), [datetime(2024, 1, 1)] * 2):  # noqa: DTZ001
        with pytest.raises(NaiveTimestampError):
            read_frame(LIVE | {"start": start})
        assert read_frame(LIVE | {"start": start}, assume_tz="Asia/Kolkata").start.tolist() == [1704047400000000] * 2


def test_a_point_whose_rows_are_all_skipped_is_not_there():
    """M3: with ``on_invalid="skip"`` the rest is stored, whoever else was in the batch."""
    store = open_meters("memory://")
    frame = pd.concat([readings("good"), readings("bad", values=(float("nan"),)).assign(unit="")])
    assert store.write(frame, on_invalid="skip") == WriteResult(created=3, skipped=1)
    assert [info.point for info in store.series()] == ["good"]


def test_the_same_points_are_the_same_tuple_and_no_caller_holds_it():
    first, second = read_frame(LIVE), read_frame(LIVE | {"value": [3.0, 4.0]})
    assert first.series is second.series
    store = open_meters("memory://")
    store.write(LIVE | {"park_id": "p"})
    store.series()[0].tags["park_id"] = "changed by its reader"
    fresh = open_meters("memory://")
    fresh.write(LIVE | {"park_id": "p"})
    assert {info["park_id"] for info in fresh.series()} == {"p"}


def test_a_frame_that_was_read_can_be_changed_and_the_next_is_as_it_was():
    """Columns of one text share an array; a write to one frame reaches no other."""
    store = open_meters("memory://")
    store.write(LIVE)
    span = ("2024-01-01T00:00Z", "2024-01-02T00:00Z")
    changed = store.read("a", *span)
    changed.loc[0, "unit"] = "MWh"
    changed["energy_type"].array[0] = "heat"
    assert store.read("a", *span)["unit"].tolist() == ["kWh"]
    assert store.read("a", *span)["energy_type"].tolist() == ["electricity"]


def test_a_list_of_points_that_changes_between_two_commits_is_read_again():
    """What is remembered of a column is its content, not the list a gateway fills anew."""
    points, store = ["b", "a"], open_meters("memory://")
    for minute, renamed in enumerate(("a", "c", "a")):
        points[1] = renamed
        store.write(LIVE | {"point": points, "start": NOW + timedelta(minutes=minute)})
    found = store.read({}, "2024-01-01T00:00Z", "2024-01-02T00:00Z")
    assert found.groupby("point")["value"].agg(list).to_dict() == {"a": [1.0, 1.0], "b": [2.0] * 3, "c": [1.0]}


@pytest.mark.parametrize("status", ["在线", ["在线", "在线"], ["", "在线"], ["在线", None]])
def test_a_status_is_kept_whether_one_reading_has_it_or_all(status):
    held = read_frame(LIVE | {"point": ["a", "b"], "status": status}).status.tolist()
    assert held == (["在线"] * 2 if isinstance(status, str) else [text or "" for text in status])
