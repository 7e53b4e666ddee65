"""What the pipeline's tests share: a tiny pipeline, and one run of the sample park."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # toy.py, parks.py


@pytest.fixture(params=["SequentialRunner", "LangGraphRunner"])
def runner(request):
    from carbonost.agents.graph import LangGraphRunner
    from carbonost.agents.runner import SequentialRunner

    return {"SequentialRunner": SequentialRunner, "LangGraphRunner": LangGraphRunner}[request.param]()


@pytest.fixture
def selection():
    from carbonost import GeoSelection

    return GeoSelection(type="park_id", geometry="P1")


@pytest.fixture(scope="session")
def sample_pipeline():
    from carbonost import PipelineBuilder

    return PipelineBuilder().build()


@pytest.fixture(scope="session")
def sample_job(sample_pipeline):
    from carbonost import sample_park

    return sample_pipeline.run(*sample_park(), auto_approve=True, job_id="sample")
