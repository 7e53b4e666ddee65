"""What every report owes its reader: assumptions, evidence, gaps, reviews, versions, figures, citations.

These tables are read from all envelopes alike, in the order the envelopes were given.
"""

from __future__ import annotations

import hashlib
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.document import Cell, Citation, Cite, Column, GapBox, Num, Table
from carbonost.engines.report.assumptions import assumption_name
from carbonost.engines.report.envelopes import Found, figure, words
from carbonost.engines.report.labels import NAMES, PARAMETER_NAMES, checked, input_name, label
from carbonost.engines.report.text import clean
from carbonost.errors import InputError, UnresolvedCitationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carbonost.engines.report.envelopes import Envelopes

EXCERPT_LIMIT: Final = 200
Rows = tuple[tuple[Cell, ...], ...]


def records_block(
    kind: str, envelopes: Envelopes, label_: str, caption: str, *, boxes: Sequence[GapBox], nums: Sequence[Num]
) -> Table | None:
    """One of the common tables, or None where there is nothing to list."""
    if kind == "gaps":
        columns, rows = _gap_list(envelopes, boxes)
    elif kind == "figures":
        columns, rows = _figure_index(nums)
    elif kind in _TABLES:
        columns, rows = _TABLES[kind](envelopes)
    else:
        raise InputError("no such records block", "records", kind, f"Known: gaps, figures, {', '.join(_TABLES)}.")
    if not rows:
        return None
    kept = [i for i in range(len(columns)) if any(row[i] != ("—",) for row in rows)]
    narrow = tuple(tuple(row[i] for i in kept) for row in rows)
    return Table(label_, caption, tuple(columns[i] for i in kept), narrow)


def _each(envelopes: Envelopes, part: str) -> Iterator[Found]:
    for stage in envelopes.stages:
        found = envelopes.find(f"{stage}.{part}")
        yield from (row for row in (found.rows() if found is not None else []) if isinstance(row.value, dict))


def _stage(found: Found) -> str:
    return NAMES["stage"].get(found.stage, found.stage)


def _of(found: Found, *keys: str, vocabulary: str = "") -> str:
    value = next((found.value[key] for key in keys if found.value.get(key) not in (None, "")), None)
    if value is None:
        return "—"
    return NAMES.get(vocabulary, {}).get(str(value), words(value))


def _value(found: Found) -> Cell:
    num = figure(found, f"{found.stage}.{found.path.removeprefix('artifacts.')}", digits=None)
    return (num,) if num is not None else (words(found.value.get("value")),)


def _assumptions(envelopes: Envelopes) -> tuple[tuple[Column, ...], Rows]:
    columns = (Column("阶段"), Column("假设"), Column("取值", align="right"), Column("单位"), Column("理由"),
               Column("敏感性"))  # fmt: skip
    rows = []
    for found in _each(envelopes, "assumptions"):
        value = _value(found)
        unit = label(found.value.get("unit")) or "—"
        sensitivity = _of(found, "sensitivity", vocabulary="severity")
        rows.append(
            (
                (_stage(found),),
                (assumption_name(_of(found, "name")),),
                value,
                (unit,),
                (checked(_of(found, "rationale")),),
                (sensitivity,),
            )
        )
    return columns, tuple(rows)


def _key_assumptions(envelopes: Envelopes) -> tuple[tuple[Column, ...], Rows]:
    """The assumptions much hangs on."""
    columns, rows = _assumptions(envelopes)
    return columns, tuple(row for row in rows if row[-1] == (NAMES["severity"]["high"],))


def _evidence(envelopes: Envelopes) -> tuple[tuple[Column, ...], Rows]:
    """Documents and tables; entries that differ in their id alone share a row."""
    columns = (Column("阶段"), Column("类型"), Column("编号"), Column("版本"), Column("日期"), Column("说明"))
    rows: dict[tuple[str, ...], list[str]] = {}
    for found in _each(envelopes, "evidence"):
        kind = _of(found, "type", vocabulary="evidence")
        told = (_stage(found), kind, *(checked(_of(found, part)) for part in ("version", "ts", "note")))
        alone = () if told[-1] != "—" else (_of(found, "id"),)
        rows.setdefault((*told, *alone), []).append(_of(found, "id"))
    return columns, tuple(
        ((key[0],), (key[1],), (_together(ids),), (key[2],), (key[3],), (key[4],)) for key, ids in rows.items()
    )


def _together(ids: list[str]) -> str:
    """Several ids as one text, what they begin with said once: ``a.（x、y、z）``."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(min(ids), max(ids), strict=False))
    start = "".join(char for char, _ in alike) if len(ids) > 2 else ""  # noqa: PLR2004 -- two ids are short as they are
    start = start[: max(start.rfind("/"), start.rfind(".")) + 1]
    return f"{start}（{'、'.join(one.removeprefix(start) for one in ids)}）" if start else "、".join(ids)


def _gap_list(envelopes: Envelopes, boxes: Sequence[GapBox]) -> tuple[tuple[Column, ...], Rows]:
    """Gaps, the gravest first; one that several stages state stands once, with all of them."""
    columns = (Column("来源"), Column("缺失内容"), Column("影响"), Column("严重度"),
               Column("补救措施"))  # fmt: skip
    told: dict[tuple[str, str, str, str], list[str]] = {}
    for box in boxes:
        said = (box.missing, box.impact, NAMES["severity"][box.severity], box.workaround or "—")
        told.setdefault(said, []).append(f"第 {box.section} 章")
    for found in _each(envelopes, "data_gaps"):
        severity = _of(found, "severity", vocabulary="severity")
        missing, impact, remedy = (checked(_of(found, part)) for part in ("missing", "impact", "workaround"))
        said = (input_name(missing), impact, severity, remedy)
        told.setdefault(said, []).append(_stage(found))
    rank = {"高": 0, "中": 1, "低": 2}
    ordered = sorted(told, key=lambda said: rank.get(said[2], 3))
    return columns, tuple((("、".join(dict.fromkeys(told[said])),), *((part,) for part in said)) for said in ordered)


def _checkpoints(envelopes: Envelopes) -> tuple[tuple[Column, ...], Rows]:
    columns = (
        Column("复核点"),
        Column("状态"),
        Column("复核人"),
        Column("触发原因"),
        Column("可改字段"),
    )
    rows = tuple(
        (
            (_of(found, "checkpoint", "checkpoint_id", "id"),),
            (_of(found, "status", vocabulary="status"),),
            (_of(found, "by", "reviewer"),),
            (_of(found, "trigger_reason", "reason"),),
            (_of(found, "editable_fields"),),
        )
        for found in _each(envelopes, "human_checkpoints")
    )
    return columns, rows


def _reproducibility(envelopes: Envelopes) -> tuple[tuple[Column, ...], Rows]:
    columns = (
        Column("阶段"),
        Column("模型版本"),
        Column("参数版本"),
        Column("求解器"),
        Column("结果编号（SHA-256）"),
    )
    rows = []
    for stage, result_id in envelopes.hashes:
        found = envelopes.find(f"{stage}.reproducibility")
        versions = ["—"] * 3
        if found is not None and isinstance(found.value, dict):
            versions = [_of(found, key) for key in ("model_version", "param_version", "solver_version")]
        rows.append(((NAMES["stage"].get(stage, stage),), *((version,) for version in versions), (result_id,)))
    return columns, tuple(rows)


def _confidence(envelopes: Envelopes) -> tuple[tuple[Column, ...], Rows]:
    columns = (
        Column("阶段"),
        Column("置信度", align="right"),
        Column("高严重度缺口"),
        Column("结果编号"),
    )
    rows = []
    for stage, result_id in envelopes.hashes:
        found = envelopes.find(f"{stage}.confidence")
        num = figure(found, f"{stage}.confidence", digits=2) if found is not None else None
        gaps = envelopes.stages[stage].get("data_gaps") or ()
        grave = "有" if any(gap.get("severity") == "high" for gap in gaps) else "无"
        rows.append(((NAMES["stage"].get(stage, stage),), (num or "—",), (grave,), (result_id[:16],)))
    return columns, tuple(rows)


def _parameters(envelopes: Envelopes) -> tuple[tuple[Column, ...], Rows]:
    """Scenario parameters used, as the finance stage recorded them."""
    columns = (
        Column("参数"),
        Column("取值", align="right"),
        Column("单位"),
        Column("来源"),
        Column("参数编号"),
    )
    found = envelopes.first(["finance.artifacts.scenario_params_used", "baseline.artifacts.scenario_params_used"])
    rows = []
    for row in found.rows() if found is not None else []:
        value = _value(row) if row.value.get("value") is not None else ("未给出",)
        name = str(row.value.get("label") or row.value.get("name"))
        shown, unit = PARAMETER_NAMES.get(name, (name, ""))
        unit = label(row.value.get("unit") or unit) or "—"
        rows.append(((shown,), value, (unit,), (_of(row, "source", "default_source"),), (clean(name),)))
    return columns, tuple(rows)


def _citations(envelopes: Envelopes) -> tuple[tuple[Column, ...], Rows]:
    columns = (Column("编号"), Column("文件"), Column("条款"), Column("生效日期"), Column("原文摘录"))
    rows = tuple(
        ((Cite(one.number),), (one.title,), (one.clause or "—",), (one.effective or "—",), (one.excerpt or "—",))
        for one in citations(envelopes)
    )
    return columns, rows


def citations(envelopes: Envelopes) -> tuple[Citation, ...]:
    """The policy envelope's citation list.

    Raises
    ------
    UnresolvedCitationError
        If an entry has no title, quotes more than 200 characters, or does not match its hash.
    """
    found = envelopes.first(["policy.artifacts.citations", "report.artifacts.citations"])
    listed = []
    for row in found.rows() if found is not None else []:
        body = row.value
        number, excerpt = str(body.get("citation_no", body.get("number", ""))), str(body.get("excerpt") or "")
        if not number or not body.get("title"):
            raise UnresolvedCitationError("a citation needs a number and a title", field=row.path, value=number)
        if len(excerpt) > EXCERPT_LIMIT:
            raise UnresolvedCitationError(
                f"the excerpt is longer than {EXCERPT_LIMIT} characters", row.path, number, "Quote the clause alone."
            )
        stored = body.get("excerpt_sha256")
        if excerpt and stored and hashlib.sha256(excerpt.encode()).hexdigest() != stored:
            raise UnresolvedCitationError(
                "the excerpt is not the text its hash was taken of", row.path, number, "Quote it word for word."
            )
        clause, effective = (
            body.get("clause_no") or body.get("clause"),
            body.get("effective_from") or body.get("effective"),
        )
        listed.append(
            Citation(number, clean(str(body["title"])), clean(str(clause or "")), str(effective or ""), excerpt,
                     str(body.get("doc_id") or ""))
        )  # fmt: skip
    return tuple(listed)


def _figure_index(nums: Sequence[Num]) -> tuple[tuple[Column, ...], Rows]:
    """Where each single figure of the report stands; table rows are indexed in figures.json."""
    columns = (Column("指标"), Column("数值", align="right"), Column("单位"), Column("结果编号"))
    seen: dict[tuple[str, str, str], Num] = {}
    for num in nums:
        if num.result_id and "[" not in num.path:
            seen.setdefault((num.path, num.text, num.unit), num)
    rows = tuple(
        ((num.key.replace(".metrics.", "."),), (num,), (num.unit or "—",), (num.result_id[:16],))
        for num in seen.values()
    )
    return columns, rows


_TABLES: Final[dict[str, Callable[[Envelopes], tuple[tuple[Column, ...], Rows]]]] = {
    "assumptions": _assumptions,
    "key_assumptions": _key_assumptions,
    "evidence": _evidence,
    "checkpoints": _checkpoints,
    "reproducibility": _reproducibility,
    "confidence": _confidence,
    "parameters": _parameters,
    "citations": _citations,
}


def block_caption(kind: str, given: Any) -> str:
    """The caption of a records table, unless the template has its own."""
    return str(given) if given else _CAPTIONS.get(kind, kind)


_CAPTIONS: Final = {
    "assumptions": "假设清单", "evidence": "证据清单", "gaps": "数据缺口清单", "figures": "数值索引",
    "checkpoints": "人工复核记录", "reproducibility": "可复算信息", "confidence": "各阶段置信度",
    "parameters": "情景参数", "citations": "引用文件清单",
}  # fmt: skip
