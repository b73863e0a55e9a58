"""The bill of materials of a release: nothing of the lock is missing, nothing is guessed."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

import station_ctl
from tests.contracts.test_release import PROJECT, ROOT, normal, pins

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "deploy" / "sbom.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def released() -> str:
    """The lock of a release: the project is the last entry."""
    return f"{LOCK}station-ctl=={station_ctl.__version__} \\\n    --hash=sha256:{'0' * 64}\n"


def test_every_package_of_the_lock_is_in_it_with_its_hashes(sbom: ModuleType) -> None:
    made = sbom.bill(LOCK)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    found = {c["name"]: c for c in made["components"]}
    assert {name: c["version"] for name, c in found.items()} == {
        normal(name)[0]: version for name, version in pins("requirements.lock").items()
    }
    for component in found.values():
        hashes = [p["value"] for p in component["properties"]]
        assert hashes and all(f"sha256:{value}" in LOCK for value in hashes)
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        assert "licenses" not in component, "a lock says nothing of licences"
    assert json.dumps(sbom.bill(LOCK)) == json.dumps(made), "the same lock, the same bytes"
    assert sbom.bill(LOCK + "\n# changed\n")["serialNumber"] != made["serialNumber"]


def test_the_project_of_a_release_stands_on_top_and_needs_what_it_declares(sbom: ModuleType) -> None:
    made = sbom.bill(released())
    top = made["metadata"]["component"]
    assert (top["type"], top["name"], top["version"]) == ("application", "station-ctl", station_ctl.__version__)
    assert "station-ctl" not in {c["name"] for c in made["components"]}
    needs = {d["ref"]: set(d["dependsOn"]) for d in made["dependencies"]}
    declared = {f"pkg:pypi/{name}@{version}" for name, version in map(normal, PROJECT["dependencies"])}
    assert declared <= needs[top["purl"]]
    everything = {c["bom-ref"] for c in made["components"]}
    assert set().union(*needs.values()) <= everything
    reached, todo = set[str](), {top["purl"]}
    while todo:
        reached |= todo
        todo = set().union(*(needs[ref] for ref in todo)) - reached
    assert everything - reached == set(), "every package is there because something needs it"


def test_the_wheel_that_is_shipped_tells_hash_and_licence_and_must_be_one_of_the_lock(
    sbom: ModuleType, tmp_path: Path
) -> None:
    wheel = tmp_path / "some_thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("some_thing-1.0.dist-info/METADATA", "Name: some.thing\nLicense-Expression: MIT\n")
    content = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = f"some-thing==1.0 \\\n    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{content}\n    # via station-ctl\n"
    (component,) = sbom.bill(lock, tmp_path)["components"]
    assert component["hashes"] == [{"alg": "SHA-256", "content": content}]
    assert component["licenses"] == [{"license": {"name": "MIT"}}]
    with pytest.raises(ValueError, match="none of the files that the lock names"):
        sbom.bill(lock.replace(content, "2" * 64), tmp_path)
    with pytest.raises(ValueError, match="no hash"):
        sbom.bill("some-thing==1.0\n")


def test_a_bundle_has_one(sbom: ModuleType) -> None:
    script = (ROOT / "deploy" / "make-bundle").read_text(encoding="utf-8")
    written, listed = script.index("sbom.cdx.json"), script.index("sha256sum >\"$work/SHA256SUMS\"")
    assert written < listed, "its own hash stands in the list"
