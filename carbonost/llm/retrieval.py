"""Finding Chinese passages offline: SQLite full-text search over single characters and pairs.

SQLite's own tokenisers treat a run of Chinese as one word, or miss two-character queries such as
光伏. Here text is cut into characters and adjacent pairs before it is indexed, and so is the query.
No model, no service, nothing written to disk.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

_RUN: Final = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that can be found, by its id."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found; a higher score is a better match."""

    id: str
    score: float
    text: str


@runtime_checkable
class Retriever(Protocol):
    """Finds passages.

    Laws
    ----
    1. Hits come best first, ties by id, at most `k`.
    2. The text of a hit is the passage, word for word.
    3. What a passage says changes nothing but its own score.
    """

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """Return the best matches."""
        ...


def tokens(text: str) -> list[str]:
    """Return words of letters and digits, Chinese characters, and pairs of adjacent ones.

    Examples
    --------
    >>> tokens("光伏 PV1")
    ['光', '伏', '光伏', 'pv1']
    """
    found: list[str] = []
    for run in _RUN.findall(text.casefold()):
        if run[0] < "\u3400":
            found.append(run)
            continue
        found += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
    return found


class BigramIndex:
    """An in-memory index of passages; a `Retriever`."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self._texts: dict[str, str] = {}
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        self._db.execute("create virtual table passage using fts5(id unindexed, body, tokenize='unicode61')")
        for one in passages:
            if one.id in self._texts:
                raise InputError("two passages share an id", "id", one.id, "Give each its own.")
            self._texts[one.id] = one.text
            self._db.execute("insert into passage values (?, ?)", (one.id, " ".join(tokens(one.text))))

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """Return up to `k` passages that share a word or a pair of characters with the query."""
        words = list(dict.fromkeys(tokens(query)))
        pairs = [word for word in words if len(word) > 1] or words
        if not pairs or k < 1:
            return []
        match = " OR ".join(f'"{word}"' for word in pairs)
        rows = self._db.execute("select id, bm25(passage) from passage where passage match ?", (match,)).fetchall()
        ranked = sorted(((-score, name) for name, score in rows), key=lambda pair: (-pair[0], pair[1]))
        return [Hit(name, score, self._texts[name]) for score, name in ranked[:k]]

    def close(self) -> None:
        """Forget the passages."""
        self._db.close()
