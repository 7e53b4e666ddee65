"""Retention on a server without transactions: close, read, overwrite the tier, move the mark, remove the old.

A mark says up to where a tier below was rolled up. What lies before it is read from the tier, what
lies after from below, whatever is still to be removed. Marks are points at their own instant, the last
one counts, so none moves back.

Writers, readers and other retentions may run at the same time, each by a second look at the marks. A reading
is refused before the mark ``closing``, which moves before anything is read: a writer that still finds it in its place
after posting has written what retention will read. Nothing is removed before a mark has moved: whoever finds the
marks as they were has read everything.
"""

# ruff: noqa: S608 -- names are fixed, points are quoted

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.errors import InvalidDataError, TransientError
from carbonost.storage import cells
from carbonost.storage.cells import Cells
from carbonost.storage.civil import EARLIEST, before, edges, zone
from carbonost.storage.influx.line import escape_field, escape_tag
from carbonost.storage.influx.query import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import TypeVar

    from carbonost.storage.influx.http import InfluxClient
    from carbonost.storage.ports import RetentionPolicy, SeriesInfo

    T = TypeVar("T")

BELOW: Final = {"hourly": "raw", "daily": "hourly", "monthly": "daily"}
LEVELS: Final = tuple(BELOW)
_LOOKS: Final = 20
_EVERY: Final = {"hourly": "1h", "daily": "1d", "monthly": "1mo"}


class InfluxTiers:
    """The rolled-up readings of a store, and the marks that say how far."""

    def __init__(self, client: InfluxClient, prefix: str) -> None:
        self._client = client
        self._tier, self._meta = f"{prefix}carbonost_tier", f"{prefix}carbonost_meta"

    def marks(self) -> Mapping[str, int]:
        """Return up to which instant ``raw``, ``hourly`` and ``daily`` were rolled up, and what is ``closing``."""
        found = self._client.query(
            f'select "value" from "{self._meta}" where "name" != \'tz\' group by "name" order by time desc limit 1'
        )
        known = {series["tags"]["name"]: int(series["values"][0][1]) for series in found}
        return {name: known.get(name, EARLIEST) for name in ("closing", *BELOW.values())}

    def steadily(self, read: Callable[[Mapping[str, int]], T]) -> T:
        """Return what a reader of the marks returns once they did not move meanwhile.

        Raises
        ------
        TransientError
            If they moved every time.
        """
        for _ in range(_LOOKS):
            marks = self.marks()
            value = read(marks)
            if self.marks() == marks:
                return value
        raise TransientError("retention moved the readings while they were read", target=self._client.target)

    def read(self, rank: Mapping[str, int], first: int, last: int, marks: Mapping[str, int]) -> Cells:
        """Return the cells of some points that overlap a range.

        Raises
        ------
        BeyondRetentionError
            If the range cuts a cell.
        """
        parts = (self._cells(level, rank, marks) for level in LEVELS)
        return cells.within(cells.join(parts), first, last)

    def delete(self, points: Sequence[str], first: int, last: int) -> int:
        """Remove the cells of some points inside a range; return how many readings they held."""
        rank = {point: place for place, point in enumerate(points)}
        marks = self.marks()
        self.read(rank, first, last, marks)
        removed = 0
        for level in LEVELS:
            held = self._cells(level, rank, marks)
            held = held.take((held.first >= first) & (held.end <= last))
            removed += int(held.count.sum())
            for who, at in zip(held.series.tolist(), held.start.tolist(), strict=True):
                when = f"time >= {at}000 and time <= {at}000"
                where = f"\"device_id\" = '{quoted(points[who])}' and \"level\" = '{level}' and {when}"
                self._client.query(f'delete from "{self._tier}" where {where}')
        return removed

    def apply(
        self,
        policy: RetentionPolicy,
        now: datetime,
        series_now: Callable[[], Sequence[SeriesInfo]],
        readings: Callable[[Sequence[SeriesInfo], int, int], Any],
        measurements: Sequence[str],
    ) -> dict[str, int]:
        """Roll up tier by tier; return how much moved out of each."""
        self._same_zone(zone(policy.tz).key)
        moved = {"raw": 0, "hourly": 0, "daily": 0, "monthly": 0}
        for (above, below), unit in zip(BELOW.items(), ("h", "d", "mo"), strict=True):
            limit = before(now, getattr(policy, below), unit, policy.tz)
            marks = self.marks()
            if limit is None or limit <= marks[below]:
                continue
            if below == "raw":
                self._advance("closing", limit)
            series = series_now()
            if below == "raw":
                old = cells.of_readings(*readings(series, marks[below], limit))
            else:
                old = self._cells(below, {info.point: place for place, info in enumerate(series)}, marks)
                old = old.take(old.start < limit)
            if self.marks()[below] != marks[below]:
                continue  # another retention was faster, and may have removed what was being read
            moved[below] = len(old)
            if len(old):
                cuts = edges(int(old.first.min()), int(old.end.max()), _EVERY[above], policy.tz)
                self._write(above, series, cells.gather(old, cuts))
            self._advance(below, limit)
            self._remove(below, limit, measurements)
        limit = before(now, policy.monthly, "mo", policy.tz)
        if limit is not None:
            rank = {info.point: place for place, info in enumerate(series_now())}
            moved["monthly"] = int((self._cells("monthly", rank, self.marks()).start < limit).sum())
            self._client.query(f'delete from "{self._tier}" where "level" = \'monthly\' and time < {limit}000')
        return moved

    def _remove(self, below: str, limit: int, measurements: Sequence[str]) -> None:
        if below != "raw":
            self._client.query(f'delete from "{self._tier}" where "level" = \'{below}\' and time < {limit}000')
            return
        for name in measurements:
            self._client.query(f'delete from "{name}" where time < {limit}000')

    def _cells(self, level: str, rank: Mapping[str, int], marks: Mapping[str, int]) -> Cells:
        """Return a tier's cells that count: rolled up from below, and not yet further."""
        done, until = marks.get(level, EARLIEST), marks[BELOW[level]]
        fields = '"device_id", "first", "until", "count", "total", "low", "high"'
        where = f"\"level\" = '{level}' and time >= {done}000 and time < {until}000"
        found = self._client.query(f'select {fields} from "{self._tier}" where {where}')
        rows = [row for one in found for row in one["values"] if row[1] in rank]
        if not rows:
            return cells.empty()
        when, who, first, end, count, total, low, high = zip(*rows, strict=True)
        return Cells(
            np.array([rank[point] for point in who], dtype=np.int64),
            np.array(when, dtype=np.int64) // 1000,
            np.array(first, dtype=np.int64),
            np.array(end, dtype=np.int64),
            np.array(count, dtype=np.int64),
            np.array(total, dtype=np.float64),
            np.array(low, dtype=np.float64),
            np.array(high, dtype=np.float64),
        )

    def _write(self, level: str, series: Sequence[SeriesInfo], new: Cells) -> None:
        rows = zip(*(getattr(new, name).tolist() for name in Cells.__slots__), strict=True)
        heads = [f"{self._tier},device_id={escape_tag(info.point)},level={level}" for info in series]
        self._client.write(
            [
                f"{heads[who]} first={first}i,until={until}i,count={count}i,total={total!r},low={low!r},high={high!r}"
                f" {start}000"
                for who, start, first, until, count, total, low, high in rows
            ]
        )

    def _same_zone(self, tz: str) -> None:
        known = self._value("tz")
        if known is None:
            self._note("tz", tz)
        elif known != tz:
            raise InvalidDataError("the store was rolled up in another zone", "policy.tz", tz, f"Keep {known!r}.")

    def _value(self, name: str) -> str | None:
        found = self._client.query(f'select "value" from "{self._meta}" where "name" = \'{name}\'')
        return str(found[0]["values"][0][1]) if found else None

    def _note(self, name: str, value: str) -> None:
        self._client.write([f'{self._meta},name={name} value="{escape_field(value)}" 0'])

    def _advance(self, name: str, limit: int) -> None:
        self._client.write([f'{self._meta},name={name} value="{limit}" {limit}000'])
