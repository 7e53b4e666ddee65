"""HTTP connections that keep to their time, however slowly the other side sends, takes or drips.

A time limit on each read lets a server go on for ever with a byte now and then. Here one exchange,
its repetitions and the whole reply included, has `timeout_s`, and as long again for every further
megabyte that really moved: a large body on a slow line is no fault. Proxies of the environment are
not used: a store is reached directly.
"""

from __future__ import annotations

import io
import threading
import time
from typing import Any, Final

_MEGABYTE: Final = 1 << 20
_PIECE: Final = 1 << 16
_CONNECT_S: Final = 10.0


class _Clock(threading.local):
    """What is left of the exchange a thread is in."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self.start()

    def start(self) -> None:
        self._began, self._moved = time.monotonic(), 0

    def moved(self, size: int) -> None:
        self._moved += size

    def over(self) -> bool:
        return self._left() <= 0

    def left(self) -> float:
        left = self._left()
        if left <= 0:
            raise TimeoutError("the exchange took too long")
        return left

    def _left(self) -> float:
        return self._began + self._timeout_s * (1 + self._moved // _MEGABYTE) - time.monotonic()


class _Line:
    """A socket that waits no longer than the clock allows."""

    def __init__(self, socket: Any, clock: _Clock) -> None:
        self._socket, self._clock = socket, clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendall(self, data: Any) -> None:
        view = memoryview(data).cast("B")
        for first in range(0, len(view), _PIECE):
            piece = view[first : first + _PIECE]
            self._socket.settimeout(self._clock.left())
            self._socket.sendall(piece)
            self._clock.moved(len(piece))

    def makefile(self, mode: str, *_args: Any, **_facts: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reply(self._socket, self._socket.makefile(mode, buffering=0), self._clock))


class _Reply(io.RawIOBase):
    """What a socket receives, under the clock."""

    def __init__(self, socket: Any, file: Any, clock: _Clock) -> None:
        self._socket, self._file, self._clock = socket, file, clock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(self._clock.left())
        size: int | None = self._file.readinto(buffer)
        self._clock.moved(size or 0)
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


def pool(timeout_s: float, *, tries: int = 0) -> Any:
    """Return connections whose every exchange ends in time.

    Parameters
    ----------
    timeout_s : float [s]
        How long an exchange may take, and every further megabyte of it.
    tries : int
        How often a passing fault is tried again while there is time; what came too late never is.
    """
    import urllib3

    clock = _Clock(timeout_s)

    class Timed:
        timeout: float
        sock: Any

        def connect(self) -> None:
            self.timeout = min(self.timeout, clock.left())
            super().connect()  # type: ignore[misc]
            self.sock = _Line(self.sock, clock)

    class Plain(urllib3.HTTPConnectionPool):
        ConnectionCls = type("PlainConnection", (Timed, urllib3.connection.HTTPConnection), {})

    class Secure(urllib3.HTTPSConnectionPool):
        ConnectionCls = type("SecureConnection", (Timed, urllib3.connection.HTTPSConnection), {})

    class Tries(urllib3.Retry):
        def increment(self, *args: Any, **facts: Any) -> Any:
            over = late(facts.get("error")) or clock.over()
            return urllib3.Retry.increment(self.new(total=0) if over else self, *args, **facts)

    class Pool(urllib3.PoolManager):
        def urlopen(self, *args: Any, **facts: Any) -> Any:
            clock.start()
            again = Tries(
                total=tries,
                backoff_factor=0.1,
                status_forcelist=(502, 503, 504) if tries else (),
                respect_retry_after_header=False,  # it may ask for hours
            )
            return super().urlopen(*args, **{"retries": again, **facts})

    wait = urllib3.Timeout(connect=min(timeout_s, _CONNECT_S), read=timeout_s)
    made = Pool(timeout=wait, maxsize=16)
    made.pool_classes_by_scheme = {"http": Plain, "https": Secure}
    return made


def late(error: BaseException | None) -> bool:
    """Whether a call ended because its time was over."""
    from urllib3.exceptions import NewConnectionError
    from urllib3.exceptions import TimeoutError as Late

    error = getattr(error, "reason", None) or error
    if isinstance(error, Late):
        return not isinstance(error, NewConnectionError)  # refused at once, by its parent late
    return error is not None and any(isinstance(arg, TimeoutError) for arg in error.args)  # while it was sending
