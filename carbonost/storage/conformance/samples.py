"""One item of every kind of record, with values that are easily bent."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

NOW: Final = datetime(2024, 5, 1, 8, 30, 0, 123456, tzinfo=UTC)
SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "organizations": {"name": "苏州示范园区", "type": "park", "subscription_tier": "enterprise"}
    | {"subscription_expires_at": NOW},
    "users": {"id": "u1", "email": "li@example.com", "full_name": "李", "role": "manager", "last_login_at": NOW},
    "memberships": {"id": "m1", "user_id": "u1", "role": "owner"},
    "places": {"id": "p1", "kind": "park", "name": "园区", "area_sqm": Decimal("1234567.89")}
    | {"location": {"lat": 31.3, "lng": 120.6}, "annual_revenue": Decimal("98765432109876.54")},
    "devices": {"id": "d1", "building_id": "p1", "name": "meter", "device_type": "meter", "status": "fault"}
    | {"rated_power_kw": Decimal("630.125"), "install_date": date(2020, 2, 29), "config": {"ratio": [100, 5]}},
    "activities": {"id": "a1", "energy_type": "electricity", "consumption": 0.1 + 0.2, "unit": "kWh"}
    | {"period_start": date(2024, 1, 1), "period_end": date(2024, 1, 31), "purity": 0.5, "factor": {"value": 0.5}},
    "emissions": {"id": "e1", "period_type": "monthly", "scope1_total": Decimal("0.000000000123")}
    | {"scope2_total": Decimal("12345678901234567890.123456789"), "emissions_co2e": Decimal("1.10")},
    "factors": {
        "id": "f1",
        "energy_type": "electricity",
        "region": "CN-JS",
        "value": Decimal("0.5978"),
        "unit": "kg/kWh",
    }
    | {"valid_from": date(2023, 1, 1), "valid_to": date(2023, 12, 31), "document": "公告"},
    "envelopes": {
        "id": "h1",
        "stage": "baseline",
        "metrics": {"S1": {"value": 1.0, "unit": "t"}, "n": {"value": 1e22}},
    },
    "jobs": {"id": "j1", "status": "running", "selection": {"type": "park_id", "x": [1, 2.0, None, True]}},
    "logs": {"id": "l1", "job_id": "j1", "node": "geo", "duration": 0.25},
    "reviews": {"id": "r1", "job_id": "j1", "stage": "geo", "status": "pending", "question": "?"},
    "reports": {"id": "g1", "title": "报告", "report_type": "government", "status": "draft", "content": {"a": [1]}},
    "templates": {"id": "t1", "name": "政府", "template_content": {"x": "y"}, "is_active": False},
    "diagnostics": {"id": "x1", "diagnosis_type": "energy", "recommendations": [{"a": 1}], "confidence_score": 0.75},
    "benchmarks": {
        "id": "b1",
        "metric_name": "intensity",
        "metric_value": Decimal("1.005"),
        "percentile_90": Decimal(2),
    },
}
"""One item of every kind."""


def sample(kind: str, org_id: str) -> dict[str, Any]:
    """Return an item of a kind for a tenant."""
    return {"id": org_id} | SAMPLES[kind] if kind == "organizations" else dict(SAMPLES[kind])
