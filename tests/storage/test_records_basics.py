"""Records: one tenant, one transaction, versions, chains (S12, S60, P23, P88, P96)."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from carbonost.errors import ConcurrencyConflict, IntegrityError, TenantRequiredError
from carbonost.storage import open_records


@pytest.fixture
def path(tmp_path):
    return tmp_path / "park.db"


@pytest.fixture
def store(path):
    with closing(open_records(f"sqlite:///{path}")) as opened:
        yield opened


def test_importing_the_room_loads_no_third_party_package():
    code = (
        "import sys, carbonost.storage; "
        "print([m for m in ('numpy', 'pandas', 'pydantic', 'sqlalchemy', 'psycopg', 'minio') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_envelope_altered_by_one_byte_is_detected_on_reading(store, path):  # P23
    with store.for_tenant("org").begin() as uow:
        uow.envelopes.put({"result_id": "ab12", "stage": "baseline", "metrics": {"S1_tco2e_y": 7.0}})
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("update envelopes set document = replace(document, '7.0', '8.0')")
    with store.for_tenant("org").begin() as uow, pytest.raises(IntegrityError):
        uow.envelopes.get("ab12")


def test_of_two_decisions_on_one_review_exactly_one_wins(store):  # P88
    tenant = store.for_tenant("org")
    with tenant.begin() as uow:
        uow.reviews.put({"id": "r1", "status": "pending"})
    with tenant.begin() as uow:
        read = uow.reviews.get("r1")
        uow.reviews.put(read.replace(status="approved"))
    with tenant.begin() as uow, pytest.raises(ConcurrencyConflict) as caught:
        uow.reviews.put(read.replace(status="rejected"))
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    with tenant.begin() as uow:
        assert uow.reviews.get("r1")["status"] == "approved"


def test_there_is_no_unit_of_work_without_an_organisation(store):  # S12
    for nobody in (None, "", " ", "a\nb", 7):
        with pytest.raises(TenantRequiredError):
            store.for_tenant(nobody)
    with pytest.raises(TenantRequiredError):
        store.begin()
