"""The laws of an `ObjectStore`; the numbers are those of its docstring."""

from __future__ import annotations

import hashlib
import io
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from carbonost.errors import (
    AlreadyExistsError,
    ClosedError,
    IntegrityError,
    InvalidDataError,
    InvalidKeyError,
    NaiveTimestampError,
    NotFoundError,
    PermissionDeniedError,
    StorageError,
    Unsupported,
)
from carbonost.storage.conformance.kit import BAD_LIMITS, killed_after, refuses

if TYPE_CHECKING:
    from carbonost.storage.ports import ObjectStore

ODD_KEYS: Final = (
    "报告/2024/零碳园区 报告.pdf",
    "a b/c+d=e&f.txt",
    "100%/#1?.json",
    "quote\"s'`.bin",
    "…/.hidden",
    "UPPER/lower",
    "upper/LOWER",
    "a/" + "x" * 255,
    "🙂",
    "a.b..c",
    "~tilde",
    "%2e%2e/%2f",
)
BAD_KEYS: Final = (
    "",
    "/abs",
    "trailing/",
    "a//b",
    ".",
    "..",
    "a/../b",
    "a/./b",
    "nul\0",
    "line\nbreak",
    "back\\slash",
    "x" * 256,
    "/".join(["y" * 200] * 5),
    "e\u0301",
    "\ud800",
)


_WRITER: Final = """
import sys
from carbonost.storage import open_objects
store = open_objects(sys.argv[1])
for n in range(100_000):
    store.put(f"k/{n}", b"%d " % n * 20_000, metadata={"n": str(n)})
    store.put("same", b"%d " % n * 20_000)
    print(n, flush=True)
"""


class ObjectStoreContract:
    """What every object store does. Supply a fixture ``store``: fresh and empty.

    A store that declares ``multi_process`` also overrides `address`; one that can be changed from
    outside overrides `tamper`.
    """

    def address(self, store: ObjectStore) -> str:
        """Return an address by which another process opens the same objects."""
        raise AssertionError(f"{type(store).__name__} declares multi_process: override address()")

    def tamper(self, store: ObjectStore, key: str) -> bool:  # noqa: ARG002 -- for subclasses
        """Change one stored byte behind the store's back; return False where that cannot be done."""
        return False

    def test_bytes_read_back(self, store: ObjectStore) -> None:
        """O1: with size, hash, content type and metadata."""
        for content in (b"", b"\0\xff" * 1000, "零碳".encode()):
            info = store.put("a/b", content, content_type="text/x; a=b", metadata={"title": "碳 盘查", "x-1": "a=b;c"})
            assert info.size == len(content)
            assert info.sha256 == hashlib.sha256(content).hexdigest()
            assert store.get("a/b") == content
            found = store.stat("a/b")
            assert (found.key, found.size, found.sha256) == ("a/b", len(content), info.sha256)
            assert found.content_type == "text/x; a=b"
            assert dict(found.metadata) == {"title": "碳 盘查", "x-1": "a=b;c"}
        for kind in (None, "application/octet-stream"):
            store.put("a/c", b"1", content_type=kind)
            assert store.stat("a/c").content_type == kind

    def test_a_stream_reads_back(self, store: ObjectStore) -> None:
        """O1: a stream of unknown length, more than one block; text is refused."""
        content = bytes(range(256)) * 24_000
        info = store.put("large", io.BytesIO(content))
        assert info.sha256 == hashlib.sha256(content).hexdigest()
        assert store.get("large") == content
        with refuses(InvalidDataError):
            store.put("text", io.StringIO("not bytes"))  # type: ignore[arg-type]

    def test_putting_again_replaces(self, store: ObjectStore) -> None:
        """O2: the new object whole, with its own metadata."""
        store.put("k", b"long old content", metadata={"a": "1"})
        store.put("k", b"new")
        assert store.get("k") == b"new"
        assert dict(store.stat("k").metadata) == {}

    def test_a_failed_put_leaves_the_old_object(self, store: ObjectStore) -> None:
        """O2: a stream that breaks half-way stores nothing."""
        store.put("k", b"old")

        class Broken(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                if self.tell() > 0:
                    raise OSError("the line is cut")
                return super().read(min(size or 10, 10))

        with suppress(OSError, StorageError):
            store.put("k", Broken(b"x" * 100))
        assert store.get("k") == b"old"

    def test_an_acknowledged_put_survives_kill_9(self, store: ObjectStore) -> None:
        """O2: what was acknowledged before SIGKILL is there whole; what was not is whole or absent."""
        if "multi_process" not in store.capabilities:
            return
        with killed_after(_WRITER, self.address(store), acknowledged=5) as lines:
            last = int(lines[-1])
            found = {int(info.key[2:]) for info in store.list("k/")}
        assert set(range(last + 1)) <= found <= set(range(last + 2)), "an acknowledged object is lost"
        for n in found:
            assert store.get(f"k/{n}") == b"%d " % n * 20_000, "a torn object"
        assert store.get("same") in (b"%d " % last * 20_000, b"%d " % (last + 1) * 20_000)
        store.put("after", b"1")

    def test_create_only_stores_where_nothing_is(self, store: ObjectStore) -> None:
        """O3: ``if_absent``; of eight racers one wins."""
        if "if_absent" not in store.capabilities:
            with refuses(Unsupported):
                store.put("k", b"1", if_absent=True)
            return
        store.put("k", b"1", if_absent=True)
        with refuses(AlreadyExistsError):
            store.put("k", b"2", if_absent=True)
        assert store.get("k") == b"1"
        won: list[int] = []

        def race(n: int) -> None:
            try:
                store.put("race", b"%d" % n, if_absent=True)
                won.append(n)
            except AlreadyExistsError:
                return

        threads = [threading.Thread(target=race, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        assert store.get("race") == b"%d" % won[0]

    def test_odd_keys_come_back_as_given(self, store: ObjectStore) -> None:
        """O4: each is its own object."""
        for place, key in enumerate(ODD_KEYS):
            store.put(key, b"%d" % place)
        for place, key in enumerate(ODD_KEYS):
            assert store.get(key) == b"%d" % place, key
            assert store.stat(key).key == key
        listed = {info.key for info in store.list()}
        assert listed == set(ODD_KEYS), listed ^ set(ODD_KEYS)

    def test_a_key_may_begin_another_or_is_refused(self, store: ObjectStore) -> None:
        """O4: ``a`` and ``a/b`` side by side; a server that is a file system cannot."""
        store.put("a", b"1")
        if "nested_keys" not in store.capabilities:
            with refuses(Unsupported):
                store.put("a/b", b"2")
        else:
            store.put("a/b", b"2")
            assert store.get("a/b") == b"2"
        assert store.get("a") == b"1"

    def test_bad_keys_are_refused(self, store: ObjectStore) -> None:
        """O4: traversal, control characters, over-long and denormal keys."""
        for key in (*BAD_KEYS, None, 7):
            for call in (
                lambda key=key: store.put(key, b""),
                lambda key=key: store.get(key),
                lambda key=key: store.delete(key),
            ):
                with refuses(InvalidKeyError):
                    call()
        assert not list(store.list())

    def test_listing_is_ordered_and_paged(self, store: ObjectStore) -> None:
        """O5: code point order, after a key, at most so many."""
        keys = sorted(["a", "a/1", "a/2", "a0", "ab", "b/1", "报/1", "Z", "a/10", "é", "\U0001f642", "\ufffd"])
        if "nested_keys" not in store.capabilities:
            keys.remove("a")
        for key in reversed(keys):
            store.put(key, key.encode())
        assert [info.key for info in store.list()] == keys
        assert [info.key for info in store.list("a/")] == ["a/1", "a/10", "a/2"]
        assert [info.key for info in store.list("报")] == ["报/1"]
        assert [info.key for info in store.list(start_after="a/2")] == keys[keys.index("a/2") + 1 :]
        assert [info.key for info in store.list("a", start_after="a/1", limit=2)] == ["a/10", "a/2"]
        assert list(store.list("nothing")) == []
        assert list(store.list(limit=0)) == []
        for limit in BAD_LIMITS:
            with refuses(InvalidDataError):
                list(store.list(limit=limit))

    def test_a_range_is_exactly_those_bytes(self, store: ObjectStore) -> None:
        """O6: half-open; beyond the end there is nothing."""
        store.put("k", b"0123456789")
        for first, end, expected in (
            (0, 4, b"0123"),
            (3, 3, b""),
            (8, 99, b"89"),
            (10, 20, b""),
            (0, 10, b"0123456789"),
        ):
            assert store.get("k", range=(first, end)) == expected
        for span in ((-1, 3), (5, 2)):
            with refuses(InvalidDataError):
                store.get("k", range=span)
            with refuses(InvalidDataError):
                store.get("nobody", range=span)

    def test_delete_is_idempotent(self, store: ObjectStore) -> None:
        """O7: and removes only its key."""
        for key in ("k", "k1/1", "k2"):
            store.put(key, b"same content")
        store.delete("k")
        store.delete("k")
        with refuses(NotFoundError):
            store.get("k")
        assert store.get("k1/1") == store.get("k2") == b"same content"

    def test_a_retained_object_is_kept(self, store: ObjectStore) -> None:
        """O7: until its day has come."""
        with refuses(NaiveTimestampError):
            store.put("k", b"1", retain_until=datetime(2099, 1, 1))  # noqa: DTZ001
        until = datetime.now(UTC) + timedelta(days=1)
        if "retain_until" not in store.capabilities:
            with refuses(Unsupported):
                store.put("k", b"1", retain_until=until)
            return
        store.put("k", b"1", retain_until=until)
        with refuses(PermissionDeniedError):
            store.delete("k")
        assert store.get("k") == b"1"

    def test_changed_bytes_are_detected(self, store: ObjectStore) -> None:
        """O8: a flipped bit is not returned as content."""
        store.put("k", b"content")
        if self.tamper(store, "k"):
            with refuses(IntegrityError):
                store.get("k")

    def test_what_is_not_there_is_not_found(self, store: ObjectStore) -> None:
        """O9: a missing key."""
        for call in (lambda: store.get("nobody"), lambda: store.stat("nobody")):
            with refuses(NotFoundError):
                call()

    def test_an_address_can_be_given_away_or_not(self, store: ObjectStore) -> None:
        """O9: presign."""
        store.put("报告 1", b"content")
        if "presign" not in store.capabilities:
            with refuses(Unsupported):
                store.presign("报告 1", "GET", 60)
            return
        import urllib.request

        with urllib.request.urlopen(store.presign("报告 1", "GET", 60), timeout=20) as reply:  # noqa: S310
            assert reply.read() == b"content"
        request: Any = urllib.request.Request(store.presign("up", "PUT", 60), data=b"uploaded", method="PUT")  # noqa: S310
        with urllib.request.urlopen(request, timeout=20):  # noqa: S310
            pass
        assert store.get("up") == b"uploaded"
        for expires in (0, -1, 10**9):
            with refuses(InvalidDataError):
                store.presign("up", "GET", expires)

    def test_a_closed_store_says_so(self, store: ObjectStore) -> None:
        """O9: and closing twice is no fault."""
        store.put("k", b"1")
        store.close()
        store.close()
        for call in (lambda: store.get("k"), lambda: store.put("k", b"2"), lambda: list(store.list())):
            with refuses(ClosedError):
                call()
