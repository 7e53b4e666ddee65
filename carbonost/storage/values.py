"""The values of records, brought to the one form in which every database gives them back.

So what was read can be put again and is unchanged: a decimal keeps its digits but no exponent, a
float is a float64 (a longer number is rounded to it), an instant is in UTC, there is no minus zero,
and a truth value is no number.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

_DIGITS_MAX: Final = 1000


def _no_truth(value: object) -> object:
    if type(value).__name__ in ("bool", "bool_"):  # Python's and NumPy's
        raise ValueError("a truth value is no number")
    return value


def _no_minus_zero(number: float) -> float:
    return number + 0.0


def _written_out(amount: Decimal) -> Decimal:
    """Return 1E+3 as 1000 and -0.00 as 0.00; no digit is lost."""
    if abs(amount.adjusted()) > _DIGITS_MAX:
        raise ValueError(f"a number has more than {_DIGITS_MAX} digits")
    plain = Decimal(format(amount, "f"))
    return plain or plain.copy_abs()


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant lies outside the years 1 to 9999 in UTC") from None


Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Finite = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_no_truth), AfterValidator(_no_minus_zero)]
Share = Annotated[Finite, Field(ge=0, le=1)]
Quantity = Annotated[Finite, Field(ge=0)]
Amount = Annotated[Decimal, Field(allow_inf_nan=False), BeforeValidator(_no_truth), AfterValidator(_written_out)]
Size = Annotated[Amount, Field(ge=0)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63), BeforeValidator(_no_truth)]
Count = Annotated[Whole, Field(ge=0)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
