"""Signals a load follows, such as temperature, as one mean for every day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carbonost.errors import InputError, NaiveTimestampError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray
    from carbonost.engines.forecast.calendar import Days
    from carbonost.engines.forecast.history import History


@dataclass(frozen=True, eq=False)
class Exogenous:
    """Daily means of every signal, centred and scaled.

    Attributes
    ----------
    first : int
        Number of the first day since 1970-01-01.
    table : (n, signals) array of float
    """

    first: int
    table: FloatArray

    def at(self, days: Days) -> FloatArray:
        """Signals of those days.

        Raises
        ------
        InputError
            If a day is not covered; `value` is the first such day.
        """
        row = days.first + np.arange(len(days)) - self.first
        inside = (row >= 0) & (row < len(self.table))
        out = np.where(inside[:, None], self.table[np.clip(row, 0, len(self.table) - 1)], np.nan)
        missing = np.isnan(out).any(axis=1)
        if missing.any():
            day = np.datetime64(days.first + int(np.argmax(missing)), "D")
            raise InputError(
                "does not cover the history and the horizon",
                field="exog",
                value=str(day),
                remedy="Give the signal, or its forecast, for every day.",
            )
        return np.asarray(out)


def read_exogenous(exog: pd.DataFrame | pd.Series, history: History) -> Exogenous:
    """Bring signals on aware stamps to daily means on the history's clock.

    Raises
    ------
    NaiveTimestampError
        If the stamps carry no zone.
    InputError
        If the frame is empty, or not indexed by instants.
    """
    frame: Any = exog.to_frame() if isinstance(exog, pd.Series) else exog
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or not len(index):
        raise InputError("is not indexed by instants", field="exog", value=type(index).__name__)
    if index.tz is None:
        raise NaiveTimestampError("the stamps carry no zone", field="exog", value=str(index[0]))
    day, _ = history.cells(index)
    means = frame.astype(np.float64).groupby(day).mean()
    first = int(means.index[0])
    table = means.reindex(range(first, int(means.index[-1]) + 1)).to_numpy()
    last = int(history.cells(history.starts[-1:])[0][0])
    seen = table[: max(last - first + 1, 1)]  # what lies ahead must not move the scale of what was
    spread = np.nanstd(seen, axis=0)
    return Exogenous(first, (table - np.nanmean(seen, axis=0)) / np.where(spread > 0, spread, 1.0))
