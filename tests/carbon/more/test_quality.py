"""Pedigree indicators beside the 0-1 score (S25)."""

import numpy as np
import pytest

from carbonost.engines.carbon.calculator import CarbonCalculator
from carbonost.engines.carbon.quality import INDICATORS, pedigree, pedigree_score, summarise, temporal
from carbonost.errors import InputError
from carbonost.factors.library import FactorLibrary

YEAR = {"period_start": "2023-01-01", "period_end": "2023-12-31", "region": "CN-JS"}
OWN = {"value": 3.1, "unit": "tCO2/t", "source": "laboratory"}
ROWS = [
    {"energy_type": "electricity", "consumption": 1e6, "unit": "kWh", **YEAR, "data_source": "meter"},
    {
        "energy_type": "electricity",
        "consumption": 1e6,
        "unit": "kWh",
        **YEAR,
        "region": "CN-XZ",
        "data_source": "estimated",
    },
    {"energy_type": "diesel", "consumption": 10.0, "unit": "t", **YEAR, "factor": OWN, "data_quality": 0.9},
]
INVENTORY = CarbonCalculator().calculate(ROWS)


def test_all_best_is_one_all_worst_is_nought_and_the_unknown_is_not_good():
    np.testing.assert_allclose(pedigree_score([[1] * 5, [5] * 5, [3] * 5, [1, 1, 1, 1, np.nan]]), [1, 0, 0.5, 0.8])
    for wrong in ([1, 1, 1], [0, 1, 1, 1, 1], [6, 1, 1, 1, 1]):
        with pytest.raises(InputError):
            pedigree_score(wrong)


def test_a_factor_ages():
    np.testing.assert_array_equal(temporal(2025, [2025, 2023, 2021, 2018, 2012, 2005, np.nan]), [1, 1, 2, 3, 4, 5, 5])


def test_each_line_is_judged_by_what_it_says_of_itself():
    told = pedigree(INVENTORY, FactorLibrary.default())
    assert told["reliability"].tolist() == [1, 4, 2]  # an amount that says nothing of itself is declared, not metered
    assert told["temporal"].tolist() == [1, 1, 1]
    assert told["geographical"].tolist() == [1, 3, 1]  # Tibet is answered by the nation
    assert told["technological"].tolist() == [3, 3, 1]
    assert told["data_quality"].tolist() == [1.0, 1.0, 0.9]
    assert told["score"].tolist() == pytest.approx([0.9, 0.65, 0.95])


def test_a_factor_of_no_known_year_is_not_good():
    heat = CarbonCalculator().calculate([{"energy_type": "heat", "consumption": 1.0, "unit": "GJ", **YEAR}])
    assert pedigree(heat)["temporal"].tolist() == [5]
    assert pedigree(INVENTORY)["temporal"].tolist() == [1, 1, 1]


def test_a_group_is_weighted_by_its_emissions():
    told = summarise(INVENTORY, FactorLibrary.default()).set_index("scope")
    tonnes, score = INVENTORY.emissions_t, pedigree(INVENTORY, FactorLibrary.default())["score"]
    assert told.loc[2, "score"] == pytest.approx((tonnes[:2] * score[:2]).sum() / tonnes[:2].sum())
    assert set(INDICATORS) <= set(told.columns)
    assert told["emissions_co2e"].sum() == pytest.approx(float(INVENTORY.total_t()))
