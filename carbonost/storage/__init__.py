"""Where records, readings and files are kept: ports with numbered laws, and adapters proved by them.

``open_records``, ``open_meters`` and ``open_objects`` find an adapter by the scheme of an address;
a third party's is found by its entry point. Importing this room loads no vendor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carbonost._lazy import attach

if TYPE_CHECKING:
    from carbonost.storage.ports import (
        MeterStore,
        ObjectInfo,
        ObjectStore,
        RecordStore,
        RetentionPolicy,
        SeriesInfo,
        VectorIndex,
        WriteResult,
    )
    from carbonost.storage.registry import (
        open_meters,
        open_objects,
        open_records,
        open_vectors,
        register,
    )

_NAMES: Final = {
    "MeterStore": "carbonost.storage.ports",
    "ObjectInfo": "carbonost.storage.ports",
    "ObjectStore": "carbonost.storage.ports",
    "RecordStore": "carbonost.storage.ports",
    "RetentionPolicy": "carbonost.storage.ports",
    "SeriesInfo": "carbonost.storage.ports",
    "VectorIndex": "carbonost.storage.ports",
    "WriteResult": "carbonost.storage.ports",
    "open_meters": "carbonost.storage.registry",
    "open_objects": "carbonost.storage.registry",
    "open_records": "carbonost.storage.registry",
    "open_vectors": "carbonost.storage.registry",
    "register": "carbonost.storage.registry",
}

__all__ = [
    "MeterStore",
    "ObjectInfo",
    "ObjectStore",
    "RecordStore",
    "RetentionPolicy",
    "SeriesInfo",
    "VectorIndex",
    "WriteResult",
    "open_meters",
    "open_objects",
    "open_records",
    "open_vectors",
    "register",
]

__getattr__, __dir__ = attach(__name__, _NAMES)
