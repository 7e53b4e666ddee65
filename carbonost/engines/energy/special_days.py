"""Hours of holidays and of hot days, laid over a region's usual ones where the days are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from carbonost.domain.tariff_checks import dates
from carbonost.engines.energy.rules import months_of
from carbonost.errors import TariffError
from carbonost.factors import table

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class SpecialDays:
    """What the days given change.

    Attributes
    ----------
    holidays : frozenset of date
    bands : list of band rows
        For `Tariff.from_bands`, beside the usual ones.
    ratios : {band: text}
        Ratio of a band the usual rule does not have, such as "flat x 0.20".
    statuses : list of str
        Of the rows used.
    known : frozenset of {"hot_days", "holidays"}
        Kinds of day the rule has hours for.
    gaps : list of str
        What is not applied, and whom the hours applied are for.
    """

    holidays: frozenset[date]
    bands: list[dict[str, Any]] = field(default_factory=list)
    ratios: dict[str, str] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=list)
    known: frozenset[str] = frozenset()
    gaps: list[str] = field(default_factory=list)


def special_days(code: str, document: str, hot_days: Any, holidays: Any) -> SpecialDays:
    """The hours the packaged rule has for the days given; None leaves a kind of day out, an empty list says none.

    Raises
    ------
    TariffError
        If hot days are given and the rule has no hours for them.
    """
    given = {
        name: None if days is None else dates(days, name)
        for name, days in (("hot_days", hot_days), ("holidays", holidays))
    }
    rows = table("tou_special_days")
    rows = rows[(rows["region"] == code) & (rows["document"] == document)]
    out = SpecialDays(given["holidays"] or frozenset(), known=frozenset(rows["days"]))
    for row in rows.to_dict("records"):
        days, told = given[row["days"]], f"{row['period']} {row['start']}-{row['end']}: {row['which']}"
        if days is None:
            out.gaps.append(f"not applied without {row['days']}=…: {told}")
            continue
        months = months_of(row["months"])
        named = "holiday" if row["days"] == "holidays" else sorted(day for day in days if day.month in months)
        if days and named:
            out.bands.append({"band": row["period"], "start": row["start"], "end": row["end"], "days": named})
            out.ratios.update({row["period"]: row["ratio"]} if row["ratio"] else {})
            out.statuses.append(row["status"])
            out.gaps.append(f"applied to the {row['days']} given: {told}")
    if given["hot_days"] and "hot_days" not in out.known:
        raise TariffError(
            "the packaged rule has no hours of hot days",
            field="hot_days",
            value=str(min(given["hot_days"])),
            remedy="Leave them out, or give bands with these days to Tariff.from_bands.",
        )
    if given["holidays"] and "holidays" not in out.known:
        out.gaps.append("holidays are given, and the packaged rule has no hours of their own for them")
    return out
