"""A person's statement of where a pack is, judged against every sensor that sees the place. Pure.

For a pack that journal and sensors cannot place. Corrects the ledger; moves nothing and proves no step.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.core.custody import Custody, CustodyError, Ledger
from station_ctl.core.modes import State
from station_ctl.core.signals import Image
from station_ctl.engine.custody_watch import WatchedPlace
from station_ctl.engine.events import Answer, Asked, Effect, Record, SetLedger
from station_ctl.engine.state import StationState
from station_ctl.engine.station import StationFacts

AT_REST = frozenset((State.STOPPED, State.IDLE, State.HELD, State.ABORTED))


def state_custody(
    facts: StationFacts, state: StationState, image: Image, asked: Asked, effects: list[Effect]
) -> StationState:
    """Take statements `(pack, place)` over into the ledger, all of them or none."""
    try:
        ledger = _stated(facts, state, image, asked)
    except CustodyError as error:
        said = ("verb", str(asked.verb)), ("who", asked.who), ("why", str(error))
        effects += [Record("refused", data=said), Answer(asked.request, str(error), "A302")]
        return state
    pairs = [list(pair) for pair in asked.admit]
    effects.append(Record("stated", data=(("who", asked.who), ("packs", pairs))))
    effects += [SetLedger(ledger), Answer(asked.request)]
    return replace(state, ledger=ledger)


def _stated(facts: StationFacts, state: StationState, image: Image, asked: Asked) -> Ledger:
    if state.state not in AT_REST:
        raise CustodyError(f"where a pack is can be stated at rest only; the station is {state.state}")
    if not asked.admit:
        raise CustodyError("a statement names a pack and a place")
    ledger = state.ledger
    for pack, place in asked.admit:
        if why := why_not_at(facts, ledger, image, pack, place):
            raise CustodyError(f"pack {pack} is not at {place}: {why}")
        ledger = Ledger({**dict(ledger), pack: Custody(place)})
    return ledger


def why_not_at(facts: StationFacts, ledger: Ledger, image: Image, pack: str, place: str) -> str:
    """Why a statement cannot be believed; empty if no sensor and no other pack speaks against it."""
    if pack not in ledger:
        return f"{pack} is not in custody; a pack that has come in is admitted by an inventory"
    watched = {w.place: w for w in facts.places}
    known = watched.keys() | {p for _, c in ledger for p in (c.place, c.to) if p is not None}
    if place not in known:
        return f"there is no place {place}; there are {', '.join(sorted(known))}"
    others = [other for other, c in ledger if other != pack and place in (c.place, c.to)]
    if others:
        return f"{place} has {others[0]} by the ledger"
    return why_no_such_pack_at(facts, image, pack, place)


def why_no_such_pack_at(facts: StationFacts, image: Image, pack: str, place: str) -> str:
    """Which sensor speaks against this code at this place: the place's own, or one that reads the code elsewhere."""
    watched = {w.place: w for w in facts.places}
    if place in watched and (why := _contradicted(watched[place], image, pack)):
        return why
    return next(
        (
            f"{w.place} shows it: {w.code.name} reads {pack}"
            for w in facts.places
            if w.place != place and w.code is not None and w.code.equals(pack).proven(image)
        ),
        "",
    )


def _contradicted(watched: WatchedPlace, image: Image, pack: str) -> str:
    """What the place's own sensors say against it; a sensor that cannot be read does not agree."""
    if watched.speaks is not None and not watched.speaks.proven(image):
        return f"its sensor cannot speak now: {watched.speaks.why_not(image)}"
    if not watched.present.is_on().proven(image):
        return watched.present.is_on().why_not(image)
    code = watched.code.read(image) if watched.code is not None else None
    if code is not None and code.good and code.value and code.value != pack:
        return f"{watched.code.name if watched.code is not None else ''} reads {code.value}"
    return ""
