"""`device probe` on the simulated station: every tag comes back, one bad tag hides no other, nothing is written."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hil_tests.served_station import Served, served
from station_ctl.cli import main, probe_wire
from station_ctl.paths import config_directory


async def probe(it: Served, *words: str, station: str = "sim_passenger_car") -> tuple[int, dict[str, Any]]:
    """`device probe --json` as it is typed; exit code and data."""
    typed = ["device", "probe", *words, "--station", station, *it.told, "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, main, typed)
    assert result.stdout, result.stderr
    return result.exit_code, json.loads(result.stdout)["data"]


def link_of(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(link for link in data["links"] if link["link"] == name)


def rows_of(data: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    return {row["point"].partition(".")[2]: row for row in link_of(data, name)["tags"]}


def not_right(data: Mapping[str, Any]) -> Iterator[str]:
    """Everything that the probe does not find as it should be."""
    for link in data["links"]:
        yield from (f"{f['what']}: {f['found']}" for f in link["findings"] if f["grade"] == "BAD")
        read = (tag for tag in link["tags"] if tag["access"] == "r")
        yield from (f"{t['point']} {t['quality']}: {t['why']}" for t in read if t["quality"] != "good")


ALL = ("lift", "stacker", "rack_a", "rack_b", "safety", "robot", "meter", "reader")


async def test_every_tag_of_every_plc_is_read_and_none_is_written(tmp_path: Path) -> None:
    async with served(tmp_path, ALL) as it:
        code, data = await probe(it)
        assert (code, list(not_right(data))) == (0, [])
        assert it.written == []
        assert it.functions == {3, 4}, "nothing but reads of registers"
        assert [link["link"] for link in data["links"]] == list(ALL)
        for name in ("lift", "robot", "safety"):
            read, plc = rows_of(data, name), it.station.plcs[name]
            still = {tag for tag in plc.values if tag not in ("HB_PLC", "UPTIME_MS")}
            for tag in still & read.keys():
                assert read[tag]["quality"] == "good" and read[tag]["age_s"] is not None, tag
                wanted = plc.values[tag]
                shown = list(wanted) if isinstance(wanted, tuple) else wanted
                near = shown if isinstance(shown, str) else pytest.approx(shown, abs=0.06)
                assert read[tag]["value"] == near, tag
            assert [f["what"] for f in link_of(data, name)["findings"]][:3] == ["identity", "heartbeat", "uptime"]
        back = rows_of(data, "lift")["CMD_ID"]
        assert (back["access"], back["value"], back["quality"]) == ("w", 0, "good")


async def test_a_tag_that_the_plc_does_not_have_is_named_and_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_wire, "PULSE_S", 0.2)
    site = tmp_path / "site"
    shutil.copytree(config_directory(), site)
    for name, old, new in (
        ("vehicle_lift_vl1", "CLAMP_FORCE,ir:32,", "CLAMP_FORCE,ir:900,"),
        ("swap_robot_sr3", "nsu=urn:sr3:plc;s=X_MM,", "nsu=urn:sr3:plc;s=X_POS,"),
        ("swap_robot_sr3", "nsu=urn:sr3:plc;s=CMD_CRC,", "nsu=urn:sr3:plc;s=CMD_SUM,"),
    ):
        file = site / "io" / f"{name}.csv"
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1
        file.write_text(text.replace(old, new), encoding="utf-8")
    async with served(tmp_path, ("lift", "robot")) as it:
        named = str(site / "stations" / "sim_passenger_car.yaml")
        code, data = await probe(it, "lift", "robot", station=named)
        assert (code, it.written) == (1, [])
        lift, robot = rows_of(data, "lift"), rows_of(data, "robot")
        assert [tag for tag, row in lift.items() if row["quality"] != "good"] == ["CLAMP_FORCE"]
        assert "exception" in lift["CLAMP_FORCE"]["why"] or "illegal" in lift["CLAMP_FORCE"]["why"].lower()
        assert [tag for tag, row in robot.items() if row["quality"] != "good"] == ["X_MM", "CMD_CRC"]
        assert "BadNodeIdUnknown" in robot["X_MM"]["why"] and "BadNodeIdUnknown" in robot["CMD_CRC"]["why"]


async def test_a_plc_that_is_not_there_is_said_in_words_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_wire, "PULSE_S", 0.2)
    async with served(tmp_path, ("lift", "safety")) as it:
        await it.wire.modbus["safety"].stop()
        code, data = await probe(it, "lift", "safety")
        assert code == 1 and it.written == []
        assert link_of(data, "lift")["wrong"] == 0
        (finding,) = link_of(data, "safety")["findings"]
        assert finding["grade"] == "BAD" and "Connect call failed" in finding["found"]
        assert {row["quality"] for row in rows_of(data, "safety").values()} == {"never read"}
