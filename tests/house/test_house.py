"""The house keeps its own rules."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = [
    "edge",
    "domain",
    "factors",
    "engines",
    "engines/carbon",
    "engines/energy",
    "engines/forecast",
    "engines/finance",
    "engines/geo",
    "engines/measures",
    "engines/report",
    "storage",
    "llm",
    "agents",
    "ingestion",
    "sample",
    "cli",
    "testing",
    "server",
]


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_present(room):
    assert (ROOT / "carbonost" / room / "__init__.py").is_file()


def test_rooms_import_downwards_only():
    lint = "from importlinter.cli import lint_imports_command as lint; lint()"
    run = subprocess.run(
        [ROOT / ".venv/bin/python", "-c", lint] if (ROOT / ".venv").exists() else ["lint-imports"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stdout


def test_the_packages_say_they_are_typed():
    assert (ROOT / "carbonost/py.typed").exists()


@pytest.mark.parametrize(
    "ignored", re.findall(r'^  "([A-Z]+\d+)",(.*)$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
)
def test_every_ignored_rule_has_its_reason(ignored):
    assert re.match(r"\s+# \w+", ignored[1]), f"{ignored[0]} is ignored without a reason"


def test_constraints_pin_versions_and_name_no_address():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", pin) for pin in pins)


def test_no_factor_hides_in_code():
    """A number is a row of data: the grid factors and calorific values of the tables stand in no module."""
    figures = re.compile(
        r"(?<![\d.])(0\.5568|0\.5366|0\.5306|0\.6096|0\.8325|0\.8273|0\.7143|26\.7|20\.908|0\.1229|389\.31)(?![\d])"
    )
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in (ROOT / "carbonost").rglob("*.py")
        for match in figures.finditer(re.sub(r'""".*?"""', "", path.read_text("utf-8"), flags=re.DOTALL))
    ]
    assert found == []
