"""`clock sources`: who sets the clock of this PC."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from station_ctl.cli import examine_pc, main

SOURCES = "^,*,192.168.10.1,2,6,377,12,-0.000012,0.0,0.0\n#,?,PPS0,0,4,0,99,0.5,0.0,0.0\n"
TRACKING = "C0A80A01,192.168.10.1,3,1.0,{offset},0,0,0,0,0,0,0,0,Normal"


@pytest.mark.parametrize(("offset", "exit_"), [("0.000020", 0), ("3.0", 1), ("", 1)])
def test_the_sources_are_told_and_a_clock_that_is_off_or_nobody_s_fails(
    monkeypatch: pytest.MonkeyPatch, offset: str, exit_: int
) -> None:
    def said(*words: str) -> str | None:
        if not offset:
            return None
        return {"tracking": TRACKING.format(offset=offset), "sources": SOURCES}.get(words[-1])

    monkeypatch.setattr(examine_pc, "said", said)
    told = CliRunner().invoke(main, ["clock", "sources", "--json"])
    assert told.exit_code == exit_, told.output
    data = json.loads(told.stdout)["data"]
    shown = [(row["source"], row["kind"], row["state"]) for row in data["sources"]]
    chrony = [("192.168.10.1", "server", "selected"), ("PPS0", "local clock", "no answer")]
    assert shown == (chrony if offset else []) and bool(data["do"]) == bool(exit_)
    text = CliRunner().invoke(main, ["clock", "sources"]).output
    assert ("192.168.10.1  server  selected  stratum 2  -0.000012 s" in text) == bool(offset)
