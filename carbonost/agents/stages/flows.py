"""What the park used in its year, flow by flow: metered first, then declared, then estimated.

The hierarchy holds per facility and carrier. A meter's point belongs to the facility whose id it
is or begins with (``E01-M1`` to ``E01``); a declared row of a metered facility and carrier is left
out, so that nothing counts twice. A declared row that says it was read from a meter counts as
metered. A gap in a meter's series stays a gap: it lowers the coverage and is stated, it is never filled.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import fsum
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from carbonost import units
from carbonost.domain.evidence import EvidenceItem
from carbonost.engines.carbon.heat import steam_energy_gj
from carbonost.engines.report.labels import energy_name
from carbonost.errors import InputError
from carbonost.factors import energy_type as carrier_of
from carbonost.factors import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonost.agents.stages.base import Notes, StageContext
    from carbonost.domain.activity import ActivityData

Method = Literal["meter", "declared", "proxy"]
METHODS: Final[tuple[Method, ...]] = ("meter", "declared", "proxy")
_METHOD_OF: Final[dict[str, Method]] = {"meter": "meter", "manual": "declared", "estimated": "proxy"}
_SEPARATORS: Final = "-_/. :"
COVERAGE_LOW: Final = 0.95
_HIGH: Final = 0.8
_NAMED: Final = 3
_SCOPE_3: Final = 3
_TOTAL_ABOVE: Final = 1.02
"""A declared total this much above the sum of the meters is more than metering error."""
_MONTHLY: Final = pd.Timedelta(days=27)
_MONTH: Final = pd.Timedelta(days=365.25 / 12)
_MASS: Final = {"t": 1.0, "吨": 1.0, "kg": 1e-3, "千克": 1e-3}
_BILLED: Final = frozenset({"electricity", "natural_gas", "steam", "heat"})
STEAM_GAP: Final = "蒸汽焓值（steam_grade.enthalpy_kj_per_kg）"
"""Stated where steam in tonnes cannot be brought to heat; scope 2 is then unknown."""


@dataclass(frozen=True)
class Row:
    """One amount of one carrier at one facility in one month, or in a longer declared period."""

    energy_type: str
    facility: str | None
    amount: float
    unit: str
    start: date
    end: date
    method: Method
    source: str
    declared: ActivityData | None = None

    @property
    def canonical(self) -> float:
        """The amount in the carrier's canonical unit."""
        return self.amount * units.compile(self.energy_type, self.unit)

    @property
    def canonical_unit(self) -> str:
        """The carrier's canonical unit."""
        return units.canonical(self.energy_type, self.unit)

    def by_month(self) -> dict[str, float]:
        """Return the share of each month, by days."""
        days = Counter(f"{self.start + timedelta(days=i):%Y-%m}" for i in range((self.end - self.start).days + 1))
        total = sum(days.values())
        return {month: n / total for month, n in sorted(days.items())}


@dataclass(frozen=True)
class Flows:
    """Every amount of the accounting year, and how well the meters covered it.

    Attributes
    ----------
    year : int
    rows : tuple of Row
    coverage : dict
        Carrier, and the share of its metered intervals that hold a reading.
    """

    year: int
    rows: tuple[Row, ...]
    coverage: dict[str, float] = field(default_factory=dict)

    def total(self, energy_type: str) -> float | None:
        """Return a carrier's canonical total, or None if nothing is known of it."""
        found = [row.canonical for row in self.rows if row.energy_type == energy_type]
        return float(np.sum(found)) if found else None

    def scaled(self, energy_type: str, total: float, unit: str) -> Flows:
        """Return the flows with one carrier brought to `total`, shares kept."""
        have = self.total(energy_type)
        if not have:
            first, last = date(self.year, 1, 1), date(self.year, 12, 31)
            rest = tuple(row for row in self.rows if row.energy_type != energy_type)
            fresh = Row(energy_type, None, total, unit, first, last, "declared", "人工复核更正")
            return replace(self, rows=(*rest, fresh))
        ratio = total / have
        rows = tuple(
            replace(row, amount=row.amount * ratio) if row.energy_type == energy_type else row for row in self.rows
        )
        return replace(self, rows=rows)


def gather(context: StageContext, notes: Notes) -> Flows:
    """Collect the accounting year's flows by the hierarchy.

    Raises
    ------
    InputError
        If nothing says which year is meant.
    """
    year = accounting_year(context, notes)
    metered, coverage = _metered(context, notes, year)
    taken = {(row.facility, row.energy_type) for row in metered}
    carriers = {row.energy_type for row in metered}
    declared = list(_declared(context, notes, year, taken, carriers))
    _tell_missing_days(notes, declared, year)
    declared += _remainders(context, notes, year, (*metered, *declared), carriers)
    known = {row.facility for row in (*metered, *declared) if row.energy_type == "electricity"}
    whole_park = any(row.facility is None and row.energy_type == "electricity" for row in (*metered, *declared))
    unnamed = {row.facility for row in metered} - {entity.id for entity in context.data.entities}
    proxies = [] if whole_park or unnamed else list(_proxies(context, notes, year, known))
    return Flows(year, (*metered, *declared, *proxies), coverage)


def accounting_year(context: StageContext, notes: Notes) -> int:
    """Return the scenario's year, or the one most of the data lie in, stated as an assumption."""
    if context.scenario.accounting_year is not None:
        return context.scenario.accounting_year
    years: Counter[int] = Counter()
    frame = context.data.meters
    if frame is not None and len(frame):
        local = frame["start"].dt.tz_convert(context.data.zone).dt.year
        years.update({int(year): int(n) for year, n in local.value_counts().items()})
    elif context.data.activities:
        years.update(row.period_end.year for row in context.data.activities)
    if not years:
        raise InputError("nothing says which year is meant", "accounting_year", None, "Give accounting_year=….")
    year = max(years, key=lambda one: (years[one], one))
    notes.assume("accounting_year", year, "年", "数据最多的日历年度", "medium")
    return year


def _metered(context: StageContext, notes: Notes, year: int) -> tuple[list[Row], dict[str, float]]:
    frame = context.data.meters
    if frame is None or not len(frame):
        return [], {}
    zone = context.data.zone
    local = frame["start"].dt.tz_convert(zone)
    inside = frame.assign(month=local.dt.month.to_numpy(), keep=(local.dt.year == year).to_numpy())
    left_out = int((~inside["keep"]).sum())
    if left_out:
        notes.assume("readings_outside_year", left_out, "1", f"{year} 年以外的读数不计入", "low")
    inside = inside[inside["keep"]]
    ids = sorted({entity.id for entity in context.data.entities}, key=len, reverse=True)
    facility = {point: _facility(str(point), ids) for point in inside["point"].unique()}
    _tell_meter_levels(notes, inside, facility, frozenset(ids))
    keys = ["point", "energy_type", "unit", "month"]
    sums = inside.groupby(keys, sort=True, observed=True)["value"].agg(["sum", "count"]).reset_index()
    rows = []
    for point, energy, unit, month, amount, count in sums.itertuples(index=False):
        if not count:
            continue
        first = date(year, month, 1)
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        carrier = carrier_of(str(energy))
        rows.append(Row(carrier, facility[point], float(amount), str(unit), first, last, "meter", f"计量点 {point}"))
    return rows, _coverage(inside, notes, year, zone)


def _tell_meter_levels(notes: Notes, inside: pd.DataFrame, facility: dict[str, str], ids: frozenset[str]) -> None:
    """State meters that may stand above others: a sum over both would count the same energy twice."""
    for energy, rows in inside.groupby("energy_type", sort=True, observed=True):
        points = sorted(str(point) for point in rows["point"].unique())
        loose = [point for point in points if facility[point] not in ids]
        above = [point for point in points if any(facility[other] == point != other for other in points)]
        doubtful = above + (loose if len(loose) < len(points) else [])
        if doubtful:
            shown = "、".join(doubtful[:_NAMED]) + (" 等" if len(doubtful) > _NAMED else "")
            notes.gap(
                f"{energy_name(energy)}计量点的层级（{shown} 是否为总表）",
                "若为总表，则与分表重复计量，年用量偏高",
                "high",
                fix="总表与分表只保留其一；计量点以企业编号命名",
                affects=_affected(carrier_of(str(energy))),
            )


def _facility(point: str, ids: Iterable[str]) -> str:
    for one in ids:
        if point == one or (point.startswith(one) and point[len(one)] in _SEPARATORS):
            return one
    return point


def _coverage(inside: pd.DataFrame, notes: Notes, year: int, zone: str) -> dict[str, float]:
    span = pd.Timestamp(f"{year + 1}-01-01", tz=zone) - pd.Timestamp(f"{year}-01-01", tz=zone)
    have: dict[str, list[float]] = {}
    for (energy, _point), rows in inside.groupby(["energy_type", "point"], sort=True):
        step = rows["start"].diff().min()
        if pd.notna(step) and step >= _MONTHLY:  # months differ in length; a year has twelve
            step = max(step, _MONTH)
        expected = float(span / step) if pd.notna(step) and step > pd.Timedelta(0) else 1.0
        have.setdefault(carrier_of(str(energy)), []).append(min(1.0, rows["value"].notna().sum() / expected))
    coverage = {energy: float(np.mean(shares)) for energy, shares in have.items()}
    for energy, share in coverage.items():
        if share < 1:
            notes.gap(
                f"{energy_name(energy)}的部分计量读数（缺 {1 - share:.4%} 的时段）",
                "年用量偏低，缺测时段未补",
                _severity(share),
                fix="补传缺测读数；未补之前按实有读数合计",
                affects=_affected(energy),
            )
    return coverage


def _severity(share: float) -> Literal["low", "medium", "high"]:
    return "low" if share >= COVERAGE_LOW else "medium" if share >= _HIGH else "high"


def _tell_missing_days(notes: Notes, declared: Iterable[Row], year: int) -> None:
    """Say which piped or wired carriers have days without a bill; a fuel bought by the load has no such days."""
    covered: dict[tuple[str, str], set[date]] = {}
    for row in declared:
        if row.energy_type in _BILLED:
            days = covered.setdefault((row.facility or "园区", row.energy_type), set())
            days.update(row.start + timedelta(days=i) for i in range((row.end - row.start).days + 1))
    whole = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    for (facility, carrier), days in sorted(covered.items()):
        if len(days) < whole:
            notes.gap(
                f"{facility} 的{energy_name(carrier)}申报（缺 {whole - len(days)} 天）",
                "年用量偏低，缺报时段未补",
                _severity(len(days) / whole),
                fix="补充缺少的账单；未补之前按实有账单合计",
                affects=_affected(carrier),
            )


def _declared(
    context: StageContext, notes: Notes, year: int, taken: set[tuple[str | None, str]], carriers: set[str]
) -> Iterable[Row]:
    superseded = outside = beyond = 0
    first, last = date(year, 1, 1), date(year, 12, 31)
    for item in context.data.activities:
        carrier = carrier_of(item.energy_type, frozenset(context.factors.known_energy_types))
        if item.scope == _SCOPE_3:
            beyond += 1
            continue
        if (item.facility, carrier) in taken or (item.facility is None and carrier in carriers):
            superseded += 1
            continue
        start, end = max(item.period_start, first), min(item.period_end, last)
        days, whole = (end - start).days + 1, (item.period_end - item.period_start).days + 1
        if days <= 0:
            outside += 1
            continue
        if days < whole:
            notes.assume("declared_prorated", "是", "text", "跨年度的申报数据按天数折算到核算年度", "medium")
        amount, unit = float(item.consumption) * days / whole, item.unit
        if carrier == "steam" and unit in _MASS:
            gj = _steam_gj(context, notes, amount * _MASS[unit])
            if gj is None:
                continue
            amount, unit = gj, "GJ"
        yield Row(carrier, item.facility, amount, unit, start, end, _METHOD_OF[item.data_source], _name(item), item)
    for name, count, why in (
        ("declared_superseded_by_meters", superseded, "同一单位（或园区合计）同一能源已有计量，申报数据不重复计入"),
        ("declared_outside_year", outside, "核算年度以外的申报数据不计入"),
        ("declared_scope3", beyond, "核算边界为范围一与范围二，范围三数据不计入"),
    ):
        if count:
            notes.assume(name, count, "1", why, "low")


def _steam_gj(context: StageContext, notes: Notes, mass_t: float) -> float | None:
    """Return the heat of a mass of steam by the site's stated enthalpy; without one it stays unknown."""
    grade = context.data.site.get("steam_grade")
    enthalpy = grade.get("enthalpy_kj_per_kg") if isinstance(grade, dict) else None
    if enthalpy is None:
        notes.gap(
            STEAM_GAP,
            "以吨计的蒸汽无法折算热量，未计入范围二",
            "high",
            fix="给出 site.steam_grade.enthalpy_kj_per_kg，或以 GJ 申报",
            affects=("S2_tco2e_y", "total_tco2e_y"),
        )
        return None
    notes.assume("steam_enthalpy_kj_per_kg", enthalpy, "kJ/kg", "园区申报的蒸汽焓值", "medium")
    return float(steam_energy_gj(mass_t, float(enthalpy)))


def _remainders(
    context: StageContext, notes: Notes, year: int, known: Iterable[Row], carriers: set[str]
) -> Iterable[Row]:
    """Return what a declared total of the park holds beyond its meters and its single declarations, as declared."""
    sums: dict[str, float] = defaultdict(float)
    for row in known:
        sums[row.energy_type] += row.canonical
    totals: dict[str, list[tuple[float, ActivityData]]] = defaultdict(list)
    first, last = date(year, 1, 1), date(year, 12, 31)
    for item in context.data.activities:
        carrier = carrier_of(item.energy_type, frozenset(context.factors.known_energy_types))
        in_mass = carrier == "steam" and item.unit in _MASS
        if item.facility is None and carrier in carriers and item.scope != _SCOPE_3 and not in_mass:
            days = (min(item.period_end, last) - max(item.period_start, first)).days + 1
            share = max(days, 0) / ((item.period_end - item.period_start).days + 1)
            totals[carrier].append((float(item.consumption) * share * units.compile(carrier, item.unit), item))
    for carrier, parts in totals.items():
        amount = fsum(part for part, _ in parts)
        if amount <= sums[carrier] * _TOTAL_ABOVE:
            continue
        notes.gap(
            f"{energy_name(carrier)}园区合计申报量 {amount:,.0f} 大于计量合计 {sums[carrier]:,.0f}",
            "差额作为未分户的申报量计入",
            "low",
            fix="按单位申报未计量的部分，或补充计量",
            affects=_affected(carrier),
        )
        items = [item for _, item in parts]
        alike = all((one.factor, one.parameters) == (items[0].factor, items[0].parameters) for one in items)
        unit = units.canonical(carrier, items[0].unit)
        rest = amount - sums[carrier]
        yield Row(carrier, None, rest, unit, first, last, "declared", "园区合计申报减计量", items[0] if alike else None)


def _affected(carrier: str) -> tuple[str, ...]:
    return ("baseline_electricity_kwh_y", "S2_tco2e_y") if carrier == "electricity" else ("S1_tco2e_y",)


def _name(item: ActivityData) -> str:
    words = {"meter": "月度计量", "manual": "申报", "estimated": "自报估算"}
    return f"{words[item.data_source]} {item.facility or ''}".strip()


def _proxies(context: StageContext, notes: Notes, year: int, known: set[str | None]) -> Iterable[Row]:
    """Estimate the electricity of enterprises nothing is known of, by employees and industry."""
    missing = [entity for entity in context.data.entities if entity.id not in known]
    if not missing:
        return
    frame = table("energy_intensity")
    frame = frame[frame["metric"] == "electricity_per_employee"]
    unknown: list[str] = []
    for entity in missing:
        division = "".join(c for c in entity.industry_code or "" if c.isdigit())[:2]
        rows = frame[frame["gbt4754_division"] == division]
        if rows.empty or entity.employees is None:
            unknown.append(entity.name)
            continue
        row = rows.iloc[0]
        name = f"proxy_electricity_kwh_per_employee.{division}"
        why = f"{row['document']}（{row['region']}，{row['status']}）；用于 {entity.name} 等无数据企业"
        value = float(notes.assume(name, float(row["value"]), str(row["unit"]), why, "high"))
        notes.cite(
            EvidenceItem(type="table", id="energy_intensity", version=str(row["document"]), note=str(row["locator"]))
        )
        amount = value * entity.employees
        first, last = date(year, 1, 1), date(year, 12, 31)
        yield Row("electricity", entity.id, amount, "kWh", first, last, "proxy", f"{division} 大类人均电耗 × 从业人数")
    if len(unknown) < len(missing):
        notes.gap(
            "部分企业的电量（以国外行业强度代理估算）",
            "基线电量与范围二",
            "medium",
            fix="提供电费单或计量数据",
            affects=("baseline_electricity_kwh_y", "S2_tco2e_y"),
        )
    if unknown:
        notes.gap(
            f"{'、'.join(unknown[:_NAMED])}{' 等' if len(unknown) > _NAMED else ''} {len(unknown)} 家企业的用电量",
            "基线电量不含这些企业",
            "medium",
            fix="提供电费单，或行业代码与从业人数",
            affects=("baseline_electricity_kwh_y", "S2_tco2e_y"),
        )
