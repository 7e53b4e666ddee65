"""Scope 3: fifteen categories, packaged factors borrowed only by name (S20)."""

import numpy as np
import pandas as pd
import pytest

from carbonost.engines.carbon import scope3
from carbonost.engines.carbon.calculator import CarbonCalculator
from carbonost.errors import FactorNotFoundError, InputError
from carbonost.factors.library import FactorLibrary

LIBRARY = FactorLibrary.default()
GB = {"region": "GB"}
CALC = CarbonCalculator()


def computed(rows, **options):
    return CALC.calculate(scope3.prepare(rows, LIBRARY, **options))


def test_every_common_activity_has_a_packaged_factor_that_computes():
    for name, activity in scope3.ACTIVITIES.items():
        factor = LIBRARY.get(f"uk.desnz.2025.{activity.code}_1")
        row = {"energy_type": name, "consumption": 1000.0, "unit": factor.unit.partition("/")[2], **GB}
        row |= {"period_start": "2025-01-01", "period_end": "2025-12-31"}
        inventory = computed([row])
        assert inventory.scope3_t == pytest.approx(factor.value, rel=1e-9), name  # kg per unit = t per 1000 units


def test_a_foreign_factor_is_borrowed_only_by_name_and_the_row_says_so():
    row = scope3.travel("flight_domestic", 1, 1000.0, 2025, region="CN-JS")
    with pytest.raises(FactorNotFoundError, match="flight_domestic"):
        scope3.prepare([row], LIBRARY)
    borrowed = scope3.prepare([row], LIBRARY, borrow="GB")[0]
    assert borrowed["borrowed_from"] == "GB, for CN-JS"
    frame = CALC.calculate([borrowed]).to_frame()
    assert frame.loc[0, "borrowed_from"] == "GB, for CN-JS"


def test_the_calculator_takes_common_names_and_borrows_when_told():
    row = {"energy_type": "短途航班", "consumption": 1000, "unit": "passenger.km", "region": "CN"}
    row |= {"period_start": "2025-03-01", "period_end": "2025-03-02"}
    result = CALC.calculate_scope3([row], borrow="GB")[0]
    assert (result.scope, float(result.emissions_co2e)) == (3, pytest.approx(0.12786))
    with pytest.raises(FactorNotFoundError):
        CALC.calculate_scope3([row])


def test_money_is_deflated_to_the_factors_year_before_it_is_multiplied():
    factor = {"value": 0.2, "unit": "kgCO2e/CNY", "source": "own study 2020"}
    row = scope3.spend("consulting", 1_100_000.0, factor, 2025, price_index=1.1)
    assert computed([row]).scope3_t == pytest.approx(200.0)
    with pytest.raises(InputError, match="price_index"):
        scope3.spend("consulting", 1.0, factor, 2025, price_index=0.0)


def test_commuters_travel_both_ways_and_share_cars():
    rows = scope3.commuting(100, 10.0, 220, {"metro": 0.5, "car_petrol": 0.4}, 2025, per_car=1.25, **GB)
    assert [(r["energy_type"], r["consumption"], r["unit"]) for r in rows] == [
        ("metro", 220_000.0, "passenger.km"),
        ("car_petrol", pytest.approx(140_800.0), "km"),
    ]
    assert computed(rows).scope3_t == pytest.approx((220_000 * 0.0278 + 140_800 * 0.16272) / 1000)
    with pytest.raises(InputError, match="sum to at most 1"):
        scope3.commuting(100, 10.0, 220, {"metro": 0.7, "bus": 0.4}, 2025)


def test_fuel_and_electricity_bring_their_upstream():
    year = {"period_start": "2025-01-01", "period_end": "2025-12-31", **GB}
    rows = scope3.upstream_energy(
        [
            {"energy_type": "electricity", "consumption": 1e6, "unit": "kWh", **year},
            {"energy_type": "mobile_diesel", "consumption": 10.0, "unit": "t", **year},
            {"energy_type": "caco3", "consumption": 1.0, "unit": "t", **year},
        ],
        LIBRARY,
    )
    assert [row["upstream_of"] for row in rows] == ["electricity"] * 3 + ["diesel"]
    expected = 1e3 * (0.0459 + 0.01853 + 0.00397) + 10 * 0.73364436
    inventory = computed(rows)
    assert inventory.scope3_t == pytest.approx(expected, rel=1e-6)
    assert scope3.screen(inventory).set_index("category").loc[3, "emissions_t"] == pytest.approx(expected, rel=1e-6)


def test_upstream_is_borrowed_abroad_and_a_carrier_without_one_is_named():
    year = {"period_start": "2025-01-01", "period_end": "2025-12-31", "region": "CN-JS"}
    diesel = {"energy_type": "diesel", "consumption": 10.0, "unit": "t", **year}
    coal = {"energy_type": "anthracite", "consumption": 10.0, "unit": "t", **year}
    rows = scope3.upstream_energy([diesel], LIBRARY)
    with pytest.raises(FactorNotFoundError):
        computed(rows)
    assert computed(rows, borrow="GB").scope3_t == pytest.approx(7.3364436)
    with pytest.raises(FactorNotFoundError, match="upstream of anthracite"):
        scope3.upstream_energy([diesel, coal], LIBRARY)
    assert len(scope3.upstream_energy([diesel, coal], LIBRARY, without=("anthracite",))) == 1


def test_the_users_own_library_answers_before_anything_is_borrowed():
    own = pd.DataFrame(
        {
            "id": ["own.flight"],
            "energy_type": [LIBRARY.get("uk.desnz.2025.21_316_3160_11_1").energy_type],
            "region": ["CN"],
            "value": [0.1],
            "unit": ["kgCO2e/passenger.km"],
            "gas": ["CO2e"],
        }
    )
    library = LIBRARY.merge(FactorLibrary.from_frame(own))
    row = scope3.travel("flight_domestic", 1, 1000.0, 2025, region="CN-JS")
    prepared = scope3.prepare([row], library, borrow="GB")
    assert "borrowed_from" not in prepared[0]
    assert CarbonCalculator(library).calculate(prepared).scope3_t == pytest.approx(0.1)


def test_all_fifteen_categories_are_told():
    inventory = computed([scope3.travel("rail", 10, 100.0, 2025, **GB)])
    told = scope3.screen(inventory, {14: "no franchises"}, {11: "products are intermediate"}).set_index("category")
    assert list(told.index) == list(range(1, 16))
    assert told["status"].value_counts().to_dict() == {"not_assessed": 13, "computed": 1, "not_relevant": 1}
    assert told.loc[14, "reason"] == "no franchises"
    assert told.loc[2, "reason"] == "no activity data given"
    assert told["emissions_t"].sum() == pytest.approx(inventory.scope3_t)
    assert np.isnan(told.loc[14, "emissions_t"])


@pytest.mark.parametrize(
    "declared", [{"not_relevant": {6: "we walk"}}, {"not_assessed": {16: "?"}}, {"not_relevant": {2: " "}}]
)
def test_a_declaration_that_contradicts_the_figures_is_refused(declared):
    lines = pd.DataFrame({"scope": [3], "category": ["6"], "emissions_co2e": [1.0]})
    with pytest.raises(InputError):
        scope3.screen(lines, **declared)


def test_a_line_without_a_category_is_refused():
    with pytest.raises(InputError, match="category"):
        scope3.screen(pd.DataFrame({"scope": [3], "category": [None], "emissions_co2e": [1.0]}))
    with pytest.raises(InputError, match="category"):
        scope3.prepare([{"energy_type": "magic", "factor": {"value": 1.0}}], LIBRARY)


def test_packaged_carriers_know_their_category():
    assert [
        scope3.category_of(name) for name in ("wtt_fuels_x", "material_use_metal", "hotel_stay_japan", "electricity")
    ] == [3, 1, 6, None]
