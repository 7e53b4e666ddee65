-- The quarter-hours of a day stand beside its readings; a day stored before has none and is added up from its readings.

alter table meter_chunk add column rollup bytea;;

alter table meter_chunk alter column rollup set storage external;;
