"""Prose with slots: words come from a template or a language model, figures from envelopes.

A slot is ``{{stage.metric}}``, ``{{stage.metric|unit|digits}}`` or ``{{cite:number}}``. There is no other syntax:
no arithmetic, no condition, no call. A numeral outside a slot is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from carbonost.domain.document import Cell, Cite, Inline
from carbonost.engines.report.envelopes import words
from carbonost.engines.report.text import clean
from carbonost.errors import InputError, UnresolvedFigureError

if TYPE_CHECKING:
    from carbonost.engines.report.envelopes import Envelopes

_SLOT: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_ADDRESS: Final = re.compile(r"[a-z_]+(\.[A-Za-z0-9_\-]+)+")
_ALLOWED: Final = re.compile(
    r"CO[2₂]e?|CH4|N2O|SF6|NF3|PM2\.5|PM10|P(?:5|50|95)\b|AR[456]\b|S[123]\b|[Ss]cope ?[123]|范围 ?[123]"
    r"|(?:GB/T|GB|ISO(?:/\w+)?|DL/T|HJ|JR/T|DB\d\d(?:/T)?|T/[A-Z]+|IEC) ?[\d.]+(?:[-–—:]\d+)*"
    r"|[〔\[(（]\d{4}[〕\])）] ?\d+ ?号|第 ?[\d.]+ ?[条款章节项期]"
    r"|(?:19|20)\d\d ?[-–—至到~] ?(?:19|20)\d\d ?年?|(?:19|20)\d\d[-./]\d{1,2}(?:[-./]\d{1,2})?"
    r"|(?:19|20)\d\d ?年(?: ?\d{1,2} ?月(?: ?\d{1,2} ?日)?)?|\d{1,2} ?月(?:\d{1,2} ?日)?|\b[A-T]\d{2,4}\b"
    r"|(?m:^) *(?:\d{1,2}[.、)）](?!\d)|[（(]\d{1,2}[)）])"
)
"""What holds a digit and states no quantity: gases, standards, documents, clauses, dates, codes, list numbers."""
_NUMERAL: Final = re.compile(r"[0-9０-９]")


def addresses(template: str) -> list[str]:
    """The figures a text asks for."""
    return [parts[0] for parts in map(_parts, _SLOT.findall(template)) if not parts[0].startswith("cite:")]


def fill(template: str, envelopes: Envelopes) -> Cell:
    """Words with their slots filled.

    Raises
    ------
    InputError
        If a slot is not ``stage.metric|unit|digits``.
    UnresolvedFigureError
        If a slot names no figure, or a numeral stands outside a slot.
    """
    refuse_bare_figures(template)
    parts: list[Inline] = []
    end = 0
    for match in _SLOT.finditer(template):
        if text := template[end : match.start()]:
            parts.append(clean_edges(text))
        parts.extend(_slot(match[1], envelopes))
        end = match.end()
    if text := template[end:]:
        parts.append(clean_edges(text))
    return tuple(parts)


def refuse_bare_figures(template: str) -> None:
    """Refuse a numeral outside a slot; names such as CO2 or GB/T 32150 may stand.

    Raises
    ------
    UnresolvedFigureError
        Naming the numeral and the words around it.
    """
    bare = _ALLOWED.sub("", _SLOT.sub("", template))
    if found := _NUMERAL.search(bare):
        around = bare[max(0, found.start() - 12) : found.end() + 12]
        raise UnresolvedFigureError(
            "the text states a figure that is in no envelope",
            field="text",
            value=around,
            remedy="Write {{stage.metric|unit|digits}} where the figure belongs.",
        )


def clean_edges(text: str) -> str:
    """`clean`, but a space at either end stays: it separates words from a figure."""
    shown = clean(text)
    head = " " if text[:1].isspace() else ""
    tail = " " if text[-1:].isspace() and shown else ""
    return f"{head}{shown}{tail}"


def _parts(slot: str) -> list[str]:
    parts = [part.strip() for part in slot.split("|")]
    proper = parts[0].startswith("cite:") or _ADDRESS.fullmatch(parts[0])
    if not proper or len(parts) > 3 or (len(parts) == 3 and not re.fullmatch(r"[0-9]?", parts[2])):  # noqa: PLR2004
        raise InputError(
            "a slot is {{stage.metric|unit|digits}}",
            field="slot",
            value="{{" + slot + "}}",
            remedy="Figures are looked up, never computed, in a report.",
        )
    return parts


def _slot(slot: str, envelopes: Envelopes) -> list[Inline]:
    address, *options = _parts(slot)
    if address.startswith("cite:"):
        return [Cite(address.removeprefix("cite:"))]
    show = options[0] if options and options[0] else None
    digits = int(options[1]) if len(options) > 1 and options[1] else (2 if show else None)
    found = envelopes.find(address)
    held = found.value.get("value") if found is not None and isinstance(found.value, dict) else None
    if found is not None and isinstance(held if held is not None else found.value, (str, list)):
        return [words(found.value)]
    num = envelopes.num(address, show, digits)
    return [num, f"\u00a0{num.unit}"] if num.unit and num.unit != "%" else [num, num.unit]
