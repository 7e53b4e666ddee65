"""Purchased heat and steam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray

FEED_WATER_KJ_PER_KG: Final = 83.74
"""Enthalpy of water at 20 °C [kJ/kg], the reference of the guidelines' steam equation."""


def steam_energy_gj(
    mass_t: npt.ArrayLike,
    enthalpy_kj_per_kg: npt.ArrayLike,
    reference_enthalpy_kj_per_kg: npt.ArrayLike = FEED_WATER_KJ_PER_KG,
) -> FloatArray:
    r"""Heat carried by steam or hot water above its reference.

    Parameters
    ----------
    mass_t : (n,) array or float [t]
    enthalpy_kj_per_kg : (n,) array or float [kJ/kg]
        Of the steam at its pressure and temperature, from steam tables.
    reference_enthalpy_kj_per_kg : (n,) array or float [kJ/kg]
        Of the returned or supplied water.

    Returns
    -------
    (n,) array of float [GJ]

    Raises
    ------
    InputError
        If a mass is negative, or the steam is no hotter than its reference.

    Notes
    -----
    .. math:: AD = Ma \cdot (En - 83.74) \cdot 10^{-3}

    References
    ----------
    .. [1] GB/T 32150-2025, 7.5.7; NDRC sector guidelines, equation for purchased steam.

    Examples
    --------
    >>> steam_energy_gj(1000.0, 2783.74)
    array(2700.)
    """
    mass, enthalpy, reference = (
        np.asarray(x, dtype=np.float64) for x in (mass_t, enthalpy_kj_per_kg, reference_enthalpy_kj_per_kg)
    )
    if not (np.all(np.isfinite(mass)) and np.all(mass >= 0)):
        raise InputError("a mass of steam must be finite and not negative", "mass_t", mass_t)
    if not np.all(enthalpy > reference):
        raise InputError(
            "the steam's enthalpy must exceed its reference",
            "enthalpy_kj_per_kg",
            enthalpy_kj_per_kg,
            "Give the specific enthalpy from steam tables in kJ/kg, near 2 700 for saturated steam.",
        )
    return np.asarray(mass * (enthalpy - reference) / 1000, dtype=np.float64)
