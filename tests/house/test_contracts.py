"""The public contract, to the keyword: names users, docs and adapters rely on."""

# ruff: noqa: E501 -- a line of the contract reads better whole

import inspect
from dataclasses import fields, is_dataclass
from importlib import import_module

import pytest

import carbonost


def keywords(function):
    return set(inspect.signature(function).parameters)


def attributes(cls):
    names = set(dir(cls))
    if is_dataclass(cls):
        names |= {field.name for field in fields(cls)}
    return names | set(getattr(cls, "model_fields", {}))


def find(path):
    module, _, name = path.partition(":")
    target = import_module(module)
    for part in name.split("."):
        target = getattr(target, part)
    return target


CALLS = {
    "carbonost:CarbonCalculator": "factors gwp parameter_set as_of vintage strict",
    "carbonost:CarbonCalculator.calculate": "activities contracts errors",
    "carbonost:CarbonCalculator.calculate_scope1": "inputs",
    "carbonost:CarbonCalculator.calculate_scope2": "electricity_kwh region method period contracts",
    "carbonost:CarbonCalculator.calculate_scope3": "inputs",
    "carbonost:CarbonCalculator.steam_heat": "mass_t enthalpy_kj_per_kg reference_enthalpy_kj_per_kg factor",
    "carbonost:CarbonCalculator.hourly_match": "load_kwh clean_kwh grid_kg_per_kwh",
    "carbonost:CarbonCalculator.zero_carbon_park": "activities contracts production energy_coefficients",
    "carbonost:EnergyOptimizer.predict_load": "history horizon_hours model level holidays",
    "carbonost:EnergyOptimizer.optimize_peak_shaving": "load_forecast battery_capacity_kwh battery_power_kw electricity_prices",
    "carbonost:EnergyOptimizer.dispatch": "site load tariff load_kwh heat_kw gas_price_cny_per_kwh carbon_price_cny_per_t carbon_cap_t grid_kg_per_kwh "
    "gas_kg_per_kwh weight time_limit_s",
    "carbonost:EnergyOptimizer.size": "site load tariff discount_rate weight",
    "carbonost:EnergyOptimizer.pareto": "site load tariff points",
    "carbonost:EnergyOptimizer.controller": "site tariff",
    "carbonost:Tariff.from_prices": "energy_cny_per_kwh demand_cny_per_kw_month capacity_cny_per_kva_month transformer_kva contract_kw "
    "export_cny_per_kwh charge zone",
    "carbonost:Tariff.from_bands": "bands prices",
    "carbonost:Tariff.from_region": "region voltage charge on flat_cny_per_kwh floating_cny_per_kwh not_floating_cny_per_kwh",
    "carbonost:Tariff.bill": "load",
    "carbonost.domain.asset:Battery": "capacity_kwh power_kw charge_efficiency discharge_efficiency soc_min soc_max soc_initial soc_final "
    "wear_cny_per_kwh exclusive",
    "carbonost.domain.asset:Chp": "power_kw electric_efficiency heat_efficiency min_load min_up_h min_down_h ramp_kw_per_h start_cost_cny heat_dump",
    "carbonost.domain.asset:Boiler": "efficiency heat_kw fuel",
    "carbonost.domain.asset:HeatPump": "heat_kw cop",
    "carbonost.domain.asset:EvFleet": "visits",
    "carbonost.domain.asset:FlexibleLoad": "power_kw hours contiguous",
    "carbonost.domain.asset:Grid": "import_kw_max export_kw_max",
    "carbonost.domain.asset:Site": "grid assets",
    "carbonost.engines.energy:best_contract_demand": "peaks_kw probabilities price_cny_per_kw_month",
    "carbonost.engines.finance:npv": "rate cashflows first_at",
    "carbonost.engines.finance:irr": "cashflows dates",
    "carbonost.engines.finance:xnpv": "rate cashflows dates",
    "carbonost.engines.finance:xirr": "cashflows dates",
    "carbonost.engines.finance:mirr": "cashflows finance_rate reinvest_rate",
    "carbonost.engines.finance:payback": "cashflows rate",
    "carbonost.engines.finance:lcoe": "capex_cny opex_cny_per_year energy_kwh_per_year rate years degradation",
    "carbonost.engines.finance:mac": "capex_cny opex_cny_per_year saving_cny_per_year abatement_t_per_year rate years",
    "carbonost.engines.finance:macc": "rows",
    "carbonost.engines.finance:tornado": "model base ranges",
    "carbonost.engines.finance:Cashflow.build": "measure scenario",
    "carbonost.engines.carbon:meter_tree": "rows",
    "carbonost.engines.carbon:BaseYear": "base_t threshold_pct policy",
    "carbonost.engines.carbon:BaseYear.recalculate": "events",
    "carbonost.engines.carbon:consolidate": "emissions_t approach equity_share controlled",
    "carbonost:ReportGenerator": "objects language",
    "carbonost:ReportGenerator.generate": "kind data formats",
    "carbonost:ReportGenerator.generate_government_report": "organization_data emission_data period",
    "carbonost:Pipeline.run": "selection scenario data auto_approve",
    "carbonost.agents.job:Job.review": "checkpoint_id status patch by",
    "carbonost.agents.job:Job.lineage": "result_id metric_key",
    "carbonost.agents.job:Job.report": "formats",
    "carbonost.agents.job:Job.export": "path",
    "carbonost:open_records": "",
    "carbonost:open_meters": "timeout_s",
    "carbonost:open_objects": "create",
}

FIELDS = {
    "carbonost:ActivityData":
        "energy_type consumption unit region period_start period_end scope category facility organization_id park_id "
        "building_id data_source data_quality factor uncertainty_pct id purity parameters",
    "carbonost:EmissionResult":
        "scope energy_type consumption unit emission_factor emissions_co2e calculation_method data_quality_score "
        "metadata gases gases_co2e",
    "carbonost.engines.carbon.result:CarbonInventory":
        "total_t scope1_t scope2_location_t scope2_market_t scope3_t biogenic_co2_t by to_frame trace rejected "
        "uncertainty diff to_envelope to_dict _repr_html_",
    "carbonost:FactorLibrary": "default from_frame from_csv merge search get digest",
    "carbonost.domain.ledger:Ledger":
        "total_cny energy_cny demand_cny capacity_cny export_cny wear_cny fuel_cny carbon_cny emissions_t to_frame",
    "carbonost.domain.schedule:Schedule":
        "status objective_cny baseline_cny peak_kw emissions_t carbon_shadow_price_cny_per_t ledger curtailed_kwh to_frame",
    "carbonost:PipelineBuilder":
        "with_records with_objects with_model with_factors with_stage insert_after with_review_policy build",
    "carbonost:Pipeline": "run stream job replay verify describe",
    "carbonost.agents.job:Job":
        "status view review_queue review resume envelopes lineage report export",
    "carbonost.agents.envelope:ResultEnvelope":
        "result_id scenario_id region_id stage metrics artifacts assumptions evidence confidence data_gaps "
        "reproducibility human_checkpoints",
    "carbonost:ScenarioParams":
        "electricity_price_y_per_kwh gas_price_y_per_nm3 carbon_price_y_per_tco2 wacc horizon_years ghg_boundary "
        "grid_ef_version fuel_ef_version gwp parameter_set vintage accounting_year tax_rate depreciation_years",
    "carbonost:GeoSelection": "type geometry name_hint datum",
    "carbonost:ParkData": "meters activities entities site production prices sources from_yaml",
    "carbonost.storage.ports:MeterStore":
        "write read downsample latest series delete apply_retention capabilities close",
    "carbonost.storage.ports:ObjectStore": "put get stat list delete presign",
}  # fmt: skip


@pytest.mark.parametrize("path", CALLS)
def test_a_call_takes_the_contracts_keywords(path):
    assert set(CALLS[path].split()) <= keywords(find(path))


@pytest.mark.parametrize("path", FIELDS)
def test_a_noun_has_the_contracts_fields(path):
    assert set(FIELDS[path].split()) <= attributes(find(path))


def test_the_specifications_alias_is_the_same_class():
    assert carbonost.EmissionInput is carbonost.ActivityData


@pytest.mark.parametrize("name", ["straight_line", "sum_of_years", "declining_balance", "annuity", "real_rate"])
def test_finance_has_the_contracts_functions(name):
    assert callable(getattr(import_module("carbonost.engines.finance"), name))
