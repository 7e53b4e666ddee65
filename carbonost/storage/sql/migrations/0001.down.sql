-- Back to an empty database.

drop table memberships;;
drop table devices;;
drop table users;;
drop table sequences;;
drop table reviews;;
drop table reports;;
drop table report_templates;;
drop table places;;
drop table outbox;;
drop table organizations;;
drop table node_logs;;
drop table jobs;;
drop table envelopes;;
drop table emission_factors;;
drop table carbon_emissions;;
drop table benchmarks;;
drop table audit_log;;
drop table ai_diagnostics;;
drop table activities;;
