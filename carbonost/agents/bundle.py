"""A whole job in one file, and its check on another machine without network or store.

The file is a zip: ``manifest.json`` names every part by its SHA-256; beside it stand the inputs, the
meter block, every revision of every envelope, and the audit chain. Parts that may not leave the house
are left out by name; their hashes stay, and the rest still verifies.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carbonost.agents.canonical import canonical_bytes, parse, sha256
from carbonost.agents.chain import Entry, verify_chain
from carbonost.agents.envelope import ResultEnvelope
from carbonost.agents.snapshot import parse_inputs
from carbonost.errors import CarbonostError, FileFormatError, InputError

if TYPE_CHECKING:
    from collections.abc import Collection

    from carbonost.agents.blackboard import Ledger
    from carbonost.agents.driver import World
    from carbonost.agents.journal import Journal

FORMAT: Final = 1
SENSITIVE: Final = ("meters",)
"""Parts `export` can leave out."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Verification:
    """What the check of a bundle found; true if nothing is wrong."""

    job_id: str
    head: str
    envelopes: int
    entries: int
    withheld: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every part is what its name says."""
        return not self.problems

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        if self.ok:
            return f"job {self.job_id}: {self.envelopes} envelopes and {self.entries} audit entries verify"
        return f"job {self.job_id}: " + "; ".join(self.problems)


def export(path: Path | str, journal: Journal, ledger: Ledger, world: World, *, withhold: Collection[str] = ()) -> Path:
    """Write a job's bundle; the file appears whole or not at all."""
    path = Path(path)
    unknown = sorted(set(withhold) - set(SENSITIVE))
    if unknown:
        raise InputError("this part cannot be withheld", "withhold", unknown, f"Known: {', '.join(SENSITIVE)}.")
    inputs = journal.load(str(ledger.created["inputs"]))
    parts: dict[str, bytes] = {"inputs.json": inputs}
    block: Any = parse_inputs(inputs)["meters"]
    if block is not None and "meters" not in withhold:
        parts["meters.bin"] = journal.load(str(block["sha256"]))
    for names in ledger.history.values():
        for name in names:
            parts[f"envelopes/{name}.json"] = journal.envelope(name).to_bytes()
    parts["audit.jsonl"] = b"\n".join(canonical_bytes(entry.to_dict()) for entry in ledger.entries) + b"\n"
    parts["stages.json"] = canonical_bytes([stage.spec.to_dict() for stage in world.stages])
    manifest = {
        "format": FORMAT,
        "job_id": ledger.entries[0].job_id,
        "head": ledger.head,
        "graph_version": ledger.created["graph_version"],
        "withheld": sorted(withhold),
        "parts": {name: sha256(data) for name, data in parts.items()},
    }
    _write(path, {"manifest.json": canonical_bytes(manifest), **parts})
    return path


def _write(path: Path, parts: dict[str, bytes]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as exc:
        raise InputError("cannot write here", "path", str(path), "Choose a folder you may write to.") from exc
    try:
        with (
            os.fdopen(handle, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as zipped,
        ):
            for name in sorted(parts):
                zipped.writestr(zipfile.ZipInfo(name, _EPOCH), parts[name], zipfile.ZIP_DEFLATED)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def verify(path: Path | str) -> Verification:
    """Check a bundle against its own names.

    Raises
    ------
    InputError
        If there is no such file.
    FileFormatError
        If the file is no bundle at all.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as zipped:
            parts = {name: zipped.read(name) for name in zipped.namelist()}
        manifest: Any = parse(parts.pop("manifest.json"))
        named: dict[str, str] = dict(manifest["parts"])
        job_id, head, withheld = str(manifest["job_id"]), str(manifest["head"]), tuple(manifest["withheld"])
    except FileNotFoundError as exc:
        raise InputError("no such file", "path", str(path), "Write a bundle with job.export(path).") from exc
    except OSError as exc:
        raise InputError(f"cannot read this file: {exc.strerror}", "path", str(path), "Check its permissions.") from exc
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as exc:
        raise FileFormatError(
            "not a bundle of a job", path.name, str(path), "Write one with job.export(path)."
        ) from exc
    problems = [f"{name} is missing" for name in named if name not in parts]
    problems += [f"{name} is not in the manifest" for name in parts if name not in named]
    problems += [f"{name} was changed" for name, data in parts.items() if named.get(name) not in (None, sha256(data))]
    entries = _chain(parts, job_id, head, problems)
    envelopes = _envelopes(parts, problems)
    _cross(entries, envelopes, parts, withheld, problems)
    return Verification(job_id, head, len(envelopes), len(entries), withheld, tuple(problems))


def _chain(parts: dict[str, bytes], job_id: str, head: str, problems: list[str]) -> list[Entry]:
    try:
        lines = parts["audit.jsonl"].splitlines()
        entries = [Entry.from_dict(parse(line)) for line in lines]  # type: ignore[arg-type]
        if verify_chain(job_id, entries) != head:
            problems.append("the audit chain does not end at the manifest's head")
    except (CarbonostError, KeyError, ValueError, TypeError) as exc:
        problems.append(f"the audit chain is broken: {exc}")
        return []
    return entries


def _envelopes(parts: dict[str, bytes], problems: list[str]) -> dict[str, ResultEnvelope]:
    envelopes: dict[str, ResultEnvelope] = {}
    for name, data in parts.items():
        if not name.startswith("envelopes/"):
            continue
        try:
            envelope = ResultEnvelope.read(data)
        except CarbonostError as exc:
            problems.append(f"{name}: {exc}")
            continue
        if name != f"envelopes/{envelope.result_id}.json":
            problems.append(f"{name} holds the envelope {envelope.result_id[:12]}…")
        envelopes[envelope.result_id] = envelope
    return envelopes


def _cross(
    entries: list[Entry],
    envelopes: dict[str, ResultEnvelope],
    parts: dict[str, bytes],
    withheld: tuple[str, ...],
    problems: list[str],
) -> None:
    """Check what the parts say of each other."""
    for entry in entries:
        name = entry.body.get("result_id")
        if entry.kind in {"stage.finished", "review.decided"} and name not in envelopes:
            problems.append(f"audit entry {entry.seq} names an envelope that is not here: {name}")
    for envelope in envelopes.values():
        links = [*envelope.upstream.values(), *([envelope.parent] if envelope.parent else [])]
        problems.extend(
            f"{envelope.stage} {envelope.result_id[:12]}… rests on an envelope that is not here: {name}"
            for name in links
            if name not in envelopes
        )
    inputs = parts.get("inputs.json")
    if inputs is None or not entries:
        return
    if entries[0].body.get("inputs") != sha256(inputs):
        problems.append("the inputs are not those the job was started with")
        return
    block: Any = parse_inputs(inputs)["meters"]
    if block is not None and "meters" not in withheld and block["sha256"] != sha256(parts.get("meters.bin", b"")):
        problems.append("the meter readings are not those the job was started with")
