"""Faults of packs, their labels, and the bays and chargers they stand in.

Knows packs and bays. Does not know machines or the vehicle's own faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil_tests.simplc.fault_args import Acts, UnknownFault, bay_of, seats_of, switch
from hil_tests.simplc.hall import Hall
from hil_tests.simplc.truth.bay import CHARGING, FULL
from hil_tests.simplc.truth.heat import AIR_KW_PER_K, bulk
from hil_tests.simplc.truth.packs import Pack

TARGETS = ("fresh", "vehicle")


class PackFaults:
    """What is wrong with packs, and with where they stand."""

    def __init__(self, plant: Hall) -> None:
        self.plant = plant
        self._ill: dict[str, list[Pack]] = {}
        self._hot: dict[str, Pack] = {}

    def acts(self) -> Acts:
        """By name."""
        return {
            "wrong-pack": self._wrong_pack,
            "label-blank": self._label_blank,
            "pack-sick": self._sick,
            "hot-pack": self._hot_pack,
            "bay-disabled": self._bay_disabled,
            "charger-welded": self._charger_welded,
            "charger-dead": self._charger_dead,
            "bay-taken": self._bay_taken,
        }

    # ---- which pack, which bay -----------------------------------------------------------------------------
    def _targets(self, args: Mapping[str, Any]) -> list[Pack]:
        """The pack of a `bay`, or with `target` the packs on their way to the vehicle, or the own one of its `seat`."""
        if "bay" in args:
            pack = bay_of(self.plant, args).pack
            return [pack] if pack is not None else []
        target = str(args.get("target", "fresh"))
        if target not in TARGETS:
            raise UnknownFault("target is fresh or vehicle")
        plant, vehicle = self.plant, self.plant.visitor()
        if target == "vehicle":
            arrived = seats_of(plant, True, args)[0].arrival_code if vehicle is not None else ""
            # Once the vehicle has left, its old pack is the one on its way from the handover to a bay.
            returned = plant.on_the_way_back() if vehicle is None else []
            return [pack for pack in plant.places if pack.code == arrived or pack in returned]
        own = vehicle.arrival_codes if vehicle is not None else ()
        return [pack for pack in plant.on_the_way() if pack is not None and pack.code not in own]

    # ---- labels --------------------------------------------------------------------------------------------
    def _wrong_pack(self, on: bool, args: Mapping[str, Any]) -> None:
        """The label of the pack in question, or of the next one, says another code."""
        target = str(args.get("target", "fresh"))
        if target not in TARGETS:
            raise UnknownFault("target is fresh or vehicle")
        switch(self.plant.mislabel, target, on)
        if not on:
            for pack in self.plant.places:
                pack.label = pack.code
            return
        seat = {"seat": args["seat"]} if "seat" in args else {}
        for pack in self._targets({"target": target, **seat}):
            self.plant.relabel(pack)

    def _label_blank(self, on: bool, args: Mapping[str, Any]) -> None:
        """Nobody can read the label any more."""
        for pack in self._targets(args):
            pack.label = "" if on else pack.code
        for bay in self.plant.bays.values():
            bay.changed = True

    # ---- health --------------------------------------------------------------------------------------------
    def _sick(self, on: bool, args: Mapping[str, Any]) -> None:
        """`how`: insulation, bms, crash, soc or soh; off: those that were struck are healthy, wherever they are."""
        how = str(args.get("how", "insulation"))
        chosen = self._targets(args) if on else self._ill.pop(how, [])
        if on:
            self._ill[how] = chosen
        for pack in chosen:
            match how:
                case "insulation":
                    pack.insulation = 20 if on else 5000
                case "bms":
                    pack.bms_silent = on
                case "crash":
                    pack.crashed = on
                case "soc":
                    pack.soc = 55.0 if on else 96.0
                case "soh":
                    pack.soh = 60.0 if on else 92.0
                case _:
                    raise UnknownFault("how is insulation, bms, crash, soc or soh")
        for bay in self.plant.bays.values():
            bay.changed = True

    def _hot_pack(self, on: bool, args: Mapping[str, Any]) -> None:
        """The pack in `bay` heats up with `kilowatts`, wherever it goes: gas from 60 °C, smoke from 90, fire from 150.

        With `celsius` it is that hot at once and stays so, unless `kilowatts` are told; `smoke`: so says the detector.
        """
        bay = bay_of(self.plant, args)
        if not on:
            self._cool_down(bay.name)
        elif bay.pack is None and not args.get("smoke"):
            raise UnknownFault(f"no pack in bay {bay.name!r}")
        elif bay.pack is not None:
            self._heat(bay.name, bay.pack, args)
        bay.smoke = on and bool(args.get("smoke", False))
        bay.changed = True

    def _heat(self, bay: str, pack: Pack, args: Mapping[str, Any]) -> None:
        plant = self.plant
        kilowatts = 0.0 if args.get("smoke") else 30.0 * bulk(pack)
        if "celsius" in args:
            pack.temperature = float(args["celsius"])
            kilowatts = (pack.temperature - plant.ambient_c) * AIR_KW_PER_K * bulk(pack)
        pack.heat_kw = float(args.get("kilowatts", kilowatts))
        self._hot[bay] = pack
        if pack not in plant.ailing:
            plant.ailing.append(pack)

    def _cool_down(self, bay: str) -> None:
        """The pack that was struck in this bay is cool and sound, wherever it stands now."""
        pack = self._hot.pop(bay, None)
        if pack is None:
            return
        pack.heat_kw, pack.temperature = 0.0, min(pack.temperature, 30.0)
        if pack in self.plant.ailing:
            self.plant.ailing.remove(pack)

    # ---- bays and chargers ---------------------------------------------------------------------------------
    def _bay_disabled(self, on: bool, args: Mapping[str, Any]) -> None:
        bay = bay_of(self.plant, args)
        bay.enabled, bay.changed = not on, True

    def _charger_welded(self, on: bool, args: Mapping[str, Any]) -> None:
        """The charger charges and cannot be switched off; repaired, it has stopped."""
        bay = bay_of(self.plant, args)
        bay.welded, bay.changed = on, True
        if on and bay.plugged and bay.pack is not None:
            bay.state, bay.reason, bay.ordered_kw = CHARGING, 0, 10.0
        elif not on and bay.live:
            bay.state, bay.reason, bay.volts, bay.kilowatts, bay.amps = FULL, 1, 0.0, 0.0, 0.0

    def _charger_dead(self, on: bool, args: Mapping[str, Any]) -> None:
        """The charger does not answer its rack any more, and gives no current."""
        bay = bay_of(self.plant, args)
        bay.charger_dead, bay.changed = on, True

    def _bay_taken(self, on: bool, args: Mapping[str, Any]) -> None:
        """Somebody has put a pack of his own into `bay`; with `on` false he has taken it away again."""
        bay, places = bay_of(self.plant, args), self.plant.places
        if on and bay.pack is None:
            places.put(self.plant.make_pack(self.plant.pack_type, 50.0), bay.name)
        elif not on and bay.pack is not None:
            places.move(bay.pack, f"left:{bay.name}")
        bay.changed = True
