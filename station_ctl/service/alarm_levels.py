"""Alarm conditions as levels: what of the engine, its links and the site stands against the station now.

Pure look at one state and one image. Knows which alarm a thing is, and of what it is a consequence; remembers nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from station_ctl.core.conditions import Compare, Condition, NeverBoth
from station_ctl.core.modes import Phase, State
from station_ctl.core.roles import BaySignals
from station_ctl.core.signals import Image
from station_ctl.core.steps import Interlock
from station_ctl.engine.state import StationState, Trip
from station_ctl.engine.supervisor import PLC_ALIVE, SAFETY_ROWS
from station_ctl.service.alarm_states import Filter, Level

LINK_LOST = "A201"

FILTERS: Mapping[str, Filter] = {
    LINK_LOST: Filter(on=1.0, off=5.0),
    "A203": Filter(on=0.5, off=5.0),
    "A302": Filter(off=2.0),
    "A403": Filter(on=2.0),
    "A102": Filter(on=0.2, off=2.0),
    "A801": Filter(off=10.0),
    "A802": Filter(on=1.0, off=10.0),
    "A803": Filter(on=1.0, off=10.0),
    "A804": Filter(on=0.5, off=10.0),
    "A807": Filter(on=5.0, off=10.0),
    "A808": Filter(on=1.0, off=10.0),
    "A809": Filter(on=3.0, off=10.0),
    "A810": Filter(on=2.0, off=10.0),
    "A811": Filter(on=5.0, off=10.0),
}
"""How long (s) a condition must hold, and be gone, by code; an alarm that latches is never delayed."""

SITE_ROWS: Mapping[str, str] = {"G05": "A801", "G06": "A802", "G27": "A803"}
"""Rows of the interlock table that are alarms of the site whatever the station does, and their codes."""

AWAKE = frozenset((State.IDLE, State.EXECUTE, State.HOLDING, State.HELD, State.STOPPING))
"""States in which an open safety chain calls for a person. In the others people work in the machine on purpose."""


@dataclass(frozen=True, slots=True)
class WatchedRow:
    """A condition that is an alarm while it is known not to hold."""

    code: str
    subject: str
    text: str
    needs: Condition
    follows: tuple[str, ...] = ()
    awake: bool = False


def watched_rows(
    safe: Iterable[Interlock], bays: Iterable[BaySignals], pairs: Iterable[NeverBoth] = ()
) -> tuple[WatchedRow, ...]:
    """What is watched besides the engine's trips: the safety chain, the site, the detectors of every bay, and `pairs`
    of signals that exclude each other."""
    rows = []
    for row in safe:
        if row.code in SAFETY_ROWS:
            explained = tuple(f"A102-{code}" for code in row.follows)
            rows.append(WatchedRow("A102", row.code, f"{row.code} {row.text}", row.holds, explained, awake=True))
        elif row.code in SITE_ROWS:
            rows.append(WatchedRow(SITE_ROWS[row.code], "site", f"{row.code} {row.text}", row.holds))
    for bay in bays:
        rows.append(WatchedRow("A801", bay.name, f"bay {bay.name}", bay.no_smoke.is_on()))
        rows.append(WatchedRow("A804", bay.name, f"bay {bay.name}", bay.no_prealarm.is_on()))
    rows += [WatchedRow("A203", pair.one.name, "sensors contradict each other", pair) for pair in pairs]
    return tuple(rows)


def levels(
    state: StationState, image: Image, down: Mapping[str, str], rows: Iterable[WatchedRow]
) -> dict[str, Level]:
    """Every alarm condition that stands, by key; causes before what they entail. `down` = links lost, and why."""
    image = with_own_facts(state, image)
    found: dict[str, Level] = {}
    for level in (
        *(_trip(trip, image) for trip in state.trips),
        *(Level(LINK_LOST, link, f"link {link}: {why}", link) for link, why in down.items()),
        *_rows(rows, state, image),
        *_conflicts(state),
        *_half_done(state),
        *_bypasses(state, image),
    ):
        # A trip of the same thing stands before its level: it is the one that has to be acknowledged.
        found.setdefault(level.key, level)
    return found


def with_own_facts(state: StationState, image: Image) -> Image:
    """The image with what the controller itself contributes."""
    return image.with_own(state.own)


def _trip(trip: Trip, image: Image) -> Level:
    unmet = trip.cause.unmet(image) if trip.cause is not None else ()
    silent = {u.source.partition(" ")[0] for u in unmet} if unmet and not any(u.known for u in unmet) else set()
    return Level(
        trip.code,
        subject_of(trip),
        trip.text,
        unmet[0].source if unmet else "",
        latching=True,
        cause_gone=trip.cause is not None and not unmet,
        first_out=trip.first_out,
        explained_by=() if trip.first_out else tuple(f"{LINK_LOST}-{link}" for link in sorted(silent)),
    )


def subject_of(trip: Trip) -> str:
    """What a trip is about: the PLC that fell silent, the interlock, or the step."""
    if trip.interlock == PLC_ALIVE and isinstance(trip.cause, Compare):
        return trip.cause.signal.link
    if trip.interlock:
        return trip.interlock
    return f"{trip.run_id}-{trip.step}" if trip.run_id else "tasks"


def key_of(trip: Trip) -> str:
    """Key of the alarm that a trip stands behind."""
    return Level(trip.code, subject_of(trip), "").key


def _rows(rows: Iterable[WatchedRow], state: StationState, image: Image) -> Iterator[Level]:
    for row in rows:
        if row.awake and state.state not in AWAKE:
            continue
        unmet = row.needs.unmet(image)
        # Not known is not found: then the link is what a person has to look at, and it has its own alarm.
        if any(reason.known for reason in unmet):
            why = "; ".join(str(reason) for reason in unmet)
            yield Level(
                row.code, row.subject, f"{row.text}: {why}", unmet[0].source, explained_by=row.follows
            )


def _conflicts(state: StationState) -> Iterator[Level]:
    for text in state.announced:
        yield Level("A302", text.partition(":")[0], text, "custody ledger")


def _bypasses(state: StationState, image: Image) -> Iterator[Level]:
    """Every bypass, as long as it counts: whoever comes by must see that a check is weaker than it looks."""
    for bypass in state.bypasses:
        if bypass.counts(image.now):
            text = f"{bypass}, asked for by {bypass.by}, agreed by {bypass.second}: {bypass.reason}"
            yield Level("A110", bypass.what, text, "bypass")


def _half_done(state: StationState) -> Iterator[Level]:
    """A run that waits for recovery. While trips stand, those are what a person looks at first."""
    trips = tuple(map(key_of, state.trips))
    for run in state.runs:
        if run.phase in (Phase.RECOVERING, Phase.ABORTED):
            was = f" in {run.interrupted}" if run.interrupted is not None else ""
            yield Level("A403", run.run_id, f"run {run.run_id} was interrupted{was}", "journal", explained_by=trips)
    if state.half_done:
        yield Level("A403", "journal", state.half_done, "journal", explained_by=trips)
