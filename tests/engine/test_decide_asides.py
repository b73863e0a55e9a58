"""Runs that only asked somebody who need not be there: they end when the station comes to rest, and no other does."""

from __future__ import annotations

import pytest

from station_ctl.core.modes import Phase, State
from station_ctl.core.orders import Result
from station_ctl.core.steps import Sequence
from station_ctl.engine.events import Effect, Progress, Record, Verb
from tests.bench.desk import READY, Desk, step

ASKS = Sequence("toy-ask", "Toy question", (step(20, "robot", Phase.PUT_AWAY, asks=True, interlocks=()),))


def closed(effects: tuple[Effect, ...]) -> tuple[list[Record], list[Progress]]:
    """What the journal and an onlooker are told of runs that ended."""
    rows = [e for e in effects if isinstance(e, Record) and e.kind == "run-closed"]
    return rows, [e for e in effects if isinstance(e, Progress) and e.what == "run-closed"]


def both() -> Desk:
    """A swap whose lift works, and beside it a question that the robot's PLC has accepted."""
    d = Desk(step(10), step(30))
    d.begin()
    d.under_way(10)
    d.begin("A-1", ASKS)
    d.under_way(20, "A-1")
    return d


@pytest.mark.parametrize(("verb", "state"), [(Verb.HOLD, State.HOLDING), (Verb.ABORT, State.ABORTING)])
def test_a_question_whose_order_has_ended_stands_in_no_runs_way_when_the_station_comes_to_rest(
    verb: Verb, state: State
) -> None:
    d = both()
    d.ask(verb)
    assert closed(d.scan()) == ([], []), "its order is still under way"
    asked = d.run("A-1")
    d.end("robot", d.of(20, "A-1").order, Result.STOPPED)
    effects = d.scan()
    assert [r.run_id for r in d.state.runs] == ["S-1"], "the swap is a person's to end"
    rows, told = closed(effects)
    assert rows == [Record("run-closed", "A-1", data=(("result", "dropped"), ("why", f"station {state}")))]
    ((what, run),) = told[0].facts
    assert len(told) == 1 and (told[0].run_id, told[0].time) == ("A-1", d.time)
    assert (what, run.run_id, run.sequence) == ("run", "A-1", asked.sequence)
    assert closed(d.scan()) == ([], [])


@pytest.mark.parametrize("state", [State.EXECUTE, State.STOPPING])
def test_a_question_that_has_not_been_asked_yet_waits_while_the_station_works(state: State) -> None:
    d = Desk(step(10))
    d.begin()
    d.under_way(10)
    d.world.set(READY, False)
    d.begin("A-1", ASKS)
    if state is State.STOPPING:
        d.ask(Verb.STOP)
    assert closed(d.scan()) == ([], [])
    assert d.state.state is state and [r.run_id for r in d.state.runs] == ["S-1", "A-1"]
