"""Words from a language model, held to their place: recorded, guarded, and never able to fail a job.

Whatever the model does wrong (silence, garbage, a figure of its own), the template's words stand and
the audit log says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carbonost.errors import LanguageModelError
from carbonost.llm.guard import check_slots
from carbonost.llm.template import TemplateModel

if TYPE_CHECKING:
    from carbonost.llm.ports import LanguageModel, TextReply, TextRequest

_TEMPLATE: Final = TemplateModel()


class Wordsmith:
    """A `LanguageModel` around another: every call is recorded, every fault falls back to the template."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.calls: list[dict[str, Any]] = []

    @property
    def name(self) -> str:
        """The inner model's name."""
        return self._model.name

    def complete(self, request: TextRequest) -> TextReply:
        """Return the model's words if they hold no figure of their own, else the template's."""
        fault: str | None = None
        try:
            reply = self._model.complete(request)
            self._check(reply, request)
        except LanguageModelError as exc:
            fault = f"{type(exc).__name__}: {exc.problem}"
        except Exception as exc:  # noqa: BLE001 -- a model of any make must not fail a job
            fault = type(exc).__name__
        if fault is not None:
            reply = _TEMPLATE.complete(request)
        self.calls.append(
            {
                "task": request.task.value,
                "model": self.name,
                "prompt_hash": reply.prompt_hash,
                "response_hash": reply.response_hash,
                "parameters": dict(reply.parameters),
                "tokens": reply.tokens,
                "fallback": fault,
            }
        )
        return reply

    @staticmethod
    def _check(reply: TextReply, request: TextRequest) -> None:
        if set(reply.texts) != set(request.fields):
            raise LanguageModelError("the reply has other fields than asked for", "texts", sorted(reply.texts))
        for text in reply.texts.values():
            if not isinstance(text, str) or not text.strip():
                raise LanguageModelError("the reply is empty")
            check_slots(text, allowed=set(request.facts))
            if request.check is not None:
                request.check(text)
