"""A store in some forty lines: you say how rows are saved and loaded, the laws are kept here.

`MeterBacking` and `ObjectBacking` are what a database must be able to do, four or five verbs each;
``BackedMeterStore(backing)`` and ``BackedObjectStore(backing)`` are stores over it: they check
frames, keys and metadata, count, hash, sort, add up by civil buckets, and translate the vendor's
exceptions. A store that wants more of its server (tiers, its own sums, streams) implements the
port itself.
"""

from __future__ import annotations

from carbonost.storage.backing.meters import BackedMeterStore, MeterBacking
from carbonost.storage.backing.objects import BackedObjectStore, ObjectBacking
from carbonost.storage.ports import SeriesInfo

__all__ = ["BackedMeterStore", "BackedObjectStore", "MeterBacking", "ObjectBacking", "SeriesInfo"]
