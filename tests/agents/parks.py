"""Small parks and what a run of them says."""

from datetime import date

from carbonost import GeoSelection, ParkData, PipelineBuilder, ScenarioParams
from carbonost.agents.stages.geo import GeoStage

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[120.0, 30.0], [120.2, 30.0], [120.2, 30.2], [120.0, 30.2], [120.0, 30.0]]],
}
YEAR = {"period_start": date(2023, 1, 1), "period_end": date(2023, 12, 31)}
SPEC_FLOWS = (
    {"energy_type": "electricity", "consumption": 120_000_000, "unit": "kWh", **YEAR},
    {"energy_type": "natural_gas", "consumption": 35_000_000, "unit": "Nm3", **YEAR},
)


def run(selection=None, scenario=None, data=None, *, auto=True, policy=None, boundaries=None):
    builder = PipelineBuilder().with_stage("geo", GeoStage(boundaries))
    if policy is not None:
        builder.with_review_policy(policy)
    return builder.build().run(
        selection or GeoSelection(type="polygon", geometry=SQUARE, datum="WGS84"),
        scenario or ScenarioParams(region="CN-ZJ", accounting_year=2023),
        data or ParkData(),
        auto_approve=auto,
    )


def reasons(job, stage):
    return " ".join(reason for item in job.reviews if item.stage == stage for reason in item.reasons)


def gaps(job, stage):
    return {gap.missing: gap for gap in job.envelopes[stage].data_gaps}
