"""Datum conversions used on maps of mainland China.

WGS84 and CGCS2000 agree to centimetres and are treated as one. GCJ-02 shifts a point of mainland
China by some hundred metres; BD-09 shifts GCJ-02 once more. Both shifts are public closed
formulas; the way back is found by iteration, to better than 1e-9 degree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

Datum = Literal["WGS84", "CGCS2000", "GCJ02", "BD09"]

_KRASOVSKY_A: Final = 6378245.0  # m, the ellipsoid the GCJ-02 formula is written on
_KRASOVSKY_E2: Final = 0.00669342162296594323
_BD_TURN: Final = np.pi * 3000.0 / 180.0
CHINA_LON: Final = (72.004, 137.8347)
CHINA_LAT: Final = (0.8293, 55.8271)


def in_china(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Whether points lie in the rectangle where GCJ-02 is defined; (n,) bool as 0.0 or 1.0."""
    inside = (lon > CHINA_LON[0]) & (lon < CHINA_LON[1]) & (lat > CHINA_LAT[0]) & (lat < CHINA_LAT[1])
    return np.asarray(inside, dtype=np.float64)


def _gcj_shift(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    w2 = 1.0 - _KRASOVSKY_E2 * np.sin(phi) ** 2
    meridian = _KRASOVSKY_A * (1.0 - _KRASOVSKY_E2) / (w2 * np.sqrt(w2))
    normal = _KRASOVSKY_A / np.sqrt(w2)
    here = in_china(lon, lat)
    return here * np.degrees(east / (normal * np.cos(phi))), here * np.degrees(north / meridian)


def wgs84_to_gcj02(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shift WGS84 degrees to GCJ-02; points outside China stay where they are."""
    dlon, dlat = _gcj_shift(lon, lat)
    return lon + dlon, lat + dlat


def gcj02_to_bd09(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shift GCJ-02 degrees to BD-09."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_TURN)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def wgs84_to_bd09(lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shift WGS84 degrees to BD-09."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def to_wgs84(lon: FloatArray, lat: FloatArray, datum: Datum) -> tuple[FloatArray, FloatArray]:
    """Bring points to WGS84.

    Parameters
    ----------
    lon, lat : (n,) array of float [degree]
        Coordinates in `datum`.
    datum : {"WGS84", "CGCS2000", "GCJ02", "BD09"}
        What the coordinates are stated in.

    Returns
    -------
    (lon, lat) : two (n,) arrays of float [degree]
        In WGS84; the forward shift of the result gives the input to better than 1e-9 degree.

    Raises
    ------
    InputError
        If the datum is none of the four.
    """
    if datum in ("WGS84", "CGCS2000"):
        return lon, lat
    forward = {"GCJ02": wgs84_to_gcj02, "BD09": wgs84_to_bd09}.get(datum)
    if forward is None:
        raise InputError("unknown datum", field="datum", value=datum, remedy="Say one of WGS84, CGCS2000, GCJ02, BD09.")
    guess_lon, guess_lat = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    for _ in range(20):  # the shift is nearly constant over its own length, so this contracts fast
        there_lon, there_lat = forward(guess_lon, guess_lat)
        guess_lon, guess_lat = guess_lon + (lon - there_lon), guess_lat + (lat - there_lat)
    return guess_lon, guess_lat
