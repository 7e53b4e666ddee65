"""A region's published time-of-use rule, joined with the month's price.

The rule says which hours are peak or valley and by how much which *part* of the price floats
(分时电价浮动基数): the energy purchase price floats, while network fee, system cost and government funds
usually do not. Multiplying the whole price is wrong in most provinces, so both parts are asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain import arguments
from carbonost.domain.checks import day
from carbonost.domain.tariff import Tariff, infer_charge
from carbonost.domain.tariff_checks import CHARGES, amount
from carbonost.engines.energy.decrees import rule_on
from carbonost.engines.energy.rules import as_printed, months_of, second_hand, weakest
from carbonost.engines.energy.special_days import SpecialDays, special_days
from carbonost.engines.energy.voltage import CLASSES, named_in, read_voltage
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
_SINGLE: Final = re.compile(r"single-part (<|>=)([\d.]+) (kVA|kV)\Z")
_SHARP_OF_INDUSTRY: Final = "large industry (sharp)"
_OF_THE_DATA: Final = ("region", "voltage", "rule_from", "rule_to", "status", "gaps", "sources")
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
        """Price of each band [CNY/kWh] from the part that floats and the part that does not.

        Parts with no more decimals than a notice prints give the prices as printed; others are not rounded.
        """
        exact = {band: not_floating + ratio * floating for band, ratio in self.ratios.items()}
        printed = all(as_printed(part) == round(part, 12) for part in (floating, not_floating))
        return {band: as_printed(price) for band, price in exact.items()} if printed else exact


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
    hot_days: Iterable[date] | None = None,
    holidays: Iterable[date] | None = None,
    **options: Any,
) -> Tariff:
    """Tariff of a user of agency purchase (代理购电) in a region.

    Parameters
    ----------
    region : str
        "CN-JS", a GB/T 2260 code, or a Chinese name.
    voltage : str
        Voltage class, such as "1-10kV", "35kV", "不满1千伏" or "220千伏及以上". It decides where ratios or packaged
        prices differ by it, and is kept in the tariff.
    charge : str, optional
        "energy_only" takes the ratios of single-part users, every other charge those of two-part users;
        omitted, it follows from the prices given.
    on : date, optional
        The day whose rule is wanted; a day on which no packaged rule was in force is refused. Omitted, the last
        rule is taken, and `gaps` say from when it holds.
    flat_cny_per_kwh, floating_cny_per_kwh, not_floating_cny_per_kwh : float [CNY/kWh]
        Two of the three: flat price, its floating part, and the rest.
    prices : {band: CNY/kWh}, optional
        The month's band prices as printed, instead of the parts.
    hot_days, holidays : iterables of date, optional
        Days on which the rule's sharp hours of hot days (高温天) and its deep valley of holidays apply: the first
        are known afterwards from the weather service, the second from the yearly notice. Omitted, neither is
        applied and `gaps` say so; an empty list says that there were none.
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
    on, voltage = None if on is None else day(on, "on", TariffError), read_voltage(voltage)
    _refuse_wrong(region, charge, options)
    code = _region_with(region, "tou_periods")
    single = charge == "energy_only"
    gaps = []
    if charge is None and _inferred(options) == "energy_only":
        gaps = ["charge is not stated: ratios of two-part users, and no fixed charge is billed"]
    rows = table("tou_periods")
    rows = rows[rows["region"] == code]
    answer = rule_on(code, rows, on)
    hours, open_hours = _hours(code, rows[rows["document"] == answer.document], single=single)
    special = special_days(code, answer.document, hot_days, holidays)
    open_hours += special.gaps
    by_month: Any = _read_prices(code, voltage, on) if prices is None else prices
    rules: list[FloatingRule] = []
    if by_month is None:
        kva = options.get("transformer_kva")
        rules = _whole_year(region, floating_rules(code, kva, single=single, voltage=voltage, document=answer.document))
        rules = [_with_special(rule, special) for rule in rules]
        floating, rest = price_parts(region, rules, flat_cny_per_kwh, floating_cny_per_kwh, not_floating_cny_per_kwh)
        by_month = {month: rule.prices(floating, rest) for rule in rules for month in rule.months}
        open_hours += [f"the floating base of {code} is not stated in the data" for rule in rules if not rule.base][:1]
        open_hours += _taken_for_granted(code, kva) if single else []
    status = weakest([*map(str, hours["status"]), *special.statuses, *(rule.status for rule in rules)])
    documents = [answer.document, *(rule.document for rule in rules)]
    told = second_hand("the rule", status, sorted(set(documents)))
    gaps = [*told, *answer.gaps, *open_hours, *gaps, *_unapplied(code, answer.document, special), DIRECT_TRADE]
    return Tariff.from_bands(
        [*_bands(hours), *special.bands],
        by_month,
        holidays=sorted(special.holidays),
        charge=charge,
        region=code,
        voltage=voltage,
        rule_from=answer.first,
        rule_to=answer.last,
        status=status,
        gaps=tuple(dict.fromkeys(gaps)),
        sources=tuple(dict.fromkeys(documents)),
        **options,
    )


def _refuse_wrong(region: Any, charge: Any, options: dict[str, Any]) -> None:
    """Refuse what is no region, no charge, or an option the rows answer or no tariff has."""
    if not isinstance(region, str):
        raise UnknownRegionError("is not a region", field="region", value=region, remedy="Write 'CN-JS' or '江苏'.")
    if charge is not None:
        arguments.one_of(charge, CHARGES, "charge", TariffError)
    for name in _OF_THE_DATA:
        if name in options:
            raise TariffError(
                "comes with the region's rows", field=name, value=options[name], remedy="Build your own by from_bands."
            )
    arguments.options(Tariff, [name for name in options if name != "export_cny_per_kwh"], TariffError)


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
    flat, floating, rest = (
        None if part is None else amount(part, f"{name}_cny_per_kwh")
        for name, part in (("flat", flat), ("floating", floating), ("not_floating", rest))
    )
    if flat is not None and floating is not None and rest is not None and abs(flat - floating - rest) > 1e-9:  # noqa: PLR2004
        raise TariffError(
            "the parts do not add up to the flat price",
            field="flat_cny_per_kwh",
            value=flat,
            remedy=f"floating + not_floating is {floating + rest:g}; give two of the three.",
        )
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
        raise TariffError(
            "a part of the price is above the flat price",
            field="flat_cny_per_kwh",
            value=flat,
            remedy="Give the flat price, and the part of it that floats.",
        )
    return floating, rest


def floating_rules(
    code: str,
    transformer_kva: Any = None,
    *,
    single: bool = False,
    voltage: str = "1-10kV",
    document: str | None = None,
) -> list[FloatingRule]:
    """The floating ratios of two-part or single-part users, by months; of one document where it is named."""
    rows = _floating(code, document)
    part = _part(rows["scope"], transformer_kva, voltage) if single else "two-part"
    chosen = rows[rows["scope"].map(lambda scope: _scope_fits(str(scope), part)).astype(bool)]
    rules: list[FloatingRule] = []
    taken: set[int] = set()
    for row in chosen.sort_values("scope", key=lambda s: s.str.contains("other"), kind="stable").to_dict("records"):
        scope = str(row["scope"])
        months = _months_in_scope(scope) if "months " in scope else set(range(1, 13)) - taken
        taken |= months
        ratios = {"flat": 1.0, "peak": 1.0 + float(row["peak_up"]), "valley": 1.0 - float(row["valley_down"])}
        for band, text in (("sharp", str(row["sharp"])), ("deep_valley", str(row["deep_valley"]))):
            ratio = _ratio(text, ratios)
            if ratio is not None:
                ratios[band] = ratio
        rules.append(
            FloatingRule(frozenset(months), ratios, str(row["floating_base"]), str(row["document"]), str(row["status"]))
        )
    return rules


def _floating(code: str, document: str | None) -> pd.DataFrame:
    """Ratios of a region; of one document where it is named, behind which the hours may name their year."""
    rows = table("tou_floating")
    wanted = [
        region == code and (document is None or document.startswith(name))
        for region, name in zip(rows["region"], rows["document"], strict=True)
    ]
    return rows.loc[wanted]


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


def _hours(code: str, rows: pd.DataFrame, *, single: bool) -> tuple[pd.DataFrame, list[str]]:
    gaps: list[str] = []
    scopes = set(rows["scope"])
    if single and scopes and all(s.startswith(("two-part", "large industry")) for s in scopes):
        gaps.append("the packaged hours are those of two-part users")
    if single:  # the sharp hours of large industry lie within everybody's peak
        sharp = (rows["scope"] == _SHARP_OF_INDUSTRY) & (rows["period"] == "sharp")
        rows = rows.assign(period=rows["period"].mask(sharp, "peak"))
        scopes.discard(_SHARP_OF_INDUSTRY)
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


def _months_in_scope(scope: str) -> set[int]:
    return months_of(scope.split("months ", 1)[1])


def _part(scopes: Iterable[str], transformer_kva: Any, voltage: str) -> str:
    """The scope of a single-part user: that of the transformer or the voltage a row names."""
    kva = None if transformer_kva is None else amount(transformer_kva, "transformer_kva")
    for scope in scopes:
        match = _SINGLE.match(scope)
        if match:
            size = kva if match[3] == "kVA" else CLASSES[voltage][0]
            below = size is not None and size < float(match[2])
            if below == (match[1] == "<"):
                return scope
    return "single-part"


def _taken_for_granted(code: str, transformer_kva: Any) -> list[str]:
    """What decides on a single-part user's ratios and was not said."""
    by_size = _floating(code, None)["scope"].str.endswith("kVA").any()
    return ["transformer_kva is not given: ratios of the larger single-part users"] * bool(
        by_size and transformer_kva is None
    )


def _inferred(options: dict[str, Any]) -> Charge:
    names = ("demand_cny_per_kw_month", "capacity_cny_per_kva_month")
    demand, capacity = (0.0 if options.get(name) is None else amount(options[name], name) for name in names)
    return infer_charge(demand, capacity, options.get("contract_kw"))


def _scope_fits(scope: str, part: str) -> bool:
    return scope.startswith((part, "all", "months", "other"))


def _with_special(rule: FloatingRule, special: SpecialDays) -> FloatingRule:
    """The rule with the ratios that special days add."""
    added = {band: _ratio(text, rule.ratios) for band, text in special.ratios.items()}
    return replace(rule, ratios={**rule.ratios, **{band: ratio for band, ratio in added.items() if ratio is not None}})


def _ratio(text: str, ratios: dict[str, float]) -> float | None:
    """The ratio in a text such as "sharp = peak x 1.25"; None for one that depends on days."""
    match = _OF_BAND.match(text)
    return ratios[match[1]] * float(match[2]) if match else None


def _unapplied(code: str, document: str, special: SpecialDays) -> list[str]:
    """Clauses of the rule that depend on days or weather that were not given."""
    rows = _floating(code, document)
    out = [f"not applied: sharp, {row}" for row in rows["sharp"] if row and not _OF_BAND.match(row)]
    out += [f"applies only to some: {row}" for row in rows["sharp"] if row.endswith(")")]
    if "holidays" in special.known:
        return out
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
        and not row["area"]
        and named_in(str(row["product"])) == voltage
        and usable_default(row)
    }
    return found or None
