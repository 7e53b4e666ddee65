"""Items at the border of a record store: any mapping or model in, a checked record out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ValidationError

from carbonost.errors import InvalidDataError, TenantRequiredError
from carbonost.storage.models import AuditEntry, Event, Kind, Record

ID_LENGTH_MAX = 255


def as_items(items: object) -> list[object]:
    """Return one item or several as a list; a DataFrame gives its rows."""
    if hasattr(items, "to_dict") and hasattr(items, "columns"):
        return cast("list[object]", items.to_dict("records"))
    if isinstance(items, Mapping | BaseModel) or dataclasses.is_dataclass(items):
        return [items]
    if isinstance(items, str | bytes) or not hasattr(items, "__iter__"):
        raise InvalidDataError("an item is a mapping or a model", "items", type(items).__name__)
    return list(items)


def fields_of(item: object, row: int | None = None) -> dict[str, Any]:
    """Return the fields of a mapping, a record, another model or a dataclass."""
    if isinstance(item, Record):
        return {**item.body(), "id": item.id, "version": item.version}
    if isinstance(item, BaseModel):
        return item.model_dump(mode="json", exclude_unset=False)
    if isinstance(item, Mapping):
        return dict(item)
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return dataclasses.asdict(item)
    raise InvalidDataError("an item is a mapping or a model", "items", type(item).__name__, row=row)


def read_item(kind: Kind, item: object, row: int | None = None) -> Record:
    """Return `item` as a record of `kind`, named by its natural key where it has no id.

    Raises
    ------
    InvalidDataError
        If a field is unknown, missing, out of range, or not plain JSON; row and column are named.
    """
    fields = fields_of(item, row)
    for name in kind.model.given - {"id", "version"}:
        fields.pop(name, None)
    if fields.get("id") is None:
        fields["id"] = _natural_id(kind, fields, row)
    version = fields.get("version")
    if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 0):
        raise InvalidDataError("a version is the number that was read", "version", version, row=row)
    try:
        record = kind.model.model_validate(fields)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        column = ".".join(str(part) for part in first["loc"]) or None
        value = None if column is not None and "password" in column else first.get("input")
        problem, remedy = first["msg"], None
        if first["type"] == "extra_forbidden":
            problem, remedy = "has no such field", f"Fields: {', '.join(kind.model.model_fields)}."
        raise InvalidDataError(f"{kind.name}: {problem}", column, value if column else None, remedy, row=row) from None
    for name, value in record.body().items():
        _check_value(value, name, row, plain=name in (record.model_extra or {}))
    _check_value(record.id, "id", row, plain=True)
    return record


def _natural_id(kind: Kind, fields: Mapping[str, Any], row: int | None) -> str:
    if kind.immutable and fields.get("result_id"):
        return str(fields["result_id"])
    if not kind.natural:
        raise InvalidDataError(f"an item of {kind.name} needs an id", "id", None, row=row)
    parts = [str(fields.get(name) or "") for name in kind.natural]
    return str(uuid5(NAMESPACE_URL, "\x1f".join((kind.name, *parts))))


def _check_value(value: object, name: str, row: int | None, *, plain: bool) -> None:
    """Refuse what a store would bend: NaN, NUL, lone surrogates, and objects in JSON fields."""
    if isinstance(value, str):
        _check_text(value, name, row)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidDataError("a number is not finite", name, value, row=row)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise InvalidDataError("a key is not a text", name, key, row=row)
            _check_text(key, name, row)
            _check_value(inner, f"{name}.{key}", row, plain=True)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            _check_value(inner, f"{name}[{place}]", row, plain=True)
    elif value is not None and not isinstance(value, int) and (plain or not isinstance(value, Decimal | date)):
        raise InvalidDataError(
            "a further field is plain JSON", name, type(value).__name__, "Convert it first.", row=row
        )


def _check_text(text: str, name: str, row: int | None) -> None:
    if "\0" in text:
        raise InvalidDataError("a text holds a NUL character", name, text, row=row)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidDataError("a text holds a lone surrogate", name, ascii(text), row=row) from None


def read_items(kind: Kind, items: object) -> list[Record]:
    """Return every item as a record; two that name the same record are refused.

    Raises
    ------
    InvalidDataError
        As `read_item`, or if two items of one call have the same id.
    """
    listed = as_items(items)
    single = len(listed) == 1
    records = [read_item(kind, item, None if single else row) for row, item in enumerate(listed)]
    seen: dict[str, int] = {}
    for row, record in enumerate(records):
        if record.id in seen:
            raise InvalidDataError(
                f"rows {seen[record.id]} and {row} name the same record",
                "id",
                record.id,
                "Give each its own id." if kind.natural else None,
                row=row,
            )
        seen[record.id] = row
    return records


def canonical(value: object) -> str:
    """Return plain JSON with sorted keys and no blanks: the text hashes are taken over."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def row_hash(record: Record) -> str:
    """Return a hash of the record's content, without its version."""
    added = set(record.given - {"id"})
    return sha256(canonical(record.model_dump(mode="json", exclude_none=True, exclude=added)))


def check_tenant(org_id: object) -> str:
    """Return the organisation's id, refusing none and what no id is.

    Raises
    ------
    TenantRequiredError
        If `org_id` is not a text, is empty, over-long, or holds a control character.
    """
    if not isinstance(org_id, str) or not org_id.strip() or len(org_id) > ID_LENGTH_MAX or not org_id.isprintable():
        raise TenantRequiredError(
            "records belong to an organisation", "org_id", org_id, "Call store.for_tenant(organization_id)."
        )
    return org_id


_ADDED = ("seq", "prev", "hash", "recorded_at", "seal", "body_hash", "purged", "attempts", "delivered", "version")
_AUDIT = Kind("audit", AuditEntry)
_EVENT = Kind("outbox", Event)


def read_audit(fields: Mapping[str, Any], seq: int, row: int | None = None) -> tuple[str, dict[str, Any]]:
    """Return id and content of an audit entry; without an id it is named by its place."""
    given = {name: value for name, value in fields.items() if name not in _ADDED}
    id_ = str(given.pop("id", None) or f"{seq:012d}")
    record = read_item(_AUDIT, {**given, "id": id_}, row)
    return id_, record.model_dump(mode="json", exclude={"id", "version"}, exclude_none=True)


def read_event(fields: Mapping[str, Any], seq: int, row: int | None = None) -> Record:
    """Return an event, named by its place where it has no id."""
    given = {name: value for name, value in fields.items() if name not in _ADDED}
    id_ = str(given.pop("id", None) or f"{seq:012d}")
    record = read_item(_EVENT, {**given, "id": id_}, row)
    return record.model_copy(update={"version": 1, "seq": seq, "attempts": 0, "delivered": False})
