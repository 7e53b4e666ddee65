alter table meter_chunk drop column rollup;;
