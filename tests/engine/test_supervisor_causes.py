"""Which loss is the cause, whose step it names, and what must be seen before it counts as gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station_ctl.core.orders import OrderState
from station_ctl.core.points import ScanClass
from station_ctl.core.steps import Interlock, Kept, OnLoss
from station_ctl.engine.state import Trip
from station_ctl.engine.supervisor import answers, trips
from tests.bench.desk import DOOR, EPOCH, G03, HOLDS, LEVEL, Desk, flag, step

HARDER = Kept(HOLDS.interlock, OnLoss.ABORT)


def at_work(*steps: object, **more: object) -> Desk:
    """A desk whose steps are all acknowledged and moving."""
    d = Desk(*steps, **more)  # type: ignore[arg-type]
    d.begin()
    for s in d.sequence.steps:
        d.under_way(s.no)
    return d


def found(d: Desk) -> tuple[Trip, ...]:
    return trips(d.facts, d.state, d.world.image())


# ---- the engine's own row before an order ----
@pytest.mark.parametrize("remembered", ["ack_id", "done_id"])
def test_an_order_number_that_the_plc_remembers_as_newest_is_not_given_again(remembered: str) -> None:
    d = Desk(step(10))
    channel = d.channels["lift"]
    row = answers(channel, 41)
    assert row.code == "G02" and "lift" in row.text
    for seen, older in ((0, True), (40, True), (41, False), (42, False)):
        d.world.set(getattr(channel, remembered), seen)
        assert row.holds.proven(d.world.image()) == older, f"{remembered} {seen}"


@pytest.mark.parametrize("sign", ["epoch", "uptime_ms"])
def test_a_plc_that_answers_is_one_whose_epoch_and_clock_are_read(sign: str) -> None:
    """A PLC in its first epoch, or just started, answers all the same."""
    d = Desk(step(10))
    row = answers(d.channels["lift"], 1)
    d.world.set(getattr(d.channels["lift"], sign), 0)
    assert row.holds.proven(d.world.image())
    d.world.flag(getattr(d.channels["lift"], sign))
    assert not row.holds.proven(d.world.image())


@pytest.mark.parametrize("state", OrderState)
def test_no_order_is_given_to_a_device_that_is_still_at_work(state: OrderState) -> None:
    """A write that the PLC called refused and carried out all the same leaves no step that waits for it."""
    d = Desk(step(10))
    row = answers(d.channels["lift"], 41)
    d.world.set(d.channels["lift"].state, state)
    assert row.holds.proven(d.world.image()) == (state is not OrderState.BUSY)


# ---- one loss, one trip ----
def test_a_loss_that_no_step_watches_names_no_step() -> None:
    d = Desk(step(10, None, interlocks=()), always=(Kept(G03, OnLoss.ABORT),))
    d.world.set(DOOR, False)
    (trip,) = found(d)
    assert (trip.run_id, trip.step, trip.interlock) == ("", 0, "G03")
    assert (
        trip.text
        == "G03 Maintenance door locked: needs safety.door_locked on; found off [pit SAFETY_DOOR_LOCKED]"
    )


@pytest.mark.parametrize(
    ("first", "second", "step_no", "reaction"),
    [
        (HOLDS, HOLDS, 10, OnLoss.HOLD),
        (HARDER, HARDER, 10, OnLoss.ABORT),
        (HARDER, HOLDS, 10, OnLoss.ABORT),
        (HOLDS, HARDER, 20, OnLoss.ABORT),
    ],
)
def test_of_two_steps_that_lose_one_interlock_the_harder_is_named_and_of_equals_the_first(
    first: Kept, second: Kept, step_no: int, reaction: OnLoss
) -> None:
    d = at_work(step(10, "lift", interlocks=(first,)), step(20, "robot", interlocks=(second,)))
    d.world.set(LEVEL, False)
    (trip,) = found(d)
    assert (trip.step, trip.reaction) == (step_no, reaction)


def test_a_hold_that_is_latched_does_not_hide_the_same_loss_as_an_abort() -> None:
    d = at_work(step(10, "lift", interlocks=()), step(20, "robot", interlocks=(HARDER,)))
    d.state = replace(d.state, trips=(Trip("A101", "before", OnLoss.HOLD, interlock="T10"),))
    d.world.set(LEVEL, False)
    assert [(t.interlock, t.reaction) for t in found(d)] == [("T10", OnLoss.ABORT)]
    d.state = replace(d.state, trips=(Trip("A101", "before", OnLoss.ABORT, interlock="T10"),))
    assert found(d) == ()


# ---- what a loss does when nobody can read it ----
def rests(d: Desk) -> dict[str, OnLoss]:
    return {trip.interlock: trip.reaction for trip in found(d)}


def person(*more: Interlock, **at: object) -> Desk:
    """A lift and a robot at work; nobody may be in the bay (lift's PLC) nor before the robot (its own)."""
    bay, path = flag("x.bay", "pit"), flag("x.path", "rail")
    rows = (Interlock("X4", "Nobody there", bay.is_on() & path.is_on()), *more)
    keeps = tuple(Kept(row, OnLoss.ABORT) for row in rows)
    d = Desk(step(10, "lift", interlocks=keeps), step(20, "robot", interlocks=()), **at)  # type: ignore[arg-type]
    for signal in (bay, path, *FREE):
        d.world.set(signal, True)
    d.begin()
    d.under_way(10)
    d.under_way(20)
    return d


FREE = (flag("x.drives", "pit"), flag("x.curtain", "chain"))


@pytest.mark.parametrize("how", ["lose", "silence"])
def test_a_row_that_aborts_holds_while_its_plc_is_silent_and_aborts_when_it_says_no(how: str) -> None:
    d = person()
    getattr(d.world, how)("pit")
    assert rests(d) == {"G02": OnLoss.HOLD, "X4": OnLoss.HOLD}
    d.state = replace(d.state, trips=found(d))
    d.world.regain("pit")
    d.world.set(flag("x.bay", "pit"), False)
    assert rests(d) == {"X4": OnLoss.ABORT}, "known again, and it says no: harder than what is latched"


def test_a_person_who_is_seen_aborts_whatever_else_is_silent() -> None:
    d = person()
    d.world.lose("rail")
    d.world.set(flag("x.bay", "pit"), False)
    assert rests(d)["X4"] is OnLoss.ABORT


def test_a_person_who_is_seen_aborts_although_the_plc_that_sees_shows_no_epoch() -> None:
    d = person()
    d.world.flag(d.channels["robot"].epoch)
    assert rests(d) == {"G02": OnLoss.HOLD}
    d.world.set(flag("x.path", "rail"), False)
    assert rests(d)["X4"] is OnLoss.ABORT


@pytest.mark.parametrize("how", ["flag", "forget", "stale"])
def test_a_reading_that_is_bad_while_its_plc_answers_keeps_its_reaction(how: str) -> None:
    d = person()
    bay = flag("x.bay", "pit")
    if how == "stale":
        bay = replace(bay, scan=ScanClass.NORMAL)
        row = Kept(Interlock("X5", "Slow", bay.is_on()), OnLoss.ABORT)
        d = Desk(step(10, interlocks=(row,)))
        d.world.set(bay, True)
        d.begin()
        d.under_way(10)
    getattr(d.world, how)(bay)
    assert set(rests(d).values()) == {OnLoss.ABORT}


def test_two_silent_plcs_hold_and_one_silent_beside_a_bad_reading_does_not() -> None:
    d = person()
    d.world.lose("pit")
    d.world.lose("rail")
    assert rests(d)["X4"] is OnLoss.HOLD
    d = person()
    d.world.lose("pit")
    d.world.flag(flag("x.path", "rail"))
    assert rests(d)["X4"] is OnLoss.ABORT


def test_a_plc_that_takes_no_orders_stops_nothing_so_its_silence_keeps_the_reaction() -> None:
    d = person(Interlock("X6", "Curtain", FREE[1].is_on()))
    d.world.lose("chain")
    assert rests(d) == {"X6": OnLoss.ABORT}


@pytest.mark.parametrize("code", ["G01", "G03", "G04"])
def test_the_safety_chain_unread_aborts_whatever_link_it_is_read_from(code: str) -> None:
    d = person(Interlock(code, "Chain", FREE[0].is_on()))
    d.world.lose("pit")
    assert rests(d)[code] is OnLoss.ABORT


# ---- the silent PLC ----
@pytest.mark.parametrize(("first", "second"), [("pit", "rail"), ("rail", "pit")])
def test_a_second_plc_that_falls_silent_later_is_a_second_loss_and_the_first_is_not_told_again(
    first: str, second: str
) -> None:
    d = at_work(step(10, "lift", interlocks=()), step(20, "robot", interlocks=()))
    d.world.lose(first)
    (known,) = found(d)
    d.state = replace(d.state, trips=(known,))
    assert found(d) == ()
    d.world.lose(second)
    (other,) = found(d)
    assert f"link {second}" in other.text and known.text != other.text


def test_two_steps_of_one_silent_plc_are_one_loss() -> None:
    d = at_work(step(10, "lift", interlocks=()), step(20, "robot", interlocks=()))
    lift = d.facts.channels["lift"]
    d.facts = replace(d.facts, channels={"lift": lift, "robot": replace(lift, role="robot")})
    d.world.lose("pit")
    assert [t.step for t in found(d)] == [10]


def test_losses_without_a_silent_plc_keep_the_order_of_the_table() -> None:
    """A reading that is not good explains nothing by itself, and is no effect of another sensor."""
    a, b = flag("x.a"), flag("x.b")
    rows = tuple(
        Kept(Interlock(code, code, signal.is_on()), OnLoss.HOLD) for code, signal in (("X1", a), ("X2", b))
    )
    d = Desk(step(10, interlocks=rows))
    d.world.set(a, True)
    d.world.set(b, True)
    d.begin()
    d.under_way(10)
    d.world.flag(a)
    d.world.set(b, False)
    assert [t.interlock for t in found(d)] == ["X1", "X2"]


def test_a_row_with_one_sensor_that_really_went_off_is_no_effect_of_a_silent_plc() -> None:
    here, there = flag("x.here", "rail"), flag("x.there", "pit")
    both = Kept(Interlock("X1", "Both", there.is_on() & here.is_on()), OnLoss.HOLD)
    d = Desk(step(10, interlocks=(both,)))
    d.world.set(here, True)
    d.world.set(there, True)
    d.begin()
    d.under_way(10)
    d.world.lose("pit")
    assert [t.interlock for t in found(d)] == ["G02", "X1"]
    d.world.set(here, False)
    assert [t.interlock for t in found(d)] == ["X1", "G02"]


@pytest.mark.parametrize(
    ("here", "there", "first"),
    [("silent", "off", "G02"), ("off", "silent", "G02"), ("silent", "silent", "G02"), ("off", "off", "X1")],
)
def test_of_alternatives_one_that_a_silent_plc_may_prove_is_enough_to_call_their_loss_its_effect(
    here: str, there: str, first: str
) -> None:
    """The first named is what a technician mends first: a switch is suspected only if the silence explains nothing."""
    where = {"silent": "pit", "off": "rail"}
    one, other = flag("x.one", where[here]), flag("x.other", where[there])
    either = Kept(Interlock("X1", "Either", one.is_on() | other.is_on()), OnLoss.HOLD)
    d = Desk(step(10, interlocks=(either,)))
    d.world.set(one, True)
    d.world.set(other, True)
    d.begin()
    d.under_way(10)
    for signal in (one, other):
        d.world.set(signal, False)
    d.world.lose("pit")
    assert [t.interlock for t in found(d)] == sorted(("G02", "X1"), key=lambda code: code != first)


@pytest.mark.parametrize("epoch", [0, EPOCH, EPOCH + 1])
def test_a_plc_that_was_silent_is_well_again_when_it_answers_in_whatever_epoch(epoch: int) -> None:
    d = at_work(step(10, "lift", interlocks=()))
    d.world.lose("pit")
    (trip,) = found(d)
    assert trip.cause is not None and not trip.cause.proven(d.world.image())
    d.world.regain("pit")
    d.world.set(d.channels["lift"].epoch, epoch)
    assert trip.cause.proven(d.world.image())


def test_a_latched_loss_of_a_plc_whose_cause_is_no_single_reading_hides_no_other() -> None:
    """A permissive of the engine is about several readings, and a trip that was read back has no cause at all."""
    d = at_work(step(10, "lift", interlocks=()))
    several = answers(d.channels["lift"], 1).holds
    before = tuple(
        Trip("A103", "before", OnLoss.HOLD, interlock="G02", cause=cause) for cause in (None, several)
    )
    d.state = replace(d.state, trips=before)
    d.world.lose("pit")
    assert [t.code for t in found(d)] == ["A201"]


def test_a_sensor_that_a_restarted_plc_shows_off_is_a_cause_of_its_own() -> None:
    """Its readings are good again: they are not explained by a silence that is over."""
    d = at_work(step(10, "lift"))
    d.world.set(d.channels["lift"].epoch, EPOCH + 1)
    d.world.set(LEVEL, False)
    assert [t.interlock for t in found(d)] == ["T10", "G02"]


@pytest.mark.parametrize(
    ("code", "alarm"), [("G01", "A102"), ("G03", "A102"), ("G04", "A102"), ("G05", "A101")]
)
def test_the_loss_of_a_row_that_mirrors_the_safety_plc_has_an_alarm_of_its_own(code: str, alarm: str) -> None:
    d = Desk(step(10, None, interlocks=()), always=(Kept(replace(G03, code=code), OnLoss.ABORT),))
    d.world.set(DOOR, False)
    assert [(t.interlock, t.code) for t in found(d)] == [(code, alarm)]
