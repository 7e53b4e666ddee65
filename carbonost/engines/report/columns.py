"""How wide a table's columns are: shared out as their text asks, the same in every format.

Widths are settled here, once, so that a page renderer need not measure every cell to find them.
Lengths are in half-widths: a Chinese character takes two.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from carbonost.domain.document import Cell, Cite, Num

if TYPE_CHECKING:
    from carbonost.domain.document import Table

LINE: Final = 108  # what a line of the printed page holds in the size of a table
STEP: Final = 4
MARGIN: Final = 3
SHORT: Final = 12  # a cell up to this length is not broken
WORD: Final = 18  # a longer word is, after a mark if it has one
SAMPLE: Final = 100
CJK: Final = 0x2E80
_WORD: Final = re.compile(r"[!-~]+")


def shares(table: Table) -> list[float]:
    """Each column's share of the table's width; they sum to one.

    Every column gets room for its figures, its short cells and its words; what is left goes, a little
    at a time, to the column that shortens the table most.
    """
    texts = [[text(cell) for cell in row] for row in table.rows[:SAMPLE]]
    lengths = [[breadth(cell) for cell in row] for row in texts]
    widths = [float(_least(table, position, texts)) for position in range(len(table.columns))]
    longest = [max((row[position] for row in lengths), default=0) for position in range(len(widths))]
    while (spare := LINE - sum(widths)) >= STEP:
        gains = [
            _height(lengths, widths) - _height(lengths, [*widths[:i], widths[i] + STEP, *widths[i + 1 :]])
            if longest[i] > widths[i] - MARGIN
            else 0.0
            for i in range(len(widths))
        ]
        if max(gains) <= 0:
            widths = [width + spare * width / sum(widths) for width in widths]
        else:
            widths[gains.index(max(gains))] += STEP
    return [width / sum(widths) for width in widths]


def _least(table: Table, position: int, texts: list[list[str]]) -> int:
    rows = table.rows[:SAMPLE]
    figures = [any(isinstance(part, Num) for part in row[position]) for row in rows]
    cells = [row[position] for row in texts]
    needed = [
        breadth(cell) if figure or breadth(cell) <= SHORT else _longest_word(cell)
        for cell, figure in zip(cells, figures, strict=True)
    ]
    column = table.columns[position]
    unit = breadth(column.unit) + 4 if column.unit else 0  # in full-width brackets, never broken
    return max([*needed, min(breadth(column.title), SHORT), unit, 4]) + MARGIN


def _height(lengths: list[list[int]], widths: list[float]) -> float:
    """Lines the table takes, breaks aside; all columns count a little, so that ties are settled."""
    total = 0.0
    for row in lengths:
        lines = [length / (width - MARGIN) for length, width in zip(row, widths, strict=True)]
        total += max(*lines, 1.0) + 0.01 * sum(lines)
    return total


def _longest_word(shown: str) -> int:
    return min(max((len(word) for word in _WORD.findall(shown)), default=SHORT // 2), WORD)


def breadth(shown: str) -> int:
    """Half-widths a text takes."""
    return sum(2 if ord(char) >= CJK else 1 for char in shown)


def text(cell: Cell) -> str:
    """A cell's characters."""
    return "".join(
        part.text if isinstance(part, Num) else f"[{part.number}]" if isinstance(part, Cite) else part for part in cell
    )
