"""A server that drips, or takes nothing, does not outlast `timeout_s`; one that is merely busy is waited for.

Beside a deadline no clock is looked at: the server counts the pieces it got rid of, of hundreds.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, contextmanager

import pytest

from carbonost.errors import StorageTimeout
from carbonost.storage.address import parse_address
from carbonost.storage.deadline import pool
from carbonost.storage.influx.http import InfluxClient
from carbonost.storage.s3 import S3ObjectStore

PIECES, STEP_S, TIMEOUT_S = 400, 0.05, 0.3
FEW = 60
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Slow:
    """Answers each request with `reply`, whose `quick` first bytes come at once and the others one by one."""

    def __init__(self, reply, quick=0, *, deaf=False):
        self.reply, self.quick, self.deaf = reply, quick, deaf
        self.requests = self.sent = 0
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._over.set()
        self._listener.close()

    def _accept(self):
        while not self._over.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        with line:
            if self.deaf:
                self._over.wait(20)
                return
            line.recv(65536)
            self.requests += 1
            try:
                line.sendall(self.reply[: self.quick])
                for byte in self.reply[self.quick :]:
                    if self._over.wait(STEP_S):
                        return
                    line.sendall(bytes([byte]))
                    self.sent += 1
            except OSError:
                return


@contextmanager
def slow(*args, **facts):
    with closing(Slow(*args, **facts)) as server:
        yield server


def influx(server):
    return InfluxClient(parse_address(f"influx+http://u:p@127.0.0.1:{server.port}/db"), TIMEOUT_S)


BODY = HEAD % PIECES + b" " * PIECES


@pytest.mark.parametrize("quick", [0, 20, len(HEAD % PIECES)], ids=["status", "headers", "body"])
def test_a_dripping_influxdb_does_not_outlast_the_timeout(quick):
    with slow(BODY, quick) as server, closing(influx(server)) as client:
        with pytest.raises(StorageTimeout) as caught:
            client.query("show databases")
        assert server.requests == 1
        assert server.sent < FEW
        assert caught.value.retryable
        assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("quick", [0, len(HEAD % PIECES)], ids=["status", "body"])
def test_a_dripping_s3_server_does_not_outlast_the_timeout_whatever_is_tried_again(quick):
    with slow(BODY, quick) as server:
        with pytest.raises(StorageTimeout):
            S3ObjectStore(f"s3+http://key:secret12@127.0.0.1:{server.port}/bucket", timeout_s=TIMEOUT_S)
        assert server.sent < FEW


def test_a_server_that_takes_nothing_does_not_hold_a_write():
    with slow(b"", deaf=True) as server, closing(influx(server)) as client, pytest.raises(StorageTimeout):
        client.write(["m value=1 1" + " " * 2000] * 9000)  # more than a line's buffers hold


def test_a_failing_server_is_tried_again_only_while_there_is_time():
    busy = b"HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    with slow(busy, len(busy)) as server, pytest.raises(Exception, match="too many 503"):
        pool(5.0, tries=2).request("GET", f"http://127.0.0.1:{server.port}/")
    assert server.requests == 3
    with slow(busy, len(busy) - 3) as server, pytest.raises(Exception, match=r"too many 503|timed out"):
        pool(2 * STEP_S, tries=2).request("GET", f"http://127.0.0.1:{server.port}/")
    assert server.requests == 1


def test_a_server_that_asks_for_an_hour_is_not_waited_for():
    busy = b"HTTP/1.1 503 Busy\r\nConnection: close\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
    with slow(busy, len(busy)) as server, pytest.raises(Exception, match="too many 503"):
        pool(5.0, tries=1).request("GET", f"http://127.0.0.1:{server.port}/")
    assert server.requests == 2


def test_a_large_reply_has_its_time_for_every_megabyte():
    """Half a second is not enough for all of it, and no fault: it never stops moving."""
    megabytes, began = 6, time.monotonic()
    sent = []

    def serve(listener):
        line, _ = listener.accept()
        with line:
            line.recv(65536)
            line.sendall(HEAD % (megabytes << 20))
            for _ in range(megabytes):
                time.sleep(0.15)
                line.sendall(b"x" * (1 << 20))
                sent.append(time.monotonic() - began)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        reply = pool(0.5).request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert len(reply.data) == megabytes << 20
    assert sent[-1] > 0.5
