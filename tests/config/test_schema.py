"""The JSON schemas for editors are those of the models.

Knows config/schema. Does not know editors.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from station_ctl.config.schema import KINDS, schema_text
from station_ctl.paths import config_directory

CONFIG = config_directory()


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_up_to_date(kind: str) -> None:
    written = (CONFIG / "schema" / f"{kind}.json").read_text(encoding="utf-8")
    assert written == schema_text(kind), f"station-ctl config schema {kind} > config/schema/{kind}.json"


def test_there_is_no_other_schema() -> None:
    assert {path.stem for path in (CONFIG / "schema").iterdir()} == set(KINDS)


@pytest.mark.parametrize("path", sorted(CONFIG.rglob("*.yaml")), ids=lambda p: p.name)
def test_file_names_its_schema_for_the_editor(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    name = first.removeprefix("# yaml-language-server: $schema=")
    target = path.parent / name if (path.parent / name).is_file() else CONFIG / "schema" / Path(name).name
    assert (path.parent / name).resolve() == target.resolve(), first
    assert json.loads(target.read_text(encoding="utf-8"))["$schema"].startswith("https://json-schema.org/")
