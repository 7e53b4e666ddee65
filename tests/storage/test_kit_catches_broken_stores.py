"""The kit is itself tested: stores broken on purpose, each caught by the law it breaks."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from carbonost.errors import InvalidDataError, InvalidKeyError
from carbonost.storage import WriteResult
from carbonost.storage.conformance import (
    MeterStoreContract,
    ObjectStoreContract,
    RecordStoreContract,
    run_laws,
)
from carbonost.storage.memory import MemoryMeterStore, MemoryObjectStore, MemoryRecordStore


def failures(contract, factory, law=None):
    @contextmanager
    def fresh():
        yield factory()

    return {result.law for result in run_laws(contract, fresh, law) if not result.passed}


class Lossy(MemoryMeterStore):
    """Drops the last row of a large batch."""

    def write(self, frame, **options):
        result = super().write(frame, **options)
        if len(frame) > 1000:
            self._readings[next(iter(self._readings))].popitem()
        return result


class DoubleCounting(MemoryMeterStore):
    """Counts a retry as new."""

    def write(self, frame, **options):
        result = super().write(frame, **options)
        return WriteResult(result.created + result.unchanged, result.updated, 0, result.skipped)


class Single(MemoryMeterStore):
    """Keeps values in four bytes."""

    def write(self, frame, **options):
        value = frame["value"]
        if value.dtype == np.float64:
            with np.errstate(over="ignore"):
                frame = frame.assign(value=value.astype(np.float32).astype(np.float64).clip(-3e38, 3e38))
        return super().write(frame, **options)


class Seconds(MemoryMeterStore):
    """Cuts stamps to the second."""

    def write(self, frame, **options):
        try:
            frame = frame.assign(start=pd.to_datetime(frame["start"], utc=True, format="ISO8601").dt.floor("s"))
        except (ValueError, TypeError):
            return super().write(frame, **options)
        return super().write(frame, **options)


class UtcDays(MemoryMeterStore):
    """Takes every day for a UTC day."""

    def downsample(self, selector, start, end, every, tz, how="energy"):
        found = super().downsample(selector, start, end, every, "UTC" if tz != "Mars/Base" else tz, how)
        return found.assign(start=found["start"].dt.tz_convert(tz))


class SilentNaN(MemoryMeterStore):
    """Stores a gap as zero."""

    def write(self, frame, **options):
        value = pd.to_numeric(frame["value"], errors="coerce") if "value" in frame else None
        if value is not None and value.isna().any():
            frame = frame.assign(value=value.fillna(0.0))
        return super().write(frame, **options)


class NotAtomic(MemoryMeterStore):
    """Stores the good rows of a refused batch."""

    def write(self, frame, **options):
        try:
            return super().write(frame, **options)
        except InvalidDataError:
            super().write(frame, **{**options, "on_invalid": "skip"})
            raise


class ClosedEnd(MemoryMeterStore):
    """Includes the end of a range."""

    def read(self, selector, start, end, as_="pandas"):
        return super().read(selector, start, pd.Timestamp(end) + pd.Timedelta(microseconds=1), as_)


class AssumesUtc(MemoryMeterStore):
    """Takes a naive stamp for UTC."""

    def write(self, frame, **options):
        return super().write(frame, **{"assume_tz": "UTC", **{k: v for k, v in options.items() if v}})


class KeepsDeleted(MemoryMeterStore):
    """Forgets to delete from its aggregates."""

    def delete(self, selector, start, end):
        before = {p: dict(r) for p, r in self._readings.items()}
        removed = super().delete(selector, start, end)
        self._ghosts = before
        return removed

    def downsample(self, *arguments, **options):
        live, self._readings = self._readings, getattr(self, "_ghosts", self._readings)
        try:
            return super().downsample(*arguments, **options)
        finally:
            self._readings = live


class LosesOldData(MemoryMeterStore):
    """Deletes old readings without rolling them up."""

    def apply_retention(self, policy, now):
        moved = super().apply_retention(policy, now)
        self._tiers.clear()
        return moved


class TrimsNames(MemoryMeterStore):
    """Normalises the names of points."""

    def write(self, frame, **options):
        return super().write(
            frame.assign(point=frame["point"].map(lambda p: p.strip() if isinstance(p, str) else p)), **options
        )


class MixesUnits(MemoryMeterStore):
    """Lets a series change its unit."""

    def write(self, frame, **options):
        self._series = {p: replace(s, unit="", energy_type="") for p, s in self._series.items()}
        for point, unit, kind in frame.reindex(columns=["point", "unit", "energy_type"]).itertuples(index=False):
            if point in self._series:
                self._series[point] = replace(self._series[point], unit=unit, energy_type=kind)
        return super().write(frame, **options)


class VendorErrors(MemoryMeterStore):
    """Lets the vendor's exception through."""

    def write(self, frame, **options):
        try:
            return super().write(frame, **options)
        except InvalidDataError as exc:
            raise RuntimeError(str(exc)) from exc


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (Lossy, "M1"),
        (Single, "M1"),
        (Seconds, "M1"),
        (DoubleCounting, "M2"),
        (SilentNaN, "M3"),
        (NotAtomic, "M3"),
        (AssumesUtc, "M3"),
        (VendorErrors, "M3"),
        (ClosedEnd, "M4"),
        (UtcDays, "M5"),
        (MixesUnits, "M6"),
        (KeepsDeleted, "M7"),
        (LosesOldData, "M8"),
        (TrimsNames, "M10"),
    ],
)
def test_a_broken_meter_store_is_caught(broken, law):
    assert law in failures(MeterStoreContract, broken, law)


class NormalisesKeys(MemoryObjectStore):
    """Stores another key than it was given."""

    def put(self, key, data, **options):
        return super().put(key.lower() if isinstance(key, str) else key, data, **options)


class TakesAnyKey(MemoryObjectStore):
    """Cleans a bad key instead of refusing it."""

    def put(self, key, data, **options):
        try:
            return super().put(key, data, **options)
        except InvalidKeyError:
            return super().put("cleaned", data, **options)


class IgnoresIfAbsent(MemoryObjectStore):
    """Promises create-only and overwrites, as a real server was seen to do."""

    def put(self, key, data, **options):
        return super().put(key, data, **{**options, "if_absent": False})


class IgnoresRetention(MemoryObjectStore):
    """Promises a lock and deletes, as a real server was seen to do."""

    def _guard(self, key):
        pass


class TornPut(MemoryObjectStore):
    """Stores what arrived before the stream broke."""

    def put(self, key, data, **options):
        if not isinstance(data, bytes) and not hasattr(data, "getvalue"):
            return super().put(key, data, **options)
        content = data if isinstance(data, bytes) else b""
        try:
            while not isinstance(data, bytes) and (block := data.read(1 << 20)):
                content += block
        except OSError:
            return super().put(key, content, **options)
        return super().put(key, content, **options)


class DropsMetadata(MemoryObjectStore):
    """Forgets metadata."""

    def put(self, key, data, **options):
        return super().put(key, data, **{**options, "metadata": None})


class Unordered(MemoryObjectStore):
    """Lists in the order of writing."""

    def list(self, prefix="", start_after=None, limit=None):
        return iter([info for key, (info, _) in self._held.items() if key.startswith(prefix)])


class WrongRange(MemoryObjectStore):
    """Takes the end of a range as included."""

    def get(self, key, range=None):  # noqa: A002
        return super().get(key, (range[0], range[1] + 1) if range and range[0] <= range[1] else range)


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (DropsMetadata, "O1"),
        (TornPut, "O2"),
        (IgnoresIfAbsent, "O3"),
        (NormalisesKeys, "O4"),
        (TakesAnyKey, "O4"),
        (Unordered, "O5"),
        (WrongRange, "O6"),
        (IgnoresRetention, "O7"),
    ],
)
def test_a_broken_object_store_is_caught(broken, law):
    assert law in failures(ObjectStoreContract, broken, law)


class LeaksTenants(MemoryRecordStore):
    """Shares one cupboard between all tenants."""

    def for_tenant(self, org_id):
        super().for_tenant(org_id)
        return super().for_tenant("shared")


class DefaultTenant(MemoryRecordStore):
    """Falls back to a tenant where none is named."""

    def for_tenant(self, org_id):
        return super().for_tenant(org_id if isinstance(org_id, str) and org_id.strip() else "default")


class LastWriterWins(MemoryRecordStore):
    """Ignores versions."""

    def for_tenant(self, org_id):
        return Patched(super().for_tenant(org_id), lambda item: {k: v for k, v in dict(item).items() if k != "version"})


class NeverRollsBack(MemoryRecordStore):
    """Keeps half of a failed unit of work."""

    def for_tenant(self, org_id):
        tenant = super().for_tenant(org_id)
        inner = tenant.begin

        @contextmanager
        def begin(*, write=True):
            fault = None
            with inner() as uow:
                try:
                    yield uow
                except ZeroDivisionError as exc:
                    fault = exc
            if fault:
                raise fault

        tenant.begin = begin
        return tenant


class FloatMoney(MemoryRecordStore):
    """Keeps decimals as floats."""

    def for_tenant(self, org_id):
        def bend(item):
            return {
                k: float(v) if type(v).__name__ == "Decimal" and v.is_finite() else v for k, v in dict(item).items()
            }

        return Patched(super().for_tenant(org_id), bend)


class ReordersEvents(MemoryRecordStore):
    """Delivers the newest event first."""

    def for_tenant(self, org_id):
        tenant = super().for_tenant(org_id)
        waiting = tenant._waiting
        tenant._waiting = lambda: list(reversed(waiting()))
        return tenant


class Patched:
    """A tenant whose puts pass through a bend."""

    def __init__(self, tenant, bend):
        self.tenant, self.bend, self.drain = tenant, bend, tenant.drain

    @contextmanager
    def begin(self, *, write=True):
        with self.tenant.begin() as uow:
            for repository in (uow.reviews, uow.emissions, uow.places):
                repository.put = self.bent(repository.put)
            yield uow

    def bent(self, put):
        def bent_put(items):
            single = not isinstance(items, list)
            read = [item if isinstance(item, dict) else item.replace() for item in ([items] if single else items)]
            return put([self.bend(item) for item in read])

        return bent_put


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (FloatMoney, "R1"),
        (NeverRollsBack, "R2"),
        (LastWriterWins, "R4"),
        (LeaksTenants, "R5"),
        (DefaultTenant, "R5"),
        (ReordersEvents, "R8"),
    ],
)
def test_a_broken_record_store_is_caught(broken, law):
    assert law in failures(RecordStoreContract, broken, law)


@pytest.mark.parametrize(
    ("contract", "store"),
    [
        (MeterStoreContract, MemoryMeterStore),
        (ObjectStoreContract, MemoryObjectStore),
        (RecordStoreContract, MemoryRecordStore),
    ],
)
def test_a_sound_store_breaks_no_law(contract, store):
    assert failures(contract, store) == set()
