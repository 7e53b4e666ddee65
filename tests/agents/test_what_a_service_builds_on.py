"""P115, P120, S8, S9: what a service or another program builds on is in the SDK, injected, and leaves no trace."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import toy

from carbonost import DiagnosticEngine, PipelineBuilder, sample_park
from carbonost.llm.retrieval import BigramIndex, Passage

ROOT = Path(__file__).resolve().parents[2]


def test_a_job_is_started_at_once_and_driven_later_by_whoever_knows_its_id(tmp_path, selection):
    """P115: what ``POST /regions/analyze`` answers with is the id of a job that is stored and not yet driven."""
    records, objects = f"sqlite:///{tmp_path}/jobs.db", (tmp_path / "objects").as_uri()

    def pipeline():
        return PipelineBuilder.of(toy.Source(), toy.Double()).with_records(records).with_objects(objects).build()

    job = pipeline().start(selection)
    assert job.view().status == "running"
    assert job.view().current_stage == "source"
    assert job.envelopes == {}
    worker = pipeline().job(job.job_id)  # another process
    worker.resume()
    assert pipeline().job(job.job_id).view().status == worker.status


@pytest.mark.parametrize("audience", ["government", "investor"])
def test_a_finished_job_gives_its_report_in_every_format(sample_job, audience):
    """P120: the same figures and the same envelopes in md, html and docx; the pdf is held in tests/report."""
    report = sample_job.report(("md", "html", "docx"), version=audience)
    assert list(report.files) == ["md", "html", "docx"]
    assert report.files["docx"][:2] == b"PK"
    total = f"{sample_job.envelopes['baseline'].number('total_tco2e_y'):,.2f}"
    text, page = report.files["md"].decode(), report.files["html"].decode()
    assert total in text
    assert total in page
    for stage, envelope in sample_job.envelopes.items():
        assert stage == "report" or envelope.result_id in text


def test_nothing_is_written_to_the_working_directory_unless_a_place_is_given(tmp_path, monkeypatch):
    """S8: models, retrieval and stores are injected; without them everything stays in memory."""
    monkeypatch.chdir(tmp_path)
    index = BigramIndex([Passage("case-1", "屋顶光伏与储能改造")])
    months = [{"month": f"2025-{m:02d}", "scope1": 10, "scope2": 90} for m in range(1, 13)]
    energy = [{"month": row["month"], "electricity_kwh": 1e5} for row in months]
    DiagnosticEngine(retriever=index).generate_comprehensive_diagnosis(months, energy, {"name": "示例"}, None)
    PipelineBuilder().build().run(*sample_park(), auto_approve=True).report(("md",))
    assert list(tmp_path.rglob("*")) == []


def test_langchain_is_no_dependency_and_imported_nowhere():
    """S9: beyond what langgraph pulls in itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [line for extra in project["optional-dependencies"].values() for line in extra] + project["dependencies"]
    assert not [line for line in wanted if re.match(r"langchain", line)]
    for path in (ROOT / "carbonost").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.startswith("langchain")], path
