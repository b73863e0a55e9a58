"""The radio unit for the vehicle, a second order channel of the PLC where it stands: identity, driver, voltage, checks.

Knows the VEH_ tags and orders and the vehicle. Does not know what that PLC moves besides.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hil_tests.simplc.contract import OrderFailed, OrderKind, Params
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.motion import Steps, Until, Wait
from hil_tests.simplc.truth.packs import Pack
from hil_tests.simplc.truth.vehicle import SAFE_VOLTS, Seat, Vehicle

VEHICLE_BITS = (
    "LINK_OK", "AUTH_OK", "GEAR_P", "EPB_ON", "DOORS_CLOSED", "BRAKE_RELEASED", "READY", "HV_OFF", "HV_ON",
    "PORT_CLOSED", "CONNECTOR_MATED", "CONNECTOR_APART", "COOLANT_MATED", "PRECHECK_OK", "POSTCHECK_OK",
    "PACK_LATCHED", "SETTLED",
)  # fmt: skip
NO_VEHICLE = {
    **{f"VEH_{name}": False for name in VEHICLE_BITS},
    "VEH_HV_VOLTS": 0.0, "VEH_LOCKS_OPEN": 0, "VEH_LOCKS_CLOSED": 0, "VEH_INSULATION": 0, "VEH_SOC": 0.0,
    "VEH_VIN": "", "VEH_MODEL": "", "VEH_PACK_ID": "", "VEH_PACK_TYPE": 0,
}  # fmt: skip


class RadioPlc(Plc):
    """Two channels: the PLC's own work under '', the vehicle's under VEH_. `body` says who stands where."""

    prefixes = ("", "VEH_")
    body: Any
    locks = 0
    """All locks of a vehicle, one bit each."""
    in_place = "IN_POSITION"
    """The tag that says that the vehicle stands where it is served."""
    tempo = 1.0
    """How much longer than a car's the vehicle's own actions take."""

    def speak(self) -> None:
        """Offer the vehicle's orders; nobody is linked yet."""
        self.values.update(NO_VEHICLE)
        link = self._against_link
        for opcode, name, work, against in (
            (40, "IDENTIFY", self._identify, self._against_identify),
            (41, "SECURE", self._secure, self._against_secure),
            (42, "HV_OFF", self._hv_off, link),
            (43, "CHECK_PACK", self._check_pack, link),
            (44, "HV_ON", self._hv_on, self._against_hv_on),
            (45, "SETTLE", self._settle, link),
        ):
            chain = name == "HV_ON"
            kind = OrderKind(opcode, name, self._at_tempo(work), against=against, driven=False, chain=chain)
            self.offer(kind, "VEH_")

    def _at_tempo(self, work: Callable[[Params, float], Steps]) -> Callable[[Params, float], Steps]:
        return lambda p, pace: work(p, pace * self.tempo)

    # ---- inputs --------------------------------------------------------------------------------------------
    def sense_radio(self) -> None:
        """What the radio link brings; without the link nothing is known, and everything is false."""
        vehicle = self.body.linked
        if vehicle is None or not vehicle.radio:
            self.values.update(NO_VEHICLE)
        else:
            self._sense_vehicle(vehicle)

    def _sense_vehicle(self, vehicle: Vehicle) -> None:
        first, *_ = seats = vehicle.seats
        latched, mated, apart, coolant = self.seat_shown(first)
        linked = [pack for seat in seats if (pack := self._read_pack(seat)) is not None]
        opened = closed = 0
        for k, bolt in enumerate(vehicle.bolts):
            opened |= bolt.is_open << k
            closed |= bolt.is_closed << k
        bits = (
            True, True, vehicle.gear_p, vehicle.epb, vehicle.doors_closed, not vehicle.brake_pressed,
            vehicle.confirmed, not vehicle.contactors, vehicle.contactors and vehicle.volts >= SAFE_VOLTS,
            vehicle.port_closed, mated, apart, coolant, vehicle.precheck, vehicle.postcheck, latched, vehicle.settled,
        )  # fmt: skip
        values = self.values
        for name, bit in zip(VEHICLE_BITS, bits, strict=True):
            values["VEH_" + name] = bit
        values["VEH_HV_VOLTS"] = round(vehicle.volts, 1)
        values["VEH_LOCKS_OPEN"] = opened
        values["VEH_LOCKS_CLOSED"] = closed
        values["VEH_INSULATION"] = min((pack.insulation for pack in linked), default=8000)
        values["VEH_SOC"] = round(sum(pack.soc for pack in linked) / len(linked), 1) if linked else 0.0
        values["VEH_VIN"] = vehicle.told_vin or vehicle.vin
        values["VEH_MODEL"] = vehicle.model
        values["VEH_PACK_ID"] = self.code_shown(first)
        values["VEH_PACK_TYPE"] = vehicle.pack_type

    def seat_shown(self, seat: Seat) -> tuple[bool, bool, bool, bool]:
        """Of one place for a pack: pack latched, connector mated, connector apart, coolant mated."""
        pack, mated = self.plant.pack_in(seat), seat.connector >= 1.0
        return pack is not None and not pack.askew, mated, seat.connector <= 0.0, mated and seat.coolant

    def code_shown(self, seat: Seat) -> str:
        """The code that the vehicle has read in one place for a pack, while there is one."""
        return seat.read_code if self.plant.pack_in(seat) is not None else ""

    # ---- interlocks ----------------------------------------------------------------------------------------
    def own(self, *tags: str) -> str:
        missing = [tag for tag in tags if self.values[tag] is not True]
        return f"not {', '.join(missing)}" if missing else ""

    def _against_identify(self, p: Params) -> str:
        return "" if self._caller() is not None else "no vehicle"

    def _against_link(self, p: Params) -> str:
        return self.own("VEH_LINK_OK")

    def _against_secure(self, p: Params) -> str:
        return self.own("VEH_LINK_OK", self.in_place)

    def _against_hv_on(self, p: Params) -> str:
        if self.values["VEH_LOCKS_CLOSED"] != self.locks:
            return "locks of the vehicle not all closed"
        return self.own("VEH_LINK_OK", "VEH_CONNECTOR_MATED")

    def _caller(self) -> Vehicle | None:
        return self.body.vehicle or (self.body.queue[0] if self.body.queue else None)

    # ---- work of the vehicle link --------------------------------------------------------------------------
    def _identify(self, p: Params, pace: float) -> Steps:
        yield Wait(5.0 * pace)
        vehicle = self._caller()
        if vehicle is None:
            raise OrderFailed("the vehicle is gone")
        for seat in vehicle.seats:
            pack = self.plant.pack_in(seat)
            seat.read_code = pack.label if pack is not None else ""
        vehicle.settled = False
        self.body.linked = vehicle

    def _linked(self) -> Vehicle:
        if self.body.linked is None:
            raise OrderFailed("no link to the vehicle")
        return self.body.linked

    def _read_pack(self, seat: Seat) -> Pack | None:
        """The vehicle talks to a pack only through the mated connector."""
        return self.plant.pack_in(seat) if seat.connector >= 1.0 else None

    def _read_packs(self, vehicle: Vehicle) -> list[Pack | None]:
        return [self._read_pack(seat) for seat in vehicle.seats]

    def _secure(self, p: Params, pace: float) -> Steps:
        vehicle = self._linked()
        yield from vehicle.secure(pace)
        yield from self.expect("VEH_READY")

    def _hv_off(self, p: Params, pace: float) -> Steps:
        """Pre-check, contactors, discharge; the vehicle confirms when the voltage is below the limit."""
        vehicle = self._linked()
        start = self.plant.now
        yield from vehicle.high_voltage_off(pace)
        if not vehicle.contactors:
            self.plant.motions.start(vehicle.discharge(), driven=False)
        yield Until(lambda: vehicle.volts < SAFE_VOLTS and self.is_true("VEH_HV_OFF"), 60.0)
        yield Wait(max(0.0, 15.0 * pace - (self.plant.now - start)))

    def _check_pack(self, p: Params, pace: float) -> Steps:
        """The vehicle reads what packs it has through their connectors and looks at its own locks."""
        vehicle = self._linked()
        yield Wait(6.0 * pace)
        packs = self._read_packs(vehicle)
        for seat, pack in zip(vehicle.seats, packs, strict=True):
            seat.read_code = pack.label if pack is not None else ""
        yield Wait(6.0 * pace)
        if not vehicle.all_closed or not _all_sound(packs):
            raise OrderFailed("pack, locks or insulation not in order")

    def _hv_on(self, p: Params, pace: float) -> Steps:
        vehicle = self._linked()
        yield Wait(3.0 * pace)
        vehicle.close_contactors()
        yield Wait(22.0 * pace)
        vehicle.postcheck = vehicle.all_closed and _all_sound(self._read_packs(vehicle))
        if not vehicle.postcheck:
            vehicle.contactors, vehicle.volts = False, 0.0
            raise OrderFailed("self-check failed")

    def _settle(self, p: Params, pace: float) -> Steps:
        vehicle = self._linked()
        yield Wait(5.0 * pace)
        vehicle.settled = True


def _all_sound(packs: list[Pack | None]) -> bool:
    return all(pack is not None and pack.insulation >= 200 for pack in packs)
