import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carbonost.engines.measures import parameter, pv_yield
from carbonost.engines.measures.pv import loss_rows, performance, reference_clear_sky_index
from carbonost.engines.measures.sun import clear_sky_ghi, on_plane, split_diffuse, sun_position
from carbonost.errors import InputError, NaiveTimestampError

YEAR = pd.date_range("2025-01-01", "2026-01-01", freq="1h", inclusive="left", tz="Asia/Shanghai")
MIDDLE = YEAR + pd.Timedelta("30min")
PLACES = [(31.4, 120.7), (43.8, 87.6), (22.5, 114.1), (-33.9, 18.4), (69.6, 18.9), (0.0, -78.0)]


@pytest.mark.parametrize(("latitude", "longitude"), PLACES)
def test_the_sun_stands_where_pvlib_puts_it(latitude, longitude):
    from pvlib.solarposition import get_solarposition

    ours = sun_position(MIDDLE, latitude, longitude)
    theirs = get_solarposition(MIDDLE, latitude, longitude)
    assert np.abs(np.degrees(np.arccos(ours.cos_zenith)) - theirs["zenith"].to_numpy()).max() < 0.02
    up = (theirs["zenith"].to_numpy() < 89) & (theirs["zenith"].to_numpy() > 5)
    turn = np.degrees(ours.azimuth) - theirs["azimuth"].to_numpy()
    assert np.abs((turn[up] + 180) % 360 - 180).max() < 0.2


def test_light_and_plane_agree_with_pvlib():
    from pvlib import clearsky, irradiance
    from pvlib.solarposition import get_solarposition

    theirs = get_solarposition(MIDDLE, 31.4, 120.7)
    ours = sun_position(MIDDLE, 31.4, 120.7)
    clear = clear_sky_ghi(ours.cos_zenith)
    haurwitz = clearsky.haurwitz(theirs["zenith"])["ghi"].to_numpy()
    assert np.abs(clear - haurwitz).max() < 0.5  # W/m2
    light = split_diffuse(0.6 * clear, ours)
    erbs = irradiance.erbs(0.6 * clear, theirs["zenith"].to_numpy(), MIDDLE.day_of_year.to_numpy())
    assert np.abs(light.dhi - erbs["dhi"]).max() < 1.5
    plane = irradiance.get_total_irradiance(
        25, 150, theirs["zenith"], theirs["azimuth"], light.dni, light.ghi, light.dhi, albedo=0.2, model="isotropic"
    )["poa_global"].to_numpy()
    assert np.abs(on_plane(light, ours, 25, 150, 0.2) - plane).max() < 0.1


def test_a_flat_plane_sees_the_global_light():
    position = sun_position(MIDDLE, 31.4, 120.7)
    light = split_diffuse(0.6 * clear_sky_ghi(position.cos_zenith), position)
    high = position.cos_zenith > np.cos(np.radians(86))
    np.testing.assert_allclose(on_plane(light, position, 0, 180, 0.2)[high], light.ghi[high], rtol=1e-9)


def test_nothing_shines_at_night():
    made = pv_yield(YEAR, 31.4, 120.7, tilt_deg=30)
    night = sun_position(MIDDLE, 31.4, 120.7).cos_zenith < -0.05
    assert (made.profile.to_numpy()[night] == 0).all()
    assert (made.profile >= 0).all()
    assert made.profile.max() <= 1.0


def test_the_model_year_gives_the_published_hours_where_they_are_published():
    """P59: the one Chinese yield at hand anchors the model, and says that it is second-hand."""
    row = parameter("PV_ROOF", "yield_full_load_hours_jiangsu")
    made = pv_yield(YEAR, 32.9, 119.5, tilt_deg=25)
    assert made.annual_kwh_per_kw == pytest.approx(row.value, rel=1e-6)
    assert row in made.parameters
    assert row.status == "secondary"
    assert made.low < made.annual_kwh_per_kw < made.high
    assert 0.4 < reference_clear_sky_index() < 0.7


def test_losses_are_multiplied_never_added():
    rows = loss_rows()
    total = parameter("PV_ROOF", "loss_pct_total_pvwatts").value
    assert performance(rows) == pytest.approx((1 - total / 100) * rows[-1].value, abs=5e-5)
    assert all(row.usable for row in rows)


def test_given_irradiance_is_used_as_given():
    flat = np.full(len(YEAR), 500.0)
    made = pv_yield(YEAR, 31.4, 120.7, tilt_deg=0.0, ghi=flat, dhi=flat)
    np.testing.assert_allclose(made.profile, 0.5 * performance(loss_rows()))
    assert made.basis.startswith("irradiance given")
    assert made.low == made.high == made.annual_kwh_per_kw
    assert made.clear_sky_index is None


def test_direct_light_alone_or_beside_global_is_enough():
    position = sun_position(MIDDLE, 31.4, 120.7)
    ghi = 0.6 * clear_sky_ghi(position.cos_zenith)
    light = split_diffuse(ghi, position)
    by_parts = pv_yield(YEAR, 31.4, 120.7, ghi=ghi, dni=light.dni, dhi=light.dhi)
    by_beam = pv_yield(YEAR, 31.4, 120.7, ghi=ghi, dni=light.dni)
    assert by_beam.annual_kwh_per_kw == pytest.approx(by_parts.annual_kwh_per_kw, rel=2e-3)


@pytest.mark.parametrize("sky", ["haydavies", "perez"])
def test_the_skies_of_pvlib_see_a_little_more_than_an_isotropic_one(sky):
    plain = pv_yield(YEAR, 31.4, 120.7, tilt_deg=25).annual_kwh_per_kw
    other = pv_yield(YEAR, 31.4, 120.7, tilt_deg=25, sky=sky).annual_kwh_per_kw
    assert 1.0 < other / plain < 1.08


def test_quarter_hours_and_hours_make_the_same_year():
    quarters = pd.date_range("2025-01-01", "2026-01-01", freq="15min", inclusive="left", tz="Asia/Shanghai")
    hourly = pv_yield(YEAR, 31.4, 120.7).annual_kwh_per_kw
    assert pv_yield(quarters, 31.4, 120.7).annual_kwh_per_kw == pytest.approx(hourly, rel=2e-3)


def test_a_leap_year_is_counted_as_a_year():
    leap = pd.date_range("2024-01-01", "2025-01-01", freq="1h", inclusive="left", tz="Asia/Shanghai")
    assert pv_yield(leap, 31.4, 120.7).annual_kwh_per_kw == pytest.approx(
        pv_yield(YEAR, 31.4, 120.7).annual_kwh_per_kw, rel=2e-3
    )


@settings(max_examples=15)
@given(st.floats(-60, 60), st.floats(0.3, 0.9))
def test_more_light_never_makes_less_on_a_flat_roof(latitude, k):
    """Flat only: a roof that faces away from the sun lives on haze, and loses by a clearer sky."""
    some = pv_yield(YEAR, latitude, 100.0, tilt_deg=0.0, clear_sky_index=k)
    more = pv_yield(YEAR, latitude, 100.0, tilt_deg=0.0, clear_sky_index=k + 0.1)
    assert more.annual_kwh_per_kw > some.annual_kwh_per_kw > 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"latitude": 95.0}, "latitude, longitude"),
        ({"tilt_deg": 120.0}, "tilt_deg"),
        ({"ghi": [1.0, 2.0]}, "ghi"),
        ({"ghi": np.full(len(YEAR), -1.0)}, "ghi"),
        ({"ghi": np.full(len(YEAR), np.nan)}, "ghi"),
        ({"sky": "blue"}, "sky"),
        ({"clear_sky_index": 2.0}, "clear_sky_index"),
        ({"index": YEAR[[0, 1, 3]]}, "index"),
        ({"index": YEAR[:1]}, "index"),
    ],
)
def test_impossible_inputs_are_named(change, field):
    with pytest.raises(InputError) as refused:
        pv_yield(**{"index": YEAR, "latitude": 31.4, "longitude": 120.7, **change})
    assert refused.value.field == field


def test_stamps_without_a_zone_are_refused():
    with pytest.raises(NaiveTimestampError):
        pv_yield(YEAR.tz_localize(None), 31.4, 120.7)
    with pytest.raises(NaiveTimestampError):
        sun_position(YEAR.tz_localize(None), 31.4, 120.7)
