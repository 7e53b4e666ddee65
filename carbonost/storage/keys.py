"""What enters an object store: keys every server can hold, bytes in blocks, texts as metadata; and limits.

Measured reasons: one S3 server stores ``a//b`` as ``a/b`` and a backslash as a slash, another
keeps segments as file names of at most 255 bytes, a third accepts NUL. The narrow rule is ours and
the same everywhere.
"""

from __future__ import annotations

import io
import unicodedata
from numbers import Integral
from typing import TYPE_CHECKING, BinaryIO, Final

from carbonost.errors import InvalidDataError, InvalidKeyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEY_BYTES_MAX: Final = 900
SEGMENT_BYTES_MAX: Final = 255
BLOCK: Final = 1 << 20


def check_key(key: str) -> str:
    """Return `key` if every store can hold it.

    Raises
    ------
    InvalidKeyError
        An empty key or segment, ``.`` or ``..``, a leading or trailing slash, a backslash, a control character,
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
    if "\\" in key:
        return "a key holds a backslash"
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


def blocks(data: bytes | BinaryIO) -> Iterator[bytes]:
    """Yield bytes or a binary stream in blocks; a text stream is refused."""
    stream = io.BytesIO(data) if isinstance(data, bytes | bytearray | memoryview) else data
    while block := stream.read(BLOCK):
        if not isinstance(block, bytes):
            raise InvalidDataError("an object is bytes", "data", type(block).__name__, "Open it as binary.")
        yield block


def check_range(span: tuple[int, int]) -> tuple[int, int]:
    """Return a half-open byte range, refusing a negative bound or an end before the start."""
    first, end = span
    if first < 0 or end < first:
        raise InvalidDataError("a range is 0 <= first <= end", "range", span)
    return first, end


def check_limit(limit: object) -> int | None:
    """Return how many items `list` may give (None: all), refusing what is no whole number from 0."""
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, Integral) or limit < 0:
        raise InvalidDataError("a limit is a whole number from 0, or None", "limit", limit)
    return int(limit)


def check_metadata(metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Return metadata as texts to texts; anything else is refused."""
    held = dict(metadata or {})
    for name, value in held.items():
        if not (isinstance(name, str) and isinstance(value, str)) or "\0" in name + value:
            raise InvalidDataError("metadata are texts", "metadata", {name: value}, "Convert with str().")
    return held
