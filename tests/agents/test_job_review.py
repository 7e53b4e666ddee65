"""P84 to P92: a job that waits for a person, and what that person may do."""

import threading

import pytest
import toy

from carbonost.errors import (
    JobLockedError,
    NotEditableError,
    ReviewConflictError,
    ReviewError,
)


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
    job = toy.reviewed(toy.pipeline(runner=runner), selection)
    assert job.status == "completed"
    assert list(job.envelopes) == ["source", "double", "words"]
    assert job.envelopes["double"].value("twice") == 20.0


def test_an_approval_is_a_revision_with_the_same_figures_and_its_questions_answered(selection, runner):  # P91
    job = toy.reviewed(toy.pipeline(runner=runner), selection)
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
    job = toy.reviewed(toy.pipeline(runner=runner), selection, patch={"metrics.amount": 25})
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
    job = toy.reviewed(pipeline, selection, patch={"metrics": {"amount": 25}})
    assert job.envelopes["source"].value("amount") == 25.0


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
