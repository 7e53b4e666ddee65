"""Keys of objects: what every object store can hold, so that no key changes its name on the way.

Measured reasons: one S3 server stores ``a//b`` as ``a/b``, another keeps segments as file names of
at most 255 bytes, a third accepts NUL. The narrow rule is ours and the same everywhere.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from carbonost.errors import InvalidKeyError

KEY_BYTES_MAX: Final = 900
SEGMENT_BYTES_MAX: Final = 255


def check_key(key: str) -> str:
    """Return `key` if every store can hold it.

    Raises
    ------
    InvalidKeyError
        An empty key or segment, ``.`` or ``..``, a leading or trailing slash, a control character,
        a text that is not in normal form C, or more than 900 bytes (255 in one segment).
    """
    if not isinstance(key, str) or not key:
        raise InvalidKeyError("a key is a text that is not empty", "key", key)
    problem = _problem(key)
    if problem:
        raise InvalidKeyError(problem, "key", key, "Use segments of visible characters joined by single slashes.")
    return key


def check_prefix(prefix: str) -> str:
    """Return `prefix` if a key could start with it."""
    if not isinstance(prefix, str) or any(unicodedata.category(c) in ("Cc", "Cs") for c in prefix):
        raise InvalidKeyError("a prefix is a text without control characters", "prefix", prefix)
    return prefix


def _problem(key: str) -> str | None:  # noqa: PLR0911 -- one sentence for each rule
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in key):
        return "a key holds a control character"
    if unicodedata.normalize("NFC", key) != key:
        return "a key is not in Unicode normal form C"
    if len(key.encode()) > KEY_BYTES_MAX:
        return f"a key is longer than {KEY_BYTES_MAX} bytes"
    for segment in key.split("/"):
        if not segment:
            return "a key has an empty segment"
        if segment in (".", ".."):
            return "a key has a segment that points elsewhere"
        if len(segment.encode()) > SEGMENT_BYTES_MAX:
            return f"a segment of a key is longer than {SEGMENT_BYTES_MAX} bytes"
    return None
