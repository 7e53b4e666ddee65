"""Amounts of an interval from mean power and from the states of registers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost.errors import FileFormatError
from carbonost.ingestion import mapping
from carbonost.ingestion.quantities import POWER
from carbonost.ingestion.tabular import numbers

if TYPE_CHECKING:
    from pathlib import Path

    from carbonost.domain.series import FloatArray
    from carbonost.ingestion.tabular import Sheet

_TELLING: Final = 48
"""So many rises in a row, without one fall, are no consumption."""
_HOUR: Final = pd.Timedelta(hours=1)


def step(start: pd.Series[pd.Timestamp], path: Path) -> pd.Timedelta:
    """Return the usual distance of instants.

    Raises
    ------
    FileFormatError
        If there are fewer than two.
    """
    steps = start.drop_duplicates().sort_values().diff().dropna()
    if steps.empty:
        raise FileFormatError("one reading has no interval", f"{path.name}: start", None, "Give at least two.")
    return pd.Timedelta(steps.mode().iloc[0])


def multipliers(frame: pd.DataFrame, sheet: Sheet, wanted: object, *, states: bool) -> FloatArray:
    """Return what each value is multiplied by: the ratio of the meter's transformers, or 1.

    The states of a register are as the meter shows them, so its 倍率 applies unless `wanted` is False. Whether other
    values hold it already is for the user to say. A number in `wanted` is the 倍率 of a table that has none.

    Raises
    ------
    FileFormatError
        If a multiplier is not a positive number, is said twice, or nobody says whether it applies.
    """
    path, ones = sheet.path, np.ones(len(frame))
    field = f"{path.name}: multiplier"
    ratio = _ratios(frame, sheet)
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        if not 0 < wanted < np.inf or (ratio is not None and (ratio != wanted).any()):
            raise FileFormatError(
                "a multiplier is a positive number, the table's where it has one", field, wanted, "Give 倍率 once."
            )
        return wanted * ones
    if wanted not in (None, True, False) or (wanted and ratio is None):
        raise FileFormatError("nobody says the multiplier", field, wanted, "Say false, or a number, such as 200.")
    if ratio is None or wanted is False:
        return ones
    if wanted is None and not states and (ratio != 1).any():
        raise FileFormatError(
            "nobody says whether the values hold their multiplier (倍率) already",
            field,
            float(ratio[ratio != 1][0]),
            "Say multiplier: false where they do, multiplier: true where they are as the meter shows them.",
        )
    return ratio


def _ratios(frame: pd.DataFrame, sheet: Sheet) -> FloatArray | None:
    """Return the 倍率 a table gives, by row or above its header."""
    path = sheet.path
    if "multiplier" in frame:
        once = frame[~frame["row"].duplicated()]  # a cell of a wide row is one fault, not 96
        ratio = numbers(once, "multiplier", path, gaps=False)
        for at in np.flatnonzero(ratio <= 0):
            problem, row = "a multiplier is not positive", int(once.index[int(at)])
            raise FileFormatError(problem, f"{path.name}: multiplier", ratio[at], "Give 倍率.", row=row)
        return frame["row"].map(dict(zip(once["row"], ratio, strict=True))).to_numpy(dtype=np.float64)
    above = sheet.said(mapping.METERS, "multiplier")
    if not above:
        return None
    ratio = pd.to_numeric(pd.Series(above), errors="coerce").to_numpy(dtype=np.float64)
    if len(ratio) > 1 or not ratio[0] > 0:
        problem = "the multiplier above the header is not one positive number"
        raise FileFormatError(problem, f"{path.name}: multiplier", ", ".join(above), "Give one 倍率, such as 200.")
    return np.full(len(frame), ratio[0])


def of_power(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Turn mean power into the energy of its interval, 1 kW of a quarter-hour into 0.25 kWh.

    Raises
    ------
    FileFormatError
        If the powers of a point stand at uneven instants.
    """
    unit = _power(frame)
    power = unit.notna()
    if not power.any():
        return frame
    hours = pd.Series(1.0, frame.index)
    for point, stamps in frame["start"][power].groupby(frame["point"]):
        usual = step(stamps, path)
        at = np.sort(pd.DatetimeIndex(stamps).as_unit("ns").asi8)
        if (np.diff(at) % usual.value).any():
            raise FileFormatError(
                f"the powers of {point} stand at uneven instants",
                f"{path.name}: start",
                str(usual),
                "Give means over a regular interval, or energy.",
            )
        hours[stamps.index] = usual / _HOUR
    return frame.assign(value=frame["value"] * hours, unit=unit.fillna(frame["unit"]))


def _power(frame: pd.DataFrame) -> pd.Series[Any]:
    return frame["unit"].str.strip().str.casefold().map(POWER)


def of_states(frame: pd.DataFrame, multiplier: FloatArray, path: Path) -> pd.DataFrame:
    """Turn the states of registers into the amounts between them; an interval without both states is a gap.

    Raises
    ------
    FileFormatError
        If a register counts power, falls, or changes its multiplier.
    """
    power = _power(frame).notna()
    if power.any():
        raise FileFormatError(
            "a register does not count power", f"{path.name}: unit", frame["unit"][power].iloc[0], "Say kWh."
        )
    meter = ["point", "energy_type"]
    ordered = frame.assign(multiplier=multiplier).sort_values([*meter, "start", "value"], kind="stable")
    instant = ordered.duplicated([*meter, "start"])  # 24:00 is the next day's 0:00
    ordered = ordered[~(instant & (ordered["value"].isna() | ordered.duplicated([*meter, "start", "value"])))]
    meters = ordered.groupby(meter, sort=False)
    known = meters["value"].ffill()
    before = known.groupby([ordered[name] for name in meter], sort=False).shift()
    _refuse(ordered["value"] < before, ordered, before, path, "the register of {} falls")
    ratio = meters["multiplier"].shift()
    _refuse(ordered["multiplier"].ne(ratio) & ratio.notna(), ordered, ratio, path, "the multiplier of {} changes")
    until = meters["start"].shift(-1) - ordered["start"]
    value = (meters["value"].shift(-1) - ordered["value"]) * ordered["multiplier"]
    for _, at in meters["start"]:
        usual = step(at, path)
        if usual <= _HOUR:  # days and months are uneven by nature
            value[at.index] = value[at.index].where(until[at.index] <= usual)
    return ordered.assign(value=value).drop(columns="multiplier").drop(index=meters.tail(1).index)


def _refuse(wrong: pd.Series[bool], ordered: pd.DataFrame, before: pd.Series[float], path: Path, problem: str) -> None:
    if wrong.any():
        at = wrong.index[wrong.to_numpy()][0]
        raise FileFormatError(
            f"{problem.format(ordered['point'][at])}, from {before[at]:g}",
            f"{path.name}: value",
            float(ordered["value"][at]),
            "Give the time before a meter was replaced and the time after in tables of their own.",
            row=int(at),
        )


def refuse_rising(frame: pd.DataFrame, path: Path) -> None:
    """Refuse states of a register that nobody called so.

    Raises
    ------
    FileFormatError
        If the values of a point rise for long and never fall.
    """
    meters = frame.sort_values("start", kind="stable").groupby(["point", "energy_type"], sort=False)["value"]
    for (point, _), values in meters:
        rises = values.dropna().diff().iloc[1:]
        if len(rises) >= _TELLING and bool((rises >= 0).all()) and int((rises > 0).sum()) >= _TELLING:
            raise FileFormatError(
                f"the readings of {point} only ever rise, as the state of a register does",
                f"{path.name}: value",
                float(values.max()),
                "Write cumulative: true beside the file's name for states of a register (false for amounts).",
            )
