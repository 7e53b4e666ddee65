"""A proxy between a client and a server that cuts, stalls or swallows the line on purpose.

Standard library only. `cut_after` bytes from the client the connection is reset; with
``black_hole=True`` everything is accepted and nothing is answered.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

_BLOCK: Final = 4096
_RESET: Final = struct.pack("ii", 1, 0)  # linger 0: closing sends a reset


class CutProxy:
    """Forward TCP from a free local port to a server, until the line is cut.

    Parameters
    ----------
    host, port
        The server.
    cut_after : int or None [bytes]
        Reset a connection once so much went from client to server; None never does.
    cut_reply_after : int or None [bytes]
        Reset it once so much went back.
    black_hole : bool
        Accept, swallow, never answer.

    Attributes
    ----------
    port : int
        Where clients connect on 127.0.0.1. `cut_after`, `cut_reply_after` and `black_hole` may be
        changed while it runs and apply to new connections.
    cuts : int
        How many connections were reset.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        cut_after: int | None = None,
        cut_reply_after: int | None = None,
        black_hole: bool = False,
    ) -> None:
        self._server = (host, port)
        self.cut_after, self.cut_reply_after, self.black_hole = cut_after, cut_reply_after, black_hole
        self.cuts = 0
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and drop every connection."""
        self._closing = True
        self._listener.close()
        for line in self._open:
            _reset(line)

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            if self.black_hole:
                threading.Thread(target=self._swallow, args=(client,), daemon=True).start()
                continue
            try:
                server = socket.create_connection(self._server, timeout=30)
            except OSError:
                client.close()
                continue
            self._open.append(server)
            pair = (client, server)
            for source, sink, budget in ((client, server, self.cut_after), (server, client, self.cut_reply_after)):
                threading.Thread(target=self._pump, args=(source, sink, budget, pair), daemon=True).start()

    @staticmethod
    def _swallow(client: socket.socket) -> None:
        try:
            while client.recv(_BLOCK):
                pass
        except OSError:
            return

    def _pump(
        self, source: socket.socket, sink: socket.socket, budget: int | None, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        left = budget
        try:
            while block := source.recv(_BLOCK):
                if left is not None and len(block) >= left:
                    sink.sendall(block[:left])
                    self.cuts += 1
                    for line in pair:
                        _reset(line)
                    return
                left = left - len(block) if left is not None else None
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for line in pair:
                _reset(line)


def _reset(line: socket.socket) -> None:
    """Break a connection at once, also under a thread that waits on it."""
    with suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        line.shutdown(socket.SHUT_RDWR)
    line.close()
