"""From a selection to a region: boundary, area, codes, who is there, and what is known of it.

No energy, emission or money is derived here; the declaration does not let such a figure out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import numpy as np
from pydantic import JsonValue

from carbonost.agents.spec import AgentSpec, Editable, MetricSpec, Trigger
from carbonost.domain.evidence import EvidenceItem
from carbonost.engines import geo  # its names load shapely and pyproj when a boundary is read, not when jobs are listed
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from carbonost.agents.stages.base import Notes, StageContext, StageOutput
    from carbonost.domain.scenario import GeoSelection
    from carbonost.engines.geo import Boundary, Overlap

CODE_DIGITS: Final = 6


class BoundaryProvider(Protocol):
    """Boundaries of administrative units and parks; none are packaged (maps of China need an approval)."""

    version: str

    def boundary(self, selection: GeoSelection) -> Mapping[str, Any] | None:
        """Return the WGS84 GeoJSON geometry of a code or park, or None."""
        ...

    def admin_features(self, geometry: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """Return WGS84 GeoJSON Features of districts near a geometry, with ``code`` and ``name``."""
        ...


GEO_SPEC: Final = AgentSpec(
    name="geo",
    version="1.0.0",
    purpose="Boundary, administrative codes, enterprises and completeness; no energy, emission or money.",
    metrics={
        "area_km2": MetricSpec("km2", "geodesic area on the WGS84 ellipsoid"),
        "admin_codes": MetricSpec("text", "GB/T 2260 codes: province, city, district"),
        "entity_count_est": MetricSpec("1", "enterprises inside the boundary"),
        "data_completeness_score": MetricSpec("1", "weighted share of what a baseline needs"),
    },
    artifacts=(
        "region_boundary",
        "entities_raw",
        "entities_by_industry",
        "layer_clip_manifest",
        "admin_overlaps",
        "completeness",
        "checks",
    ),
    sensitive={"artifacts.entities_raw": ("entities",)},
    triggers=(
        Trigger(
            "area_small", "metrics.area_km2", "below", "选区面积异常偏小，边界是否正确？", "area_km2_min", "核对边界"
        ),
        Trigger(
            "area_large", "metrics.area_km2", "above", "选区面积异常偏大，边界是否正确？", "area_km2_max", "核对边界"
        ),
        Trigger("no_boundary", "metrics.area_km2", "null", "选区没有边界，能否补充？", None, "提供边界 GeoJSON"),
        Trigger(
            "overlap",
            "artifacts.checks.second_district_share",
            "above",
            "选区跨越多个区县，行政归属是否正确？",
            "overlap_share",
            "确认 admin_codes",
        ),
        Trigger(
            "entities",
            "artifacts.checks.entity_ratio",
            "above",
            "企业数量与预期偏差过大，名录是否完整？",
            "entity_ratio_max",
            "增删 entities_raw",
        ),
        Trigger(
            "datum", "artifacts.checks.datum_undeclared", "true", "坐标基准未声明，是否为 WGS84？", None, "声明 datum"
        ),
        Trigger(
            "old_code",
            "artifacts.checks.code_abolished",
            "true",
            "行政区划代码已撤销，改用何代码？",
            None,
            "改用后继代码",
        ),
        Trigger(
            "confidence",
            "confidence",
            "below",
            "请确认选区边界、行政归属与企业清单。",
            "confidence_min",
            "补充缺失数据",
        ),
    ),
    editable=(
        Editable("artifacts.region_boundary", dict[str, JsonValue], "GeoJSON Polygon or MultiPolygon, WGS84"),
        Editable("metrics.admin_codes", dict[str, str], "province, city, district: six-digit codes"),
        Editable("artifacts.entities_raw", list[dict[str, JsonValue]], "rows with id and name"),
    ),
)


@dataclass(frozen=True)
class GeoStage:
    """Resolves a selection.

    Parameters
    ----------
    boundaries : BoundaryProvider, optional
        Where boundaries of codes and parks, and districts, come from.
    """

    boundaries: BoundaryProvider | None = None

    @property
    def spec(self) -> AgentSpec:
        """The stage's declaration."""
        return GEO_SPEC

    def run(self, context: StageContext) -> StageOutput:
        """Resolve the selection."""
        notes = context.notes()
        for source in context.data.sources:
            notes.cite(source)
        boundary = self._boundary(context, notes)
        codes, checks = self._codes(context, notes, boundary)
        entities, manifest = _entities(context, notes, boundary)
        if self.boundaries is not None and boundary is not None:
            manifest.append(
                {
                    "layer": "admin_boundaries",
                    "version": self.boundaries.version,
                    "method": "polygon intersection, geodesic area",
                    "parameters": {"datum": "WGS84"},
                    "count_in": len(checks["overlaps"]),
                    "count_out": len(checks["overlaps"]),
                }
            )
        inside = [row for row in entities if row["inside"] is not False]
        expected = context.data.site.get("expected_entity_count")
        if expected and inside:
            checks["entity_ratio"] = max(len(inside) / expected, expected / len(inside))
        present = _present(context, boundary, inside)
        score = geo.completeness_score(present)
        _state_gaps(context, notes, boundary, inside)
        return notes.output(
            {
                "area_km2": (None if boundary is None else boundary.area_km2, "km2"),
                "admin_codes": (codes, "text"),
                "entity_count_est": (len(inside), "1"),
                "data_completeness_score": (score, "1"),
            },
            {
                "region_boundary": None if boundary is None else boundary.geometry,
                "entities_raw": entities,
                "entities_by_industry": _by_industry(inside),
                "layer_clip_manifest": manifest,
                "admin_overlaps": checks.pop("overlaps"),
                "completeness": [{"name": name, "present": share} for name, share in present.items()],
                "checks": checks,
            },
            0.2 + 0.8 * score,
        )

    def _boundary(self, context: StageContext, notes: Notes) -> Boundary | None:
        given = notes.override("artifacts.region_boundary")
        if given is not None:
            return geo.read_boundary(cast("dict[str, Any]", given), "WGS84")
        selection = context.selection
        if selection.type == "polygon":
            boundary = geo.read_boundary(cast("dict[str, Any]", selection.geometry), selection.datum)
            if selection.datum is None:
                notes.gap(
                    "坐标基准（datum）",
                    "边界、面积与企业裁剪",
                    "medium" if boundary.in_china else "low",
                    fix="按 WGS84 处理；请声明 WGS84、CGCS2000、GCJ02 或 BD09",
                    affects=("area_km2", "artifacts.region_boundary"),
                )
            if selection.datum in {"GCJ02", "BD09"}:
                notes.assume("datum_conversion", f"{selection.datum} → WGS84", "text", "按公开偏移算法反解", "low")
            for repair in boundary.repairs:
                notes.assume("boundary_repair", repair, "text", "边界环未闭合，以首点闭合", "low")
            return boundary
        found = context.data.site.get("boundary")
        if found is None and self.boundaries is not None:
            found = self.boundaries.boundary(selection)
            if found is not None:
                notes.cite(EvidenceItem(type="file", id="boundaries", version=self.boundaries.version))
        return None if found is None else geo.read_boundary(found, "WGS84")

    def _codes(
        self, context: StageContext, notes: Notes, boundary: Boundary | None
    ) -> tuple[dict[str, str] | None, dict[str, Any]]:
        year = context.scenario.accounting_year or _last_year(context)
        checks: dict[str, Any] = {"datum_undeclared": _datum_open(context, boundary), "overlaps": []}
        given = notes.override("metrics.admin_codes")
        shares: list[Overlap] = []
        if boundary is not None and self.boundaries is not None:
            shares = geo.overlaps(boundary.geometry, self.boundaries.admin_features(boundary.geometry))
            checks["overlaps"] = [{"code": one.code, "name": one.name, "share": one.share} for one in shares]
            checks["second_district_share"] = shares[1].share if len(shares) > 1 and given is None else 0.0
        if given is not None:
            for one in cast("dict[str, str]", given).values():
                geo.resolve(one, year)
            return cast("dict[str, str]", given), checks
        code: str | None = shares[0].code if shares else _declared_code(context)
        if code is None:
            notes.gap(
                "行政区划代码",
                "电价、因子与政策的地域",
                "medium",
                fix="在情景参数 region 中给出省、市或区县代码",
                affects=("admin_codes",),
            )
            return None, checks
        unit = geo.resolve(code, year)
        if not unit.current:
            checks["code_abolished"] = True
            notes.gap(
                f"{year} 年有效的行政区划代码",
                f"{code} {unit.name} 在 {year} 年无效",
                "medium",
                fix=f"后继代码：{unit.successor or '未知'}",
                affects=("admin_codes",),
            )
        if not shares:
            notes.assume("admin_match", unit.path, "text", "按声明的地区代码归属；未叠加行政区边界图层", "low")
        return unit.path, checks


def _datum_open(context: StageContext, boundary: Boundary | None) -> bool:
    corrected = "artifacts.region_boundary" in context.overrides
    selection = context.selection
    undeclared = selection.type == "polygon" and selection.datum is None
    return bool(undeclared and not corrected and boundary is not None and boundary.in_china)


def _declared_code(context: StageContext) -> str | None:
    if context.selection.type == "admin_code":
        return str(context.selection.geometry).strip()
    from carbonost.factors import region

    text = context.scenario.region
    found = region(text, frozenset(context.factors.regions))
    return found.admin_code if len(found.admin_code) == CODE_DIGITS else None


def _last_year(context: StageContext) -> int:
    frame = context.data.meters
    if frame is not None and len(frame):
        return int(frame["start"].max().tz_convert(context.data.zone).year)
    ends = [row.period_end.year for row in context.data.activities if row.period_end is not None]
    if not ends:
        raise InputError(
            "nothing says which year is meant", "accounting_year", None, "Give ScenarioParams(accounting_year=…)."
        )
    return int(max(ends))


def _entities(
    context: StageContext, notes: Notes, boundary: Boundary | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    given = notes.override("artifacts.entities_raw")
    if given is not None:
        from carbonost.domain.place import Entity

        known = set(Entity.model_fields)
        rows = [{k: v for k, v in row.items() if k in known} for row in cast("list[dict[str, Any]]", given)]
        listed = [Entity(**row) for row in rows]
    else:
        listed = list(context.data.entities)
    version = "corrected in review" if given is not None else "as declared"
    inside: list[bool | None] = [None] * len(listed)
    manifest: list[dict[str, Any]] = []
    located = [i for i, one in enumerate(listed) if one.lon is not None and one.lat is not None]
    if boundary is not None and located:
        lon = np.array([listed[i].lon for i in located], dtype=np.float64)
        lat = np.array([listed[i].lat for i in located], dtype=np.float64)
        mask, record = geo.clip(boundary.geometry, lon, lat, layer="entities", version=version)
        for i, hit in zip(located, mask.tolist(), strict=True):
            inside[i] = hit
        manifest.append(
            {
                "layer": record.layer,
                "version": record.version,
                "method": record.method,
                "parameters": {"datum": "WGS84", "edge": "inside"},
                "count_in": record.count_in,
                "count_out": record.count_out,
            }
        )
    rows = [{**one.model_dump(mode="json"), "inside": hit} for one, hit in zip(listed, inside, strict=True)]
    return rows, manifest


def _by_industry(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    from carbonost.factors import table

    titles = dict(zip(*(table("gbt4754")[column] for column in ("code", "title_zh")), strict=True)) if rows else {}
    count = Counter(str(row["industry_code"] or "") for row in rows)
    return [
        {"industry_code": code or None, "industry": _title(code, titles), "count": n}
        for code, n in sorted(count.items())
    ]


def _title(code: str, titles: dict[str, str]) -> str | None:
    digits = code.lstrip("ABCDEFGHIJKLMNOPQRST")
    for length in range(len(digits), 1, -1):
        for key in (digits[:length], code[: len(code) - len(digits) + length]):
            if key in titles:
                return titles[key]
    return titles.get(code[:1]) if code else None


def _present(context: StageContext, boundary: Boundary | None, inside: list[dict[str, Any]]) -> dict[str, float]:
    from carbonost.engines.measures.library import MeasureLibrary
    from carbonost.engines.measures.site import lookup

    data, scenario = context.data, context.scenario
    carriers = {row.energy_type for row in data.activities}
    metered = set() if data.meters is None else set(data.meters["energy_type"].unique())
    coded = sum(row["industry_code"] is not None for row in inside)
    wanted = sorted({name for measure in MeasureLibrary.default() for name in measure.required_inputs})
    known = sum(lookup(data.site, name) is not None for name in wanted)
    fuels = (carriers | metered) - {"electricity"}
    return {
        "boundary": float(boundary is not None),
        "entities": float(bool(inside)),
        "industry_codes": coded / len(inside) if inside else 0.0,
        "electricity": 1.0 if "electricity" in metered else 0.5 if "electricity" in carriers else 0.0,
        "fuels": float(bool(fuels) or bool(data.site.get("no_fuels"))),
        "tariff": float(bool(data.prices) or scenario.tariff_region is not None),
        "site": known / len(wanted) if wanted else 1.0,
    }


def _state_gaps(context: StageContext, notes: Notes, boundary: Boundary | None, inside: list[dict[str, Any]]) -> None:
    scenario, data = context.scenario, context.data
    if boundary is None:
        notes.gap(
            "园区边界",
            "面积、企业裁剪与资源评估",
            "high",
            fix="提供 WGS84 边界 GeoJSON，或接入边界数据源",
            affects=("area_km2", "artifacts.region_boundary"),
        )
    if not inside:
        notes.gap("企业名录", "行业构成与重点排放源", "medium", fix="提供企业名录", affects=("entity_count_est",))
    elif any(row["industry_code"] is None for row in inside):
        notes.gap("部分企业的行业代码", "行业细分与对标", "low", fix="补充 GB/T 4754 代码", affects=("top_emitters",))
    if inside and all(row["credit_code"] is None for row in inside):
        notes.gap("统一社会信用代码", "企业去重", "low", fix="补充信用代码", affects=("entity_count_est",))
    if not data.prices and scenario.tariff_region is None:
        notes.gap(
            "电价规则（分时、基本电费）",
            "经济性与储能收益",
            "medium",
            fix="给出 tariff_region 或 prices.electricity",
            affects=("portfolio_npv",),
        )
    if "grid_ef_version" not in scenario.model_fields_set:
        notes.gap(
            "电网排放因子版本",
            "范围二",
            "low",
            fix="未指定版本；按核算年度与 vintage 规则从因子库选取",
            affects=("S2_tco2e_y",),
        )
