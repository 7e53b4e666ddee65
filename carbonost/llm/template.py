"""The default language model: no model. It answers every request with its template's own words.

Offline, deterministic, without a key. The words keep their slots; the renderer fills the figures.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from carbonost.errors import LanguageModelError
from carbonost.llm.ports import TextReply

if TYPE_CHECKING:
    from carbonost.llm.ports import TextRequest


def prompt_hash(model: str, request: TextRequest) -> str:
    """Return the SHA-256 that keys a request to a model in the ledger."""
    text = json.dumps({"model": model, **request.to_dict()}, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def text_hash(texts: dict[str, str]) -> str:
    """Return the SHA-256 of a reply's texts."""
    return hashlib.sha256(json.dumps(texts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class TemplateModel:
    """Answers with the request's own fallback text; a `LanguageModel`."""

    name = "template"

    def complete(self, request: TextRequest) -> TextReply:
        """Return the fallback for every field.

        Raises
        ------
        LanguageModelError
            If the request carries no fallback.
        """
        if not request.fallback.strip():
            raise LanguageModelError("the request carries no template text", "fallback", None, "Give fallback=….")
        texts = dict.fromkeys(request.fields, request.fallback)
        return TextReply(texts, self.name, prompt_hash(self.name, request), text_hash(texts), {}, 0)
