"""National rules of the two-part charge, read from packaged rows with their status."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from carbonost.domain.tariff import ContractRule
from carbonost.factors import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STATUS_ORDER: Final = (
    "own", "user", "read", "verified", "derived", "secondary", "superseded", "recalled", "illustrative",
)  # fmt: skip
"""Statuses of rows from the firmest to the weakest."""


def weakest(statuses: Iterable[str]) -> str:
    """The status a figure made from several rows has."""
    return max(statuses, key=lambda s: STATUS_ORDER.index(s) if s in STATUS_ORDER else len(STATUS_ORDER))


def second_hand(what: str, status: str, documents: Iterable[str]) -> list[str]:
    """A gap for a rule nobody read in its document; none for one that was read."""
    if status in ("own", "user", "read", "verified"):
        return []
    return [f"{what} is not read from its document (status {status}): confirm it against {', '.join(documents)}"]


def months_of(text: str) -> set[int]:
    """Months in a text such as "6-8,12,1-2"."""
    months: set[int] = set()
    for piece in text.split(","):
        first, _, last = piece.strip().partition("-")
        months |= set(range(int(first), int(last or first) + 1))
    return months


@lru_cache(maxsize=1)
def contract_rule() -> ContractRule:
    """The packaged rule of contracted demand (合同最大需量), with its document and status.

    Examples
    --------
    >>> contract_rule().status
    'secondary'
    """
    rows = table("tariff_rules").query("rule == 'contract_demand'").set_index("parameter")
    return ContractRule(
        **{str(name): float(value) for name, value in rows["value"].items()},
        document="; ".join(dict.fromkeys(rows["document"])),
        status=weakest(rows["status"]),
    )


@lru_cache(maxsize=1)
def printed_decimals() -> int:
    """How many decimals of a band's price [CNY/kWh] are printed, and billed."""
    rows = table("tariff_rules")
    return int(rows.loc[(rows["rule"] == "printed_price") & (rows["parameter"] == "decimals"), "value"].item())


def as_printed(price: float) -> float:
    """A price [CNY/kWh] as the month's notice prints it, half up.

    Examples
    --------
    >>> as_printed(0.95656)
    0.9566
    """
    step = Decimal(1).scaleb(-printed_decimals())
    return float(Decimal(repr(round(price, 12))).quantize(step, ROUND_HALF_UP))


def with_contract_rule(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a tariff that bills a contract: the packaged rule where none is given, and its doubts."""
    if options.get("contract_rule") is not None:
        return dict(options)
    rule = contract_rule()
    gaps = second_hand("the rule of contracted demand", rule.status, [rule.document])
    return {
        **options,
        "contract_rule": rule,
        "status": weakest((options.get("status", "user"), rule.status)),
        "gaps": (*options.get("gaps", ()), *gaps),
        "sources": tuple(dict.fromkeys((*options.get("sources", ()), rule.document))),
    }
