"""Score forecasters by a rolling origin: each forecast sees what was known at its origin, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import pandas as pd

from carbonost.engines.forecast.calendar import KINDS, read_days
from carbonost.engines.forecast.history import read_history
from carbonost.engines.forecast.ports import find
from carbonost.engines.forecast.predict import DEFAULT_COUNTRY, calendar_of
from carbonost.engines.forecast.threads import one_thread
from carbonost.errors import HistoryTooShortError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray
    from carbonost.engines.forecast.history import History
    from carbonost.engines.forecast.ports import Forecaster

_FIRST_DAYS: Final = 15  # what the first origin has at least seen


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts beside what came.

    Attributes
    ----------
    cells : DataFrame
        One row for each model, origin and interval: `model, origin, ds, day_type, y, yhat, yhat_lower, yhat_upper`.
    seconds : {model: seconds}
        Mean time of one fit and forecast.
    level : float [-]
    scale : float
        Mean change from day to day before the first origin: the unit of MASE.
    """

    cells: pd.DataFrame
    seconds: dict[str, float]
    level: float
    scale: float

    def scores(self, by: str | None = None) -> pd.DataFrame:
        """Tabulate MAE, MASE, mean pinball loss, coverage and time, for each model.

        Parameters
        ----------
        by : str, optional
            A further column of `cells`, such as "day_type" or "origin".
        """
        cells = self.cells.dropna(subset=["y"])
        y, mean = cells["y"], cells["yhat"]
        low, high = cells["yhat_lower"], cells["yhat_upper"]
        tail = (1 - self.level) / 2
        pinball = sum(_pinball(y, q, at) for q, at in ((low, tail), (mean, 0.5), (high, 1 - tail))) / 3
        table = cells[["model", *([by] if by else [])]].assign(
            mae=(y - mean).abs(), mase=(y - mean).abs() / self.scale, pinball=pinball, coverage=(y >= low) & (y <= high)
        )
        scores = table.groupby(["model", *([by] if by else [])], sort=False).mean()
        if by is None:
            scores["seconds"] = pd.Series(self.seconds)
        return scores

    def to_frame(self) -> pd.DataFrame:
        """Forecasts beside what came, one row for each model, origin and interval."""
        return self.cells.copy()

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Scores by model."""
        return cast("dict[str, dict[str, float]]", self.scores().to_dict("index"))

    def _repr_html_(self) -> str:
        return str(self.scores().to_html(float_format="{:.4g}".format))


def backtest(
    history: Any,
    models: Sequence[str | Forecaster] = ("auto", "naive"),
    origins: int | Sequence[pd.Timestamp] = 30,
    *,
    every_days: int = 1,
    horizon_hours: int = 24,
    level: float = 0.8,
    holidays: str | None = DEFAULT_COUNTRY,
    exog: pd.DataFrame | None = None,
    zone: str | None = None,
) -> Backtest:
    """Forecast from past origins and compare.

    Parameters
    ----------
    history, level, holidays, exog, zone
        As of `predict_load`. Signals are taken as given: use forecasts of them for an honest score.
    models : sequence of str or Forecaster
    origins : int or sequence of aware Timestamp
        How many local midnights, the last of them a horizon before the history's end; or the instants.
    every_days : int [d]
        Days between those midnights.
    horizon_hours : int [h]

    Raises
    ------
    HistoryTooShortError
        If an origin has less than two weeks before it.
    InputError
        If an origin lies outside the history, or an argument cannot be used.
    """
    known = read_history(history, holidays, zone)
    country = calendar_of(holidays)
    steps = horizon_hours * 3600 // known.step_s
    chosen = _origins(known, origins, every_days, steps)
    frames, seconds = [], {}
    for model in models:
        forecaster = find(model)
        began = perf_counter()
        with one_thread():
            said = [forecaster.fit(known.before(at), country, exog).predict(steps, (level,)) for at in chosen]
        seconds[forecaster.name] = (perf_counter() - began) / len(chosen)
        for at, one in zip(chosen, said, strict=True):
            frame = one.to_frame(level)
            frame.attrs = {}
            frame.insert(0, "origin", at)
            frame.insert(0, "model", forecaster.name)
            frames.append(frame)
    cells = pd.concat(frames, ignore_index=True)
    cells.insert(3, "y", known.at(pd.DatetimeIndex(cells["ds"])))
    cells.insert(3, "day_type", _day_type(known, cells, country))
    return Backtest(cells, seconds, level, _daily_change(known.before(chosen[0])))


def _origins(known: History, origins: Any, every_days: int, steps: int) -> list[pd.Timestamp]:
    """Instants to forecast from, ascending."""
    if isinstance(origins, int):
        if origins < 1 or every_days < 1:
            raise InputError("must be at least 1", field="origins", value=(origins, every_days))
        _, slot = known.cells(known.starts)
        midnights = known.starts[: len(known.starts) - steps + 1][slot[: len(known.starts) - steps + 1] == 0]
        chosen = list(midnights[::-1][: origins * every_days : every_days][::-1])
    else:
        chosen = sorted(pd.Timestamp(at) for at in origins)
        for at in chosen:
            if at.tzinfo is None or not known.starts[0] < at <= known.starts[-1]:
                raise InputError("is no aware instant inside the history", field="origins", value=str(at))
    if not chosen or (isinstance(origins, int) and len(chosen) < origins) or known.before(chosen[0]).days < _FIRST_DAYS:
        raise HistoryTooShortError(
            f"the first origin has less than {_FIRST_DAYS} days before it",
            field="history",
            remedy="Give a longer history or fewer origins.",
        )
    return chosen


def _day_type(known: History, cells: pd.DataFrame, country: str | None) -> Any:
    day, _ = known.cells(pd.DatetimeIndex(cells["ds"]))
    first = int(day.min())
    return np.array(KINDS)[read_days(first, int(day.max()) - first + 1, country).kind[day - first]]


def _daily_change(known: History) -> float:
    """Mean change of a reading from one day to the next."""
    moved = np.abs(known.readings[known.slots :] - known.readings[: -known.slots])
    return float(np.nanmean(moved)) or float("nan")


def _pinball(y: Any, quantile: Any, share: float) -> FloatArray:
    return np.asarray(np.maximum(share * (y - quantile), (share - 1) * (y - quantile)))
