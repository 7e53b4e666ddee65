"""A forecast: mean and intervals on aware stamps, with what stands behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from carbonost.domain.alike import Alike
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.domain.series import FloatArray


DEFAULT_LEVEL: Final = 0.8


@dataclass(frozen=True, eq=False, repr=False)
class Forecast(Alike):
    """What a load is expected to be.

    Attributes
    ----------
    starts : DatetimeIndex
        Aware starts of the intervals, in the history's zone.
    mean : (h,) array of float [unit of the history]
        The forecast of each interval: the middle of what may come, by every method of ours. Where outcomes lean to one
        side, as those of a load at rest most of the time do, their mean lies beyond it.
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

    def __repr__(self) -> str:
        levels = ", ".join(f"{level:g}" for level in sorted(self.intervals))
        return f"<Forecast by {self.method}: {len(self)} intervals from {self.starts[0]}, levels {levels}>"

    def to_frame(self, level: float | None = None) -> pd.DataFrame:
        """Tabulate the mean and one interval.

        Parameters
        ----------
        level : float, optional [-]
            One of the levels the forecast was made with; without it the only one, or 0.8.

        Returns
        -------
        DataFrame
            `ds, yhat, yhat_lower, yhat_upper`; method, diagnostics and provenance are in ``attrs``.

        Raises
        ------
        InputError
            If the forecast holds no interval of that level.
        """
        if level is None:
            level = next(iter(self.intervals)) if len(self.intervals) == 1 else DEFAULT_LEVEL
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

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, ready for JSON but for the diagnostics: `ds` as text, `yhat`, and bounds by level."""
        return {
            "method": self.method,
            "ds": [stamp.isoformat() for stamp in self.starts],
            "yhat": self.mean.tolist(),
            "intervals": {
                level: {"lower": lower.tolist(), "upper": upper.tolist()}
                for level, (lower, upper) in self.intervals.items()
            },
            "provenance": dict(self.provenance),
        }

    def plot(self, axes: Any = None, language: str = "zh") -> Any:
        """Draw the mean and its intervals, in Chinese or English ("en"); needs the report extra."""
        from importlib import import_module  # the picture belongs to the engine, found by name

        return import_module("carbonost.engines.forecast.plot").draw(self, axes, language)

    def _repr_html_(self) -> str:
        table = pd.DataFrame({"yhat": self.mean}, index=pd.Index(self.starts, name="ds"))
        for level in sorted(self.intervals):
            lower, upper = self.intervals[level]
            table[f"{level:g} lower"], table[f"{level:g} upper"] = lower, upper
        told = repr(self).replace("<", "&lt;").replace(">", "&gt;")
        return f"<p>{told}</p>" + str(table.round(2).to_html(max_rows=12))
