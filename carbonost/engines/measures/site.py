"""What a site says about itself: lookups that tell absent from present, and never guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.checks import is_number
from carbonost.domain.evidence import DataGap, EvidenceItem
from carbonost.engines.measures.heat import ATMOSPHERE_MPA, saturation_temperature_c
from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.evidence import AssumptionItem
    from carbonost.engines.measures.library import Default
    from carbonost.engines.measures.parameters import Parameter

FALLBACK: Final = {"steam_grade.process_temperature_c": "steam_grade.temperature_c"}
"""A field that, left out, is another one: the process is taken to need what the boiler delivers."""
BOILING: Final = {"steam_grade.temperature_c": "steam_grade.pressure_mpa"}
"""A temperature that, left out, is that of saturated steam at a gauge pressure."""


def lookup(site: Mapping[str, Any], name: str) -> Any:
    """Value of a dotted field, or what stands for it; None where it is absent, empty or null."""
    if not isinstance(site, Mapping):
        raise InputError("is not a mapping", "site", type(site).__name__, 'Give {"roof_area_m2": 5000, …}.')
    value: Any = site
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None and name in FALLBACK:
        return lookup(site, FALLBACK[name])
    if value is None and name in BOILING:
        gauge = number(site, BOILING[name], most=20.0)
        return None if gauge is None else saturation_temperature_c(gauge + ATMOSPHERE_MPA)
    if isinstance(value, (str, list, tuple, Mapping)) and not value:
        return None
    return value


def number(site: Mapping[str, Any], name: str, *, least: float = 0.0, most: float = float("inf")) -> float | None:
    """Number of a dotted field; None where absent.

    Raises
    ------
    InputError
        If it is not a number between `least` and `most`.
    """
    value = lookup(site, name)
    if value is None:
        return None
    if not is_number(value) or not least <= value <= most:
        bounds = f"from {least:g}" + (f" to {most:g}" if most < float("inf") else "")
        raise InputError(f"must be a number {bounds}", f"site.{name}", value, "Correct the site's data.")
    return float(value)


@dataclass
class Record:
    """What an effect rests on, gathered while it is computed."""

    assumptions: dict[str, AssumptionItem] = field(default_factory=dict)
    evidence: dict[str, EvidenceItem] = field(default_factory=dict)
    gaps: dict[str, DataGap] = field(default_factory=dict)

    def assume(self, default: Default, measure: str) -> float:
        """Take a default of the library, and say so."""
        self.assumptions[default.name] = default.as_assumption()
        if default.sensitivity == "high":
            self.miss(default.name, f"{measure} 的规模与收益", workaround=default.rationale)
        return default.value

    def take(self, parameter: Parameter) -> Parameter:
        """Use a published row, and say so; a row that is no default by itself also raises a gap."""
        self.evidence[parameter.id] = parameter.as_evidence()
        self.assumptions[parameter.id] = parameter.as_assumption()
        if not parameter.usable:
            self.miss(
                f"{parameter.measure_id}.{parameter.name}",
                f"{parameter.measure_id}：参数状态为 {parameter.status}，未经核对",
                workaround=f"暂用 {parameter.value:g} {parameter.unit}（{parameter.region}）",
            )
        return parameter

    def miss(self, missing: str, impact: str, *, severity: str = "medium", workaround: str | None = None) -> None:
        """Note a gap once."""
        gap = DataGap.model_validate(
            {"missing": missing, "impact": impact, "severity": severity, "workaround": workaround}
        )
        self.gaps.setdefault(missing, gap)
