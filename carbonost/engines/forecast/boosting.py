"""Boosted trees over calendar and lags; the extra for histories of many unlike days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost._lazy import load
from carbonost.engines.forecast.engines import DayForecaster
from carbonost.engines.forecast.kernel import kind_of
from carbonost.engines.forecast.threads import one_thread
from carbonost.engines.forecast.track import NaiveTrack, carried

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray
    from carbonost.engines.forecast.calendar import Days
    from carbonost.engines.forecast.exogenous import Exogenous
    from carbonost.engines.forecast.track import Track

_LAGS: Final = (0, 1, 2, 6, 13)  # days before the newest one known
_LEADS: Final = (1, 2, 3, 5, 7, 14, 28, 56, 366)  # models exist for these; a day ahead takes the next one
_HELD_OUT: Final = 84  # past days predicted by a model fitted before them


@dataclass(frozen=True)
class Boosting:
    """Settings of the trees."""

    rounds: int = 120
    rate: float = 0.06
    leaves: int = 31
    seed: int = 0

    def tracks(self, values: FloatArray, days: Days, signals: Exogenous | None) -> list[Track]:
        """Fit nothing yet: a lead's trees grow when it is asked for."""
        return [BoostingTrack(values, days, signals, self)]


class BoostingTrack:
    """A track of boosted trees, one model for a lead and all slots."""

    def __init__(self, values: FloatArray, days: Days, signals: Exogenous | None, settings: Boosting) -> None:
        self._values, self._days, self._signals, self._settings = values, days, signals, settings
        self._known = carried(values)
        self._same = NaiveTrack(values, days, kind_of)
        self._models: dict[tuple[int, int], Any] = {}

    def past(self, lead: int) -> FloatArray:
        """The recent past as models fitted before it said; NaN before."""
        rows, slots = self._values.shape
        cut = max(rows - _HELD_OUT, rows // 2)
        lead = _model_lead(lead)
        out = np.full((rows, slots), np.nan)
        table = self._features(self._days, np.arange(rows) - lead, self._same.past(lead))
        out[cut:] = self._model(lead, cut).predict(table[cut * slots :]).reshape(-1, slots)
        return out

    def ahead(self, days: Days) -> FloatArray:
        """The days that follow."""
        rows, slots = self._values.shape
        said = self._same.ahead(days)
        out = np.empty((len(days), slots))
        for i in range(len(days)):
            day = days.part(i, i + 1)
            table = self._features(day, np.array([rows - 1]), said[i : i + 1])
            out[i] = self._model(_model_lead(i + 1), rows).predict(table)
        return out

    def _model(self, lead: int, stop: int) -> Any:
        """Trees for a lead, grown on the days before `stop`."""
        if (lead, stop) not in self._models:
            ensemble = load("sklearn.ensemble", "model='boosting'")
            trees = ensemble.HistGradientBoostingRegressor(
                loss="absolute_error",
                max_iter=self._settings.rounds,
                learning_rate=self._settings.rate,
                max_leaf_nodes=self._settings.leaves,
                early_stopping=False,
                random_state=self._settings.seed,
            )
            slots = self._values.shape[1]
            table = self._features(self._days, np.arange(len(self._days)) - lead, self._same.past(lead))[: stop * slots]
            truth = self._values[:stop].ravel()
            use = np.isfinite(truth)
            with one_thread():  # once more: the trees brought a thread pool of their own
                self._models[lead, stop] = trees.fit(table[use], truth[use])
        return self._models[lead, stop]

    def _features(self, days: Days, newest: Any, same: FloatArray) -> FloatArray:
        """One row for each day and slot: calendar, slot, lags, level and last day of the type."""
        slots = self._values.shape[1]
        calendar = [days.weekday, kind_of(days), days.into, days.left, days.after, days.eve]
        season = 2 * np.pi * (days.first + np.arange(len(days))) / 365.25
        by_day = [*calendar, np.sin(season), np.cos(season)]
        if self._signals is not None:
            by_day += list(self._signals.at(days).T)
        lags = [self._lag(newest - lag) for lag in _LAGS]
        level = np.stack([self._lag(newest - lag) for lag in range(14)]).mean(axis=0)
        by_slot = [same, *lags, np.broadcast_to(level.mean(axis=1, keepdims=True), same.shape)]
        columns = [np.repeat(np.asarray(one, dtype=np.float64), slots) for one in by_day]
        columns += [np.tile(np.arange(slots, dtype=np.float64), len(days)), *(one.ravel() for one in by_slot)]
        return np.stack(columns, axis=1)

    def _lag(self, row: Any) -> FloatArray:
        """The known day of each row, NaN before the first."""
        return np.where((row >= 0)[:, None], self._known[np.maximum(row, 0)], np.nan)


def _model_lead(lead: int) -> int:
    return next((known for known in _LEADS if known >= lead), _LEADS[-1])


BOOSTING: Final = DayForecaster("boosting", (Boosting(),))
