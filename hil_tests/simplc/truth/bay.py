"""One bay of a charging rack: its plug, its charger, and what charging does to the pack.

Knows current, heat and the charger's states. Does not know orders or registers.
"""

from __future__ import annotations

from dataclasses import dataclass

from hil_tests.simplc.truth.motion import Ramp, Steps, Wait
from hil_tests.simplc.truth.packs import CAPACITY_KWH, Pack, Places

IDLE, LV_ON, HANDSHAKE, CONFIG, CHARGING, STOPPING, FULL, FAULT = range(8)
NO_REASON, R_FULL, R_ORDERED, R_BMS, R_HOT, R_INSULATION, R_LINK, R_SMOKE = range(8)
FULL_SOC = 97.0
AMBIENT_C = 24.0
HOT_C = 60.0
DERATE_C = 48.0
LEAST_INSULATION_KOHM = 100
INTERNAL_OHM = 0.06
HEAT_KJ_PER_K = 260.0
COOLING_KW_PER_K = 0.12


@dataclass(slots=True, eq=False)
class Bay:
    """`plug` 0 out to 1 in; volts, amps, kW, kWh as the charger measures them; `ordered_kw` came with the
    order that opened the charge, `level_kw` is the most that it may draw now."""

    name: str
    rack: str
    number: int
    places: Places
    enabled: bool = True
    plug: float = 0.0
    state: int = IDLE
    reason: int = NO_REASON
    ordered_kw: float = 0.0
    level_kw: float = 0.0
    volts: float = 0.0
    amps: float = 0.0
    kilowatts: float = 0.0
    kwh: float = 0.0
    smoke: bool = False
    heat_kw: float = 0.0
    welded: bool = False
    charger_dead: bool = False
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
        """The smaller one of order and level."""
        return min(self.ordered_kw, self.level_kw)

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

        A charger with a welded contactor goes on as if nobody had asked."""
        if self.welded:
            return
        self.state, self.reason, self.changed = STOPPING, reason, True
        self.kilowatts = self.amps = 0.0
        yield Wait(1.5)
        self.state = FULL if reason == R_FULL else IDLE if reason == R_ORDERED else FAULT
        self.volts = 0.0
        self.changed = True

    def integrate(self, dt: float) -> int:
        """`dt` plant seconds of charging; returns why it has to end now, or 0."""
        pack = self.pack
        if pack is None or pack.bms_silent:
            return R_BMS
        if self.charger_dead:
            return R_LINK
        self.volts = 340.0 + 0.75 * pack.soc
        self.kilowatts = min(self.told_kw, accepted_kw(pack))
        self.amps = self.kilowatts * 1000.0 / self.volts
        energy = self.kilowatts * dt / 3600.0
        self.kwh += energy
        pack.soc = min(100.0, pack.soc + 100.0 * energy / CAPACITY_KWH)
        warm(pack, self.amps, self.heat_kw, dt)
        self.changed = True
        if self.smoke:
            return R_SMOKE
        if pack.temperature > HOT_C:
            return R_HOT
        if pack.insulation < LEAST_INSULATION_KOHM:
            return R_INSULATION
        return R_FULL if pack.soc >= FULL_SOC else NO_REASON


def accepted_kw(pack: Pack) -> float:
    """What the BMS lets in: full power to 80 %, then a straight taper to 6 kW at 97 %; less when hot."""
    power = 60.0 if pack.soc <= 80.0 else max(6.0, 60.0 - 54.0 * (pack.soc - 80.0) / 17.0)
    if pack.temperature > DERATE_C:
        power *= max(0.1, 1.0 - (pack.temperature - DERATE_C) / 12.0)
    return power


def warm(pack: Pack, amps: float, extra_kw: float, dt: float) -> None:
    """Joule heat against cooling to ambient."""
    heat = amps * amps * INTERNAL_OHM / 1000.0 + extra_kw - COOLING_KW_PER_K * (pack.temperature - AMBIENT_C)
    settled = AMBIENT_C + (amps * amps * INTERNAL_OHM / 1000.0 + extra_kw) / COOLING_KW_PER_K
    change = heat * dt / HEAT_KJ_PER_K
    limit = settled - pack.temperature
    pack.temperature += change if abs(change) < abs(limit) else limit
