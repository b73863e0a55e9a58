"""Who may know whom, beyond what the import-linter contracts in pyproject.toml can say.

Knows the layers; does not know what the modules do."""

import importlib
import pkgutil
import sys
import tomllib
from pathlib import Path

import grimp
import pytest
from importlinter.cli import lint_imports

import station_ctl

ROOT = Path(station_ctl.__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["station_ctl", "drivers", "sequences", "hil_tests"])
def test_top_level_package_is_ours(name: str) -> None:
    """`drivers` is a common word: a stranger's package of that name must not stand in for ours."""
    module = importlib.import_module(name)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve().parent == ROOT / name


def test_import_contracts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", list(sys.path))  # the linter adds to it and leaves it so
    assert lint_imports(no_cache=True, no_logo=True) == 0, "lint-imports names file and line"


def test_core_imports_only_itself_and_the_standard_library() -> None:
    graph = grimp.build_graph("station_ctl", include_external_packages=True, cache_dir=None)
    ours = {m for m in graph.modules if m == "station_ctl.core" or m.startswith("station_ctl.core.")}
    strangers = {
        f"{importer} imports {imported}"
        for importer in ours
        for imported in graph.find_modules_directly_imported_by(importer) - ours
        if imported.split(".")[0] not in sys.stdlib_module_names
    }
    assert not strangers


def test_every_module_of_station_ctl_stands_in_a_layer() -> None:
    """The layers contract passes over a module that it does not name: a new one takes its place there."""
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    named = {word.strip("()") for layer in layers for word in layer.split()}
    existing = {f"station_ctl.{m.name}" for m in pkgutil.iter_modules(station_ctl.__path__)}
    assert existing - {"station_ctl.__main__"} <= named
