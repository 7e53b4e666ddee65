"""One byte string for one value: the canonical JSON every hash of the pipeline is taken over.

Keys sorted by code point, UTF-8 without escapes, no white space, shortest round-trip floats. It
differs from RFC 8785 in two places: ``1.0`` stays ``1.0`` (an integer and a float are different
content), and exponents keep Python's form.

Only plain JSON has a canonical form. What `json` would bend in silence (NaN, a key that is not a
text, a numpy scalar, an integer a JavaScript reader rounds) is refused, with its path.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING, Any, Final, cast

from carbonost.errors import EnvelopeError

if TYPE_CHECKING:
    from pydantic import JsonValue

SAFE_INTEGER: Final = 2**53
"""Largest magnitude of an integer that survives a reader whose numbers are binary64."""


_LEAVES: Final = frozenset((float, int, bool, type(None)))


def check_plain(value: object, path: str = "$") -> None:
    """Refuse what plain JSON cannot hold.

    Raises
    ------
    EnvelopeError
        NaN, an infinity, a numpy scalar, a tuple, a key that is not a text, an integer beyond
        2**53, a lone surrogate; `field` is the path.
    """
    waiting: list[tuple[str, object]] = [(path, value)]
    while waiting:
        here, item = waiting.pop()
        kind = type(item)
        if kind is dict:
            for key, inner in cast("dict[Any, object]", item).items():
                if type(key) is not str:
                    raise EnvelopeError("a key is not a text", here, key, "Use str keys.")
                _check_text(key, here)
                waiting.append((f"{here}.{key}", inner))
        elif kind is list:
            waiting.extend((f"{here}[{i}]", inner) for i, inner in enumerate(cast("list[object]", item)))
        else:
            _check_leaf(item, here)


def _check_leaf(item: object, path: str) -> None:
    kind = type(item)
    if kind is float and not math.isfinite(cast("float", item)):
        raise EnvelopeError("a number is not finite", path, item, "Leave it out, or store null and a DataGap.")
    if kind is int and abs(cast("int", item)) > SAFE_INTEGER:
        raise EnvelopeError("an integer is beyond 2**53", path, item, "Store it as a text.")
    if kind is str:
        _check_text(cast("str", item), path)
    elif kind not in _LEAVES:
        name = f"{kind.__module__}.{kind.__qualname__}"
        raise EnvelopeError("not plain JSON", path, name, "Convert to float, int, str, bool, list or dict first.")


def _check_text(text: str, path: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise EnvelopeError(
            "a text holds a lone surrogate", path, ascii(text), "Clean the text at its source."
        ) from exc


def canonical_bytes(value: object) -> bytes:
    """Return the canonical JSON of a plain value.

    Raises
    ------
    EnvelopeError
        If `value` is not plain JSON (`check_plain`).

    Examples
    --------
    >>> canonical_bytes({"b": 1.0, "a": [True, None, "碳"]}).decode()
    '{"a":[true,null,"碳"],"b":1.0}'
    """
    check_plain(value)
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def parse(data: bytes) -> JsonValue:
    """Return the value whose canonical JSON is `data`."""
    return cast("JsonValue", json.loads(data))


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def content_hash(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of `value`."""
    return sha256(canonical_bytes(value))


def thaw(value: object) -> JsonValue:
    """Return `value` as plain JSON: mappings become dicts, tuples lists, numpy scalars numbers.

    NaN and infinity stay and are refused by `check_plain`: a stage decides what a gap means.
    """
    if hasattr(value, "tolist"):  # a numpy array or scalar
        return thaw(value.tolist())
    if hasattr(value, "items"):
        return {str(key): thaw(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [thaw(inner) for inner in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return int(value) if isinstance(value, int) else float(value)
    raise EnvelopeError("not plain JSON", None, type(value).__qualname__, "Convert it first.")
