"""S32: what is said of the packaged tariffs is what `Tariff.from_region` does with them."""

import pytest

from carbonost.engines.energy import Tariff, packaged_tariffs
from carbonost.errors import TariffError

FOUND = packaged_tariffs().set_index("region")
PARTS = {"floating_cny_per_kwh": 0.4, "not_floating_cny_per_kwh": 0.25}


@pytest.mark.parametrize(("column", "charge"), [("two_part", "demand"), ("single_part", "energy_only")])
@pytest.mark.parametrize("code", FOUND.index)
def test_a_region_gives_a_tariff_from_what_it_is_said_to_ask_for(code, column, charge):
    asked = FOUND.loc[code, column]
    if asked == "parts":
        tariff = Tariff.from_region(code, charge=charge, **PARTS)
        assert FOUND.loc[code, "document"] in tariff.sources
        assert FOUND.loc[code, "status"] == tariff.status
        assert (tariff.rule_from, tariff.rule_to) == tuple(FOUND.loc[code, ["in_force_from", "in_force_to"]])
    else:
        with pytest.raises(TariffError, match="floating ratio"):
            Tariff.from_region(code, charge=charge, **PARTS)
