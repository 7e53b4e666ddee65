"""The measure library: definitions as data, with a version and a digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from carbonost.domain.arguments import nearest, of_kind, scalar
from carbonost.domain.evidence import AssumptionItem
from carbonost.domain.measure import Measure
from carbonost.errors import FileFormatError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carbonost.domain.evidence import Severity


@dataclass(frozen=True, slots=True)
class ScoreWeights:
    """How missing inputs lower a score, 0 to 1; see the note in the library.

    Attributes
    ----------
    full : float
        Score with every input there.
    missing_required, missing_optional : float
        Taken off when all required, or all optional, inputs are absent.
    floor : float
        Lowest score of a measure that breaks no hard condition.
    """

    full: float
    missing_required: float
    missing_optional: float
    floor: float

    def __post_init__(self) -> None:
        for name in self.__slots__:
            scalar(getattr(self, name), f"weights.{name}", least=0.0, most=1.0, remedy="Scores are shares.")


@dataclass(frozen=True, slots=True)
class Default:
    """A value the library takes where the site says nothing; always stated as an assumption."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    sensitivity: Severity
    rationale: str

    def as_assumption(self) -> AssumptionItem:
        """The assumption to print."""
        note = f"{self.rationale}（取值范围 {self.low:g}–{self.high:g}）"
        return AssumptionItem(
            name=self.name, value=self.value, unit=self.unit, rationale=note, sensitivity=self.sensitivity
        )


@dataclass(frozen=True)
class MeasureLibrary:
    """An immutable set of measures.

    Attributes
    ----------
    name, version : str
    weights : ScoreWeights
    weights_note : str
        The scoring rule in words.
    defaults : {name: Default}
    measures : tuple of Measure
        By id.
    digest : str
        SHA-256 of the content, for the record of a run.
    """

    name: str
    version: str
    weights: ScoreWeights
    weights_note: str
    defaults: Mapping[str, Default]
    measures: tuple[Measure, ...]
    digest: str

    @classmethod
    def default(cls) -> MeasureLibrary:
        """Return the packaged library."""
        return _packaged()

    @classmethod
    def given(cls, library: MeasureLibrary | None) -> MeasureLibrary:
        """Return a caller's library, or the packaged one."""
        if library is None:
            return _packaged()
        of_kind(library, cls, "library", "Give MeasureLibrary.from_file(…), or leave it.")
        return library

    @classmethod
    def from_file(cls, path: Path | str) -> MeasureLibrary:
        """Read a library from a JSON or YAML file of the packaged one's shape."""
        of_kind(path, (str, Path), "path", "Give the file's path.")
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as exc:
            raise FileFormatError("cannot be read", str(path), None, "Check the path.") from exc
        return cls.from_text(text, str(path))

    @classmethod
    def from_text(cls, text: str, name: str = "measure library") -> MeasureLibrary:
        """Read a library from JSON or YAML text.

        Raises
        ------
        FileFormatError
            If the text is not of the library's shape; `field` names the place.
        """
        of_kind(text, str, "text", "Give JSON or YAML.")
        try:
            body = yaml.safe_load(text)
        except yaml.YAMLError as exc:
            raise FileFormatError("is neither JSON nor YAML", name, None, "Check the syntax.") from exc
        if not isinstance(body, dict):
            raise FileFormatError("is not a mapping", name, type(body).__name__, "Start from the packaged library.")
        return cls.from_dict(body, name)

    @classmethod
    def from_dict(cls, body: Mapping[str, Any], name: str = "measure library") -> MeasureLibrary:
        """Read a library from plain data; see `from_text`."""
        try:
            measures = tuple(sorted((Measure(**row) for row in body["measures"]), key=lambda one: one.id))
            weights = ScoreWeights(**body["weights"])
            defaults = {key: Default(name=key, **row) for key, row in body["defaults"].items()}
            title, version, note = str(body["name"]), str(body["version"]), str(body["weights_note"])
        except (KeyError, TypeError) as exc:
            raise FileFormatError(
                f"does not fit the library's shape: {exc}", name, None, "Start from the packaged library."
            ) from exc
        ids = [one.id for one in measures]
        for one in ids:
            if ids.count(one) > 1:
                raise FileFormatError("two measures share an id", f"{name}: measures", one, "Give each its own.")
        canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        return cls(title, version, weights, note, defaults, measures, digest)

    def __iter__(self) -> Iterator[Measure]:
        return iter(self.measures)

    def __len__(self) -> int:
        return len(self.measures)

    def get(self, measure_id: str) -> Measure:
        """Return one measure.

        Raises
        ------
        InputError
            If the library has none of this id.
        """
        for one in self.measures:
            if isinstance(measure_id, str) and one.id == measure_id:
                return one
        raise InputError("no such measure", "measure_id", measure_id, nearest(measure_id, [m.id for m in self]))


@lru_cache(maxsize=1)
def _packaged() -> MeasureLibrary:
    text = (files("carbonost.engines.measures") / "library.json").read_text(encoding="utf-8")
    return MeasureLibrary.from_text(text, "library.json")
