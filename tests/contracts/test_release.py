"""What a release is made of: the locks and the wheel.

Knows the packaging; does not know what the packages do."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import station_ctl

ROOT = Path(station_ctl.__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(lock: str) -> dict[str, str]:
    """Package -> version, of one lock file."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))


def normal(requirement: str) -> tuple[str, str]:
    name, _, version = requirement.partition("==")
    return re.sub(r"[-_.]+", "-", name).lower(), version


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_lock_names_no_registry_and_hashes_every_package(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text and "index-url" not in text and "file:" not in text
    for entry in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_locks_hold_what_pyproject_pins() -> None:
    extras = PROJECT["optional-dependencies"]
    run, test = pins("requirements.lock"), pins("requirements-test.lock")
    for requirement in (*PROJECT["dependencies"], *extras["build"]):
        name, version = normal(requirement)
        assert run.get(name) == version, f"{requirement}: make the locks again (CONTRIBUTING.md)"
    for requirement in extras["test"]:
        name, version = normal(requirement)
        assert test.get(name) == version, f"{requirement}: make the locks again (CONTRIBUTING.md)"


def test_test_lock_holds_the_whole_run_lock() -> None:
    """`./station` marks the run lock as installed when it has installed the test lock."""
    assert pins("requirements.lock").items() <= pins("requirements-test.lock").items()


def test_version_is_the_same_in_package_and_project() -> None:
    assert station_ctl.__version__ == PROJECT["version"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT, check=True, capture_output=True, timeout=60,
    )
    return next(out.glob("*.whl"))


def test_wheel_carries_plant_and_configuration_but_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"station_ctl", "drivers", "sequences", "hil_tests"}
    assert "hil_tests/simplc/__init__.py" in names
    assert not [name for name in names if name.rsplit("/", 1)[-1].startswith(("test_", "conftest"))]
    folder = "station_ctl/shipped_config/"
    shipped = {name.removeprefix(folder) for name in names if name.startswith(folder)}
    tracked = {str(p.relative_to(ROOT / "config")) for p in (ROOT / "config").rglob("*") if p.is_file()}
    assert shipped == tracked


def test_configuration_and_plant_are_found_in_an_unpacked_wheel(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "from station_ctl.paths import config_directory; import hil_tests.simplc;"
        "print(config_directory()); print(hil_tests.simplc.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, timeout=30, check=True,
    )
    config, plant = map(Path, done.stdout.splitlines())
    assert config == tmp_path / "station_ctl" / "shipped_config"
    assert plant.is_relative_to(tmp_path)
