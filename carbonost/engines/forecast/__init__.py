"""Load forecasts with intervals, scored by a rolling origin.

Nothing heavy is loaded until it is used; the default needs numpy and pandas alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carbonost._lazy import attach

if TYPE_CHECKING:
    from carbonost.domain.forecast import Forecast
    from carbonost.engines.forecast.calendar import day_types
    from carbonost.engines.forecast.history import History, read_history
    from carbonost.engines.forecast.ports import Fitted, Forecaster, find, names
    from carbonost.engines.forecast.predict import forecast, predict_load
    from carbonost.engines.forecast.rolling import Backtest, backtest

_ROOM: Final = "carbonost.engines.forecast"
_NAMES: Final = {
    "Backtest": f"{_ROOM}.rolling",
    "Fitted": f"{_ROOM}.ports",
    "Forecast": "carbonost.domain.forecast",
    "Forecaster": f"{_ROOM}.ports",
    "History": f"{_ROOM}.history",
    "backtest": f"{_ROOM}.rolling",
    "day_types": f"{_ROOM}.calendar",
    "find": f"{_ROOM}.ports",
    "forecast": f"{_ROOM}.predict",
    "names": f"{_ROOM}.ports",
    "predict_load": f"{_ROOM}.predict",
    "read_history": f"{_ROOM}.history",
}

__all__ = [  # the keys of _NAMES, spelled out for type checkers; a test holds the two together
    "Backtest",
    "Fitted",
    "Forecast",
    "Forecaster",
    "History",
    "backtest",
    "day_types",
    "find",
    "forecast",
    "names",
    "predict_load",
    "read_history",
]

__getattr__, __dir__ = attach(__name__, _NAMES)
