"""`hil`: what is skipped is never passed, what was tried is counted, and the report is JUnit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from station_ctl.build import PARTS, put_together
from station_ctl.cli import main
from station_ctl.cli.hil import HalfWay, Plan, _journal, _reserve, try_all
from station_ctl.cli.hil_bench import RESERVED, Bench, Hand
from station_ctl.cli.hil_case import SUITES, CannotBeTried, Case, Deviation, Need, Outcome, Verdict, tried
from station_ctl.cli.hil_junit import junit
from station_ctl.config import load_station, station_file
from station_ctl.core.errors import Exit
from station_ctl.core.points import IoList
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal
from station_ctl.service.backup import is_held

CONFIG = load_station(station_file("sim_passenger_car"), parts=PARTS)


def case(found: str | Exception, *needs: Need, suite: str = "orders") -> Case:
    async def attempt(_bench: Any) -> str:
        if isinstance(found, Exception):
            raise found
        return found

    return Case(suite, "lift", "4.2", "answers", attempt, frozenset(needs))


@pytest.mark.parametrize(
    ("made", "able", "verdict", "told"),
    [
        (case("in 3 ms"), (), Verdict.PASSED, "in 3 ms"),
        (case(Deviation("found 1")), (), Verdict.FAILED, "found 1"),
        (case(CannotBeTried("no HOME")), (), Verdict.SKIPPED, "no HOME"),
        (case("in 3 ms", Need.MOVES), (), Verdict.SKIPPED, "--moves"),
        (case("in 3 ms", Need.MOVES, Need.CONTROL), (Need.MOVES,), Verdict.SKIPPED, "--control"),
        (case("in 3 ms", Need.MOVES), (Need.MOVES,), Verdict.PASSED, "in 3 ms"),
    ],
)
async def test_a_case_that_was_not_tried_has_not_passed(made: Case, able: Any, verdict: Verdict, told: str) -> None:
    outcome = await tried(made, None, frozenset(able))  # type: ignore[arg-type]
    assert outcome.verdict is verdict and told in outcome.found


def test_the_swap_comes_before_what_leaves_machines_where_they_stopped() -> None:
    assert list(Plan().rounds()) == [
        (False, ("identity", "scan", "orders")), (True, ("swap",)), (False, ("stop", "heartbeat", "restart", "faults")),
    ]  # fmt: skip
    assert [suite for _, group in Plan().rounds() for suite in group] == list(SUITES)
    assert list(Plan(("stop", "orders"), frozenset(("lift",))).rounds()) == [(False, ("orders",)), (False, ("stop",))]
    assert list(Plan(("swap",), frozenset(("lift",))).rounds()) == []


def test_the_report_counts_as_it_says_and_takes_what_a_plc_says() -> None:
    outcomes = [
        Outcome(case("ok"), Verdict.PASSED, "in 3 ms", 0.5),
        Outcome(case("", suite="stop"), Verdict.FAILED, "found <1> & \x00", 1.0),
        Outcome(case("", suite="stop"), Verdict.SKIPPED, "no HOME", 0.0),
    ]
    root = ElementTree.fromstring(junit(outcomes, {"station": "S-1"}, "2026-01-01T00:00:00.000Z"))
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["skipped"], root.attrib["time"]) == (
        "3", "1", "1", "1.500",
    )  # fmt: skip
    stop = root[1]
    assert stop.attrib["name"] == "stop" and stop.attrib["timestamp"].endswith("Z")
    assert stop.findall("testcase")[0].find("failure").attrib["message"] == "found <1> & ?"  # type: ignore[union-attr]
    assert [suite.find("properties/property").attrib["value"] for suite in root] == ["S-1", "S-1"]  # type: ignore[union-attr]


async def test_an_order_that_the_lists_codes_do_not_let_through_is_not_tried() -> None:
    paper = put_together(CONFIG)
    bench = Bench(CONFIG, paper, meant=lambda role, link: role == "lift")
    points = CONFIG.io["lift"].values()
    coded = tuple(replace(p, codes=((110, 10),)) if p.tag == "CMD_OPCODE" else p for p in points)
    bench.links = {"lift": SimpleNamespace(io=IoList("lift", coded))}  # type: ignore[dict-item]
    device = paper.devices["lift"]
    assert device.channel is not None
    with pytest.raises(CannotBeTried, match="let no order 99 through"):
        await Hand(bench, device, device.channel).give(99)


def test_suites_are_listed_with_what_they_need() -> None:
    said = CliRunner().invoke(main, ["hil", "list"]).output
    assert all(name in said for name in SUITES) and "--moves" in said and "--control" in said


@pytest.mark.parametrize("suites", [("orders",), ("identity", "stop"), tuple(SUITES)])
async def test_no_order_is_given_while_a_run_of_the_station_is_open(tmp_path: Path, suites: tuple[str, ...]) -> None:
    """Its PLCs remember how far it has come, and a pack may hang half-way."""
    config = replace(CONFIG, journal=tmp_path / "journal.sqlite")
    journal = Journal.new(config.journal, config.station.code)
    journal.commit([Record("run-opened", "S-0007")], None)
    journal.close()
    with pytest.raises(HalfWay, match=r"has S-0007 open: .* swap recover, .* --suite identity --suite scan") as refused:
        await try_all(config, put_together(config), Plan(suites))
    assert (refused.value.code, refused.value.exit) == ("A402", Exit.NOT_ALLOWED)
    with _journal(config, Plan(("identity", "scan"))) as held:
        assert held is None


def test_no_service_starts_beside_orders_and_their_numbers_are_known_afterwards(tmp_path: Path) -> None:
    config = replace(CONFIG, journal=tmp_path / "journal.sqlite")
    Journal.new(config.journal, config.station.code).close()
    with _journal(config, Plan(("orders",))) as held:
        assert held is not None and is_held(config.journal)
        before = held.restore().next_order
        _reserve(held, Bench(config, put_together(config)))
        assert held.restore().next_order == before + RESERVED + 1
    assert not is_held(config.journal)
