"""The two state tables: every row moves under its guards and only then; abort is always possible."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest

from station_ctl.core.modes import ORDERED_PHASES, Phase, State
from station_ctl.engine.events import Verb
from station_ctl.engine.states import RUN, RUN_TABLE, STATION, STATION_TABLE, Row, Table, mermaid
from tests.bench.desk import Desk, step

TABLES: dict[str, tuple[Table[Any], tuple[Row, ...], type[StrEnum]]] = {
    "station": (STATION, STATION_TABLE, State),
    "run": (RUN, RUN_TABLE, Phase),
}
ROWS = [
    pytest.param(
        name, row, source, id=f"{name}: {row.trigger} {source} → {row.target} {'+'.join(row.guards)}"
    )
    for name, (_, rows, _) in TABLES.items()
    for row in rows
    for source in row.sources
]


def guards(table: Table[Any], true: tuple[str, ...]) -> dict[str, Callable[[], bool]]:
    """Every guard of the table; those named hold."""
    return {name: (lambda name=name: name in true) for name in table.guard_names}


@pytest.mark.parametrize(("name", "row", "source"), ROWS)
def test_a_row_moves_when_all_its_guards_hold_and_no_other_row_s(name: str, row: Row, source: Any) -> None:
    fired = TABLES[name][0].fire(source, row.trigger, guards(TABLES[name][0], row.guards))
    assert fired.moved and fired.state is row.target and fired.refused_by == ""


@pytest.mark.parametrize(("name", "row", "source"), [r for r in ROWS if r.values[1].guards])
def test_a_row_stays_when_one_guard_does_not_hold_and_names_it(name: str, row: Row, source: Any) -> None:
    table = TABLES[name][0]
    for missing in row.guards:
        others = tuple(g for g in row.guards if g != missing)
        fired = table.fire(source, row.trigger, guards(table, others))
        assert not fired.moved and fired.state is source
        rows = [r for r in table.rows if r.trigger == row.trigger and source in r.sources]
        assert fired.refused_by == missing or len(rows) > 1
    fired = table.fire(source, row.trigger, guards(table, ()))
    assert not fired.moved and fired.state is source and fired.refused_by in table.guard_names


@pytest.mark.parametrize("name", TABLES)
def test_every_trigger_that_no_row_allows_is_refused_by_name(name: str) -> None:
    table, rows, states = TABLES[name]
    allowed = {(row.trigger, source) for row in rows for source in row.sources}
    triggers = {row.trigger for row in rows} | {"explode", "", "to_execute", "start "}
    for state in states:
        for trigger in triggers:
            if (trigger, state) in allowed:
                continue
            fired = table.fire(state, trigger, guards(table, tuple(table.guard_names)))
            assert not fired.moved and fired.state is state
            assert fired.refused_by == f"{trigger} is not possible in state {state}"


def test_abort_is_possible_from_every_state_and_nobody_guards_it() -> None:
    for state in State:
        if state not in (State.ABORTING, State.ABORTED):
            assert STATION.fire(state, "abort", {}).state is State.ABORTING
    for phase in (*ORDERED_PHASES[:-1], Phase.HELD, Phase.RECOVERING):
        assert RUN.fire(phase, "abort", {}).state is Phase.ABORTED
    assert all(
        not row.guards for row in (*STATION_TABLE, *RUN_TABLE) if row.trigger in ("abort", "hold", "stop")
    )


def test_only_a_person_brings_the_station_into_execute_and_only_when_it_is_safe() -> None:
    into = [row for row in STATION_TABLE if row.target is State.EXECUTE]
    assert {row.trigger for row in into} <= {"start", "resume", "retreat"}
    for row in into:
        assert {"station_safe", "mode_allows"} <= set(row.guards), row.trigger
        assert row.sources != (State.IDLE,) or row.trigger == "start"


def test_no_row_leads_from_a_worse_state_to_a_better_one_unasked() -> None:
    """What happens of itself only completes what was asked: holding → held, stopping → stopped, aborting → aborted."""
    unasked = {row.trigger for row in STATION_TABLE} - {str(verb) for verb in Verb} - {"retreat"}
    assert unasked == {"held", "stopped", "aborted"}
    assert {(r.sources, r.target) for r in STATION_TABLE if r.trigger in unasked} == {
        ((State.HOLDING,), State.HELD), ((State.STOPPING,), State.STOPPED), ((State.ABORTING,), State.ABORTED),
    }  # fmt: skip


def test_an_aborted_run_goes_on_by_recovery_alone() -> None:
    assert {row.trigger for row in RUN_TABLE if Phase.ABORTED in row.sources} == {"recover"}
    assert not [row for row in RUN_TABLE if Phase.COMPLETE in row.sources]


def test_phases_follow_each_other_and_none_is_skipped() -> None:
    found = {(row.sources[0], row.target) for row in RUN_TABLE if row.trigger == "advance"}
    assert found == set(itertools.pairwise(ORDERED_PHASES))


def test_firing_remembers_nothing_between_two_calls() -> None:
    held = guards(STATION, ())
    assert STATION.fire(State.EXECUTE, "hold", {}).state is State.HOLDING
    assert STATION.fire(State.HOLDING, "held", held).refused_by == "all_quiet"
    assert STATION.fire(State.EXECUTE, "hold", {}) == STATION.fire(State.EXECUTE, "hold", {})
    assert STATION.fire(State.EXECUTE, "abort", {}).refused_by == ""


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("verb", [v for v in Verb if v not in (Verb.MODE, Verb.ACKNOWLEDGE, Verb.ADMIT)])
def test_every_guard_that_a_verb_meets_is_known_to_the_decision(state: State, verb: Verb) -> None:
    """A guard that only the table names would raise here; all guards are made to hold so that each is asked."""
    half_done = Desk(step(10), state=state)
    for desk in (Desk(step(10), state=state), half_done):
        if desk is half_done:
            run = Desk(step(10))
            run.begin()
            desk.state = desk.state.__class__(
                **{f: getattr(desk.state, f) for f in desk.state.__slots__ if f != "runs"},
                runs=run.state.runs,
            )
        desk.ask(verb)


@pytest.mark.parametrize("name", TABLES)
def test_the_diagram_has_every_transition(name: str) -> None:
    _, rows, _ = TABLES[name]
    lines = mermaid(rows).splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert len(lines) - 1 == sum(len(row.sources) for row in rows)
    for row in rows:
        for source in row.sources:
            found = [
                x for x in lines if x.startswith(f"    {source.name} --> {row.target.name}: {row.trigger}")
            ]
            assert found and all(any(guard in x for x in found) for guard in row.guards)
