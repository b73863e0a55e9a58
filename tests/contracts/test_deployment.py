"""What goes onto the station PC agrees with itself: the unit is hardened, ports and folders are those of the files.

Knows deploy/ and the tools of systemd. The scripts are run in hil_tests/test_install.py."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from station_ctl.config import SerialLineLink, load_station, station_file
from station_ctl.paths import api_sockets
from station_ctl.service.person_book import GROUPS

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = (DEPLOY / "station.service").read_text(encoding="utf-8")
SCRIPTS = ("install", "rollback", "make-bundle", "switching.sh")


def setting(name: str) -> list[str]:
    """Every value of a setting of the unit, in its order."""
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine: the unit was NOT looked at")
    return subprocess.run(
        ["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=60, check=False
    )


def test_unit_leaves_the_service_little_to_reach() -> None:
    done = analyze("security", "--offline=true", "--threshold=15", DEPLOY / "station.service")
    exposure = re.search(r"exposure level for station.service: ([\d.]+)", done.stdout)
    assert exposure is not None, done.stderr
    assert done.returncode == 0 and float(exposure[1]) <= 1.5, done.stdout


def test_unit_is_understood_whole(tmp_path: Path) -> None:
    program = tmp_path / "station-ctl"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / "station.service"
    unit.write_text(UNIT.replace("/opt/station/current/venv/bin/station-ctl", str(program)))
    done = analyze("verify", unit)
    assert (done.returncode, done.stderr) == (0, "")


def test_watchdog_ready_and_ends_are_those_of_the_program() -> None:
    assert setting("Type") == ["notify"] and setting("WatchdogSignal") == ["SIGABRT"]
    assert setting("RestartPreventExitStatus") == ["6"], "exit 6 is a wrong configuration: no restart mends it"
    assert setting("ExecStart") == [
        "/opt/station/current/venv/bin/station-ctl run --station /etc/station-ctl/station.yaml"
    ]
    assert setting("LimitCORE") == ["0"], "a core file of this process has keys in it"


def test_socket_is_where_the_command_line_looks_and_shows_who_asks() -> None:
    assert f"STATION_SOCKET={api_sockets()[0]}" in setting("Environment")[0]
    assert str(api_sockets()[0].parent) == f"/run/{setting('RuntimeDirectory')[0]}"
    assert setting("PrivateUsers") == [], "in a user namespace of its own the service sees everybody as nobody"


def test_every_role_has_its_group() -> None:
    made = re.findall(r"^g (\S+) -$", (DEPLOY / "sysusers.conf").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(made) == set(GROUPS)


def test_journal_of_the_delivered_station_lies_where_the_unit_lets_it_write() -> None:
    config = load_station(station_file("passenger_car"))
    assert str(config.journal.parent) == f"/var/lib/{setting('StateDirectory')[0]}"
    named = (DEPLOY / "tmpfiles.conf").read_text(encoding="utf-8")
    assert f"d {config.journal.parent} " in named and f"d {config.journal.parent}/backup " in named
    assert f"u {setting('User')[0]} " in (DEPLOY / "sysusers.conf").read_text(encoding="utf-8")


def test_serial_ports_of_the_delivered_station_have_a_rule_and_no_other_is_named() -> None:
    links = load_station(station_file("passenger_car")).links.values()
    serial = {link.address for link in links if isinstance(link, SerialLineLink) or link.protocol == "modbus-rtu"}
    rules = (DEPLOY / "udev" / "70-station.rules").read_text(encoding="utf-8")
    assert {f"/dev/{name}" for name in re.findall(r'SYMLINK\+="([^"]+)"', rules)} == serial


def test_plcs_of_the_delivered_station_may_be_reached() -> None:
    allowed = setting("IPAddressAllow")[0].split()
    assert setting("IPAddressDeny") == ["any"] and "192.168.10.0/24" in allowed
    addresses = (link.address for link in load_station(station_file("passenger_car")).links.values())
    assert all("192.168.10." in a or a.startswith("/dev/") for a in addresses)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_is_one_that_every_shell_reads(name: str) -> None:
    assert os.access(DEPLOY / name, os.X_OK) or name.endswith(".sh")
    done = subprocess.run(["sh", "-n", DEPLOY / name], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert not re.search(r"\[\[|^\s*(function|local|source)\s|pipefail|<<<", text, re.MULTILINE), "a word of bash"


@pytest.mark.parametrize(
    ("name", "told"), [("install", "--root DIR"), ("rollback", "VERSION"), ("make-bundle", "--sign KEY")]
)
def test_wrong_words_are_answered_with_the_usage(name: str, told: str) -> None:
    done = subprocess.run([DEPLOY / name, "--nonsense"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2 and told in done.stderr and "#" not in done.stderr
