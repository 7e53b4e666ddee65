"""The two verbs of InfluxDB, and its replies in our words."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlencode

from carbonost._lazy import load
from carbonost.errors import (
    AuthError,
    BeyondRetentionError,
    ClosedError,
    InvalidDataError,
    NotFoundError,
    PartialWrite,
    PermissionDeniedError,
    StorageError,
    StorageFullError,
    StorageTimeout,
    TransientError,
    Unsupported,
)
from carbonost.storage.deadline import late, pool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from carbonost.storage.address import Address

LINES_PER_POST: Final = 10_000
_TOLD_MAX: Final = 100  # generation 3 names so many refused lines, no more
_DROPPED: Final = re.compile(r"dropped=(\d+)")
_FAULT, _SERVER_FAULT = 300, 500
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_REPLIES: Final[tuple[tuple[type[StorageError], tuple[int, ...], tuple[str, ...], str | None], ...]] = (
    (AuthError, (401,), ("authorization failed", "parse authentication"), "the server refused user or password"),
    (PermissionDeniedError, (403,), ("not authorized",), "the user may not do this"),
    (NotFoundError, (404,), ("not found",), None),
    (StorageFullError, (507,), ("no space left",), "the server's disk is full"),
    (StorageTimeout, (), ("timeout",), None),
    (Unsupported, (405,), ("not supported", "unsupported", "not implemented"), None),
)
"""Error of ours, statuses and words of the reply that mean it, and what to say instead of them."""


class InfluxClient:
    """``POST /write`` and ``POST /query`` of one database."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        load("urllib3", "an InfluxDB store")
        self.target = address.shown
        self.database = unquote(address.path.strip("/"))
        if not address.host or not self.database or "/" in self.database:
            raise InvalidDataError(
                "the address names no host and database", "url", address.shown, "Write …@host:8086/db."
            )
        scheme = address.scheme.partition("+")[2] or "http"
        self._base = f"{scheme}://{address.place(8086)}"
        self._headers: dict[str, str] = {}
        if address.user:
            who = f"{address.user}:{address.password or ''}".encode()
            self._headers["Authorization"] = f"Basic {b64encode(who).decode()}"
        self._pool = pool(timeout_s)
        self._closed = False

    def version(self) -> str:
        """Return what the server calls itself."""
        return str(self._call("GET", "/ping").headers.get("X-Influxdb-Version", "unknown"))

    def write(self, lines: Sequence[str]) -> None:
        """Send lines, some thousand at a time.

        Raises
        ------
        PartialWrite
            If it stopped after some lines stand: `stored` of them, and `resend` names the others.
            Whatever it raises, sending the same again doubles nothing: a point is replaced by itself.
        """
        for first in range(0, len(lines), LINES_PER_POST):
            part = lines[first : first + LINES_PER_POST]
            try:
                where = {"db": self.database, "precision": "ns"}
                reply = self._call("POST", "/write", where, "\n".join(part).encode())
                if reply.status >= _FAULT:
                    raise self._refused(reply, len(part))
            except StorageError as exc:
                told = self._stopped(exc, first, len(part), len(lines))
                if told is exc:
                    raise
                raise told from exc

    def query(self, statement: str, *, admin: bool = False) -> list[dict[str, Any]]:
        """Return the series a statement answers, each with name, tags, columns and values."""
        params = {"epoch": "ns"} if admin else {"epoch": "ns", "db": self.database}
        reply = self._call("POST", "/query", params, urlencode({"q": statement}).encode(), _FORM)
        body: dict[str, Any] = {}
        if "json" in reply.headers.get("Content-Type", ""):
            with self._faults():
                body = json.loads(reply.data)
        error = body.get("error") or next((r["error"] for r in body.get("results", ()) if "error" in r), None)
        failed = reply.status >= _FAULT
        if failed or error:
            raise self._error(reply.status if failed else 0, str(error or _text(reply)))
        return [series for result in body.get("results", ()) for series in result.get("series", ())]

    def close(self) -> None:
        """Close every connection."""
        self._closed = True
        self._pool.clear()

    def _call(
        self,
        verb: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the whole reply."""
        if self._closed:
            raise ClosedError("the store is closed", target=self.target)
        url = f"{self._base}{path}?{urlencode(params)}" if params else self._base + path
        with self._faults():
            return self._pool.request(
                verb, url, body=body, headers={**self._headers, **(headers or {})}, redirect=False
            )

    def _refused(self, reply: Any, size: int) -> StorageError:
        """Return the error of a post the server did not take, or not whole."""
        text = _text(reply)
        if "beyond retention" not in text and "partial write" not in text:
            return self._error(reply.status, text)
        rejected, which = _dropped(text)
        facts: dict[str, Any] = {
            "stored": None if rejected is None else size - rejected,
            "rejected": rejected,
            "which": which,
        }
        if "beyond retention" in text:
            problem = "the server's retention policy is shorter than a reading is old"
            remedy = "Lengthen it, or leave old readings out."
            return BeyondRetentionError(problem, remedy=remedy, target=self.target, **facts)
        problem = f"part of the batch was refused: {text.strip()[:200]}"
        return PartialWrite(
            problem, remedy="Correct what the server names and write again.", target=self.target, **facts
        )

    def _stopped(self, exc: StorageError, before: int, size: int, total: int) -> StorageError:
        """Say of a write that stopped how many lines stand for certain, and which to send again."""
        facts, rest = vars(exc), list(range(before + size, total))
        if isinstance(exc, PartialWrite | BeyondRetentionError):
            which = facts.pop("which")
            late = isinstance(exc, BeyondRetentionError)
            mine = [] if late else range(size) if which is None else which
            facts["stored"] = before + (facts["stored"] or 0)
            facts["resend"] = [*(before + place for place in mine), *rest]
            return exc
        again = [*range(before, before + size), *rest]
        if not before:
            facts.update(stored=0, resend=again)
            return exc
        return PartialWrite(
            f"the write stopped after part of the batch: {exc.problem}",
            remedy="Write the batch, or error.resend, again: nothing is doubled.",
            target=self.target,
            stored=before,
            rejected=0,
            resend=again,
            retryable=exc.retryable,
        )

    def _error(self, status: int, text: str) -> StorageError:
        shown = text.strip()[:200]
        low = shown.lower()
        for kind, states, words, problem in _REPLIES:
            if status in states or any(word in low for word in words):
                facts = {"capability": shown} if kind is Unsupported else {}
                return kind(problem or shown, target=self.target, **facts)
        if status >= _SERVER_FAULT:
            return TransientError(f"the server failed: {shown}", remedy="Try again.", target=self.target)
        return StorageError(f"the server refused: {shown}", target=self.target)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        from urllib3.exceptions import HTTPError

        try:
            yield
        except HTTPError as exc:
            if late(exc):
                remedy = "Try again, ask for less at a time, or raise timeout_s."
                raise StorageTimeout("the server did not answer in time", remedy=remedy, target=self.target) from exc
            raise TransientError("the server cannot be reached", remedy="Try again.", target=self.target) from exc
        except ValueError as exc:
            raise TransientError("the server's answer was cut", remedy="Try again.", target=self.target) from exc


def _text(reply: Any) -> str:
    return str(reply.data.decode(errors="replace"))


def _dropped(text: str) -> tuple[int | None, list[int] | None]:
    """Return how many lines of a post were refused and which, as far as a reply says.

    Generations 1 and 2 end with ``dropped=3``; generation 3 lists ``line_number`` and reason of the
    first hundred. A server that says neither leaves both unknown.
    """
    told = _DROPPED.search(text)
    if told:
        return int(told[1]), None
    try:
        data = json.loads(text)["data"]
        which = sorted({int(row["line_number"]) - 1 for row in data})
    except (ValueError, KeyError, TypeError):
        return None, None
    return (len(which), which) if len(which) < _TOLD_MAX else (None, None)
