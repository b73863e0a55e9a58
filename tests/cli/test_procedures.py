"""`seq` and `interlock`: what a technician signs is what runs.

Knows the printed forms. Does not know any procedure; it is taken from the station itself.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from station_ctl.cli import main
from station_ctl.cli.interlock_list import entries
from station_ctl.cli.specimen import Specimen, specimen
from station_ctl.core.errors import NotFound
from station_ctl.core.steps import OnLoss


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="station-ctl")


def data(*words: str) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["schema"] == f"station.{words[0]}.{words[1]}/1" and document["ok"] is True
    found: dict[str, Any] = document["data"]
    return found


@pytest.fixture(scope="module")
def shown() -> Specimen:
    return specimen("sim_passenger_car")


def test_every_procedure_is_listed_with_its_number_of_steps(shown: Specimen) -> None:
    listed = {row["name"]: row["steps"] for row in data("seq", "list")["sequences"]}
    assert listed == {s.key: len(s.steps) for s in shown.sequences}
    lines = run("seq", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(listed)


def test_every_step_is_printed_with_order_proof_limit_and_resume_rule(shown: Specimen) -> None:
    for sequence in shown.sequences:
        text = " ".join(run("seq", "show", sequence.key).stdout.split())
        for step in sequence.steps:
            assert f"{step.no} {step.chapter} {step.text} lane {step.lane}, {step.phase}" in text
            assert f"until {step.done} ({step.within:g} s)" in text
            if step.do is not None:
                assert f"orders {step.do.text}" in text
            for move in step.moves:
                assert str(move) in text


def test_step_says_what_it_keeps_and_what_the_loss_does(shown: Specimen) -> None:
    step = next(s for q in shown.sequences for s in q.steps if {k.on_loss for k in s.interlocks} == set(OnLoss))
    printed = next(
        row for q in shown.sequences for row in data("seq", "show", q.key)["steps"] if row["no"] == step.no
    )
    assert [(row["code"], row["else"]) for row in printed["keeps"]] == [
        (k.interlock.code, str(k.on_loss)) for k in step.interlocks
    ]
    kept = {row["code"] for row in printed["keeps"]}
    needed = {row["code"] for row in printed["needs"]}
    assert needed and needed | kept >= {row.code for row in step.permissives}


def test_specimen_has_placeholders_for_codes_and_no_link() -> None:
    sequence = data("seq", "show", "swap-car")
    assert sequence["text"] == "Swap pack <spent pack> for <charged pack> in vehicle <vehicle>"
    assert "SIM-SEDAN" in sequence["specimen"]


def test_real_station_is_printed_on_a_pc_that_has_neither_its_keys_nor_its_serial_ports() -> None:
    steps = data("seq", "show", "swap-car", "--station", "passenger_car")["steps"]
    assert steps == data("seq", "show", "swap-car", "--station", "sim_passenger_car")["steps"]


def test_procedure_is_found_by_the_beginning_of_its_name(shown: Specimen) -> None:
    assert shown.sequence("rece").key == "reception-car"
    with pytest.raises(NotFound, match="this station has reception-car, swap-car"):
        shown.sequence("swop")
    result = run("seq", "show", "swop")
    assert result.exit_code == 9 and "reception-car" in result.stderr


def test_lines_stay_within_the_width_of_the_page() -> None:
    # CliRunner has no terminal: the width is that of a page.
    lines = run("seq", "show", "swap").stdout.splitlines()
    assert max(map(len, lines[2:])) <= 110


def test_rows_and_steps_of_another_model_are_printed_when_it_is_named() -> None:
    """A trip that names G21o must be found by whoever stands before a truck with two packs."""
    station, model = ("--station", "sim_heavy_truck"), ("--model", "SIM-TWIN")
    known, more = ({r["code"] for r in data("interlock", "matrix", *station, *m)["rows"]} for m in ((), model))
    assert more - known == {"G21o"}
    (row,) = (r for r in data("interlock", "list", *station, *model)["interlocks"] if r["code"] == "G21o")
    assert 290 in row["hold_in"]["swap-truck"] and 280 in row["needed_by"]["swap-truck"]
    assert 400 in {step["no"] for step in data("seq", "show", "swap-truck", *station, *model)["steps"]}


def test_matrix_has_a_cell_for_every_row_and_column() -> None:
    matrix = data("interlock", "matrix")
    assert list(matrix["columns"]) == ["EN", "CL", "UN", "EX", "TR", "IN", "LK", "VR", "RL", "FE", "CH"]
    assert all(list(row["cells"]) == list(matrix["columns"]) for row in matrix["rows"])
    assert {cell for row in matrix["rows"] for cell in row["cells"].values()} == set(matrix["cells"])
    lines = run("interlock", "matrix").stdout.splitlines()
    for row, line in zip(matrix["rows"], lines[1:], strict=False):
        assert line.split()[0] == row["code"] and line.split()[-11:] == list(row["cells"].values())


def test_list_gathers_every_interlock_of_every_step(shown: Specimen) -> None:
    found = {(e.code, e.text): e for e in entries(shown)}
    swap = shown.sequence("swap-car")
    for step in swap.steps:
        kept = {(k.interlock.code, k.interlock.text): k.on_loss for k in step.interlocks}
        for key, loss in kept.items():
            assert step.no in (found[key].aborts if loss is OnLoss.ABORT else found[key].holds)[swap.key]
        for row in step.permissives:
            entry = found[row.code, row.text]
            assert ((row.code, row.text) in kept) != (step.no in entry.needs.get(swap.key, []))
            assert entry.condition == str(row.holds)


def test_list_counts_the_variants_of_a_procedure_as_one(shown: Specimen) -> None:
    named = {name for e in entries(shown) for steps in (e.needs, e.holds, e.aborts) for name in steps}
    assert named == {s.key.partition(":")[0] for s in shown.sequences}


def test_list_says_what_is_on_watch_whatever_the_step(shown: Specimen) -> None:
    always = {row["code"]: row["always_on_watch"] for row in data("interlock", "list")["interlocks"]}
    assert {code for code, loss in always.items() if loss} == {k.interlock.code for k in shown.paper.facts.always}
    text = run("interlock", "list").stdout
    assert "G02   PLC of the step's device answers" in text
    assert "always on watch, else abort; to reset, start, resume, clear" in text
