"""A job's inputs as content-addressed bytes, and back.

Meter readings are kept apart from the rest, so that a bundle can leave them out and still name
them by their hash: per (point, carrier, unit) one block of start instants (int64, nanoseconds UTC)
and one of values (float64), little-endian, behind one line of JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from carbonost.agents.canonical import canonical_bytes, parse, sha256, thaw
from carbonost.domain.scenario import GeoSelection, ScenarioParams
from carbonost.errors import EnvelopeError

if TYPE_CHECKING:
    import pandas as pd
    from pydantic import JsonValue

    from carbonost.ingestion.park import ParkData


def encode_meters(frame: pd.DataFrame) -> bytes:
    """Return meter readings as bytes that depend on their content alone."""
    blocks: list[bytes] = []
    series: list[dict[str, Any]] = []
    for (point, energy_type, unit), rows in frame.groupby(["point", "energy_type", "unit"], sort=True):
        ordered = rows.sort_values("start", kind="stable")
        start = ordered["start"].to_numpy("datetime64[ns]").astype("<i8")
        value = ordered["value"].to_numpy(dtype="<f8", copy=True)
        value[np.isnan(value)] = np.nan  # one bit pattern for every gap
        series.append({"point": point, "energy_type": energy_type, "unit": unit, "n": len(ordered)})
        blocks += [start.tobytes(), value.tobytes()]
    return canonical_bytes(series) + b"\n" + b"".join(blocks)


def decode_meters(data: bytes) -> pd.DataFrame:
    """Return the frame `encode_meters` wrote.

    Raises
    ------
    EnvelopeError
        If the bytes are cut or are no meter block.
    """
    import pandas as pd

    head, _, body = data.partition(b"\n")
    parts: list[pd.DataFrame] = []
    at = 0
    try:
        for one in json.loads(head):
            n = int(one["n"])
            start = np.frombuffer(body, "<i8", n, at).astype("datetime64[ns]")
            value = np.frombuffer(body, "<f8", n, at + 8 * n)
            at += 16 * n
            parts.append(
                pd.DataFrame(
                    {
                        "start": pd.DatetimeIndex(start).tz_localize("UTC"),
                        "point": one["point"],
                        "energy_type": one["energy_type"],
                        "value": value,
                        "unit": one["unit"],
                    }
                )
            )
    except (ValueError, KeyError, TypeError) as exc:
        raise EnvelopeError("these bytes are no meter readings", remedy="Restore them from a copy.") from exc
    columns = ["start", "point", "energy_type", "value", "unit"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def encode_inputs(
    selection: GeoSelection, scenario: ScenarioParams, data: ParkData
) -> tuple[dict[str, JsonValue], dict[str, bytes]]:
    """Return a job's inputs as one plain value, and the large parts it names by hash."""
    blobs: dict[str, bytes] = {}
    meters: JsonValue = None
    if data.meters is not None:
        frame = cast("pd.DataFrame", data.meters)
        block = encode_meters(frame)
        meters = {"sha256": sha256(block), "rows": len(frame)}
        blobs[sha256(block)] = block
    production = None if data.production is None else _records(data.production)
    inputs = {
        "selection": selection.model_dump(mode="json"),
        "scenario": scenario.model_dump(mode="json", exclude_unset=True),
        "meters": meters,
        "activities": [_plain(item) for item in data.activities],
        "entities": [_plain(item) for item in data.entities],
        "site": thaw(dict(data.site)),
        "production": production,
        "prices": None if data.prices is None else thaw(dict(data.prices)),
        "sources": [_plain(item) for item in data.sources],
        "name": data.name,
        "zone": data.zone,
        "synthetic": data.synthetic,
    }
    return cast("dict[str, JsonValue]", inputs), blobs


def decode_inputs(inputs: dict[str, Any], meters: bytes | None) -> tuple[GeoSelection, ScenarioParams, ParkData]:
    """Return the inputs a job was started with."""
    import pandas as pd

    from carbonost.ingestion.park import ParkData

    production = inputs["production"]
    data = ParkData(
        meters=None if meters is None else decode_meters(meters),
        activities=inputs["activities"],
        entities=inputs["entities"],
        site=inputs["site"],
        production=None if production is None else pd.DataFrame(production),
        prices=inputs["prices"],
        sources=inputs["sources"],
        name=inputs["name"],
        zone=inputs["zone"],
        synthetic=inputs["synthetic"],
    )
    return GeoSelection(**inputs["selection"]), ScenarioParams(**inputs["scenario"]), data


def _plain(item: Any) -> JsonValue:
    if hasattr(item, "model_dump"):
        return thaw(item.model_dump(mode="json", exclude_defaults=True))
    if is_dataclass(item) and not isinstance(item, type):
        return thaw(asdict(item))
    return thaw(dict(item))


def _records(frame: pd.DataFrame) -> JsonValue:
    rows = [
        {str(key): None if isinstance(value, float) and value != value else value for key, value in row.items()}  # noqa: PLR0124 -- NaN
        for row in frame.to_dict("records")
    ]
    return thaw(rows)


def parse_inputs(data: bytes) -> dict[str, Any]:
    """Return the plain value of a job's inputs."""
    return cast("dict[str, Any]", parse(data))
