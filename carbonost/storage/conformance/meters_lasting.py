"""The laws of a `MeterStore` that outlast a call: retention, kill -9, writers at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.errors import BeyondRetentionError, Unsupported
from carbonost.storage.conformance.kit import killed_after, readings, refuses
from carbonost.storage.ports import RetentionPolicy

if TYPE_CHECKING:
    from carbonost.storage.ports import MeterStore

ALWAYS: Final = ("1970-01-01T00:00:00+00:00", "2100-01-01T00:00:00+00:00")
_WRITER: Final = """
import sys
import pandas as pd
from carbonost.storage import open_meters
store = open_meters(sys.argv[1])
for n in range(100_000):
    start = pd.date_range(pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(minutes=40 * n), periods=40, freq="1min")
    frame = pd.DataFrame({"point": f"m{n % 3}", "start": start, "value": range(40 * n, 40 * n + 40)})
    store.write(frame.assign(energy_type="electricity", unit="kWh"))
    print(n, flush=True)
"""


def held(store: MeterStore, selector: Any = ()) -> pd.DataFrame:
    """Return everything a selector names."""
    frame = store.read(selector or {}, *ALWAYS)
    assert isinstance(frame, pd.DataFrame)
    return frame


class MeterLastingLaws:
    """M8 and M9; part of `MeterStoreContract`."""

    def address(self, store: MeterStore) -> str:
        """Return an address by which another process opens the same readings."""
        raise AssertionError(f"{type(store).__name__} declares multi_process: override address()")

    # M8
    def test_retention_conserves_energy_in_every_tier(self, store: MeterStore) -> None:
        """M8: 30 days raw, a year of hours, five of days, months for ever; twice is once."""
        values = np.arange(1.0, 2501.0)
        store.write(readings(start="2018-01-01T00:00+08:00", values=values, step="1D"))
        now = pd.Timestamp("2024-11-05", tz="Asia/Shanghai")
        policy = RetentionPolicy(raw="30d", hourly="1y", daily="5y")
        if "retention" not in store.capabilities:
            with refuses(Unsupported):
                store.apply_retention(policy, now)
            return
        for _ in (1, 2):
            store.apply_retention(policy, now)
            months = store.downsample("m1", *ALWAYS, "1mo", "Asia/Shanghai")
            assert months["value"].sum() == values.sum()
            assert months["value"].iloc[0] == values[:31].sum()
            raw = held(store)
            assert raw["start"].min() >= now - pd.Timedelta(days=31)
            assert raw["value"].tolist() == values[-30:].tolist()
        days = store.downsample("m1", "2023-01-01T00:00+08:00", "2024-01-01T00:00+08:00", "1d", "Asia/Shanghai")
        assert days["value"].tolist() == values[1826 : 1826 + 365].tolist()
        with refuses(BeyondRetentionError):
            store.downsample("m1", "2018-01-01T00:00+08:00", "2018-03-01T00:00+08:00", "1d", "Asia/Shanghai")

    def test_a_range_that_cuts_a_bucket_is_refused_by_its_end_and_an_empty_one_is_empty(
        self, store: MeterStore
    ) -> None:
        """M7 and M8: what is no longer kept apart is neither split nor half removed; nothing is nothing."""
        if "retention" not in store.capabilities:
            return
        store.write(readings(values=np.ones(8), step="15min"))
        store.apply_retention(RetentionPolicy(raw="1d", tz="UTC"), pd.Timestamp("2024-02-01", tz="UTC"))
        hours = [f"2024-01-01T{hour}Z" for hour in ("00:00", "00:30", "01:00", "01:30", "02:00")]
        for first, last, wrong in ((1, 4, "start"), (0, 3, "end")):
            cut = (hours[first], hours[last])
            with refuses(BeyondRetentionError) as caught:
                store.downsample("m1", *cut, "1h", "UTC")
            assert getattr(caught.error, "field", None) == wrong
            with refuses(BeyondRetentionError) as caught:
                store.delete("m1", *cut)
            assert getattr(caught.error, "field", None) == wrong
        for at in hours:
            assert not len(store.downsample("m1", at, at, "15min", "UTC"))
            assert not len(store.read("m1", at, at))
            assert not store.delete("m1", at, at)
        assert store.downsample("m1", *ALWAYS, "1h", "UTC")["value"].tolist() == [4, 4]
        store.delete("m1", hours[0], hours[2])
        assert store.downsample("m1", *ALWAYS, "1h", "UTC")["value"].tolist() == [4]

    def test_a_late_reading_counts_once_or_is_refused(self, store: MeterStore) -> None:
        """M8: late data are re-rolled or refused, never doubled."""
        if "retention" not in store.capabilities:
            return
        policy, now = RetentionPolicy(raw="10d"), pd.Timestamp("2024-03-01", tz="UTC")
        frame = readings(values=np.ones(24 * 60), step="1h")
        store.write(frame.drop(index=[100]))
        store.apply_retention(policy, now)
        expected = 24 * 60 - 1
        for row in (100, 101):  # one that is new, and one that is counted already
            try:
                expected += store.write(frame.iloc[[row]]).created
            except BeyondRetentionError:
                continue
        store.apply_retention(policy, now)
        assert store.downsample("m1", *ALWAYS, "1y", "Asia/Shanghai")["value"].sum() == expected
        assert expected <= 24 * 60

    # M9
    def test_an_acknowledged_write_survives_kill_9(self, store: MeterStore) -> None:
        """M9: what was acknowledged before SIGKILL is there, once; writing goes on."""
        if "multi_process" not in store.capabilities:
            return
        with killed_after(_WRITER, self.address(store), acknowledged=5) as lines:
            found = held(store)
            last = int(lines[-1])
        expected = set(range(40 * (last + 1)))
        values = found["value"].astype(int).tolist()
        assert len(values) == len(set(values)), "a reading is doubled"
        assert expected <= set(values), "an acknowledged reading is lost"
        assert set(values) - expected in (set(), set(range(40 * (last + 1), 40 * (last + 2)))), "a torn batch"
        store.write(readings("after", values=(1.0,)))

    def test_writers_at_once_lose_nothing(self, store: MeterStore) -> None:
        """M9: four threads, one batch in common."""
        common = readings("common", values=np.arange(100.0))
        faults: list[BaseException] = []

        def work(n: int) -> None:
            try:
                for part in range(5):
                    start = pd.Timestamp("2024-01-01", tz="UTC") + pd.Timedelta(hours=part)
                    store.write(readings(f"m{n}", start.isoformat(), np.ones(60), "1min"))
                    store.write(common)
            except BaseException as exc:  # noqa: BLE001 -- told below
                faults.append(exc)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults, faults
        assert len(held(store)) == 4 * 5 * 60 + 100
