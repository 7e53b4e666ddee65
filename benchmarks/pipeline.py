"""What the pipeline costs beside the work it carries: ratios and milliseconds per stage, in one process.

    python benchmarks/pipeline.py [--stages 9] [--repeat 15]

Stages that do nothing are called plainly, through the loop, and through LangGraph; envelopes are sealed
and stored each time. Then the sample park: its five stages against the engines alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from carbonost import FactorLibrary, GeoSelection, ParkData, PipelineBuilder, ScenarioParams, sample_park
from carbonost.agents.canonical import canonical_bytes
from carbonost.agents.graph import LangGraphRunner
from carbonost.agents.runner import SequentialRunner
from carbonost.agents.spec import AgentSpec, MetricSpec
from carbonost.agents.stages.base import StageContext
from carbonost.agents.stages.baseline import BaselineStage
from carbonost.llm.template import TemplateModel

if TYPE_CHECKING:
    from collections.abc import Callable


class Idle:
    """A stage that hands out one number."""

    def __init__(self, name: str, needs: tuple[str, ...]) -> None:
        metrics = {"value": MetricSpec("1", "a number")}
        self.spec = AgentSpec(name, "1", "Nothing.", metrics, (), needs)

    def run(self, context: StageContext):
        """Hand it out."""
        return context.notes().output({"value": (1.0, "1")}, {}, 0.9)


def idle(n: int) -> list[Idle]:
    return [Idle(f"s{i}", (f"s{i - 1}",) if i else ()) for i in range(n)]


def milliseconds(call: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1000)
    return median(times)


def runners(n: int, repeat: int) -> list[tuple[str, float]]:
    """Return milliseconds per stage of each way to run."""
    ask = (GeoSelection(type="park_id", geometry="P"), ScenarioParams(), ParkData())
    stages = idle(n)
    context = StageContext(*ask, {}, None, TemplateModel())
    rows = [("plain calls, nothing stored", milliseconds(lambda: [s.run(context) for s in stages], repeat) / n)]
    with tempfile.TemporaryDirectory() as folder:
        for name, runner, records in (
            ("loop, records in memory", SequentialRunner(), "memory://"),
            ("LangGraph, records in memory", LangGraphRunner(), "memory://"),
            ("loop, records on disk, fsync", SequentialRunner(), f"sqlite:///{folder}/loop.db"),
        ):
            pipeline = PipelineBuilder.of(*stages).with_runner(runner).with_records(records).build()
            rows.append((name, milliseconds(lambda p=pipeline: p.run(*ask), repeat) / n))
    return rows


def modules(code: str) -> int:
    """Return how many modules a fresh interpreter holds after `code`."""
    script = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 -- our own
    return len(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", type=int, default=9)
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    rows = runners(options.stages, options.repeat)
    plain, loop = rows[0][1], rows[1][1]
    print("| how | ms per stage | over plain calls [ms] | over the loop |\n| --- | ---: | ---: | ---: |")
    for name, ms in rows:
        print(f"| {name} | {ms:.3f} | {ms - plain:.3f} | {ms / loop:.2f} |")

    park = sample_park()
    pipeline = PipelineBuilder().build()
    job = pipeline.run(*park, auto_approve=True)
    whole = milliseconds(lambda: pipeline.run(*park, auto_approve=True), 3)
    stage = BaselineStage()
    upstream = {"geo": job.envelopes["geo"]}
    context = StageContext(*park, upstream, FactorLibrary.default(), TemplateModel())
    alone = milliseconds(lambda: stage.run(context), 3)
    logged = median([log.duration_s * 1000 for log in job.logs if log.node == "baseline"])
    size = len(json.dumps({name: e.to_dict() for name, e in job.envelopes.items()}, ensure_ascii=False).encode())
    entities = [{"name": f"c{i}", "lat": 30.1, "lon": 120.5, "source": "poi"} for i in range(20_000)]
    canonical = milliseconds(lambda: canonical_bytes(entities), 5)
    dumped = milliseconds(lambda: json.dumps(entities, sort_keys=True, ensure_ascii=False), 5)
    bundle = job.export(Path(tempfile.mkdtemp()) / "job.zip").stat().st_size
    print("\n| measure | value |\n| --- | ---: |")
    print(f"| sample park, five stages, stored | {whole:.0f} ms |")
    print(f"| baseline stage in the pipeline / alone | {logged / alone:.2f} |")
    print(f"| five envelopes as JSON | {size / 1024:.0f} KiB |")
    print(f"| exported bundle, a year of 15-minute readings in it | {bundle / 2**20:.1f} MiB |")
    print(f"| canonical JSON / json.dumps, 20 000 entities | {canonical / dumped:.2f} |")
    bare = modules("pass")
    print(f"| modules after `import carbonost` beyond a bare interpreter | {modules('import carbonost') - bare} |")


if __name__ == "__main__":
    main()
