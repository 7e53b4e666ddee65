"""A document as Markdown: plain UTF-8, the same bytes for the same document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from carbonost.domain.document import (
    Block,
    Bullets,
    Cell,
    Cite,
    Document,
    Figure,
    GapBox,
    Num,
    Paragraph,
    Section,
    Table,
)
from carbonost.engines.report.labels import SEVERITY_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|#])")


def to_markdown(document: Document) -> str:
    """The document's Markdown.

    Charts are links to ``figures/<name>.svg`` beside the file, with their alternative text.
    """
    return "\n".join(_lines(document)).rstrip("\n") + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield f"# {_escape(document.title)}"
    yield ""
    if document.subtitle:
        yield from (f"**{_escape(document.subtitle)}**", "")
    for name, value in document.facts:
        yield f"- {_escape(name)}：{_escape(value)}"
    if document.facts:
        yield ""
    if document.notice:
        yield from (f"> {_escape(document.notice)}", "")
    for section in document.sections:
        yield from _section(section, 2)
    yield "---"
    yield f"模板 {_escape(document.template)}；结果编号："
    yield ""
    for stage, result_id in document.hashes:
        yield f"- {_escape(stage)}: `{result_id}`"


def _section(section: Section, level: int) -> Iterator[str]:
    yield f"{'#' * level} {section.number}{'' if section.number.endswith('、') else ' '}{_escape(section.title)}"
    yield ""
    for block in section.blocks:
        yield from _block(block)
        yield ""
    for inner in section.sections:
        yield from _section(inner, level + 1)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Paragraph):
        yield _cell(block.inlines)
    elif isinstance(block, Bullets):
        yield from (f"- {_cell(item)}" for item in block.items)
    elif isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Figure):
        yield f"![{_escape(block.alt)}](figures/{block.name}.svg)"
        yield ""
        yield f"**{block.label}　{_escape(block.caption)}**"
    else:
        yield from _gap(block)


def _gap(box: GapBox) -> Iterator[str]:
    yield f"> **数据缺口（严重度：{SEVERITY_NAMES[box.severity]}）** {_escape(box.missing)}"
    yield ">"
    yield f"> 影响：{_escape(box.impact)}。补救：{_escape(box.workaround or '—')}。"


def _table(table: Table) -> Iterator[str]:
    yield f"**{table.label}　{_escape(table.caption)}**"
    yield ""
    heads = (f"{column.title}（{column.unit}）" if column.unit else column.title for column in table.columns)
    yield "| " + " | ".join(map(_escape, heads)) + " |"
    rules = {"left": ":---", "right": "---:", "center": ":---:"}
    yield "| " + " | ".join(rules[column.align] for column in table.columns) + " |"
    for row in table.rows:
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"
    for note in notes(table):
        yield ""
        yield f"注：{_escape(note)}"


def notes(table: Table) -> list[str]:
    """What stands under a table: its note, and where the rows are that print left out."""
    cut = (
        f"共 {len(table.full)} 行，此处列前 {len(table.rows)} 行，全表见随附 tables/{table.attachment}。"
        if table.full
        else ""
    )
    return [note for note in (table.note, cut) if note]


def _cell(cell: Cell) -> str:
    parts = []
    for part in cell:
        if isinstance(part, Num):
            parts.append(part.text)
        elif isinstance(part, Cite):
            parts.append(f"\\[{part.number}\\]")
        else:
            parts.append(_escape(part))
    return "".join(parts)


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text.replace("\n", " "))
