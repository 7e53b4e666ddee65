-- The parts of a scope's total get columns of their own, and the audit log cannot be emptied at once. Statements end with a double semicolon.
-- A released file is never changed.

alter table carbon_emissions
  add column scope1_natural_gas numeric,
  add column scope1_diesel numeric,
  add column scope1_gasoline numeric,
  add column scope1_coal numeric,
  add column scope1_refrigerants numeric,
  add column scope2_purchased_electricity numeric,
  add column scope2_purchased_heat numeric,
  add column scope2_purchased_steam numeric,
  add column scope3_business_travel numeric,
  add column scope3_waste numeric,
  add column scope3_water numeric,
  add column scope3_supply_chain numeric;;

-- the owner moves rows of every organisation
alter table carbon_emissions no force row level security;;

update carbon_emissions set
  scope1_natural_gas = case when details ->> 'scope1_natural_gas' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope1_natural_gas')::numeric end,
  scope1_diesel = case when details ->> 'scope1_diesel' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope1_diesel')::numeric end,
  scope1_gasoline = case when details ->> 'scope1_gasoline' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope1_gasoline')::numeric end,
  scope1_coal = case when details ->> 'scope1_coal' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope1_coal')::numeric end,
  scope1_refrigerants = case when details ->> 'scope1_refrigerants' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope1_refrigerants')::numeric end,
  scope2_purchased_electricity = case when details ->> 'scope2_purchased_electricity' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope2_purchased_electricity')::numeric end,
  scope2_purchased_heat = case when details ->> 'scope2_purchased_heat' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope2_purchased_heat')::numeric end,
  scope2_purchased_steam = case when details ->> 'scope2_purchased_steam' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope2_purchased_steam')::numeric end,
  scope3_business_travel = case when details ->> 'scope3_business_travel' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope3_business_travel')::numeric end,
  scope3_waste = case when details ->> 'scope3_waste' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope3_waste')::numeric end,
  scope3_water = case when details ->> 'scope3_water' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope3_water')::numeric end,
  scope3_supply_chain = case when details ->> 'scope3_supply_chain' ~ '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$'
    then (details ->> 'scope3_supply_chain')::numeric end
where details is not null;;

alter table carbon_emissions force row level security;;

create trigger audit_log_whole before truncate on audit_log for each statement execute function audit_log_append_only();;
