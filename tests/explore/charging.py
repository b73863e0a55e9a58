"""Charging in the explorer: the real decision on every look, its memory in a small form, its wishes asked of the engine.

Knows what of charging's memory matters beyond one look. Time runs fast here: whatever must only last has lasted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

import station_ctl.charging.decide as deciding
from station_ctl.charging.allocator import Told
from station_ctl.charging.bay_view import BayView, view
from station_ctl.charging.history import BayHistory
from station_ctl.charging.hot_packs import Grade, HotPack
from station_ctl.charging.selection import choose
from station_ctl.charging.site_power import SiteView
from station_ctl.charging.state import ChargingState, Decision, Quarantine, Standing, Wish
from station_ctl.charging.suspects import Doubt, Reason
from station_ctl.core.custody import Ledger
from station_ctl.core.signals import Image
from station_ctl.core.steps import Sequence
from station_ctl.engine.events import PacksLocked
from station_ctl.service.charging_duty import ChargingDuty
from station_ctl.service.charging_memory import ChargingMemory
from station_ctl.service.charging_orders import ChargingOrders
from tests.explore.image import DOWN, FROZEN, NOW, UP, PlantImage
from tests.explore.sensing import LINKS, PARTS

if TYPE_CHECKING:
    from tests.explore.scene import Scene
    from tests.explore.specimen import Specimen

BAYS = ("A01", "B01", "A02")
"""The bays of the explorer in the order of the truth."""

LINK = {"A01": "rack_a", "B01": "rack_b", "A02": "rack_a"}
T = 1000.0
"""Process seconds of every decision."""

WHO_ASKS = "C-1"
LONG_AGO, SETTLED = NOW - 1000.0, NOW + 100.0
RACK_A, RACK_B = list(LINKS).index("rack_a"), list(LINKS).index("rack_b")
SEEN = tuple(
    (list(LINKS).index(link), link, part)
    for link, part in (
        ("rack_a", PARTS["rack_a"]), ("rack_b", PARTS["rack_b"]), ("safety", PARTS["safety"]),
        ("stacker", attrgetter("isolated")),
    )
)  # fmt: skip
AT_LINK = {name: list(LINKS).index(link) for name, link in LINK.items()}


class Charge(NamedTuple):
    """All that charging remembers, as far as it matters: hot bays (bay, pack, grade), packs in quarantine (key, pack,
    bay), bays with a level above 0, and (bay, pack) that are cleared of suspicion."""

    hot: tuple[tuple[str, str, int], ...] = ()
    kept: tuple[tuple[str, str, str], ...] = ()
    told: tuple[str, ...] = ()
    cleared: tuple[tuple[str, str], ...] = ()


class Looked(NamedTuple):
    """What came of one look."""

    charge: Charge
    wishes: tuple[Wish, ...]
    decision: Decision
    standing: Standing


Question = tuple[Any, ...]
KEPT: dict[Charge, Charge] = {}
"""Each memory is kept once, so that it is known by its identity."""


def kept(charge: Charge) -> Charge:
    return KEPT.setdefault(charge, charge)


def restarted(charge: Charge) -> Charge:
    """What the journal keeps of it."""
    return kept(Charge(charge.hot, charge.kept))


class Duty:
    """What service/charging_duty.py does of itself, without its links and its clock."""

    def __init__(self, specimen: Specimen) -> None:
        stand = specimen.paper.stand
        self._bays = tuple(stand.bay(name) for name in BAYS)
        self._stand, self._policy = stand, stand.policy
        self._recipe = specimen.job.recipe
        self._procedures = specimen.procedures.charging
        self._looks: dict[Question, Looked] = {}
        self.locks = cache(lambda charge: _unfolded(charge).locks)
        self.known: dict[int, tuple[Ledger, Question]] = {}

    def look(self, scene: Scene) -> Looked:
        """One look; the same memory, custody and runs give the same answer where the bays and the site show the same."""
        which = (scene.charge, _question(scene), _sees(scene))
        found = self._looks.get(which)
        if found is None:
            found = self._looks[which] = self._look(scene, scene.image())
        return found

    def _look(self, scene: Scene, image: PlantImage) -> Looked:
        state = scene.alive
        seen = image.with_own(state.own)
        views = {bay.name: view(bay, seen) for bay in self._bays}
        me: Any = SimpleNamespace(
            _stand=self._stand, _engine=SimpleNamespace(state=state), _meter=None, memory=ChargingMemory(),
        )  # fmt: skip
        me._reserved = lambda: ChargingDuty._reserved(me)
        site = ChargingDuty.site(me, seen)
        before = _unfolded(scene.charge)
        decision = self._decide(before, views, site)
        me.state = decision.state
        levels = ChargingDuty._bounded(me, decision.levels)
        reaches = {name: scene.links[AT_LINK[name]] != DOWN for name in BAYS}
        told = tuple(name for name in BAYS if (levels[name] > 0 if reaches[name] else name in scene.charge.told))
        return Looked(_folded(decision.state, told), decision.wishes, decision, decision.standing)

    def _decide(self, before: ChargingState, views: Mapping[str, BayView], site: SiteView) -> Decision:
        """Two looks with a long time between them: what only has to last has lasted."""
        decision = deciding.decide_charging(before, views, site, NOW, None, self._policy)
        return deciding.decide_charging(decision.state, views, site, SETTLED, None, self._policy)

    def chosen(self, scene: Scene, looked: Looked) -> str:
        """The bay whose pack a vehicle would get now; empty if none."""

        def choice(image: PlantImage) -> str:
            seen = image.with_own(scene.alive.own)
            return choose(self._bays, seen, self._recipe, self._policy, frozenset(), looked.standing).fresh_bay

        return str(scene.ground.memory.ask(looked.decision, _question(scene), scene.view(), choice))

    def asks(self, scene: Scene) -> tuple[str, Sequence] | None:
        """What charging asks of the engine now, in words and as a procedure."""
        looked = self.look(scene)
        if not looked.wishes:
            return None
        orders = (looked.charge, looked.wishes, "asks")

        def asked(image: PlantImage) -> tuple[str, Sequence] | None:
            return self._asked(scene, looked, image.with_own(scene.alive.own))

        found: tuple[str, Sequence] | None = scene.ground.memory.ask(scene.alive, orders, scene.view(), asked)
        return found

    def _asked(self, scene: Scene, looked: Looked, image: Image) -> tuple[str, Sequence] | None:
        opened: list[Sequence] = []

        async def begin(run_id: str, sequence: Sequence, job: None, who: str) -> None:
            opened.append(sequence)

        clock = SimpleNamespace(process=lambda: NOW)
        engine: Any = SimpleNamespace(state=scene.alive, clock=clock, begin=begin, last_run=0)
        with structlog.testing.capture_logs():
            work = ChargingOrders(engine, self._procedures).see(looked.decision, image)
            try:
                work.send(None)
            except StopIteration:
                return (opened[0].text, opened[0]) if opened else None
        raise AssertionError("charging waits for something")


def _question(scene: Scene) -> Question:
    """All that a look depends on beside its memory and the image. Runs know their jobs, ledgers their packs, for ever."""
    state, known = scene.alive, scene.ground.duty.known
    found = known.get(id(state.ledger))
    if found is None or found[0] is not state.ledger:
        found = known[id(state.ledger)] = (state.ledger, tuple((pack, c.place, c.to) for pack, c in state.ledger))
    jobs = tuple([(run.job.fresh_bay, run.job.spent_bay) for run in state.runs if run.job is not None])
    links = scene.links
    return "charging", found[1], jobs, bool(state.runs), links[RACK_A] == DOWN, links[RACK_B] == DOWN


def _sees(scene: Scene) -> Question:
    """What of the plant a look depends on: bays, isolation place, fire and water. Order channels say nothing of packs."""
    seen: list[Any] = []
    for at, link, part in SEEN:
        health, stuck = scene.links[at], scene.stuck
        shown = scene.t if health != FROZEN or scene.frozen is None else scene.frozen[0]
        seen += (part(shown), health, stuck if stuck is not None and stuck[0] == link else None)
    return tuple(seen)


@cache
def _unfolded(charge: Charge) -> ChargingState:
    cleared = dict(charge.cleared)
    return ChargingState(
        told={name: Told(*(2 * (40.0 if name in charge.told else 0.0,)), LONG_AGO, sure=True) for name in BAYS},
        histories={
            name: BayHistory(pack, at=LONG_AGO, well_since=LONG_AGO, cleared=True) for name, pack in cleared.items()
        },
        hot={bay: HotPack(bay, pack, Grade(grade), "hot", LONG_AGO) for bay, pack, grade in charge.hot},
        quarantined={
            key: Quarantine(pack, bay, (Reason(Doubt.INSULATION, "locked"),), LONG_AGO) for key, pack, bay in charge.kept
        },
    )  # fmt: skip


def _folded(state: ChargingState, told: tuple[str, ...]) -> Charge:
    return kept(
        Charge(
            tuple(sorted((h.bay, h.pack, int(h.grade)) for h in state.hot.values())),
            tuple(sorted((key, q.pack, q.bay) for key, q in state.quarantined.items())),
            told,
            tuple(sorted((name, h.pack) for name, h in state.histories.items() if h.cleared)),
        )
    )


def look(scene: Scene) -> bool:
    """Charging looks, writes its levels, tells the engine what it has locked. True if anything is new."""
    charge = scene.ground.duty.look(scene).charge
    new = charge is not scene.charge
    scene.charge = charge
    for at, name in enumerate(BAYS):
        health, stood = scene.links[AT_LINK[name]], scene.t.bays[at].level
        # A rack that hears no controller any more has forgotten its levels within a second.
        level = name in charge.told if health == UP else stood and health != DOWN
        if level != stood:
            scene.t, new = scene.t.bay(at, level=level), True
    locks = scene.ground.duty.locks(charge)
    if locks != scene.alive.locks:
        scene.feed(PacksLocked(T, locks))
        new = True
    return new


def cleared(scene: Scene) -> None:
    """A person has looked and clears every pack and bay that is locked."""
    state = _unfolded(scene.charge)
    for bay, _, _ in scene.charge.hot:
        state = deciding.clear_hot(state, bay)
    for key, _, _ in scene.charge.kept:
        state = deciding.clear_quarantine(state, key)
    scene.charge = _folded(state, scene.charge.told)
