"""Bypasses in the engine's memory: accepted, taken back, and ended by time, mode or key.

Pure. Knows when one may begin and when it is over. Does not know roles; the desk has two persons before it asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from station_ctl.core.bypass import LONGEST, Bypass, points_of
from station_ctl.core.modes import Mode
from station_ctl.core.signals import Image
from station_ctl.engine.events import Answer, Asked, Effect, Progress, Record
from station_ctl.engine.state import StationState
from station_ctl.engine.station import StationFacts


def answer(
    facts: StationFacts, state: StationState, image: Image, asked: Asked, effects: list[Effect]
) -> StationState:
    """Judge a request for a bypass, or for the end of some (none named = all)."""
    if asked.bypass is None:
        gone = tuple(b for b in state.bypasses if not asked.restore or b.what in asked.restore)
        effects.append(Answer(asked.request))
        return _ended(state, gone, f"taken back by {asked.who}", effects)
    if why := why_not(facts, state, image, asked.bypass):
        data = ("verb", str(asked.verb)), ("who", asked.who), ("why", why)
        effects += [Record("refused", data=data), Answer(asked.request, why, "A401")]
        return state
    new = asked.bypass
    effects += [Record("bypassed", data=_data(new, image.now)), Answer(asked.request)]
    effects.append(Progress("bypassed", text=str(new), time=state.time))
    return replace(state, bypasses=(*(b for b in state.bypasses if b.what != new.what), new))


def why_not(facts: StationFacts, state: StationState, image: Image, new: Bypass) -> str:
    """Why this bypass may not begin now; empty if it may."""
    if state.mode is not Mode.MAINTENANCE:
        return f"a bypass needs mode maintenance; the mode is {state.mode}"
    if facts.attended is None or not facts.attended.proven(image):
        return f"a bypass needs the maintenance key: {facts.attended.why_not(image) if facts.attended else 'none here'}"
    known = forceable(facts) if new.forced else tuple(facts.bypassable)
    if new.what not in known:
        return f"{new.what} cannot be {'forced' if new.forced else 'bypassed'}; there are {', '.join(known) or 'none'}"
    if not new.counts(image.now):
        return f"a bypass needs two persons and an end within {LONGEST / 60:g} min"
    return ""


def forceable(facts: StationFacts) -> tuple[str, ...]:
    """Every point, as link.TAG, that a bypassable row is proven by, and nothing but that row listens to when forced."""
    return tuple(sorted({point for row in facts.bypassable.values() for point in points_of(row.holds)}))


def lapse(facts: StationFacts, state: StationState, image: Image, effects: list[Effect]) -> StationState:
    """End for good what does not count any more: its time is over, the mode is another, the key is off or not known."""
    if not state.bypasses:
        return state
    attended = state.mode is Mode.MAINTENANCE and facts.attended is not None and facts.attended.proven(image)
    for gone, why in tuple(_over(state, image, attended=attended)):
        state = _ended(state, (gone,), why, effects)
    return state


def _over(state: StationState, image: Image, *, attended: bool) -> Iterator[tuple[Bypass, str]]:
    for bypass in state.bypasses:
        if not bypass.counts(image.now):
            yield bypass, "its time is over"
        elif not attended:
            other = state.mode is not Mode.MAINTENANCE
            yield bypass, f"the mode is {state.mode}" if other else "the maintenance key is off or not known"


def _ended(state: StationState, gone: tuple[Bypass, ...], why: str, effects: list[Effect]) -> StationState:
    for bypass in gone:
        effects.append(Record("bypass-ended", data=(("what", bypass.what), ("why", why))))
        effects.append(Progress("bypass-ended", text=f"{bypass}: {why}", time=state.time))
    return replace(state, bypasses=tuple(b for b in state.bypasses if b not in gone))


def _data(new: Bypass, now: float) -> tuple[tuple[str, object], ...]:
    return (
        ("what", new.what), ("value", new.value), ("for_s", round(new.ends - now, 1)), ("who", new.by),
        ("second", new.second), ("reason", new.reason),
    )  # fmt: skip
