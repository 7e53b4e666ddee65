"""Global warming potentials over 100 years, by set and edition.

Gases are stored and weighed last, so that a result can say which set it used. Three editions differ
where readers expect one number: AR6 prints methane three ways (fossil 29.8, non-fossil 27.0,
undifferentiated 27.9), and SF6 is 25 200 in the table data of 2021 but 24 300 in what inventory
programmes quote. ``"AR6"`` is the edition ``AR6-GHGP-2024``; ``AR6-7SM7-2021`` is the other.
Blends are weighted from their composition, never taken as one printed number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from math import fsum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from carbonost.errors import InputError
from carbonost.factors.tables import read, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonost.domain.series import FloatArray

DEFAULT_EDITION: Final = {"AR6": "AR6-GHGP-2024"}
"""Edition a bare set name stands for, where the set has several."""
_SIMILAR: Final = {  # a gas a set does not print apart -> the one it prints
    "ch4fossil": ("ch4",),
    "ch4nonfossil": ("ch4",),
    "ch4biogenic": ("ch4nonfossil", "ch4"),
}
_REFRIGERANT: Final = re.compile(r"r(\d+[a-z]*)$")


def gas_key(gas: str) -> str:
    """Return the spelling gases are looked up by: ``"HFC-134a"`` -> ``"hfc134a"``."""
    return re.sub(r"[^a-z0-9]", "", gas.casefold())


@dataclass(frozen=True, slots=True)
class GwpSet:
    """One edition of one set.

    Attributes
    ----------
    name : str
        ``"AR4"``, ``"AR5"`` or ``"AR6"``.
    edition : str
        What a result quotes: ``"AR5"``, ``"AR6-GHGP-2024"``.
    """

    name: str
    edition: str
    _values: Mapping[str, float]
    _rows: Mapping[str, Mapping[str, Any]]

    def __call__(self, gas: str) -> float:
        """Return the potential of a gas, a blend or a refrigerant [kgCO2e per kg].

        Raises
        ------
        InputError
            If the set does not print it; the remedy names the nearest.

        Examples
        --------
        >>> gwp_set("AR5")("CH4"), gwp_set("AR5")("R-410A"), gwp_set("AR6")("R-22")
        (28.0, 1923.5, 1960.0)
        """
        key = self._key(gas)
        if key is not None:
            return self._values[key]
        parts = composition(gas)
        if parts:
            return fsum(share * self(component) for component, share in parts.items())
        pool = [*self._values, *(gas_key(name) for name in blends())]
        near = ", ".join(get_close_matches(gas_key(gas), pool, n=3)) or "CO2, CH4, N2O, SF6, HFC-134a, R-410A"
        raise InputError(f"{self.edition} prints no potential for this gas", "gas", gas, f"The nearest: {near}.")

    def _key(self, gas: str) -> str | None:
        word = gas_key(gas)
        options = [word, *_SIMILAR.get(word, ())]
        refrigerant = _REFRIGERANT.match(word)
        if refrigerant:
            options += [family + refrigerant[1] for family in ("hfc", "hcfc", "cfc", "halon")]
        return next((option for option in options if option in self._values), None)

    def row(self, gas: str) -> Mapping[str, Any]:
        """Return the packaged row behind a gas: ``id, value, document, locator, status``.

        Raises
        ------
        InputError
            If the gas is a blend, or the set does not print it.
        """
        key = self._key(gas)
        if key is None:
            raise InputError(f"{self.edition} has no single row for this gas", "gas", gas, "Ask for its components.")
        return self._rows[key]

    def array(self, gases: Iterable[str]) -> FloatArray:
        """Return the potentials of several gases; CO2e counts 1, biogenic CO2 counts 0."""
        fixed = {"CO2e": 1.0, "CO2_biogenic": 0.0}
        return np.array([fixed[gas] if gas in fixed else self(gas) for gas in gases], dtype=np.float64)


@lru_cache(maxsize=1)
def blends() -> Mapping[str, Mapping[str, float]]:
    """Return the packaged blends: name -> component -> mass fraction."""
    found: dict[str, dict[str, float]] = {}
    for row in records("gwp_blends"):
        found.setdefault(row["blend"], {})[row["component"]] = float(row["mass_fraction"])
    return found


def composition(gas: str) -> Mapping[str, float]:
    """Return the components of a blend and their mass fractions; empty for anything else."""
    return next((parts for name, parts in blends().items() if gas_key(name) == gas_key(gas)), {})


def editions() -> tuple[str, ...]:
    """Return the names `gwp_set` accepts."""
    frame = read("gwp")
    named = sorted({edition for edition in frame["edition"] if edition})
    return (*sorted(set(frame["gwp_set"])), *named)


@lru_cache(maxsize=16)
def gwp_set(name: str) -> GwpSet:
    """Return a set by name (``"AR5"``) or by edition (``"AR6-7SM7-2021"``).

    Raises
    ------
    InputError
        If there is no such set.
    """
    wanted = name.strip().upper().replace("_", "-")
    if wanted not in editions():
        remedy = f"Use one of {', '.join(editions())}."
        raise InputError("this set of global warming potentials is not known", "gwp", name, remedy)
    base = wanted.split("-")[0]
    edition = DEFAULT_EDITION.get(wanted, wanted)
    rows = [row for row in records("gwp") if row["gwp_set"] == base and row["edition"] in {"", edition}]
    by_key = {gas_key(row["gas"]): row for row in rows}
    return GwpSet(base, edition, {key: float(row["value"]) for key, row in by_key.items()}, by_key)
