"""Units of activity data: one closed vocabulary, and the scale to each carrier's canonical unit.

The only module that imports pint. The registry holds what ``units.txt`` defines and
nothing else, so pint's own readings (``kt`` as knots, ``ton`` as 907 kg, a year of 8766 h) cannot
slip in. `compile` is meant to be called once per (carrier, unit) group; it is cached.

Canonical units: kWh for electricity, GJ for heat and for fuel energy (net calorific value), t for
mass, Nm3 (0 °C, 101.325 kPa) for fuel gas. Other carriers keep the canonical unit of the dimension.

Examples
--------
>>> compile("electricity", "万kWh")
10000.0
>>> round(compile("natural_gas", "m3@20C"), 5)
0.93178
>>> Quantity(2.5, "MWh").to("kWh")
Quantity(value=2500.0, unit='kWh')
"""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

import pint

from carbonost.errors import AmbiguousUnitError, UnitError

if TYPE_CHECKING:
    from decimal import Decimal

Phase = Literal["electricity", "heat", "gas", "liquid", "solid", "other"]

_PREFIXES: Final = (
    ("万", "wan"),
    ("亿", "yi"),
    ("10^4", "wan"),
    ("10⁴", "wan"),
    ("1e4", "wan"),
    ("million_", "million"),
)
_AMBIGUOUS: Final = {
    "ton": "may be the metric tonne (t) or the US short ton (short_ton): say which",
    "tons": "may be the metric tonne (t) or the US short ton (short_ton): say which",
    "mt": "may be the metric tonne (t) or a million tonnes (Mt): say which",
}

_CANONICAL: Final = {
    "[energy]": "GJ",
    "[net_energy]": "GJ",
    "[gross_energy]": "GJ_HHV",
    "[mass]": "t",
    "[gas_volume]": "Nm3",
    "[length] ** 3": "m3",
    "[length]": "km",
    "[length] * [mass]": "t*km",
    "[length] * [person]": "person*km",
    "[length] * [vehicle]": "vehicle*km",
    "[time]": "h",
    "[co2e]": "tCO2e",
}
_FUEL: Final = {"[energy]": "GJ", "[net_energy]": "GJ", "[gross_energy]": "GJ", "[mass]": "t"}
_BY_PHASE: Final[dict[Phase, dict[str, str]]] = {
    "electricity": {"[energy]": "kWh"},
    "heat": {"[energy]": "GJ", "[net_energy]": "GJ"},
    "gas": _FUEL | {"[gas_volume]": "Nm3"},
    "liquid": _FUEL,
    "solid": _FUEL,
}
_REFUSED: Final = {
    "electricity": "electricity is energy: give kWh, 万kWh, MWh, MJ or GJ",
    "heat": "heat is energy: give GJ, MJ or kWh; for steam in tonnes use calc.steam_heat(mass_t, enthalpy_kj_per_kg)",
    "gas": "a fuel gas is measured in Nm3, m3@20C, t, or as energy (GJ, tce)",
    "liquid": "a volume becomes mass only through a density nobody stated: give t or kg, or an own factor per litre",
    "solid": "a solid fuel is measured in t or kg, or as energy (GJ, tce)",
}


class FactorUnit(NamedTuple):
    """The parts of an emission factor's unit, such as ``kgCO2/TJ``.

    `tonnes` is the numerator in tonnes, `gas` what it weighs (``""`` for a plain mass), and
    `per` the unit of the activity below the bar.
    """

    tonnes: float
    gas: str
    per: str


class _Vocabulary:
    """What ``units.txt`` says: pint's registry, the spellings of each unit, the phase of each carrier."""

    def __init__(self, text: str) -> None:
        self.registry: pint.UnitRegistry[float] = pint.UnitRegistry(None)
        self.names: list[str] = []
        self.spellings: dict[str, str] = {}
        self.phases: dict[str, Phase] = {}
        definitions: list[str] = []
        for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
            if line.startswith("@"):
                kind, *keys = line[1:].split()
                self.phases.update(dict.fromkeys(keys, cast("Phase", kind)))
                continue
            head, _, words = line.partition(";")
            name = head.partition("=")[0].strip()
            if "=" in head:
                definitions.append(head)
            if not name.endswith("-"):
                self.names.append(name)
                self.spellings.update((word.casefold(), name) for word in words.split())
        self.registry.load_definitions(definitions)
        for name in self.names:  # case is forgiven where it cannot mislead: KWH, Mwh, NM3, but not MT or MG
            if sum(name.casefold() == other.casefold() for other in self.names) == 1:
                self.spellings.setdefault(name.casefold(), name)

    def root(self, name: str) -> float:
        """Return how many root units one `name` is."""
        return float(cast("float", self.registry.get_root_units(self.registry.parse_units(name))[0]))


_VOCABULARY: Final = _Vocabulary(Path(__file__).with_suffix(".txt").read_text(encoding="utf-8"))


def _squeeze(text: str) -> str:
    word = unicodedata.normalize("NFKC", text).strip().replace("**", "^")
    word = re.sub(r"\s*([()@/*.])\s*", r"\1", word)
    return re.sub(r"\s+", "_", word)


@lru_cache(maxsize=4096)
def normalise(unit: str) -> str:
    """Return the registry's spelling of `unit`.

    Raises
    ------
    UnitError
        If the word is not in the vocabulary; the remedy names the nearest.
    AmbiguousUnitError
        If it could mean several amounts, such as ``ton``.
    """
    if not isinstance(unit, str):
        raise UnitError("a unit is a word", "unit", unit, "Write for example 'kWh', 't' or 'Nm3'.")
    word = _squeeze(unit)
    if word in _VOCABULARY.names:
        return word
    if word.casefold() in _AMBIGUOUS:
        raise AmbiguousUnitError("this unit is ambiguous", "unit", unit, f"It {_AMBIGUOUS[word.casefold()]}.")
    if word.casefold() in _VOCABULARY.spellings:
        return _VOCABULARY.spellings[word.casefold()]
    for mark, prefix in _PREFIXES + tuple((name, name) for name in ("wan", "yi", "million")):
        if word.casefold().startswith(mark) and len(word) > len(mark):
            rest = normalise(word[len(mark) :].lstrip("_*"))
            if "*" not in rest and not rest.startswith(("wan", "yi", "million")):
                return prefix + rest
    near = get_close_matches(word.casefold(), _VOCABULARY.spellings, n=3, cutoff=0.6)
    known = ", ".join(dict.fromkeys(_VOCABULARY.spellings[hit] for hit in near)) or "kWh, GJ, t, Nm3, L, km"
    raise UnitError("this unit is not known", "unit", unit, f"Did you mean {known}?")


@lru_cache(maxsize=4096)
def dimension(unit: str) -> str:
    """Return the dimension of `unit`, such as ``"[mass]"``; gas volumes and heating-value bases have their own."""
    return str(_VOCABULARY.registry.parse_units(normalise(unit)).dimensionality)


@lru_cache(maxsize=4096)
def _scale(unit: str, to: str) -> float:
    """Return how many `to` are in one `unit`, both normalised and of one dimension."""
    return _VOCABULARY.root(unit) / _VOCABULARY.root(
        to
    )  # one division of exact multiples: 1 万kWh is 10000.0 kWh to the last bit


@lru_cache(maxsize=1)
def _net_share() -> dict[str, float]:
    """Net over gross calorific value by phase, as published (one row each in ``heating_value.csv``)."""
    path = Path(__file__).parent / "factors" / "data" / "heating_value.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["energy_type"]: float(row["value"]) for row in csv.DictReader(file)}


def phase(key: str) -> Phase:
    """Return what kind of carrier `key` (an ``energy_type``) is; it decides which units make sense."""
    return _VOCABULARY.phases.get(key.removeprefix("mobile_"), "other")


def _refuse(key: str, unit: str) -> UnitError:
    kind = phase(key)
    told = _REFUSED.get(kind, "use a unit of the dimension its factor is published in")
    return UnitError(f"{key} cannot be measured in this unit", "unit", unit, f"{told[0].upper()}{told[1:]}.")


def _ambiguous_gas(key: str, unit: str) -> AmbiguousUnitError:
    return AmbiguousUnitError(
        f"a plain volume of {key} does not say its reference condition",
        "unit",
        unit,
        "Say Nm3 (0 °C) or m3@20C (20 °C); they differ by 6.8 %.",
    )


def _plain_gas_volume(kind: Phase, unit: str) -> bool:
    return kind == "gas" and dimension(unit) == "[length] ** 3"


@lru_cache(maxsize=4096)
def canonical(key: str, unit: str, *, strict: bool = True) -> str:
    """Return the canonical unit that `unit` of carrier `key` is scaled to.

    Raises
    ------
    UnitError, AmbiguousUnitError
        As `compile`.
    """
    kind, dim = phase(key), dimension(unit)
    if kind == "other":
        return _CANONICAL.get(dim, normalise(unit))
    if _plain_gas_volume(kind, unit):
        if strict:
            raise _ambiguous_gas(key, unit)
        return "Nm3"
    try:
        return _BY_PHASE[kind][dim]
    except KeyError:
        raise _refuse(key, unit) from None


@lru_cache(maxsize=4096)
def compile(key: str, unit: str, *, strict: bool = True) -> float:  # noqa: A001 -- the name users know
    """Return the scale from `unit` to the canonical unit of carrier `key`.

    Parameters
    ----------
    key : str
        An ``energy_type`` such as ``"natural_gas"``; an unknown one keeps the unit's own dimension.
    unit : str
        As written on the bill: ``"万kWh"``, ``"m3@20C"``, ``"tce"``, ``"kWh (Gross CV)"``.
    strict : bool
        False reads a plain m3 of a fuel gas as m3 at 0 °C instead of refusing it.

    Returns
    -------
    float
        Canonical units per `unit`. Gross calorific energy becomes net by the published share of
        the carrier's phase (IPCC 2006, vol. 2, section 1.4.1.2).

    Raises
    ------
    UnitError
        If the unit is unknown or cannot measure this carrier.
    AmbiguousUnitError
        If the unit could mean several amounts.

    Examples
    --------
    >>> compile("electricity", "MWh"), compile("diesel", "kg"), compile("heat", "kWh")
    (1000.0, 0.001, 0.0036)
    """
    return ratio(key, unit, canonical(key, unit, strict=strict), strict=strict)


@lru_cache(maxsize=4096)
def ratio(key: str, unit: str, per: str, *, strict: bool = True, gross: bool = False) -> float:
    """Return how many `per` are in one `unit` of carrier `key`.

    The same word on both sides needs no condition. Energy without a basis follows the document of
    the factor: net in IPCC and Chinese documents, gross where `gross` says so (US EPA). A `per`
    that states its basis asks the same of `unit`.

    Raises
    ------
    UnitError
        If no conversion exists without a property nobody stated (density, heating value).
    AmbiguousUnitError
        If one side leaves open what the other fixes.
    """
    a, b = normalise(unit), normalise(per)
    if a == b:
        return 1.0
    have, want = dimension(a), dimension(b)
    kind = phase(key)
    if have == want:
        return _scale(a, b)
    if kind in {"heat", "electricity"}:  # heat has no heating value: its tce is plain energy
        plain = {"[net_energy]": "J_net", "[energy]": "J"}
        if kind == "heat" and have in plain and want in plain:
            return _scale(a, plain[have]) * _scale(plain[want], b)
        raise _refuse(key, unit)
    base = {"[energy]": "J", "[net_energy]": "J_net", "[gross_energy]": "J_gross"}
    if have in base and want in base:
        if gross and want == "[energy]":
            return _scale(a, base[have]) * _basis(key, unit, have, "[gross_energy]", strict=False) * _scale("J", b)
        return _scale(a, base[have]) * _basis(key, unit, have, want, strict=strict) * _scale(base[want], b)
    if _plain_gas_volume(kind, a) and want == "[gas_volume]":
        if strict:
            raise _ambiguous_gas(key, unit)
        return _scale(a, "m3") * _scale("Nm3", b)
    raise UnitError(f"{key} in {unit} cannot be brought to {per}", "unit", unit, f"Give the amount in {per}.")


def _basis(key: str, unit: str, have: str, want: str, *, strict: bool) -> float:
    """Return the share that turns fuel energy of basis `have` into basis `want`; plain energy counts as net."""
    if have == "[energy]" and want == "[gross_energy]" and strict:
        raise AmbiguousUnitError(
            f"energy of {key} does not say its heating-value basis, and the factor is on gross calorific value",
            "unit",
            unit,
            "Say 'kWh (Gross CV)' or 'kWh (Net CV)', GJ_HHV or GJ_LHV.",
        )
    if (have == "[gross_energy]") == (want == "[gross_energy]"):
        return 1.0
    share = _net_share().get(phase(key))
    if share is None:
        raise UnitError(
            f"no net to gross heating value is published for {key}", "unit", unit, "Give the amount on the other basis."
        )
    return share if have == "[gross_energy]" else 1 / share


_NUMERATOR: Final = re.compile(r"^(kg|t|g|mg|lb|kt|Mt)\s*([A-Z][A-Za-z0-9-]*)?$")


@lru_cache(maxsize=1024)
def factor_unit(text: str) -> FactorUnit:
    """Read an emission factor's unit.

    Raises
    ------
    UnitError
        If it is not a mass of a gas over a unit of activity.

    Examples
    --------
    >>> factor_unit("kgCO2/TJ")
    FactorUnit(tonnes=0.001, gas='CO2', per='TJ')
    """
    above, bar, below = text.partition("/")
    found = _NUMERATOR.match(above.strip())
    if not bar or found is None:
        raise UnitError("a factor's unit is a mass over an activity", "unit", text, "Write for example 'kgCO2e/kWh'.")
    mass, gas = found.groups()
    return FactorUnit(_scale(mass, "t"), gas or "", normalise(below))


@dataclass(frozen=True)
class Quantity:
    """An amount and its unit; `to` converts it, `key` names the carrier where that matters."""

    value: float | Decimal
    unit: str
    key: str = "amount"

    def __post_init__(self) -> None:
        normalise(self.unit)

    def to(self, unit: str) -> Quantity:
        """Return the same amount in `unit`; raise `UnitError` where that is impossible."""
        scaled = float(self.value) * ratio(self.key, self.unit, unit)
        return Quantity(scaled, unit, self.key)

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(float(self.value) + float(other.to(self.unit).value), self.unit, self.key)

    def __mul__(self, by: float) -> Quantity:
        return Quantity(float(self.value) * by, self.unit, self.key)

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"Quantity(value={self.value!r}, unit={self.unit!r})"
