"""The five stages of the main job, each a class with a declaration and a pure `run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carbonost.agents.stages.base import Stage


def default_stages() -> tuple[Stage, ...]:
    """Return the stages from the selection to the report."""
    from carbonost.agents.stages.baseline import BaselineStage
    from carbonost.agents.stages.finance import FinanceStage
    from carbonost.agents.stages.geo import GeoStage
    from carbonost.agents.stages.measures import MeasuresStage
    from carbonost.agents.stages.report import ReportStage

    return (GeoStage(), BaselineStage(), MeasuresStage(), FinanceStage(), ReportStage())
