-- The first schema. Statements end with a double semicolon. A released file is never changed.

CREATE TABLE activities (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  energy_type TEXT,
  unit TEXT,
  region TEXT,
  category TEXT,
  facility TEXT,
  park_id TEXT,
  building_id TEXT,
  data_source TEXT,
  consumption DOUBLE PRECISION,
  data_quality DOUBLE PRECISION,
  scope BIGINT,
  period_start DATE,
  period_end DATE,
  details JSON,
  CONSTRAINT activities_pkey PRIMARY KEY (org_id, id)
);;

CREATE INDEX activities_org_id_period_start_idx ON activities (org_id, period_start);;

CREATE TABLE ai_diagnostics (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  park_id TEXT,
  diagnosis_type TEXT,
  model_version TEXT,
  created_by TEXT,
  input_data JSON,
  output_report JSON,
  recommendations JSON,
  priority_actions JSON,
  estimated_savings JSON,
  confidence_score DOUBLE PRECISION,
  processing_time_seconds DOUBLE PRECISION,
  details JSON,
  CONSTRAINT ai_diagnostics_pkey PRIMARY KEY (org_id, id)
);;

CREATE TABLE audit_log (
  org_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  id TEXT NOT NULL,
  body TEXT,
  body_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  recorded_at TEXT NOT NULL,
  seal TEXT NOT NULL,
  CONSTRAINT audit_log_pkey PRIMARY KEY (org_id, seq),
  CONSTRAINT audit_log_org_id_id_key UNIQUE (org_id, id)
);;

CREATE TABLE benchmarks (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  industry TEXT,
  region TEXT,
  scale_category TEXT,
  metric_name TEXT,
  unit TEXT,
  source TEXT,
  metric_value NUMERIC,
  percentile_25 NUMERIC,
  percentile_50 NUMERIC,
  percentile_75 NUMERIC,
  percentile_90 NUMERIC,
  sample_size BIGINT,
  data_year BIGINT,
  details JSON,
  CONSTRAINT benchmarks_pkey PRIMARY KEY (org_id, id)
);;

CREATE TABLE carbon_emissions (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  park_id TEXT,
  building_id TEXT,
  period_type TEXT,
  energy_type TEXT,
  unit TEXT,
  calculation_method TEXT,
  calculated_by TEXT,
  notes TEXT,
  scope1_total NUMERIC,
  scope2_total NUMERIC,
  scope2_market_total NUMERIC,
  scope3_total NUMERIC,
  emissions_co2e NUMERIC,
  electricity_kwh NUMERIC,
  natural_gas_m3 NUMERIC,
  diesel_liters NUMERIC,
  consumption DOUBLE PRECISION,
  data_quality_score DOUBLE PRECISION,
  scope BIGINT,
  period_start DATE,
  period_end DATE,
  calculated_at TIMESTAMP WITH TIME ZONE,
  emission_factor JSON,
  emission_factors JSON,
  details JSON,
  CONSTRAINT carbon_emissions_pkey PRIMARY KEY (org_id, id),
  CONSTRAINT carbon_emissions_period_type_check CHECK (period_type in ('daily', 'monthly', 'yearly'))
);;

CREATE INDEX carbon_emissions_org_id_park_id_period_start_idx ON carbon_emissions (org_id, park_id, period_start);;

CREATE INDEX carbon_emissions_org_id_period_start_idx ON carbon_emissions (org_id, period_start);;

CREATE TABLE emission_factors (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  energy_type TEXT,
  region TEXT,
  unit TEXT,
  gas TEXT,
  source TEXT,
  standard TEXT,
  value NUMERIC,
  valid_from DATE,
  valid_to DATE,
  published_on DATE,
  data_year BIGINT,
  details JSON,
  CONSTRAINT emission_factors_pkey PRIMARY KEY (org_id, id)
);;

CREATE INDEX emission_factors_org_id_region_energy_type_idx ON emission_factors (org_id, region, energy_type);;

CREATE TABLE envelopes (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  stage TEXT,
  scenario_id TEXT,
  region_id TEXT,
  document TEXT NOT NULL,
  CONSTRAINT envelopes_pkey PRIMARY KEY (org_id, id)
);;

CREATE INDEX envelopes_org_id_stage_idx ON envelopes (org_id, stage);;

CREATE TABLE jobs (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  status TEXT,
  details JSON,
  CONSTRAINT jobs_pkey PRIMARY KEY (org_id, id)
);;

CREATE TABLE node_logs (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  job_id TEXT,
  node TEXT,
  details JSON,
  CONSTRAINT node_logs_pkey PRIMARY KEY (org_id, id)
);;

CREATE INDEX node_logs_org_id_job_id_idx ON node_logs (org_id, job_id);;

CREATE TABLE organizations (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  name TEXT,
  type TEXT,
  industry TEXT,
  address TEXT,
  contact_person TEXT,
  contact_phone TEXT,
  subscription_tier TEXT,
  subscription_expires_at TIMESTAMP WITH TIME ZONE,
  details JSON,
  CONSTRAINT organizations_pkey PRIMARY KEY (org_id, id),
  CONSTRAINT organizations_is_tenant_check CHECK (id = org_id),
  CONSTRAINT organizations_type_check CHECK (type in ('park', 'enterprise', 'government')),
  CONSTRAINT organizations_subscription_tier_check CHECK (subscription_tier in ('basic', 'professional', 'enterprise'))
);;

CREATE TABLE outbox (
  org_id TEXT NOT NULL,
  seq BIGINT NOT NULL,
  id TEXT NOT NULL,
  aggregate TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  claimed_until TIMESTAMP WITH TIME ZONE,
  delivered_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT outbox_pkey PRIMARY KEY (org_id, seq),
  CONSTRAINT outbox_org_id_id_key UNIQUE (org_id, id)
);;

CREATE INDEX outbox_org_id_delivered_at_aggregate_seq_idx ON outbox (org_id, delivered_at, aggregate, seq);;

CREATE TABLE places (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  kind TEXT,
  parent_id TEXT,
  name TEXT,
  area_sqm NUMERIC,
  annual_revenue NUMERIC,
  location JSON,
  industry_type TEXT,
  building_type TEXT,
  established_year BIGINT,
  total_companies BIGINT,
  total_employees BIGINT,
  floors BIGINT,
  year_built BIGINT,
  details JSON,
  CONSTRAINT places_pkey PRIMARY KEY (org_id, id),
  CONSTRAINT places_org_id_fkey FOREIGN KEY(org_id, parent_id) REFERENCES places (org_id, id) ON DELETE CASCADE,
  CONSTRAINT places_kind_check CHECK (kind in ('park', 'building')),
  CONSTRAINT places_building_type_check CHECK (building_type in ('office', 'factory', 'warehouse', 'dormitory'))
);;

CREATE INDEX places_org_id_parent_id_idx ON places (org_id, parent_id);;

CREATE TABLE report_templates (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  name TEXT,
  description TEXT,
  category TEXT,
  preview_image TEXT,
  template_content JSON,
  is_active BOOLEAN,
  details JSON,
  CONSTRAINT report_templates_pkey PRIMARY KEY (org_id, id)
);;

CREATE TABLE reports (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  title TEXT,
  report_type TEXT,
  template_id TEXT,
  status TEXT,
  pdf_url TEXT,
  docx_url TEXT,
  generated_by TEXT,
  created_by TEXT,
  period_start DATE,
  period_end DATE,
  content JSON,
  generated_at TIMESTAMP WITH TIME ZONE,
  submitted_at TIMESTAMP WITH TIME ZONE,
  details JSON,
  CONSTRAINT reports_pkey PRIMARY KEY (org_id, id),
  CONSTRAINT reports_status_check CHECK (status in ('draft', 'generating', 'completed', 'submitted'))
);;

CREATE INDEX reports_org_id_report_type_idx ON reports (org_id, report_type);;

CREATE INDEX reports_org_id_status_idx ON reports (org_id, status);;

CREATE TABLE reviews (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  job_id TEXT,
  stage TEXT,
  status TEXT,
  details JSON,
  CONSTRAINT reviews_pkey PRIMARY KEY (org_id, id),
  CONSTRAINT reviews_status_check CHECK (status in ('pending', 'approved', 'rejected'))
);;

CREATE INDEX reviews_org_id_job_id_idx ON reviews (org_id, job_id);;

CREATE INDEX reviews_org_id_status_idx ON reviews (org_id, status);;

CREATE TABLE sequences (
  org_id TEXT NOT NULL,
  name TEXT NOT NULL,
  last BIGINT NOT NULL,
  CONSTRAINT sequences_pkey PRIMARY KEY (org_id, name)
);;

CREATE TABLE users (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  email TEXT NOT NULL,
  password_hash TEXT,
  full_name TEXT,
  phone TEXT,
  role TEXT,
  status TEXT,
  last_login_at TIMESTAMP WITH TIME ZONE,
  details JSON,
  CONSTRAINT users_pkey PRIMARY KEY (org_id, id),
  CONSTRAINT users_org_id_email_key UNIQUE (org_id, email),
  CONSTRAINT users_role_check CHECK (role in ('admin', 'manager', 'user', 'viewer')),
  CONSTRAINT users_status_check CHECK (status in ('active', 'inactive', 'suspended'))
);;

CREATE TABLE devices (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  building_id TEXT,
  name TEXT,
  device_type TEXT,
  manufacturer TEXT,
  model TEXT,
  status TEXT,
  rated_power_kw NUMERIC,
  install_date DATE,
  warranty_expires DATE,
  config JSON,
  details JSON,
  CONSTRAINT devices_pkey PRIMARY KEY (org_id, id),
  CONSTRAINT devices_org_id_fkey FOREIGN KEY(org_id, building_id) REFERENCES places (org_id, id) ON DELETE CASCADE,
  CONSTRAINT devices_device_type_check CHECK (device_type in ('meter', 'sensor', 'hvac', 'boiler', 'chiller')),
  CONSTRAINT devices_status_check CHECK (status in ('online', 'offline', 'maintenance', 'fault'))
);;

CREATE INDEX devices_org_id_building_id_idx ON devices (org_id, building_id);;

CREATE INDEX devices_org_id_status_idx ON devices (org_id, status);;

CREATE TABLE memberships (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
  user_id TEXT NOT NULL,
  role TEXT,
  joined_at TIMESTAMP WITH TIME ZONE,
  details JSON,
  CONSTRAINT memberships_pkey PRIMARY KEY (org_id, id),
  CONSTRAINT memberships_org_id_fkey FOREIGN KEY(org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE,
  CONSTRAINT memberships_org_id_user_id_key UNIQUE (org_id, user_id),
  CONSTRAINT memberships_role_check CHECK (role in ('owner', 'admin', 'member', 'viewer'))
);;

create function audit_log_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if new.body is null and (new.org_id, new.seq, new.id, new.body_hash, new.hash, new.recorded_at, new.seal)
      is not distinct from (old.org_id, old.seq, old.id, old.body_hash, old.hash, old.recorded_at, old.seal)
    then return new; end if;
  end if;
  raise exception 'the audit log is append-only' using errcode = '42501';
end $$;;

create trigger audit_log_kept before update or delete on audit_log
for each row execute function audit_log_append_only();;

alter table activities enable row level security;;

alter table activities force row level security;;

create policy tenant on activities using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table ai_diagnostics enable row level security;;

alter table ai_diagnostics force row level security;;

create policy tenant on ai_diagnostics using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table audit_log enable row level security;;

alter table audit_log force row level security;;

create policy tenant on audit_log using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table benchmarks enable row level security;;

alter table benchmarks force row level security;;

create policy tenant on benchmarks using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table carbon_emissions enable row level security;;

alter table carbon_emissions force row level security;;

create policy tenant on carbon_emissions using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table devices enable row level security;;

alter table devices force row level security;;

create policy tenant on devices using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table emission_factors enable row level security;;

alter table emission_factors force row level security;;

create policy tenant on emission_factors using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table envelopes enable row level security;;

alter table envelopes force row level security;;

create policy tenant on envelopes using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table jobs enable row level security;;

alter table jobs force row level security;;

create policy tenant on jobs using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table memberships enable row level security;;

alter table memberships force row level security;;

create policy tenant on memberships using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table node_logs enable row level security;;

alter table node_logs force row level security;;

create policy tenant on node_logs using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table organizations enable row level security;;

alter table organizations force row level security;;

create policy tenant on organizations using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table outbox enable row level security;;

alter table outbox force row level security;;

create policy tenant on outbox using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table places enable row level security;;

alter table places force row level security;;

create policy tenant on places using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table report_templates enable row level security;;

alter table report_templates force row level security;;

create policy tenant on report_templates using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table reports enable row level security;;

alter table reports force row level security;;

create policy tenant on reports using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table reviews enable row level security;;

alter table reviews force row level security;;

create policy tenant on reviews using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table sequences enable row level security;;

alter table sequences force row level security;;

create policy tenant on sequences using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;

alter table users enable row level security;;

alter table users force row level security;;

create policy tenant on users using (org_id = current_setting('carbonost.org_id', true)) with check (org_id = current_setting('carbonost.org_id', true));;
