"""What a stage promises, as data: its inputs, its figures, its questions, and what a person may change.

`AgentSpec` is read by the runner (which figures may leave), by the review (what is asked, what may
be edited) and by people (`Pipeline.describe`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import ConfigDict, JsonValue, TypeAdapter, ValidationError

from carbonost.agents import reasons
from carbonost.agents.envelope import HumanCheckpoint
from carbonost.errors import NotEditableError, StageBoundaryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.agents.policy import ReviewPolicy
    from carbonost.agents.stages.base import StageOutput

Operator = Literal["below", "above", "true", "null", "not_empty", "critical"]
ANY_NAME: Final = "*"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One figure a stage may hand out: its unit, and what it says."""

    unit: str
    meaning: str


@dataclass(frozen=True)
class Editable:
    """A field a person may correct, and the type its new value must have.

    `path` names an input of the stage as it stands in the envelope (``metrics.…``, ``artifacts.…``,
    ``assumptions.*``); a last part ``*`` stands for any name below it. What is derived from it is
    computed again, never edited.
    """

    path: str
    annotation: Any
    meaning: str = ""

    def covers(self, path: str) -> bool:
        """Whether a patch path reaches this field."""
        if self.path.endswith("." + ANY_NAME):
            stem = self.path.removesuffix(ANY_NAME)
            return path.startswith(stem) and len(path) > len(stem)
        return path == self.path

    def read(self, path: str, value: object) -> JsonValue:
        """Return the value if it fits the field's type.

        Raises
        ------
        NotEditableError
            If it does not; the message says what would.
        """
        adapter: TypeAdapter[Any] = TypeAdapter(self.annotation, config=ConfigDict(allow_inf_nan=False))
        try:
            found = adapter.validate_python(value, strict=False)
        except ValidationError as exc:
            fault = exc.errors(include_url=False)[0]
            raise NotEditableError(f"the new value does not fit: {fault['msg']}", path, value, self.meaning) from exc
        dumped: JsonValue = adapter.dump_python(found, mode="json")
        return dumped

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value."""
        return TypeAdapter(self.annotation).json_schema()


@dataclass(frozen=True, slots=True)
class Trigger:
    """A condition on a stage's output that calls for a person.

    `path` is looked up in the output (``confidence``, ``metrics.uncertainty_pct``, ``artifacts.checks.…``).
    A `limit` that is a text names a threshold of the `ReviewPolicy`.
    """

    id: str
    path: str
    op: Operator
    question: str
    limit: float | str | None = None
    action: str = ""

    def fires(self, output: StageOutput, policy: ReviewPolicy) -> str | None:
        """Return the reason, in the reviewer's words, if the condition holds, else None."""
        limit = getattr(policy, self.limit) if isinstance(self.limit, str) else self.limit
        if self.op == "critical":
            critical = set(policy.critical)
            hit = [gap.missing for gap in output.data_gaps if gap.severity == "high" and critical & set(gap.affects)]
            return reasons.critical(hit) if hit else None
        found, known = _look_up(output, self.path)
        if not known:
            return None
        told = {
            "null": reasons.unknown(self.path) if found is None else None,
            "true": reasons.holds(self.path) if found is True else None,
            "not_empty": reasons.lists(self.path, found) if found else None,
        }
        if self.op in told:
            return told[self.op]
        if not isinstance(found, int | float) or limit is None:
            return None
        wrong = found < limit if self.op == "below" else found > limit
        return reasons.beyond(self.path, found, limit, above=self.op == "above") if wrong else None


def _look_up(output: StageOutput, path: str) -> tuple[Any, bool]:
    head, _, rest = path.partition(".")
    if head == "metrics":
        metric = output.metrics.get(rest)
        return (metric.value, True) if metric is not None else (None, False)
    if head == "artifacts":
        node: Any = output.artifacts
        for part in rest.split("."):
            if not isinstance(node, dict) or part not in node:
                return None, False
            node = node[part]
        return node, True
    return getattr(output, head), True


@dataclass(frozen=True)
class AgentSpec:
    """The declaration of a stage.

    Attributes
    ----------
    name, version : str
        ``model_version`` of its envelopes is ``name@version``.
    purpose : str
        One sentence: what it does, and what it leaves to others.
    needs : tuple of str
        Stages whose envelopes it reads.
    metrics : mapping of str to MetricSpec
        The only figures that may leave.
    artifacts : tuple of str
        The only artifacts that may leave.
    triggers, editable
        When a person is asked, and what that person may change.
    sensitive : mapping of str to tuple of str
        Path of a value that may not leave the house (``artifacts.…``), and the groups by which
        `Job.export` leaves it out.
    """

    name: str
    version: str
    purpose: str
    metrics: Mapping[str, MetricSpec]
    artifacts: tuple[str, ...]
    needs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    editable: tuple[Editable, ...] = ()
    sensitive: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    audit: str = "decision, person, time, patch and both result ids, in the hash-chained audit log"
    question: str = field(default="")

    @property
    def model_version(self) -> str:
        """Name and version in one text."""
        return f"{self.name}@{self.version}"

    def check_boundary(self, output: StageOutput) -> None:
        """Refuse what the declaration does not allow to leave.

        Raises
        ------
        StageBoundaryError
            For an undeclared metric or artifact, or a metric in another unit than declared.
        """
        for key, metric in output.metrics.items():
            if key not in self.metrics:
                allowed = f"Allowed: {', '.join(self.metrics)}."
                raise StageBoundaryError(
                    f"stage {self.name!r} may not hand out this metric", key, metric.value, allowed
                )
            if metric.unit != self.metrics[key].unit:
                raise StageBoundaryError(
                    f"stage {self.name!r} declares this metric in {self.metrics[key].unit}", key, metric.unit
                )
        for key in output.artifacts:
            if key not in self.artifacts:
                allowed = f"Allowed: {', '.join(self.artifacts)}."
                raise StageBoundaryError(f"stage {self.name!r} may not hand out this artifact", key, None, allowed)

    def checkpoints(self, output: StageOutput, policy: ReviewPolicy) -> tuple[HumanCheckpoint, ...]:
        """Return one question per trigger that fires, in the order declared."""
        fields = tuple(item.path for item in self.editable)
        return tuple(
            HumanCheckpoint(
                checkpoint=f"{self.name}.{trigger.id}",
                question=trigger.question,
                editable_fields=fields,
                trigger_reason=reason,
                suggested_action=trigger.action or None,
            )
            for trigger in self.triggers
            if (reason := trigger.fires(output, policy)) is not None
        )

    def read_patch(self, patch: Mapping[str, Any]) -> dict[str, JsonValue]:
        """Return a patch whose every path is editable and whose every value fits.

        Parameters
        ----------
        patch : mapping
            ``{"metrics.baseline_electricity_kwh_y": 1.2e8}``, or the same nested.

        Raises
        ------
        NotEditableError
            For a path outside the editable fields, or a value of another type.
        """
        found: dict[str, JsonValue] = {}
        for path, value in self._leaves(patch, ""):
            field_ = next((item for item in self.editable if item.covers(path)), None)
            if field_ is None:
                known = ", ".join(item.path for item in self.editable) or "nothing"
                raise NotEditableError(
                    f"stage {self.name!r} does not let this be edited", path, value, f"Editable: {known}."
                )
            found[path] = field_.read(path, value)
        return found

    def _leaves(self, node: Mapping[str, Any], stem: str) -> list[tuple[str, Any]]:
        leaves: list[tuple[str, Any]] = []
        for key, value in node.items():
            path = f"{stem}.{key}" if stem else str(key)
            deeper = isinstance(value, dict) and any(
                item.path != path and item.path.startswith(path + ".") for item in self.editable
            )
            leaves += self._leaves(value, path) if deeper else [(path, value)]
        return leaves

    def to_dict(self) -> dict[str, Any]:
        """Return the declaration as plain JSON."""
        return {
            "name": self.name,
            "version": self.version,
            "purpose": self.purpose,
            "needs": list(self.needs),
            "metrics": {key: {"unit": m.unit, "meaning": m.meaning} for key, m in self.metrics.items()},
            "artifacts": list(self.artifacts),
            "triggers": [
                {"id": t.id, "path": t.path, "op": t.op, "limit": t.limit, "question": t.question, "action": t.action}
                for t in self.triggers
            ],
            "editable": [{"path": e.path, "meaning": e.meaning, "schema": e.schema()} for e in self.editable],
            "sensitive": {path: list(groups) for path, groups in self.sensitive.items()},
            "audit": self.audit,
        }
