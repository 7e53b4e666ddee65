"""Yield of a photovoltaic roof, per kW of rated module power, in every interval of a year."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from carbonost._lazy import load
from carbonost.domain.alike import Alike
from carbonost.domain.arguments import finite, of_kind, one_of, scalar
from carbonost.engines.measures.library import MeasureLibrary
from carbonost.engines.measures.parameters import Parameter, parameter, parameters
from carbonost.engines.measures.sun import Irradiance, clear_sky_ghi, on_plane, split_diffuse, sun_position
from carbonost.errors import InputError, NaiveTimestampError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import FloatArray
    from carbonost.engines.measures.sun import Position

MODEL: Final = "typical year by latitude: clear sky scaled by one clear-sky index"
MEASURED: Final = "irradiance given for the site"
REFERENCE: Final = "yield_full_load_hours_jiangsu"
SKIES: Final = ("isotropic", "haydavies", "perez")
ALBEDO: Final = 0.0  # a roof's surroundings reflect little: the conservative end


@dataclass(frozen=True, eq=False)
class PvYield(Alike):
    """Output of one kW of modules.

    Attributes
    ----------
    profile : Series [kW/kW]
        Mean AC power in each interval, by its start.
    annual_kwh_per_kw : float [kWh/(kW a)]
        Over the index given, scaled to 8,760 h.
    low, high : float [kWh/(kW a)]
        What the basis supports.
    basis : str
        Which of the two models.
    clear_sky_index : float or None
        Share of the clear sky's light, for the model year.
    parameters : tuple of Parameter
        The rows used.
    """

    profile: pd.Series
    annual_kwh_per_kw: float
    low: float
    high: float
    basis: str
    clear_sky_index: float | None
    parameters: tuple[Parameter, ...]


def pv_yield(
    index: pd.DatetimeIndex,
    latitude: float,
    longitude: float,
    *,
    tilt_deg: float = 10.0,
    azimuth_deg: float = 180.0,
    ghi: FloatArray | Sequence[float] | None = None,
    dhi: FloatArray | Sequence[float] | None = None,
    dni: FloatArray | Sequence[float] | None = None,
    sky: str = "isotropic",
    clear_sky_index: float | None = None,
) -> PvYield:
    """Yield of a roof from irradiance, or from a model year where there is none.

    Parameters
    ----------
    index : (n,) DatetimeIndex
        Aware, regular, labelled by the interval's start.
    latitude, longitude : float [deg]
    tilt_deg, azimuth_deg : float [deg]
        From the horizontal; clockwise from north.
    ghi, dhi, dni : (n,) array of float [W/m2], optional
        Irradiance in each interval. With `ghi` alone the diffuse part follows Erbs. Without any,
        a clear sky by latitude is scaled by `clear_sky_index`: a smooth year of a stated model, good
        for an annual sum and a daily shape, not for the spread of days.
    sky : {"isotropic", "haydavies", "perez"}
        Model of the diffuse sky; the last two come from pvlib (extra ``optimize``).
    clear_sky_index : float, optional [-]
        Share of the clear sky's light over the year; by default the one that reproduces the published
        full-load hours (`reference_clear_sky_index`).

    Returns
    -------
    PvYield

    Raises
    ------
    InputError
        If irradiance has another length than the index, or is negative.

    Notes
    -----
    AC power = irradiance on the plane / 1000 W/m2 x product of (1 - loss) x inverter efficiency, at most 1.
    The losses are the PVWatts components, multiplied. Module temperature is not modelled: in a hot
    climate the result is high by a few percent. The ground reflects nothing.
    """
    for field, told in (("tilt_deg", tilt_deg), ("azimuth_deg", azimuth_deg)):
        scalar(told, field)
    one_of(sky, SKIES, "sky")
    hours = _step_hours(index)
    middle = index + pd.Timedelta(hours=hours / 2)
    position = sun_position(middle, latitude, longitude)
    rows = loss_rows()
    share = performance(rows)
    given = {"ghi": ghi, "dhi": dhi, "dni": dni, "clear_sky_index": clear_sky_index}
    _refuse_what_is_not_read({name for name, told in given.items() if told is not None})
    if ghi is None:
        k = reference_clear_sky_index() if clear_sky_index is None else scalar(clear_sky_index, "clear_sky_index")
        if not 0 < k <= 1.2:  # noqa: PLR2004 -- cloud edges aside, nothing is brighter than a clear sky
            raise InputError("must lie in (0, 1.2]", "clear_sky_index", k, "0.6 is 60 % of a clear sky.")
        light = split_diffuse(k * clear_sky_ghi(position.cos_zenith), position)
        anchors = (parameter("PV_ROOF", REFERENCE),) if clear_sky_index is None else ()
        basis = MODEL
    else:
        k, anchors, basis = None, (), MEASURED
        light = _given(ghi, dhi, dni, position)
    plane = _plane(light, position, tilt_deg, azimuth_deg, sky)
    power = np.minimum(plane / 1000.0 * share, 1.0)
    annual = float(power.sum() * hours * 8760.0 / (len(index) * hours))
    low, high = (annual, annual) if k is None else _spread(annual, k)
    profile = pd.Series(power, index=index, name="pv_kw_per_kw")
    return PvYield(profile, annual, low, high, basis, k, (*rows, *anchors))


def _refuse_what_is_not_read(given: set[str]) -> None:
    """Diffuse or direct light alone is no irradiance, and beside measured light no model is asked for one."""
    for name in sorted(given - {"ghi"}):
        if (name == "clear_sky_index") == ("ghi" in given):
            remedy = "Leave it out." if "ghi" in given else "Give ghi with it."
            raise InputError("is not read here", name, None, remedy)


def loss_rows() -> tuple[Parameter, ...]:
    """The PVWatts loss components and the inverter's efficiency."""
    components = [row for row in parameters("PV_ROOF", "loss_pct_") if row.name != "loss_pct_total_pvwatts"]
    return (*components, parameter("PV_ROOF", "inverter_efficiency"))


def performance(rows: tuple[Parameter, ...]) -> float:
    """AC energy per energy at rated conditions [-]: losses multiplied, never added."""
    *losses, inverter = rows
    return float(np.prod([1.0 - row.value / 100.0 for row in losses]) * inverter.value)


@lru_cache(maxsize=1)
def reference_clear_sky_index() -> float:
    """Clear-sky index at which the model year gives the published full-load hours of Jiangsu.

    The one Chinese yield at hand; a site elsewhere should give its irradiance or its own index.
    """
    wanted = parameter("PV_ROOF", REFERENCE).value
    chosen = MeasureLibrary.default().defaults
    latitude, longitude, tilt = (chosen[f"pv_reference_{name}_deg"].value for name in ("latitude", "longitude", "tilt"))
    index = pd.date_range("2025-01-01", "2026-01-01", freq="1h", inclusive="left", tz="Asia/Shanghai")
    low, high = 0.2, 1.0
    for _ in range(40):
        k = 0.5 * (low + high)
        got = pv_yield(index, latitude, longitude, tilt_deg=tilt, clear_sky_index=k).annual_kwh_per_kw
        low, high = (k, high) if got < wanted else (low, k)
    return 0.5 * (low + high)


def _spread(annual: float, k: float) -> tuple[float, float]:
    """Yield at the lowest and the highest clear-sky index there is a reason for."""
    chosen = MeasureLibrary.default().defaults
    low = min(k, chosen["clear_sky_index_low"].value)
    high = max(k, chosen["clear_sky_index_high"].value)
    return annual * low / k, annual * high / k


def _step_hours(index: pd.DatetimeIndex) -> float:
    of_kind(index, pd.DatetimeIndex, "index", "Give the stamps of the intervals.")
    if index.tz is None:
        raise NaiveTimestampError("stamps have no zone", field="index", remedy="Use tz_localize first.")
    stamps = index.as_unit("ns").asi8
    steps = np.diff(stamps)
    if steps.size == 0 or (steps <= 0).any() or (steps != steps[0]).any():
        raise InputError("must be regular and ascending", "index", None, "Give one stamp per interval.")
    return float(steps[0] / 3.6e12)


def _given(ghi: Any, dhi: Any, dni: Any, position: Position) -> Irradiance:
    parts = {"ghi": ghi, "dhi": dhi, "dni": dni}
    columns = {}
    for name, value in parts.items():
        if value is None:
            continue
        column = finite(value, name)
        if column.shape != position.cos_zenith.shape:
            problem = f"has {column.size} values for {position.cos_zenith.size} intervals"
            raise InputError(problem, name, None, "Give one value per interval.")
        if (column < 0).any():
            row = int(np.argmax(column < 0))
            raise InputError("must not be negative", name, float(column[row]), "Repair the series.", row)
        columns[name] = column
    split = split_diffuse(columns["ghi"], position)
    if "dhi" not in columns and "dni" not in columns:
        return split
    vertical = np.maximum(position.cos_zenith, np.cos(np.radians(87.0)))
    diffuse = columns.get("dhi")
    if diffuse is None:
        diffuse = np.maximum(columns["ghi"] - columns["dni"] * np.maximum(position.cos_zenith, 0.0), 0.0)
    beam = columns.get("dni")
    if beam is None:
        beam = np.where(position.cos_zenith > 0, np.maximum(columns["ghi"] - diffuse, 0.0) / vertical, 0.0)
    return Irradiance(columns["ghi"], diffuse, beam)


def _plane(light: Irradiance, position: Position, tilt_deg: float, azimuth_deg: float, sky: str) -> FloatArray:
    if sky == "isotropic":
        return on_plane(light, position, tilt_deg, azimuth_deg, ALBEDO)
    irradiance = load("pvlib.irradiance", f"the {sky} sky")
    zenith = np.degrees(np.arccos(np.clip(position.cos_zenith, -1.0, 1.0)))
    total = irradiance.get_total_irradiance(
        tilt_deg, azimuth_deg, zenith, np.degrees(position.azimuth), light.dni, light.ghi, light.dhi,
        dni_extra=position.extra_w_per_m2, albedo=ALBEDO, model=sky,
        airmass=load("pvlib.atmosphere", f"the {sky} sky").get_relative_airmass(zenith),
    )  # fmt: skip
    return np.nan_to_num(np.asarray(total["poa_global"], dtype=np.float64))
