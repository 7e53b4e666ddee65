"""What a site says about itself: lookups that tell absent from present, and never guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.arguments import nearest, scalar
from carbonost.domain.evidence import DataGap, EvidenceItem
from carbonost.domain.site import BY_MEASURE, KNOWN, site_faults, unread_facts
from carbonost.engines.measures.heat import ATMOSPHERE_MPA, saturation_temperature_c
from carbonost.errors import InputError, raise_faults

if TYPE_CHECKING:
    from carbonost.domain.evidence import AssumptionItem
    from carbonost.engines.measures.library import Default, MeasureLibrary
    from carbonost.engines.measures.parameters import Parameter

FALLBACK: Final = {"steam_grade.process_temperature_c": "steam_grade.temperature_c"}
"""A field that, left out, is another one: the process is taken to need what the boiler delivers."""
BOILING: Final = {"steam_grade.temperature_c": "steam_grade.pressure_mpa"}
"""A temperature that, left out, is that of saturated steam at a gauge pressure."""


def lookup(site: Mapping[str, Any], name: str) -> Any:
    """Value of a dotted field, or what stands for it; None where it is absent, empty or null."""
    value: Any = site
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None and name in FALLBACK:
        return lookup(site, FALLBACK[name])
    if value is None and name in BOILING:
        gauge = number(site, BOILING[name])
        return None if gauge is None else saturation_temperature_c(gauge + ATMOSPHERE_MPA)
    if isinstance(value, (str, list, tuple, Mapping)) and not value:
        return None
    return value


def number(site: Mapping[str, Any], name: str) -> float | None:
    """Number of a dotted field; None where absent. `checked` has held it to its bounds."""
    value = lookup(site, name)
    return None if value is None else scalar(value, f"site.{name}")


def checked(site: object, library: MeasureLibrary) -> Mapping[str, Any]:
    """Return the facts of a site once each is one that is read, of its kind and within its bounds.

    Raises
    ------
    InputError, InputErrors
        Naming the field, its value, and for a name that nothing reads the nearest that is read.
    """
    if not isinstance(site, Mapping):
        raise InputError("is not a mapping", "site", type(site).__name__, 'Give {"roof_area_m2": 5000, …}.')
    faults = [*site_faults(site), *unread_facts(site, _asked(library))]
    ids = [one.id for one in library]
    by_id = {kind: site[kind] for kind in BY_MEASURE if isinstance(site.get(kind), Mapping)}
    faults += [
        InputError("no such measure", f"site.{kind}.{name}", value, nearest(name, ids))
        for kind, told in by_id.items()
        for name, value in told.items()
        if name not in ids
    ]
    raise_faults("the facts of the site cannot be used", faults)
    return site


def read_facts(site: Mapping[str, Any], library: MeasureLibrary) -> dict[str, Any]:
    """Return the facts of a park that measures read, without those it holds for others, such as a stage of its own."""
    known = KNOWN | {name.partition(".")[0] for name in _asked(library)}
    ids = {one.id for one in library}
    facts = {name: value for name, value in site.items() if name in known}
    for kind in BY_MEASURE:
        if isinstance(facts.get(kind), Mapping):
            facts[kind] = {name: value for name, value in facts[kind].items() if name in ids}
    return facts


def _asked(library: MeasureLibrary) -> set[str]:
    """Names of facts a library asks for."""
    asked = {name for one in library for name in (*one.required_inputs, *one.optional_inputs)}
    return asked | {limit.field for one in library for limit in one.limits}


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
