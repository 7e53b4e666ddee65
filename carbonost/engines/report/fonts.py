"""The packaged Chinese fonts (Noto Sans SC and Noto Serif SC, OFL), and what they can draw.

Reports never use what happens to be installed: an absent character is an error, not a box.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from carbonost._lazy import load
from carbonost.engines.report.text import runs
from carbonost.errors import MissingGlyphError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SANS: Final = "carbonost Sans"
SERIF: Final = "carbonost Serif"
_PACKAGE: Final = "pylopdf_fonts_zh_cn"


def sans_path() -> Path:
    """File of the sans-serif font: headings, tables, charts."""
    path: Path = load(_PACKAGE, "a report in Chinese").sans_path()
    return path


def serif_path() -> Path:
    """File of the serif font: running text."""
    path: Path = load(_PACKAGE, "a report in Chinese").serif_path()
    return path


@lru_cache(maxsize=2)
def _covered(path: Path) -> frozenset[int]:
    fonts = load("fontTools.ttLib", "a report in Chinese")
    with fonts.TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def check_glyphs(strings: Iterable[tuple[str, str]]) -> None:
    """Refuse text no packaged font can draw.

    Parameters
    ----------
    strings : iterable of (str, str)
        Where the text stands, and the text.

    Raises
    ------
    MissingGlyphError
        Naming the first such character, its code point and its place.
    """
    covered = _covered(sans_path())
    for place, text in strings:
        for _, piece in runs(text):
            for char in piece:
                if ord(char) not in covered and char not in "\n\t":
                    raise MissingGlyphError(
                        "the packaged font has no glyph for this character",
                        field=place,
                        value=f"{char} U+{ord(char):04X}",
                        remedy="Replace the character in the data, or leave 'pdf' out of the formats.",
                    )
