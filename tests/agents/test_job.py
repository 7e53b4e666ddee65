import sqlite3
import threading
from datetime import UTC, datetime

import pytest
import toy

from carbonost.agents.chain import verify_chain
from carbonost.agents.driver import StageOptions
from carbonost.agents.graph import LangGraphRunner
from carbonost.agents.pipeline import Pipeline, PipelineBuilder
from carbonost.agents.runner import SequentialRunner
from carbonost.errors import (
    AlreadyExistsError,
    EnvelopeError,
    GraphVersionError,
    InputError,
    JobLockedError,
    JobNotFoundError,
    NotEditableError,
    ReviewConflictError,
    ReviewError,
    StageBoundaryError,
    StageError,
)

RUNNERS = [SequentialRunner, LangGraphRunner]


@pytest.fixture(params=RUNNERS, ids=lambda runner: runner.__name__)
def runner(request):
    return request.param()


def reviewed(pipeline, selection, **decision):
    job = pipeline.run(selection, job_id="j")
    item = job.review_queue[0]
    job.review(item.checkpoint_id, by="li", **{"status": "approved", **decision})
    return job.resume()


def test_a_doubtful_result_waits_for_a_person(selection, runner):  # P84, P85, P87
    job = toy.pipeline(runner=runner).run(selection)
    assert job.status == "waiting_review"
    assert list(job.envelopes) == ["source"]
    item = job.review_queue[0]
    assert item.question == "Is the amount right?"
    assert item.status == "pending"
    assert item.reasons == ("source.doubt: 置信度 0.5，低于 0.7",)
    assert item.editable_fields == ("metrics.amount",)
    assert item.result_id == job.envelopes["source"].result_id


def test_an_approved_job_runs_to_its_end(selection, runner):  # P84
    job = reviewed(toy.pipeline(runner=runner), selection)
    assert job.status == "completed"
    assert list(job.envelopes) == ["source", "double", "words"]
    assert job.envelopes["double"].value("twice") == 20.0


def test_an_approval_is_a_revision_with_the_same_figures_and_its_questions_answered(selection, runner):  # P91
    job = reviewed(toy.pipeline(runner=runner), selection)
    asked, approved = job.revisions("source")
    assert [c.status for c in asked.human_checkpoints] == ["pending"]
    assert [c.status for c in approved.human_checkpoints] == ["approved"]
    assert (approved.parent, approved.revision) == (asked.result_id, 1)
    assert (approved.metrics, approved.input_hash) == (asked.metrics, asked.input_hash)
    assert job.envelopes["double"].upstream == {"source": approved.result_id}


def test_auto_approve_goes_through_and_records_what_it_skipped(selection, runner):  # P86
    job = toy.pipeline(runner=runner).run(selection, auto_approve=True)
    assert job.status == "completed"
    assert not job.review_queue
    assert [item.skipped for item in job.reviews] == [True]
    assert "review.skipped" in [entry.kind for entry in job.audit]
    with pytest.raises(ReviewConflictError):
        job.review(job.reviews[0].checkpoint_id, status="approved", by="x")


def test_a_correction_is_a_new_revision_and_what_follows_is_computed_again(selection, runner):  # P51, P91
    job = reviewed(toy.pipeline(runner=runner), selection, patch={"metrics.amount": 25})
    first, second = job.revisions("source")
    assert (first.revision, second.revision) == (0, 1)
    assert second.parent == first.result_id
    assert first.value("amount") == 10.0
    assert second.value("amount") == 25.0
    assert second.overrides == {"metrics.amount": 25.0}
    assert [c.status for c in second.human_checkpoints] == ["approved"]
    assert job.envelopes["double"].value("twice") == 50.0
    assert job.envelopes["double"].upstream == {"source": second.result_id}


def test_a_nested_patch_means_the_same(selection):
    pipeline = toy.pipeline()
    assert reviewed(pipeline, selection, patch={"metrics": {"amount": 25}}).envelopes["source"].value("amount") == 25.0


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ({"metrics.other": 1}, "does not let this be edited"),
        ({"result_id": "x"}, "does not let this be edited"),
        ({"metrics.amount": -1}, "does not fit"),
        ({"metrics.amount": "many"}, "does not fit"),
        ({"metrics.amount": float("nan")}, "does not fit"),
        ({"metrics": {"amount": 1, "twice": 3}}, "does not let this be edited"),
    ],
)
def test_a_bad_patch_is_refused_recorded_and_the_review_stays_open(selection, runner, patch, why):  # P89, P90
    pipeline = toy.pipeline(runner=runner)
    job = pipeline.run(selection)
    item = job.review_queue[0]
    with pytest.raises(NotEditableError, match=why):
        job.review(item.checkpoint_id, status="approved", patch=patch, by="li")
    assert job.status == "waiting_review"
    assert job.review_queue == (item,)
    assert job.audit[-1].kind == "review.refused"
    job.review(item.checkpoint_id, status="approved", patch={"metrics.amount": 3}, by="li")
    assert job.resume().status == "completed"


def test_a_correction_the_stage_cannot_compute_never_ends_the_job(selection):  # P90
    job = toy.pipeline(toy.Source(confidence=0.9), toy.Double(confidence=0.5)).run(selection)
    item = job.review_queue[0]
    with pytest.raises(ReviewError, match="cannot compute with this correction"):
        job.review(item.checkpoint_id, status="approved", patch={"assumptions.unheard": 2.0}, by="li")
    job.review(item.checkpoint_id, status="approved", patch={"assumptions.factor": 3.0}, by="li")
    assert job.resume().envelopes["double"].value("twice") == 30.0


def test_a_rejected_job_stops_and_can_be_reopened(selection, runner):  # P92
    pipeline = toy.pipeline(runner=runner)
    job = pipeline.run(selection)
    item = job.review_queue[0]
    job.review(item.checkpoint_id, status="rejected", by="li", note="wrong park")
    assert job.resume().status == "rejected"
    assert list(job.envelopes) == ["source"]
    assert job.view().stage_status == {"source": "rejected", "double": "waiting", "words": "waiting"}
    job.reopen(item.checkpoint_id, by="wang")
    assert job.status == "waiting_review"
    job.review(item.checkpoint_id, status="approved", by="wang")
    assert job.resume().status == "completed"


def test_only_a_rejected_review_is_reopened(selection):
    job = toy.pipeline().run(selection)
    with pytest.raises(ReviewError, match="only a rejected review"):
        job.reopen(job.review_queue[0].checkpoint_id, by="li")


def test_a_decision_is_taken_once(selection):  # P88
    job = toy.pipeline().run(selection)
    item = job.review_queue[0]
    job.review(item.checkpoint_id, status="approved", by="li")
    with pytest.raises(ReviewConflictError, match="already approved"):
        job.review(item.checkpoint_id, status="rejected", by="wang")


def test_of_two_simultaneous_decisions_exactly_one_wins(selection):  # P88
    pipeline = toy.pipeline()
    job = pipeline.run(selection, job_id="j")
    item = job.review_queue[0]
    outcomes = []
    barrier = threading.Barrier(4)

    def decide(name):
        mine = pipeline.job("j")
        barrier.wait()
        try:
            mine.review(item.checkpoint_id, status="approved", patch={"metrics.amount": 5}, by=name)
            outcomes.append("won")
        except (ReviewConflictError, JobLockedError):
            outcomes.append("lost")

    threads = [threading.Thread(target=decide, args=(str(i),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost", "lost", "lost", "won"]
    assert [entry.kind for entry in job.refresh().audit].count("review.decided") == 1


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"status": "maybe", "by": "li"}, "'approved' or 'rejected'"),
        ({"status": "approved", "by": " "}, "name of who"),
        ({"status": "rejected", "by": "li", "patch": {"metrics.amount": 1}}, "changes nothing"),
    ],
)
def test_a_decision_says_what_and_who(selection, how, why):
    job = toy.pipeline().run(selection)
    with pytest.raises(ReviewError, match=why):
        job.review(job.review_queue[0].checkpoint_id, **how)
    with pytest.raises(ReviewError, match="no such review"):
        job.review("nothing.r0.000", status="approved", by="li")


def test_a_job_survives_its_process(selection, runner, tmp_path):  # P93, P99
    stores = {"records": f"sqlite:///{tmp_path / 'jobs.db'}", "objects": (tmp_path / "objects").as_uri()}
    job = toy.pipeline(runner=runner, **stores).run(selection, job_id="j")
    checkpoint = job.review_queue[0].checkpoint_id
    again = toy.pipeline(runner=type(runner)(), **stores)
    assert again.jobs() == ["j"]
    assert again.jobs(status="waiting_review") == ["j"]
    other = again.job("j")
    assert other.review_queue[0].checkpoint_id == checkpoint  # P117
    other.review(checkpoint, status="approved", by="li")
    assert other.resume().status == "completed"
    assert len({entry.seq for entry in other.audit}) == len(other.audit)


@pytest.mark.parametrize("stop_after", range(1, 9))
def test_a_job_cut_anywhere_resumes_to_the_same_hashes(selection, stop_after, tmp_path):  # P93
    whole = toy.pipeline().run(selection, auto_approve=True, job_id="j")
    stores = {"records": f"sqlite:///{tmp_path / 'jobs.db'}", "objects": (tmp_path / "objects").as_uri()}
    events = toy.pipeline(**stores).stream(selection, auto_approve=True, job_id="j")
    for _ in zip(range(stop_after), events, strict=False):
        pass
    events.close()
    other = toy.pipeline(**stores).job("j").resume()
    assert other.status == "completed"
    assert other.audit_head == whole.audit_head
    assert {k: e.result_id for k, e in other.envelopes.items()} == {k: e.result_id for k, e in whole.envelopes.items()}


def test_starting_a_job_twice_is_refused(selection):
    pipeline = toy.pipeline()
    pipeline.run(selection, job_id="j")
    with pytest.raises(AlreadyExistsError, match="Resume it"):
        pipeline.run(selection, job_id="j")
    with pytest.raises(JobNotFoundError):
        pipeline.job("unknown")


def test_a_job_of_another_graph_is_not_resumed(selection, tmp_path):  # P95
    stores = {"records": f"sqlite:///{tmp_path / 'jobs.db'}", "objects": (tmp_path / "objects").as_uri()}
    toy.pipeline(**stores).run(selection, job_id="j")
    with pytest.raises(GraphVersionError, match=r"double@1\.0\.0"):
        toy.pipeline(toy.Source(), toy.Double(), **stores).job("j")


def test_a_second_driver_of_one_job_is_refused(selection):  # P97
    pipeline = toy.pipeline()
    events = pipeline.stream(selection, auto_approve=True, job_id="j")
    next(events)
    with pytest.raises(JobLockedError, match="another driver"):
        pipeline.job("j").resume()
    assert list(events)[-1].status == "completed"


def test_jobs_beside_each_other_do_not_touch_each_other(selection):  # P97
    pipeline = toy.pipeline()
    jobs = []
    threads = [
        threading.Thread(target=lambda: jobs.append(pipeline.run(selection, auto_approve=True))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [job.status for job in jobs] == ["completed"] * 6
    assert len({job.envelopes["double"].result_id for job in jobs}) == 1


def test_a_changed_envelope_in_the_store_stops_the_job(selection, tmp_path):  # P23
    stores = {"records": f"sqlite:///{tmp_path / 'jobs.db'}", "objects": (tmp_path / "objects").as_uri()}
    job = toy.pipeline(**stores).run(selection, job_id="j")
    with sqlite3.connect(tmp_path / "jobs.db") as db:
        db.execute("update envelopes set document = replace(document, '10.0', '11.0')")
    db.close()
    fresh = toy.pipeline(**stores).job("j")
    with pytest.raises(EnvelopeError):
        fresh.review(job.review_queue[0].checkpoint_id, status="approved", by="li")
    with pytest.raises(EnvelopeError):
        fresh.resume()


def test_a_changed_audit_entry_is_found(selection):  # P96
    job = reviewed(toy.pipeline(), selection)
    entries = list(job.audit)
    assert verify_chain("j", entries) == job.audit_head
    from dataclasses import replace

    for at, change in ((2, {"body": {"review": {}}}), (5, {"stamp": {"at": "2030-01-01"}}), (3, {"seq": 9})):
        broken = [*entries[:at], replace(entries[at], **change), *entries[at + 1 :]]
        with pytest.raises(EnvelopeError, match="chain is broken"):
            verify_chain("j", broken)
    with pytest.raises(EnvelopeError):
        verify_chain("j", [*entries[:2], *entries[3:]])
    with pytest.raises(EnvelopeError):
        verify_chain("other", entries)


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


def test_a_finished_job_is_replayed_to_the_same_hashes(selection):  # P94
    pipeline = toy.pipeline()
    reviewed(pipeline, selection, patch={"metrics.amount": 25})
    replay = pipeline.replay("j")
    assert replay
    assert replay.stages == {"source": True, "double": True, "words": True}
    assert not replay.differences


def test_a_replay_says_what_differs(selection, tmp_path):  # P94
    stores = {"records": f"sqlite:///{tmp_path / 'jobs.db'}", "objects": (tmp_path / "objects").as_uri()}
    toy.pipeline(**stores).run(selection, auto_approve=True, job_id="j")
    changed = toy.pipeline(toy.Source(amount=11.0), toy.Double(), toy.Words(), **stores)
    replay = changed.replay("j")
    assert not replay
    assert replay.stages["source"] is False
    assert "source: amount was value=10.0 unit='kWh/y', is value=11.0 unit='kWh/y'" in replay.differences


def test_a_metric_is_traced_to_its_inputs(selection):  # P119
    job = reviewed(toy.pipeline(), selection, patch={"metrics.amount": 25})
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


def test_branches_run_side_by_side_and_give_the_same_hashes(selection):  # P101
    class Other(toy.Double):
        spec = toy.AgentSpec(
            name="other",
            version="1",
            purpose="Beside the first.",
            needs=("source",),
            metrics={"twice": toy.MetricSpec("kWh/y", "again")},
            artifacts=(),
        )

    def go(runner):
        stages = (toy.Source(confidence=0.9), toy.Double(), Other(), toy.Words())
        return toy.pipeline(*stages, runner=runner).run(selection, job_id="j")

    assert go(SequentialRunner(workers=4)).audit_head == go(SequentialRunner()).audit_head


def test_a_checkpoint_holds_references_only(selection):  # P20
    runner = LangGraphRunner()
    toy.pipeline(runner=runner).run(selection, auto_approve=True, job_id="j")
    held = runner._checkpointer.get_tuple({"configurable": {"thread_id": "j"}}).checkpoint["channel_values"]
    assert set(held["envelopes"]) == {"source", "double", "words"}
    assert all(len(name) == 64 for name in held["envelopes"].values())
    assert len(str(held)) < 2000


def test_a_bundle_may_leave_the_meters_out_and_still_verifies(selection, tmp_path):  # P122
    import pandas as pd

    from carbonost import ParkData

    start = pd.date_range("2025-01-01", periods=4, freq="1h", tz="UTC")
    meters = pd.DataFrame({"start": start, "point": "m", "energy_type": "electricity", "value": 1.0, "unit": "kWh"})
    job = toy.pipeline().run(selection, data=ParkData(meters=meters), auto_approve=True)
    whole, part = job.export(tmp_path / "a.zip"), job.export(tmp_path / "b.zip", withhold=("meters",))
    assert Pipeline.verify(whole).withheld == ()
    assert Pipeline.verify(part).withheld == ("meters",)
    with pytest.raises(InputError, match="cannot be withheld"):
        job.export(tmp_path / "c.zip", withhold=("audit",))
    with pytest.raises(InputError, match="cannot write here"):
        job.export("/proc/none/d.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip"]


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


def test_a_durable_checkpointer_resumes_in_another_process(selection, tmp_path):  # P99
    saver = pytest.importorskip("langgraph.checkpoint.sqlite").SqliteSaver
    stores = {"records": f"sqlite:///{tmp_path / 'jobs.db'}", "objects": (tmp_path / "objects").as_uri()}
    with saver.from_conn_string(str(tmp_path / "graph.db")) as first:
        job = toy.pipeline(runner=LangGraphRunner(first), **stores).run(selection, job_id="j")
        checkpoint = job.review_queue[0].checkpoint_id
    with saver.from_conn_string(str(tmp_path / "graph.db")) as second:
        job = toy.pipeline(runner=LangGraphRunner(second), **stores).job("j")
        job.review(checkpoint, status="approved", patch={"metrics.amount": 7}, by="li")
        assert job.resume().status == "completed"
    plain = reviewed(toy.pipeline(), selection, patch={"metrics.amount": 7})
    assert job.audit_head == plain.audit_head


def test_an_envelope_names_code_parameters_and_model(selection):  # P16
    found = toy.pipeline().run(selection).envelopes["source"].reproducibility
    assert found.model_version == "source@1.0.0"
    assert found.param_version.startswith("source_params@")
    assert found.code_commit.startswith("carbonost ")
