"""Measures: which fit a site, what they change there, and what they cost.

`screen` lists candidates, `assess` computes their effects one on what the other left, `invest` adds
costs. `pv_yield` and `heat_pump_cop` stand on their own.
"""

from carbonost.engines.measures.baseline import AbatementFactors, Baseline
from carbonost.engines.measures.costs import Costed, invest
from carbonost.engines.measures.drives import leak_saving, motor_efficiency, motor_saving
from carbonost.engines.measures.effects import Roadmap, assess, battery_effect
from carbonost.engines.measures.heat import Cop, carnot_cop, heat_pump_cop, waste_heat_share
from carbonost.engines.measures.library import MeasureLibrary, ScoreWeights
from carbonost.engines.measures.parameters import Parameter, parameter, parameters
from carbonost.engines.measures.pv import PvYield, pv_yield
from carbonost.engines.measures.screen import Screening, screen

__all__ = [
    "AbatementFactors",
    "Baseline",
    "Cop",
    "Costed",
    "MeasureLibrary",
    "Parameter",
    "PvYield",
    "Roadmap",
    "ScoreWeights",
    "Screening",
    "assess",
    "battery_effect",
    "carnot_cop",
    "heat_pump_cop",
    "invest",
    "leak_saving",
    "motor_efficiency",
    "motor_saving",
    "parameter",
    "parameters",
    "pv_yield",
    "screen",
    "waste_heat_share",
]
