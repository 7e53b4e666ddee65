"""Refrigerants and insulating gases that escape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from carbonost.errors import InputError

if TYPE_CHECKING:
    from carbonost.domain.series import FloatArray


def mass_balance_leak_kg(
    opening_kg: npt.ArrayLike,
    purchased_kg: npt.ArrayLike,
    sold_or_returned_kg: npt.ArrayLike,
    closing_kg: npt.ArrayLike,
    capacity_increase_kg: npt.ArrayLike = 0.0,
) -> FloatArray:
    r"""Gas that left the equipment during the year, from the stock book.

    Parameters
    ----------
    opening_kg, closing_kg : (n,) array or float [kg]
        Gas in storage (not in equipment) on the first and last day.
    purchased_kg, sold_or_returned_kg : (n,) array or float [kg]
        Into and out of the site during the year, in bulk or inside equipment.
    capacity_increase_kg : (n,) array or float [kg]
        Change of the equipment's full charge, new less retired; negative when capacity fell.

    Returns
    -------
    (n,) array of float [kg]

    Raises
    ------
    InputError
        If a stock or flow is negative or not finite, or the book gives a negative leak.

    Notes
    -----
    .. math:: E = (I_B - I_E) + P - S - \Delta C

    References
    ----------
    .. [1] IPCC, 2006 Guidelines, vol. 3, ch. 8, equation 8.2; US EPA, Direct Fugitive Emissions from
       Refrigeration (material balance method).

    Examples
    --------
    >>> mass_balance_leak_kg(100.0, 50.0, 10.0, 90.0, 20.0)
    array(30.)
    """
    named = {
        "opening_kg": opening_kg,
        "purchased_kg": purchased_kg,
        "sold_or_returned_kg": sold_or_returned_kg,
        "closing_kg": closing_kg,
    }
    for name, value in named.items():
        column = np.asarray(value, dtype=np.float64)
        if not (np.all(np.isfinite(column)) and np.all(column >= 0)):
            raise InputError(
                "must be finite and not negative", name, value, "Only capacity_increase_kg may be negative."
            )
    start, bought, left, end, growth = (
        np.asarray(x, dtype=np.float64)
        for x in (opening_kg, purchased_kg, sold_or_returned_kg, closing_kg, capacity_increase_kg)
    )
    leak = np.asarray(start + bought - left - end - growth, dtype=np.float64)
    if not np.all(leak >= 0):
        raise InputError(
            "the stock book gives a negative leak", "closing_kg", float(leak.min()), "Check the stocks and the charge."
        )
    return leak


def life_cycle_leak_kg(
    charge_new_kg: npt.ArrayLike,
    installation_loss: npt.ArrayLike,
    charge_in_use_kg: npt.ArrayLike,
    annual_leak: npt.ArrayLike,
    charge_retired_kg: npt.ArrayLike = 0.0,
    remaining: npt.ArrayLike = 1.0,
    recovered: npt.ArrayLike = 0.0,
) -> FloatArray:
    r"""Gas lost at filling, in use and at the end of life.

    Parameters
    ----------
    charge_new_kg, charge_in_use_kg, charge_retired_kg : (n,) array or float [kg]
        Charge of the equipment installed, operated and scrapped in the year.
    installation_loss, annual_leak, remaining, recovered : (n,) array or float [-]
        Shares, 0 to 1: lost at filling, lost per year, still inside at the end, recovered of that.

    Returns
    -------
    (n,) array of float [kg]

    Raises
    ------
    InputError
        If a charge is negative or a share lies outside 0 to 1.

    Notes
    -----
    .. math:: E = C_N k + C x + C_R p (1 - \eta_{rec})

    References
    ----------
    .. [1] IPCC, 2006 Guidelines, vol. 3, ch. 7, equations 7.12 to 7.14.

    Examples
    --------
    >>> round(float(life_cycle_leak_kg(100.0, 0.005, 1000.0, 0.1, 50.0, 0.8, 0.5)), 6)
    120.5
    """
    for name, share in (
        ("installation_loss", installation_loss),
        ("annual_leak", annual_leak),
        ("remaining", remaining),
        ("recovered", recovered),
    ):
        column = np.asarray(share, dtype=np.float64)
        if not (np.all(column >= 0) and np.all(column <= 1)):
            raise InputError("a share must lie between 0 and 1", name, share, "3 % is 0.03.")
    for name, charge in (
        ("charge_new_kg", charge_new_kg),
        ("charge_in_use_kg", charge_in_use_kg),
        ("charge_retired_kg", charge_retired_kg),
    ):
        column = np.asarray(charge, dtype=np.float64)
        if not (np.all(np.isfinite(column)) and np.all(column >= 0)):
            raise InputError("must be finite and not negative", name, charge)
    new, lost, used, rate, retired, inside, saved = (
        np.asarray(x, dtype=np.float64)
        for x in (
            charge_new_kg,
            installation_loss,
            charge_in_use_kg,
            annual_leak,
            charge_retired_kg,
            remaining,
            recovered,
        )
    )
    return np.asarray(new * lost + used * rate + retired * inside * (1 - saved), dtype=np.float64)
