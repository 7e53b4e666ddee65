"""The inventory: totals, lines, traces, periods, vintages, contracts (S17-S19, S24, S25, P44, P47)."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import carbonost
from carbonost import ActivityData, CarbonCalculator, EmissionInput, EmissionResult, FactorLibrary
from carbonost.domain.activity import Contract
from carbonost.domain.inventory import Inventory
from carbonost.domain.period import Period
from carbonost.errors import InputError

YEAR = {"period_start": "2023-01-01", "period_end": "2023-12-31"}
POWER = {"energy_type": "electricity", "consumption": 1000.0, "unit": "MWh", "region": "CN-JS", **YEAR}
GAS = {"energy_type": "natural_gas", "consumption": 10.0, "unit": "万Nm3", "region": "CN-JS", **YEAR}


@pytest.fixture(scope="module")
def calc():
    return CarbonCalculator()


def grid(*values):
    """A library whose electricity factor changes: (id, value, valid_from, valid_to, published_on)."""
    names = ("id", "value", "valid_from", "valid_to", "published_on", "data_year")
    rows = [dict(zip(names, value, strict=False)) for value in values]
    frame = pd.DataFrame(rows).assign(energy_type="electricity", region="CN", unit="kgCO2/kWh", document="test")
    return FactorLibrary.from_frame(frame)


def test_a_frame_a_list_of_models_and_a_list_of_dicts_say_the_same(calc):
    rows = [POWER, GAS]
    models = [ActivityData(**row) for row in rows]
    totals = {float(calc.calculate(given).total_t()) for given in (rows, models, pd.DataFrame(rows), iter(models))}
    assert len(totals) == 1
    assert float(calc.calculate(models[0]).total_t()) == pytest.approx(582.7)


def test_the_specifications_names_and_decimals_work(calc):
    """S17: EmissionInput in, EmissionResult out, decimal-safe."""
    given = EmissionInput(
        energy_type="electricity",
        consumption=Decimal(100),
        unit="kWh",
        region="CN",
        period_start=datetime(2023, 1, 1, tzinfo=timezone(timedelta(hours=8))),
        period_end=datetime(2023, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=8))),
    )
    assert (given.period_start, given.period_end) == (date(2023, 1, 1), date(2023, 12, 31))
    result = calc.calculate([given]).results()[0]
    assert isinstance(result, EmissionResult)
    assert result.consumption == Decimal(100)
    assert result.emission_factor == Decimal("0.5306")  # kg per kWh, as the specification's formula wants
    assert result.emissions_co2e == Decimal("0.05306") == result["emissions_co2e"]
    assert result.emissions_co2e == result.consumption * result.emission_factor / 1000
    assert result.metadata["factor_year"] == 2023
    assert (result.scope, result.calculation_method) == (2, "GHGP_location_based")
    assert result.to_frame().shape[1] == 2
    assert "emissions_co2e" in result._repr_html_()


def test_scope_conveniences_are_thin_over_calculate(calc):
    (gas,) = calc.calculate_scope1([GAS])
    assert (gas.scope, float(gas.emissions_co2e)) == (1, pytest.approx(216.2188809))
    assert gas.gases == {"CO2": pytest.approx(216.2188809)}
    location = calc.calculate_scope2(Decimal(1000), "CN-JS", period=("2023-01-01", "2023-12-31"))
    market = calc.calculate_scope2(
        1000, "CN-JS", "market_based", period=2023, contracts=[Contract(kind="GEC", energy_kwh=400)]
    )
    assert location.emissions_co2e == Decimal("0.5827")
    assert float(market.emissions_co2e) == pytest.approx(0.6 * 0.6096)  # 600 kWh at the residual mix
    assert market.calculation_method == "GHGP_market_based"
    same = calc.calculate_scope2(1000, "CN-JS", period=2023, contracts=[{"kind": "GEC", "energy_kwh": 400}])
    assert same.emissions_co2e == location.emissions_co2e
    assert "period_assumed" in calc.calculate_scope2(1000, "CN-JS").metadata


def test_a_total_says_which_scope_2_it_holds(calc):
    inv = calc.calculate([POWER, GAS])
    assert inv.total_t().method == "location_based" == inv.total_t("location_based").method
    assert "location-based" in repr(inv.total_t())
    assert inv.total_t("market_based") == pytest.approx(inv.scope1_t + inv.scope2_market_t)
    assert inv.scope2_market_t == pytest.approx(1000 * 0.6096)
    assert json.dumps(inv.total_t()) == json.dumps(float(inv.total_t()))
    assert pickle.loads(pickle.dumps(inv.total_t())).method == "location_based"  # noqa: S301


def test_the_frame_has_the_promised_columns_and_keeps_those_of_the_input(calc):
    frame = calc.calculate(pd.DataFrame([POWER | {"workshop": "A"}, GAS | {"workshop": "B"}])).to_frame()
    promised = "row scope category energy_type region period_start period_end consumption unit factor_id emissions_co2e"
    assert [*promised.split(), "biogenic_co2_t", "facility"] == [
        c for c in frame if c in {*promised.split(), "biogenic_co2_t", "facility"}
    ]
    assert frame["workshop"].tolist() == ["A", "B"]
    assert frame["period_end"].dt.date.tolist() == [date(2023, 12, 31)] * 2
    assert frame["consumption"].tolist() == [1000.0, 10.0]
    assert frame["unit"].tolist() == ["MWh", "万Nm3"]


def test_sums_by_any_column_add_up(calc):
    inv = calc.calculate(pd.DataFrame([POWER | {"facility": "A"}, GAS | {"facility": "A"}, GAS | {"facility": "B"}]))
    by = inv.by("facility", "scope")
    assert by["lines"].tolist() == [1, 1, 1]
    assert by["emissions_co2e"].sum() == pytest.approx(inv.total_t())
    assert inv.by("month")["month"].tolist() == ["2023-01"]
    assert inv.by()["emissions_co2e"].tolist() == [pytest.approx(float(inv.total_t()))]
    with pytest.raises(InputError, match="facility"):
        inv.by("faculty")


def test_a_trace_leads_from_the_city_to_the_document(calc):
    """Suzhou is answered by Jiangsu; Tibet by the nation, flagged; never by a neighbour."""
    suzhou, tibet = (calc.calculate([POWER | {"region": region}]).trace(0) for region in ("苏州市", "CN-XZ"))
    assert (suzhou.factor_id, suzhou.level, suzhou.fallback) == ("cn.grid.2023.province.js", "province", False)
    assert suzhou.path == ("CN-JS-320500", "CN-JS")
    assert suzhou.scale == 1000.0
    assert "0.5827" in suzhou.formula
    assert "公告2025年第47号" in suzhou.document
    assert suzhou.locator
    assert (tibet.level, tibet.fallback, tibet.path) == ("nation", True, ("CN-XZ", "CN"))
    assert "province" in suzhou._repr_html_()


def test_a_year_without_its_own_data_is_answered_by_the_nearest_and_says_so(calc):
    inv = calc.calculate([POWER | {"period_start": "2024-01-01", "period_end": "2024-12-31"}])
    assert inv.trace(0).factor_id == "cn.grid.2023.province.js"
    assert "2024" in inv.trace(0).vintage
    assert any("2023" in note for note in inv.to_dict()["assumptions"])


def test_a_straddling_period_is_split_by_days():
    calc = CarbonCalculator(grid(("a", 0.5, "2022-01-01", "2022-12-31"), ("b", 0.8, "2023-01-01", "2023-12-31")))
    row = POWER | {"region": "CN", "consumption": 40.0, "period_start": "2022-12-22", "period_end": "2023-01-30"}
    inv = calc.calculate([row])
    assert float(inv.total_t()) == pytest.approx(10 * 0.5 + 30 * 0.8)
    frame = inv.to_frame()
    assert frame["row"].tolist() == [0, 0]
    assert frame["consumption"].tolist() == [10.0, 30.0]
    assert frame["period_end"].dt.date.tolist() == [date(2022, 12, 31), date(2023, 1, 30)]
    assert [part.factor_id for part in inv.trace(0).parts] == ["a", "b"]
    (result,) = inv.results()
    assert (result.consumption, result.metadata["factor_id"]) == (Decimal(40), "a + b")


def test_a_straddling_period_with_one_undated_factor_stays_one_line(calc):
    inv = calc.calculate([GAS | {"period_start": "2022-07-01", "period_end": "2024-06-30"}])
    assert len(inv) == 1
    assert inv.trace(0).parts == ()


def test_as_of_replays_what_was_known_and_diff_tells_what_moved():
    """Bitemporal: a factor published later does not exist yet."""
    library = grid(
        ("first", 0.50, "2022-01-01", "2024-12-31", "2023-03-01", 2022),
        ("restated", 0.57, "2022-01-01", "2024-12-31", "2024-03-01", 2023),
    )
    row = POWER | {"region": "CN"}
    then, now = (CarbonCalculator(library, as_of=day).calculate([row, GAS]) for day in ("2023-12-31", "2024-06-30"))
    assert (then.trace(0).factor_id, now.trace(0).factor_id) == ("first", "restated")
    moved = then.diff(now)
    assert moved["row"].tolist() == [0]
    assert moved[["factor_before", "factor_after"]].to_numpy().tolist() == [["first", "restated"]]
    assert moved["change_t"].tolist() == [pytest.approx(70.0)]
    assert then.diff(then).empty
    assert then.settings["as_of"] == "2023-12-31"


def test_the_vintage_rule_decides_which_data_year_answers():
    library = grid(
        ("data2022", 0.54, "2022-01-01", None, "2024-12-26", 2022),
        ("data2021", 0.56, "2021-01-01", None, "2024-04-12", 2021),
    )
    row = POWER | {"region": "CN", "period_start": "2022-01-01", "period_end": "2022-12-31"}
    assert CarbonCalculator(library).calculate([row]).trace(0).factor_id == "data2022"
    latest = CarbonCalculator(library, vintage="latest_published", as_of="2024-06-30")
    assert latest.calculate([row]).trace(0).factor_id == "data2021"


def test_contracts_are_used_in_order_and_the_rest_is_residual(calc):
    rows = [POWER | {"facility": "A"}, POWER | {"facility": "B"}]
    contracts = [
        {"kind": "supplier", "energy_kwh": 400_000, "factor_kg_per_kwh": 0.4},
        {"kind": "GEC", "energy_kwh": 300_000},
        {"kind": "direct", "energy_kwh": 500_000, "facility": "A"},
        {"kind": "PPA", "energy_kwh": 200_000, "factor_kg_per_kwh": 0.01},
    ]
    inv = calc.calculate(rows, contracts=contracts)
    rest = 2_000_000 - 400_000 - 300_000 - 500_000 - 200_000
    expected = (400_000 * 0.4 + 200_000 * 0.01 + rest * 0.6096) / 1000
    assert inv.scope2_market_t == pytest.approx(expected)
    assert inv.scope2_location_t == pytest.approx(2 * 582.7)
    assert [claim["kind"] for claim in inv.settings["contracts"]] == ["direct", "PPA", "GEC", "supplier"]
    covered = inv.to_frame().set_index("facility")["emissions_co2e_market"]
    assert covered["A"] < covered["B"]


def test_a_contract_serves_only_its_validity(calc):
    rows = [POWER | {"period_start": f"2023-{m:02d}-01", "period_end": f"2023-{m:02d}-28"} for m in (1, 7)]
    half = {"kind": "PPA", "energy_kwh": 1_000_000, "valid_from": "2023-07-01", "valid_to": "2023-12-31"}
    frame = calc.calculate(rows, contracts=[half]).to_frame()
    assert frame["emissions_co2e_market"].tolist() == [pytest.approx(609.6), pytest.approx(0.0)]


def test_contracts_do_not_touch_heat_or_fuel(calc):
    heat = {"energy_type": "heat", "consumption": 100, "unit": "GJ", **YEAR}
    inv = calc.calculate([POWER, heat, GAS], contracts=[{"kind": "GEC", "energy_kwh": 1_000_000}])
    assert inv.scope2_market_t == pytest.approx(11.0)
    assert inv.total_t("market_based") == pytest.approx(11.0 + inv.scope1_t)


def test_the_method_changes_the_figures_not_only_the_label():
    """S24: China counts CO2 of combustion; GHGP adds CH4 and N2O; IPCC takes its own defaults."""
    gas = [GAS]
    by = {
        name: CarbonCalculator(calculation_method=name).calculate(gas)
        for name in ("China_Standard", "GHGP", "ISO14064")
    }
    assert set(by["China_Standard"].gases_t) == {"CO2"}
    assert set(by["GHGP"].gases_t) == {"CO2", "CH4", "N2O"} == set(by["ISO14064"].gases_t)
    assert by["GHGP"].total_t() > by["China_Standard"].total_t()
    ipcc = CarbonCalculator(calculation_method="IPCC_2006").calculate([GAS | {"unit": "TJ"}])
    assert ipcc.gases_t["CO2"] == pytest.approx(10 * 56.1)  # table 1.4: 56 100 kg/TJ
    assert ipcc.results()[0].calculation_method == "IPCC_2006"


def test_the_gwp_set_is_named_and_applied_last(calc):
    rows = [{"energy_type": "natural_gas", "consumption": 1000, "unit": "mmBtu", "region": "US", **YEAR}]
    ar5, ar6 = (CarbonCalculator(gwp=name).calculate(rows) for name in ("AR5", "AR6"))
    assert ar5.gases_t == ar6.gases_t
    assert ar5.gases_co2e_t["CH4"] == pytest.approx(28e-3)
    assert ar6.gases_co2e_t["N2O"] == pytest.approx(273e-4)
    assert (ar5.settings["gwp"], ar6.settings["gwp"]) == ("AR5", "AR6-GHGP-2024")


def test_biogenic_carbon_stays_outside_the_scopes(calc):
    rows = [{"energy_type": "wood_and_wood_residuals", "consumption": 10, "unit": "mmBtu", "region": "US", **YEAR}]
    inv = calc.calculate(rows)
    assert inv.biogenic_co2_t == pytest.approx(0.938)
    assert float(inv.total_t()) == pytest.approx(sum(inv.gases_co2e_t.values()))
    assert inv.by("scope")["biogenic_co2_t"].tolist() == [pytest.approx(0.938)]


def test_measured_parameters_replace_those_of_the_set():
    calc = CarbonCalculator(parameter_set="gbt32151.22-2024")
    row = {"energy_type": "anthracite", "consumption": 1000, "unit": "t", **YEAR}
    measured = row | {"parameters": {"ncv_gj_per_t": 22.0, "carbon_t_per_gj": 0.027, "oxidation_factor": 0.96}}
    partly = row | {"parameters": {"ncv_gj_per_t": 22.0}}
    inv = calc.calculate([measured, partly])
    assert inv.emissions_t.tolist() == [
        pytest.approx(1000 * 22.0 * 0.027 * 0.96 * 44 / 12),
        pytest.approx(1000 * 22.0 * 0.0274 * 0.94 * 44 / 12),
    ]
    assert "ncv_gj_per_t" in inv.trace(1).locator


def test_an_own_factor_needs_no_condition_in_its_own_unit(calc):
    own = {"value": 2.0, "unit": "kgCO2e/m3", "source": "gas works"}
    inv = calc.calculate([GAS | {"unit": "m3", "factor": own}])
    assert float(inv.total_t()) == pytest.approx(0.02)
    assert (inv.trace(0).level, inv.trace(0).factor_id) == ("own", "gas works")
    odd = {"energy_type": "pallet_repair", "consumption": 7, "unit": "pallet", "scope": 3, "category": 1, **YEAR}
    priced = odd | {"factor": {"value": 3, "unit": "kgCO2e/pallet", "source": "supplier"}}
    assert calc.calculate([priced]).scope3_t == pytest.approx(0.021)


def test_a_user_library_answers_before_the_packaged_one(calc):
    own = pd.DataFrame(
        [
            {
                "id": "park.gas",
                "energy_type": "natural_gas",
                "region": "CN",
                "value": 2.0,
                "unit": "kgCO2/Nm3",
                "document": "lab",
            }
        ]
    )
    merged = CarbonCalculator(FactorLibrary.default().merge(FactorLibrary.from_frame(own)))
    assert merged.calculate([GAS]).trace(0).factor_id == "park.gas"
    assert float(merged.calculate([GAS]).total_t()) == pytest.approx(200.0)
    assert merged.settings["factors"] != calc.settings["factors"]


def test_an_inventory_pickles_prints_and_is_the_facades(calc):
    inv = calc.calculate([POWER, GAS])
    assert isinstance(inv, Inventory)
    assert carbonost.Inventory is Inventory
    again = pickle.loads(pickle.dumps(inv))  # noqa: S301
    assert again.total_t() == inv.total_t()
    assert again.trace(1) == inv.trace(1)
    assert "Scope 2, market-based" in inv._repr_html_()
    assert json.loads(json.dumps(inv.to_dict(), default=str))["lines"] == 2
    assert inv["scope1_t"] == inv.scope1_t
    assert "2 lines" in repr(inv)


def test_time_zones_keep_the_date_on_the_wall(calc):
    stamps = pd.to_datetime(["2023-01-01 00:00"]).tz_localize("Asia/Shanghai")
    frame = pd.DataFrame([POWER]).assign(period_start=stamps, period_end=stamps)
    assert calc.calculate(frame).to_frame()["period_start"].dt.date.tolist() == [date(2023, 1, 1)]


def test_many_combinations_are_numbered_by_those_that_occur(calc):
    n = 400
    frame = pd.DataFrame([POWER] * n).assign(
        region=[f"CN-{code}" for code in ("JS", "ZJ", "GD", "BJ")] * (n // 4),
        category=[str(i) for i in range(n)],
        scope=2,
        unit=["kWh", "MWh"] * (n // 2),
    )
    inv = calc.calculate(frame)
    one_by_one = sum(float(calc.calculate(frame.iloc[[i]]).total_t()) for i in range(0, n, 40))
    assert inv.emissions_t[::40].sum() == pytest.approx(one_by_one)
    assert inv.by("category").shape[0] == n


def test_periods_are_read_split_and_counted():
    assert Period.of("2024-02").days == 29
    assert Period.of(2023).days == 365
    assert len(list(Period.of(2023).months())) == 12
    assert date(2023, 12, 31) in Period.of("2023")
    with pytest.raises(InputError, match="before it starts"):
        Period(date(2024, 1, 2), date(2024, 1, 1))
    with pytest.raises(InputError):
        Period.of("Q1")


def test_uncertainty_follows_shared_factors(calc):
    own = {"value": 0.5, "unit": "kgCO2e/kWh", "source": "s", "id": "one", "uncertainty_pct": 10.0}
    rows = [POWER | {"factor": own, "uncertainty_pct": 0.0} for _ in range(4)]
    assert calc.calculate(rows).uncertainty().pct == pytest.approx(10.0)
    apart = [POWER | {"factor": own | {"id": f"f{i}"}, "uncertainty_pct": 0.0} for i in range(4)]
    assert calc.calculate(apart).uncertainty().pct == pytest.approx(5.0)


def test_integer_and_missing_categories_are_words(calc):
    frame = calc.calculate(pd.DataFrame([POWER | {"category": 3, "scope": 3}, POWER | {"category": np.nan}])).to_frame()
    assert frame["category"].astype(object).where(frame["category"].notna(), None).tolist() == ["3", None]
    assert frame["scope"].tolist() == [3, 2]


def test_an_inventory_hands_the_pipeline_metrics_evidence_and_gaps(calc):
    inv = calc.calculate([POWER, GAS, GAS | {"consumption": -1}], errors="collect")
    body = json.loads(json.dumps(inv.to_envelope()))
    metrics = {name: metric["value"] for name, metric in body["metrics"].items()}
    assert metrics["total_tco2e_y"] == pytest.approx(
        metrics["S1_tco2e_y"] + metrics["S2_tco2e_y"] + metrics["S3_tco2e_y"]
    )
    assert any("公告2025年第47号" in item["id"] for item in body["evidence"])
    assert "row 2" in body["data_gaps"][0]["missing"]
    assert body["assumptions"]


@pytest.mark.parametrize(
    "change", [{}, {"consumption": [5.0, float("nan")]}, {"period_end": ["2023-12-31", "2022-01-01"]}]
)
def test_the_compiled_loop_gives_the_same_numbers_and_the_same_refusals(change):
    """numba is optional; where it is installed both ways agree to the last bit."""
    pytest.importorskip("numba")
    frame = pd.DataFrame([POWER, GAS | {"unit": "Nm3"}] * 50)
    for name, values in change.items():
        frame[name] = values * 50
    for name in ("period_start", "period_end"):
        frame[name] = pd.to_datetime(frame[name])
    slow, fast = (CarbonCalculator(accelerate=flag).calculate(frame, errors="collect") for flag in (False, True))
    np.testing.assert_array_equal(slow.emissions_t, fast.emissions_t)
    np.testing.assert_array_equal(slow.end_day, fast.end_day)
    assert slow.rejected["row"].tolist() == fast.rejected["row"].tolist()
    assert float(slow.total_t("market_based")) == float(fast.total_t("market_based"))
    assert fast.trace(0) == slow.trace(0)
    if not change:
        late = frame.assign(period_end=pd.Timestamp("2024-03-31"))
        slow, fast = (CarbonCalculator(accelerate=flag).calculate(late) for flag in (False, True))
        np.testing.assert_array_equal(np.sort(slow.emissions_t), np.sort(fast.emissions_t))
        assert len(fast) == len(slow) > len(late)


def test_a_factor_named_by_the_row_is_taken_with_its_own_place(calc):
    inv = calc.calculate([POWER | {"factor": "cn.grid.2021.national.average"}])
    assert (inv.trace(0).level, inv.trace(0).factor_id) == ("nation", "cn.grid.2021.national.average")
    assert float(inv.total_t()) == pytest.approx(556.8)


def test_threads_share_a_calculator_and_what_it_learned():
    calc = CarbonCalculator()
    tables = [
        [POWER | {"region": region, "period_start": f"{year}-01-01", "period_end": f"{year}-12-31"}]
        for region in ("CN-JS", "CN-ZJ", "CN-GD", "CN-BJ", "CN-SH", "CN-XZ")
        for year in (2021, 2022, 2023, 2024)
    ]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda rows: float(calc.calculate(rows).total_t()), tables * 3))
    alone = [float(CarbonCalculator().calculate(rows).total_t()) for rows in tables]
    assert together == alone * 3
    assert float(pickle.loads(pickle.dumps(calc)).calculate(tables[0]).total_t()) == alone[0]  # noqa: S301


def test_an_own_factor_of_electricity_says_in_its_trace_that_it_stands_in_both_totals(calc):
    own = {"value": 0.2, "unit": "kgCO2e/kWh", "source": "supplier"}
    year = {"period_start": "2023-01-01", "period_end": "2023-12-31"}
    row = {"energy_type": "electricity", "consumption": 1000, "unit": "kWh", "factor": own, **year}
    found = calc.calculate([row])
    assert found.scope2_location_t == found.scope2_market_t == pytest.approx(0.2)
    assert any("market-based alone" in words for words in found.trace(0).assumptions)


def test_an_empty_factor_asks_the_library_alone_and_beside_others(calc):
    year = {"period_start": "2023-01-01", "period_end": "2023-12-31"}
    plain = {"energy_type": "electricity", "consumption": 1000, "unit": "kWh", "region": "CN-JS", **year}
    empty = plain | {"factor": ""}
    assert calc.calculate([empty]).total_t() == calc.calculate([plain]).total_t()
    assert float(calc.calculate([plain, empty]).total_t()) == pytest.approx(
        2 * float(calc.calculate([plain]).total_t())
    )
