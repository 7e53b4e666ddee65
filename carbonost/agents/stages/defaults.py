"""Working assumptions of the stages: kept as data, each with range, reason and sensitivity, and always stated."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from carbonost.agents.stages.base import Notes


@cache
def _table() -> dict[str, dict[str, Any]]:
    text = (files("carbonost.agents.stages") / "assumptions.json").read_text(encoding="utf-8")
    return cast("dict[str, dict[str, Any]]", json.loads(text))


def working(notes: Notes, name: str) -> float:
    """Take a working assumption, or a person's correction of it, and state it."""
    row = _table()[name]
    rationale = f"{row['rationale']}（取值范围 {row['low']:g}–{row['high']:g}）"
    return float(notes.assume(name, row["value"], row["unit"], rationale, row["sensitivity"]))
