"""A language-model endpoint on the loopback interface that fails on command.

It speaks enough of the OpenAI chat protocol to prove an adapter: a mode per server says whether it
answers, in which formats, or how it breaks. Standard library only; it never leaves 127.0.0.1.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

GOOD: Final = "排放总量为 {{baseline.total_tco2e_y|tCO2e|2}}，以外购电力为主。"

CONTENT: Final[dict[str, str | None]] = {
    "ok": json.dumps({"text": GOOD}, ensure_ascii=False),
    "fenced": f"```json\n{json.dumps({'text': GOOD}, ensure_ascii=False)}\n```",
    "think": f"<think>3 x 4 = 12</think>{json.dumps({'text': GOOD}, ensure_ascii=False)}",
    "figures": json.dumps({"text": "总量约 12 万吨，下降三成。"}, ensure_ascii=False),
    "unknown_slot": json.dumps({"text": "{{baseline.secret}}"}),
    "garbage": "well, let me think about that",
    "truncated": '{"text": "排放总',
    "extra_key": json.dumps({"text": GOOD, "npv": 1}, ensure_ascii=False),
    "double_key": '{"text": "a", "text": "b"}',
    "not_text": '{"text": 12}',
    "empty": "",
    "null": None,
}
"""Mode -> what a 200 answer holds."""

STATUS: Final = {"429": 429, "429_quota": 429, "500": 500, "503": 503, "401": 401, "404": 404, "400": 400}
MODES: Final = (*CONTENT, *STATUS, "length", "refusal", "content_filter", "html", "cut", "hang", "no_choice")
"""Every way the server can behave."""


class LlmServer:
    """A loopback endpoint; ``with LlmServer("ok") as server: … server.url``.

    Parameters
    ----------
    mode : str
        One of `MODES`.
    formats : tuple of str
        Response formats it takes; another one is answered with 400, as endpoints do.
    fail_first : int
        So many first requests are answered with 503.
    """

    def __init__(
        self, mode: str = "ok", formats: tuple[str, ...] = ("json_schema", "json_object", "text"), fail_first: int = 0
    ) -> None:
        self.mode, self.formats, self.fail_first = mode, formats, fail_first
        self.requests: list[dict[str, Any]] = []
        self._stop = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Address to give an adapter."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self) -> None:
        """Hold a request until the server stops."""
        self._stop.wait(10)


class _Handler(BaseHTTPRequestHandler):
    owner: LlmServer

    def log_message(self, *_args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Answer a chat request as the mode says."""
        owner = self.owner
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        owner.requests.append({"path": self.path, "body": body})
        wanted = body.get("response_format", {}).get("type", "text")
        if len(owner.requests) <= owner.fail_first:
            self._json(503, {"error": {"message": "try again"}})
        elif wanted not in owner.formats:
            self._json(400, {"error": {"message": f"response_format {wanted} is not supported"}})
        elif owner.mode in STATUS:
            code = "insufficient_quota" if owner.mode == "429_quota" else None
            secret = self.headers.get("authorization", "")
            self._json(STATUS[owner.mode], {"error": {"message": f"no: {secret}", "code": code}})
        elif owner.mode == "html":
            self._send(200, b"<html>gateway</html>", "text/html")
        elif owner.mode == "cut":
            self._send(200, b'{"choices": [', "application/json", length=4096)
        elif owner.mode == "hang":
            owner.wait()
            self.close_connection = True
        else:
            self._json(200, _answer(owner.mode))

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True


def _answer(mode: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": CONTENT.get(mode, CONTENT["ok"])}
    if mode == "refusal":
        message |= {"content": None, "refusal": "I cannot do that"}
    reason = {"length": "length", "content_filter": "content_filter"}.get(mode, "stop")
    choices = [] if mode == "no_choice" else [{"index": 0, "message": message, "finish_reason": reason}]
    return {
        "id": "loopback",
        "object": "chat.completion",
        "created": 0,
        "model": "loopback",
        "choices": choices,
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
