"""Every declared action: every role in every mode, and every check that its declaration promises.

A request is asked as a dry run, so that all of it is judged and nothing is changed. What carrying one out leaves
behind is in test_every_handler.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.modes import Mode
from station_ctl.engine.events import Verb
from station_ctl.service.actions import Action, Kind
from station_ctl.service.calls import Decision, Plan, Verdict
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.desk import OLDEST, Desk, load
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.persons import Person, Role, Seat
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import DeskBench

SAMPLES: dict[str, Any] = {
    "mode": "manual", "alarm": "A102", "bay": "A01", "pack": "NOPACK-0001", "place": "A01", "operation": "OP-0001",
    "run": "S-0001", "point": "stacker.PACK_ON_FORK", "device": "stacker", "tag": "stacker.PACK_ON_FORK",
    "name": "wang", "vehicle": "LSZSMA00100000001", "priority": 3, "origin": "A01", "target": "A02",
    "row": "G19f", "value": "on", "axis": "z", "distance": 10.0, "kw": "100",
}  # fmt: skip
"""A value for every required parameter, by its name."""

PERSONS = {role: Person(f"person-{role.word}", role, Seat.CLI) for role in Role}
REASON = "because it is tested"
CHANGING = [action for action in REGISTRY if action.changes]
ASKED = [action for action in CHANGING if not action.anyone]
"""What changes something and is not a stop: all checks stand before these."""

Story = Callable[[DeskBench], Coroutine[Any, Any, None]]


def told(folder: Path, story: Story) -> None:
    """Run a story on a bench."""

    async def main() -> None:
        async with DeskBench(folder) as bench:
            await story(bench)

    run_virtually(main())


def sample(action: Action) -> dict[str, Any]:
    """Parameters that the declaration takes; whether there is such a pack or run is another matter."""
    return {
        field.alias or name: SAMPLES[name] for name, field in action.params.model_fields.items() if field.is_required()
    }


async def asked(bench: DeskBench, action: Action, person: Person, **more: Any) -> Verdict:
    """One whole request that lacks nothing."""
    given = {"params": sample(action), "reason": REASON, "dry_run": action.changes, **more}
    return await bench.put(action.name, person, **given)


def may(action: Action, role: Role, mode: Mode) -> str:
    """The code with which the declaration refuses it; empty if it does not."""
    if action.anyone:
        return ""
    if role < action.role:
        return "A404"
    return "A402" if action.changes and mode not in action.modes else ""


def wrong(action: Action, role: Role, mode: Mode, verdict: Verdict, rows: list[Any]) -> str:
    """What of a verdict and its rows is not as declared; empty if all is."""
    by_mode = verdict.code == "A402" and f"{action.name} needs mode" in verdict.text
    found = verdict.code if verdict.code == "A404" or by_mode else ""
    if found != may(action, role, mode):
        return f"refused with {found or 'nothing'}, declared {may(action, role, mode) or 'nothing'}: {verdict.text}"
    # That custody has no pack at a place is found by the plan; the desk's own refusals begin with the action's name.
    lacking = verdict.code == "A410" and verdict.text.startswith(action.name)
    if lacking or verdict.code in ("A405", "A406", "A407", "A412", "A990"):
        return f"a whole request was refused: {verdict.text}"
    if len(rows) != action.changes:
        return f"{len(rows)} audit rows"
    decided = str(verdict.decision)
    if rows and (rows[0].decision, rows[0].actor, rows[0].role) != (decided, f"person-{role.word}", role.word):
        return f"audited as {rows[0]}"
    return ""


def test_every_role_in_every_mode_is_refused_exactly_when_the_declaration_says(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        faults, cells = [], 0
        packs = packs_in_bays(bench.built.stand.bays, bench.reception.image())
        await bench.engine.ask(Verb.ADMIT, "test", admit=packs)
        for mode in Mode:
            await bench.engine.ask(Verb.MODE, "test", mode=mode)
            for action in REGISTRY:
                for role, person in PERSONS.items():
                    before, state = bench.journal.audit_head.seq, bench.engine.state
                    verdict = await asked(bench, action, person)
                    rows = bench.journal.audit_rows(bench.journal.audit_head.seq - before) if action.changes else []
                    cells += 1
                    why = wrong(action, role, mode, verdict, rows)
                    if not action.changes and bench.journal.audit_head.seq != before:
                        why = "a look was audited"
                    now = bench.engine.state
                    if (now.mode, now.state, now.runs, now.ledger) != (
                        state.mode, state.state, state.runs, state.ledger,
                    ):  # fmt: skip
                        why = "a dry run or a look has changed the station"
                    if why:
                        faults.append(f"{action.name} as {role.word} in {mode}: {why}")
        assert not faults, "\n".join(faults)
        assert cells == 3 * 4 * len(REGISTRY) >= 700
        assert bench.duty.control.lease is None and not list(bench.duty.persons)
        assert [op.action for op in bench.duty.operations] == []
        assert not bench.journal.verify_audit().faults

    told(tmp_path, story)


@pytest.mark.parametrize("kind", ["handler", "plan"])
def test_every_handler_and_plan_is_there_and_takes_what_the_desk_gives(kind: str) -> None:
    named = {getattr(action, kind) for action in REGISTRY} - {""}
    assert len(named) >= 10
    for name in named:
        function = load(name)
        assert inspect.iscoroutinefunction(function), name
        parameters = list(inspect.signature(function).parameters)
        assert parameters == ["duty", "params", "call"], f"{name}{parameters}"


def test_a_name_that_is_no_handler_is_told() -> None:
    with pytest.raises(LookupError, match="has no function nonsense"):
        load("station:nonsense")


class Unhindered(Desk):
    """A desk that finds nothing in the way: what the declaration promises is all that is left."""

    async def _plan(self, action: Action, params: Any, call: Any) -> Plan:
        return Plan()


WHOLE: dict[str, Any] = {"confirmed": True, "dry_run": True}
LACKING: dict[str, tuple[Callable[[Action], bool], dict[str, Any], str]] = {
    "fresh enough": (lambda a: True, {"issued_at": -OLDEST - 0.1}, "A406"),
    "not from the future": (lambda a: True, {"issued_at": OLDEST + 0.1}, "A406"),
    "a fresh view": (lambda a: a.needs_control, {"seen": 0}, "A407"),
    "a reason": (lambda a: a.reason, {"reason": " x "}, "A410"),
    "parameters that it has": (lambda a: True, {"params": {"nonsense": 1}}, "A410"),
    "a yes": (lambda a: a.needs_control, {"confirmed": False, "dry_run": False}, "A412"),
}
"""What a request lacks: which actions need it, how it is asked without it, and the code of the refusal."""


@pytest.mark.parametrize("lack", LACKING)
def test_a_request_that_lacks_what_is_declared_is_refused_and_only_then(tmp_path: Path, lack: str) -> None:
    needed_by, without, code = LACKING[lack]

    async def story(bench: DeskBench) -> None:
        bench.desk = Unhindered(bench.duty, REGISTRY)
        assert any(needed_by(action) for action in ASKED)
        for action in CHANGING:
            await bench.engine.ask(Verb.MODE, "test", mode=next(m for m in Mode if m in action.modes))
            given = {**WHOLE, **without}
            if "issued_at" in without:
                given["issued_at"] = bench.duty.wall() + without["issued_at"]
            if not (needed_by(action) and not action.anyone):
                given["dry_run"] = True
            before = bench.journal.audit_head.seq
            verdict = await asked(bench, action, PERSONS[Role.ADMIN], **given)
            (row,) = bench.journal.audit_rows(bench.journal.audit_head.seq - before)
            refused = needed_by(action) and not action.anyone
            assert verdict.code == (code if refused else ""), (action.name, verdict)
            assert row.decision == str(verdict.decision) == ("refused" if refused else "planned only"), action.name

    told(tmp_path, story)


def test_only_who_has_control_asks_for_motion_and_anyone_stops(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        bench.desk = Unhindered(bench.duty, REGISTRY)
        holder = Person("at-the-panel", Role.ADMIN, Seat.PANEL)
        for action in CHANGING:
            await bench.engine.ask(Verb.MODE, "test", mode=next(m for m in Mode if m in action.modes))
            bench.duty.control = bench.duty.control.take(holder, bench.duty.mono(), "at work")
            mine = await asked(bench, action, holder, **WHOLE)
            assert mine.code == "", (action.name, mine)
            for role, person in PERSONS.items():
                verdict = await asked(bench, action, person, **WHOLE)
                held = action.needs_control and role >= action.role
                assert (verdict.code == "A405") == held, (action.name, role, verdict)
        assert sum(action.needs_control for action in CHANGING) >= 10

    told(tmp_path, story)


def test_what_needs_two_persons_waits_for_the_second_and_nothing_has_happened(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        bench.desk = Unhindered(bench.duty, REGISTRY)
        needed = [action for action in REGISTRY if action.two_persons]
        assert needed and {a.kind for a in REGISTRY if a.kind is Kind.BYPASS} <= {a.kind for a in needed}
        for number, action in enumerate(needed, 1):
            await bench.engine.ask(Verb.MODE, "test", mode=next(m for m in Mode if m in action.modes))
            verdict = await asked(bench, action, PERSONS[Role.ADMIN], confirmed=True, dry_run=False)
            assert (verdict.decision, verdict.operation) == (Decision.WAITING, f"OP-{number:04d}"), verdict
            assert bench.audited()[-1] == ("person-admin", action.name, "waiting for a second person")
        assert bench.duty.control.lease is None

    told(tmp_path, story)
