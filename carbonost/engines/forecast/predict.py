"""`predict_load`: a table of what the load will be."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.checks import is_number
from carbonost.engines.forecast.history import read_history
from carbonost.engines.forecast.ports import find
from carbonost.engines.forecast.threads import one_thread
from carbonost.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from carbonost.domain.forecast import Forecast
    from carbonost.engines.forecast.ports import Forecaster

DEFAULT_COUNTRY: Final = "CN"
_LONGEST_H: Final = 24 * 366


def predict_load(
    history: Any,
    horizon_hours: int = 24,
    model: str | Forecaster = "auto",
    level: float = 0.8,
    holidays: str | None = DEFAULT_COUNTRY,
    *,
    exog: pd.DataFrame | None = None,
    zone: str | None = None,
) -> pd.DataFrame:
    """Forecast a load.

    Parameters
    ----------
    history : Series with aware stamps, or DataFrame with `timestamp, load_kw` (or `ds, y`)
        At 5 to 60 minutes; a missing stamp or NaN is a gap.
    horizon_hours : int [h]
        From the interval after the last stamp.
    model : str or Forecaster
        "auto", "ridge", "naive", "prophet", "boosting", or a third party's.
    level : float [-]
        Share of outcomes the interval is to cover, above 0 and below 1.
    holidays : str or None
        Country whose day types count; None knows weekends only.
    exog : DataFrame with aware stamps, optional
        Signals such as temperature, covering history and horizon.
    zone : str, optional
        Where days begin; the stamps' own by default, Asia/Shanghai for stamps in UTC with "CN".

    Returns
    -------
    DataFrame
        `ds, yhat, yhat_lower, yhat_upper`, in the unit and zone of the history; diagnostics and
        provenance in ``attrs``. A load that was never negative is forecast none below zero.

    Raises
    ------
    HistoryTooShortError
        With less than two days of readings.
    NaiveTimestampError
        If the stamps carry no zone.
    MissingExtraError
        If the model, or a country other than the default, needs a package that is not installed.
    InputError
        If an argument cannot be used; `value` is the first offending instant.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> stamps = pd.date_range("2025-03-03", periods=24 * 28, freq="h", tz="Asia/Shanghai")
    >>> load = pd.Series(100.0 + 50.0 * (stamps.hour >= 8), index=stamps)
    >>> predict_load(load, holidays=None).yhat.round(3).tolist()[6:10]
    [100.0, 100.0, 150.0, 150.0]
    """
    return forecast(
        history, horizon_hours, model=model, levels=(level,), holidays=holidays, exog=exog, zone=zone
    ).to_frame(level)


def forecast(
    history: Any,
    horizon_hours: int = 24,
    *,
    model: str | Forecaster = "auto",
    levels: tuple[float, ...] = (0.5, 0.8, 0.95),
    holidays: str | None = DEFAULT_COUNTRY,
    exog: pd.DataFrame | None = None,
    zone: str | None = None,
) -> Forecast:
    """Forecast a load with several levels; arguments and errors as of `predict_load`."""
    for level in levels:
        if not is_number(level) or not 0 < level < 1:
            raise InputError("lies outside (0, 1)", field="level", value=level, remedy="0.8 covers four in five.")
    if not is_number(horizon_hours) or not 0 < horizon_hours <= _LONGEST_H:
        raise InputError(
            f"is not within 1 to {_LONGEST_H} hours", field="horizon_hours", value=horizon_hours, remedy="Use 24."
        )
    known = read_history(history, holidays, zone)
    steps = horizon_hours * 3600 / known.step_s
    if steps != int(steps):
        raise InputError("is no whole number of intervals", field="horizon_hours", value=horizon_hours)
    with one_thread():
        return find(model).fit(known, calendar_of(holidays), exog).predict(int(steps), levels)


def calendar_of(country: str | None) -> str | None:
    """The country whose holidays can be known; the default degrades to weekends, with a warning."""
    if country == DEFAULT_COUNTRY and find_spec("holidays") is None:
        warnings.warn(
            "holidays are not known, only weekends: pip install 'carbonost[forecast]'", UserWarning, stacklevel=4
        )
        return None
    return country
