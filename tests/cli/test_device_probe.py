"""`device probe`: what a wrong sign points to, how pairs and life are judged, and the running service as the source."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from station_ctl.build import PARTS, put_together
from station_ctl.cli import device, main, service_call
from station_ctl.cli.finding import Grade
from station_ctl.cli.probe import findings, identity, tags
from station_ctl.cli.probe_wire import Looked, Pulse
from station_ctl.config import load_station, station_file
from station_ctl.core.links import NotSent
from station_ctl.core.points import IoList

CONFIG = load_station(station_file("sim_passenger_car"), parts=PARTS)
LIFT = CONFIG.io["lift"]
SIGNS = {"MAGIC": 0x5AA5, "PATTERN": 0x1234, "PATTERN32": 0x12345678, "MAP_VERSION": 2}
PAIRS = [pair for name, made in put_together(CONFIG).devices.items() if name == "lift" for pair in made.pairs]


def looked(**values: Any) -> Looked:
    """The lift at rest as a right mapping shows it, with some tags otherwise; None: not read."""
    shown = {p.tag: False if str(p.type) == "bool" else "" if "str" in str(p.type) else 0 for p in LIFT.values()}
    at_rest = {"UNCLAMPED": True, "LIFT_DOWN": True, "FLOOR_CLOSED": True}
    shown |= {**SIGNS, **at_rest, **values}
    here = {tag: value for tag, value in shown.items() if value is not None}
    pulse = Pulse(100, 1190, 1.2)
    return Looked("lift", here, set(), dict.fromkeys(here, 5.0), {}, pulse, now=5.1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        ({"MAGIC": 0xA55A, "PATTERN": 0x3412, "PATTERN32": 0x34127856}, "bytes of each word are swapped"),
        ({"PATTERN32": 0x56781234}, "words of 32-bit values are swapped"),
        ({"MAGIC": 0x1234, "PATTERN": 0x1234, "PATTERN32": 0x56780002}, "addresses are moved"),
        ({"MAGIC": 0, "PATTERN": 0, "PATTERN32": 0, "MAP_VERSION": 0}, "another table"),
        ({"MAP_VERSION": 7}, "another version of the list"),
        ({"MAGIC": 0xBEEF}, "another PLC"),
        ({"MAGIC": None}, "another PLC"),
    ],
)
def test_a_wrong_sign_points_to_its_cause(shown: dict[str, Any], word: str) -> None:
    finding = identity(LIFT, looked(**shown).values, 2)
    assert finding.grade is Grade.BAD and word in finding.do
    assert next(iter(shown)) in finding.found
    assert identity(LIFT, looked().values, 2).grade is Grade.OK


@pytest.mark.parametrize(
    ("pulse", "what"),
    [
        (Pulse(1, 1190, 1.2), "heartbeat"),
        (None, "heartbeat"),
        (Pulse(100, 119, 1.2), "uptime"),
        (Pulse(100, 1190 << 16, 1.2), "uptime"),
    ],
)
def test_a_counter_that_does_not_count_as_the_contract_says_is_bad(pulse: Pulse | None, what: str) -> None:
    seen = looked()
    right = {f.what: f.grade for f in findings(LIFT, seen, 2)}
    assert right == dict.fromkeys(("identity", "heartbeat", "uptime"), "OK")
    seen.pulse = pulse
    assert [f.what for f in findings(LIFT, seen, 2) if f.grade is Grade.BAD] == [what]


@pytest.mark.parametrize(
    ("shown", "grade"), [({"FLOOR_OPEN": True}, Grade.BAD), ({"FLOOR_CLOSED": False}, Grade.WARN), ({}, None)]
)
def test_end_switches_are_judged_against_each_other(shown: dict[str, bool], grade: Grade | None) -> None:
    found = {f.what: f.grade for f in findings(LIFT, looked(**shown), 2, PAIRS)}
    assert found.get("FLOOR_OPEN and FLOOR_CLOSED") is grade


def test_what_is_wrong_with_a_tag_is_said_at_the_tag() -> None:
    seen = looked(LIFT_MM=20_000.0, X_ERR=None)
    seen.bad = {"LIFT_MM"}
    seen.missing = {"Y_ERR": "exception 2"}
    rows = {row.point: row for row in tags(LIFT, seen)}
    assert rows["lift.LIFT_MM"].why == "not plausible: needs 0 to 2000 mm" and rows["lift.LIFT_MM"].wrong
    assert rows["lift.Y_ERR"].why == "exception 2" and rows["lift.Y_ERR"].quality == "never read"
    assert rows["lift.X_ERR"].wrong and rows["lift.X_ERR"].age_s is None
    assert not rows["lift.CMD_ID"].wrong, "what the controller writes need not be readable"
    assert rows["lift.LIFT_LOCKED"].age_s == pytest.approx(0.1)


async def test_a_link_of_the_probe_has_nothing_to_write() -> None:
    from station_ctl.cli.probe_wire import _Probe

    probe = _Probe(CONFIG, "lift")
    link = probe._link([*probe._points, *probe._written])
    assert isinstance(link.io, IoList) and len(link.io) == len(LIFT)
    for tag, value in (("CMD_COMMIT", 1), ("STOP_REQ", 1), ("HB_CTL", 1)):
        with pytest.raises((ValueError, NotSent), match="no write tag"):
            await link.write({tag: value}, urgent=True)


def test_while_the_service_runs_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fake:
        def command(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
            assert (action, params) == ("io.list", {"pattern": "meter."})
            good = {"value": 1.0, "quality": "good", "age_s": 0.2, "why": ""}
            rows = [{"point": f"meter.{tag}", **good} for tag in CONFIG.io["meter"]]
            bad = {"value": None, "quality": "bad", "age_s": None, "why": "link meter: no answer"}
            return {"data": {"points": [rows[0] | bad, *rows[1:]]}}

    def nobody(*_: object) -> None:
        raise AssertionError("the wire is the service's")

    monkeypatch.setattr("station_ctl.service.backup.is_held", lambda journal: True)
    monkeypatch.setattr(service_call, "service", lambda host, token: Fake())
    monkeypatch.setattr("station_ctl.cli.probe_wire.look_at", nobody)
    result = CliRunner().invoke(main, ["device", "probe", "meter", "--station", "sim_passenger_car", "--json"])
    (link,) = json.loads(result.stdout)["data"]["links"]
    assert (result.exit_code, link["via"], link["wrong"]) == (1, "service", 2)
    assert link["findings"][0]["found"] == "link meter: no answer"
    assert link["tags"][1]["unit"] == next(iter(list(CONFIG.io["meter"].values())[1:])).unit


def test_a_role_stands_for_its_link_and_a_wrong_word_names_what_there_is() -> None:
    assert device._links(CONFIG, ["vehicle"]) == ["lift"]
    assert device._links(CONFIG, []) == list(CONFIG.links)
    result = CliRunner().invoke(main, ["device", "probe", "crane", "--station", "sim_passenger_car"])
    assert result.exit_code == 9 and "stacker" in result.stderr


def test_a_value_is_shown_as_a_person_reads_it() -> None:
    from station_ctl.cli.probe import shown_value

    row = next(tags(LIFT, looked()))
    shown = [shown_value(replace(row, value=v)) for v in (None, True, 0.1 + 0.2, (1.5, 2.0), "", 7)]
    assert shown == ["–", "on", "0.3", "1.5 2", '""', "7"]
    assert shown_value(replace(row, type="f32", value=125000.0390625)) == "125000"
