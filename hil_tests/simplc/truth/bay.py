"""One bay of a charging rack: its plug, its charger, and the current into the pack.

Knows the charger's states and what flows. Does not know orders or registers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt

from hil_tests.simplc.truth.cells import Chemistry, amps_allowed, chemistry, ohms, open_volts
from hil_tests.simplc.truth.heat import AMBIENT_C, GAS_ALARM_PPM, HOT_C, STEP_S, gas_ppm, smokes, warm
from hil_tests.simplc.truth.modules import Modules
from hil_tests.simplc.truth.motion import Ramp, Steps, Wait
from hil_tests.simplc.truth.packs import Pack, Places

IDLE, LV_ON, HANDSHAKE, CONFIG, CHARGING, STOPPING, FULL, FAULT = range(8)
NO_REASON, R_FULL, R_ORDERED, R_BMS, R_HOT, R_INSULATION, R_LINK, R_SMOKE = range(8)
LEAST_INSULATION_KOHM = 100
LINE_OHM = 0.008
WELDED_KW = 10.0
SILENT_S = 20.0
"""A charger whose rack does not hear it any more gives up after so long."""


@dataclass(slots=True, eq=False)
class Bay:
    """`plug` 0 out to 1 in; volts, amps, kW, kWh as the charger measures them. `ordered_kw` came with the
    order that opened the charge, `level_kw` is the most that it may draw now, `modules` how many feed it."""

    name: str
    rack: str
    number: int
    places: Places
    size: Modules = field(default_factory=Modules)
    enabled: bool = True
    plug: float = 0.0
    state: int = IDLE
    reason: int = NO_REASON
    ordered_kw: float = 0.0
    level_kw: float = 0.0
    modules: int = 1
    volts: float = 0.0
    amps: float = 0.0
    kilowatts: float = 0.0
    kwh: float = 0.0
    ambient_c: float = AMBIENT_C
    smoke: bool = False
    welded: bool = False
    charger_dead: bool = False
    silent: bool = False
    silent_s: float = 0.0
    heard_kw: float = 0.0
    changed: bool = True

    @property
    def pack(self) -> Pack | None:
        return self.places.at(self.name)

    @property
    def plugged(self) -> bool:
        return self.plug >= 1.0

    @property
    def live(self) -> bool:
        return LV_ON <= self.state <= STOPPING

    @property
    def told_kw(self) -> float:
        """The smaller one of order and level; a welded or silent charger goes on with what it had."""
        if self.welded:
            return WELDED_KW
        return self.heard_kw if self.silent else min(self.ordered_kw, self.level_kw)

    @property
    def draws(self) -> bool:
        return self.state == CHARGING and self.told_kw > 0.0

    @property
    def lost(self) -> bool:
        """The rack has not heard the charger for so long that it takes it for lost."""
        return self.silent and self.silent_s >= SILENT_S

    @property
    def smoking(self) -> bool:
        """What the smoke detector sees."""
        pack = self.pack
        return self.smoke or (pack is not None and smokes(pack))

    @property
    def prealarm(self) -> bool:
        """What the detectors of the bay together take for the beginning of a fire: smoke, gas, a hot pack."""
        pack = self.pack
        return self.smoking or (
            pack is not None and (pack.temperature > HOT_C or gas_ppm(pack) > GAS_ALARM_PPM)
        )

    def plug_in(self, seconds: float) -> Steps:
        yield Ramp(self, seconds * 0.1, plug=max(0.1, self.plug))
        self.changed = True
        yield Ramp(self, seconds * 0.9, plug=1.0)
        self.kwh = 0.0
        self.changed = True

    def plug_out(self, seconds: float) -> Steps:
        yield Ramp(self, seconds * 0.1, plug=min(0.9, self.plug))
        self.changed = True
        yield Ramp(self, seconds * 0.9, plug=0.0)
        if self.state in (FULL, FAULT):
            self.state, self.reason = IDLE, NO_REASON
        self.changed = True

    def begin(self, ordered_kw: float) -> Steps:
        """Low voltage, handshake, configuration, then current; each takes its seconds."""
        self.ordered_kw = ordered_kw
        for state, seconds in ((LV_ON, 2.0), (HANDSHAKE, 3.0), (CONFIG, 3.0)):
            self.state, self.reason, self.changed = state, NO_REASON, True
            yield Wait(seconds)
        self.state, self.changed = CHARGING, True

    def end(self, reason: int) -> Steps:
        """The current ramps down within 1.5 s; `reason` says what the charger shows afterwards.

        A charger with a welded contactor goes on as if nobody had asked, a silent one does not hear an order."""
        if self.welded or (self.silent and reason == R_ORDERED):
            return
        self.state, self.reason, self.changed = STOPPING, reason, True
        self.kilowatts = self.amps = 0.0
        yield Wait(1.5)
        self.state = FULL if reason == R_FULL else IDLE if reason == R_ORDERED else FAULT
        self.volts = 0.0
        self.changed = True

    def hush(self, silent: bool) -> None:
        """The rack hears its charger no more, and the charger not its rack; or they hear each other again."""
        self.heard_kw = min(self.ordered_kw, self.level_kw)
        self.silent, self.silent_s, self.changed = silent, 0.0, True

    def follow(self, *, mains: bool = True) -> None:
        """The current of this instant, when what the charger is told has changed."""
        pack = self.pack
        if self.state != CHARGING or pack is None:
            return
        self._measure(pack, pack.soc, self.amps_into(pack, pack.soc, self.told_kw if mains else 0.0))

    def _measure(self, pack: Pack, soc: float, amps: float) -> None:
        loop = ohms(pack.temperature) + LINE_OHM
        self.amps, self.volts = amps, open_volts(chemistry(pack.pack_type), soc) + amps * loop
        self.kilowatts = self.volts * amps / 1000.0

    def integrate(self, dt: float, *, mains: bool = True) -> int:
        """`dt` plant seconds of charging; returns why it has to end now, or 0. Without mains nothing flows."""
        pack = self.pack
        if pack is None or pack.bms_silent:
            return R_BMS
        if self.charger_dead:
            return R_LINK
        steps = max(1, -int(-dt // STEP_S))
        for _ in range(steps):
            self._flow(pack, dt / steps, mains)
        self.changed = True
        if self.smoking:
            return R_SMOKE
        if self.prealarm:
            return R_HOT
        if pack.insulation < LEAST_INSULATION_KOHM:
            return R_INSULATION
        return R_FULL if pack.soc >= 100.0 else NO_REASON

    def _flow(self, pack: Pack, dt: float, mains: bool) -> None:
        """One step with the current in its middle, so that a long one is as right as many short ones."""
        told = self.told_kw if mains else 0.0
        of = chemistry(pack.pack_type)
        half = 50.0 * self.amps_into(pack, pack.soc, told) * dt / 3600.0 / of.amp_hours
        soc = min(100.0, pack.soc + half)
        amps = self.amps_into(pack, soc, told)
        self._measure(pack, soc, amps)
        self.kwh += self.kilowatts * dt / 3600.0
        pack.soc = min(100.0, pack.soc + 100.0 * amps * dt / 3600.0 / of.amp_hours)
        damage = pack.damage_kw if amps else 0.0
        warm(pack, amps * amps * ohms(pack.temperature) / 1000.0 + damage, dt, self.ambient_c)

    def amps_into(self, pack: Pack, soc: float, told_kw: float) -> float:
        """The current (A) at a state of charge: the least of what BMS, cables, modules and `told_kw` allow."""
        kw, amps = self.most(told_kw)
        if pack.refuses or pack.soc >= 100.0 or kw <= 0.0:
            return 0.0
        return flowing_amps(chemistry(pack.pack_type), soc, pack.temperature, kw, amps)

    def most(self, told_kw: float) -> tuple[float, float]:
        """Power (kW) and current (A) that the charger can give when it is told `told_kw`."""
        return min(told_kw, self.size.kilowatts(self.modules)), self.size.amps(self.modules)


def flowing_amps(of: Chemistry, soc: float, celsius: float, kw: float, amps: float) -> float:
    """The current (A) of a charger of at most `kw` and `amps` into a pack that takes what its table allows."""
    volts, loop = open_volts(of, soc), ohms(celsius) + LINE_OHM
    by_power = (sqrt(volts * volts + 4000.0 * loop * kw) - volts) / (2.0 * loop)
    return min(by_power, amps, amps_allowed(of, soc, celsius))
