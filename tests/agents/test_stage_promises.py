"""P27, P32, P49, P53, P71: what stages take in, what they must not hand out, and how one is split in two."""

from dataclasses import replace

import pytest

from carbonost import GeoSelection, ParkData, PipelineBuilder, ScenarioParams
from carbonost.agents.spec import AgentSpec
from carbonost.agents.stages.baseline import BaselineStage
from carbonost.errors import InputError, StageBoundaryError

BILL = {"energy_type": "electricity", "consumption": 1.0, "unit": "GWh", "region": "CN-JS",
        "period_start": "2023-01-01", "period_end": "2023-12-31"}  # fmt: skip


def start(builder, data=None, **scenario):
    return builder.build().run(
        GeoSelection(type="park_id", geometry="P1"),
        ScenarioParams(region="CN-JS", accounting_year=2023, **scenario),
        data or ParkData(activities=[BILL]),
        auto_approve=True,
    )


def test_geo_names_the_layers_it_was_given_with_their_versions():
    """P27: what is available, which version of it, and how it was clipped."""
    firm = {"id": "a", "name": "A", "lon": 120.05, "lat": 30.05, "industry_code": "C26"}
    square = [[120.0, 30.0], [120.1, 30.0], [120.1, 30.1], [120.0, 30.1], [120.0, 30.0]]
    job = (
        PipelineBuilder()
        .build()
        .run(
            GeoSelection(type="polygon", geometry={"type": "Polygon", "coordinates": [square]}, datum="WGS84"),
            ScenarioParams(region="CN-ZJ", accounting_year=2023),
            ParkData(entities=[firm, {**firm, "id": "b", "lon": 121.0}]),
            auto_approve=True,
        )
    )
    manifest = job.envelopes["geo"].artifacts["layer_clip_manifest"]
    assert [(line["layer"], line["count_in"], line["count_out"]) for line in manifest] == [("entities", 2, 1)]
    assert all(line["version"] and line["method"] for line in manifest)


def test_what_the_profile_lacks_is_a_gap_each():
    """P32: no enterprise list, no industry codes, no tariff rule, no factor version."""
    missing = " ".join(gap.missing for gap in start(PipelineBuilder()).envelopes["geo"].data_gaps)
    for words in ("企业", "电价", "排放因子版本"):
        assert words in missing
    named = ParkData(activities=[BILL], entities=[{"id": "a", "name": "A"}])
    missing = " ".join(gap.missing for gap in start(PipelineBuilder(), named).envelopes["geo"].data_gaps)
    assert "行业" in missing


class Overreaching:
    """A stage that hands out one thing more than it may."""

    def __init__(self, inner, **more):
        self.inner, self.spec, self.more = inner, inner.spec, more

    def run(self, context):
        output = self.inner.run(context)
        return output.model_copy(update={key: {**getattr(output, key), **value} for key, value in self.more.items()})


@pytest.mark.parametrize("artifact", ["candidates", "measure_cashflows", "portfolio_selected"])
def test_a_baseline_hands_out_no_measure_and_no_money(artifact):
    """P49."""
    stage = Overreaching(BaselineStage(), artifacts={artifact: []})
    with pytest.raises(StageBoundaryError, match=artifact):
        start(PipelineBuilder().with_stage("baseline", stage))
    assert not [key for key in BaselineStage().spec.metrics if key.startswith("portfolio")]


@pytest.mark.parametrize("artifact", ["citations", "matches", "policy_conclusion"])
def test_finance_cites_no_clause_and_draws_no_policy_conclusion(artifact):
    """P71."""
    from carbonost.agents.stages.finance import FinanceStage

    stage = Overreaching(FinanceStage(), artifacts={artifact: []})
    with pytest.raises(StageBoundaryError, match=artifact):
        start(PipelineBuilder().with_stage("finance", stage))


class Synthesizer:
    """Finds the energy; says nothing of tonnes."""

    spec = AgentSpec(
        name="synthesis",
        version="1.0.0",
        purpose="Energy of the year.",
        needs=("geo",),
        metrics={},
        artifacts=("rows",),
    )

    def run(self, context):
        return context.notes().output({}, {"rows": [{**BILL, "consumption": 2.0}]}, 0.9)


class Accountant(BaselineStage):
    """Accounts for what the synthesizer found, under the baseline's own name."""

    @property
    def spec(self):
        return replace(super().spec, needs=("geo", "synthesis"))

    def run(self, context):
        rows = context.envelope("synthesis").artifacts["rows"]
        return super().run(replace(context, data=replace(context.data, activities=rows)))


def test_the_baseline_is_split_in_two_and_nobody_notices():
    """P53: a synthesizer before it, an accountant in its name; the stages behind it read the same figures."""
    builder = PipelineBuilder().insert_after("geo", Synthesizer()).with_stage("baseline", Accountant())
    job = start(builder)
    assert list(job.envelopes) == ["geo", "synthesis", "baseline", "measures", "finance", "report"]
    assert job.envelopes["baseline"].value("baseline_electricity_kwh_y") == pytest.approx(2e6)
    assert job.status == "completed"


@pytest.mark.parametrize("confidence", [90, -0.1, float("nan")])
def test_a_confidence_outside_its_range_is_refused_not_clipped(confidence):
    """P15: 90 is not read as 90 %, nor as certainty."""

    class Sure(Synthesizer):
        def run(self, context):
            return context.notes().output({}, {"rows": []}, confidence)

    with pytest.raises(InputError, match="confidence"):
        start(PipelineBuilder().insert_after("geo", Sure()))
