"""The laws of storage, held against the adapters that need no server (S12, S60)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from carbonost.storage import open_meters, open_objects, open_records, open_vectors
from carbonost.storage.conformance import (
    MeterStoreContract,
    ObjectStoreContract,
    RecordStoreContract,
    VectorIndexContract,
)


class TestMemoryMeters(MeterStoreContract):
    @pytest.fixture
    def store(self):
        return open_meters("memory://")


class TestSqliteMeters(MeterStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        with closing(open_meters(f"sqlite:///{tmp_path}/meters.db")) as opened:
            yield opened

    def address(self, store):
        return store.target


class TestSqliteMetersInMemory(MeterStoreContract):
    @pytest.fixture
    def store(self):
        with closing(open_meters("sqlite://")) as opened:
            opened.capabilities -= {"multi_process"}
            yield opened


class TestMemoryObjects(ObjectStoreContract):
    @pytest.fixture
    def store(self):
        return open_objects("memory://")


class TestFileObjects(ObjectStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        self.place = tmp_path / "objects"
        with closing(open_objects(self.place)) as opened:
            yield opened

    def address(self, store):
        return str(self.place.as_uri())

    def tamper(self, store, key):
        blob = store._blob(store.stat(key).sha256)
        content = blob.read_bytes()
        blob.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        return True


class TestMemoryRecords(RecordStoreContract):
    @pytest.fixture
    def store(self):
        return open_records("memory://")


class TestSqliteRecords(RecordStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        self.path = tmp_path / "park.db"
        with closing(open_records(f"sqlite:///{self.path}")) as opened:
            yield opened

    def address(self, store):
        return f"sqlite:///{self.path}"

    def tamper(self, store, what):
        with closing(sqlite3.connect(self.path)) as db, db:
            if what == "envelope":
                db.execute("update envelopes set document = replace(document, 'baseline', 'baseline2')")
            else:
                db.execute("drop trigger audit_log_unchanged")
                db.execute("update audit_log set body = replace(body, '2', '7')")
        return True


class TestSqliteVectors(VectorIndexContract):
    @pytest.fixture
    def store(self, tmp_path):
        with closing(open_vectors(f"sqlite:///{tmp_path}/v.db")) as opened:
            yield opened
