"""What the park uses and emits in its year: scope 1, both scope 2 totals, and how sure that is.

Metering first, then declared totals, then estimates; each flow names its method. Where a factor or a
meter is missing the figure is unknown and a gap says so. No measure and no money is considered here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import fsum
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from carbonost.agents.stages.baseline_spec import BASELINE_SPEC
from carbonost.agents.stages.conventions import tell_conventions, tell_years
from carbonost.agents.stages.defaults import working
from carbonost.agents.stages.flows import METHODS, STEAM_GAP, Flows, Row, gather
from carbonost.agents.stages.indicators import park_account
from carbonost.agents.stages.tables import (
    FUEL_SET,
    by_scope,
    energy_balance,
    factor_rows,
    method_rows,
    monthly,
    source_rows,
    top,
)
from carbonost.agents.stages.versions import Version, fuel_version, grid_version
from carbonost.domain.evidence import EvidenceItem
from carbonost.engines.carbon.calculator import CarbonCalculator

if TYPE_CHECKING:
    from pydantic import JsonValue

    from carbonost.agents.spec import AgentSpec
    from carbonost.agents.stages.base import Notes, StageContext, StageOutput
    from carbonost.engines.carbon.result import CarbonInventory as Inventory


_ONE_SOURCE: Final = frozenset({"read", "secondary", "derived", "recalled"})
"""Statuses of a figure no second source confirms."""

_MOST: Final = 0.5
"""A larger share of estimates is said beside the total itself."""
_BOUGHT: Final = frozenset({"electricity", "heat", "steam"})


@dataclass(frozen=True)
class BaselineStage:
    """Accounts for one calendar year."""

    @property
    def spec(self) -> AgentSpec:
        """The stage's declaration."""
        return BASELINE_SPEC

    def run(self, context: StageContext) -> StageOutput:
        """Account for the year."""
        notes = context.notes()
        for source in context.data.sources:
            notes.cite(source)
        flows = _corrected(gather(context, notes), notes)
        grid = grid_version(context, notes)
        fuel, parameters = fuel_version(context, notes)
        account = _account(context, notes, flows, grid, fuel, parameters)
        balance = energy_balance(flows, account.inventory, notes, parameters)
        shares = _method_shares(balance, flows)
        uncertainty, contributors = _uncertainty(account, notes)
        metrics = _metrics(context, flows, account, balance, shares, uncertainty)
        _state_gaps(context, notes, flows, account, uncertainty)
        _cite_factors(context, notes, account.inventory)
        tell_years(notes, account.inventory, context.factors, flows.year)
        completeness = context.envelope("geo").number("data_completeness_score") or 0.0
        doubt = 0.5 * shares["proxy"] + 0.2 * (metrics["total_tco2e_y"][0] is None)
        confidence = min(max(0.2 + 0.8 * completeness - doubt, 0.0), 1.0)
        chosen = cast("list[str] | None", notes.override("artifacts.top_emitters"))
        names = {entity.id: entity.name for entity in context.data.entities}
        return notes.output(
            metrics,
            {
                "energy_balance": balance,
                "baseline_method": method_rows(flows),
                "top_emitters": top(account.inventory, names, chosen),
                "monthly": monthly(flows, account.inventory, account.rows),
                "by_scope": by_scope(metrics),
                "by_source": source_rows(account.inventory),
                "factors": factor_rows(account.inventory, context.factors),
                "uncertainty_contributors": contributors,
                "zero_carbon_park": _park(context, notes, account, parameters),
                "checks": {
                    "missing_factors": account.missing,
                    "mostly_estimated": True if shares["proxy"] > _MOST else None,
                },
            },
            confidence,
        )


@dataclass(frozen=True)
class Account:
    """The inventory, the rows it was made of, and which scopes are not known."""

    inventory: Inventory
    rows: tuple[Row, ...]
    given: list[dict[str, Any]]
    calculator: CarbonCalculator
    missing: list[str]
    unknown: frozenset[int]
    grid: str | None
    fuel: str | None

    def scope(self, number: int) -> float | None:
        """Return a scope's location-based total, or None where a factor is missing."""
        if number in self.unknown or not self.rows:
            return None
        return float(self.inventory.scope1_t if number == 1 else self.inventory.scope2_location_t)

    @property
    def market(self) -> float | None:
        """Return the market-based scope 2 total, or None where a factor is missing."""
        return None if self.scope(2) is None else float(self.inventory.scope2_market_t)


def _corrected(flows: Flows, notes: Notes) -> Flows:
    """Apply a person's corrections of the two totals."""
    for path, carrier, unit in (
        ("metrics.baseline_electricity_kwh_y", "electricity", "kWh"),
        ("metrics.baseline_gas_nm3_y", "natural_gas", "Nm3"),
    ):
        given = notes.override(path)
        if given is not None:
            before = flows.total(carrier)
            flows = flows.scaled(carrier, float(cast("float", given)), unit)
            notes.assume(f"corrected.{carrier}", given, unit, f"人工复核更正；原值 {before}", "high")
    return flows


def _account(
    context: StageContext, notes: Notes, flows: Flows, grid: Version, fuel: Version, parameters: str | None
) -> Account:
    """Calculate what can be calculated; a missing factor leaves its scope unknown."""
    scenario = context.scenario
    missing: list[str] = []
    unknown: set[int] = set()
    rows = flows.rows
    if not grid.held and flows.total("electricity") is not None:
        missing.append(f"grid_ef_version {grid.asked}")
        unknown.add(2)
        rows = tuple(row for row in rows if row.energy_type != "electricity")
    if not fuel.held:
        missing.append(f"fuel_ef_version {fuel.asked}")
        unknown.add(1)
        rows = tuple(row for row in rows if row.energy_type in _BOUGHT)
    if STEAM_GAP in notes.gaps:
        missing.append("steam enthalpy")
        unknown.add(2)
    percent = {
        method: working(notes, f"activity_uncertainty_{method}_pct") for method in METHODS if _uses(rows, method)
    }
    calculator = CarbonCalculator(context.factors, gwp=scenario.gwp, parameter_set=parameters, vintage=scenario.vintage)
    contracts = cast("Any", context.data.site.get("contracts", ()))
    given = [_activity(row, context, percent[row.method], grid.factor) for row in rows]
    inventory = calculator.calculate(given, contracts=contracts, errors="collect")
    for _, refused in inventory.rejected.iterrows():
        row = rows[int(refused["row"])]
        unknown.add(2 if row.energy_type in _BOUGHT else 1)
        what = f"{row.energy_type}（{scenario.region}，{flows.year}）：{refused['message']}"
        if what not in missing:
            missing.append(what)
    if not _burned(rows) and not context.data.site.get("no_fuels"):
        unknown.add(1)
    inventory = _with_uncertainty(inventory, notes)
    used = sorted({str(b.vintage) for b in inventory.bases if b.scope == 1 and b.vintage})
    name = fuel.asked or ", ".join(used) or parameters
    return Account(inventory, rows, given, calculator, missing, frozenset(unknown), grid.asked, name)


def _with_uncertainty(inventory: Inventory, notes: Notes) -> Inventory:
    """Give factors whose source states no uncertainty the working assumption."""
    if all(basis.uncertainty_pct is not None for basis in inventory.bases):
        return inventory
    assumed = working(notes, "factor_uncertainty_pct")
    bases = (replace(b, uncertainty_pct=assumed) if b.uncertainty_pct is None else b for b in inventory.bases)
    return replace(inventory, bases=tuple(bases))


def _park(context: StageContext, notes: Notes, account: Account, parameters: str | None) -> dict[str, Any] | None:
    """Return the account by the zero-carbon-park method, where every factor is known."""
    if account.unknown or not account.given:
        return None
    return park_account(account.calculator, account.given, context.data.site, parameters or FUEL_SET, notes)


def _burned(rows: tuple[Row, ...]) -> set[str]:
    """Return what scope 1 is made of: every carrier that is not bought power or heat."""
    return {row.energy_type for row in rows} - _BOUGHT


def _uses(rows: tuple[Row, ...], method: str) -> bool:
    return any(row.method == method for row in rows)


def _activity(row: Row, context: StageContext, percent: float, factor: str | None) -> dict[str, Any]:
    given = row.declared
    own = given.factor if given is not None else None
    source = {"meter": "meter", "declared": "manual", "proxy": "estimated"}[row.method]
    return {
        "energy_type": row.energy_type,
        "consumption": row.canonical if own is None else row.amount,
        "unit": row.canonical_unit if own is None else row.unit,
        "region": context.scenario.region if given is None or given.region == "CN" else given.region,
        "period_start": row.start,
        "period_end": row.end,
        "facility": row.facility,
        "data_source": source,
        "scope": None if given is None else given.scope,
        "category": None if given is None else given.category,
        "purity": None if given is None else given.purity,
        "parameters": None if given is None else given.parameters,
        "factor": own if own is not None else factor if row.energy_type == "electricity" else None,
        "uncertainty_pct": percent if given is None or given.uncertainty_pct is None else given.uncertainty_pct,
    }


def _method_shares(balance: list[dict[str, Any]], flows: Flows) -> dict[str, float]:
    """Return the share of each method in the energy, by coal equivalent."""
    weight = {row["carrier"]: (row["energy_tce"] or 0.0) / row["consumption"] for row in balance if row["consumption"]}
    energy: dict[str, float] = defaultdict(float)
    for row in flows.rows:
        energy[row.method] += row.canonical * weight.get(row.energy_type, 0.0)
    whole = fsum(energy.values())
    return {method: energy[method] / whole if whole else 0.0 for method in METHODS}


def _uncertainty(account: Account, notes: Notes) -> tuple[float | None, list[dict[str, Any]]]:
    if not len(account.inventory) or account.unknown:
        return None, []
    notes.assume(
        "uncertainty_of",
        "基于位置的合计",
        "text",
        "只传播基于位置的总量；各行活动数据误差视为相互独立（同一表计的各月亦然），同一因子的误差完全相关",
        "low",
    )
    found = account.inventory.uncertainty("propagation")
    if not np.isfinite(found.pct):
        return None, []
    share = float(found.pct) / 100
    if share > 1:
        notes.assume("uncertainty_capped", 1.0, "1", f"传播结果 {share:.2f} 超过 1，按 1 报告", "high")
    top_rows = found.contributors.head(10)
    contributors = [
        {"name": str(row["factor_id"]), "share": float(row["variance_share"])} for _, row in top_rows.iterrows()
    ]
    return min(1.0, share), contributors


def _metrics(
    context: StageContext,
    flows: Flows,
    account: Account,
    balance: list[dict[str, Any]],
    shares: dict[str, float],
    uncertainty: float | None,
) -> dict[str, tuple[JsonValue, str]]:
    s1, s2, market = account.scope(1), account.scope(2), account.market
    heats = [total for name in ("heat", "steam") if (total := flows.total(name)) is not None]
    tce = [row["energy_tce"] for row in balance]
    grid = sorted({b.factor_id for b in account.inventory.bases if b.energy_type == "electricity"})
    units = {key: metric.unit for key, metric in BASELINE_SPEC.metrics.items()}
    values: dict[str, JsonValue] = {
        "baseline_electricity_kwh_y": flows.total("electricity"),
        "baseline_gas_nm3_y": flows.total("natural_gas"),
        "baseline_heat_gj_y": fsum(heats) if heats else None,
        "S1_tco2e_y": s1,
        "S2_tco2e_y": s2,
        "S2_market_tco2e_y": market,
        "total_tco2e_y": None if s1 is None or s2 is None else s1 + s2,
        "total_market_tco2e_y": None if s1 is None or market is None else s1 + market,
        "biogenic_co2_t_y": float(account.inventory.biogenic_co2_t),
        "energy_tce_y": None if not tce or None in tce else fsum(cast("list[float]", tce)),
        "uncertainty_pct": uncertainty,
        "proxy_share": shares["proxy"],
        "metered_share": shares["meter"],
        "peak_kw": _peak_kw(context),
        "accounting_year": flows.year,
        "ghg_boundary": context.scenario.ghg_boundary,
        "grid_ef_version": account.grid or ", ".join(grid) or None,
        "fuel_ef_version": account.fuel,
        "gwp_set": context.scenario.gwp,
    }
    return {key: (value, units[key]) for key, value in values.items()}


def _peak_kw(context: StageContext) -> float | None:
    from carbonost.agents.stages.load import park_load

    load = park_load(context.data)
    return None if load is None else float(load.max())


def _state_gaps(context: StageContext, notes: Notes, flows: Flows, account: Account, uncertainty: float | None) -> None:
    for what in account.missing:
        if what == "steam enthalpy":  # stated where it was met
            continue
        affected = "S2_tco2e_y" if what.startswith(("grid", "electricity", "heat", "steam")) else "S1_tco2e_y"
        notes.gap(
            f"排放因子：{what}",
            "该范围的排放量未知，不以其他数值代替",
            "high",
            fix="在复核中更正版本，或合并含该因子的因子库",
            affects=(affected, "total_tco2e_y"),
        )
    if flows.total("electricity") is None:
        notes.gap(
            "用电量",
            "范围二与用电类措施",
            "high",
            fix="提供计量数据或电费单",
            affects=("baseline_electricity_kwh_y", "S2_tco2e_y", "total_tco2e_y"),
        )
    elif "electricity" not in flows.coverage:
        notes.gap(
            "园区电力真实计量（十五分钟或逐时）",
            "负荷画像、削峰填谷",
            "medium",
            fix="接入电表数据",
            affects=("peak_kw", "portfolio_npv"),
        )
    if not _burned(flows.rows) and not context.data.site.get("no_fuels"):
        notes.gap(
            "燃料与其他范围一活动数据",
            "范围一与总量未知，不按零计；范围二照常给出",
            "high",
            fix="提供用气、用油等数据；确无燃料与其他范围一排放源时声明 site.no_fuels: true",
            affects=("baseline_gas_nm3_y", "S1_tco2e_y", "total_tco2e_y", "total_market_tco2e_y"),
        )
    if any(b.fallback for b in account.inventory.bases):
        notes.gap(
            "核算年度或所在地区的排放因子",
            "采用最近一级地区或最近公布年度的因子",
            "low",
            fix="待当年因子公布后重算",
            affects=("S2_tco2e_y",),
        )
    single = sorted({b.factor_id for b in account.inventory.bases if b.status in _ONE_SOURCE})
    if single:
        notes.gap(
            f"排放因子的第二来源（{'、'.join(single)}）",
            "数值取自单一转录，未经第二来源核对",
            "low",
            fix="核对原始文件，或在数据行中给出实测参数",
            affects=("S1_tco2e_y", "S2_tco2e_y"),
        )
    if uncertainty is None:
        notes.gap("总量不确定性", "结论的可信区间未知", "medium", fix="补齐因子后重算", affects=("uncertainty_pct",))


def _cite_factors(context: StageContext, notes: Notes, inventory: Inventory) -> None:
    notes.cite(EvidenceItem(type="table", id="carbonost.factors", version=str(context.factors.digest)))
    for basis in inventory.bases:
        if basis.document:
            version = None if basis.vintage is None else str(basis.vintage)
            notes.cite(EvidenceItem(type="doc", id=basis.document, version=version, note=basis.locator or None))
    tell_conventions(notes, inventory)
