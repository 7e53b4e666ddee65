"""A report as a tree: what it says, before anyone decides how it looks.

`Num` is the only way a figure reaches a report. It keeps the stored value, the place it was read
from (`result_id` and `path`) and how it is shown; `Num.text` is the one formatter, so a figure
reads the same in every format. Renderers print `text` and never compute. Standard library only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from carbonost.errors import UnresolvedCitationError

if TYPE_CHECKING:
    from collections.abc import Iterator

MISSING: Final = "数据缺失"
SIGNIFICANT: Final = 6
_WIDE: Final = Context(prec=400, rounding=ROUND_HALF_EVEN)  # no float has more digits before and after the point


def display(value: float | Decimal | None, digits: int | None = 2, shift: int = 0, missing: str = MISSING) -> str:
    """One figure as it is printed: half-even, thousands separated, never ``-0.00``.

    Parameters
    ----------
    value : float, Decimal or None
        As stored; None and NaN print as `missing`, never as 0.
    digits : int or None
        Decimal places; None keeps the stored digits, cutting decimals beyond six significant digits.
    shift : int
        Power of ten between stored and shown unit: 4 shows kWh as 万kWh, -2 a share in percent.
    missing : str
        What stands for an absent value.

    Returns
    -------
    str

    References
    ----------
    .. [1] GB/T 8170-2008, rules of rounding off for numerical values (ties go to the even digit).

    Examples
    --------
    >>> display(24160781.97, 2, shift=4), display(0.125), display(-0.001), display(None)
    ('2,416.08', '0.12', '0.00', '数据缺失')
    """
    number = _decimal(value)
    if number is None:
        return missing
    number = number.scaleb(-shift, _WIDE)
    if digits is None:
        places = max(0, SIGNIFICANT - 1 - number.adjusted())
        number = number.quantize(Decimal(1).scaleb(-places), context=_WIDE).normalize(_WIDE)
        shown = f"{number:,f}"
    else:
        shown = f"{number.quantize(Decimal(1).scaleb(-digits), context=_WIDE):,f}"
    return shown.removeprefix("-") if not shown.strip("-0.,") else shown


def _decimal(value: float | Decimal | None) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int):
        return Decimal(value)
    return Decimal(repr(float(value))) if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Num:
    """A figure: its stored value, where it was read, and how it is shown.

    Attributes
    ----------
    key : str
        ``stage.metric`` or ``stage.artifact[row].column``.
    value : float, int, Decimal or None
        As stored in the envelope.
    unit : str
        The label printed beside it, already the display unit (``万元``, ``tCO₂e``).
    digits : int or None
        Decimal places; None keeps the source's own digits.
    shift : int
        Power of ten from stored to shown unit.
    result_id, path : str
        The envelope and the place in it (``metrics.S1_tco2e_y.value``).
    """

    key: str
    value: float | Decimal | None
    unit: str = ""
    digits: int | None = 2
    shift: int = 0
    result_id: str = ""
    path: str = ""

    @property
    def text(self) -> str:
        """The figure as printed, without its unit."""
        return display(self.value, self.digits, self.shift)

    @property
    def missing(self) -> bool:
        """Whether there is no value to print."""
        return _decimal(self.value) is None

    @property
    def shown(self) -> Decimal | None:
        """The value in the display unit, unrounded; what a chart draws."""
        number = _decimal(self.value)
        return None if number is None else number.scaleb(-self.shift, _WIDE)


@dataclass(frozen=True, slots=True)
class Cite:
    """A reference to one entry of the document's citation list."""

    number: str


Inline: TypeAlias = str | Num | Cite
"""What stands in a line: words, a figure, a citation."""
Cell: TypeAlias = tuple[Inline, ...]
Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words with figures in them."""

    inlines: Cell
    style: Literal["body", "note", "lead"] = "body"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of lines."""

    items: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A table column; the unit stands in the head, figures stand right."""

    title: str
    unit: str = ""
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a caption; `full` holds all of them where `rows` is cut for print."""

    label: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    total_row: bool = False
    full: tuple[tuple[Cell, ...], ...] = ()
    attachment: str = ""


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One named row of figures; a gap in `values` is a `Num` without a value."""

    name: str
    values: tuple[Num, ...]


ChartKind = Literal["bars", "stack", "ranking", "macc", "cashflow", "tornado", "lines"]


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart draws; the report room decides how it looks."""

    kind: ChartKind
    categories: tuple[str, ...]
    series: tuple[ChartSeries, ...]
    x_title: str = ""
    y_title: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its caption and the sentence that stands for it where it cannot be seen."""

    label: str
    caption: str
    alt: str
    chart: Chart
    name: str


@dataclass(frozen=True, slots=True)
class GapBox:
    """A mandatory content that is missing: what, what it touches, how badly, what to do."""

    missing: str
    impact: str
    severity: Literal["low", "medium", "high"] = "medium"
    workaround: str = ""
    section: str = ""


Block: TypeAlias = Paragraph | Bullets | Table | Figure | GapBox


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered chapter or subchapter."""

    id: str
    number: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """A document a report rests on, quoted word for word or not at all."""

    number: str
    title: str
    clause: str = ""
    effective: str = ""
    excerpt: str = ""
    doc_id: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Attributes
    ----------
    kind, audience, template : str
        What it is, for whom, and the template's id and version.
    title, subtitle : str
        The cover.
    facts : tuple of (str, str)
        Lines of the cover: period, body, date.
    sections : tuple of Section
    citations : tuple of Citation
    hashes : tuple of (str, str)
        Stage and result id of every envelope read.
    notice : str
        A warning that belongs on the cover: draft template, synthetic data.
    banner : str
        Its first clause, printed on every page.
    """

    kind: str
    audience: str
    template: str
    title: str
    subtitle: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    citations: tuple[Citation, ...] = ()
    hashes: tuple[tuple[str, str], ...] = ()
    notice: str = ""
    banner: str = ""
    language: str = "zh"
    date: str = ""

    def walk(self) -> Iterator[tuple[Section, Block]]:
        """Every block with its section, in reading order."""
        for section in _sections(self.sections):
            for block in section.blocks:
                yield section, block

    def nums(self) -> Iterator[Num]:
        """Every figure, in reading order, charts included."""
        for _, block in self.walk():
            if isinstance(block, Figure):
                for series in block.chart.series:
                    yield from series.values
            else:
                yield from (part for part in _inlines(block) if isinstance(part, Num))

    def gaps(self) -> tuple[GapBox, ...]:
        """Every gap stated, in reading order."""
        return tuple(block for _, block in self.walk() if isinstance(block, GapBox))

    def check_citations(self) -> None:
        """Refuse a citation that leads nowhere.

        Raises
        ------
        UnresolvedCitationError
            If a `Cite` names a number the citation list does not hold.
        """
        known = {citation.number for citation in self.citations}
        for section, block in self.walk():
            for part in _inlines(block):
                if isinstance(part, Cite) and part.number not in known:
                    raise UnresolvedCitationError(
                        "the citation leads to no document",
                        field=f"section {section.id}",
                        value=part.number,
                        remedy="Add the document to the policy envelope's citations, or drop the citation.",
                    )


def _sections(sections: tuple[Section, ...]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from _sections(section.sections)


def _inlines(block: Block) -> Iterator[Inline]:
    if isinstance(block, Paragraph):
        yield from block.inlines
    elif isinstance(block, Bullets):
        for item in block.items:
            yield from item
    elif isinstance(block, Table):
        for row in block.full or block.rows:
            for cell in row:
                yield from cell


__all__ = [
    "MISSING",
    "Align",
    "Block",
    "Bullets",
    "Cell",
    "Chart",
    "ChartKind",
    "ChartSeries",
    "Citation",
    "Cite",
    "Column",
    "Document",
    "Figure",
    "GapBox",
    "Inline",
    "Num",
    "Paragraph",
    "Section",
    "Table",
    "display",
]
