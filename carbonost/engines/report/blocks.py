"""Template blocks to document blocks: a table of rows, a list of metrics, a chart's series.

Every figure goes through `envelopes.figure`, so it keeps its envelope and path. A block that finds no
data returns None; the composer then states the gap.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.document import (
    Align,
    Block,
    Cell,
    Chart,
    ChartSeries,
    Cite,
    Column,
    Figure,
    Inline,
    Num,
    Paragraph,
    Table,
)
from carbonost.engines.report.envelopes import Found, figure, words
from carbonost.engines.report.labels import NAMES, input_name, label, shift_to
from carbonost.engines.report.slots import addresses, fill
from carbonost.engines.report.text import clean

if TYPE_CHECKING:
    from carbonost.engines.report.envelopes import Envelopes

PRINTED_ROWS: Final = 200
KEPT_ROWS: Final = 60


def text_block(block: dict[str, Any], envelopes: Envelopes) -> Block | None:
    """A paragraph; None where one of its figures has no data."""
    wanted = [*addresses(block["text"]), *block.get("when", ())]
    held = map(envelopes.find, wanted)
    if any(found is None or found.empty for found in held):
        return None
    return Paragraph(fill(block["text"], envelopes), block.get("style", "body"))


def metrics_block(block: dict[str, Any], envelopes: Envelopes, mark: str) -> Block | None:
    """Named metrics one below another, each with its unit, stage and the stage's confidence."""
    rows: list[tuple[Cell, ...]] = []
    held = 0
    for entry in block["metrics"]:
        found = envelopes.first(entry["at"])
        empty = found is None or found.empty
        if empty and entry.get("optional"):
            continue
        held += not empty
        stage = found.stage if found is not None else _addresses(entry["at"])[0].partition(".")[0]
        value, unit = _value_and_unit(found, entry)
        confidence = envelopes.find(f"{stage}.confidence")
        grade = figure(confidence, f"{stage}.confidence", digits=2) if confidence is not None else None
        rows.append(((entry["name"],), (value,), (unit,), (NAMES["stage"].get(stage, stage),), (grade or "—",)))
    if not held:
        return None
    columns = [
        Column("指标"),
        Column("数值", align="right"),
        Column("单位"),
        Column("来源"),
        Column("阶段置信度", align="right"),
    ]
    if all(row[4] == ("—",) for row in rows):
        columns, rows = columns[:3], [row[:3] for row in rows]
    if all(row[2] == ("—",) for row in rows):
        columns, rows = columns[:2] + columns[3:], [row[:2] + row[3:] for row in rows]
    return Table(mark, block.get("caption", "主要指标"), tuple(columns), tuple(rows), note=block.get("note", ""))


def _value_and_unit(found: Found | None, entry: dict[str, Any]) -> tuple[Num | str, str]:
    if found is None:
        _, unit = shift_to(entry.get("show"), None)
        return Num(_addresses(entry["at"])[0], None), unit or "—"
    num = figure(found, f"{found.stage}.{found.path}", entry.get("unit"), entry.get("show"), entry.get("digits", 2))
    if num is None:
        return words(found.value), "—"
    return num, num.unit or "—"


def _addresses(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def table_block(block: dict[str, Any], envelopes: Envelopes, mark: str) -> Block | None:
    """A table over the rows of an artifact; columns nobody filled are left out."""
    found = envelopes.first(block["table"])
    rows = _ordered(found.rows() if found is not None else [], block)
    rows = [row if isinstance(row.value, dict) else _named(row) for row in rows]
    if found is None or not rows:
        return None
    specs = [spec for spec in block["columns"] if _filled(spec, rows)]
    if not any(spec in specs for spec in block["columns"][:2]):
        return None
    columns = tuple(_column(spec) for spec in specs)
    body = tuple(tuple(_cell(spec, row) for spec in specs) for row in rows)
    total = _total(block, envelopes, specs)
    note = clean(block.get("note", ""))
    if total:
        note = f"{note}{_rounding_note(body, total, specs)}"
        body = (*body, total)
    caption = clean(block.get("caption", ""))
    if len(body) > block.get("limit", PRINTED_ROWS):
        name = f"{mark.replace(' ', '')}.csv"
        return Table(mark, caption, columns, body[:KEPT_ROWS], note, full=body, attachment=name)
    return Table(mark, caption, columns, body, note, total_row=bool(total))


def _named(row: Found) -> Found:
    return Found({"name": row.value}, row.stage, row.result_id, row.path)


def _ordered(rows: list[Found], block: dict[str, Any]) -> list[Found]:
    """Rows as the envelope has them; `keep` leaves out rows whose field of that name is false."""
    keep = block.get("keep")
    if not keep:
        return rows
    return [row for row in rows if isinstance(row.value, dict) and row.value.get(keep, True)]


def _get(spec: dict[str, Any], row: Found) -> Found | None:
    for key in _addresses(spec["key"]):
        found: Found | None = row
        for part in key.split("."):
            found = found.child(part) if found is not None else None
        if found is not None and found.value is not None:
            return found
    return None


def _filled(spec: dict[str, Any], rows: list[Found]) -> bool:
    return any(_get(spec, row) is not None for row in rows)


def _numeric(spec: dict[str, Any]) -> bool:
    return "digits" in spec or "unit" in spec


def _column(spec: dict[str, Any]) -> Column:
    unit = shift_to(spec.get("unit"), spec.get("show"))[1] if "unit" in spec else ""
    align: Align = "right" if _numeric(spec) else "left"
    return Column(spec["title"], unit, align)


def _cell(spec: dict[str, Any], row: Found) -> Cell:
    found = _get(spec, row)
    key = f"{row.stage}.{row.path.removeprefix('artifacts.')}.{_addresses(spec['key'])[0]}"
    if found is None:
        return (Num(key, None),) if _numeric(spec) and "empty" not in spec else (spec.get("empty", "—"),)
    if _numeric(spec):
        unit, show, digits = _unit(spec, row), spec.get("show"), spec.get("digits")
        if "share" in spec and unit is not None and not label(unit):
            show, digits = spec["share"], 1
        elif "significant" in spec:
            digits = decimals(found.value, spec["significant"])
        num = figure(found, key, unit, show, digits)
    elif spec.get("cite"):
        return _cites(found.value)
    elif spec.get("names"):
        return (_named_value(spec, found.value),)
    else:
        num = None if spec.get("text") else figure(found, key, row.value.get("unit"), None, spec.get("digits"))
    return (num,) if num is not None else (words(found.value),)


def decimals(value: Any, significant: int) -> int | None:
    """Decimal places at which a figure shows so many significant digits; None where it has no more than those."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value or not isfinite(value):
        return None
    number = Decimal(repr(value))
    places = max(0, significant - 1 - number.adjusted())
    return places if number != round(number, places) else None


def _named_value(spec: dict[str, Any], value: Any) -> str:
    """A coded value in Chinese: a unit, the inputs a user fills in, or a word of a vocabulary."""
    if spec["names"] == "unit":
        return label(str(value)) or str(spec.get("share", "—"))
    if spec["names"] == "input":
        fields = value if isinstance(value, list) else [value]
        return "、".join(input_name(str(field)) for field in fields) or "无"
    return NAMES[spec["names"]].get(str(value), words(value))


def _cites(numbers: Any) -> Cell:
    listed = numbers if isinstance(numbers, list) else [numbers]
    cites: tuple[Inline, ...] = tuple(Cite(str(number)) for number in listed)
    return cites or ("无",)


def _unit(spec: dict[str, Any], row: Found) -> str | None:
    """The column's unit, or the one the row itself names."""
    if spec.get("unit") is not None:
        return str(spec["unit"])
    unit = row.value.get(spec.get("unit_key", "unit"))
    return None if unit is None else str(unit)


def _total(block: dict[str, Any], envelopes: Envelopes, specs: list[dict[str, Any]]) -> tuple[Cell, ...]:
    """The total row, looked up in the envelope; nothing is added up here."""
    wanted = block.get("total")
    if not wanted:
        return ()
    cells: list[Cell] = []
    held = False
    for position, spec in enumerate(specs):
        address = next((wanted[key] for key in _addresses(spec["key"]) if key in wanted), None)
        found = envelopes.find(address) if address else None
        num = figure(found, address or "", spec.get("unit"), spec.get("show"), spec.get("digits")) if found else None
        held = held or num is not None
        cells.append(("合计",) if position == 0 else (num,) if num is not None else ("",))
    return tuple(cells) if held else ()


def _rounding_note(body: tuple[tuple[Cell, ...], ...], total: tuple[Cell, ...], specs: list[dict[str, Any]]) -> str:
    """The sentence due where printed parts do not add up to the printed total."""
    for position in range(1, len(specs)):
        last = total[position][0] if total[position] else ""
        if not isinstance(last, Num) or last.missing:
            continue
        parts = [cell[0] for row in body for cell in [row[position]] if isinstance(cell[0], Num)]
        if any(part.missing for part in parts):
            return "有分项数据缺失，合计为已核算部分。"
        printed = sum((Decimal(part.text.replace(",", "")) for part in parts), Decimal(0))
        apart = abs(printed - Decimal(last.text.replace(",", "")))
        if apart > Decimal(len(parts) + 1).scaleb(-(last.digits or 0)) / 2:
            return "分项之和与合计之差超出修约范围，请核对分项是否完整。"
        if apart:
            return "各数按四舍六入五成双修约，分项之和与合计的尾差由修约引起。"
    return ""


def figure_block(block: dict[str, Any], envelopes: Envelopes, mark: str, name: str) -> Block | None:
    """A chart over the rows of an artifact, or over single metrics where `data` lists addresses."""
    found = envelopes.first(block["data"])
    if found is None:
        return None
    rows = [row for row in found.rows() if isinstance(row.value, dict)][: block.get("limit", 400)]
    specs = [spec for spec in block["series"] if _filled(spec, rows)]
    if not rows or not specs or (block["figure"] in {"macc", "tornado"} and len(specs) < len(block["series"])):
        return None
    category = {"key": block["category"], "text": True, "names": block.get("names")}
    labels = tuple(_word(category, row) for row in rows)
    series = tuple(ChartSeries(spec.get("name", ""), tuple(_point(spec, row) for row in rows)) for spec in specs)
    unit = series[0].values[0].unit or next((num.unit for one in series for num in one.values if num.unit), "")
    y_title = clean(block.get("y_title", "")) + (f"（{unit}）" if unit else "")
    chart = Chart(block["figure"], labels, series, clean(block.get("x_title", "")), y_title)
    return Figure(mark, clean(block["caption"]), clean(block.get("alt", block["caption"])), chart, name)


def _word(spec: dict[str, Any], row: Found) -> str:
    cell = _cell({**spec, "names": spec.get("names") or ""}, row)[0]
    return cell if isinstance(cell, str) else ""


def _point(spec: dict[str, Any], row: Found) -> Num:
    cell = _cell({"digits": None, **spec}, row)[0]
    return cell if isinstance(cell, Num) else Num("", None)
