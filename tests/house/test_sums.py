"""P101: results do not hang on the Python they were made with: from 3.12 on the built-in sum of floats rounds less."""

import builtins
from math import fsum

from carbonost import PipelineBuilder, sample_park

_NOTHING = object()


def compensated(items, start=_NOTHING):
    """Add up as Python 3.12 does: floats with one rounding at the end."""
    items = list(items)
    if start is _NOTHING and all(type(item) in (int, float) for item in items) and float in map(type, items):
        return fsum(items)
    return _one_by_one(items, 0 if start is _NOTHING else start)


def test_every_python_gives_a_job_the_same_results(monkeypatch):
    def results():
        selection, scenario, data = sample_park()
        job = PipelineBuilder().build().run(selection, scenario, data=data, auto_approve=True)
        return {stage: envelope.result_id for stage, envelope in job.envelopes.items()}

    as_it_is = results()
    monkeypatch.setattr(builtins, "sum", compensated)
    as_in_3_12 = results()
    monkeypatch.setattr(builtins, "sum", lambda items, start=0: _one_by_one(items, start))
    assert as_it_is == as_in_3_12 == results()


def _one_by_one(items, start):
    """Add up as Python 3.11 does."""
    for item in items:
        start = start + item
    return start
