-- The parts of a scope's total get columns of their own. Statements end with a double semicolon.
-- A released file is never changed.

alter table carbon_emissions add column scope1_natural_gas text;;

alter table carbon_emissions add column scope1_diesel text;;

alter table carbon_emissions add column scope1_gasoline text;;

alter table carbon_emissions add column scope1_coal text;;

alter table carbon_emissions add column scope1_refrigerants text;;

alter table carbon_emissions add column scope2_purchased_electricity text;;

alter table carbon_emissions add column scope2_purchased_heat text;;

alter table carbon_emissions add column scope2_purchased_steam text;;

alter table carbon_emissions add column scope3_business_travel text;;

alter table carbon_emissions add column scope3_waste text;;

alter table carbon_emissions add column scope3_water text;;

alter table carbon_emissions add column scope3_supply_chain text;;

update carbon_emissions set
  scope1_natural_gas = case when json_type(details, '$.scope1_natural_gas') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope1_natural_gas') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope1_natural_gas') end,
  scope1_diesel = case when json_type(details, '$.scope1_diesel') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope1_diesel') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope1_diesel') end,
  scope1_gasoline = case when json_type(details, '$.scope1_gasoline') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope1_gasoline') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope1_gasoline') end,
  scope1_coal = case when json_type(details, '$.scope1_coal') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope1_coal') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope1_coal') end,
  scope1_refrigerants = case when json_type(details, '$.scope1_refrigerants') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope1_refrigerants') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope1_refrigerants') end,
  scope2_purchased_electricity = case when json_type(details, '$.scope2_purchased_electricity') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope2_purchased_electricity') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope2_purchased_electricity') end,
  scope2_purchased_heat = case when json_type(details, '$.scope2_purchased_heat') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope2_purchased_heat') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope2_purchased_heat') end,
  scope2_purchased_steam = case when json_type(details, '$.scope2_purchased_steam') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope2_purchased_steam') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope2_purchased_steam') end,
  scope3_business_travel = case when json_type(details, '$.scope3_business_travel') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope3_business_travel') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope3_business_travel') end,
  scope3_waste = case when json_type(details, '$.scope3_waste') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope3_waste') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope3_waste') end,
  scope3_water = case when json_type(details, '$.scope3_water') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope3_water') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope3_water') end,
  scope3_supply_chain = case when json_type(details, '$.scope3_supply_chain') in ('integer', 'real', 'text')
    and json_extract(details, '$.scope3_supply_chain') not glob '*[^0-9.eE+-]*' then json_extract(details, '$.scope3_supply_chain') end
where details is not null;;
