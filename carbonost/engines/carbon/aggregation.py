"""Sums over places and periods, and each kilowatt-hour of a place counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from carbonost.engines.carbon.answers import table
from carbonost.errors import InputError, OverclaimError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray

Every = Literal["day", "month", "year"]


def split_by_period(start: object, end: object, every: Every) -> tuple[npt.NDArray[np.intp], Any, FloatArray]:
    """Cut calendar ranges, first and last day inclusive, at day, month or year borders.

    Returns
    -------
    row : (m,) array of int
        Index of the range each part comes from.
    period : (m,) array of datetime64
        First day of the period each part falls in.
    share : (m,) array of float [-]
        Days of the part over days of the range; a range's shares sum to one.
    """
    if every not in get_args(Every):
        raise InputError(
            "is no period type", field="every", value=every, remedy=f"Use one of {', '.join(get_args(Every))}."
        )
    first = np.asarray(pd.to_datetime(pd.Series(start)).to_numpy(), dtype="datetime64[D]")
    last = np.asarray(pd.to_datetime(pd.Series(end)).to_numpy(), dtype="datetime64[D]")
    bad = ~(last >= first)  # also where a date is missing
    if bad.any():
        raise InputError(
            "the period ends before it starts, or a date is missing",
            field="period_end",
            row=int(np.flatnonzero(bad)[0]),
        )
    unit = {"day": "D", "month": "M", "year": "Y"}[every]
    low, high = (edge.astype(f"datetime64[{unit}]").astype(np.int64) for edge in (first, last))
    parts = high - low + 1
    row = np.repeat(np.arange(len(first)), parts)
    step = np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts)
    index = low[row] + step
    opens = index.astype(f"datetime64[{unit}]").astype("datetime64[D]")
    closes = (index + 1).astype(f"datetime64[{unit}]").astype("datetime64[D]")
    days = (np.minimum(closes, last[row] + 1) - np.maximum(opens, first[row])).astype(np.float64)
    return row, opens, days / (last - first + 1).astype(np.float64)[row]


def aggregate(
    frame: pd.DataFrame,
    by: Sequence[str] = (),
    *,
    every: Every | None = None,
    values: Sequence[str] = ("emissions_co2e",),
) -> pd.DataFrame:
    """Sum rows by place and period; a row that straddles periods is shared by days.

    Parameters
    ----------
    frame : DataFrame
        Rows with `values`, the columns of `by`, and `period_start, period_end` if `every` is given.
    by : sequence of str
        For example ``("organization_id", "park_id", "building_id")``; rows without one keep their own group.
    every : {"day", "month", "year"} or None

    Returns
    -------
    DataFrame
        Columns of `by`, `period` (first day) if asked, and the sums. A gap makes its sum NaN.
    """
    needed = [*by, *values, *(("period_start", "period_end") if every else ())]
    rows = table(frame, needed, "the table to aggregate")
    keys = list(by)
    if every:
        row, opens, share = split_by_period(rows["period_start"], rows["period_end"], every)
        rows = rows.iloc[row].assign(period=opens.astype("datetime64[s]"))
        for value in values:
            rows[value] = rows[value].astype(float) * share
        keys.append("period")
    if not keys:
        return pd.DataFrame({value: [float(rows[value].astype(float).to_numpy().sum())] for value in values})
    group = rows.groupby(keys, dropna=False, sort=True).ngroup().to_numpy()
    _, at = np.unique(group, return_index=True)
    sums = rows[keys].iloc[at].reset_index(drop=True)
    for value in values:  # bincount lets a NaN through, a table's own sum would skip it
        sums[value] = np.bincount(group, rows[value].to_numpy(dtype=np.float64), minlength=len(at))
    return sums


def net_of_parts(
    activities: pd.DataFrame, levels: Sequence[str] = ("organization_id", "park_id", "building_id")
) -> pd.DataFrame:
    """Take from a park's own reading what its buildings' readings already count.

    A row that names its park but no building is the park's main meter when other rows of the same
    carrier, unit and period name buildings of that park: its consumption is reduced to the
    remainder, the common area. The same holds one level up.

    Raises
    ------
    OverclaimError
        The parts of one place read more than the place itself.
    InputError
        Parts and whole overlap in time without sharing their period, so neither can be netted.
    """
    same = ["energy_type", "unit"]
    needed = [*same, "consumption", "period_start", "period_end"]
    rows = table(activities, needed, "the activities")
    rows = rows.reindex(columns=[*rows.columns, *(level for level in levels if level not in rows.columns)])
    rows["consumption"] = rows["consumption"].astype(float)
    for depth in range(len(levels) - 1, 0, -1):
        whole, part = levels[depth - 1], levels[depth]
        mains = rows.index[rows[whole].notna() & rows[list(levels[depth:])].isna().all(axis=1)]
        for main in mains:
            top = rows.loc[main]
            parts = rows[(rows[whole] == top[whole]) & rows[part].notna() & (rows[same] == top[same]).all(axis=1)]
            parts = parts[(parts["period_start"] <= top["period_end"]) & (parts["period_end"] >= top["period_start"])]
            inside = (parts["period_start"] >= top["period_start"]) & (parts["period_end"] <= top["period_end"])
            if not inside.all():
                raise InputError(
                    f"{top[whole]!r} and its parts meter {top['energy_type']} over periods that only overlap",
                    field="period_start",
                    row=int(main),
                    remedy="Give the parts periods that lie inside the whole's.",
                )
            rest = top["consumption"] - parts["consumption"].sum()
            if rest < -1e-9 * top["consumption"]:
                raise OverclaimError(
                    f"the parts of {top[whole]!r} use more {top['energy_type']} than the whole",
                    field="consumption",
                    value=float(parts["consumption"].sum()),
                    row=int(main),
                )
            rows.loc[main, "consumption"] = max(rest, 0.0)
    return rows
