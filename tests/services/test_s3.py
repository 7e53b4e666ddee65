"""The laws of objects, held against two running S3 servers, one of which is weak (S40, S60)."""

from __future__ import annotations

import io
from contextlib import closing
from uuid import uuid4

import pytest

from carbonost.errors import AuthError, IntegrityError, InvalidDataError, NotFoundError, TransientError, Unsupported
from carbonost.storage import open_objects
from carbonost.storage.conformance import ObjectStoreContract
from carbonost.testing.proxy import CutProxy

pytestmark = pytest.mark.service


def address(service, bucket=None, who="carbonost:s3cretkey", port=None):
    place = bucket or f"shared?prefix={uuid4().hex}"  # a bucket for each test would use up a server's volumes
    return f"s3+http://{who}@127.0.0.1:{port or service.port}/{place}"


def tamper(store, key):
    store._client.put_object(
        store._bucket,
        store._prefix + key,
        io.BytesIO(b"CONTENT"),
        7,
        metadata={"x-amz-meta-carbonost-sha256": store.stat(key).sha256},
    )
    return True


class TestSeaweedObjects(ObjectStoreContract):
    @pytest.fixture
    def store(self, seaweed):
        self.url = address(seaweed)
        with closing(open_objects(self.url)) as opened:
            assert "if_absent" in opened.capabilities
            yield opened

    def address(self, store):
        return self.url

    def tamper(self, store, key):
        return tamper(store, key)


class TestRcloneObjects(ObjectStoreContract):
    """The weak server: what it ignores is found out, not believed."""

    @pytest.fixture
    def store(self, rclone):
        self.url = address(rclone)
        with closing(open_objects(self.url)) as opened:
            assert not {"if_absent", "retain_until"} & opened.capabilities
            yield opened

    def address(self, store):
        return self.url

    def tamper(self, store, key):
        return tamper(store, key)


def test_an_object_lock_is_declared_only_where_it_holds(seaweed, rclone):
    with closing(open_objects(address(seaweed, "locked?object_lock=1"))) as strong:
        assert "retain_until" in strong.capabilities
    try:
        with closing(open_objects(address(rclone, "locked?object_lock=1"))) as weak:
            assert "retain_until" not in weak.capabilities
    except Unsupported:
        pass  # it may also say so at once


def test_an_ipv6_host_and_a_key_with_odd_characters_are_addresses_like_any_other(seaweed):
    with pytest.raises(TransientError):
        open_objects("s3+http://key:secret@[::1]:9/bucket", timeout_s=2)
    with pytest.raises(AuthError):  # read whole, and refused by the server
        open_objects(address(seaweed, who="carbonost:s3%2Fcr%23et%40key"))


def test_wrong_keys_a_missing_bucket_and_a_closed_port_are_told_apart(seaweed):
    for who in ("carbonost:wrongwrong", "nobody:s3cretkey"):
        with pytest.raises(AuthError) as caught:
            open_objects(address(seaweed, who=who))
        assert "wrongwrong" not in str(caught.value) + repr(caught.value.target)
    with pytest.raises(NotFoundError):
        open_objects(address(seaweed, "nobodys-bucket"), create=False)
    with pytest.raises(TransientError):
        open_objects(address(seaweed, port=9))
    with pytest.raises(InvalidDataError):
        open_objects("s3+http://a:b@127.0.0.1:9/")


def test_a_prefix_shares_a_bucket(seaweed):
    with (
        closing(open_objects(address(seaweed, "shared?prefix=one"))) as one,
        closing(open_objects(address(seaweed, "shared?prefix=two"))) as two,
    ):
        one.put("k", b"1")
        two.put("k", b"2")
        assert [info.key for info in one.list()] == ["k"]
        assert (one.get("k"), two.get("k")) == (b"1", b"2")


def test_a_put_that_is_cut_leaves_the_old_object_and_can_be_repeated(seaweed):
    bucket = "shared?prefix=cut"
    with closing(open_objects(address(seaweed, bucket))) as direct, CutProxy("127.0.0.1", seaweed.port) as proxy:
        direct.put("k", b"old")
        with closing(open_objects(address(seaweed, bucket, port=proxy.port), timeout_s=5)) as store:
            proxy.cut_after = 300_000
            store._client._http.clear()
            with pytest.raises(TransientError):
                store.put("k", b"n" * 3_000_000)
            assert direct.get("k") == b"old"
            proxy.cut_after = None
            store.put("k", b"n" * 3_000_000)
            assert direct.get("k") == b"n" * 3_000_000


def test_a_silent_server_times_out(seaweed):
    with CutProxy("127.0.0.1", seaweed.port, black_hole=True) as proxy, pytest.raises(TransientError):
        open_objects(address(seaweed, port=proxy.port), timeout_s=0.3)


def test_bytes_changed_on_the_server_are_detected(seaweed):
    with closing(open_objects(address(seaweed))) as store:
        store.put("k", b"content")
        tamper(store, "k")
        with pytest.raises(IntegrityError):
            store.get("k")
