"""An emission factor, and the answer to the question which one applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

Use = Literal["inventory", "reduction_project"]
Vintage = Literal["data_year", "latest_published"]
Level = Literal["city", "province", "grid_region", "nation", "global", "own"]


@dataclass(frozen=True, slots=True)
class EmissionFactor:
    """One published figure.

    Attributes
    ----------
    id : str
        Stable name of the row.
    energy_type, variant, region : str
        What it answers; `variant` is empty for the row used when nothing more is said.
    value : float
        As printed, in `unit`.
    unit : str
        Such as ``"kgCO2/kWh"``; a numerator in CO2e means the gas was weighted by the publisher.
    gas : str
        ``CO2``, ``CH4``, ``N2O``, ``CO2e``, ``CO2_biogenic`` or a species.
    heating_value : str
        ``"net"``, ``"gross"``, or empty where the unit says it or it does not matter.
    valid_from, valid_to : date or None
        First and last day it may be applied to; None leaves that side open.
    data_year : int or None
        Year the figure describes.
    published_on : date or None
        Day it was published; a printed month or year counts as its last day.
    standard, document, locator, status : str
        Where it stands, and how it was read.
    use : str
        ``"inventory"`` or ``"reduction_project"``; the latter never enters an inventory.
    uncertainty_pct : float or None
        Half-width of the 95 % interval.
    scope : int or None
        Scope of the reporting company the publisher files it under.
    """

    id: str
    energy_type: str
    region: str
    value: float
    unit: str
    gas: str
    variant: str = ""
    heating_value: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    data_year: int | None = None
    published_on: date | None = None
    standard: str = ""
    document: str = ""
    locator: str = ""
    status: str = "own"
    use: str = "inventory"
    uncertainty_pct: float | None = None
    scope: int | None = None
    name_zh: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What answers one carrier in one region on one day, and how it was found.

    Attributes
    ----------
    energy_type, region : str
        Canonical ids of what was asked.
    rows : tuple of (str, int)
        Gas and row of the factor library, one pair per gas.
    factor_ids : tuple of str
        Ids of those rows, in the same order.
    per : str
        Unit of activity the rows are published in.
    scale : float
        How many `per` are in one unit of the activity asked for.
    answered_by, level : str
        Region that answered, and its level.
    path : tuple of str
        Regions asked, from the finest, ending with the one that answered.
    fallback : bool
        True when a finer region in which this carrier is published did not answer.
    data_year : int or None
        Data year of the rows.
    stale : bool
        True when the data year is not the accounting year.
    vintage : str
        The rule and what it chose, in words.
    """

    energy_type: str
    region: str
    rows: tuple[tuple[str, int], ...]
    factor_ids: tuple[str, ...]
    per: str
    scale: float
    answered_by: str
    level: Level
    path: tuple[str, ...]
    fallback: bool
    data_year: int | None
    stale: bool
    vintage: str

    @property
    def factor_id(self) -> str:
        """Id of the leading row: the total where the publisher gives one, else CO2, else the first."""
        by_gas = dict(zip((gas for gas, _ in self.rows), self.factor_ids, strict=True))
        return by_gas.get("CO2e") or by_gas.get("CO2") or self.factor_ids[0]
