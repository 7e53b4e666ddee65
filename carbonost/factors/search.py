"""Finding a factor by words, Chinese or English."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np

from carbonost.errors import InputError
from carbonost.factors.energy_types import energy_type as carrier_of
from carbonost.factors.regions import region as region_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from carbonost.factors.library import FactorLibrary

_SEEN: Final[WeakKeyDictionary[FactorLibrary, list[str]]] = WeakKeyDictionary()
_READ: Final = ("id", "energy_type", "region", "name_zh", "name_en", "standard", "document", "gas")
_CJK: Final = re.compile(r"[一-鿿]+")
_WORD: Final = re.compile(r"[一-鿿]+|[^\s,，、;；一-鿿]+")


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("_", " ")


def _haystack(library: FactorLibrary) -> list[str]:
    found = _SEEN.get(library)
    if found is None:
        c = library.columns.text
        parts = [
            c[name] for name in ("id", "energy_type", "region", "name_zh", "name_en", "standard", "document", "gas")
        ]
        years = np.where(library.columns.data_year > 0, library.columns.data_year.astype(str), "")
        found = _SEEN[library] = [_fold(" ".join(line)) for line in zip(*parts, years, strict=True)]
    return found


def _carrier(word: str, library: FactorLibrary) -> str | None:
    try:
        return carrier_of(word, library.known_energy_types)
    except InputError:
        return None


def _place(word: str, library: FactorLibrary) -> str | None:
    """Return the region a word names, or the one that answers for it: Jiangsu where Suzhou has no rows."""
    try:
        chain = region_of(word, library.known_regions).chain
    except InputError:
        return None
    return next((code for code, _ in chain if code in library.known_regions), None)


def _score(word: str, haystack: list[str], library: FactorLibrary) -> npt.NDArray[np.float64]:
    """Score each row for one word: 1 where it stands in the row, more where it names its carrier or region."""
    plain = _fold(word)
    score = np.array([1.0 if plain in line else 0.0 for line in haystack])
    carrier, place = _carrier(word, library), _place(word, library)
    if carrier:
        score = np.maximum(score, 3.0 * (library.energy_types == carrier))
    if place:
        score = np.maximum(score, 2.0 * (library.regions == place))
    score += 5.0 * (library.ids == word)
    if not score.any() and _CJK.fullmatch(plain) and len(plain) > 2:  # noqa: PLR2004 -- 江苏电力 holds two words
        pairs = [plain[i : i + 2] for i in range(len(plain) - 1)]
        score = np.array([sum(pair in line for pair in pairs) / len(pairs) for line in haystack])
        score[score < 0.5] = 0.0  # noqa: PLR2004 -- half of the pairs must stand there
    return np.asarray(score, dtype=np.float64)


def search(
    library: FactorLibrary,
    text: str,
    *,
    energy_type: str | None,
    region: str | None,
    gas: str | None,
    limit: int | None,
) -> pd.DataFrame:
    """Return the rows that fit every word, the best first; see `FactorLibrary.search`."""
    total, keep = np.zeros(len(library)), np.ones(len(library), dtype=bool)
    haystack = _haystack(library)
    whole = text.strip()
    named = whole and (_carrier(whole, library) or _place(whole, library))
    words = [whole] if named else _WORD.findall(whole)
    for word in words:
        score = _score(word, haystack, library)
        keep &= score > 0
        total += score
    if energy_type is not None:
        keep &= library.energy_types == carrier_of(energy_type, library.known_energy_types)
    if region is not None:
        keep &= library.regions == region_of(region, library.known_regions).code
    if gas is not None:
        keep &= library.gases == gas
    rows = np.flatnonzero(keep)
    newest = library.columns.data_year[rows]
    length = np.array([len(haystack[row]) for row in rows])
    order = np.lexsort((rows, length, -newest, -library.layer[rows], -total[rows]))[:limit]
    return library.to_frame().iloc[rows[order]].assign(score=total[rows[order]]).reset_index(drop=True)
