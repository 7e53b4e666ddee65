"""The packaged tables, read once and handed out as copies.

Every table but the vocabulary has ``document, locator, status``: where the figure stands and how it
was read. ``value`` of the measure and finance tables is text, because some rows hold an expression.

========================  =====================================================================
``measure_parameters``    capital cost, efficiency, life … of abatement measures
``finance_parameters``    tax, depreciation, interest and market prices
``motor_efficiency``      full-load efficiency by power, poles and grade (GB 18613-2020)
``energy_intensity``      energy per employee, shipment and floor area: a last resort
``benchmarks``            quota levels of GB standards, equipment grades, building percentiles
``method_parameters``     figures a method pins for itself, by method id
``fuel_parameters``       heating value, carbon content, oxidation by parameter set
``parameter_sets``        the sets' standards and editions
``tce_coefficients``      standard coal equivalents
``gwp``, ``gwp_blends``   global warming potentials, and what blends are made of
``heating_value``         net over gross calorific value; ``bounds``: what physics allows
``energy_types``          carriers with their Chinese and English names
``admin_codes``           administrative divisions, with the years they exist and their successor
``grid_regions``          provinces, ISO codes and grid regions
``gbt4754``               industries; ``sector_map``: sectors named in rules
``tou_periods``           time-of-use hours; ``tou_floating``: how far the bands float;
                          ``tou_decrees``: from when to when a region's rule is in force;
                          ``tou_special_days``: hours of holidays and of hot days
``tariff_rules``          national rules of the two-part charge
``prices_and_costs``      spot values of prices and costs
``policy_documents``      documents, ``policy_clauses``, ``policy_analysis_points``,
                          ``policy_applicability``
========================  =====================================================================
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_STATUSES: Final = frozenset({"verified", "read", "own"})
"""Statuses whose rows may serve without being asked for by name."""

STATUSES: Final = {
    "verified": "read in two independent places, or read once and derived again",
    "read": "read once, in the document or a transcription of it",
    "derived": "arithmetic on figures that were read",
    "secondary": "read in somebody's citation or reprint",
    "inferred": "our reading of a title",
    "design": "a rule or classification of this library, no published figure",
    "superseded": "replaced by a later document",
    "title_only": "the document's text was not read",
    "recalled": "from memory, no document at hand",
    "illustrative": "an example, never a published figure",
    "own": "given by the user",
}
"""Every status a row may carry, and what it means."""

NUMBERS: Final[dict[str, tuple[str, ...]]] = {
    "measure_parameters": ("low", "high"),
    "finance_parameters": ("low", "high"),
    "motor_efficiency": ("rated_kw", "poles", "grade", "efficiency_pct"),
    "energy_intensity": (
        "value", "low", "high", "data_year",
        "share_electricity", "share_natural_gas", "share_coal", "share_oil", "share_other",
    ),
    "benchmarks": ("level_1", "level_2", "level_3", "p25", "p50", "p75"),
    "method_parameters": ("value", "from_tce", "to_tce"),
    "fuel_parameters": ("value", "low", "high"),
    "tce_coefficients": ("value",),
    "gwp": ("value",),
    "gwp_blends": ("mass_fraction",),
    "tou_floating": ("peak_up", "valley_down"),
    "tariff_rules": ("value",),
    "prices_and_costs": ("value",),
    "policy_clauses": ("citation_no",),
}  # fmt: skip
"""Columns read as numbers, by table; every other column is text, an empty cell an empty text."""


def names() -> tuple[str, ...]:
    """Return the names of the packaged tables, factor files left out."""
    folder = files("carbonost.factors") / "data"
    stems = (entry.name.removesuffix(".csv") for entry in folder.iterdir() if entry.name.endswith(".csv"))
    return tuple(sorted(stem for stem in stems if not stem.startswith("factors_")))


@lru_cache(maxsize=64)
def read(name: str) -> pd.DataFrame:
    """Return the one cached frame of a packaged file; read it, do not write to it."""
    path = files("carbonost.factors") / "data" / f"{name}.csv"
    if not path.is_file():
        near = ", ".join(get_close_matches(name, names(), n=3)) or ", ".join(names())
        raise InputError("no packaged table has this name", "name", name, f"The nearest: {near}.")
    with path.open(encoding="utf-8") as file:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    for column in NUMBERS.get(name, ()):
        frame[column] = pd.to_numeric(frame[column].replace("", None))
    return frame


@lru_cache(maxsize=64)
def records(name: str) -> tuple[Mapping[str, Any], ...]:
    """Return the rows of a packaged table as mappings; read them, do not write to them."""
    return tuple({str(key): value for key, value in row.items()} for row in read(name).to_dict("records"))


def table(name: str) -> pd.DataFrame:
    """Return a copy of the packaged table `name`, with ``document``, ``locator`` and ``status`` per row.

    Raises
    ------
    InputError
        If no table has this name; the remedy names the nearest.

    Examples
    --------
    >>> table("method_parameters").query("parameter == 'power_fossil_kgco2_per_kwh'").value.item()
    0.8325
    """
    return read(name).copy()


def usable_default(row: Mapping[str, Any] | pd.Series) -> bool:
    """Whether `row` may serve as a default nobody asked for.

    Only figures that were read qualify: not ``secondary``, ``derived``, ``recalled`` or
    ``illustrative`` ones, which a user may still choose, and which then show their status.

    Examples
    --------
    >>> usable_default({"status": "read"}), usable_default({"status": "recalled"})
    (True, False)
    """
    return str(row["status"]) in DEFAULT_STATUSES


def defaults(name: str) -> pd.DataFrame:
    """Return the rows of table `name` that may serve as defaults."""
    frame = read(name)
    return frame[frame["status"].isin(DEFAULT_STATUSES)].copy()
