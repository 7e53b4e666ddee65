"""The national zero-carbon-park method as annexes 3 and 4 of 发改环资〔2025〕910号 print it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carbonost.engines.carbon.park.gap import apply, roadmap, solve
from carbonost.engines.carbon.park.method import ParkBalance, ParkMethod, carbon_lost_t, heat_t, products_t
from carbonost.errors import InputError, OverclaimError

METHOD = ParkMethod.packaged()


def balance(**changes):
    facts = {
        "fuel_t": 20_000.0,
        "transformation_t": 0.0,
        "process_t": 5_000.0,
        "direct_kwh": 400e6,
        "green_kwh": 300e6,
        "rest_kwh": 100e6,
        "export_kwh": 0.0,
        "heat_t": 2_200.0,
        "fossil_heat_gj": 20_000.0,
        "energy_tce": 300_000.0,
        "power_tce_per_kwh": 0.0003,
    }
    return ParkBalance(**{**facts, **changes})


def test_the_figures_the_annexes_print():
    assert METHOD.power_kg_per_kwh == 0.8325
    assert METHOD.heat_t_per_gj == 0.11
    assert METHOD.transformation_oxidation == 1
    assert METHOD.direct_share_min == 0.5
    assert METHOD.guide == {
        "clean_energy_share": 0.9,
        "product_energy_grade": 2,
        "solid_waste_use_share": 0.8,
        "waste_heat_use_share": 0.5,
        "water_reuse_share": 0.8,
    }
    assert "910号" in METHOD.documents["power_fossil_kgco2_per_kwh"]


@pytest.mark.parametrize(
    ("energy_tce", "limit"),
    [(199_999.9, None), (200_000, 0.2), (999_999, 0.2), (1_000_000, 0.3), (5e6, 0.3), (np.nan, None)],
)
def test_the_limit_depends_on_annual_energy_and_small_parks_have_none(energy_tce, limit):
    assert METHOD.target(energy_tce) == limit


def test_a_park_by_hand():
    """20 000 fuel + 100 GWh · 0.8325 + 2 200 heat + 5 000 process = 110 450 t over 300 000 tce."""
    park = balance()
    assert park.power_t(METHOD) == pytest.approx(83_250)
    assert park.emissions_t(METHOD) == pytest.approx(110_450)
    assert park.intensity_t_per_tce(METHOD) == pytest.approx(110_450 / 300_000)
    assert park.direct_share() == 0.5


def test_carbon_that_is_transformed_is_what_goes_in_less_what_comes_out():
    assert carbon_lost_t([100.0, 20.0], [90.0]) == 30
    with pytest.raises(InputError, match="carbon does not appear"):
        carbon_lost_t([10.0], [11.0])


def test_heat_is_received_less_sent_out_each_at_its_own_factor():
    assert heat_t([100.0, 50.0, 40.0], [0.11, 0.0, 0.09], [False, False, True]) == pytest.approx(7.4)
    assert products_t([10.0, 2.0], [0.5, 3.0]) == 11


def test_what_closes_the_gap_is_solved():
    """Gap 110 450 - 0.2 · 300 000 = 50 450 t: 60.6 GWh of direct supply, or 50 450 t of process (there are 5 000)."""
    moves = solve(balance(), METHOD).set_index("move")
    assert moves.loc["direct_supply", "amount"] == pytest.approx(50_450 / 0.8325e-3)
    assert moves.loc["direct_supply", "feasible"]
    assert moves.loc["direct_supply", "intensity_after_t_per_tce"] == pytest.approx(0.2)
    assert moves.loc["nonfossil_heat", "amount"] == pytest.approx(50_450 / 0.11)
    assert not moves.loc["nonfossil_heat", "feasible"]
    assert not moves.loc["process_reduction", "feasible"]
    saving = moves.loc["power_saving", "amount"]
    assert (110_450 - saving * 0.8325e-3) / (300_000 - saving * 0.0003) == pytest.approx(0.2)


def test_the_plan_takes_the_moves_in_order_up_to_what_the_park_can_have():
    plan = solve(balance(), METHOD, {"direct_supply": 30e6, "green_power": 20e6, "power_saving": 0.0}).set_index("move")
    assert plan.loc[["direct_supply", "green_power", "power_saving"], "planned"].tolist() == [30e6, 20e6, 0.0]
    left = 50_450 - 50e6 * 0.8325e-3
    assert plan.loc["nonfossil_heat", "planned"] == 20_000
    assert plan.loc["process_reduction", "planned"] == pytest.approx(5_000)
    assert left - 2_200 - 5_000 > 0  # the plan stops short, and says so by what it has


@pytest.mark.parametrize("gone", ["fuel_t", "process_t", "rest_kwh", "heat_t", "energy_tce"])
def test_a_gap_anywhere_leaves_the_indicator_a_gap_and_nothing_to_solve(gone):
    park = balance(**{gone: np.nan})
    assert np.isnan(park.intensity_t_per_tce(METHOD))
    assert solve(park, METHOD).empty


def test_a_park_below_the_table_has_no_target_and_one_that_complies_nothing_to_do():
    assert solve(balance(energy_tce=150_000.0), METHOD).empty
    assert (solve(balance(energy_tce=900_000.0), METHOD)[["amount", "planned"]] == 0).all().all()


def test_saving_power_that_moves_a_park_to_the_stricter_limit_is_solved_for_that_limit():
    park = balance(energy_tce=1_000_100.0, rest_kwh=400e6, fuel_t=3_000.0)
    saving = solve(park, METHOD).set_index("move").loc["power_saving", "amount"]
    energy = park.energy_tce - saving * park.power_tce_per_kwh
    after = (park.emissions_t(METHOD) - saving * 0.8325e-3) / energy
    assert after == pytest.approx(METHOD.target(energy))


def test_a_roadmap_does_the_planned_moves_year_by_year():
    plan = [
        {"year": 2027, "move": "direct_supply", "amount": 40e6},
        {"year": 2026, "move": "nonfossil_heat", "amount": 10_000.0},
        {"year": 2027, "move": "power_saving", "amount": 20e6},
    ]
    told = roadmap(balance(), METHOD, plan).set_index("year")
    assert told.loc[2026, "emissions_t"] == pytest.approx(110_450 - 1_100)
    assert told.loc[2027, "emissions_t"] == pytest.approx(110_450 - 1_100 - 60e6 * 0.8325e-3)
    assert told.loc[2027, "energy_tce"] == pytest.approx(300_000 - 6_000)
    assert told.loc[2027, "direct_share"] == pytest.approx(440 / 780)
    assert told.loc[2027, "gap"] == pytest.approx(told.loc[2027, "intensity_t_per_tce"] - 0.2)


@pytest.mark.parametrize(
    ("move", "amount", "error"),
    [("direct_supply", 101e6, OverclaimError), ("prayer", 1.0, InputError), ("power_saving", -1.0, InputError)],
)
def test_a_move_the_park_cannot_make_is_refused(move, amount, error):
    with pytest.raises(error):
        apply(balance(), METHOD, move, amount)


kwh = st.floats(1e6, 5e9)
tonnes = st.floats(0, 1e6)


@given(kwh, kwh, st.floats(0, 1), st.floats(2e5, 5e6))
def test_each_kilowatt_hour_moved_to_direct_supply_lowers_the_indicator_by_the_fossil_factor(rest, direct, share, tce):
    """Law: 0.8325 kg per kWh over the energy, exactly; all power stays all power."""
    moved = rest * share
    before = balance(rest_kwh=rest, direct_kwh=direct, energy_tce=tce)
    after = balance(rest_kwh=rest - moved, direct_kwh=direct + moved, energy_tce=tce)
    fell = before.intensity_t_per_tce(METHOD) - after.intensity_t_per_tce(METHOD)
    assert fell == pytest.approx(moved * 0.8325e-3 / tce, rel=1e-6, abs=1e-12)


@given(tonnes, tonnes, kwh, st.floats(0, 1e8), st.floats(2e5, 5e6))
def test_taking_what_a_move_asks_for_reaches_the_limit(fuel, process, rest, heat_gj, tce):
    """Law: the solved amount, applied, meets the limit of the park it leaves behind."""
    park = balance(
        fuel_t=fuel, process_t=process, rest_kwh=rest, fossil_heat_gj=heat_gj, heat_t=heat_gj * 0.11, energy_tce=tce
    )
    moves = solve(park, METHOD)
    for move in moves[moves["feasible"] & (moves["amount"] > 0)].itertuples():
        energy = tce - move.amount * (park.power_tce_per_kwh if move.move == "power_saving" else 0)
        limit = METHOD.target(energy)
        done = apply(park, METHOD, move.move, move.amount)
        assert done.intensity_t_per_tce(METHOD) == pytest.approx(move.intensity_after_t_per_tce, rel=1e-9)
        if limit is not None:
            assert move.intensity_after_t_per_tce <= limit * (1 + 1e-9)
    planned = (
        moves["planned"] * moves["move"].map({"direct_supply": 0.8325e-3, "green_power": 0.8325e-3}).fillna(0)
    ).sum()
    assert planned <= park.rest_kwh * 0.8325e-3 * (1 + 1e-9)
