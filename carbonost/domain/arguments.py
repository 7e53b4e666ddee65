"""What a function may be given: columns, numbers, choices; each reader names the argument, its value and the remedy.

A truth value, a text or a hole is no number, and what no double can hold is refused before it is reckoned with.
"""

from __future__ import annotations

from dataclasses import fields
from difflib import get_close_matches
from math import inf
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.domain.checks import is_number, is_numeric
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from carbonost.domain.series import FloatArray

MOST: Final = 1e100
"""No money, energy or rate is larger; three such may still be multiplied in a double."""
_NUMERIC: Final = "iuf"  # kinds of a numpy array that are numbers
_ALIKE: Final = 0.5
_FEW: Final = 12


def finite(value: Any, field: str) -> FloatArray:
    """Return `value` as float64.

    Raises
    ------
    InputError
        If it is empty, or something in it is no finite number; `row` is its place on the last axis.
    """
    if isinstance(value, float) and abs(value) <= MOST:  # the usual case, read at once
        return np.asarray(value)
    try:
        given = np.asarray(value)
    except ValueError as exc:
        raise InputError("has rows of different lengths", field, value, "Give rows of one length.") from exc
    if given.shape[-1:] == (0,):
        raise InputError("is empty", field, value, "Give a number, or one per period.")
    if isinstance(value, (list, tuple)) and any(isinstance(one, bool) for one in value):
        given = np.asarray(value, dtype=object)  # numpy takes a truth value among numbers for one
    if given.dtype.kind not in _NUMERIC:
        _refuse_first(given, field, lambda one: not is_numeric(one))
    array = given.astype(np.float64, copy=False)
    bad = ~(np.abs(array) <= MOST)
    if bad.any():
        _refuse_first(array, field, lambda one: not abs(one) <= MOST)
    return array


def scalar(
    value: Any,
    field: str,
    *,
    least: float = -inf,
    most: float = inf,
    remedy: str | None = None,
    error: type[InputError] = InputError,
) -> float:
    """Return one number between two bounds, both allowed."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not is_numeric(value):
        raise error("must be one number", field, value, remedy or "Write plain digits, without quotes or unit.")
    told = float(value)  # before it is compared: a single-precision number meets no bound beyond its own
    if not least <= told <= most or abs(told) > MOST:
        raise error(f"must be {_span(least, most)}", field, value, remedy)
    return told


def whole(value: Any, field: str, *, least: int = 0, most: int = 1000) -> int:
    """Return one whole number between two bounds, both allowed."""
    told = scalar(value, field, least=least, most=most, remedy="Write 3 for three.")
    if told != int(told):
        raise InputError("must be a whole number", field, value, "Round it.")
    return int(told)


def one_of(value: Any, names: Collection[str], field: str, error: type[InputError] = InputError) -> str:
    """Return one of the names allowed; another is refused with the nearest."""
    if not isinstance(value, str) or value not in names:
        raise error("is not among the choices", field, value, nearest(value, names))
    return value


def options(noun: type[Any], given: Iterable[str], error: type[InputError] = InputError) -> None:
    """Refuse an option that is no field of a dataclass."""
    known = [field.name for field in fields(noun)]
    for name in given:
        if name not in known:
            raise error(f"is no field of {noun.__name__}", name, None, nearest(name, known))


def of_kind(value: Any, kind: type | tuple[type, ...], field: str, remedy: str) -> None:
    """Refuse a value of another class."""
    if not isinstance(value, kind):
        raise InputError("is of another kind", field, type(value).__name__, remedy)


def yes_or_no(value: Any, field: str) -> bool:
    """Return True or False; nothing else counts as one of them."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError("is True or False", field, value, "Write True or False.")
    return bool(value)


def fit(**columns: FloatArray) -> None:
    """Refuse columns of lengths that do not go together."""
    if not any(column.ndim for column in columns.values()):
        return
    try:
        np.broadcast_shapes(*(column.shape for column in columns.values()))
    except ValueError:
        shapes = {name: column.shape for name, column in columns.items() if column.ndim}
        raise InputError("are of different lengths", ", ".join(shapes), list(shapes.values()), "Align them.") from None


def nearest(name: Any, known: Iterable[str], *, alike: float = _ALIKE) -> str:
    """Ask whether a name that is not known was meant for one that is, and list those where they are few."""
    names = sorted(known)
    near = get_close_matches(str(name), names, n=1, cutoff=alike)
    asked = f"Did you mean {near[0]!r}? " if near else ""
    if near and len(names) > _FEW:
        return asked.strip()
    return f"{asked}Known: {', '.join(names) or 'none'}."


def _refuse_first(given: np.ndarray[Any, Any], field: str, wrong: Any) -> None:
    for where in np.ndindex(given.shape):
        one = given[where]
        if wrong(one):
            shown = one.item() if hasattr(one, "item") else one
            problem = "is too large" if is_number(shown) else "must be finite numbers"
            remedy = "Give numbers; leave a period out, or give 0 where nothing flows."
            raise InputError(problem, field, shown, remedy, int(where[-1]) if where else None)


def _span(least: float, most: float) -> str:
    if most == inf:
        return f"a number of at least {least:g}"
    return f"a number of at most {most:g}" if least == -inf else f"a number from {least:g} to {most:g}"
