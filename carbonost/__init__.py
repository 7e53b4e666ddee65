"""carbonost: carbon accounting, dispatch and reports for zero-carbon industrial parks.

Importing the package loads none of its dependencies; each name below loads its room on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carbonost._lazy import attach

if TYPE_CHECKING:
    from carbonost.agents.diagnostics import DiagnosticEngine
    from carbonost.agents.pipeline import Pipeline, PipelineBuilder
    from carbonost.domain.activity import ActivityData, EmissionInput
    from carbonost.domain.inventory import EmissionResult, Inventory
    from carbonost.domain.scenario import GeoSelection, ScenarioParams
    from carbonost.domain.tariff import Tariff
    from carbonost.engines.carbon.calculator import CarbonCalculator
    from carbonost.engines.energy.optimizer import EnergyOptimizer
    from carbonost.engines.report.generator import ReportGenerator
    from carbonost.factors.library import FactorLibrary
    from carbonost.ingestion.park import ParkData
    from carbonost.sample import sample_park
    from carbonost.storage import open_meters, open_objects, open_records

__version__: Final = "0.1.0"

_NAMES: Final = {
    "ActivityData": "carbonost.domain.activity",
    "CarbonCalculator": "carbonost.engines.carbon.calculator",
    "DiagnosticEngine": "carbonost.agents.diagnostics",
    "EmissionInput": "carbonost.domain.activity",
    "EmissionResult": "carbonost.domain.inventory",
    "EnergyOptimizer": "carbonost.engines.energy.optimizer",
    "FactorLibrary": "carbonost.factors.library",
    "GeoSelection": "carbonost.domain.scenario",
    "Inventory": "carbonost.domain.inventory",
    "ParkData": "carbonost.ingestion.park",
    "Pipeline": "carbonost.agents.pipeline",
    "PipelineBuilder": "carbonost.agents.pipeline",
    "ReportGenerator": "carbonost.engines.report.generator",
    "ScenarioParams": "carbonost.domain.scenario",
    "Tariff": "carbonost.domain.tariff",
    "open_meters": "carbonost.storage",
    "open_objects": "carbonost.storage",
    "open_records": "carbonost.storage",
    "sample_park": "carbonost.sample",
}

__all__ = [  # the keys of _NAMES, spelled out for type checkers; a test holds the two together
    "ActivityData",
    "CarbonCalculator",
    "DiagnosticEngine",
    "EmissionInput",
    "EmissionResult",
    "EnergyOptimizer",
    "FactorLibrary",
    "GeoSelection",
    "Inventory",
    "ParkData",
    "Pipeline",
    "PipelineBuilder",
    "ReportGenerator",
    "ScenarioParams",
    "Tariff",
    "__version__",
    "open_meters",
    "open_objects",
    "open_records",
    "sample_park",
]

__getattr__, __dir__ = attach(__name__, _NAMES)
