"""A pack that came in under a false code gets its true one: ledger, open runs and journal in one decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from station_ctl.core.custody import Custody, CustodyError, Ledger, Move
from station_ctl.core.modes import Phase, State
from station_ctl.core.steps import Exchange, Job, Recipe, Sequence
from station_ctl.engine.custody_history import told_ledger
from station_ctl.engine.decide import decide
from station_ctl.engine.events import Answer, Audit, Effect, RecodeAsked, Record, SetLedger
from station_ctl.engine.journal import Journal
from station_ctl.engine.opening import also_told
from station_ctl.engine.recoding import with_code
from station_ctl.engine.state import Run, StationState, StepState
from tests.bench.desk import Desk, ledger, step
from tests.bench.world import World
from tests.engine.test_statement import CODE, ELSEWHERE, OTHER, PLACES, PRESENT

FALSE, TRUE = "P-1", "P-7"
RECIPE = Recipe("CAR", 1, 10, 85.0, 5.0, 7.0, 9.0, 600, 520.0, 500.0, 60.0, 500, 90.0)
JOB = Job("VIN", RECIPE, FALSE, "P-2", "A02", "A01")
AUDIT = Audit("wang", "technician", "cli", "battery.is-called", (), "accepted", "", "label read", "")


HELD = ledger(**{FALSE: "A01", "P-2": "A02"})


def procedure(job: Job, *numbers: int) -> Sequence:
    return Sequence(
        "toy", f"Put {job.spent} away", tuple(step(no, None, Phase.PUT_AWAY) for no in numbers or (10, 20))
    )


def run_of(job: Job | None, run_id: str = "S-1") -> Run:
    sequence = procedure(job or JOB) if job else replace(procedure(JOB), args=(("pack", FALSE),))
    return Run(run_id, sequence, job, Phase.HELD, (StepState(), StepState()))


def asked(job: Job | None = JOB, **how: object) -> RecodeAsked:
    new = with_code(job, FALSE, TRUE) if job else None
    runs = (("S-1", procedure(new), new),) if new else ()
    return replace(RecodeAsked(1.0, "A01", TRUE, runs, "wang", 1, AUDIT), **how)  # type: ignore[arg-type]


def decided(
    event: RecodeAsked, *, runs: tuple[Run, ...] = (run_of(JOB),), state: State = State.HELD,
    held: Ledger = HELD, spoil: Callable[[World], None] = lambda world: None,
) -> tuple[StationState, tuple[Effect, ...]]:  # fmt: skip
    """The decision on one correction, with the bay's BMS telling the true code unless it is spoiled."""
    d = Desk(step(10, None))
    for signal, value in ((PRESENT, True), (CODE, TRUE), (ELSEWHERE, False), (OTHER, "")):
        d.world.set(signal, value)
    spoil(d.world)
    before = replace(d.state, state=state, ledger=held, runs=runs)
    return decide(replace(d.facts, places=PLACES), before, d.world.image(), event)


def answer(effects: tuple[Effect, ...]) -> str:
    return next(effect.refused for effect in effects if isinstance(effect, Answer))


@pytest.mark.parametrize("state", [State.STOPPED, State.IDLE, State.HELD, State.ABORTED])
def test_ledger_and_open_run_call_the_pack_by_its_true_code(state: State) -> None:
    after, effects = decided(asked(), state=state)
    assert answer(effects) == ""
    assert dict(after.ledger) == {TRUE: Custody("A01"), "P-2": Custody("A02")}
    (run,) = after.runs
    assert run.job == replace(JOB, spent=TRUE) and run.sequence.text == f"Put {TRUE} away"
    assert (run.phase, run.steps) == (Phase.HELD, run_of(JOB).steps), "nothing else has changed"
    assert {e.kind for e in effects if isinstance(e, Record)} == {"job-recoded", "pack-recoded"}
    assert any(isinstance(e, Audit) and e.decision == "accepted" for e in effects)
    assert any(isinstance(e, SetLedger) and e.ledger == after.ledger for e in effects)


def test_a_code_that_nobody_reads_is_believed_and_one_that_is_read_is_not_contradicted() -> None:
    assert answer(decided(asked(), spoil=lambda world: world.set(CODE, ""))[1]) == ""
    assert answer(decided(asked(), spoil=lambda world: world.flag(CODE))[1]) == ""
    assert "reads P-1" in answer(decided(asked(), spoil=lambda world: world.set(CODE, FALSE))[1])


@pytest.mark.parametrize(
    ("why", "case"),
    [
        ("at rest only", {"event": asked(), "state": State.EXECUTE}),
        ("no pack rests at A05", {"event": asked(place="A05")}),
        ("no pack rests at A01", {"event": asked(), "held": HELD.begin(Move(FALSE, "A01", "out"), 7)}),
        ("has this code already", {"event": asked(code=FALSE)}),
        ("in custody already: A02", {"event": asked(code="P-2")}),
        ("without a code", {"event": asked(code="")}),
        ("needs bay.present on", {"event": asked(), "spoil": lambda world: world.set(PRESENT, False)}),
        ("out shows it", {"event": asked(), "spoil": lambda world: world.set(OTHER, TRUE)}),
        ("name another pack", {"event": asked(runs=())}),
        ("name another pack", {"event": asked(), "runs": ()}),
        ("give it up first", {"event": asked(), "runs": (run_of(None),)}),
        ("another procedure", {"event": asked(runs=(("S-1", procedure(JOB, 10, 30), with_code(JOB, FALSE, TRUE)),))}),
        ("another procedure", {"event": asked(runs=(("S-1", procedure(JOB), replace(JOB, spent=TRUE, fresh="P-9")),))}),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)  # fmt: skip
def test_a_correction_is_not_believed_against(why: str, case: dict[str, object]) -> None:
    after, effects = decided(**case)  # type: ignore[arg-type]
    assert why in answer(effects), answer(effects)
    assert (
        FALSE in after.ledger
        and TRUE not in after.ledger
        and not any(isinstance(e, SetLedger) for e in effects)
    )
    assert all(run.job in (None, JOB) for run in after.runs)
    assert any(isinstance(e, Audit) and e.decision == "refused" for e in effects)


def test_after_a_restart_the_run_is_for_the_pack_under_its_true_code(tmp_path: Path) -> None:
    """One transaction holds the ledger, both rows and the audit; the rows alone tell the ledger."""
    journal = Journal.new(tmp_path / "journal.sqlite", "TOY")
    opened = Record("run-opened", "S-1", data=(("sequence", "toy"), ("spent", FALSE), ("fresh", "P-2")))
    journal.commit((opened,), HELD)
    after, effects = decided(asked())
    journal.commit([e for e in effects if isinstance(e, Record | Audit)], after.ledger)
    journal.close()
    journal = Journal(tmp_path / "journal.sqlite", "TOY")
    restored = journal.restore()
    assert restored.ledger == after.ledger == told_ledger(journal.rows())
    (run,) = restored.open_runs
    assert (run.opened["spent"], run.opened["fresh"]) == (TRUE, "P-2")
    journal.close()


def test_after_a_restart_a_further_pack_of_the_vehicle_has_its_true_code_too(tmp_path: Path) -> None:
    job = replace(JOB, spent="P-0", also=(Exchange(FALSE, "P-3", "A03", "A01"),))
    new = with_code(job, FALSE, TRUE)
    assert new.also[0] == Exchange(TRUE, "P-3", "A03", "A01") and new.spent == "P-0"
    journal = Journal.new(tmp_path / "journal.sqlite", "TOY")
    data = (("sequence", "toy"), ("spent", "P-0"), ("fresh", "P-2"), ("also", [[FALSE, "P-3", "A03", "A01"]]))
    journal.commit((Record("run-opened", "S-1", data=data),), HELD)
    told = asked(job)
    after, effects = decided(told, runs=(run_of(job),))
    assert after.runs[0].job == new
    journal.commit([e for e in effects if isinstance(e, Record | Audit)], after.ledger)
    journal.close()
    journal = Journal(tmp_path / "journal.sqlite", "TOY")
    (run,) = journal.restore().open_runs
    assert also_told(run.opened) == new.also and run.opened["spent"] == "P-0"
    journal.close()


@pytest.mark.parametrize(("was", "code"), [("P-9", TRUE), (FALSE, "P-2"), (FALSE, ""), ("P-3", TRUE)])
def test_the_ledger_itself_refuses_what_would_lose_or_double_a_pack(was: str, code: str) -> None:
    held = ledger(**{FALSE: "A01", "P-2": "A02", "P-3": "A03"}).begin(Move("P-3", "A03", "out"), 7)
    with pytest.raises(CustodyError):
        held.recode(was, code)
