"""Bad activity data: refused by name, or returned beside the rest; nothing is lost (issue, Bad input)."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost import CarbonCalculator
from carbonost.domain.activity import ActivityData
from carbonost.errors import (
    AmbiguousUnitError,
    CarbonostError,
    FactorNotFoundError,
    FactorUseError,
    ImplausibleFactorError,
    InputError,
    InputErrors,
    OverclaimError,
    UnitError,
    UnknownEnergyTypeError,
    UnknownRegionError,
)

GOOD = {
    "energy_type": "electricity",
    "consumption": 1000.0,
    "unit": "kWh",
    "region": "CN-JS",
    "period_start": "2023-01-01",
    "period_end": "2023-12-31",
}
CALC = CarbonCalculator()
FUEL = GOOD | {"energy_type": "anthracite", "unit": "t"}


@pytest.fixture(scope="module")
def calc():
    return CarbonCalculator()


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"consumption": -1.0}, InputError, "consumption"),
        ({"consumption": float("nan")}, InputError, "consumption"),
        ({"consumption": float("inf")}, InputError, "consumption"),
        ({"consumption": "many"}, InputError, "consumption"),
        ({"consumption": None}, InputError, "consumption"),
        ({"period_end": "2022-12-31"}, InputError, "period_end"),
        ({"period_start": "soon"}, InputError, "period_start"),
        ({"period_start": None}, InputError, "period_start"),
        ({"region": "Atlantis"}, UnknownRegionError, "region"),
        ({"energy_type": "unobtainium"}, UnknownEnergyTypeError, "energy_type"),
        ({"energy_type": None}, InputError, "energy_type"),
        ({"unit": None}, InputError, "unit"),
        ({"unit": "kg"}, UnitError, "unit"),
        ({"unit": "kWhh"}, UnitError, "unit"),
        ({"energy_type": "natural_gas", "unit": "m3"}, AmbiguousUnitError, "unit"),
        ({"energy_type": "diesel", "unit": "L"}, UnitError, "unit"),
        ({"scope": 4}, InputError, "scope"),
        ({"energy_type": "electricity_baseline_om"}, FactorUseError, "energy_type"),
        ({"factor": "cn.baseline.2015.north.om"}, FactorUseError, "factor"),
        ({"factor": {"value": 5.3, "unit": "kgCO2/kWh", "source": "typo"}}, ImplausibleFactorError, "factor"),
        ({"factor": {"value": -1, "unit": "kgCO2/kWh", "source": "typo"}}, InputError, "factor.value"),
        ({"factor": 0.58}, InputError, "factor.factor"),
        ({"period_start": "2009-01-01", "period_end": "2009-12-31"}, FactorNotFoundError, "energy_type"),
        ({**FUEL, "parameters": {"carbon_t_per_gj": 0.274}}, ImplausibleFactorError, "parameters"),
        ({**FUEL, "parameters": {"oxidation_factor": 98}}, InputError, "parameters.oxidation_factor"),
        ({**FUEL, "energy_type": "caco3", "purity": 90.0}, InputError, "purity"),
    ],
)
def test_one_fault_raises_its_own_error_with_row_and_field(calc, change, error, field):
    with pytest.raises(error) as caught:
        calc.calculate([GOOD, GOOD | change])
    assert not isinstance(caught.value, InputErrors)
    assert (caught.value.row, caught.value.field) == (1, field)
    assert "row 1" in str(caught.value)
    twin = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 -- our own bytes
    assert str(twin) == str(caught.value) == str(copy.copy(caught.value))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"consumption": -1.0}, "InputError"),
        ({"region": "Atlantis"}, "UnknownRegionError"),
        ({"unit": "kg"}, "UnitError"),
    ],
)
def test_collecting_computes_the_rest_and_returns_the_refused_rows(calc, change, error):
    inv = calc.calculate([GOOD, GOOD | change, GOOD], errors="collect")
    assert inv.total_t() == pytest.approx(2 * 0.5827)
    assert inv.rejected[["row", "field", "error"]].to_numpy().tolist() == [[1, next(iter(change)), error]]
    assert set(inv.rejected) == {"row", "field", "value", "error", "message"}
    assert inv.to_frame()["row"].tolist() == [0, 2]
    assert inv.trace(2).factor_id == "cn.grid.2023.province.js"
    with pytest.raises(InputError, match="not in the inventory"):
        inv.trace(1)


def test_several_faults_come_together_each_with_its_row(calc):
    with pytest.raises(InputErrors) as caught:
        calc.calculate([GOOD | {"consumption": -1}, GOOD, GOOD | {"region": "Atlantis"}, GOOD | {"unit": "kg"}])
    assert [error.row for error in caught.value.exceptions] == [0, 2, 3]
    assert isinstance(caught.value, CarbonostError)
    assert "3 of 4" in str(caught.value)


def test_one_bad_row_among_a_hundred_thousand_is_named(calc):
    frame = pd.DataFrame({key: [value] * 100_000 for key, value in GOOD.items()})
    frame.loc[77_777, "consumption"] = np.nan
    with pytest.raises(InputError, match="row 77777, field 'consumption'"):
        calc.calculate(frame)
    inv = calc.calculate(frame, errors="collect")
    assert len(inv) == 99_999
    assert inv.rejected["row"].tolist() == [77_777]
    assert inv.total_t() == pytest.approx(99_999 * 0.5827)


def test_a_whole_bad_table_is_counted_to_the_last_row(calc):
    frame = pd.DataFrame({key: [value] * 3000 for key, value in GOOD.items()}).assign(consumption=-1.0)
    with pytest.raises(InputErrors, match="3000 of 3000"):
        calc.calculate(frame)
    inv = calc.calculate(frame, errors="collect")
    assert (len(inv), len(inv.rejected), float(inv.total_t())) == (0, 3000, 0.0)


def test_a_missing_column_is_named_with_the_nearest(calc):
    with pytest.raises(InputError, match="comsumption"):
        calc.calculate(pd.DataFrame([GOOD]).rename(columns={"consumption": "comsumption"}))
    with pytest.raises(InputError, match="Did you mean 'facility'"):
        calc.calculate([GOOD | {"facilty": "A"}])
    with pytest.raises(InputError, match="ActivityData"):
        calc.calculate([42])


def test_a_misspelt_field_is_refused_whatever_the_other_rows_say(calc):
    """S17: a slip in one row of a list, and one in a frame, name row and nearest field."""
    with pytest.raises(InputError, match=r"row 1, .*facilty.*Did you mean 'facility'"):
        calc.calculate([GOOD | {"facility": "A"}, GOOD | {"facilty": "B"}])
    with pytest.raises(InputError, match="Did you mean 'facility'"):
        calc.calculate(pd.DataFrame([GOOD]).assign(facilty="A"))


def test_a_further_column_with_words_of_its_own_stays(calc):
    frame = pd.DataFrame([GOOD]).assign(facility_name="forge", building="B1", my_region="south")
    assert calc.calculate(frame).by("facility_name", "building", "my_region")["facility_name"].tolist() == ["forge"]


def test_an_empty_table_is_an_empty_inventory(calc):
    inv = calc.calculate([])
    assert (len(inv), float(inv.total_t()), inv.scope1_t) == (0, 0.0, 0.0)
    assert inv.to_frame().empty
    assert "0 lines" in inv._repr_html_()
    assert inv.by("scope").empty


def test_activity_data_refuses_at_the_door():
    for change, field in (
        ({"consumption": -1}, "consumption"),
        ({"consumption": float("nan")}, "consumption"),
        ({"period_end": "2022-01-01"}, "period_end"),
        ({"purity": 2}, "purity"),
        ({"data_quality": 1.5}, "data_quality"),
        ({"data_source": "guess"}, "data_source"),
        ({"colour": "green"}, "colour"),
    ):
        with pytest.raises(InputError) as caught:
            ActivityData(**(GOOD | change))
        assert caught.value.field == field


def test_contracts_above_the_consumption_are_refused(calc):
    with pytest.raises(OverclaimError, match="1001 kWh"):
        calc.calculate([GOOD], contracts=[{"kind": "GEC", "energy_kwh": 1001}])
    with pytest.raises(OverclaimError):
        calc.calculate([GOOD], contracts=[{"kind": "GEC", "energy_kwh": 1, "facility": "elsewhere"}])
    with pytest.raises(OverclaimError):
        calc.calculate([GOOD], contracts=[{"kind": "GEC", "energy_kwh": 1, "vintage_year": 2022}])
    with pytest.raises(InputError):
        calc.calculate([GOOD], contracts=[{"kind": "raffle", "energy_kwh": 1}])


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"gwp": "AR7"}, "gwp"),
        ({"parameter_set": "gb-unknown"}, "parameter_set"),
        ({"vintage": "newest"}, "vintage"),
        ({"calculation_method": "IPCC_2060"}, "calculation_method"),
        ({"as_of": "yesterday"}, "as_of"),
    ],
)
def test_a_calculator_refuses_words_it_does_not_know(arguments, field):
    with pytest.raises(InputError) as caught:
        CarbonCalculator(**arguments)
    assert caught.value.field == field


def test_words_of_calls_are_refused_too(calc):
    with pytest.raises(InputError, match="location_based"):
        calc.calculate_scope2(1000, "CN-JS", method="spot_based")
    with pytest.raises(InputError, match="location_based"):
        calc.calculate([GOOD]).total_t("both")
    with pytest.raises(InputError, match="collect"):
        calc.calculate([GOOD], errors="ignore")
    with pytest.raises(InputError, match="belongs to scope 2"):
        calc.calculate_scope1([GOOD])
    with pytest.raises(InputError, match="scope="):
        calc.calculate([GOOD | {"energy_type": "my_own", "factor": {"value": 1, "unit": "kgCO2e/kWh", "source": "x"}}])


odd = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**12), st.floats(), st.text(max_size=6), st.dates().map(str),
    st.sampled_from(["CN-JS", 320500, 3e5, "kWh", "t", "L", "m3", "sf6", "1", 1, 3, pd.NaT, np.int64(2), b"x"]),
)  # fmt: skip


@settings(max_examples=80)
@given(
    st.dictionaries(st.sampled_from([*GOOD, "scope", "category", "purity", "factor", "parameters"]), odd, max_size=3)
)
def test_whatever_stands_in_a_cell_the_answer_is_a_number_or_our_own_error(change):
    row = GOOD | change
    try:
        inv = CALC.calculate([row])
    except CarbonostError:
        collected = CALC.calculate([GOOD, row], errors="collect")
        assert len(collected.rejected) == 1
        assert float(collected.total_t()) == pytest.approx(0.5827)
    else:
        assert np.isfinite(float(inv.total_t()))


def test_a_sheets_numeric_codes_are_read_as_codes(calc):
    assert calc.calculate([GOOD | {"region": 320500}]).trace(0).factor_id == "cn.grid.2023.province.js"
    assert calc.calculate(pd.DataFrame([GOOD | {"region": 320500.0, "scope": 2.0}])).scope2_location_t > 0
