"""The laws of a language model adapter as tests: subclass, supply ``model``, run pytest.

A model that reaches an endpoint also supplies ``broken``: the same adapter before an endpoint that
answers nothing useful.
"""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from carbonost.errors import LanguageModelError
from carbonost.llm.ports import LanguageModel, Task, TextReply, TextRequest

SECRET = "sk-conformance-secret-0123456789"  # noqa: S105 -- made up, to be looked for
REQUEST = TextRequest(
    Task.SUMMARISE,
    "写一句摘要。",
    {"baseline.total_tco2e_y": "tCO2e/y"},
    fallback="总量为 {{baseline.total_tco2e_y}}。",
)


class LanguageModelContract:
    """Laws 1 to 5 of `LanguageModel`."""

    @pytest.fixture
    def model(self) -> LanguageModel:
        """Return the adapter under test; an endpoint gets `SECRET` as its key."""
        pytest.fail("the subclass supplies the fixture `model`")

    @pytest.fixture
    def broken(self) -> LanguageModel | None:
        """Return the adapter before an endpoint that fails, or None where there is no endpoint."""
        return None

    def test_it_is_a_language_model(self, model: Any) -> None:
        assert isinstance(model, LanguageModel)
        assert model.name

    def test_the_reply_holds_exactly_the_fields_asked_for(self, model: LanguageModel) -> None:
        reply = model.complete(REQUEST)
        assert isinstance(reply, TextReply)
        assert set(reply.texts) == set(REQUEST.fields)
        assert all(isinstance(text, str) and text.strip() for text in reply.texts.values())

    def test_the_reply_names_model_prompt_and_response(self, model: LanguageModel) -> None:
        reply = model.complete(REQUEST)
        assert reply.model == model.name
        assert len(reply.prompt_hash) == len(reply.response_hash) == 64

    def test_the_prompt_hash_depends_on_the_request_alone(self, model: LanguageModel) -> None:
        assert model.complete(REQUEST).prompt_hash == model.complete(REQUEST).prompt_hash

    def test_no_credential_stands_in_a_reply_or_a_picture_of_the_adapter(self, model: LanguageModel) -> None:
        assert SECRET not in repr(model.complete(REQUEST))
        assert SECRET not in repr(model)

    def test_every_fault_is_ours_and_holds_no_credential(self, broken: LanguageModel | None) -> None:
        if broken is None:
            return
        with pytest.raises(LanguageModelError) as caught:
            broken.complete(REQUEST)
        assert SECRET not in str(caught.value)
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 -- our own bytes
        assert str(again) == str(caught.value)
