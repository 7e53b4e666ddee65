"""The statements of the PostgreSQL meter store. No name in them comes from outside."""

from __future__ import annotations

from typing import Final

_MICROS: Final = "(extract(epoch from {}) * 1000000)::bigint"
_RANGE: Final = "series = any(%s) and start >= %s and start < %s"

# series
KNOWN: Final = 'select id, point, energy_type, unit, tags from meter_series order by point collate "C"'
NAMED: Final = "select id, point, energy_type, unit, tags from meter_series where point = any(%s)"
HOLD: Final = f'{NAMED} order by point collate "C" for no key update'  # in one order, so that writers never cross
HOLD_IDS: Final = 'select id from meter_series where id = any(%s) order by point collate "C" for no key update'
UPSERT_SERIES: Final = """insert into meter_series (point, energy_type, unit, tags) values (%s, %s, %s, %s)
  on conflict (point) do update set tags = meter_series.tags || excluded.tags"""

# readings as rows
PARTITIONS: Final = (
    """select tablename from pg_tables where schemaname = %s and tablename like 'meter\\_reading\\_%%'"""
)
STAGE: Final = """create temporary table stage (
  series bigint, start timestamptz, value double precision, quality smallint, status text) on commit drop"""
MERGE: Final = """insert into meter_reading as r select * from stage order by series, start
  on conflict (series, start) do update set value = excluded.value, quality = excluded.quality, status = excluded.status
  where (r.value, r.quality, r.status) is distinct from (excluded.value, excluded.quality, excluded.status)"""
STAGED: Final = "select count(*) from stage join meter_reading using (series, start)"
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
TAKE: Final = f"delete from meter_reading where series = %s and start < %s returning {_MICROS.format('start')}, value"  # noqa: S608

# readings as chunks
_PACKED: Final = "count, first, last, step, scale, width, base, extra, data"
CHUNK_COLUMNS: Final = f"series, day, {_PACKED}"
_TOUCHED: Final = "series = any(%s) and day between %s and %s and last >= %s and first < %s"
_KEYS: Final = "unnest(%s::bigint[], %s::bigint[]) as k(series, day)"
_ROW: Final = "series, start, value, quality, status"
SPANS: Final = "select series, day, first, last from meter_chunk where series = any(%s) and day between %s and %s"
CHUNKS: Final = f"select {CHUNK_COLUMNS} from meter_chunk where {_TOUCHED} order by series, day"  # noqa: S608
PLAIN: Final = f"""select series, day, count, first, last, step, scale, width, base, null, data from meter_chunk
  where {_TOUCHED} and not (rollup is not null and day >= %s and day < %s) order by series, day"""  # noqa: S608
ROLLUPS: Final = """select series, day, scale, rollup from meter_chunk
  where series = any(%s) and day >= %s and day < %s and rollup is not null order by series, day"""
CHUNKS_OF: Final = f"select {CHUNK_COLUMNS} from meter_chunk join {_KEYS} using (series, day)"  # noqa: S608
DROP_CHUNKS: Final = f"delete from meter_chunk c using {_KEYS} where c.series = k.series and c.day = k.day"  # noqa: S608
DROP_WHOLE: Final = "delete from meter_chunk where series = any(%s) and first >= %s and last < %s returning count"
CUT: Final = f"select series, day from meter_chunk where {_TOUCHED}"  # noqa: S608
COPY_CHUNKS: Final = f"copy meter_chunk ({CHUNK_COLUMNS}, rollup) from stdin (format binary)"
PUT_CHUNK: Final = f"insert into meter_chunk ({CHUNK_COLUMNS}, rollup) values ({', '.join(['%s'] * 12)})"  # noqa: S608
CHUNK_EXTENT: Final = f"""select min(a), max(b) from (
    select min(first) as a, max(last) as b from meter_chunk where {_TOUCHED}
    union all select min(start), max(start) from meter_head where {_RANGE}) e"""  # noqa: S608
HEAD: Final = f"select {_ROW} from meter_head where {_RANGE} order by series, start"  # noqa: S608
HEAD_COUNTS: Final = "select series, count(*) from meter_head group by series"
PUT_HEAD: Final = f"""insert into meter_head ({_ROW})
  select * from unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::smallint[], %s::text[])
  on conflict (series, start) do update set
    value = excluded.value, quality = excluded.quality, status = excluded.status"""  # noqa: S608
TAKE_HEAD: Final = f"""delete from meter_head h using {_KEYS}
  where h.series = k.series and h.start >= k.day * 86400000000 and h.start < (k.day + 1) * 86400000000
  returning h.series, h.start, h.value, h.quality, h.status"""  # noqa: S608
FULL_DAYS: Final = """select series, floor(start::numeric / 86400000000)::bigint as day
  from meter_head where series = any(%s) group by 1, 2 having count(*) >= %s"""
DELETE_HEAD: Final = f"delete from meter_head where {_RANGE}"  # noqa: S608
LAST_CHUNKS: Final = f"""select c.* from unnest(%s::bigint[]) as s(id) cross join lateral (
    select {CHUNK_COLUMNS} from meter_chunk where series = s.id order by day desc limit 1) c"""  # noqa: S608
LAST_HEAD: Final = f"""select h.* from unnest(%s::bigint[]) as s(id) cross join lateral (
    select {_ROW} from meter_head where series = s.id order by start desc limit 1) h"""  # noqa: S608

# tiers
ROLLED: Final = """select series, day, count, first, last, step, data from meter_rolled
  where series = any(%s) and day between %s and %s"""
DROP_ROLLED: Final = "delete from meter_rolled where series = %s and day = %s"
PUT_ROLLED: Final = "insert into meter_rolled values (%s, %s, %s, %s, %s, %s, %s)"
_CELL: Final = "series, start, first, until, count, total, low, high"
TIERS: Final = f"select {_CELL} from meter_tier where series = any(%s) and until > %s and first < %s"  # noqa: S608
TAKE_TIER: Final = f"delete from meter_tier where level = %s and until <= %s returning {_CELL}"  # noqa: S608
ADD_TIER: Final = """insert into meter_tier as t
    (series, level, start, first, until, count, total, low, high) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
  on conflict (series, level, start) do update set
    first = least(t.first, excluded.first), until = greatest(t.until, excluded.until),
    count = t.count + excluded.count, total = t.total + excluded.total,
    low = least(t.low, excluded.low), high = greatest(t.high, excluded.high)"""
DELETE_TIER: Final = "delete from meter_tier where series = any(%s) and first >= %s and until <= %s returning count"
END_TIER: Final = "delete from meter_tier where level = 3 and until <= %s"
