"""A forecast: mean and intervals on aware stamps, with what stands behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.series import FloatArray


@dataclass(frozen=True, eq=False)
class Forecast:
    """What a load is expected to be.

    Attributes
    ----------
    starts : DatetimeIndex
        Aware starts of the intervals, in the history's zone.
    mean : (h,) array of float [unit of the history]
        Expected value of each interval.
    intervals : {level: (lower, upper)}
        Bounds meant to hold the stated share of outcomes, each (h,) array of float.
    method : str
        Name of the forecaster.
    diagnostics : mapping
        Gaps, calendar, weights, coverage on the history and what else the method tells.
    provenance : mapping
        Digests of history and parameters, and the versions that give the same forecast again.
    """

    starts: pd.DatetimeIndex
    mean: FloatArray
    intervals: Mapping[float, tuple[FloatArray, FloatArray]]
    method: str
    diagnostics: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.starts)

    def to_frame(self, level: float) -> pd.DataFrame:
        """Tabulate the mean and one interval.

        Parameters
        ----------
        level : float [-]
            One of the levels the forecast was made with.

        Returns
        -------
        DataFrame
            `ds, yhat, yhat_lower, yhat_upper`; method, diagnostics and provenance are in ``attrs``.

        Raises
        ------
        InputError
            If the forecast holds no interval of that level.
        """
        if level not in self.intervals:
            raise InputError(
                "the forecast holds no such level",
                field="level",
                value=level,
                remedy=f"Known: {sorted(self.intervals)}.",
            )
        lower, upper = self.intervals[level]
        frame = pd.DataFrame({"ds": self.starts, "yhat": self.mean, "yhat_lower": lower, "yhat_upper": upper})
        frame.attrs = {
            "method": self.method,
            "level": level,
            "diagnostics": dict(self.diagnostics),
            "provenance": dict(self.provenance),
        }
        return frame
