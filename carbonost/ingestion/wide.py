"""One row a day, its columns named by the clock or by number, turned into one row an interval.

Where a column's interval lies follows from the whole row of headings: 00:00 … 23:45 name starts, 00:15 … 24:00 (or
a last 0:00) name ends, 00:00-00:15 names both, P1 … P96 count the intervals of the day.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from carbonost.errors import FileFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carbonost.ingestion.tabular import Sheet

_DAY: Final = 24 * 60
_FEWEST: Final = 12
"""So many columns named alike make a table wide."""
_STEPS: Final = (1, 5, 10, 15, 20, 30, 60)
"""Minutes a numbered column may stand for; 30 columns are the days of a month."""
_HOUR: Final = r"([01]?\d|2[0-4])"
_SPAN: Final = re.compile(rf"{_HOUR}:([0-5]\d)(?::00)?\s*[-~—–至到]\s*{_HOUR}:([0-5]\d)(?::00)?")
_CLOCK: Final = re.compile(
    rf"[A-Z]{{0,2}}_?{_HOUR}[:时点]([0-5]\d)分?(?::00)?|[A-Z]{{0,2}}_?([01]\d|2[0-4])([0-5]\d)|{_HOUR}[时点]整?"
)
_COUNT: Final = re.compile(r"(?:[A-Z]{1,2}_?|第)?(\d{1,3})(?:点|时段)?")


class _Columns(NamedTuple):
    """The interval columns of a sheet: their positions, and per column the minutes it names or its number."""

    kind: re.Pattern[str]
    at: list[int]
    named: list[tuple[int, ...]]


def intervals(headings: Sequence[str]) -> _Columns | None:
    """Return the columns that name the intervals of a day, or None where the table is no wide one."""
    bare = [heading.split("(", maxsplit=1)[0].strip().upper() for heading in headings]
    best: _Columns | None = None
    for kind in (_SPAN, _CLOCK, _COUNT):
        found = [(at, match) for at, text in enumerate(bare) if (match := kind.fullmatch(text))]
        if len(found) >= _FEWEST and (best is None or len(found) > len(best.at)):
            best = _Columns(kind, [at for at, _ in found], [_minutes(kind, match) for _, match in found])
    return best


def clock(text: str) -> int | None:
    """Return the minutes after midnight a cell names, 00:15 or 0时15分, or None."""
    match = _CLOCK.fullmatch(text.strip().upper())
    return _minutes(_CLOCK, match)[0] if match else None


def _minutes(kind: re.Pattern[str], match: re.Match[str]) -> tuple[int, ...]:
    figures = [int(group) for group in match.groups() if group is not None]
    if kind is _COUNT:
        return (figures[0],)
    figures += [0] * (len(figures) % 2)  # 8时 is 8:00
    return tuple(60 * hour + minute for hour, minute in zip(figures[::2], figures[1::2], strict=True))


def melted(
    sheet: Sheet, names: Mapping[str, int], columns: _Columns, *, label: str | None, states: bool
) -> tuple[pd.DataFrame, str]:
    """Return one row an interval, and a note of how the columns were understood.

    Parameters
    ----------
    sheet : Sheet
        One row a day.
    names : mapping
        Our name -> its column; repeated for each interval of the row.
    columns : _Columns
        As `intervals` found them.
    label : {"start", "end"} or None
        What the user says of the columns; needed only where they do not say it.
    states : bool
        Whether the cells are states of a register, which stand at an instant.

    Returns
    -------
    frame : DataFrame
        `value` and the columns of `names`, `minutes` after the day's midnight, `row` and `under` (the cell's place).
    note : str
        For the evidence.

    Raises
    ------
    FileFormatError
        If the columns are ambiguous, uneven, stand twice, or contradict `label`.
    """
    headings = [sheet.headings[at] for at in columns.at]
    minutes, told = _starts(sheet, columns, headings, label, states=states)
    days, width = len(sheet.cells), len(headings)
    frame = pd.DataFrame({"value": sheet.cells[columns.at].to_numpy(dtype=object).ravel()}, dtype=str)
    for name, at in names.items():
        frame[name] = sheet.cells[at].repeat(width).to_numpy()
    frame["minutes"] = np.tile(minutes, days)
    frame["row"] = np.repeat(sheet.cells.index.to_numpy(), width)
    frame["under"] = np.tile(np.array(headings, dtype=object), days)
    return frame, f"one row a day, columns {headings[0]} … {headings[-1]}: {told}"


def _starts(
    sheet: Sheet, columns: _Columns, headings: list[str], label: str | None, *, states: bool
) -> tuple[list[int], str]:
    """Return the minute each column's interval begins, or its state is taken, and how that is known."""
    minutes, step = _even(sheet, columns, headings)
    counted = columns.kind is not _CLOCK
    if states and not counted:
        return minutes, "hold states at their instants"
    own = "start" if counted else {(0, _DAY - step): "start", (step, _DAY): "end"}.get((minutes[0], minutes[-1]))
    asked = own is None or (counted and states)
    where = f"{sheet.path.name}: label", label or f"{headings[0]} … {headings[-1]}"
    if asked and label is None:
        raise FileFormatError(
            "the columns do not say which end of its interval a state stands at"
            if states
            else "the columns do not say whether they name starts or ends of intervals",
            *where,
            "Say label: start or label: end.",
        )
    if len(minutes) * step > _DAY:
        raise FileFormatError("the columns are more than a day", *where, "Leave out the first or the last.")
    if not counted and own and label and own != label:
        raise FileFormatError(f"the columns are labelled by their {own}", *where, "Leave the label out.")
    used = label if asked else own
    shift = step * ((used == "end") * (1 if states else -1))
    told = "the intervals of the day" if counted and not states else f"labelled by their {used}"
    return [minute + shift for minute in minutes], told


def _even(sheet: Sheet, columns: _Columns, headings: list[str]) -> tuple[list[int], int]:
    """Return the minutes the columns name and their step; refuse columns that do not follow each other at one step."""
    named = [first for first, *_ in columns.named]
    if columns.kind is _COUNT:
        step = next((step for step in _STEPS if step * len(named) == _DAY and named[0] in (0, 1)), 0)
        minutes = [step * (number - named[0]) for number in named]
    else:
        minutes = [*named[:-1], named[-1] or _DAY]  # 00:15 … 23:45, 0:00
        step = minutes[1] - minutes[0]
    even = [minutes[0] + step * at for at in range(len(minutes))]
    wrong = [at for at, (is_at, should) in enumerate(zip(minutes, even, strict=True)) if is_at != should]
    if columns.kind is _SPAN:
        wrong += [at for at, (start, end) in enumerate(columns.named) if (end or _DAY) - start != step]
    if wrong or step <= 0:
        heading = headings[min(wrong, default=-1)]
        raise FileFormatError(
            "the columns of a day do not follow each other evenly",
            f"{sheet.path.name}: {heading}",
            f"{headings[0]} … {headings[-1]}",
            "Give each interval of the day one column, in order.",
        )
    return minutes, step
