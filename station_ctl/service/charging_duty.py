"""Charging on duty: looks, lets `charging.decide` decide, has the levels written, keeps what must not be forgotten.

Knows when to look and what a person has said. Which bay gets what, and why not, is decided in station_ctl/charging.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from math import floor
from types import MappingProxyType
from typing import Protocol

import structlog

from station_ctl.charging.bay_view import OPEN, BayView, view
from station_ctl.charging.day_plan import DayPlan
from station_ctl.charging.decide import NO_MODELS, after_write, decide_charging
from station_ctl.charging.pack_model import PackModel
from station_ctl.charging.selection import NOTHING_KNOWN, Standing
from station_ctl.charging.site_power import SiteView
from station_ctl.charging.state import ChargingState, Decision, Wish
from station_ctl.core.custody import Ledger
from station_ctl.core.links import LinkSnapshot
from station_ctl.core.maintenance import MaintenanceProcedure
from station_ctl.core.policy import SitePolicy
from station_ctl.core.roles import BaySignals, ChargingRack, SafetyChain, SiteMeter
from station_ctl.core.signals import Image, Signal
from station_ctl.engine.events import Audit, PacksLocked
from station_ctl.engine.runner import Engine
from station_ctl.service.alarm_states import Level
from station_ctl.service.charging_alarms import levels
from station_ctl.service.charging_levels import ChargingLevels
from station_ctl.service.charging_memory import ChargingMemory
from station_ctl.service.charging_meter import monitor_of, number
from station_ctl.service.charging_orders import ChargingOrders
from station_ctl.service.detectors import Detectors

log = structlog.get_logger()

EVERY = 1.0
"""Process seconds between two looks."""

EVERY_LEAST = 0.2
"""Wall seconds between two looks at least: a simulated station may run much faster than its links are read."""

BETWEEN = 0.02
"""Wall seconds between two looks, however much happens."""

STUCK_AFTER = 5.0
"""Wall seconds without a look that make the station stop: nobody then watches what the chargers draw."""

LEAST_RISE_KW = 0.5
"""A level is not raised by less: that is the noise of the meter."""

ISOLATION = "isolation"
NO_PROCEDURES: Mapping[str, MaintenanceProcedure] = MappingProxyType({})


class IsolationPlace(Protocol):
    """Where a hot pack is carried to, as whatever machine carries it sees that place."""

    isolation_empty: Signal[bool]
    isolation_ready: Signal[bool]


class ChargingStand(Protocol):
    """What charging needs of a station type."""

    @property
    def racks(self) -> tuple[ChargingRack, ...]: ...
    @property
    def bays(self) -> tuple[BaySignals, ...]: ...
    @property
    def isolation(self) -> IsolationPlace: ...
    @property
    def safety(self) -> SafetyChain: ...
    @property
    def policy(self) -> SitePolicy: ...


class ChargingDuty:
    """Run it beside the engine. `state`, the last `decision`, `plan` and `memory` are open to whoever looks.

    While it runs it is one of the tasks whose standing still stops our heartbeat, and so the chargers.
    """

    def __init__(
        self, engine: Engine, stand: ChargingStand, meter: SiteMeter | None,
        memory: ChargingMemory | None = None, *, procedures: Mapping[str, MaintenanceProcedure] = NO_PROCEDURES,
        models: Mapping[int, PackModel] = NO_MODELS, every: float = EVERY,
    ) -> None:  # fmt: skip
        """`meter` None: the site has none, and the safe cap always holds. `every` in process s."""
        self._engine, self._stand, self._meter, self._models = engine, stand, meter, models
        self._pause = max(every / engine.clock.rate, EVERY_LEAST)
        self.memory = memory if memory is not None else ChargingMemory()
        self.state: ChargingState = self.memory.state
        self.plan: DayPlan | None = None
        self.decision: Decision | None = None
        self._bays = {bay.name: bay for bay in stand.bays}
        self._levels = ChargingLevels(engine, stand.racks, self._written)
        self.orders = ChargingOrders(engine, procedures)
        self.seen: Mapping[str, BayView] = {}
        self._demanded: set[str] = set()
        self._onlookers: list[Callable[[Decision], None]] = []
        self._woken = asyncio.Event()
        self._detectors = Detectors(engine.links, (
            *(signal for bay in stand.bays for signal in (bay.no_smoke, bay.no_prealarm)),
            stand.safety.no_fire, stand.safety.no_water,
        ))  # fmt: skip
        for link in engine.links.values():
            link.on_scan(self._scanned)
        self._tell_locks()

    # ---- looking ----
    async def run(self) -> None:
        """Look until cancelled: once a second of the process, and at once when a detector changes."""
        beat = self._engine.liveness.register("charging", STUCK_AFTER)
        while True:
            beat()
            self._woken.clear()
            await self.look()
            # However often it is woken, everybody else has his turn between two looks.
            await asyncio.sleep(BETWEEN)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._woken.wait()

    def wake(self) -> None:
        """There is something new to decide on."""
        self._woken.set()

    def _scanned(self, _snapshot: LinkSnapshot) -> None:
        if self._detectors.changed():
            self.wake()

    def listen(self, onlooker: Callable[[Decision], None]) -> None:
        """Show every decision to an onlooker, after its levels were written."""
        self._onlookers.append(onlooker)

    async def look(self) -> Decision:
        """One look: decide, keep what is new, write. Writes that fail are told by their link and done again."""
        now, image = self._engine.clock.process(), self.image()
        views = {bay.name: view(bay, image) for bay in self._stand.bays}
        self._distrust(image, now)
        before = self.state
        decision = decide_charging(
            before, views, self.site(image), now, self.plan, self._stand.policy, self._models
        )
        decision = replace(decision, wishes=tuple(self._wishes(decision.wishes, views)))
        self.state, self.decision, self.seen = decision.state, decision, views
        self._keep_latches(before, decision.state)
        self._tell_locks()
        await self._levels.write(self._bounded(decision.levels), decision.fans, self.state.told)
        await self.orders.see(decision, self.image())
        for onlooker in self._onlookers:
            onlooker(decision)
        return decision

    def image(self) -> Image:
        """What is known now, with the controller's own facts."""
        return self._engine.image().with_own(self._engine.state.own)

    def views(self) -> dict[str, BayView]:
        """Every bay as charging sees it now."""
        image = self.image()
        return {bay.name: view(bay, image) for bay in self._stand.bays}

    def standing(self) -> Standing:
        """What selection must know of packs, by the last look."""
        return self.decision.standing if self.decision is not None else NOTHING_KNOWN

    def alarms(self) -> tuple[Level, ...]:
        """Every alarm of charging that stands by the last look."""
        if self.decision is None:
            return ()
        return levels(self.decision, self.seen, self.orders.given_up(), self._engine.clock.process())

    def site(self, image: Image) -> SiteView:
        """The site on this image."""
        stand, state = self._stand, self._engine.state
        isolation, safety = stand.isolation, stand.safety
        empty = isolation.isolation_ready.is_on() & isolation.isolation_empty.is_on()
        return SiteView(
            meter_kw=number(self._meter.power_kw, image) if self._meter is not None else None,
            grid_kw=number(self._meter.grid_limit_kw, image) if self._meter is not None else None,
            setting_kw=self.memory.site_kw,
            no_fire=safety.no_fire.is_on().proven(image),
            no_water=safety.no_water.is_on().proven(image),
            isolation_ready=empty.proven(image) and state.ledger.is_free(ISOLATION),
            path_quiet=not state.runs,
            reserved=self._reserved(),
            places=_at_rest(state.ledger),
            monitor=monitor_of(self._meter, image),
        )

    def _reserved(self) -> frozenset[str]:
        jobs = [run.job for run in self._engine.state.runs if run.job is not None]
        return frozenset(name for job in jobs for exchange in job.exchanges for name in exchange.names)

    def _wishes(self, wishes: Iterable[Wish], views: Mapping[str, BayView]) -> Iterator[Wish]:
        """Those of charging; where a person has stopped the charger, its session is closed and not opened."""
        stopped = {bay for bay, kw in self.memory.bay_kw.items() if kw == 0.0}
        for wish in wishes:
            if wish.bay not in stopped or wish.verb == "isolate":
                yield wish
        for bay in sorted(stopped & views.keys()):
            if views[bay].charge_state in OPEN:
                yield Wish("close", bay, views[bay].pack, "stopped by a person")
        # A charger that has given up is not begun again by itself: a person has looked at it and asks.
        self._demanded = {bay for bay in self._demanded if views[bay].faulty}
        for bay in sorted(self._demanded - stopped - self.state.hot.keys()):
            if views[bay].pack:
                yield Wish("open", bay, views[bay].pack, "asked for by a person")

    def begin_again(self, bay: str) -> None:
        """A person has looked at this bay: what was given up is tried again, and its charger begun though in fault."""
        self.orders.forget(bay)
        self._demanded.add(bay)
        self.wake()

    def _distrust(self, image: Image, now: float) -> None:
        """A power that was read before the level was written says nothing about it, however fast the process runs."""
        told = dict(self.state.told)
        for name, t in told.items():
            bay = self._bays[name]
            if t.bound != t.level and bay.power.read(image).at <= self._levels.wrote_at.get(bay.power.link, 0.0):
                told[name] = replace(t, at=now)
        self.state = replace(self.state, told=told)

    # ---- keeping ----
    def _keep_latches(self, before: ChargingState, after: ChargingState) -> None:
        new = [f"hot: {h.bay} {h.words}" for h in after.hot.values() if before.hot.get(h.bay) != h]
        new += [
            f"quarantine: {q.pack or q.bay} {'; '.join(map(str, q.reasons))}"
            for key, q in after.quarantined.items() if key not in before.quarantined
        ]  # fmt: skip
        if new:
            for words in new:
                log.warning("pack-locked", why=words)
            self.keep(self.memory.of(after), ". ".join(new))

    def keep(self, memory: ChargingMemory, why: str) -> None:
        """Take this memory from now on, and hand it to the journal; it is durable with the next commit."""
        self._engine.gate.submit((memory.row(why),))
        self._take(memory)

    def _tell_locks(self) -> None:
        """The engine lets no locked pack come nearer to a vehicle; it knows them from the first moment on."""
        locks = self.state.locks
        if locks != self._engine.state.locks:
            self._engine.handle(PacksLocked(self._engine.clock.process(), locks))

    async def change(self, change: Callable[[ChargingMemory], ChargingMemory], why: str, *rows: Audit) -> None:
        """What a person wants kept: durable first, true then. Raises JournalError.

        What was locked meanwhile stays locked.
        """
        before = self.memory
        await self._engine.record(change(before).row(why), *rows)
        if self.memory is before:
            self._take(change(before))
        else:
            self.keep(change(self.memory), why)

    def _take(self, memory: ChargingMemory) -> None:
        """What is cleared begins anew: what its BMS and its detectors said before is forgiven."""
        state, kept = self.state, memory.state
        cleared = {q.bay for key, q in state.quarantined.items() if key not in kept.quarantined}
        cleared |= state.hot.keys() - kept.hot.keys()
        histories = {bay: history for bay, history in state.histories.items() if bay not in cleared}
        self.memory = memory
        self.state = replace(state, hot=kept.hot, quarantined=kept.quarantined, histories=histories)
        self._tell_locks()
        self.wake()

    # ---- writing ----
    def _bounded(self, levels: Mapping[str, float]) -> dict[str, float]:
        """Levels in the steps that a rack knows, none above what a person allows the charger, none for a pack that a
        run is taking away."""
        taken = {bay for run in self._engine.state.runs if run.job is not None for bay in run.job.fresh_bays}
        bounded = {}
        for name, kw in levels.items():
            kw = 0.0 if name in taken else min(kw, self.memory.bay_kw.get(name, kw))
            level, told = floor(kw * 10 + 1e-6) / 10, self.state.told[name].level
            bounded[name] = told if told < level < told + LEAST_RISE_KW and told > 0 else level
        return bounded

    def _written(self, levels: Mapping[str, float], unconfirmed: Iterable[str]) -> None:
        self.state = after_write(self.state, levels, self._engine.clock.process(), unconfirmed)


def _at_rest(ledger: Ledger) -> dict[str, str]:
    return {pack: custody.place for pack, custody in ledger if not custody.moving}
