"""The platform specification's call of Prophet, repaired for today's pandas.

``Prophet(daily, weekly, yearly).add_country_holidays(country)``, fitted on `ds, y`. Two repairs: stamps are
given as wall-clock time, since Prophet takes none with a zone, and steps are told as ``"h"``, since
pandas 3 knows no ``"H"``.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost._lazy import load
from carbonost.domain.forecast import Forecast
from carbonost.engines.forecast.provenance import provenance
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carbonost.engines.forecast.history import History

_SEED: Final = 0  # Prophet draws its intervals from numpy's global state


@dataclass(frozen=True)
class ProphetForecaster:
    """Prophet as the specification calls it."""

    name: str = "prophet"

    def fit(self, history: History, holidays: str | None = None, exog: pd.DataFrame | None = None) -> ProphetFit:
        """Fit Prophet on the whole history."""
        if exog is not None:
            raise InputError(
                "is not taken by 'prophet'", field="exog", remedy="Use model='auto', 'ridge' or 'boosting'."
            )
        with _quiet("prophet.plot"):  # which misses plotly aloud
            prophet = load("prophet", "model='prophet'")
        model = prophet.Prophet(daily_seasonality=True, weekly_seasonality=True, yearly_seasonality=True)
        if holidays is not None:
            model.add_country_holidays(country_name=holidays)
        with _quiet("cmdstanpy"), _seeded():  # Stan's progress
            model.fit(pd.DataFrame({"ds": history.wall(history.starts), "y": history.readings}).dropna())
        return ProphetFit(history, model, holidays)


@dataclass(frozen=True, eq=False)
class ProphetFit:
    """Prophet that has seen a history."""

    history: History
    model: Any
    holidays: str | None

    def predict(self, steps: int, levels: Sequence[float] = (0.8,)) -> Forecast:
        """Forecast the intervals after the history."""
        starts = self.history.future(steps)
        ahead = pd.DataFrame({"ds": self.history.wall(starts)})
        mean, intervals = np.empty(0), {}
        for level in levels:
            self.model.interval_width = level
            with _seeded():
                said = self.model.predict(ahead)
            mean = said["yhat"].to_numpy()
            intervals[level] = (said["yhat_lower"].to_numpy(), said["yhat_upper"].to_numpy())
        release = f"prophet {version('prophet')}"
        return Forecast(
            starts,
            mean,
            intervals,
            "prophet",
            {"days": round(self.history.days, 2), "calendar": self.holidays or "none"},
            provenance(self.history, "prophet", release) | {"solver": release},
        )


@contextmanager
def _seeded() -> Iterator[None]:
    """Give numpy's global state a seed, and the caller's state back."""
    state = np.random.get_state()  # noqa: NPY002 -- Prophet draws from nowhere else
    np.random.seed(_SEED)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a vendor's chatter out of the caller's log."""
    log = logging.getLogger(name)
    was, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = was


PROPHET: Final = ProphetForecaster()
