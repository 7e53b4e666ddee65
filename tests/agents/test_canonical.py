import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.agents.canonical import SAFE_INTEGER, canonical_bytes, content_hash, parse, thaw
from carbonost.errors import EnvelopeError

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-SAFE_INTEGER, SAFE_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain)
def test_what_is_written_reads_back(value):  # P3, P19
    assert parse(canonical_bytes(value)) == value


@given(st.dictionaries(st.text("abc", max_size=3), st.integers(-9, 9), max_size=5))
def test_the_order_of_keys_changes_nothing(value):  # P3
    backwards = dict(reversed(list(value.items())))
    assert content_hash(backwards) == content_hash(value)


def test_keys_are_sorted_and_nothing_is_escaped():
    assert canonical_bytes({"b": 1.0, "a": ["碳", None]}).decode() == '{"a":["碳",null],"b":1.0}'


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1.0, float("nan")]}, "$.a[1]"),
        ({"a": float("inf")}, "$.a"),
        ({"a": np.float64(1.0)}, "$.a"),
        ({"a": np.int64(1)}, "$.a"),
        ({1: 2}, "$"),
        ({"a": {"b": 2**53 + 1}}, "$.a.b"),
        ({"a": (1, 2)}, "$.a"),
        ({"a": "\ud800"}, "$.a"),
    ],
)
def test_what_json_would_bend_is_refused_by_its_path(value, path):  # P19
    with pytest.raises(EnvelopeError) as caught:
        canonical_bytes(value)
    assert caught.value.field == path


def test_thaw_brings_arrays_and_tuples_to_plain_json():
    assert thaw({"a": np.array([1.5, 2.5]), "b": (np.int64(3), True)}) == {"a": [1.5, 2.5], "b": [3, True]}
    json.dumps(thaw({"a": np.float32(0.5)}))


def test_what_is_no_json_is_refused():
    with pytest.raises(EnvelopeError, match="not plain JSON"):
        thaw({"a": object()})
