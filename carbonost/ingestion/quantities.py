"""What a table says of its values beside the rows: their unit, and whether they are states of a register."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carbonost.errors import FileFormatError, UnitError
from carbonost.ingestion import mapping
from carbonost.units import compile as compile_unit
from carbonost.units import dimension

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from carbonost.ingestion.tabular import Sheet

POWER: Final = {"w": "Wh", "kw": "kWh", "mw": "MWh", "瓦": "Wh", "千瓦": "kWh", "兆瓦": "MWh"}
"""Units of mean power -> the energy they come to in an hour."""
_BRACKETS: Final = re.compile(r"\(([^()]+)\)")
_STATE: Final = re.compile("示值|示数|表底|底数|止码|表码|行度")
_AMOUNT: Final = re.compile("电量|用量|功率|负荷")


@dataclass(frozen=True)
class Told:
    """What headings and title rows say.

    Attributes
    ----------
    path : Path
        The file.
    units : tuple of (str, str)
        Each unit named, with the words that name it.
    register : str or None
        The words that call the values states of a register.
    """

    path: Path
    units: tuple[tuple[str, str], ...]
    register: str | None

    @property
    def unit(self) -> str | None:
        """The unit the table names, if any."""
        return self.units[0][0] if self.units else None

    def refuse_other(self, unit: str) -> None:
        """Refuse a unit that is not the table's: kW read as kWh of quarter-hours are four times too much.

        Raises
        ------
        FileFormatError
            With the words that say otherwise.
        """
        for named, words in self.units:
            if _measure(named) != _measure(unit):
                raise FileFormatError(
                    f"the heading {words!r} names another unit",
                    f"{self.path.name}: unit",
                    unit,
                    f"Say {named}, or mend the heading.",
                )

    def states(self, cumulative: bool | None) -> bool | None:
        """Return whether the values are states of a register; None where nobody says.

        Raises
        ------
        FileFormatError
            If the user calls states amounts.
        """
        if cumulative is False and self.register is not None:
            raise FileFormatError(
                f"the heading {self.register!r} names states of a register",
                f"{self.path.name}: cumulative",
                False,  # noqa: FBT003
                "Say cumulative: true, or mend the heading.",
            )
        return True if self.register is not None else cumulative


def told(sheet: Sheet, names: Mapping[str, int], intervals: Sequence[int] | None) -> Told:
    """Read headings and title rows; the nearest words count for what the values are.

    Raises
    ------
    FileFormatError
        If the rows are of several quantities.
    """
    near = [sheet.headings[at] for at in intervals] if intervals is not None else [sheet.headings[names["value"]]]
    kinds = [kind for kind in sheet.cells[names["quantity"]].unique() if kind] if "quantity" in names else []
    if len(kinds) > 1:
        raise FileFormatError(
            f"the rows are of several quantities: {', '.join(kinds)}",
            f"{sheet.path.name}: {sheet.headings[names['quantity']]}",
            kinds[1],
            "Keep the rows of one.",
        )
    above = [cell for row in sheet.above for cell in row if cell]
    words = [*kinds, *near, *above]
    units = {unit: text for text in words for unit in _in_brackets(text)}
    units |= {unit: f"单位:{unit}" for unit in sheet.said(mapping.METERS, "unit") if _known(unit)}
    says = next((text for text in words if _STATE.search(text) or _AMOUNT.search(text)), "")
    return Told(sheet.path, tuple(units.items()), says if _STATE.search(says) else None)


def _in_brackets(words: str) -> list[str]:
    """The units of electricity that stand in brackets, 有功功率(kW)."""
    found = _BRACKETS.findall(unicodedata.normalize("NFKC", words))
    return [unit.strip() for unit in found if isinstance(_measure(unit), tuple)]


def _known(unit: str) -> bool:
    """Whether a word is a unit; 单位 is also the word for a company."""
    try:
        return unit.casefold() in POWER or bool(dimension(unit))
    except UnitError:
        return False


def _measure(unit: str) -> tuple[str, float] | str:
    """Whether a unit of electricity is power or energy, and how large it is; another unit as it is written."""
    unit = unit.strip()
    energy = POWER.get(unit.casefold())
    try:
        return ("power" if energy else "energy"), compile_unit("electricity", energy or unit)
    except UnitError:
        return unit
