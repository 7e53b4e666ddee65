"""When a result needs a person: thresholds as one table, recorded with every result.

The specification names three different confidence limits (0.7 in general, 0.75 for finance, 0.6 for
the report). All of them stand here, and a digest of the table is part of each envelope's
``param_version``: another policy is another parameter set.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from carbonost.agents.canonical import content_hash
from carbonost.domain.scenario import SpokenModel

Share = Annotated[float, Field(ge=0, le=1)]


class ReviewPolicy(SpokenModel):
    """Thresholds of the review triggers; each may be changed, none is hidden.

    Attributes
    ----------
    confidence_min, finance_confidence_min, report_confidence_min : share
        A result less sure than this is reviewed.
    uncertainty_max : share
        Half-width of the 95 % interval of the baseline's total, above which it is reviewed.
    area_km2_min, area_km2_max : km2
        An area outside is abnormal.
    overlap_share : share
        A second district that holds at least this share of the area makes the match unclear.
    entity_ratio_max : ratio
        Found over expected enterprises, or the inverse, above which the list is doubted.
    proxy_share_max : share
        Energy that is estimated rather than metered or declared.
    applicability_min : share
        Average applicability of the measures.
    irr_min, irr_max : share per year; payback_y_max : years
        Bounds outside which a return is not believed without a look.
    critical : tuple of str
        A gap of high severity that affects one of these is reviewed whatever the confidence.
    """

    confidence_min: Share = 0.7
    finance_confidence_min: Share = 0.75
    report_confidence_min: Share = 0.6
    uncertainty_max: Share = 0.3
    area_km2_min: Annotated[float, Field(ge=0)] = 0.01
    area_km2_max: Annotated[float, Field(gt=0)] = 2000.0
    overlap_share: Share = 0.1
    entity_ratio_max: Annotated[float, Field(ge=1)] = 2.0
    proxy_share_max: Share = 0.5
    applicability_min: Share = 0.7
    irr_min: float = -0.05
    irr_max: float = 0.5
    payback_y_max: Annotated[float, Field(gt=0)] = 25.0
    critical: tuple[str, ...] = (
        "artifacts.region_boundary",
        "S1_tco2e_y",
        "S2_tco2e_y",
        "total_tco2e_y",
        "portfolio_npv",
        "report.summary",
    )

    @property
    def digest(self) -> str:
        """First twelve digits of the SHA-256 of the thresholds."""
        return content_hash(self.model_dump(mode="json"))[:12]
