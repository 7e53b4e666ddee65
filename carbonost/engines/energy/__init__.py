"""Tariffs billed to the fen, and plans at the solver's own speed.

Nothing heavy is loaded until it is used: the solver comes with the first plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carbonost._lazy import attach

if TYPE_CHECKING:
    from carbonost.domain.asset import (
        Battery,
        Boiler,
        Chp,
        CurtailableLoad,
        EvFleet,
        FlexibleLoad,
        Grid,
        HeatPump,
        PvArray,
        Site,
        WasteHeat,
        WindTurbine,
    )
    from carbonost.domain.ledger import Ledger
    from carbonost.domain.schedule import Frontier, PeakShaving, ScenarioPlan, Schedule, Setpoints, Sizing
    from carbonost.domain.tariff import ContractRule, Tariff
    from carbonost.engines.energy.bill import ContractDemand, best_contract_demand, bill
    from carbonost.engines.energy.convex import ConvexModel
    from carbonost.engines.energy.optimizer import EnergyOptimizer
    from carbonost.engines.energy.packaged import packaged_tariffs
    from carbonost.engines.energy.portfolio import Case
    from carbonost.engines.energy.rolling import Controller
    from carbonost.engines.energy.rules import contract_rule

_ASSET: Final = "carbonost.domain.asset"
_RESULT: Final = "carbonost.domain.schedule"
_NAMES: Final = {
    "Battery": _ASSET,
    "Boiler": _ASSET,
    "Case": "carbonost.engines.energy.portfolio",
    "Chp": _ASSET,
    "ContractDemand": "carbonost.engines.energy.bill",
    "ContractRule": "carbonost.domain.tariff",
    "Controller": "carbonost.engines.energy.rolling",
    "ConvexModel": "carbonost.engines.energy.convex",
    "CurtailableLoad": _ASSET,
    "EnergyOptimizer": "carbonost.engines.energy.optimizer",
    "EvFleet": _ASSET,
    "FlexibleLoad": _ASSET,
    "Frontier": _RESULT,
    "Grid": _ASSET,
    "HeatPump": _ASSET,
    "Ledger": "carbonost.domain.ledger",
    "PeakShaving": _RESULT,
    "PvArray": _ASSET,
    "ScenarioPlan": _RESULT,
    "Schedule": _RESULT,
    "Setpoints": _RESULT,
    "Site": _ASSET,
    "Sizing": _RESULT,
    "Tariff": "carbonost.domain.tariff",
    "WasteHeat": _ASSET,
    "WindTurbine": _ASSET,
    "best_contract_demand": "carbonost.engines.energy.bill",
    "bill": "carbonost.engines.energy.bill",
    "contract_rule": "carbonost.engines.energy.rules",
    "packaged_tariffs": "carbonost.engines.energy.packaged",
}

__all__ = [  # the keys of _NAMES, spelled out for type checkers; a test holds the two together
    "Battery",
    "Boiler",
    "Case",
    "Chp",
    "ContractDemand",
    "ContractRule",
    "Controller",
    "ConvexModel",
    "CurtailableLoad",
    "EnergyOptimizer",
    "EvFleet",
    "FlexibleLoad",
    "Frontier",
    "Grid",
    "HeatPump",
    "Ledger",
    "PeakShaving",
    "PvArray",
    "ScenarioPlan",
    "Schedule",
    "Setpoints",
    "Site",
    "Sizing",
    "Tariff",
    "WasteHeat",
    "WindTurbine",
    "best_contract_demand",
    "bill",
    "contract_rule",
    "packaged_tariffs",
]

__getattr__, __dir__ = attach(__name__, _NAMES)
