"""Emissions from industrial processes."""

from __future__ import annotations

from math import fsum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from carbonost.engines.carbon.combustion import CO2_PER_C
from carbonost.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carbonost.domain.series import FloatArray


def carbonate_co2(
    mass_t: npt.ArrayLike, factor_t_per_t: npt.ArrayLike, purity: npt.ArrayLike = 1.0, calcined: npt.ArrayLike = 1.0
) -> FloatArray:
    r"""CO2 from the decomposition of a carbonate.

    Parameters
    ----------
    mass_t : (n,) array or float [t]
        Mass of the mineral as used.
    factor_t_per_t : (n,) array or float [tCO2/t]
        Of the pure carbonate, by stoichiometry.
    purity, calcined : (n,) array or float [-]
        Mass share of the carbonate in the mineral, and share of it that decomposes, 0 to 1.

    Returns
    -------
    (n,) array of float [tCO2]

    Raises
    ------
    InputError
        If a mass is negative or a share lies outside 0 to 1.

    Notes
    -----
    .. math:: E = \sum_i AD_i \cdot PUR_i \cdot EF_i \cdot \eta_i

    References
    ----------
    .. [1] IPCC, 2006 Guidelines, vol. 3, ch. 2, equation 2.14 (tier 3 by carbonate).

    Examples
    --------
    >>> carbonate_co2(np.array([1000.0]), 0.44, purity=0.9)
    array([396.])
    """
    mass, factor, share, done = (np.asarray(x, dtype=np.float64) for x in (mass_t, factor_t_per_t, purity, calcined))
    if np.any(mass < 0):
        raise InputError("a mass must not be negative", "mass_t", mass_t)
    for name, column in (("purity", share), ("calcined", done)):
        if np.any((column < 0) | (column > 1)):
            raise InputError("a share must lie between 0 and 1", name, remedy="95 % is 0.95.")
    return np.asarray(mass * factor * share * done, dtype=np.float64)


def carbon_balance_co2(inputs: Iterable[tuple[float, float]], outputs: Iterable[tuple[float, float]]) -> float:
    r"""CO2 from the carbon that goes in and does not come out as product or by-product.

    Parameters
    ----------
    inputs, outputs : iterable of (mass_t, carbon_t_per_t)
        Materials in; products, by-products and wastes out.

    Returns
    -------
    float [tCO2]

    Raises
    ------
    InputError
        If more carbon comes out than goes in.

    Notes
    -----
    .. math:: E = \left(\sum AD_{in} CC_{in} - \sum AD_{out} CC_{out}\right) \cdot \tfrac{44}{12}

    References
    ----------
    .. [1] GB/T 32150-2025, 6.5.2.3 (mass balance); NDRC iron and steel guideline, carbon fixed in products.

    Examples
    --------
    >>> round(carbon_balance_co2([(100.0, 0.9)], [(60.0, 0.05)]), 6)
    319.0
    """
    carbon_in = fsum(mass * content for mass, content in inputs)
    carbon_out = fsum(mass * content for mass, content in outputs)
    if carbon_out > carbon_in * (1 + 1e-12):
        raise InputError(
            f"{carbon_out:.6g} t of carbon come out but only {carbon_in:.6g} t go in",
            "outputs",
            remedy="A material is missing from the inputs, or a content is given in percent.",
        )
    return max(carbon_in - carbon_out, 0.0) * CO2_PER_C
