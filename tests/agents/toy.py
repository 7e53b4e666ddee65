"""A pipeline of three tiny stages, to test the mechanics without any engine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from carbonost.agents.spec import AgentSpec, Editable, MetricSpec, Trigger


class Source:
    spec = AgentSpec(
        name="source",
        version="1.0.0",
        purpose="Reads an amount.",
        metrics={"amount": MetricSpec("kWh/y", "what is used")},
        artifacts=("rows",),
        triggers=(Trigger("doubt", "confidence", "below", "Is the amount right?", "confidence_min"),),
        editable=(Editable("metrics.amount", Annotated[float, Field(ge=0)], "kWh per year"),),
    )

    def __init__(self, amount: float = 10.0, confidence: float = 0.5) -> None:
        self.amount, self.confidence, self.runs = amount, confidence, 0

    def run(self, context):
        self.runs += 1
        notes = context.notes()
        given = notes.override("metrics.amount")
        amount = self.amount if given is None else given
        return notes.output({"amount": (amount, "kWh/y")}, {"rows": [1.0, 2.0]}, self.confidence)


class Double:
    spec = AgentSpec(
        name="double",
        version="1.0.0",
        purpose="Doubles it.",
        needs=("source",),
        metrics={"twice": MetricSpec("kWh/y", "twice the amount")},
        artifacts=(),
        triggers=(Trigger("doubt", "confidence", "below", "Is twice right?", "confidence_min"),),
        editable=(Editable("assumptions.*", float, "a factor"),),
    )

    def __init__(self, confidence: float = 0.9) -> None:
        self.confidence = confidence

    def run(self, context):
        notes = context.notes()
        factor = notes.assume("factor", 2.0, "1", "by definition", "high")
        return notes.output(
            {"twice": (factor * context.envelope("source").number("amount"), "kWh/y")}, {}, self.confidence
        )


class Words:
    spec = AgentSpec(
        name="words",
        version="1.0.0",
        purpose="Says it.",
        needs=("double",),
        metrics={},
        artifacts=("text",),
    )

    def run(self, context):
        from carbonost.llm.ports import Task, TextRequest

        request = TextRequest(
            Task.SUMMARISE, "Say it.", {"double.twice": "kWh/y"}, fallback="用量为 {{double.twice}}。"
        )
        return context.notes().output({}, {"text": context.model.complete(request).text}, 0.9)


def pipeline(*stages, runner=None, records="memory://", objects=None, model=None, clock=None, policy=None):
    from carbonost.agents.pipeline import PipelineBuilder

    stages = stages or (Source(), Double(), Words())
    builder = PipelineBuilder.of(*stages).with_records(records)
    if runner is not None:
        builder.with_runner(runner)
    if objects is not None:
        builder.with_objects(objects)
    if clock is not None:
        builder.with_clock(clock)
    if policy is not None:
        builder.with_review_policy(policy)
    return builder.with_model(model).build()


def reviewed(pipeline, selection, **decision):
    """Run job ``j`` to its first review, decide it so, and go on."""
    job = pipeline.run(selection, job_id="j")
    item = job.review_queue[0]
    job.review(item.checkpoint_id, by="li", **{"status": "approved", **decision})
    return job.resume()
