-- The first schema of readings. Statements end with a double semicolon. A released file is never changed.
-- Both layouts are laid out; meter_meta says which one holds the readings.

create table meter_meta (name text primary key, value text not null);;

create table meter_series (
  id bigint generated always as identity primary key, point text not null unique, energy_type text not null,
  unit text not null, tags jsonb not null,
  org_id text not null generated always as (coalesce(tags ->> 'organization_id', '')) stored
);;

create table meter_tier (
  series bigint not null, level smallint not null, start bigint not null, first bigint not null,
  until bigint not null, count bigint not null, total double precision not null,
  low double precision not null, high double precision not null, primary key (series, level, start)
);;

-- stamps whose values live on in a tier only
create table meter_rolled (
  series bigint not null, day bigint not null, count bigint not null, first bigint not null,
  last bigint not null, step bigint not null, data bytea not null, primary key (series, day)
);;

create table meter_reading (
  series bigint not null, start timestamptz not null, value double precision not null,
  quality smallint not null, status text not null, primary key (series, start)
) partition by range (start);;

create table meter_head (
  series bigint not null, start bigint not null, value double precision not null,
  quality smallint not null, status text not null, primary key (series, start)
);;

-- a day of minutes fits a page: keep it there, and do not compress it again
create table meter_chunk (
  series bigint not null, day bigint not null, count bigint not null, first bigint not null, last bigint not null,
  step bigint not null, scale smallint not null, width smallint not null, base bigint not null,
  extra bytea, data bytea not null, primary key (series, day)
) with (toast_tuple_target = 8160);;

alter table meter_chunk alter column data set storage external, alter column extra set storage external;;

-- lets a role that owns nothing write a new month; a partition is reached through its parent only
create function meter_partition(month date) returns void language plpgsql security definer
set search_path from current as $$
declare name text := 'meter_reading_' || to_char(month, 'YYYY_MM');
begin
  perform pg_advisory_xact_lock(727202);
  if to_regclass(name) is not null then return; end if;
  execute format('create table %I (like meter_reading including all)', name);
  execute format('alter table %I enable row level security', name);
  execute format(  -- attached, not created in place: nobody who reads or writes is held up
    'alter table meter_reading attach partition %I for values from (%L) to (%L)',
    name, month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
end $$;;

revoke execute on function meter_partition(date) from public;;

alter table meter_series enable row level security;;

create policy tenant on meter_series
  using (org_id = coalesce(current_setting('carbonost.org_id', true), ''))
  with check (org_id = coalesce(current_setting('carbonost.org_id', true), ''));;

alter table meter_tier enable row level security;;

create policy tenant on meter_tier using (series in (select id from meter_series));;

alter table meter_rolled enable row level security;;

create policy tenant on meter_rolled using (series in (select id from meter_series));;

alter table meter_reading enable row level security;;

create policy tenant on meter_reading using (series in (select id from meter_series));;

alter table meter_head enable row level security;;

create policy tenant on meter_head using (series in (select id from meter_series));;

alter table meter_chunk enable row level security;;

create policy tenant on meter_chunk using (series in (select id from meter_series));;
