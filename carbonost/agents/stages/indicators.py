"""The park's account by the national zero-carbon-park method; what it lacks is a gap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carbonost.agents.stages.conventions import in_chinese
from carbonost.engines.report.account import park_envelope
from carbonost.errors import InputError
from carbonost.factors import parameter_set
from carbonost.units import ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carbonost.agents.stages.base import Notes
    from carbonost.engines.carbon.calculator import CarbonCalculator


_STATUS: Final = {
    "computed": "已计算",
    "gap": "数据缺口",
    "not_given": "未提供",
    "no_limit": "未设目标",
    "excluded": "不适用",
}


def park_account(
    calculator: CarbonCalculator,
    activities: Sequence[Mapping[str, Any]],
    site: Mapping[str, Any],
    parameters: str,
    notes: Notes,
) -> dict[str, Any] | None:
    """Return metrics, terms, indicators and bridge of the account, as the report reads them.

    `site` may hold ``contracts``, ``energy_coefficients`` (electricity at its equivalent value, with year
    and source) and ``guide_indicators``.
    """
    carriers = {str(row["energy_type"]) for row in activities}
    try:
        found = calculator.zero_carbon_park(
            list(activities),
            contracts=site.get("contracts", ()),
            energy_coefficients={**_coefficients(carriers, parameters), **site.get("energy_coefficients", {})},
            guide=site.get("guide_indicators"),
        )
    except InputError as exc:
        notes.gap(
            "零碳园区核算",
            f"零碳园区指标：{exc.problem}",
            "low",
            fix="按试行核算方法补充数据",
            affects=("artifacts.zero_carbon_park",),
        )
        return None
    account = park_envelope(found)
    if account["metrics"]["intensity_t_per_tce"]["value"] is None:
        notes.gap(
            "等价值折标系数（当年供电煤耗，含年份与来源）",
            "零碳园区核心指标“单位能耗碳排放”",
            "low",
            fix="给出 site.energy_coefficients.electricity",
            affects=("artifacts.zero_carbon_park",),
        )
    for row in account["artifacts"]["indicators"]:
        row |= {"status_code": row["status"], "status": _STATUS.get(row["status"], row["status"])}
    for item in account["assumptions"]:
        item["rationale"] = in_chinese(item["rationale"] or "") or None
    return {key: account[key] for key in ("metrics", "artifacts", "assumptions", "reproducibility")}


def _coefficients(carriers: set[str], parameters: str) -> dict[str, Any]:
    """Return coal equivalents of gases by the heating value of the fuel set, where the packaged table has none."""
    fuels = parameter_set(parameters)
    found: dict[str, Any] = {}
    for carrier in sorted(carriers & {"natural_gas"}):
        if carrier in fuels and "Nm3" in fuels[carrier].per:
            tce = fuels[carrier].ncv * ratio(carrier, "GJ", "tce") * ratio(carrier, "Nm3", fuels[carrier].per)
            source = f"{fuels.standard} {fuels.title}"
            found[carrier] = {"value": tce, "unit": "tce/Nm3", "source": source, "year": None}
    return found
