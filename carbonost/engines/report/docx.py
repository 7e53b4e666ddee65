"""A document as DOCX: Word's own styles, Chinese fonts readers have, repeated table heads, a filled contents list.

The file carries no font. Names are written for each script, so that Chinese text never falls back to
a Western face; `fonts` may name others (公文: 仿宋, 黑体).
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from carbonost._lazy import load
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
from carbonost.engines.report.columns import shares
from carbonost.engines.report.html import anchor
from carbonost.engines.report.labels import SEVERITY_NAMES
from carbonost.engines.report.markdown import notes
from carbonost.engines.report.text import runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

ACCENT: Final = "0B5C6B"
WASH: Final = "F2F6F7"
TEXT_MM: Final = 166
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)


class DocxFonts(NamedTuple):
    """Typefaces by role; `latin` sets figures and Western words."""

    body: str = "宋体"
    heading: str = "黑体"
    latin: str = "Times New Roman"


def to_docx(document: Document, pictures: Mapping[str, bytes], date: datetime, fonts: DocxFonts | None = None) -> bytes:
    """The document as DOCX bytes; the same bytes for the same arguments.

    Parameters
    ----------
    document : Document
    pictures : mapping of str to bytes
        PNG of each chart by name.
    date : datetime
        Date written into the properties.
    fonts : DocxFonts, optional
    """
    writer = _Writer(fonts or DocxFonts())
    writer.cover(document, date)
    writer.contents(document)
    for section in document.sections:
        writer.section(section, 1, pictures)
    writer.paragraph(
        (f"模板 {document.template}。结果编号：" + "；".join(f"{s} {r}" for s, r in document.hashes),), size=7.5
    )
    raw = io.BytesIO()
    writer.docx.save(raw)
    return _still(raw.getvalue())


class _Writer:
    """One DOCX being written."""

    def __init__(self, fonts: DocxFonts) -> None:
        self.fonts = fonts
        self.docx: Any = load("docx", "a report as DOCX").Document()
        self.shared: Any = load("docx.shared", "a report as DOCX")
        self.oxml: Any = load("docx.oxml", "a report as DOCX")
        self.qn: Any = load("docx.oxml.ns", "a report as DOCX").qn
        self.enum: Any = load("docx.enum.text", "a report as DOCX")
        self.bookmarks = 0
        self._page()
        self._styles()

    def element(self, tag: str, **attributes: str) -> Any:
        made = self.oxml.OxmlElement(tag)
        for name, value in attributes.items():
            made.set(self.qn(f"w:{name}"), value)
        return made

    def _page(self) -> None:
        mm = self.shared.Mm
        section = self.docx.sections[0]
        section.page_width, section.page_height = mm(210), mm(297)
        section.left_margin = section.right_margin = mm(22)
        section.top_margin, section.bottom_margin = mm(25), mm(22)
        section.different_first_page_header_footer = True
        head = section.header.paragraphs[0]
        self._field(head, 'STYLEREF "Heading 1"', "")
        head.add_run("\t\t")
        foot = section.footer.paragraphs[0]
        foot.alignment = self.enum.WD_ALIGN_PARAGRAPH.CENTER
        for words, field in (("第 ", "PAGE"), (" 页 / 共 ", "NUMPAGES"), (" 页", None)):
            foot.add_run(words)
            if field:
                self._field(foot, field, "1")

    def _styles(self) -> None:
        sizes = {"Normal": 10.5, "Title": 26, "Subtitle": 14, "Heading 1": 17, "Heading 2": 13, "Heading 3": 11,
                 "Caption": 9, "Header": 8, "Footer": 8, "List Bullet": 10.5}  # fmt: skip
        for name, size in sizes.items():
            style = self.docx.styles[name]
            style.font.size = self.shared.Pt(size)
            plain = name in {"Normal", "List Bullet"}
            self._font(style.element.get_or_add_rPr(), self.fonts.body if plain else self.fonts.heading)
            style.font.bold = style.font.italic = False
            colour = "222222" if plain or name in {"Header", "Footer"} else ACCENT
            style.font.color.rgb = self.shared.RGBColor.from_string(colour)
        normal = self.docx.styles["Normal"]
        normal.paragraph_format.space_after = self.shared.Pt(6)
        normal.paragraph_format.line_spacing = 1.35
        normal.element.get_or_add_rPr().append(self.element("w:lang", val="en-US", eastAsia="zh-CN"))
        caption = self.docx.styles["Caption"].paragraph_format
        caption.keep_with_next, caption.space_before, caption.space_after = True, self.shared.Pt(8), self.shared.Pt(3)

    def _font(self, properties: Any, east_asian: str) -> None:
        fonts = properties.get_or_add_rFonts()
        for name in list(fonts.attrib):
            del fonts.attrib[name]
        latin = self.fonts.latin
        for script, name in (("ascii", latin), ("hAnsi", latin), ("eastAsia", east_asian), ("cs", latin)):
            fonts.set(self.qn(f"w:{script}"), name)

    def cover(self, document: Document, date: datetime) -> None:
        properties = self.docx.core_properties
        properties.title, properties.subject, properties.author = document.title, document.template, "carbonost"
        properties.created = properties.modified = date.replace(tzinfo=None)
        properties.comments = "\n".join(f"{stage} {result_id[:16]}" for stage, result_id in document.hashes)[:255]
        head = f"{document.title}　{document.banner}".strip("　")
        self.docx.sections[0].header.paragraphs[0].add_run(head)
        properties.last_modified_by, properties.revision, properties.language = "carbonost", 1, "zh-CN"
        for _ in range(6):
            self.docx.add_paragraph()
        self.paragraph((document.title,), style="Title")
        if document.subtitle:
            self.paragraph((document.subtitle,), style="Subtitle")
        for name, value in document.facts:
            self.paragraph((f"{name}：{value}",))
        if document.notice:
            self.paragraph((document.notice,), size=9)
        self.docx.add_page_break()

    def contents(self, document: Document) -> None:
        """A contents field whose result, a list of links, is already there; renewing it adds page numbers."""
        self.paragraph(("目录",), style="Subtitle")
        listed = list(_headings(document.sections))
        for position, (level, section) in enumerate(listed):
            line = self.docx.add_paragraph()
            line.paragraph_format.left_indent = self.shared.Mm(6 * (level - 1))
            line.paragraph_format.space_after = self.shared.Pt(2)
            if position == 0:
                self._field_begin(line, r'TOC \o "1-2" \h \z \u')
            before = len(line.runs)
            self._runs(line, (_heading(section),))
            link = self.element("w:hyperlink", anchor=_bookmark(section), history="1")
            for run in line.runs[before:]:
                link.append(run._r)  # noqa: SLF001 -- python-docx writes no hyperlinks
            line._p.append(link)  # noqa: SLF001
            if position == len(listed) - 1:
                self._char(line, "end")
        self.docx.add_page_break()

    def section(self, section: Section, level: int, pictures: Mapping[str, bytes]) -> None:
        heading = self.docx.add_heading(level=min(level, 3))
        self.bookmarks += 1
        mark = str(self.bookmarks)
        heading._p.append(self.element("w:bookmarkStart", id=mark, name=_bookmark(section)))  # noqa: SLF001
        self._runs(heading, (_heading(section),))
        heading._p.append(self.element("w:bookmarkEnd", id=mark))  # noqa: SLF001
        for block in section.blocks:
            self.block(block, pictures)
        for inner in section.sections:
            self.section(inner, level + 1, pictures)

    def block(self, block: Block, pictures: Mapping[str, bytes]) -> None:
        if isinstance(block, Paragraph):
            self.paragraph(block.inlines, size=9 if block.style == "note" else None)
        elif isinstance(block, Bullets):
            for item in block.items:
                self.paragraph(item, style="List Bullet")
        elif isinstance(block, Table):
            self.table(block)
        elif isinstance(block, Figure):
            self.figure(block, pictures[block.name])
        else:
            self.gap(block)

    def paragraph(self, cell: Cell, style: str | None = None, size: float | None = None) -> Any:
        line = self.docx.add_paragraph(style=style)
        self._runs(line, cell, size)
        return line

    def _runs(self, line: Any, cell: Cell, size: float | None = None) -> None:
        for part in cell:
            shown = part.text if isinstance(part, Num) else f"[{part.number}]" if isinstance(part, Cite) else part
            for level, piece in runs(shown):
                run = line.add_run(piece)
                if level == "sub":
                    run.font.subscript = True
                elif level == "sup":
                    run.font.superscript = True
                if size:
                    run.font.size = self.shared.Pt(size)

    def table(self, table: Table) -> None:
        self.paragraph((f"{table.label}　{table.caption}",), style="Caption")
        made = self.docx.add_table(rows=0, cols=len(table.columns))
        made.autofit = False
        widths = [self.shared.Mm(TEXT_MM * share) for share in shares(table)]
        for column, width in zip(made.columns, widths, strict=True):
            column.width = width
        borders = self.element("w:tblBorders")
        for side, width in (("top", "8"), ("bottom", "8"), ("insideH", "4")):
            borders.append(
                self.element(f"w:{side}", val="single", sz=width, color="C9D1D6" if side == "insideH" else "222222")
            )
        made._tbl.tblPr.append(borders)  # noqa: SLF001
        heads = tuple((f"{c.title}（{c.unit}）" if c.unit else c.title,) for c in table.columns)
        self._row(made, heads, table, widths, head=True)
        for row in table.rows:
            self._row(made, row, table, widths)
        for note in notes(table):
            self.paragraph((f"注：{note}",), size=8.5)
        if not notes(table):
            self.docx.add_paragraph().paragraph_format.space_after = self.shared.Pt(2)

    def _row(self, made: Any, cells: tuple[Cell, ...], table: Table, widths: list[Any], *, head: bool = False) -> None:
        row = made.add_row()
        properties = row._tr.get_or_add_trPr()  # noqa: SLF001 -- python-docx offers neither
        properties.append(self.element("w:cantSplit"))
        if head:
            properties.append(self.element("w:tblHeader"))
        align = self.enum.WD_ALIGN_PARAGRAPH
        for target, cell, column, width in zip(row.cells, cells, table.columns, widths, strict=True):
            target.width = width
            line = target.paragraphs[0]
            line.paragraph_format.space_after, line.paragraph_format.line_spacing = self.shared.Pt(1), 1.1
            line.alignment = align.RIGHT if column.align == "right" else align.LEFT
            self._runs(line, cell, 8.5)
            if head:
                target._tc.get_or_add_tcPr().append(self.element("w:shd", val="clear", color="auto", fill=WASH))  # noqa: SLF001

    def figure(self, figure: Figure, png: bytes) -> None:
        line = self.docx.add_paragraph()
        line.alignment = self.enum.WD_ALIGN_PARAGRAPH.CENTER
        line.paragraph_format.keep_with_next = True
        picture = line.add_run().add_picture(io.BytesIO(png), width=self.shared.Mm(160))
        picture._inline.docPr.set("descr", figure.alt)  # noqa: SLF001 -- alternative text
        caption = self.paragraph((f"{figure.label}　{figure.caption}",), style="Caption")
        caption.alignment, caption.paragraph_format.keep_with_next = self.enum.WD_ALIGN_PARAGRAPH.CENTER, False

    def gap(self, box: GapBox) -> None:
        made = self.docx.add_table(rows=1, cols=1)
        made.style = "Table Grid"
        made.rows[0]._tr.get_or_add_trPr().append(self.element("w:cantSplit"))  # noqa: SLF001
        cell = made.rows[0].cells[0]
        cell._tc.get_or_add_tcPr().append(self.element("w:shd", val="clear", color="auto", fill="FDF6E9"))  # noqa: SLF001
        self._runs(cell.paragraphs[0], (f"数据缺口（严重度：{SEVERITY_NAMES[box.severity]}）　{box.missing}",), 9.5)
        self._runs(cell.add_paragraph(), (f"影响：{box.impact}。补救：{box.workaround or '—'}。",), 9)
        self.docx.add_paragraph()

    def _field_begin(self, line: Any, instruction: str) -> None:
        self._char(line, "begin")
        self._instruction(line, instruction)
        self._char(line, "separate")

    def _field(self, line: Any, instruction: str, result: str) -> None:
        self._field_begin(line, instruction)
        line.add_run(result)
        self._char(line, "end")

    def _char(self, line: Any, kind: str) -> None:
        line.add_run()._r.append(self.element("w:fldChar", fldCharType=kind))  # noqa: SLF001

    def _instruction(self, line: Any, instruction: str) -> None:
        text = self.element("w:instrText")
        text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        text.text = f" {instruction} "
        line.add_run()._r.append(text)  # noqa: SLF001


def _heading(section: Section) -> str:
    return f"{section.number}{'' if section.number.endswith('、') else '　'}{section.title}"


def _headings(sections: tuple[Section, ...], level: int = 1) -> Iterator[tuple[int, Section]]:
    for section in sections:
        yield level, section
        if level == 1:
            yield from _headings(section.sections, 2)


def _bookmark(section: Section) -> str:
    return "_" + re.sub(r"\W", "_", anchor(section))[:38]


def _still(raw: bytes) -> bytes:
    """The same package with fixed dates inside the archive."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(entry, source.read(name))
    return made.getvalue()
