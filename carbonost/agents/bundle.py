"""A whole job in one file, and its check on another machine without network or store.

The file is a zip: ``manifest.json`` names every part by its SHA-256; beside it stand the inputs, the
meter block, every revision of every envelope, and the audit chain. What may not leave the house (the
meter curves, the list of enterprises, what a stage tagged) is left out by group; each value's hash
stays in its place, and the rest still verifies against the chain's head.
"""

from __future__ import annotations

import errno
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from carbonost.agents import sensitive
from carbonost.agents.canonical import canonical_bytes, parse, sha256
from carbonost.agents.chain import Entry, verify_chain
from carbonost.agents.envelope import ResultEnvelope
from carbonost.agents.sensitive import ENTITIES, INPUTS, METERS, groups_of
from carbonost.agents.snapshot import parse_inputs
from carbonost.errors import CarbonostError, FileFormatError, InputError, StorageError, StorageFullError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from carbonost.agents.blackboard import Ledger
    from carbonost.agents.driver import World
    from carbonost.agents.journal import Journal
    from carbonost.agents.sensitive import Tags

FORMAT: Final = 1
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
            left_out = f", without {' and '.join(self.withheld)}" if self.withheld else ""
            return f"job {self.job_id}: {self.envelopes} envelopes and {self.entries} audit entries verify{left_out}"
        return f"job {self.job_id}: " + "; ".join(self.problems)


def export(path: Path | str, journal: Journal, ledger: Ledger, world: World, *, withhold: Collection[str] = ()) -> Path:
    """Write a job's bundle; the file appears whole or not at all."""
    path = Path(path)
    tags = tags_of(ledger.entries)
    known = {METERS} | groups_of([INPUTS, *tags.values()])
    groups = {withhold} if isinstance(withhold, str) else set(withhold)
    unknown = sorted(groups - known)
    if unknown:
        raise InputError("this part cannot be withheld", "withhold", unknown, f"Known: {', '.join(sorted(known))}.")
    inputs, whole = journal.inputs(ledger.created)
    groups |= set() if whole else {METERS, ENTITIES}  # retention has withheld them for good
    plain = parse_inputs(inputs)
    parts: dict[str, bytes] = {"inputs.json": canonical_bytes(sensitive.withhold(plain, INPUTS, groups))}
    if plain["meters"] is not None and METERS not in groups:
        parts["meters.bin"] = journal.load(str(plain["meters"]["sha256"]))
    for names in ledger.history.values():
        for name in names:
            envelope = journal.envelope(name).to_dict()
            parts[f"envelopes/{name}.json"] = canonical_bytes(sensitive.withhold(envelope, tags.get(name, {}), groups))
    lines = [{**entry.to_dict(), "body": _shown(entry, groups)} for entry in ledger.entries]
    parts["audit.jsonl"] = b"\n".join(canonical_bytes(line) for line in lines) + b"\n"
    parts["stages.json"] = canonical_bytes([stage.spec.to_dict() for stage in world.stages])
    manifest = {
        "format": FORMAT,
        "job_id": ledger.entries[0].job_id,
        "head": ledger.head,
        "graph_version": ledger.created["graph_version"],
        "withheld": sorted(groups),
        "parts": {name: sha256(data) for name, data in parts.items()},
    }
    _write(path, {"manifest.json": canonical_bytes(manifest), **parts})
    return path


def tags_of(entries: Sequence[Entry]) -> dict[str, Tags]:
    """Return the tags of every envelope that holds something sensitive, by its name."""
    found = (entry.body for entry in entries if "sensitive" in entry.body)
    return {str(body["result_id"]): body["sensitive"] for body in found}


def _shown(entry: Entry, groups: Collection[str]) -> dict[str, Any]:
    return sensitive.withhold(entry.body, entry.body.get("sensitive", {}), groups)


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
    except OSError as exc:
        Path(draft).unlink(missing_ok=True)
        kind = StorageFullError if exc.errno in (errno.ENOSPC, errno.EDQUOT) else StorageError
        problem = f"the bundle could not be written: {exc.strerror}"
        raise kind(problem, "path", str(path), "Free space, or choose another folder.") from exc
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
    said = {str(entry.body["result_id"]): entry.body for entry in entries if "sensitive" in entry.body}
    envelopes = _envelopes(parts, said, problems)
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


def _envelopes(
    parts: dict[str, bytes], said: Mapping[str, Mapping[str, Any]], problems: list[str]
) -> dict[str, ResultEnvelope]:
    """Read the envelopes; one with withheld values is held against what the chain `said` of the rest of it."""
    envelopes: dict[str, ResultEnvelope] = {}
    for name, data in parts.items():
        if not name.startswith("envelopes/"):
            continue
        try:
            stored: Any = parse(data)
            envelope = ResultEnvelope(**stored) if sensitive.is_withheld(stored) else ResultEnvelope.read(data)
            entry = said.get(envelope.result_id)
            if entry is not None and sensitive.public_hash(stored, entry["sensitive"]) != entry["open"]:
                problems.append(f"{name}: what is left is not what the audit chain names")
            elif entry is None and sensitive.is_withheld(stored):
                problems.append(f"{name}: something is withheld that the audit chain does not allow")
        except (CarbonostError, ValueError, TypeError) as exc:
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
    plain = parse_inputs(inputs)
    same = entries[0].body.get("inputs") == sha256(inputs)
    if sensitive.is_withheld(plain):
        same = entries[0].body.get("open") == sensitive.public_hash(plain, INPUTS)
    if not same:
        problems.append("the inputs are not those the job was started with")
        return
    block = plain["meters"]
    if block is not None and METERS not in withheld and block["sha256"] != sha256(parts.get("meters.bin", b"")):
        problems.append("the meter readings are not those the job was started with")
