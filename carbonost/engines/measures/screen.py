"""Which measures fit a site, how well, and what is still to be asked.

Missing data lower a score and raise a gap; they never drop a measure. A broken hard condition scores
zero and stays in the list with its reason.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import fsum
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from carbonost.domain.arguments import of_kind, scalar
from carbonost.domain.evidence import AssumptionItem, DataGap
from carbonost.domain.measure import Candidate, Violation
from carbonost.engines.measures.library import MeasureLibrary, ScoreWeights
from carbonost.engines.measures.site import checked, lookup
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from carbonost.domain.measure import Limit, Measure

TOP: Final = 10
_HEAT: Final = ("baseline_heat_gj_y", "baseline_gas_nm3_y")
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Screening:
    """Candidates in order, and what their scores rest on.

    Attributes
    ----------
    candidates : tuple of Candidate
        By falling score, ties by id; disabled ones last.
    required_data_for_top10 : tuple of str
        What the ten best still need, sorted, each once.
    avg_applicability_score : float
        Over the enabled candidates; 0 without any.
    assumptions, gaps
        The weights used, and one gap per missing input.
    library : str
        Version and digest of the library.
    """

    candidates: tuple[Candidate, ...]
    required_data_for_top10: tuple[str, ...]
    avg_applicability_score: float
    assumptions: tuple[AssumptionItem, ...]
    gaps: tuple[DataGap, ...]
    library: str

    @property
    def violated(self) -> tuple[Candidate, ...]:
        """Enabled candidates that break a hard condition of the site."""
        return tuple(one for one in self.candidates if one.enabled and one.violations)

    def to_frame(self) -> pd.DataFrame:
        """One row per candidate by rank: score, whether it is enabled, what lacks and what is broken."""
        rows = [
            (
                one.rank, one.id, one.name, one.applicability_score, one.enabled, "、".join(one.missing_inputs),
                "；".join(each.reason_zh for each in one.violations),
            )
            for one in self.candidates
        ]  # fmt: skip
        names = ["rank", "id", "name", "applicability_score", "enabled", "missing_inputs", "violations"]
        return pd.DataFrame(rows, columns=names).set_index("rank")

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


def screen(
    site: Mapping[str, Any],
    baseline: Mapping[str, Any] | None = None,
    *,
    library: MeasureLibrary | None = None,
    weights: ScoreWeights | None = None,
    disabled: Collection[str] = (),
) -> Screening:
    """Screen every measure of a library against one site.

    Parameters
    ----------
    site : mapping
        Facts and constraints by the names the library asks for; an absent one is missing, a name that
        nothing reads is refused with the nearest.
    baseline : mapping, optional
        Baseline metrics by their keys (``baseline_electricity_kwh_y`` …), read like site facts.
    library : MeasureLibrary, optional
        The packaged one by default.
    weights : ScoreWeights, optional
        Replaces the library's.
    disabled : collection of str
        Ids a reviewer switched off; they stay listed.

    Returns
    -------
    Screening

    Raises
    ------
    InputError, InputErrors
        If a fact is of the wrong kind, beyond its bounds or misspelt, or a measure is not in the library.
    """
    library = MeasureLibrary.given(library)
    weights = library.weights if weights is None else weights
    of_kind(weights, ScoreWeights, "weights", "Give ScoreWeights(…).")
    if isinstance(disabled, str) or not isinstance(disabled, Collection):
        raise InputError("is no collection of ids", "disabled", disabled, 'Give ["PV_ROOF"].')
    for name in disabled:
        library.get(name)
    facts = _facts(checked(site, library), _metrics(baseline, library))
    found = [_candidate(one, facts, weights, enabled=one.id not in disabled) for one in library]
    found.sort(key=lambda one: (not one.enabled, -one.applicability_score, one.id))
    ranked = tuple(one.model_copy(update={"rank": at}) for at, one in enumerate(found, start=1))
    enabled = [one for one in ranked if one.enabled]
    top = [one for one in enabled if one.feasible][:TOP]
    return Screening(
        candidates=ranked,
        required_data_for_top10=tuple(sorted({name for one in top for name in one.missing_inputs})),
        avg_applicability_score=fsum(one.applicability_score for one in enabled) / len(enabled) if enabled else 0.0,
        assumptions=_assumptions(library, weights),
        gaps=_gaps(enabled),
        library=f"{library.name} {library.version} sha256:{library.digest[:16]}",
    )


def _metrics(baseline: object, library: MeasureLibrary) -> Mapping[str, Any]:
    """Baseline metrics; one that nearly has the name of a metric the library looks for is refused."""
    if baseline is None:
        return {}
    if not isinstance(baseline, Mapping):
        raise InputError("is not a mapping", "baseline", type(baseline).__name__, "Give {metric: value}.")
    read = {limit.field for one in library for limit in one.limits if limit.field.startswith("baseline_")}
    read |= set(_HEAT)
    for name, value in baseline.items():
        near = get_close_matches(str(name), read - baseline.keys(), n=1, cutoff=0.85)
        if name not in read and near:
            raise InputError("is a metric that nothing reads", f"baseline.{name}", value, f"Did you mean {near[0]!r}?")
        if name in read and value is not None:
            scalar(value, f"baseline.{name}", least=0.0)
    return baseline


def _facts(site: Mapping[str, Any], baseline: Mapping[str, Any]) -> dict[str, Any]:
    """Site and baseline together; heat is demanded where any is bought or gas could make it."""
    facts = {**site, **{key: value for key, value in baseline.items() if value is not None}}
    heat, gas = (facts.get(name) for name in _HEAT)
    if heat is not None and gas is not None:
        facts.setdefault("heat_demand", heat > 0 or gas > 0)
    return facts


def _candidate(measure: Measure, facts: Mapping[str, Any], weights: ScoreWeights, *, enabled: bool) -> Candidate:
    missing = tuple(sorted({name for name in measure.required_inputs if lookup(facts, name) is None}))
    softer = tuple(sorted({name for name in measure.optional_inputs if lookup(facts, name) is None}))
    broken = tuple(_violation(limit, facts) for limit in measure.limits if _breaks(limit, facts))
    score = weights.full
    if measure.required_inputs:
        score -= weights.missing_required * len(missing) / len(set(measure.required_inputs))
    if measure.optional_inputs:
        score -= weights.missing_optional * len(softer) / len(set(measure.optional_inputs))
    return Candidate(
        id=measure.id,
        name=measure.name_zh,
        name_en=measure.name_en,
        applicability_score=0.0 if broken else round(min(1.0, max(weights.floor, score)), 6),
        enabled=enabled,
        missing_inputs=missing,
        missing_optional=softer,
        violations=broken,
        dependencies=measure.depends_on,
        competes_with=measure.competes_with,
        risks=measure.risks_zh,
        basis=measure.basis_zh,
    )


def _breaks(limit: Limit, facts: Mapping[str, Any]) -> bool:
    value = lookup(facts, limit.field)
    if value is None:
        return False
    try:
        return not _COMPARE[limit.compare](value, limit.value)
    except TypeError as exc:
        problem = f"cannot be held against {limit.compare} {limit.value}"
        raise InputError(problem, f"site.{limit.field}", value, "Correct the site's data.") from exc


def _violation(limit: Limit, facts: Mapping[str, Any]) -> Violation:
    return Violation(
        field=limit.field,
        value=lookup(facts, limit.field),
        reason_zh=limit.reason_zh,
        reason_en=limit.reason_en,
    )


def _assumptions(library: MeasureLibrary, weights: ScoreWeights) -> tuple[AssumptionItem, ...]:
    return tuple(
        AssumptionItem(
            name=f"score_weights.{name}",
            value=getattr(weights, name),
            unit="1",
            rationale=library.weights_note,
            sensitivity="medium",
        )
        for name in weights.__slots__
    )


def _gaps(candidates: list[Candidate]) -> tuple[DataGap, ...]:
    wanted: dict[str, list[str]] = {}
    softer: dict[str, list[str]] = {}
    for one in candidates:
        if not one.feasible:
            continue
        for name in one.missing_inputs:
            wanted.setdefault(name, []).append(one.name)
        for name in one.missing_optional:
            softer.setdefault(name, []).append(one.name)
    gaps = [_gap(name, names, "high") for name, names in sorted(wanted.items())]
    gaps += [_gap(name, names, "low") for name, names in sorted(softer.items()) if name not in wanted]
    return tuple(gaps)


def _gap(name: str, measures: list[str], severity: str) -> DataGap:
    return DataGap.model_validate(
        {
            "missing": name,
            "impact": f"{'、'.join(measures)}的适用性与效果",
            "severity": severity,
            "workaround": "评分已相应降低，措施保留在清单中" if severity == "high" else "按说明的默认值估算",
            "affects": ("avg_applicability_score",),
        }
    )
