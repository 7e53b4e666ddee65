-- The parts of a scope's total go back among the further fields; nothing is lost.

update carbon_emissions set details = json_patch(coalesce(details, '{}'), json_object(
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
  'scope3_supply_chain', scope3_supply_chain))
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

alter table carbon_emissions drop column scope1_natural_gas;;

alter table carbon_emissions drop column scope1_diesel;;

alter table carbon_emissions drop column scope1_gasoline;;

alter table carbon_emissions drop column scope1_coal;;

alter table carbon_emissions drop column scope1_refrigerants;;

alter table carbon_emissions drop column scope2_purchased_electricity;;

alter table carbon_emissions drop column scope2_purchased_heat;;

alter table carbon_emissions drop column scope2_purchased_steam;;

alter table carbon_emissions drop column scope3_business_travel;;

alter table carbon_emissions drop column scope3_waste;;

alter table carbon_emissions drop column scope3_water;;

alter table carbon_emissions drop column scope3_supply_chain;;
