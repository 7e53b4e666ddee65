"""Regions: one code for every spelling, and the way from a city up to the world.

Codes are ``CN``, ``CN-GRID-EAST``, ``CN-JS`` (ISO 3166-2), ``CN-JS-320500`` (with the GB/T 2260 code),
``GB``, ``US``, ``US-CAMX`` (eGRID subregion), ``GLOBAL``. A bare six-digit code, a Chinese name
(``苏州``, ``江苏省苏州市``) or a province's English name is accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from carbonost.errors import UnknownRegionError
from carbonost.factors.tables import read, records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from carbonost.domain.factor import Level

GLOBAL: Final = "GLOBAL"
_NATIONS: Final = {
    "CN": ("中国", "全国", "CHINA", "PRC", "CHN"),
    "GB": ("UK", "英国", "GBR", "UNITED KINGDOM", "GREAT BRITAIN"),
    "US": ("USA", "美国", "UNITED STATES"),
    GLOBAL: ("全球", "WORLD", "WW"),
}
_SUFFIX: Final = re.compile(
    r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|自治州|自治县|地区|省|市|盟|县|区|旗)$"
)
_NEAREST: Final = 3


@dataclass(frozen=True, slots=True)
class Region:
    """A region and the regions that may answer for it.

    Attributes
    ----------
    code : str
        Canonical code.
    name : str
        Chinese name where there is one.
    chain : tuple of (str, str)
        Code and level, from the region itself to ``GLOBAL``.
    admin_code : str
        Six digits, empty outside China.
    """

    code: str
    name: str
    chain: tuple[tuple[str, Level], ...]
    admin_code: str = ""

    @property
    def nation(self) -> str:
        """Code of the nation, or of the region itself where it has none."""
        return self.code.split("-")[0]


@dataclass(frozen=True, slots=True)
class _Province:
    iso: str
    name: str
    grid: str
    inherits: str


@lru_cache(maxsize=1)
def _provinces() -> dict[str, _Province]:
    """Provinces (and the units that differ from theirs) by admin code."""
    rows = records("grid_regions")
    return {
        row["admin_code"]: _Province(row["iso_3166_2"], row["name"], row["grid_region"], row["inherits"])
        for row in rows
    }


@lru_cache(maxsize=1)
def _by_iso() -> dict[str, str]:
    return {place.iso: code for code, place in _provinces().items() if code.endswith("0000")}


@lru_cache(maxsize=1)
def _grids() -> frozenset[str]:
    return frozenset(place.grid for place in _provinces().values() if place.grid)


@lru_cache(maxsize=1)
def _admin() -> dict[str, str]:
    """Latest name of every administrative code that ever existed in the tables."""
    frame = read("admin_codes")
    return dict(zip(frame["code"], frame["name"], strict=True))


def _short(name: str) -> str:
    cut = _SUFFIX.sub("", name)
    return cut if len(cut) > 1 else name


@lru_cache(maxsize=1)
def _names() -> dict[str, tuple[str, ...]]:
    """Admin codes by full and by short name, in force before abolished, provinces before cities."""
    frame = read("admin_codes").sort_values(["level", "code"])
    found: dict[str, dict[str, None]] = {}
    for gone in (False, True):
        part = frame[(frame["valid_to"] != "") == gone]
        for code, name in zip(part["code"], part["name"], strict=True):
            for word in {name, _short(name)}:
                if not (gone and word in found):
                    found.setdefault(word, {})[code] = None
    for row in records("grid_regions"):
        if row["name_en"]:
            found.setdefault(row["name_en"].casefold(), {})[row["admin_code"]] = None
    return {word: tuple(codes) for word, codes in found.items()}


def _unknown(text: object, near: Iterable[str] = ()) -> UnknownRegionError:
    told = ", ".join(dict.fromkeys(near)) or "CN, CN-JS, CN-JS-320500, 苏州市, GB, US, US-CAMX"
    remedy = f"The nearest: {told}. A region of your own must stand in the factor library you pass."
    return UnknownRegionError("this region is not known", "region", text, remedy)


def _china(code: str) -> Region:
    """Build the region of an administrative code that is known to exist."""
    top = f"{code[:2]}0000"
    province = _provinces()[top]
    grid = _provinces().get(f"{code[:4]}00", province)
    steps: list[tuple[str, Level]] = []
    if not code.endswith("0000"):
        steps.append((f"{province.iso}-{code}", "city"))
        if not code.endswith("00"):
            steps.append((f"{province.iso}-{code[:4]}00", "city"))
    steps.append((province.iso, "province"))
    if province.inherits == "grid_region":  # Tibet is answered by the nation, never through its neighbours
        steps.append((grid.grid, "grid_region"))
    if province.inherits != "none":  # the announcements leave out Taiwan, Hong Kong and Macao
        steps.append(("CN", "nation"))
    chain = (*steps, (GLOBAL, "global"))
    return Region(steps[0][0], _admin().get(code, province.name), chain, code)


def _from_code(code: str, text: str) -> Region:
    if f"{code[:2]}0000" not in _provinces() or (not code.endswith("0000") and code not in _admin()):
        near = get_close_matches(code, [c for c in _admin() if c[:2] == code[:2]], n=_NEAREST)
        raise _unknown(text, [f"{c} {_admin()[c]}" for c in near])
    return _china(code)


def _from_chinese(text: str) -> Region:
    """Resolve a Chinese name; ``江苏省苏州市`` is read from the left, level by level."""
    names, rest, code = _names(), text, ""
    while rest:
        inside = code.rstrip("0") if code.endswith("00") else code
        inside += "0" * (len(inside) % 2)
        for end in range(len(rest), 0, -1):
            codes = [found for found in names.get(rest[:end], ()) if found.startswith(inside)]
            if codes:
                break
        else:
            raise _unknown(text, get_close_matches(text, names, n=_NEAREST, cutoff=0.4))
        code, rest = _one(text, rest[:end], codes), rest[end:]
    return _china(code)


def _one(text: str, word: str, codes: list[str]) -> str:
    """Return the place a name means: the province, the one that bears it in full, or the one that holds the rest."""
    ranked = sorted(
        codes, key=lambda code: (not code.endswith("0000"), _admin()[code] != word, not code.endswith("00"))
    )
    first = ranked[0]
    if first.endswith("0000"):
        return first
    exact = [code for code in ranked if _admin()[code] == word] or ranked
    root = exact[0][:4] if exact[0].endswith("00") else exact[0]
    if any(not code.startswith(root) for code in exact):
        told = [f"{code} {_admin()[f'{code[:2]}0000']}{_admin()[code]}" for code in exact[:6]]
        raise _unknown(text, told)
    return exact[0]


def _plain(code: str, known: Collection[str]) -> Region:
    """Build a region outside China's divisions: ``US-CAMX`` -> ``US`` -> ``GLOBAL``, or a user's own."""
    if code == GLOBAL:
        return Region(GLOBAL, "全球", ((GLOBAL, "global"),))
    nation, _, part = code.partition("-")
    if re.fullmatch(r"[A-Z]{2}", nation) is None:
        return Region(code, code, ((code, "own"), (GLOBAL, "global")))
    if not part:
        return Region(code, code, ((code, "nation"), (GLOBAL, "global")))
    inner: Level = "grid_region" if code.startswith(("US-", "CN-GRID-")) else "own" if code in known else "province"
    return Region(code, code, ((code, inner), (nation, "nation"), (GLOBAL, "global")))


def _from_number(province: str | None, code: str, text: str) -> Region:
    """Resolve a six-digit code, checking the province written before it."""
    there = _from_code(code, text)
    if province and not there.code.startswith(f"CN-{province}"):
        raise _unknown(text, [there.code])
    return there


@lru_cache(maxsize=16384)
def region(text: str, known: Collection[str] = frozenset()) -> Region:
    """Return the region called `text`, with the way up from it.

    Parameters
    ----------
    text : str
        A code or a name.
    known : frozenset of str
        Regions a factor library holds; they are taken as they stand.

    Raises
    ------
    UnknownRegionError
        If nothing has this name, or several places share it; the remedy names the nearest.

    Examples
    --------
    >>> region("苏州").code, [level for _, level in region("320500").chain]
    ('CN-JS-320500', ['city', 'province', 'grid_region', 'nation', 'global'])
    """
    if not isinstance(text, str) or not text.strip():
        raise _unknown(text)
    word = text.strip()
    code = word.upper().replace("_", "-")
    nation = next((name for name, others in _NATIONS.items() if code == name or code in others), None)
    number = re.fullmatch(r"(?:CN-)?(?:([A-Z]{2})-)?(\d{6})", code)
    if nation:
        found = _plain(nation, known)
    elif number:
        found = _from_number(number[1], number[2], text)
    elif code in _by_iso():
        found = _china(_by_iso()[code])
    elif code in _grids() or code in known or word in known:
        found = _plain(word if word in known else code, known)
    elif re.search(r"[一-鿿]", word):
        found = _from_chinese(re.sub(r"[\s,，、/]+", "", word.removeprefix("中国")))
    elif word.casefold() in _names():
        found = _china(_names()[word.casefold()][0])
    else:
        pool = [*_NATIONS, *_by_iso(), *known, *(name for name in _names() if name.isascii())]
        raise _unknown(text, get_close_matches(code, pool, n=_NEAREST, cutoff=0.5))
    return found
