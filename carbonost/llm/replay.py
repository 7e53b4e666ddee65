"""Every call kept, and played back without a single one.

A `CallLedger` is a file of JSON lines keyed by the hash of model and request. `RecordingModel` writes
it, `ReplayModel` answers from it; a request it does not hold is a fault, never a call.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carbonost.errors import FileFormatError, LanguageModelError
from carbonost.llm.ports import TextReply
from carbonost.llm.template import prompt_hash, text_hash

if TYPE_CHECKING:
    from carbonost.llm.ports import LanguageModel, TextRequest


class CallLedger:
    """Calls by their prompt hash, in memory or in a file of JSON lines.

    Raises
    ------
    FileFormatError
        If a line of the file is no call, or its texts do not match their hash.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = None if path is None else Path(path)
        self.calls: dict[str, dict[str, Any]] = {}
        if self.path is None or not self.path.exists():
            return
        for number, line in enumerate(self.path.read_text("utf-8").splitlines(), start=1):
            try:
                call = json.loads(line)
                intact = text_hash(call["texts"]) == call["response_hash"]
                self.calls[call["prompt_hash"]] = call
            except (ValueError, KeyError, TypeError) as exc:
                raise FileFormatError(
                    "not a recorded call", self.path.name, line[:60], "Record again.", number
                ) from exc
            if not intact:
                raise FileFormatError("a recorded call was changed", self.path.name, None, "Record again.", number)

    def keep(self, reply: TextReply) -> None:
        """Keep a reply; nothing of the credentials is in it."""
        call = {
            "prompt_hash": reply.prompt_hash,
            "model": reply.model,
            "texts": dict(reply.texts),
            "response_hash": reply.response_hash,
            "parameters": dict(reply.parameters),
            "tokens": reply.tokens,
        }
        self.calls[reply.prompt_hash] = call
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(call, ensure_ascii=False, sort_keys=True) + "\n")


class RecordingModel:
    """Asks another model and keeps what it said."""

    def __init__(self, model: LanguageModel, ledger: CallLedger) -> None:
        self._model, self._ledger = model, ledger

    @property
    def name(self) -> str:
        """The inner model's name."""
        return self._model.name

    def complete(self, request: TextRequest) -> TextReply:
        """Ask and keep."""
        reply = self._model.complete(request)
        self._ledger.keep(reply)
        return reply


class ReplayModel:
    """Answers from a ledger as the model of this name did."""

    def __init__(self, ledger: CallLedger, name: str) -> None:
        self._ledger, self.name = ledger, name

    def complete(self, request: TextRequest) -> TextReply:
        """Return the recorded reply.

        Raises
        ------
        LanguageModelError
            If the ledger does not hold the request.
        """
        key = prompt_hash(self.name, request)
        call = self._ledger.calls.get(key)
        if call is None:
            raise LanguageModelError("no call like this was recorded", "prompt_hash", key[:16], "Record it first.")
        return TextReply(call["texts"], call["model"], key, call["response_hash"], call["parameters"], call["tokens"])
