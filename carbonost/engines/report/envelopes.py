"""Reading envelopes: every figure a report prints is looked up here, and keeps where it was found.

An address is ``stage.metric`` (``baseline.S1_tco2e_y``) or ``stage.artifacts.name``; any other part
of an envelope is reached by its own name (``finance.confidence``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from carbonost.domain.document import Num
from carbonost.engines.report.labels import KEY_NAMES, shift_to
from carbonost.engines.report.text import clean
from carbonost.errors import InputError, UnresolvedFigureError

PARTS: Final = frozenset(
    [
        "result_id",
        "scenario_id",
        "region_id",
        "stage",
        "metrics",
        "artifacts",
        "assumptions",
        "evidence",
        "confidence",
        "data_gaps",
        "reproducibility",
        "human_checkpoints",
    ]
)
_CALENDAR: Final = (".accounting_year", ".vintage_year", "base_year.metrics.year")
_RESERVED: Final = frozenset({"meta", "narrative", "report_template"})


@dataclass(frozen=True, slots=True)
class Found:
    """A value in an envelope, with its address; `flat` marks a row made of a mapping's bare entry."""

    value: Any
    stage: str
    result_id: str
    path: str
    flat: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to print: null, or a metric whose value is null."""
        held = self.value.get("value") if isinstance(self.value, Mapping) and "value" in self.value else self.value
        return held is None or held in ([], {}, "")

    def child(self, key: str | int) -> Found | None:
        """The value under `key`, or None where there is none."""
        if isinstance(key, int):
            inner = self.value[key] if isinstance(self.value, list) and key < len(self.value) else None
            return None if inner is None else Found(inner, self.stage, self.result_id, f"{self.path}[{key}]")
        if not isinstance(self.value, Mapping) or key not in self.value:
            return None
        inside = self.path if self.flat else f"{self.path}.{key}" if self.path else key
        return Found(self.value[key], self.stage, self.result_id, inside)

    def rows(self) -> list[Found]:
        """The rows of a table: a list as it stands, a mapping as ``{"name": key, …}`` rows."""
        if isinstance(self.value, list):
            return [Found(row, self.stage, self.result_id, f"{self.path}[{i}]") for i, row in enumerate(self.value)]
        if isinstance(self.value, Mapping):
            return [self._entry(key, inner) for key, inner in self.value.items()]
        return []

    def _entry(self, key: str, inner: Any) -> Found:
        place = f"{self.path}.{key}"
        if isinstance(inner, Mapping):
            return Found({"name": key, **inner}, self.stage, self.result_id, place)
        return Found({"name": key, "value": inner}, self.stage, self.result_id, place, flat=True)


class Envelopes:
    """The envelopes of one report, by stage.

    Parameters
    ----------
    data : mapping
        ``{"geo": envelope, "baseline": envelope, …}``; an envelope is a mapping or has
        ``model_dump``. ``meta``, ``narrative`` and ``report_template`` are not envelopes.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.stages: dict[str, dict[str, Any]] = {}
        for stage, given in data.items():
            if stage in _RESERVED or given is None:
                continue
            envelope = given.model_dump(mode="json") if hasattr(given, "model_dump") else given
            if not isinstance(envelope, Mapping):
                raise InputError(
                    "an envelope is a mapping with metrics and artifacts",
                    field=stage,
                    value=given,
                    remedy='Give {"result_id": …, "metrics": {…}, "artifacts": {…}}.',
                )
            body = dict(envelope)
            body.setdefault("metrics", {})
            body.setdefault("artifacts", {})
            body["result_id"] = str(body.get("result_id") or digest(body))
            self.stages[stage] = body

    @property
    def hashes(self) -> tuple[tuple[str, str], ...]:
        """Stage and result id of each envelope, in the order given."""
        return tuple((stage, body["result_id"]) for stage, body in self.stages.items())

    def find(self, address: str) -> Found | None:
        """The value at `address`, or None where there is none."""
        stage, _, rest = address.partition(".")
        body = self.stages.get(stage)
        if body is None or not rest:
            return None
        path = rest.split(".")
        if path[0] not in PARTS:
            path = ["metrics", ".".join(path)]
        found: Found | None = Found(body, stage, body["result_id"], "")
        for key in path:
            found = found.child(key) if found is not None else None
        return found if found is not None and found.value is not None else None

    def first(self, addresses: str | Sequence[str]) -> Found | None:
        """The first of several addresses that holds something, else the first that exists."""
        known = [self.find(address) for address in ([addresses] if isinstance(addresses, str) else addresses)]
        present = [found for found in known if found is not None]
        return next((found for found in present if not found.empty), present[0] if present else None)

    def num(self, address: str, show: str | None = None, digits: int | None = 2) -> Num:
        """The figure at `address`, in the unit `show`.

        Raises
        ------
        UnresolvedFigureError
            If no envelope holds it, or it is not a number.
        """
        found = self.find(address)
        value = figure(found, address, show=show, digits=digits) if found is not None else None
        if value is None:
            raise UnresolvedFigureError(
                "no envelope holds this figure",
                field="figure",
                value=address,
                remedy="Name a metric of an envelope as {{stage.metric|unit|digits}}.",
            )
        return value


def figure(
    found: Found, key: str, unit: str | None = None, show: str | None = None, digits: int | None = 2
) -> Num | None:
    """A found value as a `Num`, or None where it is words.

    A metric brings its own unit; `unit` is the one an artifact's column is declared in.
    """
    value, path = found.value, found.path
    if isinstance(value, Mapping) and "value" in value:
        unit = value.get("unit") if value.get("unit") is not None else unit
        value, path = value["value"], path if found.flat else f"{path}.value"
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
        return None
    if isinstance(value, int) and (unit == "year" or key.endswith(_CALENDAR)):
        return None  # a calendar year names, it does not count
    shift, unit_label = shift_to(unit, show)
    return Num(key, value, unit_label, digits, shift, found.result_id, path)


def words(value: Any) -> str:
    """A stored value that is not a figure, as words."""
    if isinstance(value, Mapping):
        if set(value) <= {"value", "unit"}:
            return words(value.get("value"))
        return "；".join(f"{KEY_NAMES.get(str(key), clean(str(key)))} {words(inner)}" for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return "、".join(words(item) for item in value) or "无"
    if isinstance(value, bool):
        return "是" if value else "否"
    return "数据缺失" if value is None or value == "" else clean(str(value))


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of an envelope that came without an id."""
    return hashlib.sha256(canonical(body)).hexdigest()


def canonical(body: Mapping[str, Any]) -> bytes:
    """Sorted, compact UTF-8 JSON.

    Raises
    ------
    InputError
        If the body is not plain JSON.
    """
    try:
        shown = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise InputError(
            "an envelope holds something that is not plain JSON", value=str(exc), remedy="Use null for a gap."
        ) from exc
    return shown.encode()


def resolve(body: Any, path: str) -> Any:
    """The value at a `Num`'s path in its envelope, or None; what a verifier calls.

    Paths name keys with dots and rows with brackets: ``artifacts.monthly[3].S1_tco2e``. A key that
    itself holds a dot is found by trying the longest name first.
    """
    if not path:
        return body
    if path.startswith("["):
        index, _, rest = path[1:].partition("]")
        inside = isinstance(body, list) and index.isdigit() and int(index) < len(body)
        return resolve(body[int(index)], rest.removeprefix(".")) if inside else None
    if not isinstance(body, Mapping):
        return None
    for key in sorted((str(key) for key in body), key=len, reverse=True):
        if path == key or path.startswith((f"{key}.", f"{key}[")):
            return resolve(body[key], path[len(key) :].removeprefix("."))
    return None
