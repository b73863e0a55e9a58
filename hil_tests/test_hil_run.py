"""`hil run` against our simulated PLCs: all of it passes; a PLC with a seeded defect fails in the right case only.

Knows how to seed a defect beyond the wire. What a target cannot do is skipped and said.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from hil_tests.served_station import Served, served
from hil_tests.simplc import contract
from hil_tests.simplc.contract import Channel
from station_ctl.build import PARTS, put_together
from station_ctl.cli import main
from station_ctl.cli.hil import Plan, try_all
from station_ctl.cli.hil_case import SUITES, Verdict
from station_ctl.cli.plant_control import controls
from station_ctl.cli.plant_process import PlantProcess, overrides
from station_ctl.config import load_station, station_file
from station_ctl.engine.journal import Journal

SPEED = 4.0
"""Plant seconds in a second: HOME of the lift takes three, long enough to be stopped on a busy machine."""


async def outcomes(it: Served, *suites: str, moves: bool = False, roles: tuple[str, ...] = ("lift",)) -> list[Any]:
    config = load_station(station_file("sim_passenger_car"), it.settings, PARTS)
    plan = Plan(suites or tuple(SUITES), frozenset(roles), moves)
    return await try_all(config, put_together(config), plan)


def failed(found: list[Any]) -> list[tuple[str, str, str]]:
    return [(o.case.suite, o.case.target, o.case.sentence) for o in found if o.verdict is Verdict.FAILED]


async def test_a_simulated_plc_keeps_every_sentence_that_needs_no_fault(tmp_path: Path) -> None:
    async with served(tmp_path, ("lift",), speed=SPEED) as it:
        found = await outcomes(it, moves=True)
        told = [f"{o.case.suite} {o.case.name}: {o.found}" for o in found if o.verdict is not Verdict.PASSED]
        assert failed(found) == [], told
        passed = {(o.case.suite, o.case.target) for o in found if o.verdict is Verdict.PASSED}
        assert passed >= {(suite, "lift") for suite in ("identity", "scan", "orders", "stop", "heartbeat")}
        assert ("orders", "vehicle") in passed, "the second channel of the same PLC"
        skipped = {(o.case.suite, o.found) for o in found if o.verdict is Verdict.SKIPPED}
        assert {suite for suite, _ in skipped} == {"restart", "faults"}
        assert all("--control" in why for _, why in skipped), "what cannot be tried is said"
        assert it.station.monitor.verdicts == []


async def test_without_a_yes_for_motion_no_order_is_given_that_a_machine_knows(tmp_path: Path) -> None:
    async with served(tmp_path, ("lift",)) as it:
        found = await outcomes(it, "orders", "stop", "heartbeat")
        assert failed(found) == []
        assert {o.case.suite for o in found if o.verdict is Verdict.SKIPPED} == {"stop", "heartbeat"}
        opcodes = {tags[tag] for _, tags in it.written for tag in tags if tag.endswith("CMD_OPCODE")}
        assert opcodes == {99}
        assert not any("HB_CTL" in tags or tags.get("STOP_REQ") for _, tags in it.written)


@pytest.mark.long
async def test_a_motion_that_is_over_at_once_tells_nothing_and_is_not_passed(tmp_path: Path) -> None:
    async with served(tmp_path, ("lift",), speed=300.0) as it:
        found = {o.case.sentence: o for o in await outcomes(it, "stop", moves=True)}
        assert found["5.2"].verdict is Verdict.SKIPPED and "over before it could be stopped" in found["5.2"].found
        assert found["3.5"].verdict is Verdict.PASSED, found["3.5"].found


def no_checksum(monkeypatch: pytest.MonkeyPatch, it: Served) -> None:
    check = Channel._check

    def careless(self: Channel, number: int, block: list[int], params: Any) -> int:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(contract, "crc16", lambda words: block[8])
            return check(self, number, block, params)

    monkeypatch.setattr(Channel, "_check", careless)


def any_epoch(monkeypatch: pytest.MonkeyPatch, it: Served) -> None:
    _told(monkeypatch, lambda channel, block: block.__setitem__(1, channel.plc.epoch))


def never_expires(monkeypatch: pytest.MonkeyPatch, it: Served) -> None:
    _told(monkeypatch, lambda channel, block: block.__setitem__(7, channel.plc.uptime_ms))


def any_number(monkeypatch: pytest.MonkeyPatch, it: Served) -> None:
    _told(monkeypatch, lambda channel, block: setattr(channel, "last_id", 0))


def _told(monkeypatch: pytest.MonkeyPatch, change: Callable[[Channel, list[int]], Any]) -> None:
    """The program overlooks a part of the block: it checks what it would have had to find."""
    check = Channel._check

    def careless(self: Channel, number: int, block: list[int], params: Any) -> int:
        if check(self, number, list(block), params) == contract.BAD_CRC:
            return contract.BAD_CRC
        change(self, block)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(contract, "crc16", lambda words: block[8])
            return check(self, number, block, params)

    monkeypatch.setattr(Channel, "_check", careless)


def uncommitted(monkeypatch: pytest.MonkeyPatch, it: Served) -> None:
    plc = it.station.plcs["lift"]
    take = plc.write

    def hasty(tags: Any) -> None:
        take({**tags, **({"CMD_COMMIT": int(tags["CMD_ID"]) & 0xFFFF} if "CMD_ID" in tags else {})})

    monkeypatch.setattr(plc, "write", hasty)


def deaf(monkeypatch: pytest.MonkeyPatch, it: Served) -> None:
    it.station.faults.set("stop-ignored", True, {"plc": "lift"})


def unheard(monkeypatch: pytest.MonkeyPatch, it: Served) -> None:
    monkeypatch.setattr(type(it.station.plcs["lift"]), "_go_silent", lambda self: None)


def wrong_version(monkeypatch: pytest.MonkeyPatch, it: Served) -> None:
    it.station.plcs["lift"].freeze("MAP_VERSION", 9)


def a_lying_sensor(monkeypatch: pytest.MonkeyPatch, it: Served) -> None:
    it.station.plcs["lift"].freeze("LIFT_MM", 5000.0)


def both(sentence: str) -> set[tuple[str, str, str]]:
    """The case fails on each channel of the PLC."""
    return {("orders", role, sentence) for role in ("lift", "vehicle")}


DEFECTS: list[Any] = [
    pytest.param(no_checksum, "orders", both("4.3"), id="checksum"),
    pytest.param(any_epoch, "orders", both("4.2"), id="epoch", marks=pytest.mark.long),
    pytest.param(never_expires, "orders", both("4.2"), id="expiry", marks=pytest.mark.long),
    pytest.param(any_number, "orders", both("4.2"), id="number", marks=pytest.mark.long),
    pytest.param(uncommitted, "orders", {("orders", "lift", "3.2")}, id="commit", marks=pytest.mark.long),
    pytest.param(deaf, "stop", {("stop", "lift", "5.2")}, id="stop", marks=pytest.mark.long),
    pytest.param(unheard, "heartbeat", {("heartbeat", "lift", "6.2")}, id="heartbeat", marks=pytest.mark.long),
    pytest.param(wrong_version, "identity", {("identity", "lift", "2.1")}, id="version", marks=pytest.mark.long),
    pytest.param(a_lying_sensor, "scan", {("scan", "lift", "13")}, id="bounds", marks=pytest.mark.long),
]


@pytest.mark.parametrize(("seed", "suite", "wanted"), DEFECTS)
async def test_a_seeded_defect_fails_in_its_own_case(
    seed: Callable[[pytest.MonkeyPatch, Served], None], suite: str, wanted: set[Any], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    async with served(tmp_path, ("lift",), speed=SPEED) as it:
        seed(monkeypatch, it)
        found = await outcomes(it, suite, moves=True)
        assert set(failed(found)) == wanted, [f"{o.case.name}: {o.verdict} {o.found}" for o in found]


async def test_faults_are_injected_where_the_plant_takes_them_and_the_report_is_junit(tmp_path: Path) -> None:
    plant = await PlantProcess.start(tmp_path, speed=1.0, seed=1)
    try:
        async with controls(plant, tmp_path):
            told = overrides(plant.endpoints, speed=1.0, journal=tmp_path / "journal.sqlite")
            junit = tmp_path / "hil.xml"
            typed = ["hil", "run", "--station", "sim_passenger_car", *(f"--set={n}={v}" for n, v in told.items())]
            typed += ["--suite", "restart", "--suite", "faults", "--suite", "stop", "--role", "lift"]
            typed += ["--control", str(tmp_path), "--junit", str(junit), "--json"]
            with closing(Journal.new(tmp_path / "journal.sqlite", "SIM-0001")) as journal:
                assert journal.restore().next_order == 1
            result = await asyncio.to_thread(CliRunner().invoke, main, typed)
    finally:
        await plant.end()
    data = json.loads(result.stdout)["data"]
    assert (result.exit_code, data["counts"]) == (0, {"passed": 4, "failed": 0, "skipped": 3}), data
    assert {row["suite"] for row in data["cases"] if row["verdict"] == "skipped"} == {"stop"}
    with closing(Journal(tmp_path / "journal.sqlite", "SIM-0001")) as journal:
        assert journal.restore().next_order > 1000, "the journal knows of the numbers"
    root = ElementTree.parse(junit).getroot()
    counted = [root.attrib[name] for name in ("tests", "failures", "errors", "skipped")]
    assert (root.tag, counted) == ("testsuites", ["7", "0", "0", "3"])
    assert [suite.attrib["name"] for suite in root] == ["stop", "restart", "faults"]
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.attrib["tests"]) == len(cases) > 0
        assert int(suite.attrib["skipped"]) == sum(case.find("skipped") is not None for case in cases)
        assert all(case.attrib.keys() == {"classname", "name", "time"} for case in cases)


@pytest.mark.long
async def test_a_whole_swap_is_a_case_where_the_plant_brings_a_vehicle(tmp_path: Path) -> None:
    plant = await PlantProcess.start(tmp_path, speed=30.0, seed=1)
    try:
        async with controls(plant, tmp_path):
            told = overrides(plant.endpoints, speed=30.0, journal=tmp_path / "journal.sqlite")
            typed = ["hil", "run", "--station", "sim_passenger_car", *(f"--set={n}={v}" for n, v in told.items())]
            typed += ["--suite", "swap", "--control", str(tmp_path), "--moves", "--yes", "--json"]
            result = await asyncio.to_thread(CliRunner().invoke, main, typed)
            data = json.loads(result.stdout)["data"]
            assert (result.exit_code, data["counts"]) == (0, {"passed": 1, "failed": 0, "skipped": 0}), data
            Journal.new(tmp_path / "journal.sqlite", "SIM-0001").close()
            result = await asyncio.to_thread(CliRunner().invoke, main, typed)
            (row,) = json.loads(result.stdout)["data"]["cases"]
            assert (result.exit_code, row["verdict"]) == (1, "skipped") and "keeps the custody" in row["found"]
    finally:
        await plant.end()


@pytest.mark.parametrize(("more", "code"), [(("--moves",), 10), (("--suite", "dance"), 2)])
def test_motion_needs_a_yes_and_a_suite_its_name(more: tuple[str, ...], code: int) -> None:
    result = CliRunner().invoke(main, ["hil", "run", "--station", "sim_passenger_car", *more])
    assert result.exit_code == code


def test_a_service_that_runs_keeps_its_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("station_ctl.service.backup.is_held", lambda journal: True)
    result = CliRunner().invoke(main, ["hil", "run", "--station", "sim_passenger_car"])
    assert result.exit_code == 1 and "A503" in result.stderr and "end it first" in result.stderr
