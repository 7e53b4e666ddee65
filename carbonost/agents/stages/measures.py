"""Which measures fit the park, what each would do there, and what is still to be asked.

Screening and effects come from the measure engine, a battery's year from the dispatch. No portfolio is
chosen here. Costs are those of the candidates, as published or given; unknown stays unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Any, Final, cast

import pandas as pd
from pydantic import BaseModel, ConfigDict

from carbonost import units
from carbonost.agents.spec import AgentSpec, Editable, MetricSpec, Trigger
from carbonost.agents.stages.load import park_load
from carbonost.agents.stages.storage_dispatch import BatteryDispatch
from carbonost.agents.stages.tables import RESIDUAL
from carbonost.agents.stages.tariffs import park_tariff
from carbonost.domain.evidence import EvidenceItem
from carbonost.engines.measures import (
    AbatementFactors,
    Baseline,
    MeasureLibrary,
    ScoreWeights,
    assess,
    invest,
    pv_yield,
    screen,
)
from carbonost.engines.measures.site import read_facts
from carbonost.factors import parameter_set

if TYPE_CHECKING:
    from carbonost.agents.envelope import ResultEnvelope
    from carbonost.agents.stages.base import Notes, StageContext, StageOutput
    from carbonost.domain.measure import Candidate, Effect
    from carbonost.domain.tariff import Tariff
    from carbonost.engines.measures import Costed, Roadmap, Screening


class CandidateSwitch(BaseModel):
    """A candidate switched on or off; its score is computed, never edited."""

    model_config = ConfigDict(extra="forbid")

    id: str
    enabled: bool


MEASURES_SPEC: Final = AgentSpec(
    name="measures",
    version="1.0.0",
    purpose="Candidates, their effects and missing inputs; no portfolio and no optimum.",
    needs=("geo", "baseline"),
    metrics={
        "candidate_count": MetricSpec("1", "measures in the list, switched-off ones left out"),
        "avg_applicability_score": MetricSpec("1", "mean score of the candidates, 0 to 1"),
    },
    artifacts=(
        "candidates",
        "required_data_for_top10",
        "effects",
        "constraints",
        "pv_monthly",
        "dispatch_week",
        "risks",
        "checks",
    ),
    sensitive={"artifacts.dispatch_week": ("meters",)},
    triggers=(
        Trigger(
            "score",
            "metrics.avg_applicability_score",
            "below",
            "候选措施适用性偏低，请确认现场约束（屋顶、蒸汽等级、余热等）。",
            "applicability_min",
            "补充 required_data_for_top10",
        ),
        Trigger(
            "violated",
            "artifacts.checks.violated",
            "not_empty",
            "有措施违反现场硬约束，是否停用？",
            None,
            "停用该措施",
        ),
        Trigger("confidence", "confidence", "below", "请确认候选措施清单。", "confidence_min", "核对候选措施"),
    ),
    editable=(
        Editable("artifacts.candidates", list[CandidateSwitch], 'rows {"id": …, "enabled": true|false}'),
        Editable("artifacts.candidates.*", bool, "false switches the measure of this id off"),
        Editable("assumptions.*", float, "score weights and working assumptions, in their unit"),
    ),
)


_TOLD: Final = {"assumptions", "evidence", "gaps"}
"""Parts of an effect that the envelope carries itself."""


@dataclass(frozen=True)
class MeasuresStage:
    """Screens a library of measures.

    Parameters
    ----------
    library : MeasureLibrary, optional
        The packaged one by default.
    """

    library: MeasureLibrary | None = None

    @property
    def spec(self) -> AgentSpec:
        """The stage's declaration."""
        return MEASURES_SPEC

    @property
    def param_digest(self) -> str:
        """Digest of the library, part of every envelope's ``param_version``."""
        return (self.library or MeasureLibrary.default()).digest

    def run(self, context: StageContext) -> StageOutput:
        """Screen, then compute what can be computed."""
        notes = context.notes()
        library = self.library or MeasureLibrary.default()
        before = context.envelope("baseline")
        site = _site(context, library)
        found = _screen(notes, library, site, before)
        factors = abatement_factors(before)
        energy, load = _energy(context, before)
        tariff = park_tariff(context, notes)
        battery = None if tariff is None else BatteryDispatch(tariff, site, factors, notes)
        _tell_prices(notes, tariff, energy)
        chosen = [one.id for one in found.candidates if one.enabled and one.feasible]
        dispatch = {} if battery is None or "BESS" not in chosen else {"BESS": battery}
        bill = None if tariff is None else tariff.bill
        roadmap = assess(chosen, site, energy, factors, library=library, dispatch=dispatch, bill=bill)
        scenario = context.scenario
        costs = {
            effect.id: invest(
                effect,
                site,
                cny_per_eur=scenario.currency_rate_cny_per_eur,
                cny_per_usd=scenario.currency_rate_cny_per_usd,
                library=library,
            )
            for effect in roadmap.effects
        }
        _take_notes(notes, library, found, roadmap, costs)
        total = before.number("total_tco2e_y")
        pv = _pv(roadmap, site, load)
        enabled = [one for one in found.candidates if one.enabled]
        rows = [_row(one, roadmap, costs, total) for one in found.candidates]
        known = sum(effect.computable for effect in roadmap.effects) / max(1, len(roadmap.effects))
        return notes.output(
            {
                "candidate_count": (len(enabled), "1"),
                "avg_applicability_score": (found.avg_applicability_score, "1"),
            },
            {
                "candidates": rows,
                "required_data_for_top10": list(found.required_data_for_top10),
                "effects": [effect.model_dump(mode="json", exclude=_TOLD) for effect in roadmap.effects],
                "constraints": _constraints(site),
                "pv_monthly": [] if pv is None else _by_month(pv),
                "dispatch_week": [] if battery is None else battery.week(pv),
                "risks": _risks(enabled),
                "checks": {"violated": [one.id for one in found.violated]},
            },
            min(before.confidence, 0.5 + 0.5 * found.avg_applicability_score) * (0.8 + 0.2 * known),
            _solver() if battery is not None and battery.schedule is not None else None,
        )


def _site(context: StageContext, library: MeasureLibrary) -> dict[str, Any]:
    """Return the site's facts that measures read; a tariff the scenario or the prices name counts as known."""
    site = read_facts(context.data.site, library)
    if context.scenario.tariff_region is not None:
        site.setdefault("tou_tariff", context.scenario.tariff_region)
    elif (context.data.prices or {}).get("electricity"):
        site.setdefault("tou_tariff", "given")
    roofs = [entity.roof_area_m2 for entity in context.data.entities if entity.roof_area_m2]
    if roofs:
        site.setdefault("roof_area_m2", fsum(roofs))
    boundary = context.envelope("geo").artifacts.get("region_boundary")
    if boundary is not None and ("latitude" not in site or "longitude" not in site):
        from carbonost.engines.geo import read_boundary

        longitude, latitude = read_boundary(cast("dict[str, Any]", boundary), "WGS84").centroid
        site.setdefault("latitude", latitude)
        site.setdefault("longitude", longitude)
    return site


def _screen(notes: Notes, library: MeasureLibrary, site: dict[str, Any], before: ResultEnvelope) -> Screening:
    weights = {
        name: float(
            notes.assume(f"score_weights.{name}", getattr(library.weights, name), "1", library.weights_note, "medium")
        )
        for name in library.weights.__slots__
    }
    off = {row["id"] for row in cast("list[Any]", notes.override("artifacts.candidates") or []) if not row["enabled"]}
    for measure in library:
        if notes.override(f"artifacts.candidates.{measure.id}") is False:
            off.add(measure.id)
    for measure_id in off:
        library.get(measure_id)
    facts = {key: metric.value for key, metric in before.metrics.items()}
    return screen(site, facts, library=library, weights=ScoreWeights(**weights), disabled=off)


def abatement_factors(before: ResultEnvelope) -> AbatementFactors:
    """Return the inventory's own factors per canonical unit; None where it has none."""
    found: dict[str, tuple[float, float]] = {}
    for row in cast("list[dict[str, Any]]", before.artifacts["factors"]):
        if row["energy_type"] == RESIDUAL:  # stands in its average's row as well
            continue
        unit = str(row["unit"]).partition("/")[2]
        scale = 1000 * units.compile(row["energy_type"], unit)
        market = row["value"] if row["market_value"] is None else row["market_value"]
        found.setdefault(str(row["energy_type"]), (row["value"] / scale, market / scale))
    power, heat = found.get("electricity"), found.get("heat") or found.get("steam")
    gas, diesel = found.get("natural_gas"), found.get("diesel") or found.get("mobile_diesel")
    return AbatementFactors(
        electricity_location_t_per_kwh=None if power is None else power[0],
        electricity_market_t_per_kwh=None if power is None else power[1],
        natural_gas_t_per_nm3=None if gas is None else gas[0],
        heat_t_per_gj=None if heat is None else heat[0],
        diesel_t_per_t=None if diesel is None else diesel[0],
    )


def _energy(context: StageContext, before: ResultEnvelope) -> tuple[Baseline, pd.Series | None]:
    """Return the year's energy as the measure engine reads it, and the load curve."""
    year = int(before.number("accounting_year") or 0)
    load = park_load(context.data, year)
    used = before.number("baseline_electricity_kwh_y") or 0.0
    diesel = [
        float(row["consumption"])
        for row in cast("list[dict[str, Any]]", before.artifacts["energy_balance"])
        if row["carrier"] in {"diesel", "mobile_diesel"} and row["unit"] == "t"
    ]
    site = context.data.site
    return (
        Baseline(
            electricity_kwh=used,
            natural_gas_nm3=before.number("baseline_gas_nm3_y") or 0.0,
            heat_gj=before.number("baseline_heat_gj_y") or 0.0,
            diesel_t=fsum(diesel),
            load_kw=None if load is None else load.interpolate().bfill().ffill(),
            gas_ncv_gj_per_nm3=_gas_ncv(before),
            boiler_gas_nm3=cast("float | None", site.get("boiler_gas_nm3")),
            boiler_efficiency=cast("float | None", site.get("boiler_efficiency")),
        ),
        load,
    )


def _tell_prices(notes: Notes, tariff: Tariff | None, energy: Baseline) -> None:
    """State what a kilowatt-hour costs on the park's bill, beside the flat price of what is not billed."""
    load = energy.load_kw
    if tariff is None or load is None or load.isna().any() or not load.clip(lower=0.0).sum():
        return
    drawn = load.clip(lower=0.0)
    hours = (load.index[1] - load.index[0]) / pd.Timedelta(hours=1)
    notes.assume(
        "billed_energy_price",
        tariff.bill(drawn).energy_cny / float(drawn.sum() * hours),
        "CNY/kWh",
        "园区负荷按分时电价计费的平均电度电价；光伏自用与储能逐时按电价表计费（含需量），其余措施按情景电价",
        "medium",
    )


def _gas_ncv(before: ResultEnvelope) -> float | None:
    """Return the calorific value the inventory used for natural gas [GJ/Nm3], where its set prints one."""
    name = before.value("fuel_ef_version")
    from carbonost.agents.stages.versions import set_of

    found = set_of(str(name)) if name else None
    if found is None or "natural_gas" not in parameter_set(found):
        return None
    fuel = parameter_set(found)["natural_gas"]
    return fuel.ncv / 1e4 if "万" in fuel.per else None


def _take_notes(
    notes: Notes, library: MeasureLibrary, found: Screening, roadmap: Roadmap, costs: dict[str, Costed]
) -> None:
    notes.cite(EvidenceItem(type="table", id="measure_library", version=f"{library.version} {library.digest[:16]}"))
    for gap in found.gaps:
        notes.gaps.setdefault(gap.missing, gap)
    parts: list[Effect | Costed] = [*roadmap.effects, *costs.values()]
    for part in parts:
        for item in part.assumptions:
            notes.assumptions.setdefault(item.name, item)
        for source in part.evidence:
            notes.cite(source)
        for gap in part.gaps:
            notes.gaps.setdefault(gap.missing, gap)


def _row(one: Candidate, roadmap: Roadmap, costs: dict[str, Costed], total: float | None) -> dict[str, Any]:
    effect = next((e for e in roadmap.effects if e.id == one.id), None)
    tonnes = None if effect is None or effect.abatement is None else effect.abatement.total_t()
    cost = costs.get(one.id)
    return {
        **one.model_dump(mode="json"),
        "computable": effect is not None and effect.computable,
        "abatement_tco2e_y": tonnes,
        "capex_cny": None if cost is None else cost.investment.capex_cny,
        "expected_impact_range": {"co2_reduction_pct": _range(effect, tonnes, total)},
    }


def _range(effect: Effect | None, tonnes: float | None, total: float | None) -> list[float] | None:
    """Return low and high abatement as shares of the total, as wide as the main energy's range."""
    if effect is None or tonnes is None or not total:
        return None
    main = max(effect.saved.values(), key=lambda one: abs(one.value), default=None)
    if main is None or not main.value or main.low is None or main.high is None:
        return [tonnes / total, tonnes / total]
    return sorted((tonnes * main.low / main.value / total, tonnes * main.high / main.value / total))


def _constraints(site: dict[str, Any]) -> list[dict[str, Any]]:
    labels = {
        "roof_area_m2": ("屋顶面积", "m2"),
        "roof_usable_share": ("屋顶可用比例", "1"),
        "land_area_m2": ("可用土地", "m2"),
        "grid_headroom_kw": ("接网裕度", "kW"),
        "transformer_kva": ("变压器容量", "kVA"),
        "battery_capacity_kwh": ("储能容量上限", "kWh"),
    }
    rows = [
        {"name": key, "label": label, "value": float(site[key]), "unit": unit, "source": "园区申报"}
        for key, (label, unit) in labels.items()
        if isinstance(site.get(key), int | float)
    ]
    profile = site.get("waste_heat_profile")
    if isinstance(profile, dict) and isinstance(profile.get("heat_gj_per_year"), int | float):
        note = f"热源温度 {profile.get('source_temperature_c')} °C"
        rows.append(
            {"name": "waste_heat", "label": "余热量", "value": float(profile["heat_gj_per_year"]), "unit": "GJ/y"}
            | {"source": "园区申报", "note": note}
        )
    return rows


def _pv(roadmap: Roadmap, site: dict[str, Any], load: pd.Series | None) -> pd.Series | None:
    """Return the roof's power over the load's year, from the same yield model as its effect."""
    effect = next((one for one in roadmap.effects if one.id == "PV_ROOF" and one.computable), None)
    if effect is None or load is None:
        return None
    light = site.get("irradiance") or {}
    options = {
        key: site[name] for key, name in (("tilt_deg", "tilt_deg"), ("azimuth_deg", "azimuth_deg")) if name in site
    }
    one = pv_yield(pd.DatetimeIndex(load.index), site["latitude"], site["longitude"], **options, **light)
    return one.profile * effect.size["capacity_kw"].value


def _by_month(power: pd.Series) -> list[dict[str, Any]]:
    hours = (power.index[1] - power.index[0]) / pd.Timedelta(hours=1)
    sums = power.groupby(pd.DatetimeIndex(power.index).strftime("%Y-%m")).sum() * hours
    return [{"month": str(month), "energy_kwh": float(energy)} for month, energy in sums.items()]


def _risks(enabled: list[Candidate]) -> list[dict[str, Any]]:
    return [{"name": f"{one.name}：{risk}", "measure": one.id} for one in enabled for risk in one.risks]


def _solver() -> str:
    from importlib.metadata import version

    return f"highspy {version('highspy')}"
