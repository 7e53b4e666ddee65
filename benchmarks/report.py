"""Report generation: a 20-page park report, and how each format grows, beside a bare table of as many rows.

Ratios within one run; run ``python benchmarks/report.py``.
"""

from __future__ import annotations

import time
from typing import Any

import weasyprint

from carbonost.engines.report import ReportGenerator

WORDS = ("示例企业", "C26", "化学原料和化学制品制造业", "名录")


def envelopes(rows: int) -> dict[str, Any]:
    """A park with as many enterprises as `rows`, and a year of months."""
    entities = [
        {
            "name": f"{WORDS[0]}{n:05d}",
            "industry_code": WORDS[1],
            "industry": WORDS[2],
            "source": WORDS[3],
            "confidence": 0.9,
        }
        for n in range(rows)
    ]
    monthly = [
        {"month": f"2025-{m:02d}", "electricity_kwh": 1e7, "gas_nm3": 3e6, "S1_tco2e": 6e3, "S2_tco2e": 5e3}
        for m in range(1, 13)
    ]
    week = [
        {"start": f"2025-07-{7 + h // 24:02d}T{h % 24:02d}:00", "load_kw": 100.0 + h, "import_kw": 90.0 + h}
        for h in range(168)
    ]
    totals = {"total_tco2e_y": {"value": 132e3, "unit": "tCO2e/y"}, "S1_tco2e_y": {"value": 72e3, "unit": "tCO2e/y"}}
    return {
        "geo": {"metrics": {}, "artifacts": {"entities_raw": entities}},
        "baseline": {"metrics": totals, "artifacts": {"monthly": monthly}},
        "measures": {"metrics": {}, "artifacts": {"dispatch_week": week}},
        "meta": {"date": "2026-01-01"},
    }


def bare(rows: int) -> bytes:
    """The same rows, straight into WeasyPrint: no chapters, no checks, no tags."""
    body = "".join(f"<tr>{''.join(f'<td>{word}</td>' for word in WORDS)}<td>{n}</td></tr>" for n in range(rows))
    made: bytes = weasyprint.HTML(string=f"<style>@page{{size:A4}}</style><table>{body}</table>").write_pdf()
    return made


def timed(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    generator = ReportGenerator()
    generator.generate("park", envelopes(5), audience="technical")  # imports and fonts, once
    rows = 190
    data = envelopes(rows)
    seconds = {
        kind: timed(lambda k=kind: generator.generate("park", data, (k,), audience="technical"))
        for kind in ("md", "html", "docx", "pdf")
    }
    every = timed(lambda: generator.generate("park", data, audience="technical"))
    pages = generator.generate("park", data, ("md",), audience="technical").pages_est
    table = timed(lambda: bare(rows + 200))
    print(f"| what ({rows} enterprises, about {pages} pages) | s | of the bare table |\n| --- | ---: | ---: |")
    print(f"| bare WeasyPrint table, {rows + 200} rows | {table:.2f} | 1.0 |")
    for kind, spent in {**seconds, "all four": every}.items():
        print(f"| {kind} | {spent:.2f} | {spent / table:.1f} |")
    small, large = (timed(lambda n=n: generator.generate("park", envelopes(n), ("md",))) for n in (2_000, 20_000))
    print(f"\nMarkdown and CSV, 20,000 rows to 2,000 rows: {large / small:.1f} (linear: 10)")


if __name__ == "__main__":
    main()
