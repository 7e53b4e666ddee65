"""Emissions from burning fuel.

Pure functions over columns: no factor look-up, no unit parsing, no I/O. Arguments arrive in the
unit their name ends with; `carbonost.units` brings them there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

CO2_PER_C: Final = 44 / 12
"""t CO2 per t carbon, with the molar masses as the guidelines round them."""


def combustion_co2(
    fuel: npt.ArrayLike, ncv_gj: npt.ArrayLike, carbon_t_per_gj: npt.ArrayLike, oxidation_factor: npt.ArrayLike
) -> FloatArray:
    r"""CO2 from a fuel's carbon content.

    Parameters
    ----------
    fuel : (n,) array or float [t, 10^4 Nm3, or any unit]
        Fuel burned, as received.
    ncv_gj : (n,) array or float [GJ per unit of `fuel`]
        Net calorific value on the basis of `fuel`; 1 where `fuel` already is energy in GJ (net).
    carbon_t_per_gj : (n,) array or float [tC/GJ]
        Carbon per unit of heat.
    oxidation_factor : (n,) array or float [-]
        Share of the carbon that oxidises, 0 to 1.

    Returns
    -------
    (n,) array of float [tCO2]
        NaN where any input is NaN.

    Raises
    ------
    InputError
        If a quantity is negative, or an oxidation factor lies outside 0 to 1.

    Notes
    -----
    .. math:: E = FC \cdot NCV \cdot CC \cdot OF \cdot \tfrac{44}{12}

    References
    ----------
    .. [1] GB/T 32150-2025, 7.5.2; the sector guidelines of GB/T 32151 print the same equation.
    .. [2] IPCC, 2006 Guidelines for National GHG Inventories, vol. 2, ch. 1, table 1.4.

    Examples
    --------
    Round numbers for the arithmetic, not factors to use:

    >>> combustion_co2(np.array([120.0]), 20.0, 0.025, 1.0)
    array([220.])
    """
    columns = [np.asarray(x, dtype=np.float64) for x in (fuel, ncv_gj, carbon_t_per_gj, oxidation_factor)]
    amount, ncv, carbon, oxidised = columns
    if np.any((oxidised < 0) | (oxidised > 1)):
        raise InputError("oxidation factor must lie between 0 and 1", "oxidation_factor", remedy="98 % is 0.98.")
    if any(np.any(column < 0) for column in columns):
        raise InputError("fuel, calorific value and carbon content must not be negative", "fuel")
    return np.asarray(amount * ncv * carbon * oxidised * CO2_PER_C, dtype=np.float64)
