"""`config init`: a station file that `config check` accepts, from options or from a person; never over another file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from station_ctl.build import PARTS
from station_ctl.cli import config_init, main
from station_ctl.config import StationConfig, load_station

SIMULATED = ("--simulated", "--name", "Bench 7: two", "--code", "B-7")


def init(path: Path, *words: str, keys: str | None = None) -> Result:
    return CliRunner().invoke(main, ["config", "init", str(path), *words], input=keys)


def load(path: Path) -> StationConfig:
    return load_station(path, parts=PARTS)


def test_a_simulated_station_of_options_alone(tmp_path: Path) -> None:
    path = tmp_path / "bench.yaml"
    words = (*SIMULATED, "--racks", "1", "--bays", "10", "--vehicle", "sim_taxi", "--climate", "cold")
    result = init(path, "--archetype", "passenger_car", *words, "--journal", "journal of bench.sqlite")
    assert result.exit_code == 0, result.output
    made = load(path)
    assert (made.station.name, made.station.code, made.simulated) == ("Bench 7: two", "B-7", True)
    assert {name: len(role.bay_numbers) for name, role in made.roles.items() if role.bays} == {"rack_a": 10}
    assert (made.climate, made.journal.name) == ("cold", "journal of bench.sqlite")
    text = path.read_text(encoding="utf-8")
    assert text.count("#") > 5 and len(text.splitlines()) < 60


@pytest.mark.parametrize("archetype", sorted(PARTS.archetypes))
def test_a_real_station_of_every_type_has_its_own_addresses_and_more_racks(archetype: str, tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    shipped = config_init._shipped(archetype, simulated=False)
    places = {"modbus-tcp": "10.0.0.{}:502", "opcua": "opc.tcp://10.0.0.{}:4840"}
    numbered = enumerate(shipped.links.items(), 1)
    links = {name: places.get(link.protocol, "/dev/station/p{}").format(n) for n, (name, link) in numbered}
    links |= {"rack_b": "10.0.0.98:502", "rack_c": "10.0.0.99:502"}
    vehicle = config_init._proposed(shipped)
    told = [word for name, place in links.items() for word in ("--address", f"{name}={place}")]
    result = init(path, "--archetype", archetype, "--name", "Site", "--code", "S-1", "--racks", "3", "--bays", "6",
                  "--vehicle", vehicle, *told)  # fmt: skip
    assert result.exit_code == 0, result.output
    made = load(path)
    assert {name: link.address for name, link in made.links.items()} == links
    assert [(r.bay_prefix, r.first_bay) for r in made.roles.values() if r.bays] == [("A", 1), ("B", 7), ("C", 13)]
    assert str(made.journal) == config_init.JOURNAL and not made.simulated


def test_nobody_to_ask_lists_everything_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    first = init(path)
    types = ", ".join(sorted(PARTS.archetypes))
    assert first.exit_code == 2 and f"--archetype ({types}), --name, --code, --vehicle" in first.output
    then = init(path, "--archetype", "passenger_car", "--racks", "1", "--code", "S-1", "--address", "lift=10.0.0.1:502")
    assert then.exit_code == 2 and not path.exists()
    told = " ".join(then.output.split())
    assert "--name, --address stacker=…, --address rack_a=…, --address safety=…" in told and "--vehicle" in told
    assert "lift=…" not in told and "rack_b" not in told and "--code" not in told.split("needed are")[1]


def test_a_file_that_is_there_stays_as_it_is_without_force(tmp_path: Path) -> None:
    path = tmp_path / "bench.yaml"
    path.write_text("mine", encoding="utf-8")
    words = ("--archetype", "passenger_car", *SIMULATED, "--vehicle", "sim_sedan")
    assert init(path, *words).exit_code == 2 and path.read_text(encoding="utf-8") == "mine"
    assert init(path, *words, "--force").exit_code == 0 and load(path).station.code == "B-7"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--bays", "24"), "bays 24: needs 1 to 12"),
        (("--vehicle", "unheard_of"), "no file unheard_of.yaml"),
        (("--address", "lift=10.0.0.1:502"), "a simulated station has loopback addresses"),
        (("--code", "B-7\n  simulated: false"), "needs 2 to 32 of capitals, digits and -"),
    ],
)
def test_what_config_check_refuses_is_told_and_not_written(more: tuple[str, ...], why: str, tmp_path: Path) -> None:
    path = tmp_path / "bench.yaml"
    path.write_text("mine", encoding="utf-8")
    words = ("--archetype", "passenger_car", *SIMULATED, "--racks", "1", "--vehicle", "sim_sedan", "--force", *more)
    result = init(path, *words)
    assert result.exit_code == 6 and why in result.stderr and "bench.yaml:" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["bench.yaml"] and path.read_text(encoding="utf-8") == "mine"


def test_a_person_is_asked_for_what_no_option_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def __init__(self, real: Any) -> None:
            self.real = real

        def isatty(self) -> bool:
            return True

        def __getattr__(self, name: str) -> Any:
            return getattr(self.real, name)

    streams = {"stdin": Terminal(sys.stdin), "stdout": Terminal(sys.stdout)}
    monkeypatch.setattr(config_init, "sys", type("Sys", (), streams))
    path = tmp_path / "bench.yaml"
    keys = "passenger_car\ny\n2\n8\nBench at home\nHOME-1\nsim_sedan, sim_taxi\ntemperate\n"
    result = init(path, keys=keys)
    assert result.exit_code == 0, result.output
    made = load(path)
    assert (made.station.name, len(made.recipes), made.climate) == ("Bench at home", 2, "temperate")
    assert [len(role.bay_numbers) for role in made.roles.values() if role.bays] == [8, 8]
