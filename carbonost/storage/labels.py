"""The columns of readings that hold texts: what is measured, where, in which unit, and how it went.

A gateway says the same of the same meters every minute, so a column of few texts is looked at once
and then known again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from unicodedata import category

import numpy as np
import pandas as pd

from carbonost.errors import InvalidDataError
from carbonost.storage.columns import SINGLE, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

TEXT_LENGTH_MAX: Final = 255
_FEW: Final = 4096
"""Up to so many texts a dict is quicker than a hash table of Arrow's."""


def texts(table: Table, name: str, *, empty: bool) -> tuple[Integers, Sequence[str]]:
    """Return a text column as codes into its sorted distinct texts; a faulty row is marked and gets code 0.

    The codes may be those of an earlier column that held the same: they cannot be written to.
    """
    held = _listed(table.held[name], table.rows)
    if held is not None and set(map(type, held)) == {str}:
        wrong, codes, ordered = _coded(tuple(held), empty=empty)
    else:
        wrong, codes, ordered = _ranked(*_distinct(table.held[name], table.rows), empty=empty)
    if wrong is not None:
        table.mark(wrong, name, "not a text of visible characters", f"At most {TEXT_LENGTH_MAX} of them.")
    return codes, ordered


@lru_cache(maxsize=16)
def _coded(held: tuple[str, ...], *, empty: bool) -> tuple[Mask | None, Integers, Sequence[str]]:
    """Return `_ranked` of a column of few texts: a gateway's points are the same every minute."""
    place: dict[str, int] = {}
    codes = np.array([place.setdefault(text, len(place)) for text in held], dtype=np.int64)
    return _ranked(codes, list(place), empty=empty)


def _ranked(codes: Integers, distinct: Sequence[object], *, empty: bool) -> tuple[Mask | None, Integers, Sequence[str]]:
    """Return where a column is faulty, None for nowhere, its codes into its texts in order, and those."""
    good = {str(text) for text in distinct if is_text(text, empty=empty)}
    missing = len(codes) > 0 and codes.min() < 0
    ordered = tuple(sorted(good | {""}) if empty or not good else sorted(good))
    if not missing and tuple(distinct) == ordered:  # they came in order
        return None, _frozen(codes), ordered
    wrong = np.array([not is_text(text, empty=empty) for text in distinct] + [not empty], dtype=bool)
    place = {text: i for i, text in enumerate(ordered)}
    shown = [0 if bad else place[str(text)] for text, bad in zip(distinct, wrong.tolist(), strict=False)]
    faulty = wrong[codes] if missing or wrong[:-1].any() else None
    return faulty, _frozen(np.array([*shown, 0], dtype=np.int64)[codes]), ordered  # the last is of a missing text


def _frozen(codes: Integers) -> Integers:
    codes.flags.writeable = False
    return codes


def _listed(column: Any, rows: int) -> list[Any] | None:
    """Return a column of few rows as a list; None where it is one value or too long."""
    if rows > _FEW or isinstance(column, SINGLE):
        return None
    if isinstance(column, pd.Series):
        column = np.asarray(column.array, dtype=object)  # half of what its own tolist takes
    return column if isinstance(column, list) else list(column.tolist())


def _distinct(column: Any, rows: int) -> tuple[Integers, list[Any]]:
    """Return a column as codes into its distinct values; a missing one has code -1."""
    if isinstance(column, SINGLE):
        return np.zeros(rows, dtype=np.int64), [column]
    try:
        return _factors(column if isinstance(column, pd.Series) else pd.Series(column, dtype=object))
    except TypeError:  # a list, a dict: no text, and not to be hashed
        return _factors(pd.Series([one if isinstance(one, str) or one is None else 0 for one in column], dtype=object))


def _factors(column: pd.Series[Any]) -> tuple[Integers, list[Any]]:
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    return codes.astype(np.int64), list(distinct)


def is_text(text: object, *, empty: bool) -> bool:
    """Whether this is a text of visible characters, and not too long."""
    return isinstance(text, str) and _is_visible(text, empty=empty)


@lru_cache(maxsize=16_384)
def _is_visible(text: str, *, empty: bool) -> bool:
    if len(text) > TEXT_LENGTH_MAX or not (text or empty):
        return False
    return not any(category(c) in ("Cc", "Cs") for c in text) and (empty or bool(text.strip()))


def statuses(table: Table) -> npt.NDArray[np.object_] | None:
    """Return the column ``status``, None where every one is empty."""
    if "status" not in table.held:
        return None
    codes, shown = texts(table, "status", empty=True)
    return np.array(shown, dtype=object)[codes] if codes.any() else None


def constants(table: Table, name: str, code: Integers, rows: Any, firsts: Integers) -> list[str]:
    """Return the one text a column holds for each point.

    Parameters
    ----------
    code : (n,) array of int
        The point of each good row.
    rows : (n,) array of int or slice
        Its place in the table.
    firsts : (p,) array of int
        The first row of each point.

    Raises
    ------
    InvalidDataError
        If one point has two.
    """
    text = _single(table.held[name])
    if text is not None:
        return [text] * len(firsts)
    column = table.held[name]
    if not isinstance(column, list):
        column = table.series(name)
        if not (column.dtype == object or isinstance(column.dtype, pd.StringDtype | pd.CategoricalDtype)):
            column = column.map(lambda value: str(value) if not pd.isna(value) else None)
    codes, shown = texts(Table({name: column}, table.rows, skip=False), name, empty=True)
    wrong = codes[rows] != codes[firsts[code]]
    if wrong.any():
        row = int(np.arange(table.rows)[rows][wrong][0])
        raise InvalidDataError("one point has two values of this in the frame", name, table.at(name, row), row=row)
    return [shown[codes[first]] for first in firsts]


def _single(column: Any) -> str | None:
    """Return the one text that a whole column holds, as most do; None if there is not one."""
    if isinstance(column, str):
        return column if is_text(column, empty=True) else None
    if not (isinstance(column, pd.Series) and isinstance(column.dtype, pd.StringDtype) and len(column)):
        return None
    listed = _listed(column, len(column))
    text = listed[0] if listed else column.iloc[0]
    same = listed.count(text) == len(listed) if listed else bool((column == text).all())
    return text if same and is_text(text, empty=True) else None
