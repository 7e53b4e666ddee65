"""Results to a document, a document to HTML, PDF, DOCX and Markdown.

`ReportGenerator.generate` takes envelopes by stage and nothing else that holds a figure::

    data = {
        "geo": {...}, "baseline": {...}, "measures": {...}, "finance": {...},   # envelopes
        "policy": {...}, "optimizer": {...}, "resources": {...},                # optional envelopes
        "report_template": "technical",                                         # or audience=
        "meta": {"title", "park_name", "organization", "period", "prepared_by", "date", "notice"},
        "narrative": {"summary": "… {{baseline.total_tco2e_y|万吨|2}} …"},       # words around slots, by section id
    }

An envelope is a mapping (or has ``model_dump``) with ``result_id, metrics, artifacts, assumptions,
evidence, confidence, data_gaps, reproducibility, human_checkpoints``; a metric is ``{"value", "unit"}``.
Everything is optional: what is absent is stated as a gap, and the chapter keeps its number.

Metrics read for a park (shown unit in brackets; any unit of the family is accepted)
    geo: ``area_km2, admin_codes, entity_count_est, data_completeness_score``;
    baseline: ``total_tco2e_y, S1_tco2e_y, S2_tco2e_y, S2_market_tco2e_y`` [tCO₂e], ``total_market_tco2e_y``,
    ``uncertainty_pct`` (share), ``baseline_electricity_kwh_y`` [万kWh], ``baseline_gas_nm3_y`` [万Nm³],
    ``baseline_steam_t_y, ghg_boundary, grid_ef_version, fuel_ef_version, gwp_set, metered_share, proxy_share,
    biogenic_co2_t_y``; measures: ``candidate_count, avg_applicability_score``; finance: ``portfolio_capex,
    portfolio_opex_y, portfolio_annual_net, portfolio_npv`` [万元], ``portfolio_irr`` (share),
    ``portfolio_payback_y, portfolio_discounted_payback_y, portfolio_mac_y_per_tco2, portfolio_abatement_tco2e_y``.

Artifacts read for a park: lists of rows, first spelling of each column (the templates list the aliases)
    geo: ``entities_raw[name, industry_code, industry, source, confidence]``,
    ``entities_by_industry[industry_code, industry, count]``,
    ``layer_clip_manifest[layer, version, method, count_in, count_out]``;
    baseline: ``energy_balance[carrier, consumption, unit, energy_gj, energy_tce, emissions_tco2e, method]``,
    ``by_scope[scope, emissions_tco2e]``,
    ``by_source[scope, energy_type, consumption, unit, factor_value, factor_unit, emissions_tco2e]``,
    ``monthly[month "2025-01", electricity_kwh, gas_nm3, S1_tco2e, S2_tco2e]``,
    ``top_emitters[name, emissions_tco2e, share]``,
    ``baseline_method[flow, method, coverage, source, note]`` or ``{flow: method}``,
    ``factors[energy_type, value, unit, region, data_year, document]``,
    ``uncertainty_contributors[name, share]``;
    measures: ``candidates[id, name, applicability_score, abatement_tco2e_y, capex_cny, missing_inputs, risks,
    dependencies]``, ``required_data_for_top10[str]``, ``resources[name, value, unit, source, note]``,
    ``pv_monthly[month, energy_kwh]``,
    ``dispatch_week[start, load_kw, import_kw, pv_kw, charge_kw, discharge_kw]`` (also from ``optimizer``);
    finance: ``portfolio_selected[id, name, capex_cny, opex_cny_y, saving_cny_y, abatement_tco2e_y,
    mac_cny_per_t]``, ``measure_cashflows[id, name, capex_cny, npv_cny, irr, payback_y, lcoe_cny_per_kwh,
    mac_cny_per_t]``, ``macc[name, mac_cny_per_t, abatement_tco2e_y]``,
    ``portfolio_cashflow[year, saving_cny, opex_cny, tax_cny, cash_cny, cumulative_cny]``,
    ``sensitivity[name, low, high, unit, npv_low_cny, npv_high_cny]``,
    ``monte_carlo[name, unit, p5, p50, p95]``, ``risks[name, likelihood, impact, mitigation]``,
    ``phases[phase, measures, capex_cny, abatement_tco2e_y]``,
    ``scenario_params_used {name: value}`` or ``{name: {value, unit, source}}``;
    policy: ``citations[citation_no, doc_id, title, clause_no, effective_from, excerpt, excerpt_sha256]``,
    ``matches[name, citation_nos, effect]``; indicators: ``indicators[name, class, unit, value, target, gap, status]``.

Other kinds read the same envelopes and ``org``, ``inventory``, ``base_year``, ``verification`` and ``park`` (made
by `park_envelope` from `CarbonCalculator.zero_carbon_park`); their templates in ``templates/*.yaml`` are the list.
"""

from carbonost._lazy import attach

_NAMES = {
    "DocxFonts": "carbonost.engines.report.docx",
    "Report": "carbonost.engines.report.generator",
    "ReportGenerator": "carbonost.engines.report.generator",
    "ReportRecord": "carbonost.engines.report.status",
    "Template": "carbonost.engines.report.registry",
    "TemplateRegistry": "carbonost.engines.report.registry",
    "park_envelope": "carbonost.engines.report.account",
    "verify_figures": "carbonost.engines.report.verify",
    "verify_pdf": "carbonost.engines.report.verify",
}
__getattr__, __dir__ = attach(__name__, _NAMES)
