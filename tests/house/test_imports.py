"""P100, S62: what importing carbonost loads, and what the lazy names promise."""

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import carbonost
from carbonost._lazy import EXTRA_OF, load
from carbonost.errors import MissingExtraError

ROOT = Path(__file__).resolve().parents[2]

LOADED = """
import sys
{statement}
from sysconfig import get_paths
outside = sorted({{name.split(".")[0] for name in sys.modules}} - sys.stdlib_module_names - {{"carbonost", "__main__"}})
print([name for name in outside if not name.startswith(("_", "sitecustomize"))])
"""


def loaded_by(statement):
    script = LOADED.format(statement=statement)
    return subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.strip()


@pytest.mark.parametrize("room", ["carbonost", "carbonost.edge", "carbonost.errors"])
def test_importing_loads_nothing_from_third_parties(room):
    assert loaded_by(f"sys.path.insert(0, '.'); import {room}") == "[]"


@pytest.mark.parametrize("name", [name for name in carbonost.__all__ if name != "__version__"])
def test_every_name_of_the_facade_loads(name):
    assert getattr(carbonost, name).__name__.lower().replace("_", "") in {
        name.lower().replace("_", ""),
        "activitydata",  # EmissionInput is its alias
    }


def test_the_facade_lists_exactly_its_table():
    assert set(carbonost.__all__) == {*carbonost._NAMES, "__version__"}
    assert dir(carbonost) == sorted(carbonost._NAMES)


def test_the_readers_are_had_from_their_room():
    room = import_module("carbonost.ingestion")
    assert sorted(room.__all__) == sorted(room._NAMES) == dir(room)
    assert all(getattr(room, name) is not None for name in room.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="CarbonCalculater"):
        carbonost.CarbonCalculater  # noqa: B018


def test_a_missing_package_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    with pytest.raises(MissingExtraError, match=r"EnergyOptimizer needs highspy: pip install 'carbonost\[optimize\]'"):
        load("highspy", "EnergyOptimizer")


def test_a_room_that_stands_on_a_missing_package_names_the_extra_too():
    script = "import sys; sys.modules['pyproj'] = None\nimport carbonost.engines.geo as geo\ngeo.read_boundary"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT).stderr
    assert "MissingExtraError: read_boundary needs pyproj: pip install 'carbonost[geo]'" in told


def test_every_deferred_package_stands_in_the_extra_that_is_named():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    names = {"sklearn": "scikit-learn", "docx": "python-docx", "paho": "paho-mqtt", "ai_edge_litert": "ai-edge-litert"}
    for module, extra in EXTRA_OF.items():
        package = names.get(module, module.replace("_", "-"))
        assert any(line.startswith(package) for line in extras[extra]), f"{module} is not in [{extra}]"


def test_the_error_tree_pickles_and_is_drawn():
    import pickle

    errors = import_module("carbonost.errors")
    classes = [
        item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, errors.CarbonostError)
    ]
    for error in classes:
        if error.__name__.startswith("_"):
            continue
        assert error.__name__ in errors.__doc__, f"{error.__name__} is not drawn"
        made = {
            "InputErrors": lambda: errors.InputErrors("several", [errors.UnitError("no", "unit", "m3", "Say Nm3.", 3)]),
            "FactorNotFoundError": lambda: errors.FactorNotFoundError("coal", "CN", "2030", None),
            "MissingExtraError": lambda: errors.MissingExtraError("a", "b", "c"),
            "InfeasibleError": lambda: errors.InfeasibleError("import_kw_max", "2025-01-01", 3.0),
        }.get(error.__name__, lambda error=error: error("what is wrong"))()
        assert str(pickle.loads(pickle.dumps(made))) == str(made)  # noqa: S301 -- our own bytes


def test_a_storage_error_keeps_its_facts_when_pickled():
    import pickle

    from carbonost.errors import ConcurrencyConflict

    error = ConcurrencyConflict("changed", target="sqlite:///park.db", expected=1, actual=2)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own bytes
    assert (again.expected, again.actual, again.target) == (1, 2, "sqlite:///park.db")
