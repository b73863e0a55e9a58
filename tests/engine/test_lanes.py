"""Lanes, devices and zones: what may run at once and what never does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from station_ctl.core.modes import ORDERED_PHASES, Phase, State
from station_ctl.core.steps import Sequence
from station_ctl.engine.events import OrderNotSent, OrderSent, RunAsked, Scanned
from station_ctl.engine.state import StepStatus, Zone
from tests.bench.desk import LINKS, Desk, done, issues, step


def test_a_device_works_for_one_step_at_a_time_even_in_two_lanes() -> None:
    d = Desk(step(10, "robot"), step(20, "robot", lane="other"))
    assert [i.step.no for i in issues(d.begin())] == [10]
    assert [i.step.no for i in issues(d.complete(10))] == [20]


@pytest.mark.parametrize("status", [StepStatus.INTENT, StepStatus.SENT, StepStatus.UNKNOWN, StepStatus.BUSY])
def test_a_device_is_taken_from_the_intent_to_the_proof(status: StepStatus) -> None:
    """S8: one order in flight for each device."""
    d = Desk(step(10, "robot"), step(20, "robot", lane="other"))
    d.begin()
    d.state = d.state.with_run(
        d.run().with_step(10, status=status, sent_at=d.world.now, acked_at=d.world.now)
    )
    assert issues(d.scan()) == []


def test_a_zone_is_held_by_one_device_at_a_time() -> None:
    d = Desk(step(10, "robot", enters=("pit",), leaves=("pit",)), step(20, "lift", enters=("pit",)))
    assert [i.step.no for i in issues(d.begin())] == [10]
    assert issues(d.scan()) == []
    assert [i.step.no for i in issues(d.complete(10))] == [20]
    assert d.state.zones == (Zone("pit", "S-1", "lift"),)


def test_a_zone_is_kept_until_a_step_that_leaves_it_is_proven() -> None:
    d = Desk(
        step(10, "robot", enters=("pit",)),
        step(20, "robot"),
        step(30, "robot", leaves=("pit",)),
        step(40, "lift", enters=("pit",), lane="l"),
    )
    d.begin()
    for no in (10, 20):
        assert 40 not in [i.step.no for i in issues(d.complete(no))]
    assert [i.step.no for i in issues(d.complete(30))] == [40]


def test_the_same_device_enters_its_own_zone_again() -> None:
    d = Desk(step(10, "robot", enters=("pit",)), step(20, "robot", enters=("pit",)))
    d.begin()
    assert [i.step.no for i in issues(d.complete(10))] == [20]
    assert d.state.zones == (Zone("pit", "S-1", "robot"),)


def test_the_zone_of_an_earlier_run_is_respected_by_the_next() -> None:
    first = Sequence(
        "first", "First", (step(10, "robot", Phase.PUT_AWAY, enters=("aisle",), leaves=("aisle",)),)
    )
    second = Sequence("second", "Second", (step(20, "lift", enters=("aisle",)),))
    d = Desk(step(10, "robot"), step(20, "lift"))
    d.begin("S-1", first)
    assert d.run("S-1").phase is Phase.PUT_AWAY
    assert issues(d.begin("S-2", second)) == []
    assert [i.run_id for i in issues(d.complete(10, "S-1"))] == ["S-2"]


def test_the_older_run_goes_first_when_both_want_the_same_device() -> None:
    d = Desk(step(10, "robot", Phase.PUT_AWAY), step(20, "robot"))
    first = Sequence("first", "First", (step(10, "robot", Phase.PUT_AWAY), step(30, "robot", Phase.PUT_AWAY)))
    d.world.set(done(30, "rail"), False)
    d.begin("S-1", first)
    assert issues(d.begin("S-2", Sequence("second", "Second", (step(20, "robot"),)))) == []
    assert [(i.run_id, i.step.no) for i in issues(d.complete(10, "S-1"))] == [("S-1", 30)]


def test_a_closed_run_leaves_no_zone_behind() -> None:
    d = Desk(step(10, "robot", enters=("pit",)))
    d.begin()
    d.complete(10)
    assert d.state.runs == () and d.state.zones == ()


# ---- for any procedure ----
ZONES = some.sets(some.sampled_from(["pit", "aisle"]), max_size=2).map(lambda found: tuple(sorted(found)))


@some.composite
def procedures(draw: some.DrawFn) -> tuple:  # type: ignore[type-arg]
    """Up to seven steps with any lanes, phases, zones and predecessors."""
    count = draw(some.integers(1, 7))
    phases = sorted(draw(some.lists(some.integers(0, 6), min_size=count, max_size=count)))
    steps = []
    for k in range(count):
        earlier = [s.no for s in steps]
        enters = draw(ZONES)
        steps.append(
            step(
                (k + 1) * 10,
                draw(some.sampled_from(["robot", "lift", None])),
                ORDERED_PHASES[phases[k]],
                lane=draw(some.sampled_from(["a", "b", "c"])),
                after=tuple(draw(some.sets(some.sampled_from(earlier), max_size=2))) if earlier else (),
                background=draw(some.booleans()),
                enters=enters,
                leaves=enters,
                interlocks=(),
            )
        )
    return tuple(replace(s, enters=(), leaves=()) if s.do is None else s for s in steps)


@given(procedures(), some.data())
def test_any_procedure_runs_to_its_end_with_one_order_a_device_and_one_device_a_zone(steps, data) -> None:  # type: ignore[no-untyped-def]
    d = Desk(*steps)
    assert d.sequence.faults() == ()
    d.feed(RunAsked(d.time, "S-1", d.sequence, None, "test", 1))
    seen: list[int] = []
    for _ in range(400):
        run = d.state.run("S-1")
        if run is None:
            break
        active = [(s, st) for _, s, st in d.state.active_steps()]
        roles = [s.do.role for s, _ in active if s.do is not None]
        assert len(roles) == len(set(roles)), "two orders for one device"
        entered = [zone for s, _ in active for zone in s.enters]
        assert len(entered) == len(set(entered)), "two devices in one zone"
        for s, st in active:
            if st.order and st.order not in seen:
                seen.append(st.order)
            assert all(run.of(no).status is StepStatus.PROVEN for no in run.sequence.before[s.no])
        assert active, "nothing is under way and the run is not closed"
        chosen, st = data.draw(some.sampled_from(active))
        _one_thing_happens(d, chosen, st)
    assert d.state.run("S-1") is None and d.state.state is State.EXECUTE
    assert seen == sorted(seen) == list(range(100, 100 + len(seen)))


def _one_thing_happens(d: Desk, chosen, st) -> None:  # type: ignore[no-untyped-def]
    """The next thing in the life of this order."""
    if chosen.do is None:
        d.world.set(done(chosen.no), True)
    elif st.status is StepStatus.INTENT:
        first = st.order % 3 == 0 and st.withdrawn == 0
        d.feed(OrderNotSent(d.time, st.order, "x") if first else OrderSent(d.time, st.order, d.world.now))
        return
    elif st.status is StepStatus.SENT:
        d.ack(chosen.do.role, st.order)
    else:
        d.end(chosen.do.role, st.order)
        d.world.set(done(chosen.no, LINKS[chosen.do.role]), True)
    d.pass_time()
    d.feed(Scanned(d.time))
