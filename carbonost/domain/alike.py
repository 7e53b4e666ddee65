"""Results that are equal where their figures are, arrays and tables among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

import numpy as np
import pandas as pd


class Alike:
    """A dataclass (``eq=False``) equal to another of its class where all compared fields are; NaN equals NaN."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Whether every field is the same, but those declared ``compare=False``."""
        if type(other) is not type(self):
            return NotImplemented
        compared = [each.name for each in fields(cast("Any", self)) if each.compare]
        return self is other or all(_same(getattr(self, name), getattr(other, name)) for name in compared)

    def __hash__(self) -> int:
        """One for all of a class: equal results have equal hashes, and few stand in one set."""
        return hash(type(self))


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, (pd.DataFrame, pd.Series, pd.Index)):
        return bool(one.equals(other))
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f" and other.dtype.kind == "f"))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) or (isinstance(one, float) and one != one and other != other)  # noqa: PLR0124 -- NaN
