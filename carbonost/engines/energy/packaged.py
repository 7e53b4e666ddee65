"""Which regions' tariffs are packaged, and what each still asks of its user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from carbonost.engines.energy.decrees import rule_on
from carbonost.engines.energy.region import tariff_from_region
from carbonost.engines.energy.rules import weakest
from carbonost.errors import TariffError
from carbonost.factors import region, table

if TYPE_CHECKING:
    from carbonost.domain.tariff import Charge

_PARTS = {"floating_cny_per_kwh": 1.0, "not_floating_cny_per_kwh": 0.0}


def packaged_tariffs() -> pd.DataFrame:
    """The time-of-use rules that `Tariff.from_region` can join with a month's price.

    Returns
    -------
    DataFrame
        One row a region: `region`, `name_zh`, the `document` of its last rule, `in_force_from` and `in_force_to`
        (None where the data hold no such day), the weakest `status` of its rows, and what it asks of users of
        two-part (`two_part`) and single-part charges (`single_part`): "parts" (two of the three parts of the
        month's price), "prices" (the printed price of each band, since no ratio is packaged), or "bands" (the
        hours too, by `Tariff.from_bands`).

    Examples
    --------
    >>> packaged_tariffs().set_index("region").loc["CN-JS", ["name_zh", "two_part", "single_part"]].tolist()
    ['江苏省', 'parts', 'parts']
    """
    rows = table("tou_periods")
    out = []
    for code in sorted(set(rows["region"])):
        mine = rows[rows["region"] == code]
        rule = rule_on(code, mine, None)
        out.append(
            {
                "region": code,
                "name_zh": region(code).name,
                "document": rule.document,
                "in_force_from": rule.first,
                "in_force_to": rule.last,
                "status": weakest(mine.loc[mine["document"] == rule.document, "status"]),
                "two_part": _asks(code, "demand"),
                "single_part": _asks(code, "energy_only"),
            }
        )
    return pd.DataFrame(out)


def _asks(code: str, charge: Charge) -> str:
    bands = table("tou_periods").query("region == @code")["period"].unique()
    for needed, given in (("parts", _PARTS), ("prices", {"prices": dict.fromkeys(bands, 1.0)})):
        try:
            tariff_from_region(code, charge=charge, **given)
        except TariffError:
            continue
        return needed
    return "bands"
