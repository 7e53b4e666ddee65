"""``demo`` and ``run``: the whole pipeline, from a park to the report files."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from carbonost.cli import main as codes
from carbonost.cli.show import STAGES, console, gaps, key_figures, tell
from carbonost.errors import GeometryError, InputError

if TYPE_CHECKING:
    import argparse

    from carbonost.agents.job import Job
    from carbonost.agents.pipeline import Pipeline
    from carbonost.domain.scenario import GeoSelection, ScenarioParams
    from carbonost.ingestion.park import ParkData

FORMATS: Final = ("pdf", "docx", "html", "md")
STORE: Final = Path(".carbonost")


def add(commands: Any) -> None:
    """Add the commands of this module."""
    demo = commands.add_parser("demo", help="对内置的合成示例园区运行完整流水线")
    demo.set_defaults(call=_demo)
    run = commands.add_parser("run", help="运行园区文件 PARK.yaml")
    run.add_argument("park", type=Path, metavar="PARK.yaml")
    run.add_argument("--auto-approve", action="store_true", help="不等待人工复核（所有跳过的复核均记录在案）")
    run.set_defaults(call=_run)
    for command in (demo, run):
        command.add_argument("--output", type=Path, default=Path("carbonost-report"), help="报告输出目录")
        add_store(command)
        add_formats(command)


def add_store(command: argparse.ArgumentParser) -> None:
    """Add the option that says where jobs are kept."""
    command.add_argument("--store", type=Path, default=STORE, help="任务存储目录（默认 .carbonost）")


def add_formats(command: argparse.ArgumentParser) -> None:
    """Add the option that says which files a report has."""
    command.add_argument("--formats", default=",".join(FORMATS), help="报告格式，逗号分隔：pdf,docx,html,md")
    command.add_argument(
        "--audience",
        choices=("government", "technical", "investor"),
        default="government",
        help="报告版本",
    )


def formats_of(text: str) -> tuple[str, ...]:
    """Read the list of formats, or refuse it by name."""
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in chosen:
        if name not in FORMATS:
            raise InputError("unknown report format", "formats", name, f"Choose from {', '.join(FORMATS)}.")
    return chosen


def open_pipeline(store: Path, *, create: bool = False) -> Pipeline:
    """Open the pipeline over a folder that keeps its jobs; one without any is refused unless `create`."""
    from carbonost.agents.pipeline import PipelineBuilder

    if create:
        _writable(store, "store")
    elif not (store / "jobs.db").is_file():
        raise InputError("no jobs are kept there", "store", str(store), "Give the --store the job was run with.")
    place = store.resolve()
    return PipelineBuilder().with_records(place / "jobs.db").with_objects(place / "objects").build()


def _writable(folder: Path, field: str, *, keep: bool = True) -> None:
    """Refuse a folder that cannot be written before anything runs; with `keep` false leave no new folder behind."""
    new = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise InputError(
            f"the folder cannot be made: {exc.strerror}", field, str(folder), "Choose a folder you may write to."
        ) from exc
    if not os.access(folder, os.W_OK):
        raise InputError("the folder cannot be written", field, str(folder), "Choose a folder you may write to.")
    if not keep:
        for place in new:
            place.rmdir()


def _demo(args: argparse.Namespace) -> int:
    from carbonost.sample import sample_park

    tell("示例园区为合成数据，不对应任何真实园区。", style="dim")
    return _go(args, *sample_park(), auto_approve=True)


def _run(args: argparse.Namespace) -> int:
    from carbonost.ingestion.park import read_park

    selection, scenario, data = read_park(args.park)
    _misspelt(data)
    if selection.type == "polygon":
        _check_boundary(args.park.name, selection)
    return _go(args, selection, scenario, data, auto_approve=args.auto_approve)


def _misspelt(data: ParkData) -> None:
    """Ask about a fact of the site whose name is nearly one that is read."""
    from carbonost.domain.site import KNOWN

    for name in sorted(data.site.keys() - KNOWN):
        near = get_close_matches(name, KNOWN - data.site.keys(), n=1, cutoff=0.85)
        if near:
            tell(f"! site.{name} 未被使用；是否为 {near[0]}？", style="yellow")


def _check_boundary(name: str, selection: GeoSelection) -> None:
    """Refuse a boundary before anything runs, in the words of the file it stands in."""
    from carbonost.engines.geo import read_boundary

    try:
        read_boundary(selection.geometry, selection.datum)  # type: ignore[arg-type]
    except GeometryError as exc:
        exc.field = f"{name}: selection.{exc.field}"
        raise


def _go(
    args: argparse.Namespace, selection: GeoSelection, scenario: ScenarioParams, data: ParkData, *, auto_approve: bool
) -> int:
    chosen = formats_of(args.formats)
    _writable(args.output, "output", keep=False)
    pipeline = open_pipeline(args.store, create=True)
    job_id = ""
    with console(error=True).status("准备数据 …") as status:
        for event in pipeline.stream(selection, scenario, data=data, auto_approve=auto_approve):
            job_id = event.job_id
            _told(event, status)
    job = pipeline.job(job_id)
    key_figures(job.envelopes)
    gaps(job.envelopes)
    if job.status == "rejected":
        tell("任务已被否决。", style="red")
        return codes.REJECTED
    if job.status == "waiting_review":
        questions(job, args.store)
        return codes.WAITING
    write_report(job, chosen, args.audience, args.output)
    return codes.DONE


def _told(event: Any, status: Any) -> None:
    match event.kind:
        case "stage.started":
            status.update(f"{STAGES.get(event.stage, event.stage)} …")
        case "stage.finished":
            name = STAGES.get(event.stage, event.stage)
            tell(f"✓ {name}  {event.duration_s:.1f} s  置信度 {event.confidence:.2f}", style="green")
        case "review.raised":
            word = "跳过复核（已记录）" if event.skipped else "需要复核"
            tell(f"  {word}：{'；'.join(event.reasons)}", style="yellow")


def questions(job: Job, store: Path) -> None:
    """Say what a job waits for, with the command that answers."""
    tell("任务在等待人工复核，未生成报告：", style="bold yellow")
    for item in job.review_queue:
        if item.status != "pending":
            continue
        tell(f"  [{item.checkpoint_id}] {'；'.join(item.question.splitlines())}")
        tell(f"    原因：{'；'.join(item.reasons)}")
        tell(f"    可修改：{', '.join(item.editable_fields)}", style="dim")
        hint(f"review {job.job_id} {item.checkpoint_id} --approve", store)


def hint(line: str, store: Path) -> None:
    """Show a command that can be copied whole: on one line, with the store the job lies in."""
    place = "" if store == STORE else f" --store {quote(str(store))}"
    console(error=True).print(
        f"    carbonost {line}{place}", style="dim", highlight=False, markup=False, soft_wrap=True
    )


def write_report(job: Job, formats: tuple[str, ...], audience: str, output: Path) -> None:
    """Write the report files of a finished job and say where they are."""
    with console(error=True).status("生成报告文件 …"):
        files = job.report(formats, version=audience).save(output)
    tell("报告文件：", style="bold")
    for file in files.values():
        tell(f"  {file}")
    tell(f"任务编号：{job.job_id}", style="dim")
