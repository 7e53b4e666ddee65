"""P20, P23, P93 to P99, P101, P122: a job outlives its process and shows what was touched."""

import sqlite3
import threading

import pytest
import toy

from carbonost.agents.chain import verify_chain
from carbonost.agents.graph import LangGraphRunner
from carbonost.agents.pipeline import Pipeline
from carbonost.agents.runner import SequentialRunner
from carbonost.errors import (
    AlreadyExistsError,
    EnvelopeError,
    GraphVersionError,
    InputError,
    JobLockedError,
    JobNotFoundError,
)


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
    job = toy.reviewed(toy.pipeline(), selection)
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


def test_a_finished_job_is_replayed_to_the_same_hashes(selection):  # P94
    pipeline = toy.pipeline()
    toy.reviewed(pipeline, selection, patch={"metrics.amount": 25})
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
    plain = toy.reviewed(toy.pipeline(), selection, patch={"metrics.amount": 7})
    assert job.audit_head == plain.audit_head
