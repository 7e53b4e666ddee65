"""The park's electricity tariff from its prices and scenario, or a gap that says what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carbonost.domain.evidence import EvidenceItem
from carbonost.domain.tariff import Tariff
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.agents.stages.base import Notes, StageContext


def park_tariff(context: StageContext, notes: Notes) -> Tariff | None:
    """Return the tariff, or None and a gap where its rule or price is not known."""
    scenario, site = context.scenario, context.data.site
    given: dict[str, Any] = dict((context.data.prices or {}).get("electricity") or {})
    common: dict[str, Any] = {
        "demand_cny_per_kw_month": scenario.demand_price_y_per_kw_month or 0.0,
        "export_cny_per_kwh": scenario.feed_in_price_y_per_kwh,
        "transformer_kva": site.get("transformer_kva"),
        "zone": context.data.zone,
    }
    region = scenario.tariff_region or site.get("tou_tariff")
    try:
        if "bands" in given:
            return Tariff.from_bands(**{"prices": None, **common, **given})
        if region is None:
            return None
        charge = scenario.tariff_charge or ("demand" if common["demand_cny_per_kw_month"] else "energy_only")
        if not given:
            price = scenario.electricity_price_y_per_kwh
            given = {"flat_cny_per_kwh": price}
            notes.assume("tariff_flat_price", price, "CNY/kWh", "未给出代理购电价格，以情景电价为平段电价", "high")
        asked = {"region": str(region), "voltage": scenario.tariff_voltage, "charge": charge}
        tariff = Tariff.from_region(**{**asked, **_for(charge, common), **given})
    except InputError as exc:
        notes.gap(
            f"分时电价：{exc.problem}",
            "储能收益与需量",
            "medium",
            fix="给出 prices.electricity 的时段与价格",
            affects=("portfolio_npv",),
        )
        return None
    if tariff.gaps:
        notes.gap(
            f"电价规则未经原文核对，或有适用限制（状态 {tariff.status}）",
            "储能收益与需量",
            "low",
            fix=f"以{'、'.join(tariff.sources) or '原文'}核对；直接参与市场交易的用户给出合同或市场电价",
            affects=("portfolio_npv",),
        )
    for source in tariff.sources:
        notes.cite(EvidenceItem(type="doc", id=source, version=tariff.status, note="; ".join(tariff.gaps) or None))
    return tariff


def _for(charge: str, common: dict[str, Any]) -> dict[str, Any]:
    """Keep the fixed charge that is billed."""
    if charge == "energy_only":
        return {key: value for key, value in common.items() if key != "demand_cny_per_kw_month"}
    return common
