"""Rules that published figures must pass, in the tests for ours and on the way in for yours.

The guard is physics, not taste: carbon cannot outweigh its fuel, a grid does not emit 5 kg per kWh.
It catches the slips that were found in circulation: a factor ten or a thousand times too large, a
column headed 10^-2 that is 10^-3.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from carbonost import units
from carbonost.errors import ImplausibleFactorError, InputError, UnitError
from carbonost.factors.columns import FOREVER, date_of
from carbonost.factors.energy_types import category, shared_fuel
from carbonost.factors.tables import STATUSES, read, records

if TYPE_CHECKING:
    from carbonost.factors.library import FactorLibrary

CO2_PER_C: Final = 44 / 12
EXCERPT_LIMIT: Final = 200
"""Characters of a document that may be quoted."""
_MEASURED_IN: Final = {"electricity": "kWh", "heat": "GJ", "fuel": "GJ"}
_KEY: Final = ["energy_type", "variant", "region", "gas", "per", "use", "data_year", "published", "layer"]


def keyed(library: FactorLibrary) -> pd.DataFrame:
    """Return the key and the validity of every row, one line a factor."""
    c = library.columns
    return pd.DataFrame(
        {
            "energy_type": c.text["energy_type"], "variant": c.text["variant"], "region": c.text["region"],
            "gas": c.text["gas"], "per": c.per, "use": c.text["use"], "data_year": c.data_year,
            "published": c.published, "layer": library.layer, "valid_from": c.valid_from, "valid_to": c.valid_to,
            "id": c.text["id"],
        }
    )  # fmt: skip


def overlaps(library: FactorLibrary) -> list[InputError]:
    """Return a fault for every row whose validity overlaps that of another row with the same key.

    Rows of different data years may overlap, the vintage rule chooses between them; so may two
    publications of one figure, between which `as_of` chooses.
    """
    frame = keyed(library)
    frame["row"] = np.arange(len(frame))
    frame = frame[frame.duplicated(_KEY, keep=False)].sort_values([*_KEY, "valid_from", "row"])
    same = (frame[_KEY] == frame[_KEY].shift()).all(axis=1)
    clash = (same & (frame["valid_from"] <= frame["valid_to"].shift())).to_numpy()
    before, ids, rows = frame["id"].shift().tolist(), frame["id"].tolist(), frame["row"].tolist()
    remedy = "End the earlier row on the day before the later one starts, or give each its data_year."
    return [
        InputError(f"its validity overlaps that of {before[i]!r}", "valid_from", ids[i], remedy, int(rows[i]))
        for i in np.flatnonzero(clash)
    ]


def gaps(library: FactorLibrary) -> pd.DataFrame:
    """Return the days between two validities of one key that no row covers.

    Returns
    -------
    DataFrame
        ``energy_type, region, gas, after, before, first, last``: the ids on both sides, and the
        first and last day nothing covers.
    """
    key = ["energy_type", "variant", "region", "gas", "per", "use"]
    frame = keyed(library).sort_values([*key, "valid_from"])
    reach = frame.groupby(key, sort=False)["valid_to"].cummax()
    same = (frame[key] == frame[key].shift()).all(axis=1)
    hole = same & (frame["valid_from"] > reach.shift() + 1) & (reach.shift() < FOREVER)
    found = frame[["energy_type", "region", "gas"]].assign(
        after=frame["id"].shift(), before=frame["id"], first=reach.shift() + 1, last=frame["valid_from"] - 1
    )[hole]
    for name in ("first", "last"):
        found[name] = [date_of(int(day)) for day in found[name]]
    return found.reset_index(drop=True)


@lru_cache(maxsize=1)
def _bounds() -> dict[tuple[str, str], tuple[float, float]]:
    scale = {"kg/kWh": 1e-3, "t/GJ": 1.0, "1": 1.0}
    return {
        (r["category"], r["quantity"]): (float(r["low"]) * scale[r["unit"]], float(r["high"]) * scale[r["unit"]])
        for r in records("bounds")
    }


@lru_cache(maxsize=4096)
def _into(energy_type: str, to: str, per: str) -> float | None:
    """Return how many `per` are in one `to`, None where that needs a property nobody stated."""
    try:
        return units.ratio(energy_type, to, per, strict=False)
    except UnitError:
        return None


def implausible(energy_type: str, tonnes: float, per: str, gas: str = "CO2") -> str | None:
    """Return what is impossible about a factor, or None.

    Parameters
    ----------
    energy_type : str
        Carrier id; one outside the vocabulary is not judged.
    tonnes : float [t of gas per `per`]
        The factor.
    per : str
        Unit of activity.
    gas : str
        Only carbon dioxide and totals in CO2e are judged.

    Examples
    --------
    >>> implausible("electricity", 0.0005827, "kWh") is None
    True
    >>> implausible("electricity", 0.5827, "kWh")
    '582.7 kg per kWh lies outside 0 to 1.5 kg per kWh'
    """
    if gas not in {"CO2", "CO2e"}:
        return None
    kind = category(energy_type)
    unit = _MEASURED_IN.get(kind)
    bound = _bounds().get((kind, "co2_per_energy"))
    scale = _into(energy_type, unit, per) if unit else None
    if bound and scale is not None:
        low, high = bound if gas == "CO2" else (0.0, bound[1])
        if not low <= tonnes * scale <= high * (1 + 1e-12):
            span = f"{low * 1e3:.6g} to {high * 1e3:.6g}"
            return f"{tonnes * scale * 1e3:.6g} kg per {unit} lies outside {span} kg per {unit}"
    limit = _bounds().get((kind, "carbon_mass_fraction"))
    scale = _into(energy_type, "t", per) if limit else None
    if limit and scale is not None and gas == "CO2":
        return implausible_carbon(tonnes * scale / CO2_PER_C)
    return None


def implausible_carbon(mass_fraction: float) -> str | None:
    """Return what is impossible about a carbon mass fraction [t carbon per t fuel], or None.

    Examples
    --------
    >>> implausible_carbon(26.7 * 0.274)
    'it makes the fuel 732 % carbon'
    """
    low, high = _bounds()["fuel", "carbon_mass_fraction"]
    return None if low <= mass_fraction <= high + 1e-3 else f"it makes the fuel {mass_fraction * 100:.0f} % carbon"


def implausible_parameters(ncv_gj_per_t: float, carbon_t_per_gj: float, oxidation_factor: float = 1.0) -> str | None:
    """Return what is impossible about a solid or liquid fuel's parameters, or None.

    Parameters
    ----------
    ncv_gj_per_t : float [GJ/t]
    carbon_t_per_gj : float [tC/GJ]
    oxidation_factor : float [-]
    """
    if not 0 <= oxidation_factor <= 1:
        return f"an oxidation factor of {oxidation_factor:.6g} lies outside 0 to 1"
    low, high = _bounds()["fuel", "co2_per_energy"]
    if not low <= carbon_t_per_gj * CO2_PER_C <= high:
        shown = carbon_t_per_gj * CO2_PER_C * 1e3
        return f"{shown:.6g} kgCO2 per GJ lies outside {low * 1e3:.6g} to {high * 1e3:.6g}"
    return implausible_carbon(ncv_gj_per_t * carbon_t_per_gj)


def refuse_implausible(library: FactorLibrary) -> None:
    """Raise for the first factor physics does not allow.

    Raises
    ------
    ImplausibleFactorError
        It names the row, the value and the bound.
    """
    c = library.columns
    told = zip(c.text["energy_type"], c.tonnes.tolist(), c.per, c.text["gas"], strict=True)
    for row, (key, tonnes, per, gas) in enumerate(told):
        problem = implausible(shared_fuel(key), tonnes, per, gas)
        if problem:
            remedy = "Check the unit and the decimal point."
            raise ImplausibleFactorError(problem, "value", c.text["id"][row], remedy, row=row)


def regions_between_provinces(library: FactorLibrary) -> list[str]:
    """Return the grid-region factors of China that lie outside the range of their provinces."""
    grid = read("grid_regions")
    members = grid[grid["inherits"] == "grid_region"].groupby("grid_region")["iso_3166_2"].agg(set).to_dict()
    frame = keyed(library).assign(tonnes=library.tonnes)
    frame = frame[(frame["energy_type"] == "electricity") & frame["region"].str.startswith("CN-")]
    wrong = []
    for (region, year), part in frame[frame["region"].isin(members)].groupby(["region", "data_year"]):
        inside = frame[frame["region"].isin(members[region]) & (frame["data_year"] == year)]["tonnes"]
        if not inside.min() <= part["tonnes"].iloc[0] <= inside.max():
            wrong.append(str(part["id"].iloc[0]))
    return wrong


def undocumented(frame: pd.DataFrame) -> list[int]:
    """Return the rows without a document, a locator or a status this library knows."""
    bare = (frame["document"] == "") | (frame["locator"] == "") | ~frame["status"].isin(STATUSES)
    return [int(row) for row in np.flatnonzero(bare.to_numpy())]


def misquoted(clauses: pd.DataFrame) -> list[str]:
    """Return the clauses whose excerpt is too long or does not match its hash."""
    wrong = []
    for row in clauses.to_dict("records"):
        text, seal = row["excerpt"], row["excerpt_sha256"]
        if len(text) > EXCERPT_LIMIT or (text and hashlib.sha256(text.encode()).hexdigest() != seal):
            wrong.append(str(row["clause_id"]))
    return wrong
