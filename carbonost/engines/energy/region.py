"""A region's published time-of-use rule, joined with the month's price.

The rule says which hours are peak or valley and by how much which *part* of the price floats
(分时电价浮动基数): the energy purchase price floats, while network fee, system cost and government funds
usually do not. Multiplying the whole price is wrong in most provinces, so both parts are asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.checks import day, is_number
from carbonost.domain.tariff import Tariff, infer_charge
from carbonost.engines.energy.rules import second_hand, weakest
from carbonost.errors import TariffError, UnknownRegionError
from carbonost.factors import region as find_region
from carbonost.factors import table, usable_default

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    import pandas as pd

    from carbonost.domain.tariff import Charge

BANDS: Final = ("sharp", "peak", "flat", "valley", "deep_valley")
_OF_BAND: Final = re.compile(r"(?:sharp = )?(peak|flat|valley) x ([\d.]+)(?: \(.*\))?\Z")
_BELOW_KVA: Final = re.compile(r"single-part <([\d.]+) kVA")
DIRECT_TRADE: Final = "for agency-purchase users; a user who trades directly gives the contract or market price"


@dataclass(frozen=True)
class FloatingRule:
    """How far each band's floating part departs from flat, in some months."""

    months: frozenset[int]
    ratios: dict[str, float]
    base: str
    document: str
    status: str

    def prices(self, floating: float, not_floating: float) -> dict[str, float]:
        """Price of each band [CNY/kWh] from the part that floats and the part that does not."""
        return {band: not_floating + ratio * floating for band, ratio in self.ratios.items()}


def tariff_from_region(
    region: str,
    *,
    voltage: str = "1-10kV",
    charge: Charge | None = None,
    on: date | str | None = None,
    flat_cny_per_kwh: float | None = None,
    floating_cny_per_kwh: float | None = None,
    not_floating_cny_per_kwh: float | None = None,
    prices: dict[str, float] | None = None,
    **options: Any,
) -> Tariff:
    """Tariff of a user of agency purchase (代理购电) in a region.

    Parameters
    ----------
    region : str
        "CN-JS", a GB/T 2260 code, or a Chinese name.
    voltage : str
        Voltage class, by which a price that was read is found.
    charge : str, optional
        "energy_only" takes the ratios of single-part users, every other charge those of two-part users;
        omitted, it follows from the prices given.
    on : date, optional
        The day whose rule is wanted; decides between a rule and its successor.
    flat_cny_per_kwh, floating_cny_per_kwh, not_floating_cny_per_kwh : float [CNY/kWh]
        Two of the three: flat price, its floating part, and the rest.
    prices : {band: CNY/kWh}, optional
        The month's band prices as printed, instead of the parts.
    **options
        Further fields of `Tariff`, such as `demand_cny_per_kw_month` or `transformer_kva`.

    Returns
    -------
    Tariff
        `status` is the weakest status of the rows used; `gaps` says what they leave open.

    Raises
    ------
    TariffError
        If the region has no rule, its hours are incomplete, or the price is not known.
    """
    on = None if on is None else day(on, "on", TariffError)
    code = _region_with(region, "tou_periods")
    single = charge == "energy_only"
    gaps = []
    if charge is None and _inferred(options) == "energy_only":
        gaps = ["charge is not stated: ratios of two-part users, and no fixed charge is billed"]
    hours, open_hours = _hours(code, on, single=single)
    statuses, documents = [str(s) for s in hours["status"]], [str(d) for d in hours["document"]]
    printed = prices or _read_prices(code, voltage, on)
    if printed is not None:
        by_month = dict.fromkeys(range(1, 13), printed)
    else:
        rules = _whole_year(region, floating_rules(code, options.get("transformer_kva"), single=single))
        floating, rest = price_parts(region, rules, flat_cny_per_kwh, floating_cny_per_kwh, not_floating_cny_per_kwh)
        by_month = {month: rule.prices(floating, rest) for rule in rules for month in rule.months}
        open_hours += [f"the floating base of {code} is not stated in the data" for rule in rules if not rule.base][:1]
        statuses += [rule.status for rule in rules]
        documents += [rule.document for rule in rules]
    status = weakest(statuses)
    gaps = [
        *second_hand("the rule", status, sorted(set(documents))),
        *open_hours,
        *gaps,
        *_unapplied(code),
        DIRECT_TRADE,
    ]
    return Tariff.from_bands(
        _bands(hours),
        by_month,
        charge=charge,
        region=code,
        status=status,
        gaps=tuple(dict.fromkeys(gaps)),
        sources=tuple(dict.fromkeys(documents)),
        **options,
    )


def _whole_year(region: str, rules: list[FloatingRule]) -> list[FloatingRule]:
    if {month for rule in rules for month in rule.months} == set(range(1, 13)):
        return rules
    raise TariffError(
        "no floating ratio is packaged for this region and kind of user",
        field="region",
        value=region,
        remedy="Give the printed band prices as prices={'peak': …}.",
    )


def price_parts(
    region: str, rules: Sequence[FloatingRule], flat: float | None, floating: float | None, rest: float | None
) -> tuple[float, float]:
    """The floating and the other part of the flat price, from any two of three."""
    for name, part in (("flat", flat), ("floating", floating), ("not_floating", rest)):
        if part is not None and not is_number(part):
            raise TariffError("is not a number", field=f"{name}_cny_per_kwh", value=part, remedy="Give CNY/kWh.")
    if flat is not None and floating is not None and rest is not None and abs(flat - floating - rest) > 1e-9:  # noqa: PLR2004
        raise TariffError("the parts do not add up to the flat price", field="flat_cny_per_kwh", value=flat)
    if floating is None and flat is not None and rest is not None:
        floating = flat - rest
    if rest is None and flat is not None and floating is not None:
        rest = flat - floating
    if floating is None or rest is None:
        base = next((rule.base for rule in rules if rule.base), "a part of the price the data do not name")
        raise TariffError(
            f"the month's price in {region} is not known, and only part of it floats: {base}",
            field="flat_cny_per_kwh",
            value=flat,
            remedy="Give two of flat_cny_per_kwh=…, floating_cny_per_kwh=…, not_floating_cny_per_kwh=… from the "
            "grid company's notice, or the printed band prices as prices={'peak': …}.",
        )
    if floating < 0 or rest < 0:
        raise TariffError("a part of the price is negative", field="floating_cny_per_kwh", value=(floating, rest))
    return floating, rest


def floating_rules(code: str, transformer_kva: float | None = None, *, single: bool = False) -> list[FloatingRule]:
    """The floating ratios of two-part or single-part users, by months."""
    rows = table("tou_floating")
    rows = rows[rows["region"] == code]
    part = _part(rows["scope"], transformer_kva) if single else "two-part"
    chosen = rows[rows["scope"].map(lambda scope: _scope_fits(str(scope), part)).astype(bool)]
    rules: list[FloatingRule] = []
    taken: set[int] = set()
    for row in chosen.sort_values("scope", key=lambda s: s.str.contains("other"), kind="stable").to_dict("records"):
        scope = str(row["scope"])
        months = _months_in_scope(scope) if "months " in scope else set(range(1, 13)) - taken
        taken |= months
        ratios = {"flat": 1.0, "peak": 1.0 + float(row["peak_up"]), "valley": 1.0 - float(row["valley_down"])}
        for band, text in (("sharp", str(row["sharp"])), ("deep_valley", str(row["deep_valley"]))):
            match = _OF_BAND.match(text)
            if match:
                ratios[band] = ratios[match[1]] * float(match[2])
        rules.append(
            FloatingRule(frozenset(months), ratios, str(row["floating_base"]), str(row["document"]), str(row["status"]))
        )
    return rules


def _region_with(text: str, name: str) -> str:
    known = set(table(name)["region"])
    for code, _ in find_region(text).chain:
        if code in known:
            return code
    raise UnknownRegionError(
        "no time-of-use rule is packaged for this region",
        field="region",
        value=text,
        remedy=f"Use Tariff.from_bands, or one of {', '.join(sorted(known))}.",
    )


def _hours(code: str, on: date | None, *, single: bool) -> tuple[pd.DataFrame, list[str]]:
    rows = table("tou_periods")
    rows = rows[rows["region"] == code]
    gaps: list[str] = []
    old = rows["status"] == "superseded"
    successor = next((int(m[1]) for s in rows["scope"] if (m := re.search(r"superseded by (\d{4})", str(s)))), None)
    replaced = successor is not None and on is not None and on.year < successor
    rows = rows[old] if replaced else rows[~old]
    scopes = set(rows["scope"])
    if single and scopes and all(s.startswith(("two-part", "large industry")) for s in scopes):
        gaps.append("the packaged hours are those of two-part users")
    gaps += [f"scope of the hours: {scope}" for scope in sorted(scopes) if scope not in ("all", "two-part")]
    months = {month for text in rows["months"] for month in months_of(str(text))}
    if months != set(range(1, 13)):
        missing = sorted(set(range(1, 13)) - months)
        raise TariffError(
            f"the packaged hours of {code} lack months {missing}",
            field="region",
            value=code,
            remedy="Give the decree's hours with Tariff.from_bands.",
        )
    return rows, gaps


def _bands(hours: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"band": row["period"], "start": row["start"], "end": row["end"], "months": sorted(months_of(row["months"]))}
        for row in hours.to_dict("records")
    ]


def months_of(text: str) -> set[int]:
    """Months in a text such as "6-8,12,1-2"."""
    months: set[int] = set()
    for piece in text.split(","):
        first, _, last = piece.strip().partition("-")
        months |= set(range(int(first), int(last or first) + 1))
    return months


def _months_in_scope(scope: str) -> set[int]:
    return months_of(scope.split("months ", 1)[1])


def _part(scopes: Iterable[str], transformer_kva: float | None) -> str:
    """The scope of a single-part user: below the transformer size a row names, or above all of them."""
    for scope in scopes:
        match = _BELOW_KVA.match(scope)
        if match and transformer_kva is not None and transformer_kva < float(match[1]):
            return match[0]
    return "single-part >="


def _inferred(options: dict[str, Any]) -> Charge:
    demand, capacity = options.get("demand_cny_per_kw_month"), options.get("capacity_cny_per_kva_month")
    return infer_charge(demand or 0.0, capacity or 0.0, options.get("contract_kw"))


def _scope_fits(scope: str, part: str) -> bool:
    return scope.startswith((part, "all", "months", "other"))


def _unapplied(code: str) -> list[str]:
    """Clauses of the rule that depend on days or weather the data do not list."""
    rows = table("tou_floating")
    rows = rows[rows["region"] == code]
    out = [f"not applied: sharp, {row}" for row in rows["sharp"] if row and not _OF_BAND.match(row)]
    out += [f"applies only to some: {row}" for row in rows["sharp"] if row.endswith(")")]
    return out + [f"not applied: deep valley, {row}" for row in rows["deep_valley"] if row and not _OF_BAND.match(row)]


def _read_prices(code: str, voltage: str, on: date | None) -> dict[str, float] | None:
    """Band prices of the month, only where rows were read in their document; never second-hand ones."""
    rows: Iterable[dict[Any, Any]] = table("prices_and_costs").to_dict("records")
    month = None if on is None else on.isoformat()[:7]
    found = {
        str(row["quantity"]): float(row["value"])
        for row in rows
        if row["region"] == code
        and row["date"] == month
        and row["quantity"] in BANDS
        and voltage.replace(" ", "") in str(row["product"]).replace(" ", "")
        and usable_default(row)
    }
    return found or None
