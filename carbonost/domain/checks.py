"""What the fields of a noun may hold; each check names the field, its value and what to write."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_number(value: Any) -> bool:
    """Whether a value is one finite number a double can hold; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    try:
        return isfinite(value)
    except OverflowError:  # a whole number beyond every double
        return False


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


def day(value: Any, field: str, error: type[InputError] = InputError) -> date:
    """Read a calendar date."""
    if isinstance(value, date) and value is not pd.NaT:
        return value.date() if isinstance(value, datetime) else value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as exc:
        raise error("is not a date", field=field, value=value, remedy="Write 2026-10-15.") from exc


def options(noun: type[Any], given: Mapping[str, Any], error: type[InputError] = InputError) -> None:
    """Refuse an option that is no field of a noun, and name the nearest."""
    known = [field.name for field in fields(noun)]
    for name, value in given.items():
        if name not in known:
            near = get_close_matches(name, known, n=1) or known
            raise error(
                f"is no field of {noun.__name__}", field=name, value=value, remedy=f"The nearest: {', '.join(near)}."
            )
