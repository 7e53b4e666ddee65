"""A `MeterStore` on InfluxDB: portable between its generations, with our own buckets and tiers.

Beside the specification's measurements stand ``carbonost_series`` (what each point is),
``carbonost_tier`` (what older readings were rolled up into) and ``carbonost_meta`` (how far). The
server has no transactions: each step overwrites, then a mark moves, then the old is removed, so
that a step broken off is repeated and nothing counts twice.
"""

# ruff: noqa: S608 -- names are fixed, points are quoted

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from uuid import uuid4

import numpy as np

from carbonost.errors import (
    BeyondRetentionError,
    ClosedError,
    InvalidDataError,
    NotFoundError,
    StorageError,
    Unsupported,
)
from carbonost.storage import cells
from carbonost.storage.address import parse_address
from carbonost.storage.civil import QUARTER, edges, instant, span, zone
from carbonost.storage.frames import known_series, points_of, read_frame
from carbonost.storage.influx.http import InfluxClient
from carbonost.storage.influx.line import MEASUREMENTS, encode, escape_field, escape_tag, head, measurement
from carbonost.storage.influx.query import any_of, between, identifier, quoted
from carbonost.storage.influx.tiers import InfluxTiers
from carbonost.storage.ports import SeriesInfo, WriteResult
from carbonost.storage.tables import readings_frame, readings_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import numpy.typing as npt
    import pandas as pd

    from carbonost.storage.cells import Cells
    from carbonost.storage.frames import Batch
    from carbonost.storage.ports import How, RetentionPolicy

    Integers = npt.NDArray[np.int64]
    Columns = tuple[Integers, Integers, npt.NDArray[np.float64], Integers, npt.NDArray[np.object_]]

POINTS_PER_QUERY: Final = 200
_PREFIX: Final = re.compile(r"[a-z0-9_]{0,60}")


def open_store(url: str, *, timeout_s: float = 30.0) -> InfluxMeterStore:
    """Open the database an address names: ``influx+http://user:password@host:8086/db``."""
    return InfluxMeterStore(url, timeout_s=timeout_s)


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """Yield an address whose measurements have a prefix of their own, removed afterwards."""
    address = f"{url}{'&' if '?' in url else '?'}prefix=verify_{uuid4().hex[:12]}_"
    try:
        yield address
    finally:
        with InfluxMeterStore(address) as store:
            store.drop()


class InfluxMeterStore:
    """Readings in InfluxDB 1.x, or 2.x and 3.x by their 1.x interface.

    Parameters
    ----------
    url : str
        ``influx+http(s)://user:password@host:8086/database``, optionally ``?prefix=park_`` for the
        names of measurements. The password of 2.x and 3.x is a token.
    timeout_s : float [s]
        How long one exchange with the server may take, the whole reply included; a large one has as
        long again for every further megabyte.
    """

    def __init__(self, url: str, *, timeout_s: float = 30.0) -> None:
        address = parse_address(url)
        address.allow("prefix")
        self._prefix = address.options.get("prefix", "")
        if not _PREFIX.fullmatch(self._prefix):
            raise InvalidDataError("a prefix is lower-case letters, digits and _", "prefix", self._prefix)
        self._client = InfluxClient(address, timeout_s)
        self.target = self._client.target
        self._lock = threading.RLock()
        self._closed = False
        self._tiers = InfluxTiers(self._client, self._prefix)
        try:
            self.server = f"InfluxDB {self._client.version()}"
            self._ensure_database()
            self.capabilities = self._probe()
        except BaseException:
            self._client.close()
            raise

    def write(
        self,
        frame: pd.DataFrame | pd.Series[Any] | Mapping[str, Any],
        *,
        atomic: bool = True,  # noqa: ARG002 -- a post is, several are not; a repeat mends it
        on_invalid: Literal["raise", "skip"] = "raise",
        assume_tz: str | None = None,
    ) -> WriteResult:
        """Store readings, ten thousand a post; each post is whole, several are not.

        Raises
        ------
        PartialWrite
            If it stopped in between: `stored` rows stand, the readings of ``error.resend`` are to be
            written again. Writing the whole frame again is as good: nothing is doubled.
        """
        batch = read_frame(frame, on_invalid=on_invalid, assume_tz=assume_tz)
        with self._open():
            if not len(batch):
                return WriteResult(skipped=batch.skipped)
            late = self._late(batch, on_invalid, "a reading of this age was rolled up already")
            heads = self._register(batch.series)
            created, updated, changed = self._compare(batch, ~late)
            lines, sent = encode(batch, heads), np.flatnonzero(changed)
            try:
                self._client.write([lines[row] for row in sent])
            except StorageError as exc:
                told = vars(exc)
                if "resend" in told:
                    told["stored"] += len(batch) - len(sent)
                    told["resend"] = _again(batch, sent[told["resend"]])
                raise
            late |= self._late(batch, on_invalid, "a reading was rolled up while it was being written, counted or not")
        kept = int((~late).sum())
        return WriteResult(created, updated, kept - created - updated, batch.skipped + len(batch) - kept)

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
            series = points_of(selector, self._known().values())
            columns = self._tiers.steadily(lambda marks: self._readings(series, max(first, marks["raw"]), last))
        return (readings_table if as_ == "arrow" else readings_frame)(series, *columns)

    def downsample(
        self, selector: Any, start: datetime | str, end: datetime | str, every: str, tz: str, how: How = "energy"
    ) -> pd.DataFrame:
        """Return point, start and value per civil bucket of `tz`; the server sums quarter-hours only."""
        first, last = span(start, end)
        name = zone(tz).key
        edges(0, 1, every, name)
        with self._open():
            series = points_of(selector, self._known().values())
            cells.check_how(how, (info.unit for info in series))
            rank = {info.point: place for place, info in enumerate(series)}

            def held_at(marks: Mapping[str, int]) -> Cells:
                old, since = self._tiers.read(rank, first, last, marks), max(first, marks["raw"])
                held = cells.join([old, self._quarters(series, since, last)])
                if not len(held):
                    return held
                cuts = edges(int(held.first.min()), int(held.end.max()), every, name)
                if (cuts % QUARTER).any():
                    columns = self._readings(series, since, last)
                    held = cells.join([old, cells.of_readings(*columns[:3])])
                return cells.gather(held, cuts)

            held = self._tiers.steadily(held_at)
        return cells.to_frame(held, series, name, how)

    def latest(self, selector: Any) -> pd.DataFrame:
        """Return the last reading of each selected point."""
        with self._open():
            series = points_of(selector, self._known().values())
            columns = self._select(series, "", " order by time desc limit 1")
        return readings_frame(series, *columns)

    def series(self) -> list[SeriesInfo]:
        """Return every point with its carrier, unit and tags."""
        with self._open():
            return sorted(self._known().values(), key=lambda info: info.point)

    def delete(self, selector: Any, start: datetime | str, end: datetime | str) -> int:
        """Remove readings in the half-open range; return how many."""
        first, last = span(start, end)
        with self._open():
            if "delete" not in self.capabilities:
                raise Unsupported("this server cannot delete readings", capability="delete")
            series = points_of(selector, self._known().values()) if first < last else []
            removed = int(self._quarters(series, first, last).count.sum())
            removed += self._tiers.delete([info.point for info in series], first, last)
            for name, points in self._by_measurement(series):
                for point in points:
                    where = f"\"device_id\" = '{quoted(point)}' and {between(first, last)}"
                    self._client.query(f'delete from "{name}" where {where}')
        return removed

    def apply_retention(self, policy: RetentionPolicy, now: datetime) -> Mapping[str, int]:
        """Roll up what is older than the policy keeps; broken off, it is simply repeated."""
        with self._open():
            if "retention" not in self.capabilities:
                raise Unsupported("this server cannot delete readings", capability="retention")
            names = [self._prefix + name for name in MEASUREMENTS]
            return self._tiers.apply(policy, now, self.series, lambda *span: self._readings(*span)[:3], names)

    def _late(self, batch: Batch, on_invalid: str, problem: str) -> npt.NDArray[np.bool_]:
        """Which rows retention has begun to roll up; refused unless they are to be skipped."""
        late = np.asarray(batch.start < self._tiers.marks()["closing"])
        if late.any() and on_invalid == "raise":
            at = instant(int(batch.start[np.flatnonzero(late)[0]])).isoformat()
            raise BeyondRetentionError(problem, "start", at, "Leave it out, or write with on_invalid='skip'.")
        return late

    def drop(self) -> None:
        """Remove every measurement of this store's prefix."""
        with self._open():
            for name in (*MEASUREMENTS, "carbonost_series", "carbonost_tier", "carbonost_meta"):
                try:
                    self._client.query(f'drop measurement "{self._prefix}{name}"')
                except NotFoundError:
                    continue

    def close(self) -> None:
        """Close every connection; a second call does nothing."""
        self._closed = True
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    @contextmanager
    def _open(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise ClosedError("the store is closed", target=self.target)
            yield

    def _ensure_database(self) -> None:
        try:
            found = self._client.query("show databases", admin=True)
            names = {row[0] for series in found for row in series.get("values", ())}
            if self._client.database not in names:
                self._client.query(f'create database "{identifier(self._client.database)}"', admin=True)
        except Unsupported as exc:
            raise NotFoundError(
                "the database is missing and this server does not let us create it",
                "url",
                self.target,
                "2.x: influx bucket create, then influx v1 dbrp create. 3.x: influxdb3 create database.",
            ) from exc

    def _probe(self) -> frozenset[str]:
        found = {"counts", "downsample", "multi_process", "quality", "status"}
        try:
            self._client.query('delete from "carbonost_probe" where time < 0')
        except StorageError:
            return frozenset(found)
        return frozenset(found | {"delete", "retention"})

    def _known(self) -> dict[str, SeriesInfo]:
        rows = self._client.query(f'select * from "{self._prefix}carbonost_series"')
        known = {}
        for series in rows:
            for row in series["values"]:
                held = dict(zip(series["columns"], row, strict=True))
                tags = json.loads(held["tags"])
                known[held["device_id"]] = SeriesInfo(held["device_id"], held["energy_type"], held["unit"], tags)
        return known

    def _register(self, series: Sequence[SeriesInfo]) -> list[str]:
        """Note what each point is, and return its head: tags of the first batch, for one series each."""
        known, lines, heads = self._known(), [], []
        wire = self._wire()
        for info in series:
            if info.tags.get("device_id", info.point) != info.point:
                raise InvalidDataError("the point is stored as device_id", "device_id", info.tags["device_id"])
            tags = {name: text for name, text in info.tags.items() if name != "device_id"}
            plain = SeriesInfo(info.point, info.energy_type, info.unit, tags)
            full = known_series(known.get(info.point), plain)
            first = wire.get(info.point, dict(full.tags))
            heads.append(head(self._prefix + measurement(full), full, first))
            if full != known.get(info.point):
                fields = {"energy_type": full.energy_type, "unit": full.unit, "tags": json.dumps(dict(full.tags))}
                fields["wire"] = json.dumps(first)
                shown = ",".join(f'{name}="{escape_field(text)}"' for name, text in fields.items())
                lines.append(f"{self._prefix}carbonost_series,device_id={escape_tag(full.point)} {shown} 0")
        self._client.write(lines)
        return heads

    def _wire(self) -> dict[str, dict[str, str]]:
        rows = self._client.query(f'select "wire", "device_id" from "{self._prefix}carbonost_series"')
        return {row[2]: json.loads(row[1]) for series in rows for row in series["values"]}

    def _compare(self, batch: Batch, wanted: npt.NDArray[np.bool_]) -> tuple[int, int, npt.NDArray[np.bool_]]:
        """Return how many rows are new and different, and which have to be sent."""
        low, high = int(batch.start.min()), int(batch.start.max()) + 1
        if not self._quarters(batch.series, low, high).count.sum():
            return int(wanted.sum()), 0, wanted
        code, start, value, quality, status = self._readings(self._full(batch.series), low, high)
        held = dict(
            zip(
                zip(code.tolist(), start.tolist(), strict=True),
                zip(value.tolist(), quality.tolist(), status.tolist(), strict=True),
                strict=True,
            )
        )
        texts = batch.status.tolist() if batch.status is not None else [""] * len(batch)
        created = updated = 0
        changed = wanted.copy()
        rows = zip(
            batch.code.tolist(), batch.start.tolist(), batch.value.tolist(), batch.quality.tolist(), texts, strict=True
        )
        for row, (who, when, *reading) in enumerate(rows):
            before = held.get((who, when))
            created += bool(before is None and wanted[row])
            updated += bool(before is not None and before != tuple(reading) and wanted[row])
            changed[row] &= before != tuple(reading)
        return created, updated, changed

    def _full(self, series: Sequence[SeriesInfo]) -> list[SeriesInfo]:
        known = self._known()
        return [known[info.point] for info in series]

    def _by_measurement(self, series: Sequence[SeriesInfo]) -> Iterator[tuple[str, list[str]]]:
        for name in MEASUREMENTS:
            points = [info.point for info in series if measurement(info) == name]
            for first in range(0, len(points), POINTS_PER_QUERY):
                yield self._prefix + name, points[first : first + POINTS_PER_QUERY]

    def _readings(self, series: Sequence[SeriesInfo], first: int, last: int) -> Columns:
        return self._select(
            series, f" and {between(first, last)}" if last > first else " and time < 0 and time > 0", ""
        )

    def _select(self, series: Sequence[SeriesInfo], where: str, tail: str) -> Columns:
        rank = {info.point: place for place, info in enumerate(series)}
        codes, rows = [], []
        for name, points in self._by_measurement(series):
            fields = 'select "value", "quality", "status"'
            found = self._client.query(
                f'{fields} from "{name}" where ({any_of(points)}){where} group by "device_id"{tail}'
            )
            for one in found:
                codes += [rank[one["tags"]["device_id"]]] * len(one["values"])
                rows += one["values"]
        code = np.array(codes, dtype=np.int64)
        when, value, quality, status = zip(*rows, strict=True) if rows else ((), (), (), ())
        start = np.array(when, dtype=np.int64) // 1000
        order = np.lexsort((start, code))
        whole = np.array([100 if q is None else q for q in quality], dtype=np.int64)
        texts = np.array([text or "" for text in status], dtype=object)
        return code[order], start[order], np.array(value, dtype=np.float64)[order], whole[order], texts[order]

    def _quarters(self, series: Sequence[SeriesInfo], first: int, last: int) -> Cells:
        """Return what the server adds up by quarter-hours in a range."""
        rank = {info.point: place for place, info in enumerate(series)}
        codes, rows = [], []
        if last <= first:
            return cells.empty()
        full = self._full(series) if any(not info.unit for info in series) else series
        for name, points in self._by_measurement(full):
            wanted = 'select count("value"), sum("value"), min("value"), max("value")'
            where = f"({any_of(points)}) and {between(first, last)}"
            found = self._client.query(
                f'{wanted} from "{name}" where {where} group by time(15m), "device_id" fill(none)'
            )
            for one in found:
                filled = [row for row in one["values"] if row[1]]
                codes += [rank[one["tags"]["device_id"]]] * len(filled)
                rows += filled
        if not rows:
            return cells.empty()
        parts = zip(*rows, strict=True)
        start, count = np.array(next(parts), dtype=np.int64) // 1000, np.array(next(parts), dtype=np.int64)
        total, low, high = (np.array(part, dtype=np.float64) for part in parts)
        return cells.Cells(np.array(codes, dtype=np.int64), start, start, start + QUARTER, count, total, low, high)


def _again(batch: Batch, rows: Integers) -> pd.DataFrame:
    """Return some readings of a batch as a frame to write."""
    status = batch.status[rows] if batch.status is not None else None
    return readings_frame(
        batch.series, batch.code[rows], batch.start[rows], batch.value[rows], batch.quality[rows], status
    )
