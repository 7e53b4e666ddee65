"""A `MeterStore` over anything that keeps rows of (point, instant)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from carbonost.errors import Unsupported
from carbonost.storage import cells
from carbonost.storage.backing.vendor import Vendor
from carbonost.storage.civil import EARLIEST, LATEST, edges, span, zone
from carbonost.storage.frames import known_series, points_of, read_frame
from carbonost.storage.ports import WriteResult
from carbonost.storage.tables import readings_frame, readings_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from carbonost.storage.ports import How, RetentionPolicy, SeriesInfo

    Row = tuple[str, int, float, int, str]
    Reading = tuple[int, float, int, str]

_DERIVED = frozenset({"counts", "downsample", "quality", "status"})


class MeterBacking(Protocol):
    """What a server must do to hold readings; instants are microseconds since 1970 UTC.

    `capabilities` may name ``atomic`` (`save` is whole or not at all), ``delete`` (`remove` works)
    and ``multi_process``.
    """

    capabilities: frozenset[str]

    def series(self) -> Iterable[SeriesInfo]:
        """Return every point with its carrier, unit and tags."""

    def save(self, series: Sequence[SeriesInfo], rows: Sequence[Row]) -> None:
        """Store what points are, and rows (point, start, value, quality, status); each replaces its like."""

    def load(self, point: str, first: int, end: int) -> Iterable[Reading]:
        """Return (start, value, quality, status) with ``first <= start < end``, in order of start."""

    def remove(self, point: str, first: int, end: int) -> None:
        """Remove the readings of a half-open range."""

    def close(self) -> None:
        """Release what the backing holds."""


class BackedMeterStore(Vendor):
    """A `MeterStore` over a `MeterBacking`.

    Buckets are added up here from the readings, and nothing is rolled up for good (`retention` is
    not declared): fit for some million readings a question.

    Parameters
    ----------
    backing : MeterBacking
    target : str, optional
        The address without credentials, for messages.
    """

    def __init__(self, backing: MeterBacking, target: str | None = None) -> None:
        super().__init__(backing, target)
        self._meters = backing
        self.capabilities = _DERIVED | (frozenset(backing.capabilities) & {"atomic", "delete", "multi_process"})
        self.server = type(backing).__name__

    def write(
        self,
        frame: pd.DataFrame | pd.Series[Any] | Mapping[str, Any],
        *,
        atomic: bool = True,  # noqa: ARG002 -- as the backing declares
        on_invalid: Literal["raise", "skip"] = "raise",
        assume_tz: str | None = None,
    ) -> WriteResult:
        """Store readings; only what differs is sent."""
        batch = read_frame(frame, on_invalid=on_invalid, assume_tz=assume_tz)
        status = batch.status.tolist() if batch.status is not None else [""] * len(batch)
        columns = (batch.code, batch.start, batch.value, batch.quality)
        rows = list(zip(*(column.tolist() for column in columns), status, strict=True))
        with self.calls():
            known = {info.point: info for info in self._meters.series()}
            series = [known_series(known.get(info.point), info) for info in batch.series]
            held = self._held(series, batch.code, batch.start)
            created = sum((code, start) not in held for code, start, *_ in rows)
            wanted = [row for row in rows if held.get(row[:2]) != row[2:]]
            fresh = [info for info in series if info != known.get(info.point)]
            if wanted or fresh:
                self._meters.save(fresh, [(series[code].point, *rest) for code, *rest in wanted])
        return WriteResult(created, len(wanted) - created, len(rows) - len(wanted), batch.skipped)

    def read(
        self,
        selector: Any,
        start: datetime | str,
        end: datetime | str,
        as_: Literal["pandas", "arrow"] = "pandas",
    ) -> Any:
        """Return readings in the half-open range, sorted by point and start."""
        series, columns = self._rows(selector, *span(start, end))
        return (readings_table if as_ == "arrow" else readings_frame)(series, *columns)

    def downsample(
        self, selector: Any, start: datetime | str, end: datetime | str, every: str, tz: str, how: How = "energy"
    ) -> pd.DataFrame:
        """Return point, start and value per civil bucket of `tz`."""
        first, end_us = span(start, end)
        edges(0, 1, every, tz)
        series, columns = self._rows(selector, first, end_us)
        cells.check_how(how, (info.unit for info in series))
        found = cells.of_readings(*columns[:3])
        if len(found):
            found = cells.gather(found, edges(int(found.first.min()), int(found.end.max()), every, tz))
        return cells.to_frame(found, series, zone(tz).key, how)

    def latest(self, selector: Any) -> pd.DataFrame:
        """Return the last reading of each selected point."""
        series, columns = self._rows(selector, EARLIEST, LATEST)
        last = np.flatnonzero(np.diff(columns[0], append=-1))
        return readings_frame(series, *(column[last] for column in columns))

    def series(self) -> list[SeriesInfo]:
        """Return every point with its carrier, unit and tags."""
        with self.calls():
            return sorted(self._meters.series(), key=lambda info: info.point)

    def delete(self, selector: Any, start: datetime | str, end: datetime | str) -> int:
        """Remove readings in the half-open range; return how many."""
        if "delete" not in self.capabilities:
            raise Unsupported("this store cannot delete readings", target=self.target, capability="delete")
        first, end_us = span(start, end)
        with self.calls():
            series, columns = self._rows(selector, first, end_us)
            for code in np.unique(columns[0]):
                self._meters.remove(series[code].point, first, end_us)
        return len(columns[0])

    def apply_retention(self, policy: RetentionPolicy, now: datetime) -> Mapping[str, int]:  # noqa: ARG002
        """Refuse: a backing keeps no tiers."""
        raise Unsupported("this store does not roll readings up", target=self.target, capability="retention")

    def _held(self, series: Sequence[SeriesInfo], code: Any, start: Any) -> dict[tuple[int, int], Any]:
        """Return what stands where a batch will stand: (value, quality, status) by series and start."""
        found: dict[tuple[int, int], Any] = {}
        for rank in np.unique(code).tolist():
            mine = start[code == rank]
            rows = self._meters.load(series[rank].point, int(mine.min()), int(mine.max()) + 1)
            found |= {(rank, at): tuple(rest) for at, *rest in rows}
        return found

    def _rows(self, selector: Any, first: int, end: int) -> tuple[list[SeriesInfo], Any]:
        """Return the selected series, and their readings as columns."""
        with self.calls():
            series = points_of(selector, self._meters.series())
            rows = [
                (rank, *row) for rank, info in enumerate(series) for row in self._meters.load(info.point, first, end)
            ]
        parts = list(zip(*rows, strict=True)) if rows else [()] * 5
        kinds = (np.int64, np.int64, np.float64, np.int64, object)
        return series, [np.array(part, dtype=kind) for part, kind in zip(parts, kinds, strict=True)]
