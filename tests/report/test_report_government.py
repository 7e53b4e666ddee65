"""The enterprise report behind the specification's call, and the life of a report's record."""

from types import SimpleNamespace

import pandas as pd
import pytest

from carbonost import CarbonCalculator
from carbonost.domain.document import display
from carbonost.engines.report import ReportGenerator, ReportRecord, park_envelope
from carbonost.engines.report.compose import compose
from carbonost.engines.report.government import as_data
from carbonost.engines.report.registry import TemplateRegistry
from carbonost.errors import InputError

ORGANISATION = {"name": "示例化工有限公司", "credit_code": "91320500MA0000000X", "industry": "化学原料和化学制品制造业"}
EMISSIONS = {
    "scope1": 73_500.0,
    "scope2": 66_000.0,
    "total": 139_500.0,
    "by_source": [
        {"scope": "1", "energy_type": "natural_gas", "consumption": 3.5e7, "unit": "Nm3", "emissions_tco2e": 73_500.0}
    ],
}
PERIOD = {"start": "2025-01-01", "end": "2025-12-31", "report_date": "2026-03-31"}


def test_the_specifications_call_returns_two_addresses(tmp_path, monkeypatch):
    """S37, S40."""
    monkeypatch.chdir(tmp_path)
    made = ReportGenerator().generate_government_report(ORGANISATION, EMISSIONS, PERIOD)
    assert made["pdf_url"].startswith("file://")
    assert made["docx_url"].endswith("cn_enterprise.docx")
    assert len(made["pdf_sha256"]) == 64


def test_totals_are_taken_over_never_added_up():
    data = as_data(ORGANISATION, {"scope1": 1.0, "scope2": 2.0}, PERIOD)
    assert "total_tco2e_y" not in data["baseline"]["metrics"]
    document, _ = compose(TemplateRegistry().active("cn_enterprise"), data)
    assert any("排放总量" in "".join(str(cell[0]) for cell in row[:1]) and row[1][0].text == "数据缺失"
               for _, block in document.walk() if hasattr(block, "rows") for row in block.rows)  # fmt: skip


def test_an_inventory_is_read_through_its_public_face():
    frame = pd.DataFrame(
        [
            {
                "scope": 2,
                "energy_type": "electricity",
                "consumption": 1000.0,
                "unit": "kWh",
                "factor_id": "f",
                "emissions_co2e": 0.5,
            }
        ]
    )
    inventory = SimpleNamespace(
        scope1_t=0.0, scope2_location_t=0.5, scope2_market_t=0.4, scope3_t=0.0, biogenic_co2_t=0.0,
        total_t=lambda _method: 0.5, to_frame=lambda: frame,
    )  # fmt: skip
    data = as_data(ORGANISATION, inventory, "2025 年")
    assert data["baseline"]["metrics"]["S2_market_tco2e_y"] == {"value": 0.4, "unit": "tCO2e"}
    assert data["baseline"]["artifacts"]["by_source"][0]["emissions_tco2e"] == 0.5
    assert data["meta"]["period"] == "2025 年"


YEAR = {"period_start": "2025-01-01", "period_end": "2025-12-31", "region": "CN-JS"}


def test_the_national_account_fills_the_dossier():
    """The core indicator, its terms, the bridge and what closes the gap are printed as they were computed."""
    coefficient = {"value": 0.3, "unit": "kgce/kWh", "year": 2024, "source": "annual bulletin"}
    account = CarbonCalculator().zero_carbon_park(
        [{"energy_type": "electricity", "consumption": 80_000, "unit": "万kWh", **YEAR}],
        contracts=[{"kind": "direct", "energy_kwh": 300e6}],
        energy_coefficients={"electricity": coefficient},
    )
    made = ReportGenerator().generate("zero_carbon_park", {"park": park_envelope(account)}, ("md",))
    text = made.files["md"].decode()
    assert "| 电力净受入 | 416,250.00 |" in text  # 500 GWh at 0.8325 kg/kWh
    assert "单位能耗碳排放 1.734\u00a0tCO₂/tce" in text  # over 800 GWh at 0.3 kgce/kWh
    assert "| 单位能耗碳排放 | 核心 | t/tce | 1.734 | 0.2 |" in text
    assert "绿电直供" in text


def test_only_an_account_becomes_the_dossiers_envelope():
    with pytest.raises(InputError, match="zero_carbon_park"):
        park_envelope({"emissions_t": 1.0})


def test_a_real_inventory_fills_the_enterprise_report():
    inventory = CarbonCalculator(vintage="latest_published").calculate(
        [{"energy_type": "electricity", "consumption": 1000.0, "unit": "MWh", **YEAR}]
    )
    data = as_data(ORGANISATION, inventory, PERIOD)
    made = ReportGenerator().generate("cn_enterprise", data, ("md",))
    assert made.files["md"].decode().count(display(inventory.total_t("location_based"))) >= 2


@pytest.mark.parametrize(
    ("organisation", "emissions", "period", "field"),
    [
        ({}, EMISSIONS, PERIOD, "name"),
        (ORGANISATION, 7, PERIOD, "emission_data"),
        (ORGANISATION, EMISSIONS, {}, "period"),
    ],
)
def test_what_is_missing_is_named(organisation, emissions, period, field):
    with pytest.raises(InputError, match=field):
        as_data(organisation, emissions, period)


def test_a_record_moves_only_along_its_life():
    """S39."""
    record = ReportRecord("park", "park@1.0").to("generating").finished((("geo", "a1"),), {"pdf": "00"})
    assert record.status == "completed"
    assert record.to("submitted").envelopes == (("geo", "a1"),)
    assert record.to("generating").to("draft").status == "draft"
    with pytest.raises(InputError, match="it is final"):
        record.to("submitted").to("draft")
    with pytest.raises(InputError, match="cannot become"):
        ReportRecord().to("completed")


def test_a_report_records_who_made_it_from_what(park):
    """S41."""
    made = ReportGenerator().generate("park", park, ("md",), generated_by="manual")
    assert made.record.generated_by == "manual"
    assert made.record.status == "completed"
    assert dict(made.record.envelopes)["finance"] == "d4" * 32
    with pytest.raises(InputError, match="'ai' or 'manual'"):
        ReportGenerator().generate("park", park, ("md",), generated_by="robot")
