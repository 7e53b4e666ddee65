"""When a tenant's own factors hold: the one for a day, days with two, and days with none.

Both days of a validity are inclusive, as published factors state them; an open end is for ever.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from carbonost.errors import FactorNotFoundError, InvalidDataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonost.storage.models import Record

_DAY: Final = timedelta(days=1)
Key = tuple[str, str, str]


def factor_on(factors: Iterable[Record], energy_type: str, region: str, on: date, gas: str = "CO2e") -> Record:
    """Return the factor that holds on a day.

    Raises
    ------
    FactorNotFoundError
        If none does.
    InvalidDataError
        If two do.
    """
    held = [f for f in factors if _key(f) == (energy_type, region, gas) and _from(f) <= on <= _to(f)]
    if not held:
        raise FactorNotFoundError(energy_type, region, on)
    if len(held) > 1:
        raise InvalidDataError("two factors hold on one day", "valid_from", [f.id for f in held], "Close one of them.")
    return held[0]


def overlaps(factors: Iterable[Record]) -> list[tuple[str, str, date, date]]:
    """Return pairs of factors of one carrier, region and gas that hold at once: ids, first and last day."""
    found = []
    for _, group in _groups(factors):
        for place, one in enumerate(group):
            for other in group[place + 1 :]:
                first, last = max(_from(one), _from(other)), min(_to(one), _to(other))
                if first <= last:
                    found.append((one.id, other.id, first, last))
    return found


def gaps(factors: Iterable[Record]) -> list[tuple[Key, date, date]]:
    """Return days between two factors of one carrier, region and gas that none covers: first and last."""
    found = []
    for key, group in _groups(factors):
        reached = [_to(group[0])]
        for one in group[1:]:
            reached.append(max(reached[-1], _to(one)))
        for (end, _), (_, one) in pairwise(zip(reached, group, strict=True)):
            if end < date.max and _from(one) > end + _DAY:
                found.append((key, end + _DAY, _from(one) - _DAY))
    return found


def _groups(factors: Iterable[Record]) -> list[tuple[Key, list[Record]]]:
    ordered = sorted(factors, key=lambda f: (_key(f), _from(f), f.id))
    return [(key, list(group)) for key, group in groupby(ordered, key=_key)]


def _key(factor: Record) -> Key:
    return factor["energy_type"], factor["region"] or "", factor["gas"]


def _from(factor: Record) -> date:
    return factor["valid_from"] or date.min


def _to(factor: Record) -> date:
    return factor["valid_to"] or date.max
