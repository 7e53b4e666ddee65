"""A language model as this library sees one: words in, words out, never figures.

Each use is a named task with a flat schema (texts, choices, flags); `LanguageModel.complete` answers
it or raises `LanguageModelError`, and the caller falls back to its template.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Task(StrEnum):
    """The only things a language model is asked to do."""

    CLASSIFY = "classify"
    SUMMARISE = "summarise"
    MATCH_RULES = "match_rules"
    EXPLAIN = "explain"
    DRAFT_GAPS = "draft_gaps"
    WORD_RISK = "word_risk"


@dataclass(frozen=True)
class TextRequest:
    """One request for words.

    Attributes
    ----------
    task : Task
    instruction : str
        What to write.
    facts : mapping of str to str
        Slots that may be used, ``stage.metric`` to a description with its unit; never values to copy.
    quotes : tuple of str
        Foreign text to work on; it is data, not instruction.
    fallback : str
        The template's own words, with slots; what the offline model answers.
    fields : mapping of str to str
        Names and meanings of the texts wanted; ``{"text": …}`` by default.
    check : callable, optional
        Raises for a text that cannot be used, such as a slot whose unit does not fit; the template then
        stands. It is no part of the request that is sent or hashed.
    """

    task: Task
    instruction: str
    facts: Mapping[str, str] = field(default_factory=dict)
    quotes: tuple[str, ...] = ()
    fallback: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: {"text": "the text"})
    language: str = "zh"
    check: Callable[[str], None] | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the request as plain JSON; its hash keys the ledger."""
        return {
            "task": self.task.value,
            "instruction": self.instruction,
            "facts": dict(self.facts),
            "quotes": list(self.quotes),
            "fields": dict(self.fields),
            "language": self.language,
        }


@dataclass(frozen=True)
class TextReply:
    """Words, and what is known of where they come from."""

    texts: Mapping[str, str]
    model: str
    prompt_hash: str
    response_hash: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    tokens: int | None = None

    @property
    def text(self) -> str:
        """The first text."""
        return next(iter(self.texts.values()))


@runtime_checkable
class LanguageModel(Protocol):
    """Answers a `TextRequest`.

    Laws
    ----
    1. The reply holds exactly the fields asked for, each a text that is not empty.
    2. Every fault is a `LanguageModelError`; no vendor exception crosses.
    3. No credential stands in a reply, an error or a record.
    4. A replayed request makes no call.
    5. It ends within its deadline, retries included.
    """

    @property
    def name(self) -> str:
        """Adapter and model, e.g. ``template`` or ``openai:qwen-max``."""
        ...

    def complete(self, request: TextRequest) -> TextReply:
        """Answer, or raise `LanguageModelError`."""
        ...
