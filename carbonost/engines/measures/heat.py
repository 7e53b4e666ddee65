"""Heat that need not be bought: heat pumps by lift, waste heat by grade, electric boilers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.domain.arguments import finite, fit, scalar
from carbonost.engines.measures.parameters import Parameter, parameters
from carbonost.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from carbonost.domain.series import FloatArray

KELVIN: Final = 273.15
ATMOSPHERE_MPA: Final = 0.101325
_BOILING: Final = (
    0.11670521452767e4, -0.72421316703206e6, -0.17073846940092e2, 0.12020824702470e5, -0.32325550322333e7,
    0.14915108613530e2, -0.48232657361591e4, 0.40511340542057e6, -0.23855557567849, 0.65017534844798e3,
)  # fmt: skip
_SHEET: Final = re.compile(r"source (-?\d+)->(-?\d+) degC, sink <= (\d+) degC")


@dataclass(frozen=True, slots=True)
class CopPoint:
    """A published coefficient of performance with the temperatures it holds at [degC]."""

    parameter: Parameter
    source_out_c: float
    sink_c: float

    @property
    def carnot_share(self) -> float:
        """COP as a share of the ideal machine between source outlet and sink."""
        return self.parameter.value / float(carnot_cop(self.source_out_c, self.sink_c))


@dataclass(frozen=True, slots=True)
class Cop:
    """Coefficient of performance with the range of the data sheets.

    Attributes
    ----------
    value, low, high : float [-]
        At the median, the least and the greatest share of the ideal machine.
    points : tuple of CopPoint
        The sheets behind it.
    inside : bool
        Whether the lift lies within that of the sheets.
    """

    value: float
    low: float
    high: float
    points: tuple[CopPoint, ...]
    inside: bool


def carnot_cop(source_out_c: npt.ArrayLike, sink_c: npt.ArrayLike) -> FloatArray:
    r"""Ideal coefficient of performance :math:`T_{sink} / (T_{sink} - T_{source,out})`, temperatures in degC.

    Referred to the outlet of the source, because that is how cold the machine has to reach.
    """
    hot, cold = _kelvin(sink_c, "sink_c"), _kelvin(source_out_c, "source_out_c")
    fit(source_out_c=cold, sink_c=hot)
    if (hot <= cold).any():
        raise InputError("the sink must be hotter than the source", "sink_c", sink_c, "Exchange the heat directly.")
    return np.asarray(hot / (hot - cold))


def _kelvin(celsius: npt.ArrayLike, field: str) -> FloatArray:
    """Absolute temperatures; none lies at or below zero."""
    told = finite(celsius, field) + KELVIN
    if (told <= 0).any():
        raise InputError("lies below absolute zero", field, celsius, f"Give degrees Celsius, above {-KELVIN:g}.")
    return told


def heat_pump_cop(source_out_c: float, sink_c: float) -> Cop:
    """Coefficient of performance of an industrial heat pump.

    Parameters
    ----------
    source_out_c : float [degC]
        Temperature to which the source is cooled.
    sink_c : float [degC]
        Temperature of the heat delivered.

    Returns
    -------
    Cop

    Raises
    ------
    InputError
        If the sink is not hotter than the source, or a temperature lies below absolute zero.

    Notes
    -----
    COP = share x ideal. The share comes from the published sheets (annual averages), each referred
    to its own source outlet and sink: output temperature alone does not order them. A lift below the
    smallest published one is taken as that one: no sheet promises more. No lift gives less than 1,
    because the power itself becomes heat. Without a lift there is nothing to pump.

    Examples
    --------
    >>> cop = heat_pump_cop(20.0, 80.0)
    >>> cop.low <= cop.value <= cop.high
    True
    """
    scalar(source_out_c, "source_out_c")
    scalar(sink_c, "sink_c")
    carnot_cop(source_out_c, sink_c)
    points = cop_points()
    shares = np.array([point.carnot_share for point in points])
    lifts = [point.sink_c - point.source_out_c for point in points]
    ideal = float(carnot_cop(min(source_out_c, sink_c - min(lifts)), sink_c))
    return Cop(
        value=max(1.0, ideal * float(np.median(shares))),
        low=max(1.0, ideal * float(shares.min())),
        high=max(1.0, ideal * float(shares.max())),
        points=points,
        inside=min(lifts) <= sink_c - source_out_c <= max(lifts),
    )


@lru_cache(maxsize=1)
def cop_points() -> tuple[CopPoint, ...]:
    """Sheets that print source outlet and sink beside the coefficient of performance."""
    points = []
    for row in (*parameters("HP_HOTWATER", "cop_"), *parameters("HP_STEAM", "cop_")):
        found = _SHEET.search(row.basis)
        if found and row.usable:
            points.append(CopPoint(row, float(found[2]), float(found[3])))
    return tuple(points)


def saturation_temperature_c(pressure_mpa_abs: float) -> float:
    """Temperature at which water boils [degC].

    Parameters
    ----------
    pressure_mpa_abs : float [MPa]
        Absolute; a steam gauge shows 0.101325 less. 0.000611213 to 22.064 MPa.

    References
    ----------
    .. [1] IAPWS, "Revised Release on the IAPWS Industrial Formulation 1997" (R7-97(2012)), eq. 31.

    Examples
    --------
    >>> round(saturation_temperature_c(1.0) + 273.15, 6)
    453.035632
    """
    if not 0.000611213 <= scalar(pressure_mpa_abs, "pressure_mpa") <= 22.064:  # noqa: PLR2004 -- triple, critical point
        raise InputError("no saturated steam", "pressure_mpa", pressure_mpa_abs, "Give megapascal.")
    n = _BOILING
    beta = pressure_mpa_abs**0.25
    e = beta**2 + n[2] * beta + n[5]
    f = n[0] * beta**2 + n[3] * beta + n[6]
    g = n[1] * beta**2 + n[4] * beta + n[7]
    d = 2 * g / (-f - (f**2 - 4 * e * g) ** 0.5)
    return float((n[9] + d - ((n[9] + d) ** 2 - 4 * (n[8] + n[9] * d)) ** 0.5) / 2 - KELVIN)


def waste_heat_share(source_c: float, cold_inlet_c: float, pinch_k: float, reference_c: float) -> float:
    """Share of a waste stream's heat that a counterflow exchanger can hand over [-].

    Parameters
    ----------
    source_c : float [degC]
        Temperature of the stream.
    cold_inlet_c : float [degC]
        Where the stream it warms comes in.
    pinch_k : float [K]
        Smallest temperature difference.
    reference_c : float [degC]
        Temperature above which the stream's heat is stated.

    Returns
    -------
    float
        0 where the stream is not hot enough, at most 1.

    Examples
    --------
    >>> waste_heat_share(60.0, 20.0, 10.0, 20.0)
    0.75
    """
    told = {"source_c": source_c, "cold_inlet_c": cold_inlet_c, "reference_c": reference_c}
    for field, celsius in told.items():
        _kelvin(scalar(celsius, field), field)
    scalar(pinch_k, "pinch_k", least=0.0)
    if source_c <= reference_c:
        return 0.0
    return float(np.clip((source_c - cold_inlet_c - pinch_k) / (source_c - reference_c), 0.0, 1.0))
