"""Rows of a declared table to their nouns; every fault names its file and its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from carbonost.domain.activity import ActivityData
from carbonost.errors import InputError, UnknownEnergyTypeError, raise_faults
from carbonost.factors.energy_types import energy_type
from carbonost.units import compile as compile_unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_Noun = TypeVar("_Noun")


def nouns(noun: type[_Noun], rows: Iterable[tuple[str, int | None, Mapping[str, Any]]], told: str) -> list[_Noun]:
    """Make a noun of every row, given as (place, spreadsheet row, fields).

    Raises
    ------
    InputError
        If a row is refused; the faults of all rows come together, each with its place.
    """
    made: list[_Noun] = []
    faults: list[InputError] = []
    for place, row, fields in rows:
        try:
            one = noun(**fields)
            if isinstance(one, ActivityData):
                _measurable(one)
            made.append(one)
        except InputError as exc:
            for fault in getattr(exc, "exceptions", (exc,)):
                fault.field, fault.row = f"{place}{fault.field}", row
                faults.append(fault)
    raise_faults(f"{told} cannot be read", faults)
    return made


def _measurable(item: ActivityData) -> None:
    """Refuse a unit that does not fit a known carrier; a carrier of somebody's own is the factor library's business."""
    if item.factor is not None:
        return
    try:
        carrier = energy_type(item.energy_type)
    except UnknownEnergyTypeError:
        return
    compile_unit(carrier, item.unit)
