"""Which packaged rule of a region answers a day, and what the rows leave open about it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from carbonost.errors import TariffError
from carbonost.factors import table

if TYPE_CHECKING:
    import pandas as pd


_NUMBERED: Final = re.compile(r"〔(\d{4})〕")


class Rule(NamedTuple):
    """A packaged rule: its document, the days it is known to hold, and what the rows leave open."""

    document: str
    first: date | None
    last: date | None
    gaps: list[str]


def rule_on(code: str, hours: pd.DataFrame, on: date | None) -> Rule:
    """The rule whose hours answer `on`, or the last one where no day is asked for.

    Raises
    ------
    TariffError
        If `on` lies before every packaged rule came into force, or after the last one was replaced.
    """
    decrees = table("tou_decrees")
    rows = {str(row["document"]): row for row in decrees[decrees["region"] == code].to_dict("records")}
    documents = sorted(dict.fromkeys(hours["document"]), key=lambda name: _first_day(name, rows.get(name, {})))
    held = [name for name in documents if on is None or _holds(name, rows.get(name, {}), on)]
    if held:
        row = rows.get(held[-1], {})
        first, last = (
            date.fromisoformat(row[end]) if row.get(end) else None for end in ("in_force_from", "in_force_to")
        )
        return Rule(held[-1], first, last, _gaps(held[-1], row, on))
    early = on is not None and on < _first_day(documents[0], rows.get(documents[0], {}))
    name = documents[0 if early else -1]
    row = rows.get(name, {})
    span = _span(row) or f"not before {_first_day(name, row).year}, the year of its number"
    raise TariffError(
        f"the packaged rule {name} is in force {span} (status {row.get('status', 'secondary')})",
        field="on",
        value=str(on),
        remedy="Give the hours of that day's rule with Tariff.from_bands, or leave `on` out to bill as if the packaged "
        "rule held.",
    )


def _first_day(document: str, row: dict[Any, Any]) -> date:
    """The day a rule came into force; where none is packaged, the first of the year it is numbered by."""
    numbered = _NUMBERED.search(document)
    first = row.get("in_force_from") or (f"{numbered[1]}-01-01" if numbered else "")
    return date.fromisoformat(first) if first else date.min


def _holds(document: str, row: dict[Any, Any], on: date) -> bool:
    last = row.get("in_force_to")
    return on >= _first_day(document, row) and not (last and on > date.fromisoformat(last))


def _span(row: dict[Any, Any]) -> str:
    """From when to when, as a sentence goes on."""
    ends = (("from", "in_force_from"), ("to", "in_force_to"))
    parts = [f"{word} {row[name]}" for word, name in ends if row.get(name)]
    return " ".join(parts) + (f", then {row['replaced_by']}" if row.get("replaced_by") else "")


def _gaps(document: str, row: dict[Any, Any], on: date | None) -> list[str]:
    """What a bill by this rule takes for granted."""
    gaps = [f"not applied: {row['unapplied']}"] if row.get("unapplied") else []
    if not row.get("in_force_from"):
        asked = "" if on is None else f": whether it held on {on} is not known"
        gaps.append(f"the data hold no day on which {document} came into force{asked}")
    if row.get("in_force_from") or row.get("in_force_to"):
        gaps.append(f"{document} is in force {_span(row)}: a load of other days is billed as if it held")
    return gaps
