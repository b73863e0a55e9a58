"""Recovery: what is true of every interrupted step, and which ways out there are. Pure.

Believes the PLC's answer and the sensors together, never memory alone. Orders nothing; a person chooses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from station_ctl.core.orders import OrderState, Result
from station_ctl.core.signals import Image
from station_ctl.core.steps import OnResume, Step
from station_ctl.engine.state import Run, StationState, StepState, StepStatus
from station_ctl.engine.station import StationFacts


class Finding(StrEnum):
    """What PLC and sensors together say of an interrupted step."""

    DONE = "done"
    SEEN_DONE = "stopped, and done by the sensors"
    NOT_BEGUN = "not begun"
    HALF_WAY = "half-way"
    MOVING = "still moving"
    LYING = "says done, is not"
    UNKNOWN = "unknown"


DONE = frozenset((Finding.DONE, Finding.SEEN_DONE))
"""Findings after which a step is not ordered again."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """One interrupted step, judged, with the reason in words."""

    run_id: str
    step: Step
    order: int
    finding: Finding
    why: str
    attended: str = ""
    """Why a person must have looked before the step goes on, whatever was found; of a PLC that cannot tell all."""

    def __str__(self) -> str:
        return f"step {self.step.no} {self.step.text}: {self.finding}: {self.why}"


def assess(facts: StationFacts, state: StationState, image: Image) -> tuple[Assessment, ...]:
    """Every interrupted step of every open run, judged on one image."""
    image = image.with_own(state.own)
    return tuple(_assess(facts, run, step, st, image) for run, step, st in _interrupted(state))


def _interrupted(state: StationState) -> Iterator[tuple[Run, Step, StepState]]:
    for run in state.runs:
        for step, st in run.pairs():
            if st.interrupted:
                yield run, step, st


def _assess(facts: StationFacts, run: Run, step: Step, st: StepState, image: Image) -> Assessment:
    channel = facts.channels[step.do.role] if step.do is not None else None

    def found(finding: Finding, why: str) -> Assessment:
        attended = channel.attended if channel is not None else ""
        return Assessment(run.run_id, step, st.order, finding, why, attended)

    if channel is None:
        return found(Finding.NOT_BEGUN, "nothing was ordered")
    answer = (channel.answers, channel.ack_id, channel.done_id, channel.state, channel.result)
    epoch, ack, done, at_work, result = readings = tuple(signal.read(image) for signal in answer)
    if unread := next((r for r in readings if not r.good), None):
        return found(Finding.UNKNOWN, f"{channel.link}: {unread.why}")
    restarted, ours = channel.epoch is not None and epoch.value != st.epoch, st.order in (ack.value, done.value)
    if at_work.value == OrderState.BUSY:
        last = f"the last order it answered is {ack}"
        return found(Finding.MOVING, f"the PLC still works; {last}; wait until it stands, or abort")
    proven = step.done.proven(image)
    # The last answer may be that to a copy of an older order that came late; what was done stays done.
    said_done = done.value == st.order and result.value == Result.OK
    # Where the proof was there before the step, as with a message that leaves no trace, or where it is measured by
    # the order itself, as torque is, only the PLC can tell.
    shown = proven and not step.measures and (step.start is None or not step.start.proven(image))
    if (proven and said_done) or (shown and (restarted or step.on_resume is OnResume.REPEAT)):
        return found(Finding.DONE, f"{step.done}")
    if shown:
        return found(Finding.SEEN_DONE, f"{step.done}")
    # A proof that cannot be read, as just after a start, speaks for nothing: neither for a lie nor for half-way.
    if unread_proof := [unmet for unmet in step.done.unmet(image) if not unmet.known]:
        return found(Finding.UNKNOWN, "; ".join(map(str, unread_proof)))
    # What was said done and stands as before the step again, somebody has undone: it may be done anew after a look.
    undone = step.start is not None and step.start.proven(image)
    if said_done and not undone:
        return found(Finding.LYING, step.done.why_not(image))
    if step.start is None:
        # What a PLC did before it restarted no sensor of such a step tells: only an order it never took is not begun.
        if ours or (restarted and channel.attended):
            return found(Finding.HALF_WAY, "nothing shows how far it has come; the step moves nothing twice")
        return found(Finding.NOT_BEGUN, f"{channel.link} never took the order; the step moves nothing twice")
    if undone:
        finding = Finding.HALF_WAY if ours and not restarted else Finding.NOT_BEGUN
        return found(finding, f"the machine stands as before the step: {step.start}")
    if step.ending is not None and step.ending.shows.proven(image):
        return found(Finding.HALF_WAY, f"its work is done, only its end is missing: {step.ending.shows}")
    neither = f"neither as before ({step.start.why_not(image)}) nor done ({step.done.why_not(image)})"
    return found(Finding.HALF_WAY, neither)


def as_it_stands(step: Step, st: StepState, image: Image) -> Step:
    """What is ordered of a step now: all of it, or its end alone where sensors show that its work is done."""
    worked = st.order > 0 and step.ending is not None and step.ending.shows.proven(image)
    return step.to_its_end() if worked else step


def why_not_resume(facts: StationFacts, state: StationState, image: Image, *, confirmed: bool) -> str:
    """Why the interrupted runs may not go on; empty if they may. `confirmed`: a person has looked."""
    reasons = (why_step_may_not_go_on(found, confirmed=confirmed) for found in assess(facts, state, image))
    return next((why for why in reasons if why), "")


def why_step_may_not_go_on(found: Assessment, *, confirmed: bool) -> str:
    """Why this interrupted step may not go on; empty if it may."""
    if why := _why_not_by_finding(found, confirmed=confirmed):
        return why
    return _unseen(found) if found.attended and not confirmed else ""


def _unseen(found: Assessment) -> str:
    level = f"; its PLC is of {found.attended}" if found.attended else ""
    return f"{found}{level}; look at the machine, then resume with a confirmation"


def _why_not_by_finding(found: Assessment, *, confirmed: bool) -> str:
    step = found.step
    if found.finding in (Finding.UNKNOWN, Finding.MOVING):
        return str(found)
    if found.finding is Finding.LYING:
        # Done once, and undone while nobody watched, as a charge that ended with our heartbeat.
        if step.on_resume is not OnResume.REPEAT:
            return f"{found}; move the machine by hand to before or after the step"
    elif found.finding is not Finding.SEEN_DONE and (
        found.finding is not Finding.HALF_WAY or step.on_resume is OnResume.REPEAT
    ):
        return ""
    if step.on_resume is OnResume.NEVER and found.finding is Finding.HALF_WAY:
        return f"{found}; it may not be repeated: move the machine by hand to before or after the step"
    return "" if confirmed else _unseen(found)


def why_not_retreat(facts: StationFacts, state: StationState, image: Image, run_id: str) -> str:
    """Why a run may not be given up for a retreat; empty if it may. Custody must be certain first."""
    run = state.run(run_id)
    if run is None:
        return f"there is no open run {run_id}"
    for found in assess(facts, state, image):
        if found.run_id != run_id:
            return f"run {found.run_id} is interrupted, too: {found}"
        if found.finding in (Finding.UNKNOWN, Finding.MOVING):
            return str(found)
        if (found.step.moves or found.step.admits) and not _certain(found.step, image):
            return f"{found}; where the pack is is not certain: resume, or move it by hand"
    return facts.forward_only(run.sequence.key, *reached(facts, state, image, run), run.job) if run.job else ""


def reached(
    facts: StationFacts, state: StationState, image: Image, run: Run
) -> tuple[frozenset[int], frozenset[int]]:
    """How far a run has come: steps begun, and steps proven, counting what sensors show of interrupted ones."""
    found = [a for a in assess(facts, state, image) if a.run_id == run.run_id]
    done = {a.step.no for a in found if a.finding in DONE or (a.step.moves and _arrived(a.step, image))}
    waits = {a.step.no for a in found if a.finding is Finding.NOT_BEGUN}
    begun = {s.no for s, st in run.pairs() if st.interrupted or st.status is not StepStatus.WAITING}
    proven = {s.no for s, st in run.pairs() if st.status is StepStatus.PROVEN}
    return frozenset(begun - waits), frozenset(proven | done)


def _certain(step: Step, image: Image) -> bool:
    """Sensors show the machine as it is before the step, or after it; a pack in a moving vehicle is at neither."""
    return _arrived(step, image) or (step.start is not None and step.start.proven(image))


def _arrived(step: Step, image: Image) -> bool:
    """Sensors show the step's work done, whether or not the machine has come back from it."""
    return step.done.proven(image) or (step.ending is not None and step.ending.shows.proven(image))


def where_is(found: Assessment, image: Image) -> str | None:
    """The place of the pack that an interrupted step moves, as far as sensors prove it: origin, target or None."""
    (move, *_) = found.step.moves
    if _arrived(found.step, image):
        return move.target
    return move.origin if found.step.start is not None and found.step.start.proven(image) else None
