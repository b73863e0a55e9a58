"""The alarm catalogue: every code of the source has its row, and every row says what to do.

Knows the source as text. Does not know when alarms are raised.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from math import ceil
from pathlib import Path

import pytest

import station_ctl
from station_ctl.config import load_alarms
from station_ctl.config.alarms import AlarmFile
from station_ctl.config.yaml_positions import read_yaml
from station_ctl.core.alarms import Language, Priority
from station_ctl.core.errors import ConfigurationError, StationError
from station_ctl.paths import config_directory

ROOT = Path(station_ctl.__file__).resolve().parent.parent
CATALOGUE = load_alarms()
ROWS = AlarmFile.model_validate(read_yaml(config_directory() / "alarms.yaml").data).root
SOURCE = {
    path.relative_to(ROOT): path.read_text(encoding="utf-8")
    for package in ("station_ctl", "drivers", "sequences")
    for path in (ROOT / package).rglob("*.py")
}
USED = {
    code: str(path) for path, text in SOURCE.items() for code in re.findall(r"""["'](A\d{3})["']""", text)
}


def test_codes_are_found_in_the_source() -> None:
    assert {"A101", "A601", "A990"} <= USED.keys()


@pytest.mark.parametrize("code", sorted(USED))
def test_code_of_the_source_has_a_row(code: str) -> None:
    assert code in CATALOGUE, f"{USED[code]} uses {code}: give it a row in config/alarms.yaml"


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_row_is_used_or_says_that_it_is_reserved(code: str) -> None:
    assert code in USED or ROWS[code].reserved


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_row_tells_a_person_what_to_do(code: str) -> None:
    entry = CATALOGUE[code]
    for sentence in (entry.cause, entry.consequence, entry.remedy):
        assert sentence.endswith("."), sentence
        assert sentence[0].isupper(), sentence
    assert not entry.text.endswith(".")


def test_every_error_class_has_a_row() -> None:
    for module in pkgutil.iter_modules([str(ROOT / "station_ctl" / "core")]):
        importlib.import_module(f"station_ctl.core.{module.name}")
    classes = [StationError, *_subclasses(StationError)]
    assert len(classes) > 5
    assert {kind.code for kind in classes} <= CATALOGUE.keys()


def _subclasses(kind: type[StationError]) -> list[type[StationError]]:
    return [c for child in kind.__subclasses__() for c in (child, *_subclasses(child))]


def test_wrong_catalogue_is_told_with_positions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("alarms.yaml").write_text(
        "A101:\n  text: Interlock lost\n  priority: urgent\n  cause: too short\n"
        "  consequence: The run is held.\n  remdy: Go and look there.\nB1: {}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError) as refused:
        load_alarms(Path("alarms.yaml"))
    heads = [finding.split(": ")[0:2] for finding in refused.value.findings]
    assert heads == [
        ["alarms.yaml:1:1", "A101.remedy"],
        ["alarms.yaml:1:1", "A101.zh"],
        ["alarms.yaml:3:13", "A101.priority"],
        ["alarms.yaml:4:10", "A101.cause"],
        ["alarms.yaml:6:3", "A101.remdy"],
        ["alarms.yaml:7:1", "B1"],
        ["alarms.yaml:7:1", "B1.text"],
        ["alarms.yaml:7:1", "B1.priority"],
        ["alarms.yaml:7:1", "B1.cause"],
        ["alarms.yaml:7:1", "B1.consequence"],
        ["alarms.yaml:7:1", "B1.remedy"],
        ["alarms.yaml:7:1", "B1.zh"],
    ]


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_row_says_the_same_in_both_languages(code: str) -> None:
    """Every word field in Chinese, and every name a technician types or reads on the machine is in both."""
    english, chinese = CATALOGUE[code].words(), CATALOGUE[code].words(Language.CHINESE)
    for name in ("text", "cause", "consequence", "remedy"):
        said, also = getattr(english, name), getattr(chinese, name)
        assert re.search("[\u4e00-\u9fff]", also), (name, also)
        assert not re.search("[\u4e00-\u9fff][,;()]", also), f"half-width punctuation: {also}"
        assert set(re.findall(r"`[^`]+`|journal\.path|map_version", said)) == set(
            re.findall(r"`[^`]+`|journal\.path|map_version", also)
        )


def test_only_what_can_hurt_people_is_critical() -> None:
    """At most one row in twenty, rounded up. All else has been made safe by the station before a person reads it."""
    critical = {code for code, entry in CATALOGUE.items() if entry.priority is Priority.CRITICAL}
    assert critical == {"A102", "A109", "A801"} and len(critical) <= ceil(0.05 * len(CATALOGUE))


def test_row_without_chinese_or_in_half_of_it_is_told(tmp_path: Path) -> None:
    rows = (config_directory() / "alarms.yaml").read_text(encoding="utf-8")
    first = rows.split("A102:")[0]
    file = tmp_path / "alarms.yaml"
    file.write_text(re.sub(r"(zh:\n    text: ).*", r"\1Interlock lost", first), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"A101\.zh\.text: needs a title in Chinese"):
        load_alarms(file)
    file.write_text(re.sub(r"\n    remedy: .*", "", first), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"A101\.zh\.remedy"):
        load_alarms(file)
