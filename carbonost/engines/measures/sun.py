"""Where the sun stands and how bright a clear sky is: published formulas over columns, no data, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from carbonost.domain.checks import is_number
from carbonost.errors import InputError, NaiveTimestampError

if TYPE_CHECKING:
    import pandas as pd

    from carbonost.domain.series import FloatArray

SOLAR_CONSTANT_W_PER_M2: Final = 1366.1  # ASTM E490-00a, as pvlib takes it
_J2000_NS: Final = 946_728_000_000_000_000  # 2000-01-01 12:00 UTC
_DAY_NS: Final = 86_400_000_000_000


class Position(NamedTuple):
    """Sun over a site, each (n,).

    Cosine of the zenith angle [-], azimuth clockwise from north [rad], extraterrestrial normal
    irradiance [W/m2].
    """

    cos_zenith: FloatArray
    azimuth: FloatArray
    extra_w_per_m2: FloatArray


class Irradiance(NamedTuple):
    """Global horizontal, diffuse horizontal and direct normal irradiance [W/m2]; each (n,)."""

    ghi: FloatArray
    dhi: FloatArray
    dni: FloatArray


def sun_position(instants: pd.DatetimeIndex, latitude: float, longitude: float) -> Position:
    """Geometric position of the sun's centre, without refraction.

    Parameters
    ----------
    instants : (n,) DatetimeIndex
        Aware; the instant itself, so pass the middle of an interval.
    latitude, longitude : float [deg]
        WGS 84, north and east positive.

    Returns
    -------
    Position

    References
    ----------
    .. [1] The Astronomical Almanac, "Low-precision formulas for the Sun's coordinates" (about 0.01 deg,
       1950 to 2050).
    """
    if instants.tz is None:
        raise NaiveTimestampError("instants have no zone", field="instants", remedy="Use tz_localize first.")
    if not is_number(latitude) or not is_number(longitude):
        raise InputError("must be numbers", "latitude, longitude", (latitude, longitude), "Give degrees, WGS 84.")
    if not -90 <= latitude <= 90 or not -180 <= longitude <= 180:  # noqa: PLR2004 -- degrees
        raise InputError("is not on the globe", "latitude, longitude", (latitude, longitude), "Give degrees, WGS 84.")
    days = (instants.as_unit("ns").asi8 - _J2000_NS) / _DAY_NS
    anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    sidereal = np.radians(280.46061837 + 360.98564736629 * days + longitude)
    hour_angle = sidereal - ascension
    lat = np.radians(latitude)
    cos_zenith = np.sin(lat) * np.sin(declination) + np.cos(lat) * np.cos(declination) * np.cos(hour_angle)
    azimuth = np.arctan2(-np.sin(hour_angle), np.tan(declination) * np.cos(lat) - np.sin(lat) * np.cos(hour_angle)) % (
        2 * np.pi
    )
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    return Position(np.asarray(cos_zenith), np.asarray(azimuth), np.asarray(SOLAR_CONSTANT_W_PER_M2 / distance**2))


def clear_sky_ghi(cos_zenith: FloatArray) -> FloatArray:
    r"""Global horizontal irradiance under a clear sky [W/m2].

    Notes
    -----
    .. math:: GHI = 1098 \cos\theta \exp(-0.059/\cos\theta), \qquad 0 \text{ below the horizon}

    References
    ----------
    .. [1] B. Haurwitz, "Insolation in relation to cloudiness and cloud density", J. Meteorology 2 (1945);
       constants as in ``pvlib.clearsky.haurwitz``, against which the tests hold it.
    """
    up = cos_zenith > 0
    safe = np.where(up, cos_zenith, 1.0)
    return np.where(up, 1098.0 * safe * np.exp(-0.059 / safe), 0.0)


def split_diffuse(ghi: FloatArray, position: Position) -> Irradiance:
    """Split global into diffuse and direct by the clearness index.

    Parameters
    ----------
    ghi : (n,) array of float [W/m2]
    position : Position

    Returns
    -------
    Irradiance

    References
    ----------
    .. [1] D. G. Erbs, S. A. Klein and J. A. Duffie, "Estimation of the diffuse radiation fraction for
       hourly, daily and monthly-average global radiation", Solar Energy 28 (1982).
    """
    up = position.cos_zenith > 0
    horizon = position.extra_w_per_m2 * np.maximum(
        position.cos_zenith, 0.065
    )  # as pvlib: near the horizon kt is not defined
    kt = np.clip(ghi / horizon, 0.0, 1.0)
    middle = 0.9511 - 0.1604 * kt + 4.388 * kt**2 - 16.638 * kt**3 + 12.336 * kt**4
    share = np.where(kt <= 0.22, 1.0 - 0.09 * kt, np.where(kt > 0.8, 0.165, middle))  # noqa: PLR2004 -- Erbs's own
    dhi = ghi * share
    low = position.cos_zenith < np.cos(np.radians(87.0))  # a direct beam this low is numerically unsafe
    dni = np.where(up & ~low, (ghi - dhi) / np.maximum(position.cos_zenith, 1e-3), 0.0)
    return Irradiance(ghi, dhi, np.asarray(dni))


def on_plane(light: Irradiance, position: Position, tilt_deg: float, azimuth_deg: float, albedo: float) -> FloatArray:
    """Irradiance on a tilted plane under an isotropic sky [W/m2].

    Parameters
    ----------
    light, position
        Of the same instants.
    tilt_deg : float [deg]
        From the horizontal, 0 to 90.
    azimuth_deg : float [deg]
        Where the plane faces, clockwise from north.
    albedo : float [-]
        Share the ground reflects.

    Returns
    -------
    (n,) array of float [W/m2]

    References
    ----------
    .. [1] B. Y. H. Liu and R. C. Jordan, "The long-term average performance of flat-plate solar-energy
       collectors", Solar Energy 7 (1963).
    """
    if not 0 <= tilt_deg <= 90:  # noqa: PLR2004 -- degrees
        raise InputError("must lie in [0, 90]", "tilt_deg", tilt_deg, "0 lies flat, 90 stands upright.")
    tilt, facing = np.radians(tilt_deg), np.radians(azimuth_deg)
    sin_zenith = np.sqrt(np.maximum(0.0, 1.0 - position.cos_zenith**2))
    incidence = position.cos_zenith * np.cos(tilt) + sin_zenith * np.sin(tilt) * np.cos(position.azimuth - facing)
    beam = light.dni * np.where(position.cos_zenith > 0, np.maximum(incidence, 0.0), 0.0)
    sky = light.dhi * 0.5 * (1.0 + np.cos(tilt))
    ground = light.ghi * albedo * 0.5 * (1.0 - np.cos(tilt))
    return np.asarray(beam + sky + ground)
