"""The demo's time and memory, beside the bare import of what it needs.

Prints a Markdown table: the demo in a process of its own, and as baseline a process that only imports the
packages the demo uses. Limits: 90 s on two cores, 1.5 GiB.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMPORTS = "import numpy, pandas, pydantic, sqlalchemy, highspy, langgraph.graph, weasyprint, docx, matplotlib.pyplot"


def measure(command: list[str], cwd: str) -> tuple[float, float]:
    """Run a command; return seconds and peak memory of the children so far in MiB."""
    began = time.perf_counter()
    subprocess.run(command, check=True, cwd=cwd, capture_output=True)  # noqa: S603 -- our own commands
    return time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        bare = measure([sys.executable, "-c", IMPORTS], folder)
        demo = measure([sys.executable, "-m", "carbonost.cli", "demo", "--output", "out"], folder)
        size = sum(file.stat().st_size for file in (Path(folder) / "out").rglob("*") if file.is_file()) / 2**20
    print("| what | seconds | peak MiB | ratio of time |")
    print("|---|---|---|---|")
    print(f"| bare imports | {bare[0]:.1f} | {bare[1]:.0f} | 1 |")
    print(f"| carbonost demo ({size:.1f} MiB of reports) | {demo[0]:.1f} | {demo[1]:.0f} | {demo[0] / bare[0]:.1f} |")


if __name__ == "__main__":
    main()
