"""The proof of an adapter: the laws of each port as test classes, shipped in the wheel.

Subclass the contract of your port, give it one fixture that returns a fresh, empty store::

    class TestMyMeterStore(MeterStoreContract):
        @pytest.fixture
        def store(self, tmp_path):
            return MyMeterStore(tmp_path)

Every test is a law by its number. A capability the store does not declare must raise
`Unsupported`; a declared one must hold. Nothing is skipped.
"""

from __future__ import annotations

from carbonost.storage.conformance.kit import LawResult, run_laws
from carbonost.storage.conformance.meters import MeterStoreContract
from carbonost.storage.conformance.objects import ObjectStoreContract
from carbonost.storage.conformance.records import RecordStoreContract
from carbonost.storage.conformance.vectors import VectorIndexContract

__all__ = [
    "LawResult",
    "MeterStoreContract",
    "ObjectStoreContract",
    "RecordStoreContract",
    "VectorIndexContract",
    "run_laws",
]
