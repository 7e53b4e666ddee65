"""What the fields of a noun may hold; each check names the field, its value and what to write."""

from __future__ import annotations

from datetime import date, datetime
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from carbonost.errors import InputError


def is_number(value: Any) -> bool:
    """Whether a value is one finite number a double can hold; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # a whole number beyond every double
        return False


def is_numeric(value: Any) -> bool:
    """Whether a value can be read as one finite number: a Decimal and a Fraction can, True and a text cannot."""
    if is_number(value):
        return True
    if isinstance(value, bool) or not hasattr(value, "as_integer_ratio"):
        return False
    try:
        return isfinite(value)
    except (OverflowError, ValueError):  # beyond every double, or a mark of no number
        return False


def is_hole(value: Any) -> bool:
    """Whether a cell of a table holds nothing: None, NaN or NA."""
    return value is None or value is pd.NA or (isinstance(value, (float, np.floating)) and bool(np.isnan(value)))


def positive(noun: Any, *names: str, optional: bool = False) -> None:
    """Refuse what is no number, or negative; None stands where `optional`."""
    for name in names:
        value = getattr(noun, name)
        if value is None and optional:
            continue
        if not is_number(value) or value < 0:
            raise InputError(
                "must be a number that is not negative",
                field=f"{type(noun).__name__}.{name}",
                value="None" if value is None else value,
                remedy=f"Give {name}=100.0, for instance.",
            )


def share(noun: Any, *names: str, least: float | None = None) -> None:
    """Refuse what is no share above 0, or from `least` on, up to 1."""
    for name in names:
        value = getattr(noun, name)
        if not is_number(value) or value > 1 or (value <= 0 if least is None else value < least):
            span = "(0, 1]" if least is None else f"[{least:g}, 1]"
            raise InputError(
                f"must lie in {span}", field=f"{type(noun).__name__}.{name}", value=value, remedy="95 % is 0.95."
            )


def flag(noun: Any, *names: str) -> None:
    """Refuse what is neither True nor False."""
    for name in names:
        value = getattr(noun, name)
        if not isinstance(value, (bool, np.bool_)):
            raise InputError("is True or False", field=f"{type(noun).__name__}.{name}", value=value)


def instant(value: Any, field: str, row: int | None = None) -> pd.Timestamp:
    """Read an instant."""
    try:
        stamp = pd.Timestamp(value)
    except (TypeError, ValueError) as exc:
        raise InputError("is not an instant", field=field, value=value, row=row) from exc
    if pd.isna(stamp):
        raise InputError("is not an instant", field=field, value=value, row=row)
    return stamp


def day(value: Any, field: str, error: type[InputError] = InputError, row: int | None = None) -> date:
    """Read a calendar date: a date, an instant's own day, or one of the two as ISO text."""
    told: Any = value.astype("datetime64[D]").item() if isinstance(value, np.datetime64) else value
    try:
        told = datetime.fromisoformat(told) if isinstance(told, str) else told
        told = told.date() if isinstance(told, datetime) else told
    except ValueError:  # no such day
        told = None
    if told is pd.NaT or not isinstance(told, date):
        raise error("is not a date", field=field, value=value, remedy="Write 2026-10-15.", row=row)
    return told
