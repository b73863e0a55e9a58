"""`swap history` and `swap timeline`: what the journal tells afterwards, also of a swap that stopped half-way.

Knows journals made here. Does not run an engine.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from station_ctl.cli import main, service_call
from station_ctl.cli.run_history import RunHistory, histories
from station_ctl.cli.specimen import specimen
from station_ctl.core.errors import NotReachable
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal, JournalRow

STATION = "SIM-0001"
JOB = {
    "vehicle": "LSZ1", "model": "SIM-SEDAN", "spent": "P-OLD", "fresh": "P-NEW", "fresh_bay": "A09", "spent_bay": "A12",
}  # fmt: skip


def opened(run: str = "S-0001", sequence: str = "swap-car", steps: tuple[int, ...] = (), **job: str) -> Record:
    return Record("run-opened", run, data=(("sequence", sequence), ("steps", list(steps)), *job.items()))


def ordered(no: int, order: int, run: str = "S-0001") -> Record:
    data = (("device", "lift"), ("text", f"lift.go({order})"), ("epoch", 1), ("moves", []))
    return Record("step-ordered", run, no, order, data)


def proven(no: int, order: int, took: float, run: str = "S-0001") -> Record:
    return Record("step-proven", run, no, order, (("took_s", took),))


def tripped(no: int, text: str, run: str = "S-0001") -> Record:
    return Record("tripped", run, no, data=(("code", "A102"), ("text", text), ("first_out", True)))


CLOSED = Record("run-closed", "S-0001", data=(("result", "done"),))


@pytest.fixture(scope="module")
def steps() -> tuple[int, ...]:
    return tuple(specimen("sim_passenger_car").sequence("swap-car").by_no)


@pytest.fixture
def file(tmp_path: Path, steps: tuple[int, ...]) -> Path:
    """One swap that stopped at its first step, was resumed, and is still open; a reception before it."""
    path = tmp_path / "journal.sqlite"
    journal = Journal.new(path, STATION)
    for record in (
        opened("R-0001", "reception-car", (10,)),
        ordered(10, 1, "R-0001"),
        proven(10, 1, 5.0, "R-0001"),
        Record("run-closed", "R-0001", data=(("result", "done"),)),
        opened(steps=steps, **JOB),
        ordered(20, 2),
        tripped(20, "step 20: G01 <needs> & found"),
        Record("step-stopped", "S-0001", 20, 2, (("status", "stopped"), ("why", ""))),
        Record("asked", data=(("verb", "resume"), ("who", "Li"), ("state", "execute"))),
        ordered(20, 3),
        proven(20, 3, 52.0),
    ):
        journal.commit([record], None)
    journal.close()
    return path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(w) for w in words], prog_name="station-ctl")


def data(*words: str | Path) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["schema"] == f"station.{words[0]}.{words[1]}/1" and document["simulated"] is True
    found: dict[str, Any] = document["data"]
    return found


def rows(*records: Record, second: float = 1.0) -> list[RunHistory]:
    """Histories of records that stand one after another, each `second` later."""
    made = []
    for seq, r in enumerate(records):
        at = f"2026-01-01T00:00:{seq * second:06.3f}+00:00"
        made.append(JournalRow(seq, at, r.kind, r.run_id, r.step, r.order, dict(r.data)))
    return histories(made)


def test_swaps_are_listed_with_packs_and_how_far_they_came(file: Path, steps: tuple[int, ...]) -> None:
    (swap,) = data("swap", "history", "--journal", file)["swaps"]
    assert (swap["id"], swap["result"], swap["closed_at"]) == ("S-0001", "open", None)
    assert (swap["steps_proven"], swap["steps_in_all"]) == (1, len(steps))
    assert {key: swap[key] for key in JOB} == JOB
    assert f"open    1/{len(steps)} steps  LSZ1  P-OLD → P-NEW" in run("swap", "history", "--journal", file).stdout


def test_each_pack_of_a_swap_is_told(tmp_path: Path) -> None:
    path, station = tmp_path / "journal.sqlite", "sim_heavy_truck"
    two = specimen(station, "SIM-TWIN").sequence("swap-truck")
    further = {"spent": "P-OLD-2", "fresh": "P-NEW-2", "fresh_bay": "A02", "spent_bay": "A07"}
    job: Any = {**JOB, "model": "SIM-TWIN", "fresh_bay": "A01", "spent_bay": "A08", "also": [list(further.values())]}
    journal = Journal.new(path, "SIM-0002")
    journal.commit([opened(sequence="swap-truck", steps=tuple(two.by_no), **job), ordered(280, 3)], None)
    journal.close()
    words = ("--station", station, "--journal", path)
    (swap,) = data("swap", "history", *words)["swaps"]
    assert swap["also"] == [further] and swap["spent"] == "P-OLD"
    assert "P-OLD → P-NEW and P-OLD-2 → P-NEW-2" in run("swap", "history", *words).stdout
    told = run("swap", "timeline", "S-0001", *words).stdout
    assert "spent pack P-OLD-2 to A07, charged pack P-NEW-2 from A02" in told
    assert "Truck opens its 4 locks and draws its connector, pack 2 of 2" in told


def test_every_try_of_a_step_is_told_with_the_words_of_the_manual(file: Path) -> None:
    found = data("swap", "timeline", "S-0001", "--journal", file)
    tries = [(s["no"], s["order"], s["result"], s["took_s"], s["text"], s["command"]) for s in found["steps"]]
    text = "Let the vehicle drive in"
    assert tries == [
        (20, 2, "stopped", None, text, "lift.go(2)"),
        (20, 3, "proven", 52.0, text, "lift.go(3)"),
    ]
    assert [(e["what"], e["first_out"]) for e in found["events"]] == [("A102", True), ("asked", False)]
    assert found["events"][1]["text"] == "resume by Li"


def test_timeline_in_text_has_a_line_for_each_try_and_each_event(file: Path) -> None:
    lines = run("swap", "timeline", "S-0001", "--journal", file).stdout.splitlines()
    tries = [line for line in lines if line.startswith("  20  lift")]
    assert len(tries) == 2 and "stopped" in tries[0] and "52.0" in tries[1] and "proven" in tries[1]
    assert lines[-2].endswith("first-out A102 step 20: G01 <needs> & found")
    assert lines[-1].endswith("asked resume by Li")


def test_picture_is_well_formed_and_has_a_bar_for_each_try(file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "swap.svg"
    assert run("swap", "timeline", "S-0001", "--journal", file, "--svg", picture).exit_code == 0
    root = ElementTree.parse(picture).getroot()
    titles = [t.text for t in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["Let the vehicle drive in: stopped", "Let the vehicle drive in: 52.0 s"]
    words = [t.text or "" for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any("G01 <needs> & found" in text for text in words)


def test_reception_has_a_timeline_of_its_own(file: Path) -> None:
    (step,) = data("swap", "timeline", "R-0001", "--journal", file)["steps"]
    assert (step["no"], step["text"], step["lane"]) == (10, "Authorise the vehicle", "vehicle")


def test_procedure_of_another_release_keeps_the_words_of_its_orders(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "j", STATION)
    journal.commit([opened(steps=(1, 2), **JOB), ordered(1, 1)], None)
    journal.close()
    (step,) = data("swap", "timeline", "S-0001", "--journal", tmp_path / "j")["steps"]
    assert (step["text"], step["lane"]) == ("lift.go(1)", "lift")


def test_unknown_run_exits_9_and_names_the_newest(file: Path) -> None:
    result = run("swap", "timeline", "S-0009", "--journal", file)
    assert result.exit_code == 9 and "R-0001, S-0001" in result.stderr


def test_absent_journal_exits_9_and_is_not_made(tmp_path: Path) -> None:
    result = run("swap", "history", "--journal", tmp_path / "none.sqlite")
    assert result.exit_code == 9 and "the station has not run" in result.stderr
    assert not (tmp_path / "none.sqlite").exists()


def test_journal_of_another_station_is_refused(tmp_path: Path) -> None:
    Journal.new(tmp_path / "j", "OTHER-1").close()
    result = run("swap", "history", "--journal", tmp_path / "j")
    assert result.exit_code == 1 and "belongs to station OTHER-1" in result.stderr


def test_while_the_station_runs_its_journal_is_its_own(file: Path) -> None:
    service = Journal(file, STATION)
    try:
        result = run("swap", "history", "--journal", file)
    finally:
        service.close()
    assert result.exit_code == 1
    assert result.stderr.startswith("A503: Station runs already") and "Stop the station and ask again" in result.stderr
    assert run("swap", "history", "--journal", file).exit_code == 0


def test_what_belongs_to_no_run_is_told_with_those_open_then() -> None:
    state = Record("state", data=(("state", "aborted"),))
    done, open_ = rows(opened(), CLOSED, opened("S-0002"), tripped(0, "door", run=""), state)
    assert done.happenings == []
    assert [(h.what, h.text) for h in open_.happenings] == [("A102", "door"), ("state", "station aborted")]


def test_what_a_done_run_left_undone_is_told_with_its_reason() -> None:
    (done,) = rows(opened(), Record("run-closed", "S-0001", data=(("result", "done"), ("why", "step 210 Look: crash"))))
    assert done.result == "done"
    assert [(h.what, h.text) for h in done.happenings] == [("the rest left undone", "step 210 Look: crash")]


def test_run_number_that_a_later_start_uses_again_is_another_run() -> None:
    first, second = rows(opened(), ordered(20, 1), proven(20, 1, 1.0), CLOSED, opened(), ordered(20, 2))
    assert [t.order for t in first.tries] == [1] and first.result == "done"
    assert [t.order for t in second.tries] == [2] and second.result == "open"


def test_step_found_done_after_a_crash_has_no_duration() -> None:
    resumed = Record("resumed", "S-0001", 20, 1, (("finding", "done"), ("why", "")))
    (run_,) = rows(opened(), ordered(20, 1), resumed, proven(20, 1, 4711.0))
    assert [(t.result, t.took_s) for t in run_.tries] == [("stopped", None), ("proven", None)]
    assert [(h.what, h.text) for h in run_.happenings] == [("resumed", "step 20 done")]


def test_rate_of_a_fast_plant_is_found_and_places_a_step_without_an_order() -> None:
    (run_,) = rows(opened(), ordered(20, 1), proven(20, 1, 20.0), proven(30, 0, 10.0))
    assert run_.rate == pytest.approx(20)
    assert (run_.tries[1].ended - run_.began(run_.tries[1])).total_seconds() == pytest.approx(0.5)  # type: ignore[operator]


def test_while_the_service_runs_it_is_asked_and_a_named_journal_is_still_read(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(file, STATION)
    told = [asdict(row) for row in journal.rows() if row.run in ("S-0001", "")]
    journal.close()
    asked = []

    class Answers:
        def command(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
            asked.append((action, params))
            words = {"20": ["lift", "Words of the service"]}
            return {"simulated": True, "data": {"id": "S-0001", "rows": told, "words": words}}

    class Silent:
        def command(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
            raise NotReachable("no service answers")

    monkeypatch.setattr(service_call, "service", lambda host, token: Answers())
    steps = data("swap", "timeline", "S-0001")["steps"]
    assert asked == [("swap.rows", {"run": "S-0001"})]
    assert [(s["no"], s["text"], s["result"]) for s in steps] == [
        (20, "Words of the service", "stopped"), (20, "Words of the service", "proven"),
    ]  # fmt: skip
    assert data("swap", "timeline", "S-0001", "--journal", file)["steps"][0]["text"] == "Let the vehicle drive in"
    assert len(asked) == 1, "a journal that is named is read"
    monkeypatch.setattr(service_call, "service", lambda host, token: Silent())
    named = run("swap", "timeline", "S-0001", "--host", "unix:/nowhere")
    assert named.exit_code == 3, "a service that is named and does not answer is told"
