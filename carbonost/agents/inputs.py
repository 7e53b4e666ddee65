"""What a job was asked, as it is given to its stages, and read back from the store."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from carbonost.agents.canonical import content_hash
from carbonost.agents.snapshot import decode_inputs, parse_inputs
from carbonost.errors import EnvelopeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbonost.agents.journal import Journal
    from carbonost.domain.scenario import GeoSelection, ScenarioParams
    from carbonost.ingestion.park import ParkData


@dataclass(frozen=True)
class Inputs:
    """What one job was asked, and the hash of it; not `whole` where retention removed the evidence."""

    selection: GeoSelection
    scenario: ScenarioParams
    data: ParkData
    name: str
    scenario_id: str
    region_id: str
    whole: bool = True

    @classmethod
    def of(
        cls, selection: GeoSelection, scenario: ScenarioParams, data: ParkData, name: str, *, whole: bool = True
    ) -> Inputs:
        """Return inputs; a scenario without a name is named by its parameters."""
        plain = content_hash(scenario.model_dump(mode="json"))
        scenario_id = scenario.scenario_id or f"scenario-{plain[:12]}"
        return cls(selection, scenario, data, name, scenario_id, selection.region_id, whole)

    def needed(self) -> Inputs:
        """Return these inputs if something can be computed from them.

        Raises
        ------
        EnvelopeError
            If retention removed the evidence.
        """
        if not self.whole:
            raise EnvelopeError(
                "the inputs of this job were removed by retention",
                "inputs",
                self.name,
                "What it found stays readable; start a new job to compute again.",
            )
        return self

    def copy_of_data(self) -> ParkData:
        """Return data whose mutable parts are the stage's own."""
        fresh = copy.copy(self.data)
        put = object.__setattr__
        for part in ("meters", "production"):
            frame = getattr(fresh, part)
            put(fresh, part, None if frame is None else frame.copy())
        put(fresh, "site", copy.deepcopy(dict(fresh.site)))
        put(fresh, "prices", copy.deepcopy(fresh.prices))
        return fresh


def stored_inputs(journal: Journal, created: Mapping[str, Any]) -> Inputs:
    """Return what a stored job was started with, checked; what retention removed is empty."""
    data, whole = journal.inputs(created)
    plain = parse_inputs(data)
    if not whole:
        plain |= {"entities": [], "activities": [], "production": None, "meters": None}
    meters = None if plain["meters"] is None else journal.load(plain["meters"]["sha256"])
    return Inputs.of(*decode_inputs(plain, meters), str(created["inputs"]), whole=whole)
