"""The life of a report: draft, generating, completed, submitted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from carbonost.errors import InputError

Status = Literal["draft", "generating", "completed", "submitted"]
NEXT: Final[dict[str, tuple[str, ...]]] = {
    "draft": ("generating",),
    "generating": ("completed", "draft"),
    "completed": ("generating", "submitted"),
    "submitted": (),
}
"""Allowed steps; a failed generation falls back to draft, what is submitted stays as it is."""


@dataclass(frozen=True, slots=True)
class ReportRecord:
    """What is kept about a report.

    Attributes
    ----------
    kind, template : str
        What it is, and the template's id with version.
    report_type : {"government", "certification", "esg", "internal"}
    status : Status
    generated_by : {"ai", "manual"}
    envelopes : tuple of (str, str)
        Stage and result id of every envelope read.
    files : tuple of (str, str)
        Format and SHA-256 of every file made.
    """

    kind: str = ""
    template: str = ""
    report_type: str = "internal"
    status: Status = "draft"
    generated_by: str = "ai"
    envelopes: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.generated_by not in {"ai", "manual"}:
            raise InputError("unknown author", "generated_by", self.generated_by, "Use 'ai' or 'manual'.")

    def to(self, status: Status) -> ReportRecord:
        """The record one step on.

        Raises
        ------
        InputError
            If the step is not allowed.
        """
        if status not in NEXT[self.status]:
            steps = ", ".join(NEXT[self.status]) or "none, it is final"
            raise InputError(f"a report that is {self.status} cannot become this", "status", status, f"Steps: {steps}.")
        return replace(self, status=status)

    def finished(self, envelopes: tuple[tuple[str, str], ...], files: dict[str, str]) -> ReportRecord:
        """The completed record, with what it was made from and what was made."""
        return replace(self.to("completed"), envelopes=envelopes, files=tuple(files.items()))
