"""Faults of what BMS and chargers say: silence, lies, a clash of codes; and packs that take no charge or heat up.

Knows packs and bays. Does not know labels, machines or the vehicle's own faults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hil_tests.simplc.fault_args import Acts, UnknownFault, bay_of
from hil_tests.simplc.hall import DC_INSULATION_KOHM, Hall
from hil_tests.simplc.truth.bms import said_by
from hil_tests.simplc.truth.heat import bulk, burns
from hil_tests.simplc.truth.packs import Pack

Strike = Callable[[Pack, Mapping[str, Any]], None]


class BmsFaults:
    """What a pack says of itself, and what it does with the current."""

    def __init__(self, plant: Hall) -> None:
        self.plant = plant
        self._struck: dict[str, list[Pack]] = {}

    def acts(self) -> Acts:
        """By name. Those of a pack name its `bay`; without one, `on` false heals all that were struck."""
        packs: dict[str, tuple[Strike, Callable[[Pack], None]]] = {
            "bms-soc-jump": (_shift, lambda pack: setattr(pack, "soc_shift", 0.0)),
            "bms-nan": (lambda pack, _: setattr(pack, "nonsense", True), lambda pack: setattr(pack, "nonsense", False)),
            "bms-frozen": (_freeze, lambda pack: setattr(pack, "frozen", None)),
            "bms-id-clash": (self._clash, lambda pack: setattr(pack, "bms_code", "")),
            "never-charges": (
                lambda pack, _: setattr(pack, "refuses", True), lambda pack: setattr(pack, "refuses", False)
            ),
            "thermal-runaway": (self._damage, self._put_out),
        }  # fmt: skip
        return {
            **{name: self._of_a_pack(name, strike, heal) for name, (strike, heal) in packs.items()},
            "charger-silent": self._charger_silent,
            "insulation-low": self._insulation_low,
            "isolation-dry": self._isolation_dry,
        }

    def _of_a_pack(
        self, name: str, strike: Strike, heal: Callable[[Pack], None]
    ) -> Callable[[bool, Mapping[str, Any]], None]:
        def act(on: bool, args: Mapping[str, Any]) -> None:
            if on:
                bay = bay_of(self.plant, args)
                if bay.pack is None:
                    raise UnknownFault(f"no pack in bay {bay.name!r}")
                strike(bay.pack, args)
                self._struck.setdefault(name, []).append(bay.pack)
            else:
                for pack in self._struck.pop(name, []):
                    heal(pack)
            for each in self.plant.bays.values():
                each.changed = True

        return act

    def _clash(self, pack: Pack, args: Mapping[str, Any]) -> None:
        """Its BMS says the code of the pack in bay `of`: two packs with one code."""
        other = bay_of(self.plant, {"bay": args.get("of", "A02")}).pack
        if other is None or other is pack:
            raise UnknownFault("of names the bay of another pack")
        pack.bms_code = other.code

    def _damage(self, pack: Pack, args: Mapping[str, Any]) -> None:
        """A damaged cell heats with `kilowatts` (12 in a car's pack) under current; from 70 °C on nothing stops it."""
        pack.damage_kw = float(args.get("kilowatts", 12.0 * bulk(pack)))
        pack.temperature = float(args.get("celsius", pack.temperature))
        if pack not in self.plant.ailing:
            self.plant.ailing.append(pack)

    def _put_out(self, pack: Pack) -> None:
        """Burnt out, cooled, and the fire panel reset."""
        if burns(pack):
            self.plant.safety.no_fire = True
        pack.damage_kw, pack.temperature = 0.0, self.plant.ambient_c
        if pack in self.plant.ailing:
            self.plant.ailing.remove(pack)

    def _charger_silent(self, on: bool, args: Mapping[str, Any]) -> None:
        """Charger and rack do not hear each other; the charger goes on as it was told last, and gives up after 20 s."""
        bay_of(self.plant, args).hush(on)

    def _insulation_low(self, on: bool, args: Mapping[str, Any]) -> None:
        """The DC side of the racks leaks to earth: `kohm`, 40 unless told."""
        self.plant.dc_insulation_kohm = int(args.get("kohm", 40)) if on else DC_INSULATION_KOHM

    def _isolation_dry(self, on: bool, args: Mapping[str, Any]) -> None:
        """The water of the isolation place stands below its mark."""
        self.plant.isolation_ready = not on


def _shift(pack: Pack, args: Mapping[str, Any]) -> None:
    """The SoC it says jumps `by` so many %, 30 unless told."""
    pack.soc_shift = float(args.get("by", 30.0))


def _freeze(pack: Pack, args: Mapping[str, Any]) -> None:
    pack.frozen = tuple(said_by(pack))
