-- The first schema. Statements end with a double semicolon. A released file is never changed.

CREATE TABLE activities (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  energy_type TEXT,
  unit TEXT,
  region TEXT,
  category TEXT,
  facility TEXT,
  park_id TEXT,
  building_id TEXT,
  data_source TEXT,
  consumption DOUBLE,
  data_quality DOUBLE,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  park_id TEXT,
  diagnosis_type TEXT,
  model_version TEXT,
  created_by TEXT,
  input_data JSON,
  output_report JSON,
  recommendations JSON,
  priority_actions JSON,
  estimated_savings JSON,
  confidence_score DOUBLE,
  processing_time_seconds DOUBLE,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  industry TEXT,
  region TEXT,
  scale_category TEXT,
  metric_name TEXT,
  unit TEXT,
  source TEXT,
  metric_value TEXT,
  percentile_25 TEXT,
  percentile_50 TEXT,
  percentile_75 TEXT,
  percentile_90 TEXT,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  park_id TEXT,
  building_id TEXT,
  period_type TEXT,
  energy_type TEXT,
  unit TEXT,
  calculation_method TEXT,
  calculated_by TEXT,
  notes TEXT,
  scope1_total TEXT,
  scope2_total TEXT,
  scope2_market_total TEXT,
  scope3_total TEXT,
  emissions_co2e TEXT,
  electricity_kwh TEXT,
  natural_gas_m3 TEXT,
  diesel_liters TEXT,
  consumption DOUBLE,
  data_quality_score DOUBLE,
  scope BIGINT,
  period_start DATE,
  period_end DATE,
  calculated_at TEXT,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  energy_type TEXT,
  region TEXT,
  unit TEXT,
  gas TEXT,
  source TEXT,
  standard TEXT,
  value TEXT,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  status TEXT,
  details JSON,
  CONSTRAINT jobs_pkey PRIMARY KEY (org_id, id)
);;

CREATE TABLE node_logs (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  name TEXT,
  type TEXT,
  industry TEXT,
  address TEXT,
  contact_person TEXT,
  contact_phone TEXT,
  subscription_tier TEXT,
  subscription_expires_at TEXT,
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
  claimed_until TEXT,
  delivered_at TEXT,
  CONSTRAINT outbox_pkey PRIMARY KEY (org_id, seq),
  CONSTRAINT outbox_org_id_id_key UNIQUE (org_id, id)
);;

CREATE INDEX outbox_org_id_delivered_at_aggregate_seq_idx ON outbox (org_id, delivered_at, aggregate, seq);;

CREATE TABLE places (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  row_hash TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  kind TEXT,
  parent_id TEXT,
  name TEXT,
  area_sqm TEXT,
  annual_revenue TEXT,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
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
  generated_at TEXT,
  submitted_at TEXT,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  email TEXT NOT NULL,
  password_hash TEXT,
  full_name TEXT,
  phone TEXT,
  role TEXT,
  status TEXT,
  last_login_at TEXT,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  building_id TEXT,
  name TEXT,
  device_type TEXT,
  manufacturer TEXT,
  model TEXT,
  status TEXT,
  rated_power_kw TEXT,
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
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  user_id TEXT NOT NULL,
  role TEXT,
  joined_at TEXT,
  details JSON,
  CONSTRAINT memberships_pkey PRIMARY KEY (org_id, id),
  CONSTRAINT memberships_org_id_fkey FOREIGN KEY(org_id, user_id) REFERENCES users (org_id, id) ON DELETE CASCADE,
  CONSTRAINT memberships_org_id_user_id_key UNIQUE (org_id, user_id),
  CONSTRAINT memberships_role_check CHECK (role in ('owner', 'admin', 'member', 'viewer'))
);;

create trigger audit_log_kept before delete on audit_log
begin select raise(abort, 'the audit log is append-only'); end;;

create trigger audit_log_unchanged before update on audit_log
when new.body is not null or new.seq is not old.seq or new.id is not old.id or new.hash is not old.hash
  or new.body_hash is not old.body_hash or new.recorded_at is not old.recorded_at or new.seal is not old.seal
  or new.org_id is not old.org_id
begin select raise(abort, 'the audit log is append-only'); end;;
