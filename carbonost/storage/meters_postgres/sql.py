"""The statements of the PostgreSQL meter store. No name in them comes from outside."""

from __future__ import annotations

from typing import Final

SCHEMA: Final = (
    """create table if not exists meter_series (
      id bigint generated always as identity primary key, point text not null unique,
      energy_type text not null, unit text not null, tags jsonb not null)""",
    """create table if not exists meter_reading (
      series bigint not null, start timestamptz not null, value double precision not null,
      quality smallint not null, status text not null, primary key (series, start)
    ) partition by range (start)""",
    """create table if not exists meter_tier (
      series bigint not null, level smallint not null, start bigint not null, first bigint not null,
      until bigint not null, count bigint not null, total double precision not null,
      low double precision not null, high double precision not null, primary key (series, level, start))""",
    """create table if not exists meter_rolled (
      series bigint not null, day bigint not null, count bigint not null, first bigint not null,
      last bigint not null, step bigint not null, data bytea not null, primary key (series, day))""",
    "create table if not exists meter_meta (name text primary key, value text not null)",
)
_MICROS: Final = "(extract(epoch from {}) * 1000000)::bigint"
_RANGE: Final = "series = any(%s) and start >= %s and start < %s"

PARTITIONS: Final = (
    """select tablename from pg_tables where schemaname = %s and tablename like 'meter\\_reading\\_%%'"""
)
UPSERT_SERIES: Final = """insert into meter_series (point, energy_type, unit, tags) values (%s, %s, %s, %s)
  on conflict (point) do update set tags = meter_series.tags || excluded.tags"""
STAGE: Final = """create temporary table stage (
  series bigint, start timestamptz, value double precision, quality smallint, status text) on commit drop"""
MERGE: Final = """insert into meter_reading as r select * from stage order by series, start
  on conflict (series, start) do update set value = excluded.value, quality = excluded.quality, status = excluded.status
  where (r.value, r.quality, r.status) is distinct from (excluded.value, excluded.quality, excluded.status)"""
KNOWN: Final = "select count(*) from stage join meter_reading using (series, start)"
_READINGS: Final = f"select series, start, value, quality from meter_reading where {_RANGE}"  # noqa: S608
READ: Final = f"copy ({_READINGS}) to stdout (format binary)"
STATUSES: Final = f"select series, {_MICROS.format('start')}, status from meter_reading where {_RANGE} and status <> ''"  # noqa: S608
LATEST: Final = f"""select s.id, {_MICROS.format("r.start")}, r.value, r.quality, r.status
  from unnest(%s::bigint[]) as s(id) cross join lateral (
    select * from meter_reading where series = s.id order by start desc limit 1) r"""  # noqa: S608
EXTENT: Final = f"""select {_MICROS.format("min(start)")}, {_MICROS.format("max(start)")}
  from meter_reading where {_RANGE}"""  # noqa: S608
BUCKETS: Final = f"""select series, {_MICROS.format("min(start)")}, {_MICROS.format("min(start)")},
    {_MICROS.format("max(start)")} + 1, count(*), sum(value order by start), min(value), max(value)
  from (select *, width_bucket(start, %s::timestamptz[]) as bucket from meter_reading where {_RANGE}) b
  group by series, bucket"""  # noqa: S608
DELETE: Final = f"delete from meter_reading where {_RANGE}"  # noqa: S608
DELETE_TIER: Final = "delete from meter_tier where series = any(%s) and first >= %s and until <= %s returning count"
_CELL: Final = "series, start, first, until, count, total, low, high"
TIERS: Final = f"select {_CELL} from meter_tier where series = any(%s) and until > %s and first < %s"  # noqa: S608
TAKE: Final = f"delete from meter_reading where series = %s and start < %s returning {_MICROS.format('start')}, value"  # noqa: S608
TAKE_TIER: Final = f"delete from meter_tier where level = %s and until <= %s returning {_CELL}"  # noqa: S608
ADD_TIER: Final = """insert into meter_tier as t
    (series, level, start, first, until, count, total, low, high) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
  on conflict (series, level, start) do update set
    first = least(t.first, excluded.first), until = greatest(t.until, excluded.until),
    count = t.count + excluded.count, total = t.total + excluded.total,
    low = least(t.low, excluded.low), high = greatest(t.high, excluded.high)"""
