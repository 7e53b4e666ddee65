"""Readings in dicts: every law in its plainest form, and the oracle other adapters are held against."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from carbonost.errors import BeyondRetentionError, ClosedError, InvalidDataError
from carbonost.storage import cells
from carbonost.storage.civil import before, edges, instant, span, zone
from carbonost.storage.frames import known_series, points_of, read_frame
from carbonost.storage.ports import SeriesInfo, WriteResult
from carbonost.storage.tables import readings_frame, readings_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from carbonost.storage.cells import Cells
    from carbonost.storage.frames import Batch
    from carbonost.storage.ports import How, RetentionPolicy

    Reading = tuple[float, int, str]


class MemoryMeterStore:
    """A `MeterStore` that lives as long as its process."""

    capabilities = frozenset({"atomic", "counts", "delete", "retention", "downsample", "quality", "status", "late"})

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._series: dict[str, SeriesInfo] = {}
        self._readings: dict[str, dict[int, Reading]] = {}
        self._rolled: dict[str, set[int]] = {}
        self._tiers: dict[str, list[Cells]] = {}
        self._tz: str | None = None
        self._closed = False

    def write(
        self,
        frame: pd.DataFrame | pd.Series[Any] | Mapping[str, Any],
        *,
        atomic: bool = True,  # noqa: ARG002 -- every write is
        on_invalid: Literal["raise", "skip"] = "raise",
        assume_tz: str | None = None,
    ) -> WriteResult:
        """Store readings."""
        batch = read_frame(frame, on_invalid=on_invalid, assume_tz=assume_tz)
        with self._open():
            if not len(batch):
                return WriteResult(skipped=batch.skipped)
            infos = [known_series(self._series.get(info.point), info) for info in batch.series]
            rows, late = self._fresh(batch, skip=on_invalid == "skip")
            tally = [0, 0, 0]
            for info in infos:
                self._series[info.point] = info
                self._readings.setdefault(info.point, {})
            for point, start, reading in rows:
                known = self._readings[point].get(start)
                tally[0 if known is None else 2 if known == reading else 1] += 1
                self._readings[point][start] = reading
            return WriteResult(tally[0], tally[1], tally[2], batch.skipped + late)

    def read(
        self,
        selector: Any,
        start: datetime | str,
        end: datetime | str,
        as_: Literal["pandas", "arrow"] = "pandas",
    ) -> Any:
        """Return readings in the half-open range, sorted by point and start."""
        first, last = span(start, end)
        with self._open():
            chosen = points_of(selector, self._series.values())
            rows = [
                (rank, at, *reading)
                for rank, info in enumerate(chosen)
                for at, reading in sorted(self._readings[info.point].items())
                if first <= at < last
            ]
        return (readings_table if as_ == "arrow" else readings_frame)(chosen, *_columns(rows))

    def downsample(
        self, selector: Any, start: datetime | str, end: datetime | str, every: str, tz: str, how: How = "energy"
    ) -> pd.DataFrame:
        """Return point, start and value per civil bucket of `tz`."""
        first, last = span(start, end)
        edges(0, 1, every, tz)
        with self._open():
            chosen = points_of(selector, self._series.values())
            cells.check_how(how, (info.unit for info in chosen))
            parts = []
            for rank, info in enumerate(chosen):
                inside = self._whole(info.point, first, last)
                parts.append(replace(inside, series=np.full(len(inside), rank)))
        joined = cells.join(parts)
        if len(joined):
            joined = cells.gather(joined, edges(int(joined.first.min()), int(joined.end.max()), every, tz))
        return cells.to_frame(joined, chosen, zone(tz).key, how)

    def latest(self, selector: Any) -> pd.DataFrame:
        """Return the last reading of each selected point."""
        with self._open():
            chosen = points_of(selector, self._series.values())
            held = [(rank, self._readings[info.point]) for rank, info in enumerate(chosen)]
            rows = [(rank, max(readings), *readings[max(readings)]) for rank, readings in held if readings]
        return readings_frame(chosen, *_columns(rows))

    def series(self) -> list[SeriesInfo]:
        """Return every point with its carrier, unit and tags."""
        with self._open():
            return sorted(self._series.values(), key=lambda info: info.point)

    def delete(self, selector: Any, start: datetime | str, end: datetime | str) -> int:
        """Remove readings in the half-open range; return how many."""
        first, last = span(start, end)
        removed = 0
        with self._open():
            chosen = points_of(selector, self._series.values())
            for info in chosen:
                self._whole(info.point, first, last)
            for info in chosen:
                readings = self._readings[info.point]
                gone = [at for at in readings if first <= at < last]
                for at in gone:
                    del readings[at]
                removed += len(gone)
                kept = []
                for tier in self._tiers.get(info.point, []):
                    inside = (tier.first >= first) & (tier.end <= last)
                    removed += int(tier.count[inside].sum())
                    kept.append(tier.take(~inside))
                if kept:
                    self._tiers[info.point] = kept
                    self._rolled[info.point] -= {at for at in self._rolled[info.point] if first <= at < last}
        return removed

    def apply_retention(self, policy: RetentionPolicy, now: datetime) -> Mapping[str, int]:
        """Roll up what is older than the policy keeps."""
        limits = [before(now, getattr(policy, n), unit, policy.tz) for n, unit in _STEPS]
        moved = dict.fromkeys((name for name, _ in _STEPS), 0)
        with self._open():
            if self._tz not in (None, policy.tz):
                raise InvalidDataError(
                    "the store was rolled up in another zone", "policy.tz", policy.tz, f"Keep {self._tz!r}."
                )
            self._tz = policy.tz
            for point in self._series:
                for name, count in self._roll(point, limits, policy.tz).items():
                    moved[name] += count
        return moved

    def close(self) -> None:
        """Forget everything."""
        self._closed = True
        self._series.clear()

    @contextmanager
    def _open(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise ClosedError("the store is closed")
            yield

    def _fresh(self, batch: Batch, *, skip: bool) -> tuple[list[tuple[str, int, Reading]], int]:
        """Return the readings that are not yet counted in a tier, and how many were."""
        rows, late = [], 0
        status = batch.status.tolist() if batch.status is not None else [""] * len(batch)
        columns = (batch.code, batch.start, batch.value, batch.quality)
        for code, at, value, quality, text in zip(*(c.tolist() for c in columns), status, strict=True):
            point = batch.series[code].point
            if at in self._rolled.get(point, ()):
                late += 1
                if not skip:
                    raise BeyondRetentionError(
                        "a reading of this instant was rolled up already and cannot be replaced",
                        "start",
                        instant(at).isoformat(),
                        "Leave it out, or write with on_invalid='skip'.",
                    )
                continue
            rows.append((point, at, (value, quality, text)))
        return rows, late

    def _whole(self, point: str, first: int, last: int) -> Cells:
        """Return what a point has in a range, refusing one that cuts what was rolled up."""
        held = cells.join([self._live(point), *self._tiers.get(point, [])])
        return cells.within(held, first, last)

    def _live(self, point: str) -> Cells:
        held = sorted((at, reading[0]) for at, reading in self._readings[point].items())
        start = np.array([at for at, _ in held], dtype=np.int64)
        return cells.of_readings(
            np.zeros(len(held), dtype=np.int64), start, np.array([v for _, v in held], dtype=float)
        )

    def _roll(self, point: str, limits: Sequence[int | None], tz: str) -> dict[str, int]:
        tiers = self._tiers.setdefault(point, [cells.empty()] * 3)
        rolled = self._rolled.setdefault(point, set())
        moved = {}
        for level, (name, _) in enumerate(_STEPS):
            limit = limits[level]
            held = self._live(point) if level == 0 else tiers[level - 1]
            old = held.end <= limit if limit is not None else np.zeros(len(held), dtype=bool)
            gone, kept = held.take(old), held.take(~old)
            moved[name] = len(gone)
            if not len(gone):
                continue
            if level == 0:
                rolled.update(gone.start.tolist())
                self._readings[point] = {at: r for at, r in self._readings[point].items() if at not in rolled}
            else:
                tiers[level - 1] = kept
            if level < len(tiers):
                joined = cells.join([tiers[level], gone])
                every = ("1h", "1d", "1mo")[level]
                tiers[level] = cells.gather(joined, edges(int(joined.first.min()), int(joined.end.max()), every, tz))
        return moved


_STEPS = (("raw", "h"), ("hourly", "d"), ("daily", "mo"), ("monthly", "mo"))


def _columns(rows: Sequence[tuple[int, int, float, int, str]]) -> Any:
    who, when, value, quality, status = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    whole = (np.array(part, dtype=np.int64) for part in (who, when, quality))
    code, start, good = whole
    return code, start, np.array(value, dtype=np.float64), good, np.array(status, dtype=object)
