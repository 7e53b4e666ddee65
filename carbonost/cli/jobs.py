"""``jobs``, ``review``, ``report``, ``verify``: what happened to a job, and what a person decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbonost.cli import main as codes
from carbonost.cli.run import add_formats, add_store, formats_of, hint, open_pipeline, questions, write_report
from carbonost.cli.show import STAGES, STATES, gaps, key_figures, table, tell
from carbonost.errors import FileFormatError, InputError, ReviewError

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the commands of this module."""
    jobs = commands.add_parser("jobs", help="列出任务，或显示一个任务")
    jobs.add_argument("job", nargs="?")
    jobs.set_defaults(call=_jobs)
    review = commands.add_parser("review", help="对一个复核点作出决定，并继续任务")
    review.add_argument("job")
    review.add_argument("checkpoint")
    decision = review.add_mutually_exclusive_group(required=True)
    decision.add_argument("--approve", action="store_true")
    decision.add_argument("--reject", action="store_true")
    review.add_argument("--patch", help="JSON 对象，或 @文件：修改可编辑字段")
    review.add_argument("--by", default="cli", help="决定人")
    review.set_defaults(call=_review)
    report = commands.add_parser("report", help="为已完成的任务生成报告文件")
    report.add_argument("job")
    report.add_argument("--output", type=Path, default=Path("carbonost-report"))
    add_formats(report)
    report.set_defaults(call=_report)
    verify = commands.add_parser("verify", help="离线核验导出的任务包")
    verify.add_argument("bundle", type=Path)
    verify.set_defaults(call=_verify)
    export = commands.add_parser("export", help="将任务导出为可离线核验的包")
    export.add_argument("job")
    export.add_argument("bundle", type=Path)
    export.add_argument(
        "--withhold", default="", metavar="meters,entities", help="不导出的敏感部分（逗号分隔）：计量曲线、企业清单"
    )
    export.set_defaults(call=_export)
    for command in (jobs, review, report, export):
        add_store(command)


def _jobs(args: argparse.Namespace) -> int:
    from carbonost.engines.report.labels import STATUS_NAMES

    pipeline = open_pipeline(args.store)
    if args.job is None:
        views = [pipeline.job(job_id).view() for job_id in pipeline.jobs()]
        table(
            f"任务（{len(views)}）",
            ("编号", "状态", "当前阶段"),
            [
                (
                    view.job_id,
                    STATES.get(view.status, view.status),
                    STAGES.get(view.current_stage or "", view.current_stage),
                )
                for view in views
            ],
        )
        return codes.DONE
    job = pipeline.job(args.job)
    key_figures(job.envelopes)
    gaps(job.envelopes)
    table(
        "复核",
        ("编号", "阶段", "状态", "问题", "原因"),
        [
            (
                item.checkpoint_id,
                STAGES.get(item.stage, item.stage),
                "已跳过" if item.skipped else STATUS_NAMES.get(item.status, item.status),
                item.question,
                "；".join(item.reasons),
            )
            for item in job.reviews
        ],
    )
    return codes.DONE


def _patch(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        body = json.loads(Path(text[1:]).read_text("utf-8") if text.startswith("@") else text)
    except (OSError, json.JSONDecodeError) as exc:
        raise FileFormatError(
            "the patch is not readable JSON", "patch", text, 'Write {"metrics.grid_ef_version": "…"}, or @file.json.'
        ) from exc
    if not isinstance(body, dict):
        raise InputError("a patch is a JSON object", "patch", body, "Give field paths and their new values.")
    return body


def _review(args: argparse.Namespace) -> int:
    job = open_pipeline(args.store).job(args.job)
    job.review(args.checkpoint, status="approved" if args.approve else "rejected", patch=_patch(args.patch), by=args.by)
    job.resume()
    key_figures(job.envelopes)
    tell(f"任务状态：{STATES.get(job.status, job.status)}", style="bold")
    if job.status == "waiting_review":
        questions(job, args.store)
    elif job.status == "completed":
        hint(f"report {job.job_id}", args.store)
    return {"rejected": codes.REJECTED, "waiting_review": codes.WAITING}.get(job.status, codes.DONE)


def _report(args: argparse.Namespace) -> int:
    job = open_pipeline(args.store).job(args.job)
    if job.status != "completed":
        raise ReviewError(
            "only a completed job has a report", "job", job.status, f"See what it waits for: carbonost jobs {args.job}"
        )
    write_report(job, formats_of(args.formats), args.audience, args.output)
    return codes.DONE


def _export(args: argparse.Namespace) -> int:
    withheld = [part.strip() for part in args.withhold.split(",") if part.strip()]
    open_pipeline(args.store).job(args.job).export(args.bundle, withhold=withheld)
    tell(f"已导出：{args.bundle}")
    return codes.DONE


def _verify(args: argparse.Namespace) -> int:
    from carbonost.agents.pipeline import Pipeline

    withheld = Pipeline.verify(args.bundle).withheld
    tell("核验通过：哈希、审计链与内容一致。", style="green")
    if withheld:
        tell(f"未导出的敏感部分（仅保留哈希）：{'、'.join(withheld)}。")
    return codes.DONE
