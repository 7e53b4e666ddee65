"""P4, P5, P20 to P25, P98, P102, P114 to P119: stages, their bounds, and what a job tells."""

import threading
from datetime import UTC, datetime

import pytest
import toy

from carbonost.agents.driver import StageOptions
from carbonost.agents.pipeline import Pipeline, PipelineBuilder
from carbonost.agents.runner import SequentialRunner
from carbonost.errors import (
    InputError,
    JobNotFoundError,
    StageBoundaryError,
    StageError,
)


def test_every_attempt_is_logged_once(selection):  # P21
    class Flaky(toy.Source):
        def run(self, context):
            if self.runs == 0:
                self.runs += 1
                raise RuntimeError("no luck")
            return super().run(context)

    pipeline = toy.pipeline(Flaky(confidence=0.9))
    with pytest.raises(StageError, match="stage 'source' failed"):
        pipeline.run(selection, job_id="j")
    job = pipeline.job("j")
    assert job.status == "failed"
    assert job.view().stage_status == {"source": "failed"}
    assert job.resume().status == "completed"
    assert [(log.node, log.attempt, log.exception) for log in job.logs] == [
        ("source", 1, "RuntimeError"),
        ("source", 2, None),
    ]
    good = job.logs[1]
    assert good.output_hash == job.envelopes["source"].result_id
    assert len(good.input_hash) == 64
    assert good.started <= good.ended
    assert good.duration_s >= 0


def test_a_stage_may_be_tried_again(selection):  # P102
    class Flaky(toy.Source):
        def run(self, context):
            self.runs += 1
            if self.runs < 3:
                raise RuntimeError("no luck")
            return super().run(context)

    builder = PipelineBuilder.of(Flaky(confidence=0.9)).with_options("source", StageOptions(retries=2))
    assert builder.build().run(selection).status == "completed"


def test_a_stage_has_its_time(selection):  # P102
    class Slow(toy.Source):
        def run(self, context):
            threading.Event().wait(0.4)
            return super().run(context)

    builder = PipelineBuilder.of(Slow()).with_options("source", StageOptions(timeout_s=0.05))
    with pytest.raises(StageError, match="longer than allowed"):
        builder.build().run(selection)


def test_a_cached_stage_gives_the_same_envelope_without_running(selection):  # P102
    source = toy.Source(confidence=0.9)
    pipeline = PipelineBuilder.of(source).with_options("source", StageOptions(cache=True)).build()
    one, two = pipeline.run(selection), pipeline.run(selection)
    assert source.runs == 1
    assert one.envelopes["source"].result_id == two.envelopes["source"].result_id


def test_a_stage_cannot_change_what_others_are_given(selection):  # P22
    class Vandal(toy.Double):
        def run(self, context):
            context.upstream["source"].artifacts["rows"].append(9.0)
            context.upstream["source"].metrics.clear()
            context.data.site["roof"] = 1
            context.envelope("source")
            notes = context.notes()
            return notes.output({"twice": (1.0, "kWh/y")}, {}, 0.9)

    job = toy.pipeline(toy.Source(confidence=0.9), Vandal(), toy.Words()).run(selection)
    assert job.envelopes["source"].artifacts == {"rows": [1.0, 2.0]}
    assert job.envelopes["source"].value("amount") == 10.0
    job.envelopes["source"].verify()


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        ({"metrics": {}}, "must return a StageOutput"),
        ("undeclared", "may not hand out this metric"),
        ("unit", "declares this metric in kWh/y"),
        ("artifact", "may not hand out this artifact"),
    ],
)
def test_a_stage_hands_out_what_it_declared_and_nothing_else(selection, returned, why):  # P4, P33, P60
    class Leaky(toy.Source):
        def run(self, context):
            notes = context.notes()
            match returned:
                case "undeclared":
                    return notes.output({"S1_tco2e_y": (1.0, "tCO2e/y")}, {}, 0.9)
                case "unit":
                    return notes.output({"amount": (1.0, "MWh/y")}, {}, 0.9)
                case "artifact":
                    return notes.output({}, {"npv": 1.0}, 0.9)
            return returned

    with pytest.raises(StageBoundaryError, match=why):
        toy.pipeline(Leaky()).run(selection)


def test_a_builder_refuses_what_does_not_fit():
    with pytest.raises(InputError, match="needs 'source' before it"):
        PipelineBuilder.of(toy.Double()).build()
    with pytest.raises(InputError, match="no such stage"):
        PipelineBuilder.of(toy.Source()).insert_after("geo", toy.Double())
    with pytest.raises(InputError, match="already there"):
        PipelineBuilder.of(toy.Source()).insert_after("source", toy.Source())
    with pytest.raises(InputError, match="another name"):
        PipelineBuilder.of(toy.Source()).with_stage("source", toy.Double())
    with pytest.raises(InputError, match="spec and a run"):
        PipelineBuilder.of(object())


def test_a_stage_is_replaced_without_touching_its_neighbours(selection):  # P7, P114
    class Triple(toy.Double):
        def run(self, context):
            return context.notes().output({"twice": (99.0, "kWh/y")}, {}, 0.9)

    class Note(toy.Source):
        spec = toy.AgentSpec(name="note", version="1", purpose="A note.", metrics={}, artifacts=("note",))

        def run(self, context):
            return context.notes().output({}, {"note": "policy"}, 0.9)

    stages = (toy.Source(confidence=0.9), toy.Double(), toy.Words())
    pipeline = PipelineBuilder.of(*stages).with_stage("double", Triple()).insert_after("double", Note()).build()
    job = pipeline.run(selection)
    assert list(job.envelopes) == ["source", "double", "note", "words"]
    assert job.envelopes["double"].value("twice") == 99.0


def test_progress_is_told_as_it_happens(selection, runner):  # P98
    events = list(toy.pipeline(runner=runner).stream(selection, auto_approve=True, job_id="j"))
    assert [(event.kind, getattr(event, "stage", None)) for event in events] == [
        ("stage.started", "source"),
        ("stage.finished", "source"),
        ("review.raised", "source"),
        ("stage.started", "double"),
        ("stage.finished", "double"),
        ("stage.started", "words"),
        ("stage.finished", "words"),
        ("job.ended", None),
    ]
    assert events[-1].to_dict() == {"kind": "job.ended", "job_id": "j", "status": "completed"}


def test_the_view_holds_what_a_screen_needs(selection):  # P20, P116, P118
    job = toy.pipeline().run(selection, job_id="j")
    view = job.view()
    assert (view.current_stage, view.status) == ("source", "waiting_review")
    assert view.stage_status == {"source": "review", "double": "waiting", "words": "waiting"}
    assert view.latest_envelopes["source"].metrics == {"amount": 10.0}
    assert view.latest_envelopes["source"].grade == "C"
    assert view.review_queue == job.review_queue
    assert view.logs == job.logs
    board = job.blackboard()
    assert board.selection == selection
    assert set(board.envelopes) == {"source"}
    assert job.results().metrics == {"amount": 10.0}
    assert "waiting_review" in job._repr_html_()
    assert "waiting_review" in repr(job)


def test_the_results_of_a_scenario_are_those_of_its_last_job(selection):  # P118
    from carbonost import ScenarioParams

    pipeline = toy.pipeline()
    scenario = ScenarioParams(scenario_id="plan-a")
    with pytest.raises(JobNotFoundError):
        pipeline.results("plan-a")
    pipeline.run(selection, scenario, auto_approve=True)
    job = pipeline.run(selection, scenario)
    job.review(job.review_queue[0].checkpoint_id, status="approved", patch={"metrics.amount": 4}, by="li")
    job.resume()
    assert pipeline.results("plan-a").metrics == {"amount": 4.0, "twice": 8.0}
    assert job.reviews[0].reason == "source.doubt: 置信度 0.5，低于 0.7"


def test_a_metric_is_traced_to_its_inputs(selection):  # P119
    job = toy.reviewed(toy.pipeline(), selection, patch={"metrics.amount": 25})
    result = job.envelopes["double"]
    line = job.lineage(result.result_id, "twice")
    assert (line.value, line.unit, line.stage) == (50.0, "kWh/y", "double")
    assert [item.name for item in line.assumptions] == ["factor"]
    assert line.corrected_by == ("li",)
    assert {one.stage for one in line.ancestors} == {"source", "double"}
    assert line.inputs == job.audit[0].body["inputs"]
    prov = line.to_prov()
    assert f"carbonost:{line.inputs}" in prov["entity"]
    assert len(prov["wasDerivedFrom"]) == 1
    with pytest.raises(InputError, match="no such metric"):
        job.lineage(result.result_id, "thrice")
    with pytest.raises(LookupError):
        job.lineage("0" * 64, "twice")


def test_times_come_from_the_clock_and_stay_out_of_the_hashes(selection):  # P11
    fixed = toy.pipeline(clock=lambda: datetime(2020, 1, 1, tzinfo=UTC)).run(selection, auto_approve=True, job_id="j")
    free = toy.pipeline().run(selection, auto_approve=True, job_id="j")
    assert fixed.audit_head == free.audit_head
    assert fixed.audit[-1].seal != free.audit[-1].seal
    assert fixed.logs[0].started == "2020-01-01T00:00:00+00:00"


def test_the_declaration_of_a_stage_is_data():  # P5
    described = toy.pipeline().describe()
    assert described["edges"] == [
        "START",
        "source",
        "review_source?",
        "double",
        "review_double?",
        "words",
        "review_words?",
        "END",
    ]
    source = described["stages"][0]
    assert source["triggers"][0]["limit"] == "confidence_min"
    assert source["editable"][0]["schema"] == {"minimum": 0, "type": "number"}
    assert "audit" in source


def test_a_pipeline_refuses_arguments_of_another_kind(selection):
    with pytest.raises(InputError, match="selection is a GeoSelection"):
        toy.pipeline().run("P1")
    with pytest.raises(InputError, match="scenario is a ScenarioParams"):
        toy.pipeline().run(selection, {"wacc": 0.08})
    assert isinstance(toy.pipeline(), Pipeline)


def test_every_public_model_has_a_schema_with_a_version():  # P25
    from carbonost.agents.schemas import schemas

    found = schemas()
    assert found["version"] == 1
    assert found["models"]["ResultEnvelope"]["additionalProperties"] is False
    assert found["models"]["ScenarioParams"]["properties"]["wacc"]["unit"] == "share per year (0.08 is 8 %)"


def test_a_stage_that_fails_beside_others_fails_in_its_turn(selection):
    class Bad(toy.Double):
        spec = toy.AgentSpec(name="bad", version="1", purpose="Fails.", needs=("source",), metrics={}, artifacts=())

        def run(self, context):
            raise RuntimeError("no luck")

    pipeline = toy.pipeline(toy.Source(confidence=0.9), toy.Double(), Bad(), runner=SequentialRunner(workers=2))
    with pytest.raises(StageError, match="'bad' failed"):
        pipeline.run(selection, job_id="j")
    assert list(pipeline.job("j").envelopes) == ["source", "double"]


def test_an_envelope_names_code_parameters_and_model(selection):  # P16
    found = toy.pipeline().run(selection).envelopes["source"].reproducibility
    assert found.model_version == "source@1.0.0"
    assert found.param_version.startswith("source_params@")
    assert found.code_commit.startswith("carbonost ")
