"""A template and envelopes to a document: chapters in fixed order, numbered, gaps stated.

A chapter without data keeps its number and says what is missing. The gap list, the figure index and
the citation list are filled last, because they list what the other chapters printed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.document import Block, Document, Figure, GapBox, Paragraph, Section, Table
from carbonost.engines.report.blocks import figure_block, metrics_block, table_block, text_block
from carbonost.engines.report.envelopes import Envelopes, resolve, words
from carbonost.engines.report.records import block_caption, citations, records_block
from carbonost.engines.report.slots import fill
from carbonost.engines.report.text import clean
from carbonost.errors import InputError, UnresolvedFigureError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.engines.report.registry import Template

_LATE: Final = frozenset({"gaps", "figures"})
_CHINESE: Final = "〇一二三四五六七八九"


@dataclass(slots=True)
class _Composer:
    """The state of one pass: counters of the current chapter and what was printed so far."""

    envelopes: Envelopes
    audience: str
    numbering: str
    narrative: Mapping[str, str]
    tables: int = 0
    figures: int = 0
    chapter: str = ""
    draft: Document | None = None
    used: set[str] = field(default_factory=set)

    def section(self, spec: dict[str, Any], number: str, depth: str, *, top: bool) -> Section:
        if top:
            self.chapter, self.tables, self.figures = number, 0, 0
        blocks: list[Block] = []
        if spec["id"] in self.narrative:
            self.used.add(spec["id"])
            blocks.append(Paragraph(fill(self.narrative[spec["id"]], self.envelopes)))
        for block in spec.get("blocks", ()):
            if self._wanted(block, depth, spec["id"]):
                made = self._block(block, number)
                blocks.extend([made] if made is not None else [])
        inner = [child for child in spec.get("sections", ()) if _depth(child, self.audience, depth) is not None]
        sections = tuple(
            self.section(child, f"{number}.{i}", _depth(child, self.audience, depth) or "F", top=False)
            for i, child in enumerate(inner, 1)
        )
        sections = tuple(one for one in sections if one.blocks or one.sections)
        sections = tuple(replace(one, number=f"{number}.{i}") for i, one in enumerate(sections, 1))
        if not blocks and not sections and top:
            blocks.append(self._gap(spec.get("gap") or {}, number))
        return Section(spec["id"], self._shown(number, top=top), spec["title"], tuple(blocks), sections)

    def _shown(self, number: str, *, top: bool) -> str:
        return f"{_chinese(int(number))}、" if self.numbering == "chinese" and top else number

    def _wanted(self, block: dict[str, Any], depth: str, section: str) -> bool:
        if block.get("narrative") and section in self.narrative:
            return False
        return block.get("depth", depth) == depth and self.audience in block.get("only", [self.audience])

    def _block(self, block: dict[str, Any], number: str) -> Block | None:
        made = self._make(block)
        if made is None and "gap" in block:
            made = self._gap(block["gap"], number)
        elif made is None and "otherwise" in block:
            made = Paragraph((block["otherwise"],), "note")
        if isinstance(made, Table):
            self.tables += 1
        elif isinstance(made, Figure):
            self.figures += 1
        return made

    def _make(self, block: dict[str, Any]) -> Block | None:
        table = f"表 {self.chapter}-{self.tables + 1}"
        if "text" in block:
            return text_block(block, self.envelopes)
        if "metrics" in block:
            return metrics_block(block, self.envelopes, table)
        if "table" in block:
            return table_block(block, self.envelopes, table)
        if "figure" in block:
            place = f"{self.chapter}-{self.figures + 1}"
            return figure_block(block, self.envelopes, f"图 {place}", f"figure-{place}")
        kind, caption = block["records"], block_caption(block["records"], block.get("caption"))
        boxes, nums = (self.draft.gaps(), tuple(self.draft.nums())) if self.draft is not None else ((), ())
        if kind in _LATE and self.draft is None:
            return Paragraph(("",))  # keeps the place until the second pass
        return records_block(kind, self.envelopes, table, caption, boxes=boxes, nums=nums)

    def _gap(self, gap: dict[str, Any], number: str) -> GapBox:
        return GapBox(
            gap.get("missing", "本章所需数据"),
            gap.get("impact", "本章未评估，相关结论不可用"),
            gap.get("severity", "medium"),
            gap.get("workaround", "补充数据后重新生成报告"),
            number.partition(".")[0],
        )


def compose(template: Template, data: Mapping[str, Any], audience: str | None = None) -> tuple[Document, Envelopes]:
    """The document of one report.

    Parameters
    ----------
    template : Template
    data : mapping
        Envelopes by stage, plus ``meta``, ``narrative`` and ``report_template`` (see the package).
    audience : str or None
        One of the template's audiences; None takes ``report_template``, else the first.

    Raises
    ------
    UnresolvedFigureError
        If a printed figure cannot be read back from its envelope.
    UnresolvedCitationError
        If a citation leads to no document.
    """
    envelopes = Envelopes(data)
    audience = _audience(template, data, audience)
    meta = data.get("meta") or {}
    narrative = data.get("narrative") or {}
    draft: Document | None = None
    for _ in range(2):  # the second pass knows what the first one printed
        composer = _Composer(envelopes, audience, template.numbering, narrative, draft=draft)
        chapters = [spec for spec in template.sections if _depth(spec, audience, "F") is not None]
        sections = tuple(
            composer.section(spec, str(i), _depth(spec, audience, "F") or "F", top=True)
            for i, spec in enumerate(chapters, 1)
        )
        draft = _document(template, audience, meta, sections, envelopes)
    assert draft is not None  # noqa: S101 -- two passes ran
    _check_narrative(narrative, composer.used)
    check_figures(draft, envelopes)
    draft.check_citations()
    return draft, envelopes


def _chinese(number: int) -> str:
    """A chapter's number in Chinese, to 99."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_CHINESE[tens]}十"
    return head + (_CHINESE[ones] if ones else "")


def _check_narrative(narrative: Mapping[str, str], used: set[str]) -> None:
    if unknown := sorted(set(narrative) - used):
        raise InputError("the report has no such section", "narrative", unknown[0], f"Sections: {', '.join(used)}.")


def _document(
    template: Template, audience: str, meta: Mapping[str, Any], sections: tuple[Section, ...], envelopes: Envelopes
) -> Document:
    names = (
        ("核算主体", "organization"),
        ("园区", "park_name"),
        ("核算期间", "period"),
        ("编制单位", "prepared_by"),
        ("编制日期", "date"),
    )
    facts = [(name, words(meta[key])) for name, key in names if meta.get(key)]
    if template.basis:
        facts.append(("编制依据", template.basis))
    notices = [clean(str(meta["notice"]))] if meta.get("notice") else []
    if template.status == "draft":
        notices.append("模板尚未与主管部门发布的正式文本逐条核对，提交前请核对。")
    version = template.audiences.get(audience, "")
    return Document(
        kind=template.kind,
        audience=audience,
        template=template.id,
        title=clean(str(meta.get("title") or template.title)),
        subtitle=f"{clean(str(meta.get('park_name') or meta.get('organization') or ''))}　{version}".strip("　"),
        facts=tuple(facts),
        sections=sections,
        citations=citations(envelopes),
        hashes=envelopes.hashes,
        notice=" ".join(notices),
        banner=re.split("[，。；;,.]", notices[0])[0] if meta.get("notice") else "",
        date=str(meta.get("date") or ""),
    )


def _audience(template: Template, data: Mapping[str, Any], given: str | None) -> str:
    asked = given or data.get("report_template")
    if asked is None:
        return next(iter(template.audiences), "")
    if template.audiences and asked not in template.audiences:
        raise InputError(
            "this report has no such version", "report_template", asked, f"Versions: {', '.join(template.audiences)}."
        )
    return str(asked) if template.audiences else ""


def _depth(spec: dict[str, Any], audience: str, inherited: str) -> str | None:
    """F (full), S (short), or None where the audience does not get the section."""
    depth = spec.get("depth")
    if depth is None:
        return inherited
    shown = depth.get(audience) if isinstance(depth, dict) else depth
    return None if shown in (None, "-") else str(shown)


def check_figures(document: Document, envelopes: Envelopes) -> None:
    """Read every printed figure back from its envelope.

    Raises
    ------
    UnresolvedFigureError
        If a figure has a value but no place, or the place holds another value.
    """
    bodies = {body["result_id"]: body for body in envelopes.stages.values()}
    for num in document.nums():
        if num.missing:
            continue
        held = resolve(bodies.get(num.result_id), num.path)
        if held != num.value:
            raise UnresolvedFigureError("the figure is not what its envelope holds", field=num.key, value=num.value)


def figure_index(document: Document) -> list[dict[str, Any]]:
    """Every printed figure with its text, unit and place: what ``figures.json`` holds."""
    seen: dict[tuple[str, str, str, str], dict[str, Any]] = {}
    for num in document.nums():
        if num.missing:
            continue
        entry = {
            "key": num.key,
            "text": num.text,
            "unit": num.unit,
            "digits": num.digits,
            "shift": num.shift,
            "result_id": num.result_id,
            "path": num.path,
        }
        seen.setdefault((num.result_id, num.path, num.text, num.unit), entry)
    return list(seen.values())
