"""Logs, evidence and audit content go when their time is over; the chain still verifies (P123)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import toy

from carbonost import ParkData, Pipeline
from carbonost.agents.pipeline import DEFAULT_ORG
from carbonost.errors import EnvelopeError, IntegrityError, JobNotFoundError, NaiveTimestampError
from carbonost.storage import RetentionPolicy, open_objects, open_records

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime.now(UTC) + timedelta(days=400)


def park(name="made-up works"):
    start = pd.date_range("2025-01-01", periods=4, freq="1h", tz="UTC")
    meters = pd.DataFrame({"start": start, "point": "m", "energy_type": "electricity", "value": 1.0, "unit": "kWh"})
    return ParkData(meters=meters, entities=[{"id": "E1", "name": name}])


@pytest.fixture(params=["memory", "sqlite"])
def house(request, tmp_path):
    records = open_records("memory://" if request.param == "memory" else tmp_path / "jobs.db")
    objects = open_objects("memory://" if request.param == "memory" else tmp_path / "objects")
    return toy.pipeline(records=records, objects=objects), records, objects


def blobs(objects):
    return sorted(info.key for info in objects.list("inputs/"))


def test_evidence_goes_and_what_was_found_stays(house, selection, tmp_path):
    pipeline, _, objects = house
    job = pipeline.run(selection, data=park(), auto_approve=True, job_id="old")
    whole = Pipeline.verify(job.export(tmp_path / "whole.zip"))
    assert len(blobs(objects)) == 2
    assert pipeline.apply_retention(RetentionPolicy(evidence="5y"), NOW)["evidence"] == 0
    assert pipeline.apply_retention(RetentionPolicy(evidence="1y"), NOW) == {"logs": 0, "evidence": 1, "audit": 0}
    (left,) = blobs(objects)
    assert "made-up works" not in job.export(tmp_path / "part.zip").read_bytes().decode("latin1")
    assert pipeline.apply_retention(RetentionPolicy(evidence="1y"), NOW)["evidence"] == 0
    assert blobs(objects) == [left]
    again = pipeline.job("old")
    assert again.status == "completed"
    assert again.envelopes["double"].number("twice") == 20.0
    assert [entry.kind for entry in again.audit][-1] == "job.purged"
    found = Pipeline.verify(again.export(tmp_path / "part.zip"))
    assert set(found.withheld) == {"entities", "meters"}
    assert (found.entries, found.envelopes) == (whole.entries + 1, whole.envelopes)
    for call in (again.resume, lambda: pipeline.replay("old")):
        with pytest.raises(EnvelopeError, match="removed by retention"):
            call()
    assert pipeline.verify_audit().ok


def test_evidence_another_job_needs_is_kept(house, selection):
    pipeline, _, objects = house
    pipeline.run(selection, data=park(), auto_approve=True, job_id="old")
    pipeline.run(selection, data=park("another"), job_id="open")  # the same readings; waits for a review
    assert pipeline.apply_retention(RetentionPolicy(evidence="1d"), NOW)["evidence"] == 1
    assert pipeline.job("open").status == "waiting_review"
    job = pipeline.job("open")
    job.review(job.review_queue[0].checkpoint_id, status="approved", by="li")
    assert job.resume().status == "completed"
    assert len(blobs(objects)) == 3  # its inputs, the readings both had, the open form of the old one


def test_a_purge_that_died_is_repeated(house, selection, monkeypatch):
    pipeline, _, objects = house
    pipeline.run(selection, data=park(), auto_approve=True, job_id="old")
    delete = type(objects).delete

    def dies(self, key):
        monkeypatch.setattr(type(objects), "delete", delete)
        raise OSError("the power is gone")

    monkeypatch.setattr(type(objects), "delete", dies)
    with pytest.raises(OSError, match="power"):
        pipeline.apply_retention(RetentionPolicy(evidence="1d"), NOW)
    assert pipeline.apply_retention(RetentionPolicy(evidence="1d"), NOW)["evidence"] == 1
    assert len(blobs(objects)) == 1
    assert [entry.kind for entry in pipeline.job("old").audit].count("job.purged") == 1


def test_logs_and_audit_content_go_and_the_chain_still_verifies(house, selection):
    pipeline, records, _ = house
    pipeline.run(selection, auto_approve=True, job_id="old")
    with records.for_tenant(DEFAULT_ORG).begin() as uow:
        before, head = uow.audit.verify(), uow.audit.head()
        assert len(uow.logs.list(job_id="old")) == 3
    gone = pipeline.apply_retention(RetentionPolicy(logs="1y", audit="1y"), NOW)
    assert gone == {"logs": 3, "evidence": 0, "audit": before.length}
    report = pipeline.verify_audit()
    assert (report.length, report.purged, report.head) == (before.length, before.length, head)
    assert pipeline.jobs() == []
    assert pipeline.jobs(status="purged") == ["old"]
    with pytest.raises(JobNotFoundError, match="removed by retention"):
        pipeline.job("old")
    with pytest.raises(JobNotFoundError):
        pipeline.results("anything")
    pipeline.run(selection, auto_approve=True, job_id="new")
    assert pipeline.verify_audit().length > before.length
    with records.for_tenant(DEFAULT_ORG).begin() as uow:
        assert not uow.logs.list(job_id="old")


def test_the_history_of_an_open_job_is_never_cut(house, selection):
    pipeline, records, _ = house
    pipeline.run(selection, data=park(), job_id="open")
    pipeline.run(selection, auto_approve=True, job_id="old")
    policy = RetentionPolicy(logs="1d", evidence="1d", audit="1d")
    assert pipeline.apply_retention(policy, NOW)["audit"] == 0
    assert pipeline.job("open").status == "waiting_review"
    with records.for_tenant(DEFAULT_ORG).begin() as uow:
        uow.jobs.put({"id": "somebody else's", "status": "done"})  # a record of the user's own
    assert pipeline.jobs() == ["old", "open"]
    pipeline.apply_retention(policy, NOW)


def test_nothing_goes_by_default_and_a_purged_chain_still_shows_a_change(tmp_path, selection):
    import sqlite3

    pipeline = toy.pipeline(records=tmp_path / "jobs.db")
    pipeline.run(selection, auto_approve=True, job_id="old")
    assert pipeline.apply_retention(RetentionPolicy(), NOW) == {"logs": 0, "evidence": 0, "audit": 0}
    assert pipeline.apply_retention(RetentionPolicy(audit="1y"), LONG_AGO)["audit"] == 0
    with pytest.raises(NaiveTimestampError):
        pipeline.apply_retention(RetentionPolicy(), datetime(2024, 1, 1))  # noqa: DTZ001
    pipeline.apply_retention(RetentionPolicy(audit="1y"), NOW)
    with sqlite3.connect(tmp_path / "jobs.db") as db:
        db.execute("drop trigger audit_log_unchanged")
        db.execute("update audit_log set body_hash = replace(body_hash, '1', '2') where seq = 2")
    with pytest.raises(IntegrityError):
        pipeline.verify_audit()


def test_the_command_removes_and_verifies(tmp_path, selection, capsys):
    from carbonost.cli.main import main
    from carbonost.cli.run import open_pipeline

    store = tmp_path / "jobs # 100%"
    pipeline = open_pipeline(store, create=True)
    assert Path(store / "jobs.db").exists()
    assert pipeline.jobs() == []
    assert main(["retention", "--logs", "1y", "--evidence", "5y", "--audit", "10y", "--store", str(store)]) == 0
    assert "审计链核验通过" in capsys.readouterr().err
