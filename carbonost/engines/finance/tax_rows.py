"""Chinese tax rates as rows of the finance parameters, each with document, clause and status.

The rows are transcriptions: whoever signs figures after tax has a tax person confirm them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from carbonost.domain.arguments import nearest, of_kind, one_of, scalar, yes_or_no
from carbonost.domain.evidence import AssumptionItem, EvidenceItem
from carbonost.engines.finance.tax import Method, TaxTerms
from carbonost.errors import InputError
from carbonost.factors import table

Rows: TypeAlias = "Mapping[str, Mapping[str, object]]"
Holiday = Literal["public_infrastructure", "env_energy_saving", "emc"]

VAT_ROWS: Final = {
    "equipment": "vat_rate_goods",
    "electricity": "vat_rate_electricity",
    "natural_gas": "vat_rate_heat_hot_water_natural_gas",
    "hot_water": "vat_rate_heat_hot_water_natural_gas",
    "installation": "vat_rate_construction",
    "service": "vat_rate_services",
}
"""What is bought -> the row of its rate. Steam is left out: whether it counts as heat was not read."""


@dataclass(frozen=True, slots=True)
class VatRate:
    """A rate [-] and the clause it stands in."""

    rate: float
    evidence: EvidenceItem


def tax_terms(
    parameters: Rows | None = None,
    *,
    regime: str = "cit_rate",
    asset: str = "machinery_production_equipment",
    holiday: Holiday | None = None,
    residual_rate: float,
    method: Method = "straight_line",
    accelerated: bool = False,
    equipment_credit: bool = False,
    loss_carry_years: int | None = None,
) -> TaxTerms:
    """Tax terms from the finance parameter rows.

    Parameters
    ----------
    parameters : mapping of rows, optional
        Parameter name to its row, with ``value``, ``status``, ``document`` and ``locator``; by default
        the packaged table.
    regime : str
        Row of the rate, e.g. "cit_rate", "cit_rate_high_tech", "cit_rate_western_encouraged".
    asset : str
        Asset class, the end of a ``depreciation_min_years_…`` row.
    holiday : {"public_infrastructure", "env_energy_saving", "emc"}, optional
        Whether the project is entitled to it is the caller's statement, and becomes an assumption;
        so do the next two.
    residual_rate : float [-]
        To be stated: the law sets none (Implementing Regulations, art. 59).
    method, loss_carry_years
        See `TaxTerms`.
    accelerated : bool
        Write off over the shortest years the accelerated rule allows, rounded up.
    equipment_credit : bool
        The equipment stands in the catalogue of special equipment, and part of its cost is credited.

    Returns
    -------
    TaxTerms
        With one evidence item per row read and one assumption per choice.

    Raises
    ------
    InputError
        If there is no such row; the remedy names its neighbours.
    """
    book = _Book(_packaged() if parameters is None else parameters)
    scalar(residual_rate, "residual_rate", remedy="The law sets none; 5 % is 0.05.")
    rate = book.number(_word(regime, "regime"))
    years = book.number(f"depreciation_min_years_{_word(asset, 'asset')}")
    chosen = [
        _choice("tax_regime", regime, "业主按此税率纳税", "medium"),
        _choice(
            "residual_rate", residual_rate, "税法不规定残值率，由企业自定（企业所得税法实施条例 第五十九条）", "low"
        ),
    ]
    if yes_or_no(accelerated, "accelerated"):
        years = float(np.ceil(years * book.number("depreciation_accelerated_floor") - 1e-9))
        chosen.append(_choice("accelerated_depreciation", int(years), "假定资产符合加速折旧条件", "medium"))
    exempt = half = 0.0
    if holiday is not None:
        _word(holiday, "holiday")
        exempt = book.number(f"cit_holiday_{holiday}_exempt_years")
        half = book.number(f"cit_holiday_{holiday}_half_years")
        reason = "假定项目符合条件；自取得第一笔经营收入的年度起算"
        chosen.append(_choice("tax_holiday", holiday, reason, "high"))
    credit = 0.0
    if yes_or_no(equipment_credit, "equipment_credit"):
        credit = book.number("tax_credit_special_equipment")
        chosen.append(_choice("equipment_credit", credit, "假定设备列入专用设备企业所得税优惠目录", "medium"))
    return TaxTerms(
        rate=rate,
        depreciation_years=int(years),
        method=method,
        residual_rate=residual_rate,
        exempt_years=int(exempt),
        half_years=int(half),
        loss_carry_years=loss_carry_years,
        credit_rate=credit,
        evidence=tuple(book.read),
        assumptions=tuple(chosen),
    )


def vat_rate(bought: str, parameters: Rows | None = None) -> VatRate:
    """Rate of value added tax on what is bought, to use with `without_vat`.

    Parameters
    ----------
    bought : {"equipment", "electricity", "natural_gas", "hot_water", "installation", "service"}
    parameters : mapping of rows, optional
        See `tax_terms`.

    Raises
    ------
    InputError
        For anything else, steam included.

    Examples
    --------
    >>> vat_rate("electricity").rate
    0.13
    """
    one_of(bought, VAT_ROWS, "bought")
    book = _Book(_packaged() if parameters is None else parameters)
    return VatRate(book.number(VAT_ROWS[bought]), book.read[0])


class _Book:
    """Rows, and which of them were read."""

    def __init__(self, rows: Rows) -> None:
        of_kind(rows, Mapping, "parameters", "Give {parameter: {value, status, document, locator}}.")
        self._rows = rows
        self.read: list[EvidenceItem] = []

    def number(self, name: str) -> float:
        if name not in self._rows:
            near = [key for key in self._rows if key.startswith(name.split("_", maxsplit=1)[0])]
            raise InputError("no such finance parameter", "parameters", name, nearest(name, near or self._rows))
        row = self._rows[name]
        note = f"{row.get('document', '')}; {row.get('locator', '')}".strip("; ")
        status = str(row.get("status", ""))
        self.read.append(EvidenceItem(type="table", id=f"finance_parameters/{name}", version=status, note=note))
        try:
            return scalar(float(str(row.get("value"))), f"parameters.{name}")
        except ValueError as exc:
            raise InputError("is no number", f"parameters.{name}", row.get("value"), "Take another row.") from exc


def _word(value: object, field: str) -> str:
    of_kind(value, str, field, "Give a name.")
    return str(value)


def _choice(name: str, value: str | float, reason: str, weight: Literal["low", "medium", "high"]) -> AssumptionItem:
    return AssumptionItem(name=name, value=value, rationale=reason, sensitivity=weight)


def _packaged() -> dict[str, dict[str, object]]:
    records = table("finance_parameters").to_dict("records")
    return {str(row["parameter"]): {str(name): value for name, value in row.items()} for row in records}
