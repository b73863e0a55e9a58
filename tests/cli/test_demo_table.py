"""The demo's table: one line a step on any width, the figures whole, every pack once.

Knows columns. Does not run a demo.
"""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from station_ctl.cli.demo_table import print_report, report_svg
from station_ctl.core.custody import Custody, Ledger

LONG = "Vehicle checks locks, connector, coolant, pack, insulation and then some more"


def step(no: int, text: str = LONG, **changes: Any) -> dict[str, Any]:
    return {
        "no": no, "chapter": "A13", "text": text, "lane": "vehicle", "planned_s": 12.0,
        "started_s": 0.0, "ended_s": 100.0, "result": "proven", **changes,
    }  # fmt: skip


def report(*steps: dict[str, Any], **changes: Any) -> Any:
    swap = {
        "id": "S-0001", "result": "done", "swap_s": 279.62, "critical_path_s": 275.0, "controller_share": 0.0168,
        "steps": list(steps), "spent_pack": "P-OLD", "fresh_pack": "P-NEW",
        "further_packs": [{"spent": "P-OLD-2", "fresh": "P-NEW-2"}],
    }  # fmt: skip
    packs = {f"P-{i:02d}": Custody(f"A{i:02d}") for i in range(1, 13)}
    data = {"swaps": [swap], "trips": [], "monitor": {"orders": 27, "violations": []}, "speed": 20.0, **changes}
    ledger = Ledger({**packs, "P-X": Custody("vehicle:LSZ1"), "P-Y": Custody("A13", "handover_in", 7)})
    return SimpleNamespace(data=lambda: data, ledger=ledger, custody_errors=list, refused="")


def printed(shown: Any, width: int | None) -> list[str]:
    file = io.StringIO()
    terminal = width is not None
    console = Console(file=file, width=width, soft_wrap=True, force_terminal=terminal, color_system=None)
    print_report(shown, console)
    return [line.rstrip("\n") for line in file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [80, 100, 110, 129, 130, 200])
def test_terminal_has_one_line_a_step_and_whole_figures(width: int) -> None:
    lines = printed(report(step(100), step(105, started_s=99.0, ended_s=300.0), step(110, "Short")), width)
    rows = [line for line in lines if line[:4].strip() in ("100", "105", "110")]
    assert len(rows) == 3
    assert all(len(row) <= width for row in rows)
    assert all("vehicle" in row and "12" in row and row.split()[-1] == "proven" for row in rows)
    assert "100.0" in rows[0] and " 99.0 " in rows[1] and "201.0" in rows[1]
    assert "…" in rows[0] and "…" not in rows[2]


def test_file_has_the_whole_text_of_a_step_on_one_line() -> None:
    text = LONG[:58]
    lines = printed(report(step(130, text)), None)
    (row,) = [line for line in lines if line.startswith(" 130")]
    assert text in row and row.split()[-1] == "proven"


def test_bar_stays_within_its_column_and_stands_where_the_step_was() -> None:
    steps = [step(10, "a", started_s=0.0, ended_s=10.0), step(20, "b", started_s=290.0, ended_s=300.0)]
    lines = printed(report(*steps, step(30, "c", ended_s=None), step(40, "d", started_s=None, ended_s=None)), 110)
    rows = {line[:4].strip(): line for line in lines}
    assert rows["20"].rindex("━") - rows["10"].index("━") <= 19
    assert rows["20"].count("━") == 1 and rows["30"].count("━") == 20 and "━" not in rows["40"]


def test_each_pack_of_a_vehicle_with_more_than_one_is_told() -> None:
    said = "\n".join(printed(report(step(10)), 100))
    assert "spent pack P-OLD out, charged pack P-NEW in" in said
    assert "spent pack P-OLD-2 out, charged pack P-NEW-2 in" in said


def test_every_pack_is_named_once_and_bays_stand_side_by_side() -> None:
    lines = printed(report(step(10)), 110)
    text = "\n".join(lines)
    assert all(text.count(f"P-{i:02d}") == 1 for i in range(1, 13))
    first = next(line for line in lines if "A01 P-01" in line)
    assert "A02 P-02" in first
    assert "  vehicle:LSZ1 P-X" in lines
    assert "  P-Y moving from A13 to handover_in (order 7)" in text


def test_stop_is_told_with_its_cause_first() -> None:
    trips = [
        {"code": "A102", "text": "G01 [estop]", "first_out": True, "step": 80},
        {"code": "A101", "text": "G13", "first_out": False, "step": 80},
    ]
    lines = printed(report(step(80), trips=trips), 110)
    told = [line for line in lines if "G01" in line or "G13" in line]
    assert told == ["first-out: A102 G01 [estop]", "then:      A101 G13"]


def test_share_is_told_with_the_speed_that_it_was_measured_at() -> None:
    text = "\n".join(printed(report(step(10)), 110))
    assert "Swap S-0001: done; 279.6 s from the entry to the empty bay" in text
    assert "critical path of the machine 275.0 s; controller's share 1.68 % at speed 20" in text


def test_picture_is_whole_and_fetches_nothing() -> None:
    picture = report_svg(report(step(130, LONG[:58])), "station-ctl demo")
    words = [e.text or "" for e in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert any(LONG[:58] in text.replace("\N{NO-BREAK SPACE}", " ") for text in words)
    assert "url(http" not in picture and 'url("' not in picture and "href" not in picture
