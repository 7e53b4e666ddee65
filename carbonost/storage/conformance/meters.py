"""The laws of a `MeterStore`; the numbers are those of its docstring."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.errors import (
    ClosedError,
    InvalidDataError,
    NaiveTimestampError,
    Unsupported,
)
from carbonost.storage.conformance.kit import ODD_NAMES, readings, refuses
from carbonost.storage.conformance.meters_lasting import ALWAYS, MeterLastingLaws, held
from carbonost.storage.memory.meters import MemoryMeterStore
from carbonost.storage.ports import WriteResult

if TYPE_CHECKING:
    from carbonost.storage.ports import How, MeterStore

HOWS: Final[tuple[How, ...]] = ("energy", "mean", "max", "min")
EXTREMES: Final = (0.0, 0.1 + 0.2, -1.5, 5e-324, 1.7976931348623157e308, 2.0**53, 1e-7, 123456.789, 1 / 3)


class MeterStoreContract(MeterLastingLaws):
    """What every meter store does. Supply a fixture ``store``: fresh and empty.

    A store that declares ``multi_process`` also overrides `address`.
    """

    # M1
    def test_readings_read_back_to_the_bit(self, store: MeterStore) -> None:
        """M1: values."""
        store.write(readings("m1", values=EXTREMES))
        assert held(store)["value"].tolist() == list(EXTREMES)

    def test_instants_read_back_to_the_microsecond(self, store: MeterStore) -> None:
        """M1: instants."""
        stamps = ["2024-01-01T00:00:00.000001+00:00", "2024-01-01T08:00:00.5+08:00", "2024-02-29T23:59:59+00:00"]
        store.write(readings(values=(1, 2, 3)).assign(start=stamps))
        found = held(store)["start"]
        assert str(found.dt.tz) == "UTC"
        assert sorted(pd.to_datetime(stamps, utc=True, format="ISO8601")) == found.tolist()

    def test_quality_and_status_read_back(self, store: MeterStore) -> None:
        """M1: quality and status, and their defaults."""
        store.write(readings("m1", values=(1, 2, 3), quality=[0, 95, 100], status=["", "在线", 'a "b", c\\']))
        store.write(readings("m2", values=(1,)))
        found = held(store)
        assert found["quality"].tolist() == [0, 95, 100, 100]
        assert found["status"].tolist() == ["", "在线", 'a "b", c\\', ""]
        assert found["unit"].unique().tolist() == ["kWh"]
        assert found["energy_type"].unique().tolist() == ["electricity"]

    def test_a_large_batch_reads_back_whole(self, store: MeterStore) -> None:
        """M1: thirty thousand readings of ten points."""
        rng = np.random.default_rng(7)
        values = rng.normal(100, 20, (10, 3000)).round(3)
        frame = pd.concat([readings(f"m{i}", values=row, step="1min") for i, row in enumerate(values)])
        assert store.write(frame.sample(frac=1, random_state=1)) == WriteResult(created=30_000)
        found = held(store)
        assert (found["value"].to_numpy().reshape(10, 3000) == values).all()

    def test_readings_come_as_arrow_too(self, store: MeterStore) -> None:
        """M1: the same columns, in Arrow."""
        store.write(readings("m1", values=(1.5, 2.5), park_id="p1"))
        table = store.read("m1", *ALWAYS, as_="arrow")
        assert table.column("value").to_pylist() == [1.5, 2.5]
        assert table.column("point").to_pylist() == ["m1", "m1"]
        assert table.column("park_id").to_pylist() == ["p1", "p1"]

    def test_a_series_and_a_mapping_are_what_their_frame_is(self, store: MeterStore) -> None:
        """M1: one point by its name, the instants its index, carrier and unit its attributes."""
        frame = readings("m1", values=(1.5, 2.5, 4.0))
        series = frame.set_index("start")["value"].rename("m1")
        with refuses(InvalidDataError):
            store.write(series)  # nothing says the carrier of a new point
        series.attrs |= {"energy_type": "electricity", "unit": "kWh"}
        assert store.write(series) == WriteResult(created=3)
        assert store.write({str(name): frame[name].tolist() for name in frame}) == WriteResult(unchanged=3)
        assert store.write(frame) == WriteResult(unchanged=3)
        known = series.set_axis(series.index + pd.Timedelta(days=1))
        known.attrs.clear()
        assert store.write(known) == WriteResult(created=3)
        assert held(store)["value"].tolist() == [1.5, 2.5, 4.0] * 2

    # M2
    def test_writing_again_changes_nothing(self, store: MeterStore) -> None:
        """M2: an idempotent retry."""
        frame = readings(values=np.arange(500.0))
        assert store.write(frame) == WriteResult(created=500)
        assert store.write(frame) == WriteResult(unchanged=500)
        assert len(held(store)) == 500

    def test_a_correction_replaces_the_reading(self, store: MeterStore) -> None:
        """M2: one value per point and instant."""
        store.write(readings(values=np.arange(500.0), step="1min"))
        fixed = readings(start="2024-01-01T00:10:00+00:00", values=(-1.0,))
        assert store.write(fixed) == WriteResult(updated=1)
        mixed = readings(start="2024-01-01T08:19:00+00:00", values=(499.0, 7.0), step="1min")
        assert store.write(mixed) == WriteResult(created=1, unchanged=1)
        found = held(store)["value"].tolist()
        assert found[10] == -1.0
        assert found[499:] == [499.0, 7.0]
        assert store.downsample("m1", *ALWAYS, "1y", "UTC")["value"].sum() == sum(found)

    # M3
    def test_a_bad_row_refuses_the_batch(self, store: MeterStore) -> None:
        """M3: nothing of the batch is stored, and the row is named."""
        good = readings(values=(1, 2, 3)).astype({"start": object, "value": object, "point": object})
        bad: dict[str, list[Any]] = {
            "value": [float("nan"), float("inf"), -float("inf"), None, "many", True],
            "point": ["", " ", None, "a\0b", "a\nb", "x" * 300, 7],
            "start": [pd.NaT, None, "yesterday", "2024-01-01T00:00:00.0000001+00:00", "1066-10-14T00:00:00+00:00"],
        }
        for column, values in bad.items():
            for value in values:
                frame = good.copy()
                frame.loc[1, column] = value
                with refuses(InvalidDataError) as caught:
                    store.write(frame)
                assert (caught.error.row, caught.error.column) == (1, column), f"{column}={value!r}"
                assert not len(held(store))

    def test_a_naive_stamp_is_refused_unless_a_zone_is_assumed(self, store: MeterStore) -> None:
        """M3: naive stamps, and those a zone has twice or never."""
        naive = readings(values=(1.0,)).assign(start=pd.to_datetime(["2024-01-01T08:00:00"]))
        with refuses(NaiveTimestampError):
            store.write(naive)
        with refuses(NaiveTimestampError):
            store.write(naive.assign(start=["2024-01-01T08:00:00"]))
        store.write(naive, assume_tz="Asia/Shanghai")
        assert held(store)["start"].tolist() == [pd.Timestamp("2024-01-01T00:00Z")]
        for stamp in ("2024-03-10T02:30:00", "2024-11-03T01:30:00"):
            with refuses(InvalidDataError):
                store.write(naive.assign(start=[stamp]), assume_tz="America/New_York")

    def test_two_readings_of_one_instant_are_refused(self, store: MeterStore) -> None:
        """M3: duplicates in one batch."""
        with refuses(InvalidDataError):
            store.write(pd.concat([readings(), readings()]))
        with refuses(InvalidDataError):
            store.write(readings(values=(1, 2)).assign(start=["2024-01-01T00:00Z", "2024-01-01T08:00+08:00"]))
        assert not len(held(store))

    def test_bad_rows_can_be_skipped_and_are_counted(self, store: MeterStore) -> None:
        """M3: with ``on_invalid="skip"`` the rest is stored."""
        frame = readings(values=(1, float("nan"), 3, float("inf"), 5))
        assert store.write(frame, on_invalid="skip") == WriteResult(created=3, skipped=2)
        assert held(store)["value"].tolist() == [1, 3, 5]

    def test_a_missing_column_is_named(self, store: MeterStore) -> None:
        """M3: columns."""
        for column in ("point", "start", "value", "unit", "energy_type"):
            with refuses(InvalidDataError) as caught:
                store.write(readings().drop(columns=column))
            assert caught.error.column == column

    # M4
    def test_a_range_is_half_open_and_sorted(self, store: MeterStore) -> None:
        """M4: start included, end not; sorted by point and start."""
        for point in ("b", "a"):
            store.write(readings(point, values=(1, 2, 3, 4)).iloc[::-1])
        found = store.read(["b", "a"], "2024-01-01T00:15Z", "2024-01-01T08:45+08:00")
        assert list(zip(found["point"], found["value"], strict=True)) == [("a", 2), ("a", 3), ("b", 2), ("b", 3)]
        assert not len(store.read("a", "2024-01-01T00:15Z", "2024-01-01T00:15Z"))
        with refuses(InvalidDataError):
            store.read("a", "2024-01-02T00:00Z", "2024-01-01T00:00Z")
        with refuses(NaiveTimestampError):
            store.read("a", datetime(2024, 1, 1), datetime(2024, 1, 2, tzinfo=UTC))  # noqa: DTZ001

    def test_points_are_selected_by_name_list_or_tags(self, store: MeterStore) -> None:
        """M4: selectors; an unknown one is empty, not an error."""
        store.write(readings("a", values=(1,), park_id="p1", building_id="b1"))
        store.write(readings("b", values=(2,), park_id="p1"))
        store.write(readings("c", values=(3,), park_id="p2"))
        for selector, points in (
            ("a", ["a"]),
            (["c", "a", "nobody"], ["a", "c"]),
            ({"park_id": "p1"}, ["a", "b"]),
            ({"park_id": "p1", "building_id": "b1"}, ["a"]),
            ({"park_id": "p9"}, []),
            ({}, ["a", "b", "c"]),
            ([], []),
            ("nobody", []),
        ):
            assert store.read(selector, *ALWAYS)["point"].tolist() == points

    # M5
    def test_days_are_those_of_the_zone(self, store: MeterStore) -> None:
        """M5: a day in Shanghai begins at 16:00 UTC."""
        store.write(readings(values=np.ones(48), step="1h"))
        days = store.downsample("m1", *ALWAYS, "1d", "Asia/Shanghai")
        assert days["value"].tolist() == [16, 24, 8]
        assert [stamp.isoformat() for stamp in days["start"]] == [f"2024-01-0{d}T00:00:00+08:00" for d in (1, 2, 3)]

    def test_a_day_has_23_or_25_hours_where_the_clock_is_set(self, store: MeterStore) -> None:
        """M5: daylight saving time in New York."""
        for month, day, hours in ((3, 10, 23), (11, 3, 25)):
            start = pd.Timestamp(year=2024, month=month, day=day, tz="America/New_York")
            store.write(readings("m1", start.isoformat(), np.ones(48), "1h"))
            end = start + pd.Timedelta(hours=48)
            found = store.downsample("m1", start, end, "1d", "America/New_York")
            assert found["value"].tolist()[0] == hours

    def test_half_hour_zones_have_their_own_hours(self, store: MeterStore) -> None:
        """M5: an hour in Kolkata begins at :30 UTC."""
        store.write(readings(values=np.ones(8)))
        found = store.downsample("m1", *ALWAYS, "1h", "Asia/Kolkata")
        assert found["value"].tolist() == [2, 4, 2]
        assert found["start"].iloc[1].isoformat() == "2024-01-01T06:00:00+05:30"

    def test_months_are_calendar_months(self, store: MeterStore) -> None:
        """M5: 29 days in February 2024."""
        store.write(readings(start="2024-01-01T00:00+08:00", values=np.ones(91), step="1D"))
        found = store.downsample("m1", *ALWAYS, "1mo", "Asia/Shanghai")
        assert found["value"].tolist() == [31, 29, 31]

    def test_energy_is_conserved_by_every_bucket(self, store: MeterStore) -> None:
        """M5: the buckets sum to the readings, whatever their length and zone."""
        values = np.random.default_rng(3).gamma(2, 10, 2000).round(2)
        store.write(readings(values=values, step="7min"))
        for every in ("15min", "1h", "1d", "1mo", "1y"):
            for tz in ("Asia/Shanghai", "Asia/Kathmandu", "America/New_York", "UTC"):
                total = store.downsample("m1", *ALWAYS, every, tz)["value"].sum()
                assert abs(total - values.sum()) <= 1e-9 * values.sum(), (every, tz)

    def test_mean_most_and_least_are_those_of_the_readings(self, store: MeterStore) -> None:
        """M5: the other aggregates; an empty bucket has no row."""
        store.write(readings(values=(1, 2, 6, 9), step="30min", unit="kW"))
        store.write(readings(start="2024-01-01T05:00Z", values=(4,), unit="kW"))
        for how, expected in zip(HOWS[1:], ([1.5, 7.5, 4], [2, 9, 4], [1, 6, 4]), strict=True):
            assert store.downsample("m1", *ALWAYS, "1h", "UTC", how)["value"].tolist() == expected

    def test_power_does_not_add_up_to_energy(self, store: MeterStore) -> None:
        """M5: kilowatts are not summed; unknown buckets, zones and aggregates are refused."""
        store.write(readings(unit="kW"))
        wrong: Any = (
            ("1h", "UTC", "energy"),
            ("7min", "UTC", "mean"),
            ("1h", "Mars/Base", "mean"),
            ("1h", "UTC", "median"),
        )
        for every, tz, how in wrong:
            with refuses(InvalidDataError):
                store.downsample("m1", *ALWAYS, every, tz, how)

    # M6
    def test_a_series_keeps_its_carrier_and_unit(self, store: MeterStore) -> None:
        """M6: another unit under the same point is refused."""
        store.write(readings(values=(1,)))
        for column, other in (("unit", "MWh"), ("energy_type", "steam")):
            with refuses(InvalidDataError):
                store.write(readings(start="2025-01-01T00:00Z", values=(1,), **{column: other}))
        assert len(held(store)) == 1

    def test_a_series_is_listed_with_its_tags(self, store: MeterStore) -> None:
        """M6: tags of later batches are added."""
        store.write(readings("m1", park_id="p 1,=", building_id="楼"))
        store.write(readings("m1", start="2025-01-01T00:00Z", zone="z"))
        (info,) = store.series()
        assert info.to_dict() == {
            "point": "m1",
            "energy_type": "electricity",
            "unit": "kWh",
            "park_id": "p 1,=",
            "building_id": "楼",
            "zone": "z",
        }

    # M7
    def test_delete_removes_exactly_the_range(self, store: MeterStore) -> None:
        """M7: half-open, of the selected points only; latest and buckets follow."""
        if "delete" not in store.capabilities:
            with refuses(Unsupported):
                store.delete("m1", *ALWAYS)
            return
        for point in ("m1", "m2"):
            store.write(readings(point, values=np.arange(300.0), step="15min"))
        removed = store.delete("m1", "2024-01-02T00:00Z", "2030-01-01T00:00Z")
        assert removed in (204, None)
        assert len(store.read("m1", *ALWAYS)) == 96
        assert len(store.read("m2", *ALWAYS)) == 300
        assert store.latest(["m1", "m2"])["value"].tolist() == [95.0, 299.0]
        assert store.downsample("m1", *ALWAYS, "1y", "UTC")["value"].tolist() == [sum(range(96))]

    def test_the_latest_reading_is_the_last_in_time(self, store: MeterStore) -> None:
        """M7: not the last written."""
        store.write(readings("m1", values=np.arange(200.0), step="1min"))
        store.write(readings("m1", start="2023-01-01T00:00Z", values=(-1.0,)))
        store.write(readings("m2", values=(5.0,)))
        found = store.latest({})
        assert found["point"].tolist() == ["m1", "m2"]
        assert found["value"].tolist() == [199.0, 5.0]
        assert not len(store.latest("nobody"))

    # M10
    def test_odd_names_are_data(self, store: MeterStore) -> None:
        """M10: each is stored and found alone, or refused; none is interpreted."""
        store.write(readings("bystander", values=(42.0,)))
        stored = []
        for place, name in enumerate(ODD_NAMES):
            try:
                store.write(readings(name, values=(float(place),), park_id=name, status=name))
            except InvalidDataError:
                continue
            stored.append(name)
            found = store.read(name, *ALWAYS)
            assert found["point"].tolist() == [name]
            assert found["value"].tolist() == [float(place)]
            assert store.read({"park_id": name}, *ALWAYS)["status"].tolist() == [name]
        assert "电表一号" in stored
        assert store.read("bystander", *ALWAYS)["value"].tolist() == [42.0]
        assert sorted([*stored, "bystander"]) == [info.point for info in store.series()]

    # M11
    def test_a_closed_store_says_so(self, store: MeterStore) -> None:
        """M11: and closing twice is no fault."""
        store.write(readings())
        store.close()
        store.close()
        for call in (lambda: store.write(readings()), lambda: held(store), store.series):
            with refuses(ClosedError):
                call()

    # all
    def test_a_hundred_random_calls_match_the_plainest_store(self, store: MeterStore) -> None:
        """M2. M4. M5. M7: writes, corrections and deletions, held against dicts."""
        rng = np.random.default_rng(11)
        oracle = MemoryMeterStore()
        for _ in range(25):
            point = f"m{rng.integers(3)}"
            start = pd.Timestamp("2024-02-27", tz="UTC") + pd.Timedelta(minutes=int(rng.integers(5000)))
            frame = readings(point, start.isoformat(), rng.integers(0, 3, int(rng.integers(1, 90))), "1min")
            assert store.write(frame) == oracle.write(frame)
            if rng.random() < 0.3 and "delete" in store.capabilities:
                span = (start, start + pd.Timedelta(minutes=20))
                assert store.delete(point, *span) in (oracle.delete(point, *span), None)
            pd.testing.assert_frame_equal(held(store), held(oracle))
        for how in HOWS:
            mine, theirs = (s.downsample({}, *ALWAYS, "1h", "Asia/Kathmandu", how) for s in (store, oracle))
            pd.testing.assert_frame_equal(mine, theirs, rtol=1e-12)
