"""No figure by a language model: text with slots is checked here, free text in `carbonost.llm.figures`.

A model writes words around slots (``{{baseline.total_tco2e_y|万吨|2}}``); outside a slot a digit, a
Chinese quantity or a ratio word is refused, and a slot may name only what was offered. We refuse and
fall back; nothing is ever corrected.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from carbonost.errors import UnsupportedFigureError

if TYPE_CHECKING:
    from collections.abc import Collection

SLOT: Final = re.compile(r"\{\{\s*([^{}|]+?)\s*(?:\|[^{}|]*){0,2}\}\}")

NAMES: Final = re.compile(
    r"CO[2₂]e?|CH4|N2O|SF6|NF3|PM2\.5|PM10|P(?:5|50|95)\b|AR[456]\b|S[123]\b"
    r"|[Ss]cope\s?[123]|范围\s?[123一二三]"
    r"|(?:GB/T|GB|ISO(?:/\w+)?|DL/T|HJ|JR/T|DB\d{2}(?:/T)?|T/[A-Z]+|IEC)\s?[\d.]+(?:[-–—:]\d+)*"
    r"|[〔\[(（]\d{4}[〕\])）]\s?\d+\s?号|第\s?[\d.一二三四五六七八九十]+\s?[条款章节项期]"
    r"|(?<!\d)(?<!\d[.,])(?:(?:19|20)\d\d\s?[-–—至到~]\s?(?:19|20)\d\d\s?年?"
    r"|(?:19|20)\d\d[-/]\d{1,2}(?:[-/]\d{1,2})?"
    r"|(?:19|20)\d\d\s?年(?:\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?)?|\d{1,2}\s?月(?:\d{1,2}\s?日)?)(?!\d)"
    r"|\b[A-T]\d{2,4}\b"
)
"""What holds a digit and is no figure: gases, standards, documents, clauses, dates, industry codes."""

_DIGIT: Final = re.compile(r"\d")
_QUANTITY: Final = re.compile(
    r"[零〇一二两三四五六七八九十百千]+(?:点[零〇一二三四五六七八九]+)?"
    r"(?=\s*(?:成|倍|折|[万亿]|吨|千瓦|度|元|年|家|台|平方|公里|立方|个百分点|小时|标准煤|%))"
    r"|百分之[零〇一二两三四五六七八九十百点]+|[一二三四五六七八九十]+分之[一二三四五六七八九十]+"
    r"|一半|过半|半数|大半|翻(?:了)?[一两]?番|翻倍|减半|倍增|(?<![至不])[数几]十?[万亿成倍]"
)
_NUMBERING: Final = re.compile(r"(?m)^\s*(?:\d{1,2}[.、)）](?!\d)|[（(]\d{1,2}[)）])")


def normalise(text: str) -> str:
    """Return the text with full-width forms and the many minus signs as plain ones."""
    return unicodedata.normalize("NFKC", text.replace("₂", "2")).replace("−", "-").replace("–", "-")


def check_slots(text: str, allowed: Collection[str] = ()) -> list[str]:
    """Check text with slots and return the addresses it uses.

    Parameters
    ----------
    text : str
        Words with ``{{stage.metric|unit|digits}}`` where figures belong.
    allowed : collection of str
        Addresses that were offered.

    Raises
    ------
    UnsupportedFigureError
        For a figure outside a slot, a slot that was not offered, or a brace that closes nothing.
    """
    used = [match[1] for match in SLOT.finditer(text)]
    for address in used:
        if address not in allowed:
            raise UnsupportedFigureError("the text asks for a figure that was not offered", "slot", address)
    bare = normalise(SLOT.sub(" ", text))
    if "{{" in bare or "}}" in bare:
        raise UnsupportedFigureError("a slot is not closed", "text", text[:60])
    rest = _NUMBERING.sub(" ", NAMES.sub(" ", bare))
    found = _DIGIT.search(rest) or _QUANTITY.search(rest)
    if found is not None:
        around = rest[max(0, found.start() - 12) : found.end() + 12].strip()
        raise UnsupportedFigureError(
            "the text states a figure of its own", "text", around, "Write {{stage.metric|unit|digits}} instead."
        )
    return used
