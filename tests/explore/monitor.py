"""The invariants S1–S18, judged on the plant's truth at every decision, order, motion and proof.

Knows what is dangerous. Asks none of our guards; what our software believes counts for nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from station_ctl.core.modes import Mode, State
from station_ctl.core.steps import OnLoss
from station_ctl.engine.events import (
    Answer,
    Asked,
    Effect,
    Event,
    Issue,
    JournalReady,
    Record,
    RetreatAsked,
    RunAsked,
    StopDevices,
    Verb,
)
from station_ctl.engine.state import StationState, StepStatus
from tests.explore import heat, plant
from tests.explore.image import EPOCH, UP
from tests.explore.plant import FRESH, HOME, IN_BAND, LOCKED, OPEN, SPENT, UNDER, Truth, Work
from tests.explore.sensing import CODES

if TYPE_CHECKING:
    from tests.explore.image import Chan
    from tests.explore.scene import Ground, Message, Scene

_RANK = {State.HOLDING: 1, State.HELD: 1, State.ABORTING: 2, State.ABORTED: 2}
CHAIN_OPEN = "A102"
"""The alarm under which an opened safety chain stays latched."""
NEEDS = {"robot": ("lift", "robot", "safety"), "lift": ("lift", "safety"), "stacker": ("stacker", "safety")}
"""Links without which an order to this role is given blind."""


def pack_locked(t: Truth, pack: int) -> bool:
    """That pack is in the vehicle, every bolt closed, and either never touched or tightened into its band."""
    well = t.torque == IN_BAND or (t.torque == plant.UNTOUCHED and pack == SPENT)
    return t.bolts == LOCKED and well and t.in_vehicle == pack


def fulfilled(t: Truth, role: str, work: Work) -> bool:
    """The order's purpose is really reached."""
    opcode, params = work
    if role == "stacker":
        at_rest = t.stacker == 0 and not t.on_fork
        return at_rest and bool(t.at_in == FRESH if opcode == 20 else t.bays[plant.BAY_BY_NUMBER[params[0]]].pack)
    if role == "robot":
        raised = t.robot == UNDER and t.table == plant.HIGH
        return {
            10: t.robot == HOME and not t.on_robot,
            11: raised,
            12: bool(t.on_robot) and t.table == plant.LOW,
            13: raised and bool(t.in_vehicle),
            20: t.bolts == OPEN,
            21: t.bolts == LOCKED and t.torque == IN_BAND,
            30: bool(t.at_out) and not t.on_robot,
            31: bool(t.on_robot) and not t.at_in,
        }[opcode]
    return plant.ended(t, role, work) == t


class Monitor:
    """Looks at everything that happens in a scene; what it finds it adds to the scene's `broken`.

    Another station type says anew what stands under "of the car's station".
    """

    needs: Mapping[str, tuple[str, ...]] = NEEDS

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    # ---- decisions -----------------------------------------------------------------------------------------
    def decided(self, scene: Scene, event: Event, before: StationState, effects: tuple[Effect, ...]) -> None:
        """S14, S15, S17, S18 on one decision."""
        after = scene.alive
        if isinstance(event, JournalReady):
            self._remembered(scene)
        asked = isinstance(event, (Asked, RunAsked, RetreatAsked))
        if asked:
            self._audited(scene, event, effects)
        elif not isinstance(event, JournalReady) and _RANK.get(after.state, 0) < _RANK.get(before.state, 0):
            scene.broken.append(("S15", f"severity falls by itself: {before.state} → {after.state}"))
        started = before.state is not State.EXECUTE and after.state is State.EXECUTE
        if started and not asked:
            scene.broken.append(("S14", f"{before.state} → execute without a person"))
        if started and asked:
            scene.armed = True
        chain_open = bool(scene.t.safe) and scene.links[self._ground.link_names.index("safety")] == UP
        if chain_open and before.state is State.EXECUTE and after.state in (State.HOLDING, State.HELD):
            scene.broken.append(("S15", "the safety chain is open and the station only holds"))
        latched = any(trip.code == CHAIN_OPEN for trip in before.trips)
        if chain_open and latched and isinstance(event, Asked) and not after.trips:
            scene.broken.append(("S15", "the safety chain is open and no trip stays latched"))
        self._stops_follow(scene, before, after, effects)
        for run in after.runs:
            earlier = before.run(run.run_id)
            if earlier is run or earlier is None or earlier.steps is run.steps:
                continue
            for (step, now), then in zip(run.pairs(), earlier.steps, strict=True):
                if now.status is StepStatus.PROVEN and then.status is not StepStatus.PROVEN and step.do is not None:
                    self._proven(scene, step, then.order, asked)

    def _remembered(self, scene: Scene) -> None:
        """After a start: nothing counts as done that was neither proven in the journal nor is done."""
        for run in scene.alive.runs:
            rows = scene.journal[run.run_id][2]
            for step, st in run.pairs():
                if st.status is not StepStatus.PROVEN or step.do is None or rows.get(step.no, (0, 0, False))[2]:
                    continue
                if not self.fulfilled(scene.t, step.do.role, (step.do.opcode, tuple(map(int, step.do.params)))):
                    scene.broken.append(("S17", f"step {step.no} {step.text} counts as done after a start and is not"))

    def _audited(self, scene: Scene, event: Event, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Answer):
                scene.answer = effect.refused
        if not any(isinstance(e, Record) for e in effects):
            what = getattr(event, "verb", type(event).__name__)
            scene.broken.append(("S18", f"request {what} leaves no row in the journal: {scene.answer or 'accepted'}"))
        if isinstance(event, Asked) and event.verb is Verb.ABORT and scene.answer:
            scene.broken.append(("S13", f"abort refused: {scene.answer}"))

    def _stops_follow(
        self, scene: Scene, before: StationState, after: StationState, effects: tuple[Effect, ...]
    ) -> None:
        """What was at work when severity rises is told to stop in the same decision."""
        if _RANK.get(after.state, 0) <= _RANK.get(before.state, 0):
            return
        told = {role for e in effects if isinstance(e, StopDevices) for role in e.roles}
        for _, step, st in after.active_steps():
            if step.do is not None and step.do.role not in told and st.status is StepStatus.BUSY:
                scene.broken.append(("S15", f"{after.state}, and {step.do.role} is not told to stop"))

    def _proven(self, scene: Scene, step: Any, order: int, asked: bool) -> None:
        role, work = step.do.role, (step.do.opcode, tuple(map(int, step.do.params)))
        chan = scene.chan(role)
        if not asked and (chan.done != order or chan.result != 1):
            scene.broken.append(("S17", f"step {step.no} counts as done, the PLC says done of another order"))
        if scene.stuck is None and not self.fulfilled(scene.t, role, work):
            scene.broken.append(("S17", f"step {step.no} {step.text} counts as done and is not"))

    # ---- after a reaction ----------------------------------------------------------------------------------
    def settled(self, scene: Scene) -> None:
        """S15 as a level: nothing at work goes on while its ground is gone. S7 and S11 as levels, too."""
        state, t = scene.alive, scene.t
        if t.safe:
            scene.armed = False
        blind = scene.stuck is not None or any(health != UP for health in scene.links)
        for _, step, _ in state.active_steps():
            if step.do is None or blind or state.state not in (State.EXECUTE, State.STOPPING):
                continue
            role, opcode = step.do.role, step.do.opcode
            if (t.safe and not role.startswith("rack")) or self.ground_gone(t, role, opcode):
                scene.broken.append(("S15", f"step {step.no} goes on although its ground is gone"))
        if t.safe and state.state in (State.EXECUTE, State.STOPPING) and scene.links[self._ground.link_names.index("safety")] == UP:
            scene.broken.append(("S2", "safety chain open and the station executes"))
        heat.settled(scene)
        self.custody(scene)

    def custody(self, scene: Scene) -> None:
        """S11: every pack is where the ledger says, or on the way that it says."""
        t = scene.t
        ledger = scene.engine.ledger if scene.engine is not None else scene.written
        for pack, places in self.places(t):
            code = CODES[pack]
            known = ledger.where(code)
            if known is None:
                if pack != plant.EARLIER and "vehicle" not in "".join(places):
                    scene.broken.append(("S11", f"pack {code[0]} is at {places} and not in the ledger"))
                continue
            if places == ("fork",):
                if not known.moving:
                    scene.broken.append(("S11", f"pack {code[0]} is on the fork, the ledger says {known}"))
            elif not {known.place, known.to or known.place} & set(places):
                scene.broken.append(("S11", f"pack {code[0]} is at {places}, the ledger says {known}"))

    # ---- orders --------------------------------------------------------------------------------------------
    def leaving(self, scene: Scene, issue: Issue, message: Message) -> None:
        """An order leaves the gate: S1–S10, S12–S14, S16."""
        t, role, (opcode, params) = scene.t, message.role, message.work
        name = f"order of step {issue.step.no} ({issue.command.text})"

        def must(holds: object, invariant: str, why: str) -> None:
            if not holds:
                scene.broken.append((invariant, f"{name}: {why}"))

        links = self.needs.get(role, (self._ground.facts.channels[role].link,))
        must(all(scene.links[self._ground.link_names.index(link)] == UP for link in links), "S1", "what it needs is stale")
        moves = self._ground.plant.needs_chain(role, opcode)
        must(not (moves and t.safe), "S2", "safety chain open")
        state = scene.alive
        must(state.mode is Mode.AUTOMATIC, "S13", f"mode {state.mode}")
        must(state.state in (State.EXECUTE, State.STOPPING), "S15", f"the station is {state.state}")
        must(not any(trip.reaction is OnLoss.ABORT for trip in state.trips), "S2", "an abort is not acknowledged")
        must(scene.armed, "S14", "no person has confirmed since the last start, loss or safety reset")
        self._single(scene, must, message)
        heat.leaving(scene, must, role, opcode, params)
        kept = scene.journal.get(issue.run_id)
        row = kept[2].get(issue.step.no) if kept is not None else None
        must(row is not None and row[0] == issue.number, "S9", "no intent in the journal")
        self.ordered(scene, t, must, role, opcode, params)

    # ---- of the car's station ------------------------------------------------------------------------------
    def fulfilled(self, t: Any, role: str, work: Work) -> bool:
        """The order's purpose is really reached."""
        return fulfilled(t, role, work)

    def ground_gone(self, t: Any, role: str, opcode: int) -> bool:
        """What an order under way stands on is no longer so, the safety chain apart."""
        bolts = role == "robot" and opcode in plant.BOLT_WORK
        unheld = role == "robot" and opcode in (11, 12, 13, 20, 21) and t.clamp != 2
        return bool((bolts and t.high_voltage) or unheld)

    def places(self, t: Any) -> list[tuple[int, tuple[str, ...]]]:
        """Every pack in the station and the names the ledger may give its place."""
        return _places(t, self._ground.specimen.job.vehicle)

    def packs(self, t: Any) -> tuple[int, ...]:
        """Every pack in the station."""
        return _packs(t)

    def ordered(self, scene: Scene, t: Any, must: Any, role: str, opcode: int, params: tuple[int, ...]) -> None:
        """An order leaves the gate: what this very order must not meet."""
        if role == "robot":
            self._robot(t, must, opcode)
        elif role == "lift":
            self._lift(scene, t, must, opcode)
        elif role == "stacker":
            self._stacker(t, must, opcode, params)
        elif role == "vehicle" and opcode == 44:
            self._release(scene, t, must)
        elif role.startswith("rack"):
            bay = t.bays[plant.BAY_BY_RACK[role, params[0]]]
            must(opcode != 31 or not bay.charges, "S12", "the plug is live")

    def _single(self, scene: Scene, must: Any, message: Message) -> None:
        chan = scene.chan(message.role)
        must(chan.work is None, "S8", "the device still works on another order")
        for other in scene.messages:
            alive = other.role == message.role and not other.late and other.epoch == EPOCH and other.number > chan.last
            must(not alive, "S8", "another order to the device is still on its way")
        must(message.number > chan.last, "S10", "the number was given before")

    def _robot(self, t: Truth, must: Any, opcode: int) -> None:
        held = t.clamp == 2 and t.lift == 2 and t.car == plant.IN_BAY
        raised = t.robot == UNDER and t.table == plant.HIGH
        if opcode in plant.BOLT_WORK:
            must(not t.high_voltage, "S3", "high voltage is on")
            must(held, "S3", "vehicle not clamped on the raised lift")
            must(raised and t.carried, "S3", "nothing bears the pack")
        if opcode in plant.INTO_PIT or opcode == 12:
            must(held, "S4", "vehicle not clamped above the robot")
        if opcode in (10, 12):
            loose = raised and bool(t.in_vehicle) and t.bolts != LOCKED
            must(not (opcode == 10 and loose), "S5", "the pack would lose its bearing")
            must(not (opcode == 12 and raised and t.bolts != OPEN), "S5", "bolts are not all open")
        if opcode in (30, 31):
            must(t.stacker == 0, "S7", "the stacker may be in the handover")
            must(opcode != 30 or not (t.at_out and t.on_robot), "S12", "handover OUT is taken")
            must(opcode != 31 or t.on_robot == FRESH or t.at_in == FRESH, "S12", "not the ordered pack at handover IN")

    def _lift(self, scene: Scene, t: Truth, must: Any, opcode: int) -> None:
        if opcode != 11 and opcode != 17:
            must(opcode == 16 or t.robot == HOME, "S7", "the robot is in the pit")
        if opcode in (14, 15, 16, 17):
            must(t.bolts == LOCKED, "S5", "the pack is not locked")
        if opcode in (16, 17):
            must(t.robot == HOME and t.lift == 0, "S4", "robot not home or lift not down")
            self._release(scene, t, must)
            must(opcode != 17 or t.postchecked, "S6", "the vehicle has not passed its check")

    def _release(self, scene: Scene, t: Truth, must: Any) -> None:
        swap = any(run.sequence.key.startswith("swap") for run in scene.alive.runs if run.run_id != "S-0")
        must(pack_locked(t, FRESH if swap else SPENT), "S6", "the vehicle's pack is not locked in band, or not the right one")
        must(t.robot == HOME, "S6", "robot not home")

    def _stacker(self, t: Truth, must: Any, opcode: int, params: tuple[int, ...]) -> None:
        bay = t.bays[plant.BAY_BY_NUMBER[params[0]]]
        must(t.robot not in (plant.OUT, plant.IN, plant.BETWEEN) or opcode == 20 and t.robot == plant.BETWEEN, "S7", "the robot is in the handover")
        if opcode == 20:
            # Unplugged, a pack in a bay cannot say its code: the reader at the handover is the first to see it.
            must(params == (1,) and (t.on_fork or bay.pack), "S12", "not the ordered pack's bay")
            must(not t.at_in, "S12", "handover IN is taken")

    # ---- the PLCs ------------------------------------------------------------------------------------------
    def accepted(self, scene: Scene, message: Message, chan: Chan) -> None:
        """A PLC begins an order: each number once, only in its own epoch, only in time (S8)."""
        t = scene.t
        if message.number <= chan.last:
            scene.broken.append(("S8", f"order to {message.role} is carried out twice"))
        if message.epoch != EPOCH or message.late:
            scene.broken.append(("S8", f"order to {message.role} is carried out long after it was given"))
        self.begins(scene, t, message)
        if self._ground.plant.needs_chain(message.role, message.work[0]) and t.safe:
            scene.broken.append(("S2", f"{message.role} moves with the chain open"))

    def begins(self, scene: Scene, t: Any, message: Message) -> None:
        """A PLC begins this very order: bolts only without voltage."""
        if message.role == "robot" and message.work[0] in plant.BOLT_WORK and (t.high_voltage or t.clamp != 2):
            scene.broken.append(("S3", "runners turn under high voltage or on a loose vehicle"))

    def moved(self, scene: Scene, before: Truth, role: str) -> None:
        """A machine has moved: no pack vanishes."""
        t = scene.t
        if sorted(self.packs(before)) != sorted(self.packs(t)):
            scene.broken.append(("S11", f"{role}: a pack is set upon another or vanishes"))
        self.shares(scene, before, t, role)

    def shares(self, scene: Scene, before: Any, t: Any, role: str) -> None:
        """No two devices in one zone."""
        if role == "stacker" and t.robot in (plant.OUT, plant.IN) and t.stacker:
            scene.broken.append(("S7", "robot and stacker in the handover"))
        if role == "robot" and t.robot in (plant.OUT, plant.IN) and t.stacker:
            scene.broken.append(("S7", "robot and stacker in the handover"))
        if role == "lift" and before.lift != t.lift and t.robot not in (HOME, plant.OUT, plant.IN):
            scene.broken.append(("S7", "the lift moves with the robot in the pit"))


def _packs(t: Truth) -> tuple[int, ...]:
    at = (t.in_vehicle, t.on_robot, t.at_in, t.at_out, t.on_fork, t.isolated, *(b.pack for b in t.bays))
    return tuple(p for p in at if p)


def _places(t: Truth, vin: str) -> list[tuple[int, tuple[str, ...]]]:
    """Every pack in the station and the names the ledger may give its place."""
    car = f"vehicle:{vin}"
    found = []
    if t.in_vehicle and t.car == plant.IN_BAY:
        on_table = t.robot == UNDER and t.bolts != LOCKED
        found.append((t.in_vehicle, (car, "robot") if on_table or t.torque != plant.UNTOUCHED else (car,)))
    for pack, place in ((t.on_robot, "robot"), (t.at_in, "handover_in"), (t.at_out, "handover_out"), (t.on_fork, "fork"), (t.isolated, "isolation")):
        if pack:
            found.append((pack, (place,)))
    for bay, name in zip(t.bays, ("A01", "B01", "A02"), strict=True):
        if bay.pack:
            found.append((bay.pack, (name,)))
    return found
