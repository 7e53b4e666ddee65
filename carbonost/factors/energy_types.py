"""Carriers and activities by id, Chinese name, English name or alias."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from carbonost.errors import UnknownEnergyTypeError
from carbonost.factors.tables import records

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True)
class EnergyType:
    """A carrier the packaged data know.

    Attributes
    ----------
    id : str
        ``natural_gas``, ``mobile_diesel``, ``r-410a`` …
    category : str
        ``electricity``, ``heat``, ``fuel``, ``mobile``, ``process``, ``refrigerant`` or ``water``.
    fuel : str
        The carrier whose parameters or factor it shares (``mobile_diesel`` -> ``diesel``,
        ``steam`` -> ``heat``); its own id otherwise.
    scope : int or None
        Scope it is filed under when nothing else is said.
    """

    id: str
    name_zh: str
    name_en: str
    category: str
    fuel: str
    scope: int | None


def _fold(text: str) -> str:
    return re.sub(r"[\s_\-]+", "", unicodedata.normalize("NFKC", text).casefold())


@lru_cache(maxsize=1)
def known() -> dict[str, EnergyType]:
    """Return the carriers of the packaged vocabulary, by id."""
    return {
        row["id"]: EnergyType(
            row["id"], row["name_zh"], row["name_en"], row["category"], row["fuel"] or row["id"],
            int(row["scope"]) if row["scope"] else None,
        )
        for row in records("energy_types")
    }  # fmt: skip


@lru_cache(maxsize=1)
def _aliases() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in records("energy_types"):
        words = (row["id"], row["name_zh"], row["name_en"], *row["aliases"].split(";"))
        found.update({_fold(word): row["id"] for word in words if word})
    return found


@lru_cache(maxsize=8192)
def energy_type(text: str, others: Collection[str] = frozenset()) -> str:
    """Return the id of the carrier called `text`.

    Parameters
    ----------
    text : str
        An id, a Chinese or English name, or an alias: ``"天然气"``, ``"natural gas"``.
    others : frozenset of str
        Further ids a factor library knows; they are taken as they stand.

    Raises
    ------
    UnknownEnergyTypeError
        If nothing has this name; the remedy names the nearest.

    Examples
    --------
    >>> energy_type("天然气"), energy_type("Natural gas"), energy_type("R410A")
    ('natural_gas', 'natural_gas', 'r-410a')
    """
    if text in others or text in known():
        return text
    if isinstance(text, str):
        hit = _aliases().get(_fold(text))
        if hit is not None:
            return hit
        snake = re.sub(r"[\s\-]+", "_", text.strip().casefold())
        if snake in others:
            return snake
    words = [*_aliases(), *(_fold(word) for word in others)]
    near = get_close_matches(_fold(str(text)), words, n=3, cutoff=0.5)
    back = {_fold(word): word for word in others} | _aliases()
    told = ", ".join(dict.fromkeys(back[word] for word in near)) or "electricity, natural_gas, diesel, heat"
    remedy = f"The nearest: {told}. An activity with its own factor may carry any name."
    raise UnknownEnergyTypeError("this energy type is not known", "energy_type", text, remedy)


def category(key: str) -> str:
    """Return the category of a carrier id, ``"other"`` for one outside the vocabulary."""
    found = known().get(key)
    return found.category if found else "other"


def shared_fuel(key: str) -> str:
    """Return the carrier whose parameters or factor `key` shares: ``steam`` -> ``heat``."""
    found = known().get(key)
    return found.fuel if found else key
