"""What a forecaster is, and where one is found.

A forecaster is named by a string: one of ours, or one a third party registers under the entry point
group ``carbonost.forecast``. Its module is imported when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final, Protocol

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from carbonost.domain.forecast import Forecast
    from carbonost.engines.forecast.history import History

GROUP: Final = "carbonost.forecast"
_OURS: Final = {
    "auto": "carbonost.engines.forecast.engines:AUTO",
    "ridge": "carbonost.engines.forecast.engines:RIDGE",
    "naive": "carbonost.engines.forecast.engines:NAIVE",
    "prophet": "carbonost.engines.forecast.prophet:PROPHET",
    "boosting": "carbonost.engines.forecast.boosting:BOOSTING",
}


class Fitted(Protocol):
    """A forecaster that has seen a history."""

    def predict(self, steps: int, levels: Sequence[float] = (0.8,)) -> Forecast:
        """Forecast the `steps` intervals after the history, with an interval for each level."""
        ...


class Forecaster(Protocol):
    """A way to forecast. Laws: the same history gives the same forecast; nothing after it is read."""

    @property
    def name(self) -> str:
        """What users call it."""
        ...

    def fit(self, history: History, holidays: str | None = None, exog: pd.DataFrame | None = None) -> Fitted:
        """Learn from a history; `exog` covers it and the intervals to come."""
        ...


def names() -> list[str]:
    """Every forecaster that can be asked for."""
    return sorted({*_OURS, *(entry.name for entry in entry_points(group=GROUP))})


def find(name: str | Forecaster) -> Forecaster:
    """The forecaster of that name; one of our own names is never taken over.

    Raises
    ------
    InputError
        If there is none.
    MissingExtraError
        If its package is not installed.
    """
    if not isinstance(name, str):
        return name
    if name in _OURS:
        module, _, attribute = _OURS[name].partition(":")
        ours: Forecaster = getattr(import_module(module), attribute)
        return ours
    for entry in entry_points(group=GROUP, name=name):
        theirs: Forecaster = entry.load()
        return theirs
    raise InputError("is no forecaster", field="model", value=name, remedy=f"Known: {', '.join(names())}.")
