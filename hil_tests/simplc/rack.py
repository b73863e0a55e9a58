"""PLC program of a charging rack CR12: plugs, chargers, and what the packs' BMS report per bay.

Knows its I/O list and its bays. Does not know the swap or the other rack.
"""

from __future__ import annotations

from hil_tests.simplc.contract import OrderKind, Params
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.bay import AMBIENT_C, CAPACITY_KWH, CHARGING, FULL_SOC, HOT_C, R_ORDERED, Bay
from hil_tests.simplc.truth.motion import Steps, Until, Wait

BAYS_IN_LIST = 12
REFRESH_CYCLES = 10
SLOTS = (
    "PRESENT", "SEATED", "PLUG_OUT", "PLUG_IN", "SOCKET_DEAD", "COOLANT_OK", "NO_SMOKE", "ENABLED",
    "CHARGER_LINK", "BMS_LINK", "NO_PREALARM", "NO_CRASH", "CHG_STATE", "STOP_REASON", "VOLTS", "AMPS",
    "POWER", "SOC", "SOH", "TEMP_MAX", "TEMP_MIN", "CELL_MAX", "CELL_MIN", "INSULATION", "GAS", "PACK_TYPE",
    "SOCKET_TEMP", "PACK_ID", "ENERGY", "REMAIN_MIN", "POWER_SET", "CYCLES",
)  # fmt: skip


class RackPlc(Plc):
    """Orders 30 PLUG_IN, 31 PLUG_OUT, 32 START_CHARGE, 33 STOP_CHARGE, 34 SET_POWER; p1 = its bay.

    Levels: BAYkk_LIMIT, obeyed whatever else is asked, and FAN. A start and a silent controller take the limits to 0.
    """

    map_version = 2

    def __init__(self, name: str, plant: Plant) -> None:
        super().__init__(name, plant)
        self.bays = {bay.number: bay for bay in plant.bays.values() if bay.rack == name}
        self.tags = {n: [f"BAY{n:02d}_{slot}" for slot in SLOTS] for n in range(1, BAYS_IN_LIST + 1)}
        self.levels = {n: f"BAY{n:02d}_LIMIT" for n in self.bays}
        self.fan_on = False
        self.values["FAN_RUNNING"] = False
        self.phase = 3 if name == "rack_a" else 8
        for number in range(1, BAYS_IN_LIST + 1):
            bay = self.bays.get(number)
            first = measured(bay) if bay is not None else _missing_bay()
            self.values.update(zip(self.tags[number], first, strict=True))
        power = self._is_powered_bay
        for opcode, label, work, fits, against in (
            (30, "PLUG_IN", self._plug_in, self._is_bay, self._against_plug_in),
            (31, "PLUG_OUT", self._plug_out, self._is_bay, self._against_plug_out),
            (32, "START_CHARGE", self._start_charge, power, self._against_charge),
            (33, "STOP_CHARGE", self._stop_charge, self._is_bay, self._against_nothing),
            (34, "SET_POWER", self._set_power, power, self._against_nothing),
        ):
            self.offer(OrderKind(opcode, label, work, fits, against, driven=False, chain=False))

    # ---- levels --------------------------------------------------------------------------------------------
    def cycle(self) -> None:
        """The levels are taken over in every cycle, before the orders."""
        if not self.booting and not self.stop_mode:
            self._take_levels()
        super().cycle()

    def _take_levels(self) -> None:
        inputs = self.inputs
        for number, bay in self.bays.items():
            level = int(inputs.get(self.levels[number], 0)) / 10
            if level != bay.level_kw:
                bay.level_kw, bay.changed = level, True
        fan = bool(inputs.get("FAN", 0)) or any(bay.smoke for bay in self.bays.values())
        if fan != self.fan_on:
            self.fan_on = self.values["FAN_RUNNING"] = fan

    # ---- inputs --------------------------------------------------------------------------------------------
    def sense(self) -> None:
        for number, bay in self.bays.items():
            if bay.changed and (bay.state != CHARGING or self.uptime_ms // 10 % REFRESH_CYCLES == self.phase):
                bay.changed = False
                self.values.update(zip(self.tags[number], measured(bay), strict=True))

    def scan(self) -> None:
        """Bays refresh when they change, those that charge every 100 ms."""
        if self.uptime_ms // 10 % REFRESH_CYCLES == self.phase:
            self.seen = 0
        super().scan()

    def _is_bay(self, p: Params) -> bool:
        return p.p1 in self.bays

    def _is_powered_bay(self, p: Params) -> bool:
        return p.p1 in self.bays and 0 <= p.p2 <= 5000

    # ---- interlocks ----------------------------------------------------------------------------------------
    def _input(self, p: Params, slot: str) -> bool:
        return self.values[f"BAY{p.p1:02d}_{slot}"] is True

    def _against_nothing(self, p: Params) -> str:
        return ""

    def _against_plug_in(self, p: Params) -> str:
        if not self._input(p, "PRESENT") or not self._input(p, "SEATED"):
            return "no pack seated in the bay"
        return "" if self._input(p, "ENABLED") else "bay is not enabled"

    def _against_plug_out(self, p: Params) -> str:
        return "" if self._input(p, "SOCKET_DEAD") else "charging"

    def _against_charge(self, p: Params) -> str:
        for slot in ("PLUG_IN", "PRESENT", "COOLANT_OK", "NO_SMOKE", "ENABLED", "NO_PREALARM", "NO_CRASH"):
            if not self._input(p, slot):
                return f"not {slot}"
        return ""

    # ---- work ----------------------------------------------------------------------------------------------
    def _plug_in(self, p: Params, pace: float) -> Steps:
        return self.bays[p.p1].plug_in(4.0 * pace)

    def _plug_out(self, p: Params, pace: float) -> Steps:
        return self.bays[p.p1].plug_out(4.0 * pace)

    def _start_charge(self, p: Params, pace: float) -> Steps:
        """Done when the charger has begun; it goes on by itself."""
        bay = self.bays[p.p1]
        bay.ordered_kw = p.p2 / 10
        if not bay.live:
            self.plant.motions.start(bay.begin(p.p2 / 10), driven=False)
        yield Wait(2.0 * pace)

    def _stop_charge(self, p: Params, pace: float) -> Steps:
        bay = self.bays[p.p1]
        if bay.live:
            yield Until(lambda: bay.state >= CHARGING, 10.0)
            if bay.state == CHARGING:
                self.plant.motions.start(bay.end(R_ORDERED), driven=False)
        yield Wait(2.0 * pace)
        yield Until(lambda: not bay.live, 10.0)

    def _set_power(self, p: Params, pace: float) -> Steps:
        yield Wait(1.0 * pace)
        self.bays[p.p1].ordered_kw = p.p2 / 10
        self.bays[p.p1].changed = True

    def controller_lost(self) -> None:
        self.plant.stop_charging(self.name)
        for tag in self.levels.values():
            self.inputs[tag] = 0


def measured(bay: Bay) -> tuple[bool | int | float | str, ...]:
    """Values of one bay in the order of SLOTS."""
    pack = bay.pack
    linked = pack is not None and bay.plugged and not pack.bms_silent
    head = (
        pack is not None, pack is not None, bay.plug <= 0.0, bay.plugged, not bay.live, True, not bay.smoke,
        bay.enabled, not bay.charger_dead, linked, not (bay.smoke or (bay.heat_kw > 0.0 and _hot(bay))),
        not (linked and pack is not None and pack.crashed),
        bay.state, bay.reason, round(bay.volts, 1), round(bay.amps, 1), round(bay.kilowatts, 1),
    )  # fmt: skip
    tail = (round(bay.kwh, 2), _remaining(bay), round(bay.told_kw, 1) if bay.live else 0.0)
    if pack is None or not linked:
        return (*head, 0.0, 0.0, AMBIENT_C, AMBIENT_C, 0, 0, 0, _gas(bay), 0, AMBIENT_C, "", *tail, 0)
    cell = round(3000 + 10 * pack.soc)
    return (
        *head, round(pack.soc, 1), round(pack.soh, 1), round(pack.temperature, 1),
        round(pack.temperature - 1.5, 1), cell + 6, cell - 6, pack.insulation, _gas(bay), pack.pack_type,
        round(AMBIENT_C + abs(bay.amps) * 0.08, 1), pack.code, *tail, pack.cycles,
    )  # fmt: skip


def _hot(bay: Bay) -> bool:
    return bay.pack is not None and bay.pack.temperature > HOT_C - 5.0


def _gas(bay: Bay) -> int:
    return 800 if bay.smoke else 3


def _remaining(bay: Bay) -> int:
    pack = bay.pack
    if pack is None or bay.state != CHARGING or bay.kilowatts <= 0.0:
        return 0
    return round((FULL_SOC - pack.soc) / 100.0 * CAPACITY_KWH / bay.kilowatts * 60.0)


def _missing_bay() -> tuple[bool | int | float | str, ...]:
    """A bay the I/O list has and this rack lacks: no pack, plug out, not enabled."""
    head = (False, False, True, False, True, True, True, False, False, False, True, True, 0, 0, 0.0, 0.0, 0.0)
    return (*head, 0.0, 0.0, AMBIENT_C, AMBIENT_C, 0, 0, 0, 0, 0, AMBIENT_C, "", 0.0, 0, 0.0, 0)
