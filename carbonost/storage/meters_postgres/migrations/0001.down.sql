drop function meter_partition(date);;
drop table meter_chunk, meter_head, meter_reading, meter_rolled, meter_tier, meter_series, meter_meta;;
