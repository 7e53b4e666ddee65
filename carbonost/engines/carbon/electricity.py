"""Purchased electricity: location-based, and market-based through the contracts behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from carbonost.domain.activity import CONTRACT_ORDER, Contract
from carbonost.errors import OverclaimError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carbonost.domain.series import BoolArray, FloatArray

_EPOCH: Final = date(1970, 1, 1)
_SLACK: Final = 1e-9  # relative: a certificate for exactly the metered energy is not an overclaim


@dataclass(frozen=True, eq=False)
class ContractUse:
    """What the contracts cover of each row.

    Attributes
    ----------
    covered_kwh : (n,) array of float [kWh]
        Electricity of the row that some contract covers.
    covered_t : (n,) array of float [tCO2e]
        Emissions of that part, at the contracts' own factors.
    by_contract : list of (Contract, float)
        Each contract with the energy it served, in the order of use [kWh].
    """

    covered_kwh: FloatArray
    covered_t: FloatArray
    by_contract: list[tuple[Contract, float]]


def allocate_contracts(
    energy_kwh: FloatArray,
    start_day: npt.NDArray[np.integer],
    end_day: npt.NDArray[np.integer],
    contracts: Sequence[Contract],
    facility: npt.NDArray[np.object_] | None = None,
) -> ContractUse:
    """Allocate contracts to consumption: direct supply, then PPA, then certificates, then the supplier's factor.

    Within a kind the contract with the least consumption to serve goes first. Each serves the rows
    of its facility and its validity in proportion to what they still need; a row that reaches
    beyond the validity is served for the share of its days inside.

    Parameters
    ----------
    energy_kwh : (n,) array of float [kWh]
    start_day, end_day : (n,) array of int [days since 1970-01-01]
        First and last day of each row, both inside.
    contracts : sequence of Contract
    facility : (n,) array of str or None

    Returns
    -------
    ContractUse

    Raises
    ------
    OverclaimError
        If a contract claims more than the consumption it may still serve.

    References
    ----------
    .. [1] GHG Protocol, Scope 2 Guidance (2015), ch. 6 table 6.3 (hierarchy) and ch. 7 (quality criteria:
       claimed once, close in time, same market).
    """
    n = len(energy_kwh)
    covered, tonnes = np.zeros(n), np.zeros(n)
    open_share = [_eligible(contract, start_day, end_day, facility) for contract in contracts]
    order = sorted(
        range(len(contracts)),
        key=lambda i: (CONTRACT_ORDER.index(contracts[i].kind), float((energy_kwh * open_share[i]).sum())),
    )
    used: list[tuple[Contract, float]] = []
    for i in order:
        contract = contracts[i]
        room = np.minimum(energy_kwh - covered, energy_kwh * open_share[i])
        room_kwh = float(room.sum())
        if contract.energy_kwh > room_kwh * (1 + _SLACK):
            raise OverclaimError(
                f"{' '.join(filter(None, (contract.kind, contract.id)))} claims {contract.energy_kwh:.6g} kWh, but "
                f"only {room_kwh:.6g} kWh of consumption in its facility and validity are left to claim",
                "contracts",
                contract.energy_kwh,
                "Reduce the claim, or extend its validity or facility.",
            )
        if contract.energy_kwh > 0:
            served = room * min(contract.energy_kwh / room_kwh, 1.0)
            covered += served
            tonnes += served * (contract.factor_kg_per_kwh / 1000)
        used.append((contract, contract.energy_kwh))
    return ContractUse(np.minimum(covered, energy_kwh), tonnes, used)


def _eligible(
    contract: Contract,
    start_day: npt.NDArray[np.integer],
    end_day: npt.NDArray[np.integer],
    facility: npt.NDArray[np.object_] | None,
) -> FloatArray:
    """Return the share of each row, by days, that `contract` may serve."""
    first, last = contract.valid_from, contract.valid_to
    if contract.vintage_year is not None:  # a certificate serves its year unless it says otherwise
        first = first or date(contract.vintage_year, 1, 1)
        last = last or date(contract.vintage_year, 12, 31)
    low = start_day if first is None else np.maximum(start_day, (first - _EPOCH).days)
    high = end_day if last is None else np.minimum(end_day, (last - _EPOCH).days)
    share = np.maximum(high - low + 1, 0) / (end_day - start_day + 1)
    if contract.facility is None:
        return np.asarray(share, dtype=np.float64)
    here: BoolArray = np.zeros(len(share), dtype=bool) if facility is None else facility == contract.facility
    return np.asarray(share * here, dtype=np.float64)


def market_based_t(energy_kwh: FloatArray, use: ContractUse, rest_kg_per_kwh: npt.ArrayLike) -> FloatArray:
    r"""Market-based emissions: contracts at their own factors, the rest at the residual mix.

    Parameters
    ----------
    energy_kwh : (n,) array of float [kWh]
    use : ContractUse
    rest_kg_per_kwh : float or (n,) array [kgCO2e/kWh]
        Residual mix, or the grid average where none is published.

    Returns
    -------
    (n,) array of float [tCO2e]

    Notes
    -----
    .. math:: E = \sum_c Q_c f_c + \left(Q - \sum_c Q_c\right) f_{residual}
    """
    rest = (energy_kwh - use.covered_kwh) * (np.asarray(rest_kg_per_kwh, dtype=np.float64) / 1000)
    return np.asarray(use.covered_t + rest, dtype=np.float64)
