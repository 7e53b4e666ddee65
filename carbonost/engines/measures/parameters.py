"""Published measure parameters, each with where it stands and how it was read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from carbonost.domain.arguments import of_kind
from carbonost.domain.evidence import AssumptionItem, EvidenceItem
from carbonost.errors import InputError
from carbonost.factors import table, usable_default


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row of the measure parameters.

    Attributes
    ----------
    value : float
        In `unit`.
    low, high : float or None
        The printed range.
    region, currency_year : str
        Where and, for money, in which year's prices it holds.
    usable : bool
        Whether it may serve as a default nobody asked for.
    """

    measure_id: str
    name: str
    value: float
    low: float | None
    high: float | None
    unit: str
    region: str
    currency_year: str
    basis: str
    document: str
    locator: str
    status: str
    usable: bool

    @property
    def id(self) -> str:
        """Measure and parameter."""
        return f"{self.measure_id}.{self.name}"

    @property
    def currency(self) -> str | None:
        """Three letters for money, None for a technical figure."""
        head = self.unit[:3]
        return head if head in {"CNY", "EUR", "USD"} else None

    def as_evidence(self) -> EvidenceItem:
        """The evidence to cite."""
        note = f"{self.document}; {self.locator}"
        return EvidenceItem(type="table", id=f"measure_parameters/{self.id}", version=self.status, note=note)

    def as_assumption(self) -> AssumptionItem:
        """The assumption to print: a published figure applied to this site."""
        spread = "" if self.low is None or self.high is None else f"；公布范围 {self.low:g}–{self.high:g}"
        note = f"{self.document}（{self.locator}）；地区 {self.region}，状态 {self.status}{spread}"
        return AssumptionItem(name=self.id, value=self.value, unit=self.unit, rationale=note, sensitivity="medium")


def parameter(measure_id: str, name: str) -> Parameter:
    """Return one published parameter.

    Raises
    ------
    InputError
        If there is no such row, or it is not a number.
    """
    for field, told in (("measure_id", measure_id), ("name", name)):
        of_kind(told, str, field, "Give its name.")
    try:
        return _rows()[measure_id, name]
    except KeyError:
        raise InputError(
            "no such measure parameter", "parameter", f"{measure_id}.{name}", "See the table measure_parameters."
        ) from None


def parameters(measure_id: str, prefix: str = "") -> tuple[Parameter, ...]:
    """Return the numeric parameters of a measure whose name begins with `prefix`, in the table's order."""
    for field, told in (("measure_id", measure_id), ("prefix", prefix)):
        of_kind(told, str, field, "Give its name.")
    return tuple(row for (one, name), row in _rows().items() if one == measure_id and name.startswith(prefix))


@lru_cache(maxsize=1)
def _rows() -> dict[tuple[str, str], Parameter]:
    rows = {}
    for row in table("measure_parameters").to_dict("records"):
        value = _number(row["value"])
        if value is None:
            continue
        rows[row["measure_id"], row["parameter"]] = Parameter(
            measure_id=row["measure_id"],
            name=row["parameter"],
            value=value,
            low=_number(row["low"]),
            high=_number(row["high"]),
            unit=row["unit"],
            region=row["region"],
            currency_year=row["currency_year"],
            basis=row["basis"],
            document=row["document"],
            locator=row["locator"],
            status=row["status"],
            usable=usable_default({"status": row["status"]}),
        )
    return rows


def _number(text: object) -> float | None:
    try:
        value = float(str(text))
    except ValueError:
        return None
    return None if value != value else value  # noqa: PLR0124 -- NaN is an empty cell
