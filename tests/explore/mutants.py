"""Seeded safety defects, each switched on only here, each with the invariant that must find it.

Those named a to i are the defects of a real station controller (a manual's fix log), as they would look in this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from station_ctl.core.orders import AckCode
from station_ctl.core.signals import Image
from station_ctl.engine import progress, recovery, supervisor
from station_ctl.engine.events import (
    Record,
    SetLedger,
    StopDevices,
)
from station_ctl.engine.gate import Gate
from tests.explore import defects, hot_defects
from tests.explore.defects import Patch


@dataclass(frozen=True)
class Mutant:
    """A defect: what it is, which invariant must see it, how many faults that may need, where to begin."""

    name: str
    text: str
    invariant: str
    patches: Callable[[], tuple[Patch, ...]]
    faults: int = 1
    start: str = "fetched_first"


class Planting(Protocol):
    """Whatever carries a defect."""

    @property
    def patches(self) -> Callable[[], tuple[Patch, ...]]:
        """Where it sits."""
        ...


@contextmanager
def planted(mutant: Planting) -> Iterator[None]:
    """The defect is there, and gone again afterwards."""
    patches = mutant.patches()
    kept = [(where, name, getattr(where, name)) for where, name, _ in patches]
    for where, name, what in patches:
        setattr(where, name, what)
    try:
        yield
    finally:
        for where, name, what in kept:
            setattr(where, name, what)


def _list(*mutants: Mutant) -> Mapping[str, Mutant]:
    return {m.name: m for m in mutants}


MUTANTS: Mapping[str, Mutant] = _list(
    Mutant("no-intent", "orders leave without their row in the journal", "S9", defects.without(Record, lambda e, a: e.kind == "step-ordered"), 0, "whole"),
    Mutant("no-second-look", "the gate does not look again before it sends", "S2",
           lambda: ((Gate, "_why_not", lambda self, issue: ""),)),
    Mutant("stale-is-good", "a standing heartbeat is not noticed", "S1", lambda: ((Image, "link_fault", lambda self, link: None),)),
    Mutant("proof-alone", "the sensors' proof counts before the PLC has said done", "S17", defects.verdict(defects.proof_alone), 0),
    Mutant("done-alone", "the PLC's done counts without sensors", "S17", lambda: ((progress, "_proven", lambda *a: True),)),
    Mutant("assumed-done", "what was under way at a crash counts as done", "S17", defects.assumed),
    Mutant("late-ledger", "custody is written after the motion", "S11", defects.without(SetLedger, defects.orders)),
    Mutant("wakes-up", "the station goes on by itself after a start", "S14", lambda: defects.decision(defects.wakes_up)),
    Mutant("edge-guard", "interlocks are looked at when a step begins and never again", "S2", lambda: ((supervisor, "trips", lambda *a: ()),)),
    Mutant("pause-without-stop", "a hold tells no device to stop", "S15", defects.without(StopDevices)),
    Mutant("abort-opens-clamps", "an abort releases the wheels", "S4", defects.gate_blind_for_unclamp),
    Mutant("wrong-bay", "the stacker is sent to the next bay", "S12", defects.wrong_bay, 0, "whole"),
    Mutant("blind-retry", "no reply counts as not sent", "S8", defects.retries_blindly),
    Mutant("two-writers", "devices and zones are not exclusive", "S8", defects.two_writers, 0, "two_runs"),
    Mutant("abort-needs-login", "abort is refused to strangers", "S13", defects.asks_who),
    Mutant("any-mode", "mode and latched trips do not matter for going on", "S13", defects.any_mode),
    Mutant("no-audit", "refusals leave no row", "S18", defects.without(Record, lambda e, a: e.kind == "refused")),
    Mutant("soft-abort", "every loss only holds", "S15", defects.holds_for_aborts),
    Mutant("plc-no-numbers", "a PLC takes an order twice", "S8", defects.lacks(AckCode.OLD_NUMBER, AckCode.EXPIRED)),
    Mutant("plc-no-epoch", "a PLC forgets numbers and epoch at its start", "S8", defects.forgets, 2, "fetched_first"),
    Mutant("plc-no-expiry", "a PLC takes an order however late", "S8", defects.lacks(AckCode.EXPIRED)),
    Mutant("plc-no-interlock", "the robot's PLC has no interlock of its own", "S3", defects.lacks(AckCode.INTERLOCK), 1, "fetched_last"),
    Mutant("any-done", "a done counts, whichever order it belongs to", "S17", defects.verdict(defects.any_done), 0),
    Mutant("swallowed-cancel", "what waits at the gate when the station stops is sent all the same", "S15", defects.swallows_cancels),
    Mutant("one-sign", "high voltage counts as off by one sign alone", "S3", defects.always_true("VEH_HV_OFF"), 2, "before_tightening"),
    Mutant("lift-unheard", "the robot works although the lift's PLC stands still", "S1", defects.deaf_to_the_lift, 1, "before_tightening"),
    Mutant("clamps-unseen", "the wheels always count as clamped", "S15", defects.always_true("CLAMPED"), 1, "fetched_last"),
    Mutant("torque-unseen", "bolts count as tight whatever their torque", "S17", defects.always_true("BOLT_TORQUE"), 1, "fetched_last"),
    Mutant("lie-believed", "on resume the PLC's done counts without sensors", "S17",
           lambda: ((recovery, "DONE", frozenset((*recovery.DONE, recovery.Finding.LYING))),)),
    Mutant("retreat-anyhow", "a run is given up wherever its pack may be", "S11", lambda: ((recovery, "why_not_retreat", lambda *a: ""),)),
    Mutant("no-deadline", "a step may take for ever", "L2", lambda: ((progress, "_limit", lambda step, st, *a: progress.Verdict(st)),), 1, "fetched_last"),
    Mutant("endless-stop", "a device that is told to stop may take for ever", "L2", lambda: ((progress, "STOP_WITHIN", float("inf")),), 1, "before_tightening"),
    Mutant("no-clear", "an abort cannot be cleared", "L1", defects.never_clears, 1, "fetched_last"),
    Mutant("b", "no hold while any link is down", "S2", defects.masked, 2),
    Mutant("c", "the pack's code always fits", "S17", defects.always_true("IN_CODE", "VEH_PACK_ID", "BAY01_PACK_ID"), 1, "whole"),
    Mutant("d", "a refusal falls through to the next step", "S17", defects.verdict(defects.falls_through)),
    Mutant("e", "a time-out counts as success", "S17", defects.verdict(defects.success_on_timeout)),
    Mutant("f", "what ends one stop clears all stops, whatever their causes", "S15", lambda: defects.decision(defects.clears_all)),
    Mutant("deaf-to-smoke", "smoke lowers no level", "S16", hot_defects.deaf_to_smoke, 1, "hot_rack"),
    Mutant("hot-alone", "the neighbours of a hot pack are forgotten", "S16", hot_defects.alone, 1, "hot_rack"),
    Mutant("hot-forgiven", "charging goes on before a person has cleared", "S16", hot_defects.forgives, 1, "hot_rack"),
    Mutant("doubt-charged", "a pack in quarantine is charged", "S16", hot_defects.charges_the_doubtful, 1, "hot_rack"),
    Mutant("hot-promised", "a locked pack is chosen for a vehicle", "S12", hot_defects.promises_anything, 1, "hot_rack"),
    Mutant("isolate-forward", "a hot pack is isolated toward the vehicle", "S16", hot_defects.isolates_forward, 1, "hot_rack"),
    Mutant("hot-fetched", "nobody asks whether the pack is locked", "S16", hot_defects.locks_unheard, 0, "burnt"),
    Mutant("hot-nameless", "a pack that burns on its way out is not locked", "S16", hot_defects.nameless, 0, "burnt"),
    Mutant("locks-forgotten", "a restart forgets what is locked", "S16", hot_defects.forgets_at_start, 0, "burnt_and_killed"),
    Mutant("i", "the vehicle always counts as in place", "S17", defects.always_true("IN_POSITION")),
)  # fmt: skip
"""By the names of the usual list: nodedup = plc-no-numbers, nowal = no-intent, norecheck = no-second-look, stale =
stale-is-good, anydone = any-done, nopost = done-alone, newid-on-timeout = blind-retry, assume-done = assumed-done,
late-ledger, no-plc-interlock = plc-no-interlock, no-epoch = plc-no-epoch, auto-resume = wakes-up, edge-triggered guard =
edge-guard, pause-without-stop, unclamp-on-abort = abort-opens-clamps, wrong-slot = wrong-bay, ttl-off = plc-no-expiry,
role-bypass = any-mode (the engine knows modes, the service roles), swallowed-cancel, two-writers.
Defects a, g and h do not show in states: wire_mutants.py."""
