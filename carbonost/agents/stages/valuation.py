"""What the money rests on beside the prices: stated, so that nobody reads it as a fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonost.agents.stages.base import Notes, StageContext
    from carbonost.domain.measure import Effect
    from carbonost.domain.scenario import ScenarioParams
    from carbonost.engines.finance import Portfolio


def parameters_used(scenario: ScenarioParams, context: StageContext) -> dict[str, Any]:
    """Return the parameters as used: year and factor versions are the baseline's, not defaults nothing read."""
    before = context.envelope("baseline")
    names = ("accounting_year", "grid_ef_version", "fuel_ef_version")
    return {**scenario.model_dump(mode="json"), **{name: before.value(name) for name in names}}


def tell_valuation(notes: Notes, scenario: ScenarioParams, chosen: Portfolio, effects: Iterable[Effect]) -> None:
    """State that avoided tonnes are paid, and at which price saved power counts."""
    if chosen.total is None:
        return
    if scenario.carbon_price_y_per_tco2:
        notes.assume(
            "avoided_emissions_are_paid",
            "范围一与范围二",
            "text",
            "避免的范围一与范围二排放全部按碳价计入收益；企业未纳入碳市场或不能出售该减排量时，此项收益不存在",
            "high",
        )
    taken = [one for one in effects if one.id in chosen.selected]
    if any(not one.billed and one.amount("electricity") for one in taken):
        flat = "未按电价表计费的措施，其用电变化按情景电价计价，不分时段、不计需量"
        roof = any(one.id == "PV_ROOF" and not one.billed for one in taken)
        notes.assume(
            "saved_electricity_is_priced_flat",
            "单一电价",
            "text",
            flat + ("；午间为低谷电价时光伏收益偏高" if roof else ""),
            "high" if roof else "medium",
        )
    if any(one.billed for one in taken):
        notes.assume(
            "billed_saving_moves_with_price",
            "同比例",
            "text",
            "按电价表计费的措施（光伏、储能）：电度电费随情景电价同比例变化，需量电费不变",
            "medium",
        )
