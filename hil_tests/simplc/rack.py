"""PLC program of a charging rack CR12: plugs, chargers, and what the packs' BMS report per bay.

Knows its I/O list and its bays. Does not know the swap or the other rack.
"""

from __future__ import annotations

from hil_tests.simplc.contract import OrderKind, Params
from hil_tests.simplc.hall import Hall
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.bay import CHARGING, R_ORDERED, Bay
from hil_tests.simplc.truth.bms import said_by
from hil_tests.simplc.truth.estimate import minutes_to_full
from hil_tests.simplc.truth.heat import AMBIENT_C, gas_ppm
from hil_tests.simplc.truth.motion import Steps, Until, Wait

BAYS_IN_LIST = 12
REFRESH_CYCLES = 10
AIR_PPM, SMOKE_PPM = 3, 800
SLOTS = (
    "PRESENT", "SEATED", "PLUG_OUT", "PLUG_IN", "SOCKET_DEAD", "COOLANT_OK", "NO_SMOKE", "ENABLED",
    "CHARGER_LINK", "BMS_LINK", "NO_PREALARM", "NO_CRASH", "CHG_STATE", "STOP_REASON", "VOLTS", "AMPS",
    "POWER", "SOC", "SOH", "TEMP_MAX", "TEMP_MIN", "CELL_MAX", "CELL_MIN", "INSULATION", "GAS", "PACK_TYPE",
    "SOCKET_TEMP", "PACK_ID", "ENERGY", "REMAIN_MIN", "POWER_SET", "CYCLES",
)  # fmt: skip

THROUGH_THE_CHARGER = frozenset(SLOTS[12:]) - {"GAS"} | {"BMS_LINK", "NO_CRASH"}
"""What the rack knows from the charger and, through it, from the BMS; the socket's voltage it measures itself."""

Shown = tuple[bool | int | float | str, ...]


class RackPlc(Plc):
    """Orders 30 PLUG_IN, 31 PLUG_OUT, 32 START_CHARGE, 33 STOP_CHARGE, 34 SET_POWER; p1 = its bay.

    Levels: BAYkk_LIMIT, obeyed whatever else is asked, and FAN. A start and a silent controller take the limits to 0.
    """

    map_version = 2

    def __init__(self, name: str, plant: Hall) -> None:
        super().__init__(name, plant)
        self.bays = {bay.number: bay for bay in plant.bays.values() if bay.rack == name}
        self.tags = {n: [f"BAY{n:02d}_{slot}" for slot in SLOTS] for n in range(1, BAYS_IN_LIST + 1)}
        self.levels = {n: f"BAY{n:02d}_LIMIT" for n in self.bays}
        self.fan_on = False
        self.values["FAN_RUNNING"] = False
        self.phase = 3 if name == "rack_a" else 8
        for number in range(1, BAYS_IN_LIST + 1):
            bay = self.bays.get(number)
            self._publish(number, measured(bay) if bay is not None else _missing_bay())
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
                bay.follow(mains=self.plant.safety.grid)
        fan = bool(inputs.get("FAN", 0)) or any(bay.smoking for bay in self.bays.values())
        if fan != self.fan_on:
            self.fan_on = self.values["FAN_RUNNING"] = fan

    # ---- inputs --------------------------------------------------------------------------------------------
    def sense(self) -> None:
        for number, bay in self.bays.items():
            if bay.changed and (bay.state != CHARGING or self.uptime_ms // 10 % REFRESH_CYCLES == self.phase):
                bay.changed = False
                self._publish(number, measured(bay))

    def _publish(self, number: int, shown: Shown) -> None:
        """A charger that is not heard leaves its own values and those of the BMS as they were last."""
        bay = self.bays.get(number)
        pairs = zip(self.tags[number], shown, strict=True)
        if bay is not None and bay.silent and not bay.lost:
            kept = [f"BAY{number:02d}_{slot}" for slot in SLOTS if slot in THROUGH_THE_CHARGER]
            self.values.update((tag, value) for tag, value in pairs if tag not in kept)
        else:
            self.values.update(pairs)

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


def measured(bay: Bay) -> Shown:
    """Values of one bay in the order of SLOTS."""
    pack = bay.pack
    linked = pack is not None and bay.plugged and not pack.bms_silent and not bay.lost
    gas = round(gas_ppm(pack)) if pack is not None else AIR_PPM
    head = (
        pack is not None, pack is not None and not pack.askew, bay.plug <= 0.0, bay.plugged, not bay.live,
        True, not bay.smoking, bay.enabled, not bay.charger_dead and not bay.lost, linked, not bay.prealarm,
        not (linked and pack is not None and pack.crashed),
        bay.state, bay.reason, round(bay.volts, 1), round(bay.amps, 1), round(bay.kilowatts, 1),
    )  # fmt: skip
    tail = (round(bay.kwh, 2), minutes_to_full(bay), round(bay.told_kw, 1) if bay.live else 0.0)
    gas = max(gas, SMOKE_PPM) if bay.smoking else gas
    if pack is None or not linked:
        air = round(bay.ambient_c, 1)
        return (*head, 0.0, 0.0, air, air, 0, 0, 0, gas, 0, air, "", *tail, 0)
    said = said_by(pack)
    socket = round(bay.ambient_c + abs(bay.amps) * 0.08, 1)
    return (
        *head, said.soc, said.soh, said.temp_max, said.temp_min, said.cell_max, said.cell_min, said.insulation,
        gas, said.pack_type, socket, said.code, *tail, said.cycles,
    )  # fmt: skip


def _missing_bay() -> Shown:
    """A bay the I/O list has and this rack lacks: no pack, plug out, not enabled."""
    head = (False, False, True, False, True, True, True, False, False, False, True, True, 0, 0, 0.0, 0.0, 0.0)
    return (*head, 0.0, 0.0, AMBIENT_C, AMBIENT_C, 0, 0, 0, 0, 0, AMBIENT_C, "", 0.0, 0, 0.0, 0)
