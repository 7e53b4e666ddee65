"""The park's load curve, read from its electricity meters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from carbonost import units

if TYPE_CHECKING:
    from carbonost.ingestion.park import ParkData


def park_load(data: ParkData, year: int | None = None) -> pd.Series | None:
    """Return the mean power of all electricity meters together [kW], labelled by interval start.

    Intervals where no meter of the modal step has a reading are NaN; a single missing meter counts
    as zero there, which the coverage of the baseline states.
    """
    frame = data.meters
    if not isinstance(frame, pd.DataFrame) or frame.empty:
        return None
    frame = frame[frame["energy_type"] == "electricity"]
    if frame.empty:
        return None
    scale = (
        frame["unit"]
        .map({unit: units.compile("electricity", unit) for unit in frame["unit"].unique()})
        .to_numpy(dtype=float)
    )
    kwh = pd.Series(frame["value"].to_numpy() * scale, index=pd.DatetimeIndex(frame["start"]))
    total = kwh.groupby(level=0, sort=True).sum(min_count=1)
    step = pd.Series(total.index).diff().mode()
    if step.empty:
        return None
    hours = step.iloc[0] / pd.Timedelta(hours=1)
    local = total.tz_convert(data.zone)
    if year is not None:
        local = local[local.index.year == year]  # type: ignore[attr-defined]
    if local.empty:
        return None
    whole = pd.date_range(local.index[0], local.index[-1], freq=step.iloc[0])
    curve: pd.Series = (local.reindex(whole) / hours).astype(np.float64).rename("load_kw")
    return curve
