"""The forecasters that see a history as days: naive, calendar ridge, and their mixture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from carbonost.domain.forecast import Forecast
from carbonost.engines.forecast.calendar import read_days
from carbonost.engines.forecast.correction import correct
from carbonost.engines.forecast.exogenous import read_exogenous
from carbonost.engines.forecast.intervals import half_widths, usual_size
from carbonost.engines.forecast.kernel import LASTING, STEADY, SWIFT, kind_of
from carbonost.engines.forecast.observed import kept_days
from carbonost.engines.forecast.provenance import provenance
from carbonost.engines.forecast.repeats import drawn, last_alike
from carbonost.engines.forecast.scale import Scale
from carbonost.engines.forecast.track import CalendarRidge, LastDay, carried

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from carbonost.domain.series import FloatArray, IntArray
    from carbonost.engines.forecast.calendar import Days
    from carbonost.engines.forecast.exogenous import Exogenous
    from carbonost.engines.forecast.history import History
    from carbonost.engines.forecast.track import Track

LONGEST_DAYS: Final = 600  # older days are left out: they cost time and told no more of the days scored
LEARNING_DAYS: Final = 15  # below that there are no two weeks to learn a week from
_CORRECTED_DAYS: Final = 400  # recent blocks that teach the correction
_SCORED: Final = 56  # recent blocks that weigh the tracks
_SHARPNESS: Final = 12.0  # how fast a weight falls with the error
_LOOKED_AHEAD: Final = 9  # days of the calendar read beyond the history: a week's forecast needs no more
_LONGEST_LEAD: Final = 14  # leads beyond share their errors


class Part(Protocol):
    """Settings that make tracks."""

    def tracks(self, values: FloatArray, days: Days, signals: Exogenous | None) -> list[Track]:
        """Tracks over those days."""
        ...


@dataclass(frozen=True)
class DayForecaster:
    """Tracks corrected by the last hours and weighted by their recent errors, with conformal intervals.

    Attributes
    ----------
    name : str
    parts : tuple of Part
        What makes the tracks.
    sharpness : float
        Weight of a track is its recent error to the power of minus this.
    corrects : bool
        Whether the errors of the last hours are carried on, and a forecast is drawn to what a load repeats.
    """

    name: str
    parts: tuple[Part, ...]
    sharpness: float = _SHARPNESS
    corrects: bool = True

    def fit(self, history: History, holidays: str | None = None, exog: pd.DataFrame | None = None) -> DayFit:
        """Learn from the last twenty months of a history."""
        known = history.last(LONGEST_DAYS)
        next_day, slot = (int(x[0]) for x in known.cells(known.future(1)))
        first, values = known.by_day(next_day if slot else next_day - 1)
        calendar = kept_days(values, read_days(first, len(values) + _LOOKED_AHEAD, holidays))
        days = calendar.part(0, len(values))
        signals = read_exogenous(exog, known) if exog is not None else None
        short = known.days < LEARNING_DAYS
        parts = (LastDay("kind"),) if short else self.parts
        tracks = [track for part in parts for track in part.tracks(values, days, signals)]
        return DayFit(self, history, values, calendar, tracks, slot, short)


class DayFit:
    """A `DayForecaster` that has seen a history."""

    def __init__(
        self,
        model: DayForecaster,
        history: History,
        values: FloatArray,
        calendar: Days,
        tracks: Sequence[Track],
        origin: int,
        short: bool,
    ) -> None:
        self._model, self._history, self._values, self._calendar = model, history, values, calendar
        self._tracks, self._origin, self._short = tracks, origin, short
        slots = values.shape[1]
        self._end = values.size if origin == 0 else values.size - slots + origin
        self._group = _groups(calendar.part(0, len(values)))
        self._past = [track.past(1) for track in tracks]
        errors = self._blocks(values - np.stack(self._past))
        self._bias = np.zeros((len(tracks), slots))
        self._corrects = model.corrects and not short
        if self._corrects:
            recent = errors[:, -_CORRECTED_DAYS:]
            count = recent.shape[1]
            replayed, self._bias = correct(recent, self._shapes()[-count:], self._turns(count))
            recent -= replayed
        self._weights = self._weigh(errors)
        self._errors = self._mix(errors)
        if self._corrects:
            known = calendar.part(0, len(values) + 1)
            groups = np.repeat(_groups(known)[:, None], slots, axis=1)
            self._usual = usual_size(np.abs(self._errors), self._blocks(groups, 1))
            self._read = self._blocks(last_alike(values, kind_of(known)), 1)
            said = self._blocks(values) - self._errors
            self._errors = self._errors - drawn(said, self._read[:, :-1], self._usual[:-1])

    def predict(self, steps: int, levels: Sequence[float] = (0.8,)) -> Forecast:
        """Forecast the intervals after the history."""
        starts = self._history.future(steps)
        day, slot = self._history.cells(starts)
        rows, slots = self._values.shape
        row = day - self._calendar.first
        ahead = self._ahead(max(int(row[-1]) - rows + 1, 1))
        said = [
            np.vstack([past[-1:], track.ahead(ahead)]) for past, track in zip(self._past, self._tracks, strict=True)
        ]
        at = (row - rows + 1, slot)
        mean = self._mix(said)[at]
        since = row * slots + slot - self._end
        block, place = since // slots, since % slots
        next_ = block == 0
        mean[next_] += (self._weights @ self._bias)[place[next_]]
        if self._corrects:
            mean[next_] += drawn(mean[next_], self._read[:, -1, place[next_]], self._usual[-1, place[next_]])
        group = np.concatenate([self._group[-1:], _groups(ahead)])[at[0]]
        widths = self._widths(block, place, group, levels)
        floor = 0.0 if np.nanmin(self._values) >= 0 else -np.inf
        intervals = {
            level: (np.maximum(mean - half, floor), np.maximum(mean + half, floor)) for level, half in widths.items()
        }
        return Forecast(
            starts,
            np.maximum(mean, floor),
            intervals,
            self._model.name,
            self._diagnostics(ahead),
            provenance(self._history, self._model.name, self._model),
        )

    def _ahead(self, count: int) -> Days:
        """The days that follow."""
        rows = len(self._values)
        if rows + count <= len(self._calendar):
            return self._calendar.part(rows, rows + count)
        return read_days(self._calendar.first + rows, count, self._calendar.country, self._calendar.unkept)

    def _weigh(self, errors: FloatArray) -> FloatArray:
        """Weights of the tracks by their recent errors."""
        recent = np.abs(errors[:, -_SCORED:])
        known = np.isfinite(recent)
        count = known.sum(axis=(1, 2))
        loss = np.where(count, np.where(known, recent, 0.0).sum(axis=(1, 2)) / np.maximum(count, 1), np.inf)
        if not np.isfinite(loss).any():
            return np.full(len(loss), 1 / len(loss))
        best = loss.min()
        weight = (np.maximum(loss, 1e-12) / max(best, 1e-12)) ** -self._model.sharpness
        return np.asarray(weight / weight.sum())

    def _mix(self, said: Sequence[FloatArray] | FloatArray) -> FloatArray:
        """Weighted mean of what the tracks say, over those that say something."""
        total, share = np.zeros(said[0].shape), np.zeros(said[0].shape)
        for weight, one in zip(self._weights, said, strict=True):
            known = np.isfinite(one)
            total += np.where(known, weight * one, 0.0)
            share += weight * known
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(total / share)

    def _blocks(self, table: Any, ahead: int = 0) -> Any:
        """Cut (…, days, slots) into days that end at the origin, or some days after it."""
        slots = table.shape[-1]
        count, stop = self._end // slots + ahead, self._end + ahead * slots
        line = table.reshape(*table.shape[:-2], -1)
        return line[..., stop - count * slots : stop].reshape(*table.shape[:-2], count, slots)

    def _shapes(self) -> FloatArray:
        """The load of each block on an even scale, without its level."""
        even = self._blocks(np.nan_to_num(carried(Scale.of(self._values).even(self._values))))
        return np.asarray(even - even.mean(axis=1, keepdims=True))

    def _turns(self, count: int) -> IntArray:
        """How each block and the next go from work to rest: the day before, and the day they begin in."""
        turn = 2 * self._calendar.off + self._calendar.after
        first = len(self._values) - count - (self._origin > 0)
        return turn[first : first + count + 1].astype(np.int32)

    def _widths(
        self, block: IntArray, place: IntArray, group: IntArray, levels: Sequence[float]
    ) -> dict[float, FloatArray]:
        """Half widths of the cells to come, by their lead."""
        slots = self._values.shape[1]
        groups = self._blocks(np.repeat(self._group[:, None], slots, axis=1))
        out = {level: np.empty(len(block)) for level in levels}
        for lead in np.unique(block):
            mine = np.flatnonzero(block == lead)
            wanted = np.zeros(slots, dtype=np.int32)
            wanted[place[mine]] = group[mine]
            widths = half_widths(self._errors_at(int(lead) + 1), groups, wanted, levels)
            for level in levels:
                out[level][mine] = widths[level][place[mine]]
        return out

    def _errors_at(self, lead: int) -> FloatArray:
        """Past errors of a lead in days; in a short history, of the longest lead that half of its days tell of."""
        told = np.isfinite(self._errors).sum(axis=0)
        for days in range(min(lead, _LONGEST_LEAD), 1, -1):
            said = [track.past(days) for track in self._tracks]
            errors = np.asarray(self._blocks(self._values - self._mix(said)))
            if (2 * np.isfinite(errors).sum(axis=0) >= told).all():
                return errors
        return self._errors

    def _diagnostics(self, ahead: Days) -> dict[str, Any]:
        return {
            "days": round(self._history.days, 2),
            "gaps": int(np.isnan(self._history.readings).sum()),
            "repeated_rows": self._history.repeated,
            "calendar": self._calendar.country or "weekdays only",
            "unkept_holidays": sorted(self._calendar.unkept),
            "provisional_days": int(ahead.provisional.sum()),
            "short_history": self._short,
            "weights": [round(float(w), 4) for w in self._weights],
            "recent_mae": _mean_size(self._errors_at(1)[-_SCORED:]),
        }


def _groups(days: Days) -> IntArray:
    """0 workday, 1 weekend, 2 special: the groups that keep their own errors."""
    return np.where(days.special, 2, np.where(days.off, 1, 0)).astype(np.int32)


def _mean_size(errors: FloatArray) -> float | None:
    known = np.abs(errors[np.isfinite(errors)])
    return float(known.mean()) if known.size else None


NAIVE: Final = DayForecaster(
    "naive", (LastDay("day"), LastDay("weekday"), LastDay("kind")), sharpness=32.0, corrects=False
)
RIDGE: Final = DayForecaster("ridge", (CalendarRidge((STEADY,)),))
AUTO: Final = DayForecaster("auto", (CalendarRidge((LASTING, STEADY, SWIFT)),))
