"""Which factor versions a scenario asks for, and what of them the library holds.

``CN-grid-2023`` (or ``CN-grid-2023-v1``) names the grid factors of a data year; any factor id names
itself. A version left at its default asks for nothing: the accounting year and the vintage rule choose.
A version the library does not hold is never replaced by another: the figure stays unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from carbonost.errors import CarbonostError
from carbonost.factors import parameter_set, resolve

if TYPE_CHECKING:
    from carbonost.agents.stages.base import Notes, StageContext

_GRID: Final = re.compile(r"^CN-grid-(\d{4})(?:-v\d+)?$", re.IGNORECASE)
_IPCC: Final = re.compile(r"^IPCC-?2006", re.IGNORECASE)


@dataclass(frozen=True)
class Version:
    """A factor version as asked for: `asked` is None where the choice is left to the rules.

    `factor` is the id every row must use; `held` is False where the library does not have it.
    """

    asked: str | None
    factor: str | None = None
    held: bool = True


def grid_version(context: StageContext, notes: Notes) -> Version:
    """Return the grid factor version asked for."""
    asked = notes.override("metrics.grid_ef_version")
    if asked is None and "grid_ef_version" in context.scenario.model_fields_set:
        asked = context.scenario.grid_ef_version
    if asked is None:
        return Version(None)
    name = str(asked)
    if _known_id(context.factors, name):
        return Version(name, name)
    match = _GRID.match(name)
    if match is None:
        return Version(name, held=False)
    year = int(match[1])
    try:
        found = resolve(context.factors, "electricity", context.scenario.region, date(year, 7, 1))
    except CarbonostError:
        return Version(name, held=False)
    held = _year_of(context.factors, found.factor_id) == year
    return Version(name, found.factor_id if held else None, held=held)


def fuel_version(context: StageContext, notes: Notes) -> tuple[Version, str | None]:
    """Return the fuel version asked for, and the parameter set the calculator takes."""
    scenario = context.scenario
    asked = notes.override("metrics.fuel_ef_version")
    if asked is None and "fuel_ef_version" in scenario.model_fields_set:
        asked = scenario.fuel_ef_version
    if asked is None:
        return Version(None), scenario.parameter_set
    name = str(asked)
    found = set_of(name)
    return Version(name, held=found is not None), found


def set_of(name: str) -> str | None:
    """Return the parameter set a version's name means, or None."""
    if _IPCC.match(name):
        return "ipcc2006"
    try:
        return parameter_set(name).name
    except CarbonostError:
        return None


def _known_id(factors: Any, name: str) -> bool:
    try:
        factors.get(name)
    except CarbonostError:
        return False
    return True


def _year_of(factors: Any, name: str) -> int | None:
    year = factors.get(name).data_year
    return None if year is None else int(year)
