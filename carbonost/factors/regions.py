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
from carbonost.factors.tables import read

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
    inherits: bool


@lru_cache(maxsize=1)
def _provinces() -> dict[str, _Province]:
    """Provinces (and the units that differ from theirs) by admin code."""
    rows = read("grid_regions").to_dict("records")
    return {
        row["admin_code"]: _Province(row["iso_3166_2"], row["name"], row["grid_region"], row["inherits"] == "yes")
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
    for code, name in zip(read("grid_regions")["admin_code"], read("grid_regions")["name_en"], strict=True):
        if name:
            found.setdefault(name.casefold(), {})[code] = None
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
    if province.inherits:
        steps.append((grid.grid, "grid_region"))
    chain = (*steps, ("CN", "nation"), (GLOBAL, "global"))
    return Region(steps[0][0], _admin().get(code, province.name), chain, code)  # type: ignore[arg-type]


def _from_code(code: str, text: str) -> Region:
    if f"{code[:2]}0000" not in _provinces() or (not code.endswith("0000") and code not in _admin()):
        near = get_close_matches(code, [c for c in _admin() if c[:2] == code[:2]], n=_NEAREST)
        raise _unknown(text, [f"{c} {_admin()[c]}" for c in near])
    return _china(code)


def _from_chinese(text: str) -> Region:
    """Resolve a Chinese name; ``江苏省苏州市`` is read from the left, level by level."""
    names, rest, inside = _names(), text, ""
    while rest:
        for end in range(len(rest), 0, -1):
            codes = [code for code in names.get(rest[:end], ()) if not inside or code.startswith(inside)]
            if codes:
                break
        else:
            raise _unknown(text, get_close_matches(text, names, n=_NEAREST, cutoff=0.4))
        rest, level = rest[end:], min(_level(code) for code in codes)
        codes = [code for code in codes if _level(code) == level]
        if len(codes) > 1:
            told = [f"{code} {_admin()[f'{code[:2]}0000']}{_admin()[code]}" for code in codes[:6]]
            raise _unknown(text, told)
        inside = codes[0].rstrip("0") if level < 3 else codes[0]  # noqa: PLR2004 -- level 3 is a county
        inside = inside if len(inside) % 2 == 0 else inside + "0"
    return _china(codes[0])


def _level(code: str) -> int:
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


def _plain(code: str, *, own: bool) -> Region:
    """Build a region outside China: ``US-CAMX`` -> ``US`` -> ``GLOBAL``."""
    if code == GLOBAL:
        return Region(GLOBAL, "全球", ((GLOBAL, "global"),))
    nation, _, part = code.partition("-")
    if not part:
        is_nation = code in _NATIONS or re.fullmatch(r"[A-Z]{2}", code) is not None
        level: Level = "nation" if is_nation else "own"
        return Region(code, code, ((code, level), (GLOBAL, "global")))
    inner: Level = "grid_region" if code.startswith(("US-", "CN-GRID-")) else "province" if not own else "own"
    return Region(code, code, ((code, inner), (nation, "nation"), (GLOBAL, "global")))


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
    if code in _NATIONS:
        return _plain(code, own=False)
    for nation, others in _NATIONS.items():
        if code in others:
            return _plain(nation, own=False)
    found = re.fullmatch(r"(?:CN-)?(?:([A-Z]{2})-)?(\d{6})", code)
    if found:
        there = _from_code(found[2], text)
        if found[1] and not there.code.startswith(f"CN-{found[1]}-"):
            raise _unknown(text, [there.code])
        return there
    if code in _by_iso():
        return _china(_by_iso()[code])
    if code in _grids() or code in known or word in known:
        return _plain(code if code in known or code in _grids() else word, own=code not in _grids())
    if re.search(r"[一-鿿]", word):
        return _from_chinese(re.sub(r"[\s,，、/]+", "", word.removeprefix("中国")))
    english = _names().get(word.casefold())
    if english:
        return _china(english[0])
    pool = [*_NATIONS, *_by_iso(), *known, *(name for name in _names() if name.isascii())]
    raise _unknown(text, get_close_matches(code, pool, n=_NEAREST, cutoff=0.5))
