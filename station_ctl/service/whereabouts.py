"""Whereabouts, in words: where every pack and every machine is, and how sure that is.

Knows the ledger, the sensors that watch its places, and what machines can show. Judges no step and offers no way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from station_ctl.core.conditions import AllOf, AnyOf, Condition
from station_ctl.core.custody import Custody
from station_ctl.core.devices import Channel
from station_ctl.core.orders import AckCode
from station_ctl.core.signals import Image
from station_ctl.engine import recovery
from station_ctl.engine.custody_watch import WatchedPlace
from station_ctl.engine.state import StationState, StepState
from station_ctl.engine.station import StationFacts

AGREED = "seen and its code read"
"""The end of a sentence about a pack that ledger and every sensor have at the same place."""

RESET_AT_PANEL = "reset it at the device's own panel"
"""The part of a sentence by which a person knows that a device waits for his hand and not for an order."""


HAND = "by hand"
"""The part of a sentence by which a person knows that no order brings the machine on."""


def packs(facts: StationFacts, state: StationState, image: Image) -> tuple[str, ...]:
    """A sentence for every pack in custody: its place by the ledger, and what sensors say to it."""
    watched = {place.place: place for place in facts.places}
    interrupted = {a.order: a for a in recovery.assess(facts, state, image) if a.step.moves}
    return tuple(f"pack {pack}: {_pack(pack, held, watched, interrupted, image)}" for pack, held in state.ledger)


def _pack(
    pack: str,
    held: Custody,
    watched: dict[str, WatchedPlace],
    interrupted: dict[int, recovery.Assessment],
    image: Image,
) -> str:
    if not held.moving:
        return f"{held.place}, {_resting(pack, watched.get(held.place), image)}"
    found = interrupted.get(held.order or 0)
    if found is None:
        return f"{held}, on its way"
    place = recovery.where_is(found, image)
    if place is not None:
        return f"{place}, proven by the sensors of step {found.step.no} ({held})"
    return f"{held}, not certain: sensors prove neither {held.place} nor {held.to}"


def _resting(pack: str, watched: WatchedPlace | None, image: Image) -> str:
    """How sure it is that a pack rests where the ledger has it."""
    if watched is None:
        return "by the ledger alone: no sensor of the station sees this place"
    if watched.speaks is not None and not watched.speaks.proven(image):
        return f"by the ledger alone: {watched.speaks.why_not(image)}"
    present = watched.present.read(image)
    if not present.good:
        return f"by the ledger alone: {watched.present.name} {present.why}"
    if not present.value:
        return f"not certain: {watched.present.name} sees no pack"
    code = watched.code.read(image) if watched.code is not None else None
    if code is None or not code.good or not code.value:
        return f"{watched.present.name} sees a pack, its code is not read"
    if code.value == pack:
        return AGREED
    return f"not certain: {watched.code.name if watched.code else ''} reads {code.value}"


def machines(facts: StationFacts, state: StationState, image: Image) -> tuple[str, ...]:
    """A sentence for every machine, and for every bay that an open run counts on."""
    jobs = [run.job for run in state.runs if run.job is not None]
    bays = {bay for job in jobs for bay in (*job.fresh_bays, *job.spent_bays)}
    bays |= {value for run in state.runs for _, value in run.sequence.args}
    return tuple(
        f"{name}: {', '.join(position.in_words(image) for position in positions)}"
        for name, positions in facts.positions.items()
        if not name.startswith("bay ") or name.removeprefix("bay ") in bays
    )


def resets(facts: StationFacts, image: Image) -> Iterator[str]:
    """What a person must reset at a device before it takes an order again; no order of ours does that."""
    for role, channel in facts.channels.items():
        shown = channel.no_fault.read(image) if channel.no_fault is not None else None
        if shown is None or not shown.good or shown.value:
            continue
        code = channel.fault.read(image)
        which = f"fault code {code.value}" if code.good else "a fault"
        yield (
            f"{role}: {which} stands ({channel.link} {channel.fault.tag}): look its cause up in the supplier's manual "
            f"and remove it, then {RESET_AT_PANEL}, in sight of it; that moves nothing"
        )


def by_hand(facts: StationFacts, assessed: Iterable[recovery.Assessment], image: Image) -> Iterator[str]:
    """Attended recovery: what must be done at the machine before a run may go on; nothing if it may go on as it is."""
    for found in assessed:
        step = found.step
        if step.do is None:
            continue
        channel = facts.channels[step.do.role]
        stuck = "" if found.finding in recovery.DONE else _stuck(channel, found, image)
        if not stuck and not recovery.why_step_may_not_go_on(found, confirmed=True):
            continue
        link = channel.link
        match found.finding:
            case recovery.Finding.UNKNOWN:
                yield f"step {step.no} {step.text}: bring {link} back, what it shows is not known: {found.why}"
            case recovery.Finding.MOVING:
                yield f"step {step.no} {step.text}: wait until {step.do.role} stands, or stop it at its own panel"
            case _:
                before = f", or to where it has not begun ({step.start})" if step.start is not None else ""
                where = f"to where the step is done ({step.done}){before}"
                yield f"step {step.no} {step.text}: {stuck}bring {step.do.role} {HAND} {where}; then resume"


def _stuck(channel: Channel, found: recovery.Assessment, image: Image) -> str:
    """Why no order brings this machine on from where it stands, as the beginning of a sentence; empty if one may."""
    acknowledged, code = channel.ack_id.read(image), channel.ack_code.read(image)
    if acknowledged.good and acknowledged.value == found.order and code.good and code.value == AckCode.INTERLOCK:
        return f"{channel.link} refuses it by its own interlock, and its panel says why; where that cannot be mended, "
    step = found.step
    # What the step itself has moved no waiting brings back, as a pack that it has taken from where it must still lie.
    moved = {lack.source for lack in step.start.unmet(image)} if step.start is not None else set()
    for row in recovery.as_it_stands(step, StepState(order=found.order), image).permissives:
        if _waits_in_vain(row.holds, image, moved):
            return f"it cannot begin from there, {row.code} {row.text}: {row.holds.why_not(image)}: "
    return ""


def _waits_in_vain(condition: Condition, image: Image, moved: set[str]) -> bool:
    """True if it lacks, in every alternative, something that the step itself has moved: one such lack is enough."""
    if isinstance(condition, AnyOf):
        return all(_waits_in_vain(part, image, moved) for part in condition.parts)
    if isinstance(condition, AllOf):
        return any(_waits_in_vain(part, image, moved) for part in condition.parts)
    return any(lack.known and lack.source in moved for lack in condition.unmet(image))
