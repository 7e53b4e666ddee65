"""Figures in free Chinese text, held against the figures that are known.

A figure passes only if a known one of the same dimension, rounded at the printed precision (half even,
GB/T 8170, or half up), gives exactly what is printed; truncation, another sign and another unit do not.
Nothing is corrected: a text with one unsupported figure is refused.

The match is by value and unit. It cannot tell a right number with a wrong subject; slots can
(`carbonost.llm.guard`), and are what the pipeline uses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Final

from carbonost.errors import UnsupportedFigureError
from carbonost.llm.guard import NAMES, normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES: Final = {"百": 2, "千": 3, "万": 4, "百万": 6, "千万": 7, "亿": 8, "万亿": 12}
_UNITS: Final[dict[str, tuple[str, int]]] = {
    "kWh": ("energy", 0), "千瓦时": ("energy", 0), "度": ("energy", 0), "MWh": ("energy", 3), "兆瓦时": ("energy", 3),
    "GWh": ("energy", 6), "吉瓦时": ("energy", 6), "TWh": ("energy", 9),
    "kW": ("power", 0), "千瓦": ("power", 0), "MW": ("power", 3), "兆瓦": ("power", 3),
    "kgCO2e": ("co2e", -3), "kgCO2": ("co2e", -3), "tCO2e": ("co2e", 0), "tCO2": ("co2e", 0), "吨CO2e": ("co2e", 0),
    "吨CO2": ("co2e", 0), "吨二氧化碳当量": ("co2e", 0), "吨二氧化碳": ("co2e", 0), "ktCO2e": ("co2e", 3),
    "tce": ("coal", 0), "吨标准煤": ("coal", 0), "吨标煤": ("coal", 0), "kgce": ("coal", -3),
    "t": ("mass", 0), "吨": ("mass", 0), "kg": ("mass", -3), "千克": ("mass", -3), "公斤": ("mass", -3),
    "元": ("money", 0), "CNY": ("money", 0), "人民币": ("money", 0),
    "Nm3": ("gas", 0), "标方": ("gas", 0), "标准立方米": ("gas", 0), "方": ("gas", 0), "立方米": ("gas", 0),
    "m3": ("gas", 0),
    "km2": ("area", 0), "平方公里": ("area", 0), "平方千米": ("area", 0), "m2": ("area", -6), "平方米": ("area", -6),
    "GJ": ("heat", 0), "吉焦": ("heat", 0), "MJ": ("heat", -3), "TJ": ("heat", 3),
    "年": ("time", 0), "y": ("time", 0), "years": ("time", 0), "a": ("time", 0),
    "家": ("count", 0), "项": ("count", 0), "个": ("count", 0), "台": ("count", 0), "户": ("count", 0),
    "条": ("count", 0),
    "%": ("share", -2), "‰": ("share", -3), "1": ("plain", 0), "": ("plain", 0),
}  # fmt: skip
_PLAIN: Final = frozenset({"count", "share", "plain"})
"""Dimensions a metric of unit 1 may be printed in."""
_NUMBER: Final = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\s?[x×*]\s?10\s?\^?\s?[-+]?\d+|[eE][-+]?\d+)?"
_UNIT: Final = "|".join(sorted((re.escape(unit) for unit in _UNITS if unit and unit != "1"), key=len, reverse=True))
_TIME: Final = "|".join(sorted(_TIMES, key=len, reverse=True))
_CLAIM: Final = re.compile(
    rf"(?P<number>{_NUMBER})\s?(?P<times>{_TIME})?\s?(?P<unit>{_UNIT})?(?:\s?/\s?(?P<per>{_UNIT}))?"
)
_CHINESE: Final = re.compile(
    r"(?P<digits>[零〇一二两三四五六七八九十百千]+(?:点[零〇一二三四五六七八九]+)?)\s*"
    rf"(?P<rest>成|倍|折|个百分点|(?:万亿|亿|万)?(?:{_UNIT}))"
)
_RATIO: Final = re.compile(
    r"一半|过半|半数|大半|减半|翻(?:了)?[一两]?番|翻倍|倍增|百分之[零〇一二两三四五六七八九十百点]+|[一二三四五六七八九十]+分之[一二三四五六七八九十]+"
    r"|\d+(?:\.\d+)?\s?(?:倍|成|折|个百分点)"
)
_DIGITS: Final = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS: Final = {"十": 10, "百": 100, "千": 1000}
_BEFORE: Final = re.compile(r"\d\s*(?:[百千万亿]+)?\s*(?:[元A-Z]{1,3}\s?/\s?)?(?:kg|kt|t|吨)\s?$")
_LIST: Final = re.compile(r"(?m)^\s*(?:\d{1,2}[.、)](?!\d)|\(\d{1,2}\))")


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure as a text states it: its value in the dimension's base unit, and half a step of its last digit."""

    text: str
    value: Decimal
    step: Decimal
    dimension: str


def claims(text: str) -> list[Claim]:
    """Return every figure a text states.

    Raises
    ------
    UnsupportedFigureError
        For a ratio in words (三成, 一半, 3 倍), which names no figure.
    """
    plain = normalise(text)
    bare = _LIST.sub(" ", NAMES.sub(lambda m: m[0] if _in_unit(plain, m.start()) else " " * len(m[0]), plain))
    found = _RATIO.search(bare)
    if found is not None:
        raise UnsupportedFigureError(
            "a ratio in words names no figure", "text", _around(bare, found), "Name the figure."
        )
    listed: list[Claim] = []
    for match in _CHINESE.finditer(bare):
        rest = match["rest"]
        if rest in {"成", "倍", "折", "个百分点"}:
            raise UnsupportedFigureError("a ratio in words names no figure", "text", match[0], "Name the figure.")
        times = next((t for t in ("万亿", "亿", "万") if rest.startswith(t)), "")
        listed.append(_claim(match[0], _read(match["digits"]), times, rest.removeprefix(times), None))
    for match in _CLAIM.finditer(_CHINESE.sub(" ", bare)):
        number = re.sub(r"[\s,]", "", match["number"]).replace("×10^", "e").replace("x10^", "e").replace("*10^", "e")
        number = re.sub(r"[×x*]10", "e", number)
        listed.append(_claim(match[0], Decimal(number), match["times"] or "", match["unit"] or "", match["per"]))
    return listed


def _in_unit(text: str, at: int) -> bool:
    """Whether a gas named at `at` ends the unit of a figure, as in ``139500 kgCO2e``."""
    return _BEFORE.search(text[:at]) is not None


def _claim(text: str, number: Decimal, times: str, unit: str, per: str | None) -> Claim:
    dimension, power = _UNITS[unit]
    scale = Decimal(1).scaleb(power + _TIMES.get(times, 0))
    exponent = number.as_tuple().exponent
    step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0) * scale
    if per is not None:
        below, down = _UNITS[per]
        scale, step = scale.scaleb(-down), step.scaleb(-down)
        dimension = dimension if below == "time" else f"{dimension}/{below}"
    return Claim(text.strip(), number * scale, step, dimension)


def _read(digits: str) -> Decimal:
    """Return a Chinese numeral as a number."""
    whole, _, part = digits.partition("点")
    total = last = 0
    for char in whole:
        if char in _TENS:
            total += (last or 1) * _TENS[char]
            last = 0
        else:
            last = _DIGITS[char]
    fraction = "".join(str(_DIGITS[char]) for char in part)
    return Decimal(f"{total + last}.{fraction}" if fraction else total + last)


def check_figures(text: str, facts: Mapping[str, tuple[float, str]]) -> dict[str, str]:
    """Check every figure of a text and return which known one supports it.

    Parameters
    ----------
    text : str
        Chinese or English prose.
    facts : mapping of str to (value, unit)
        Known figures, e.g. ``{"baseline.total_tco2e_y": (139500.0, "tCO2e/y")}``.

    Returns
    -------
    dict of str to str
        Figure as printed, and the fact's name.

    Raises
    ------
    UnsupportedFigureError
        At the first figure no fact supports.

    Examples
    --------
    >>> check_figures("年排放 13.95 万吨CO2e", {"total": (139500.0, "tCO2e/y")})
    {'13.95 万吨CO2e': 'total'}
    """
    supported: dict[str, str] = {}
    known = [(name, *_fact(value, unit)) for name, (value, unit) in facts.items()]
    for claim in claims(text):
        name = next((name for name, value, dimension in known if _fits(claim, value, dimension)), None)
        if name is None:
            raise UnsupportedFigureError(
                "the text states a figure that is in no envelope",
                "text",
                claim.text,
                "Quote a known figure, or a slot.",
            )
        supported[claim.text] = name
    return supported


def _fact(value: float, unit: str) -> tuple[Decimal, str]:
    head, _, below = normalise(unit).partition("/")
    times = next((t for t in sorted(_TIMES, key=len, reverse=True) if head.startswith(t) and head != t), "")
    dimension, power = _UNITS.get(head.removeprefix(times), (head, 0))
    amount = Decimal(repr(float(value))).scaleb(power + _TIMES.get(times, 0))
    if below:
        under, down = _UNITS.get(below, (below, 0))
        amount = amount.scaleb(-down)
        dimension = dimension if under == "time" else f"{dimension}/{under}"
    return amount, dimension


def _fits(claim: Claim, value: Decimal, dimension: str) -> bool:
    if claim.dimension != dimension:
        plain = dimension == "plain" and claim.dimension in _PLAIN
        tonnes = claim.dimension == "mass" and dimension == "co2e"  # prose says 万吨 of carbon dioxide
        if not plain and not tonnes:
            return False
    steps = value / claim.step
    printed = claim.value / claim.step
    return any(steps.quantize(Decimal(1), rounding=rule) == printed for rule in (ROUND_HALF_EVEN, ROUND_HALF_UP))


def _around(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - 10) : found.end() + 10].strip()
