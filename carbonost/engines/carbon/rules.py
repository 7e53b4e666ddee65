"""Calculation methods: what each standard counts and whose figures it takes.

A method is a rule, not a label: it decides the gases of combustion, the parameter set a fuel falls
back to, and whose factors come first. The name a row was calculated by stands in its result.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from carbonost.errors import InputError


@dataclass(frozen=True, slots=True)
class Method:
    """One calculation method.

    Attributes
    ----------
    name : str
        What the result quotes.
    standard : str
        The document behind it.
    combustion_gases : frozenset of str
        Gases of burned fuel that count.
    national_fuel_factors : bool
        Whether a nation's published fuel factors (DESNZ, EPA) come before parameter sets.
    parameter_set : dict of str to str
        Set a fuel falls back to, by nation; ``"*"`` for any other.
    """

    name: str
    standard: str
    combustion_gases: frozenset[str]
    national_fuel_factors: bool
    parameter_set: dict[str, str]


_ALL: Final = frozenset({"CO2", "CH4", "N2O"})
METHODS: Final = {
    method.name: method
    for method in (
        Method(
            "China_Standard",
            "GB/T 32150-2025 and the sector standards and guidelines: CO2 of combustion by heat and carbon content",
            frozenset({"CO2"}),
            national_fuel_factors=True,
            parameter_set={"*": "ndrc.other"},
        ),
        Method(
            "IPCC_2006",
            "2006 IPCC Guidelines, tier 1: default heating values and factors per TJ, three gases",
            _ALL,
            national_fuel_factors=False,
            parameter_set={"*": "ipcc2006"},
        ),
        Method(
            "GHGP",
            "GHG Protocol Corporate Standard and Scope 2 Guidance: national figures first, three gases of combustion",
            _ALL,
            national_fuel_factors=True,
            parameter_set={"CN": "ndrc.other", "*": "ipcc2006"},
        ),
        Method(
            "ISO14064",
            "ISO 14064-1:2018: as the GHG Protocol; biogenic CO2 reported apart",
            _ALL,
            national_fuel_factors=True,
            parameter_set={"CN": "ndrc.other", "*": "ipcc2006"},
        ),
    )
}
_BY_NATION: Final = {"CN": "China_Standard", "GLOBAL": "IPCC_2006"}


def method_for(name: str | None, nation: str) -> Method:
    """Return the method called `name`, or the one a nation's enterprises use: China's own, GHGP elsewhere.

    Raises
    ------
    InputError
        If no method has this name.
    """
    if name is None:
        return METHODS[_BY_NATION.get(nation, "GHGP")]
    try:
        return METHODS[name]
    except KeyError:
        near = get_close_matches(name, METHODS, n=1, cutoff=0.4)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Use one of {', '.join(METHODS)}."
        raise InputError("this calculation method is not known", "calculation_method", name, remedy) from None
