"""A layer of a map from PostGIS: boundaries, districts, enterprises, buildings, by a table or view.

Geometries come as GeoJSON in degrees, longitude first, with the datum they are stated in, as a
boundary file would bring them. The connection only reads, and waits no longer than it is told.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, get_args

from carbonost._lazy import load
from carbonost.domain.scenario import Datum
from carbonost.errors import GeometryError, InvalidDataError, NotFoundError, Unsupported
from carbonost.storage.address import normal
from carbonost.storage.items import canonical, sha256
from carbonost.storage.layers import Feature, Layer
from carbonost.storage.sql.faults import translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic import JsonValue

WGS84: Final = 4326
CGCS2000: Final = 4490
_CGCS2000_FAMILY: Final = range(4490, 4555)  # EPSG: degrees, then Gauss-Krueger zones of 6 and 3 degrees
_DEGREES: Final = (0, WGS84, CGCS2000)
_KINDS: Final = {"POINT": "point", "POLYGON": "polygon", "MULTIPOLYGON": "polygon"}
_KINDS_LINES: Final = {"LINESTRING": "line", "MULTILINESTRING": "line", "MULTIPOINT": "point"}
_DIGITS: Final = 15  # after the point: enough for a double of degrees
_EXTENSION: Final = """select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'postgis'"""
_COLUMNS: Final = """select a.attname, t.typname from pg_attribute a join pg_type t on t.oid = a.atttypid
  where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum"""
_TABLES: Final = """select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname not in ('pg_catalog', 'information_schema')"""


def read_layer(
    url: str,
    table: str,
    *,
    geometry: str | None = None,
    id: str = "id",  # noqa: A002 -- the name of the column
    columns: Sequence[str] | None = None,
    where: Mapping[str, Any] | None = None,
    near: tuple[float, float, float, float] | None = None,
    datum: Datum | None = None,
    limit: int = 100_000,
    timeout_s: float = 30.0,
) -> Layer:
    """Read a table or view.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host/db``.
    table : str
        ``name`` or ``schema.name``, in the letters the database has.
    geometry : str, optional
        The geometry column; needed where there are several.
    id : str
        The column that names a row.
    columns : sequence of str, optional
        What else to read; by default every other column that is no geometry.
    where : mapping, optional
        Column and value; all must match. None matches what is missing.
    near : (west, south, east, north), optional [degree]
        Only rows whose box touches this one, stated in the layer's datum.
    datum : str, optional
        What the coordinates really are, where the SRID cannot say so: GCJ02 and BD09 have none and
        are often stored as 4326 or 0.
    limit : int
        More rows than this are refused.
    timeout_s : float [s]
        How long a connection or a statement is waited for.

    Returns
    -------
    Layer

    Raises
    ------
    Unsupported
        If the database has no PostGIS.
    NotFoundError
        If there is no such table, or no row matches.
    InvalidDataError
        If a column is missing, or there are too many rows.
    GeometryError
        If the geometries are of several kinds or coordinate systems, or state none.
    StorageError
        If the database cannot be reached, refuses, or takes too long.
    """
    if datum is not None and datum not in get_args(Datum):
        raise GeometryError("unknown datum", "datum", datum, f"Say one of {', '.join(get_args(Datum))}.")
    with _reading(url, timeout_s) as (cursor, target):
        source = _Source(cursor, table, target)
        source.choose(geometry, id, columns)
        source.narrow(where, near, datum)
        kind, srid = source.survey(limit)
        said = _datum(srid, datum, table)
        rows = source.rows(srid, said)
    features = tuple(
        Feature(
            str(row[0]), None if row[1] is None else json.loads(row[1]), dict(zip(source.columns, row[2:], strict=True))
        )
        for row in ([*row[:2], *map(_plain, row[2:])] for row in rows)
    )
    digest = sha256(canonical([[one.id, one.geometry, dict(one.properties)] for one in features]))
    return Layer(table, kind, said, srid, f"sha256:{digest}", features)


@contextmanager
def _reading(url: str, timeout_s: float) -> Iterator[tuple[Any, str]]:
    """Yield a cursor in one read-only snapshot, and the address to show."""
    psycopg: Any = load("psycopg", "a PostGIS layer")
    from sqlalchemy import make_url

    address = make_url(normal(url)).set(drivername="postgresql").difference_update_query(("schema", "layout"))
    target = address.set(username=None, password=None, query={}).render_as_string()
    wait = int(timeout_s * 1000)
    options = f"-c timezone=UTC -c statement_timeout={wait} -c lock_timeout={wait} -c default_transaction_read_only=on"
    try:
        with psycopg.connect(
            normal(address.render_as_string(hide_password=False)),
            connect_timeout=max(2, int(timeout_s)),
            options=options,
        ) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield connection.cursor(), target
    except psycopg.errors.InternalError_ as exc:  # PostGIS: an unknown SRID, metres stored as degrees
        said = str(exc).partition("\n")[0]
        raise GeometryError(f"PostGIS refused: {said}", "table", None, "Check SRID and coordinates.") from exc
    except psycopg.Error as exc:
        raise translate(exc, target) from exc


class _Source:
    """A table on its way to a layer: every name is looked up in the catalogue and quoted."""

    def __init__(self, cursor: Any, table: str, target: str) -> None:
        from psycopg import sql

        self._sql, self._cursor, self._target, self._name = sql, cursor, target, table
        cursor.execute(_EXTENSION)
        row = cursor.fetchone()
        if row is None:
            raise Unsupported(
                "this database has no PostGIS",
                remedy="Run once, as its owner: create extension postgis;",
                target=target,
                capability="layers",
            )
        self._home = row[0]
        place = sql.Identifier(*self._parts(table)).as_string(cursor)
        self._table = self._quoted(*self._parts(table))
        cursor.execute("select to_regclass(%s)", (place,))
        if cursor.fetchone()[0] is None:
            raise NotFoundError("no such table or view", "table", table, self._known(), target=target)
        cursor.execute(_COLUMNS, (place,))
        self._types: dict[str, str] = dict(cursor.fetchall())

    def choose(self, geometry: str | None, id_: str, columns: Sequence[str] | None) -> None:
        """Settle which columns are read."""
        shapes = [name for name, type_ in self._types.items() if type_ in ("geometry", "geography")]
        if geometry is not None and geometry not in shapes:
            raise self._missing("no such geometry column", geometry, shapes)
        if geometry is None and len(shapes) != 1:
            many = "several geometry columns: say which" if shapes else "no geometry column"
            raise self._missing(f"{self._name} has {many}", geometry, shapes or list(self._types))
        plain = [name for name in self._types if name not in shapes]
        self._id = id_
        self.columns = [name for name in plain if name != id_] if columns is None else list(columns)
        for name in (id_, *self.columns):
            if name not in plain:
                raise self._missing("no such column", name, plain)
        column = self._quoted(geometry or shapes[0])
        self._shape = self._sql.SQL("{}::{}").format(column, self._quoted(self._home, "geometry"))

    def narrow(
        self, where: Mapping[str, Any] | None, near: tuple[float, float, float, float] | None, datum: Datum | None
    ) -> None:
        """Settle which rows are read."""
        sql = self._sql
        tests, self._values = [sql.SQL("true")], list[Any]()
        for name, value in (where or {}).items():
            if name not in self._types:
                raise self._missing("no such column", name, list(self._types))
            tests.append(sql.SQL("{} is not distinct from %s").format(self._quoted(name)))
            self._values.append(value)
        if near is not None:
            box = self._call("ST_MakeEnvelope", sql.SQL("%s, %s, %s, %s, {}").format(sql.Literal(WGS84)))
            srid = self._call("ST_SRID", self._shape)
            if datum in ("GCJ02", "BD09"):
                box = self._call("ST_SetSRID", sql.SQL("{}, {}").format(box, srid))
            else:
                box = sql.SQL("case {} when 0 then {} else {} end").format(
                    srid,
                    self._call("ST_SetSRID", sql.SQL("{}, 0").format(box)),
                    self._call("ST_Transform", sql.SQL("{}, nullif({}, 0)").format(box, srid)),
                )
                self._values += near  # the box is written twice
            tests.append(
                self._call("ST_Intersects", sql.SQL("{}, {}").format(self._call("ST_Envelope", self._shape), box))
            )
            self._values += near
        self._from = sql.SQL("from {} where {}").format(self._table, sql.SQL(" and ").join(tests))

    def survey(self, limit: int) -> tuple[str, int]:
        """Return kind and SRID of the rows, or refuse them."""
        sql = self._sql
        query = sql.SQL("select count(*), array_agg(distinct {}), array_agg(distinct {}), count({}) {}").format(
            self._call("GeometryType", self._shape), self._call("ST_SRID", self._shape), self._shape, self._from
        )
        self._cursor.execute(query, self._values)
        count, types, srids, shapes = self._cursor.fetchone()
        if not count:
            raise NotFoundError(
                f"no row of {self._name} matches", "where", None, "Check where= and near=.", target=self._target
            )
        if count > limit:
            raise InvalidDataError(
                f"the layer has {count} rows, more than {limit}",
                "limit",
                limit,
                "Narrow it with where= or near=, or raise the limit.",
                target=self._target,
            )
        known = sorted(str(one).removesuffix("M") for one in types or () if one is not None)
        kinds = {(_KINDS | _KINDS_LINES).get(one, "") for one in known}
        if not shapes:
            raise GeometryError("no row of the layer has a geometry", "table", self._name)
        if kinds - {"polygon", "point", "line"}:
            remedy = "Read a view that gives plain ones: ST_CurveToLine, ST_CollectionExtract."
            raise GeometryError("a geometry is no point, line or polygon", "table", ", ".join(known), remedy)
        if len(kinds) > 1:
            remedy = "Read a view of one kind, or name a row with where=."
            raise GeometryError("the layer mixes kinds of geometry", "table", ", ".join(known), remedy)
        found = sorted(int(one) for one in srids if one is not None)
        if len(found) > 1:
            remedy = "Bring them to one with ST_Transform."
            raise GeometryError("the layer mixes coordinate systems", "srid", found, remedy)
        return kinds.pop(), found[0]

    def rows(self, srid: int, datum: Datum) -> list[Any]:
        """Return id, GeoJSON and the other columns of every row, in order of id."""
        sql = self._sql
        shape = self._call("ST_Force2D", self._shape)
        target = CGCS2000 if datum == "CGCS2000" else WGS84
        if srid not in (*_DEGREES, target):
            shape = self._call("ST_Transform", sql.SQL("{}, {}").format(shape, sql.Literal(target)))
        names = sql.SQL("").join(sql.SQL(", {}").format(self._quoted(name)) for name in self.columns)
        query = sql.SQL('select {}::text, {}{} {} order by {}::text collate "C"').format(
            self._quoted(self._id),
            self._call("ST_AsGeoJSON", sql.SQL("{}, {}, 0").format(shape, sql.Literal(_DIGITS))),
            names,
            self._from,
            self._quoted(self._id),
        )
        self._cursor.execute(query, self._values)
        rows: list[Any] = self._cursor.fetchall()
        ids = [row[0] for row in rows]
        if None in ids:
            raise InvalidDataError(
                "a row has no id", self._id, None, "Name another column: id='…'.", target=self._target
            )
        if len(set(ids)) < len(ids):
            twice = next(one for place, one in enumerate(ids) if one in ids[:place])
            raise InvalidDataError("two rows share an id", self._id, twice, "Name another column: id='…'.")
        return rows

    def _call(self, name: str, arguments: Any) -> Any:
        return self._sql.SQL("{}({})").format(self._quoted(self._home, name.lower()), arguments)

    def _quoted(self, *names: str) -> Any:
        """Return a name as part of a statement with parameters, where a % of it is no placeholder."""
        return self._sql.SQL(self._sql.Identifier(*names).as_string(self._cursor).replace("%", "%%"))

    def _parts(self, table: str) -> list[str]:
        parts = table.split(".") if isinstance(table, str) else []
        if not 1 <= len(parts) <= 2 or not all(parts) or "\0" in table:  # noqa: PLR2004 -- schema and name
            raise InvalidDataError("a table is name or schema.name", "table", table, target=self._target)
        return parts

    def _known(self) -> str:
        self._cursor.execute(_TABLES)
        near = get_close_matches(self._name, [row[0] for row in self._cursor.fetchall()], 3)
        return f"Did you mean {', '.join(near)}?" if near else "Write schema.name in the letters the database has."

    def _missing(self, problem: str, value: object, known: Sequence[str]) -> InvalidDataError:
        return InvalidDataError(problem, "columns", value, f"Known: {', '.join(known)}.", target=self._target)


def _datum(srid: int, datum: Datum | None, table: str) -> Datum:
    """Return the datum of a layer's degrees: what is said, else what the SRID says."""
    if datum in ("GCJ02", "BD09") and srid not in _DEGREES:
        raise GeometryError(
            f"{datum} is stated in degrees, {table} in SRID {srid}",
            "datum",
            datum,
            "Leave datum out: the SRID says it.",
        )
    if datum in ("GCJ02", "BD09") or (srid == 0 and datum is not None):
        return datum
    if srid == 0:
        raise GeometryError(
            "the layer states no coordinate system (SRID 0)",
            "srid",
            0,
            "Say datum='WGS84', 'CGCS2000', 'GCJ02' or 'BD09' if it is in degrees; else set it: UpdateGeometrySRID.",
        )
    return "CGCS2000" if srid in _CGCS2000_FAMILY else "WGS84"


def _plain(value: Any) -> JsonValue:
    """Return a column's value as plain JSON; what is no finite number is missing."""
    if isinstance(value, float | Decimal):
        return float(value) if isfinite(value) else None
    if value is None or isinstance(value, bool | int | str | list | dict):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
