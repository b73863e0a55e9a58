"""The bill of materials of a release: every package of the hash lock and the project itself, as CycloneDX 1.5 JSON.

    python deploy/sbom.py LOCK [FOLDER OF WHEELS]

Knows what stands in the lock and in the wheels' own metadata. What neither says is left out, not guessed: a lock has
no licences and no suppliers, a wheel of the folder tells its licence. The same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import uuid
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
VIA = re.compile(r"^ +# +(?:via +)?([A-Za-z0-9._-]+)(?: \(.*\))?$")
PROJECT = "station-ctl"


def normal(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def entries(lock: str) -> Iterator[dict[str, Any]]:
    """Name, version, hashes and who asked for it, of each package of a lock. Raises ValueError for one without hash."""
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock.strip()):
        found = ENTRY.match(block)
        if found is None:
            continue
        hashes = HASH.findall(block)
        if not hashes:
            raise ValueError(f"{found['name']} has no hash in the lock")
        comments = [line for line in block.splitlines() if line.lstrip().startswith("#") and line.strip() != "# via"]
        via = [normal(m[1]) for line in comments if (m := VIA.match(line))]
        yield {"name": normal(found["name"]), "version": found["version"], "hashes": hashes, "via": via}


def wheel_of(wheels: Path, name: str) -> Path | None:
    """The wheel of a package, if the folder has it."""
    return next((w for w in sorted(wheels.glob("*.whl")) if normal(w.name.split("-")[0]) == name), None)


def licence(wheel: Path) -> str:
    """What a wheel says of its licence; empty if it says nothing."""
    with zipfile.ZipFile(wheel) as archive:
        inside = next((n for n in archive.namelist() if n.endswith(".dist-info/METADATA")), None)
        if inside is None:
            return ""
        told = HeaderParser().parsestr(archive.read(inside).decode("utf-8", "replace"))
    said = told.get("License-Expression") or told.get("License") or ""
    classified = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier", []) if c.startswith("License ::")]
    # Some wheels put the whole text of their licence there; its name is then among the classifiers.
    return said if said and "\n" not in said and len(said) < 80 else ", ".join(classified)


def component(entry: dict[str, Any], wheels: Path | None) -> dict[str, Any]:
    """One package in the words of CycloneDX: the hash of the file that is shipped, or of every one that may be.

    Raises ValueError for a wheel that is none of the lock's.
    """
    made = {
        "type": "library", "bom-ref": reference(entry), "name": entry["name"], "version": entry["version"],
        "purl": reference(entry),
    }  # fmt: skip
    wheel = wheel_of(wheels, entry["name"]) if wheels is not None else None
    if wheel is None:
        made["properties"] = [{"name": "lock:sha256", "value": value} for value in entry["hashes"]]
        return made
    content = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if content not in entry["hashes"]:
        raise ValueError(f"{wheel.name} is none of the files that the lock names for {entry['name']}")
    made["hashes"] = [{"alg": "SHA-256", "content": content}]
    if said := licence(wheel):
        made["licenses"] = [{"license": {"name": said}}]
    return made


def reference(entry: dict[str, Any]) -> str:
    """The package's address in every bill of materials."""
    return f"pkg:pypi/{entry['name']}@{entry['version']}"


def bill(lock: str, wheels: Path | None = None) -> dict[str, Any]:
    """The whole document. The project is among the packages of a release's lock, or is left out."""
    packages = sorted(entries(lock), key=lambda entry: str(entry["name"]))
    project = next((entry for entry in packages if entry["name"] == PROJECT), None)
    needs: dict[str, list[str]] = {reference(entry): [] for entry in packages}
    for entry in packages:
        for other in packages:
            if other["name"] in entry["via"]:
                needs[reference(other)].append(reference(entry))
    document = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        # Made of the lock: the same release has the same number, another one another.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, lock)}",
        "metadata": {"tools": [{"name": "deploy/sbom.py"}]},
        "components": [component(entry, wheels) for entry in packages if entry is not project],
        "dependencies": [{"ref": ref, "dependsOn": sorted(on)} for ref, on in needs.items()],
    }  # fmt: skip
    if project is not None:
        top = {**component(project, wheels), "type": "application"}
        document["metadata"] = {**document["metadata"], "component": top}
    return document


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    found = bill(text, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
