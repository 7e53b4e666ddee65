"""Strings on their way into a document: what may stand in it, and what is set lower or higher.

The packaged font has no subscript digits, so ``CO₂`` is written with the digit and set by each
renderer in its own way; `runs` splits a string for that.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT: Final = 4000
_BIDI: Final = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
_SPACES: Final = {0x00A0: " ", 0x2007: " ", 0x2009: " ", 0x202F: " ", 0x200B: "", 0xFEFF: "", 0x2011: "-"}
_SUB: Final = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-", strict=True))
_SUP: Final = dict(zip("⁰⁴⁵⁶⁷⁸⁹⁺⁻", "0456789+-", strict=True))
_SPLIT: Final = re.compile(f"([{''.join(_SUB)}]+|[{''.join(_SUP)}]+)")

Level = Literal["", "sub", "sup"]


def clean(given: str) -> str:
    """A string as a document may hold it.

    Control characters and direction overrides become U+FFFD, odd spaces become plain ones, and a
    string beyond 4,000 characters ends with a notice. Line breaks and tabs become spaces.
    """
    shown = unicodedata.normalize("NFC", given).translate(_SPACES)
    shown = "".join(_safe(char) for char in shown)
    shown = re.sub(r"[ \t\r\n]+", " ", shown).strip()
    return shown if len(shown) <= LIMIT else f"{shown[:LIMIT]}……（原文过长，已截断）"


def _safe(char: str) -> str:
    if char in "\t\r\n":
        return " "
    category = unicodedata.category(char)
    return "\ufffd" if category in {"Cc", "Cs", "Co", "Cn"} or ord(char) in _BIDI else char


def runs(shown: str) -> Iterator[tuple[Level, str]]:
    """Pieces of a string with their level: ``tCO₂e`` gives ``("", "tCO"), ("sub", "2"), ("", "e")``."""
    for piece in _SPLIT.split(shown):
        if not piece:
            continue
        if piece[0] in _SUB:
            yield "sub", "".join(_SUB[char] for char in piece)
        elif piece[0] in _SUP:
            yield "sup", "".join(_SUP[char] for char in piece)
        else:
            yield "", piece


def plain(shown: str) -> str:
    """A string with its lowered and raised digits on the line: ``tCO2e``."""
    return "".join(piece for _, piece in runs(shown))
