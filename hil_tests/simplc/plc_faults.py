"""Faults of PLCs and sensors: what a tag shows, links, power, the RUN/STOP switch.

Knows PLCs and their tags. Does not know what the tags measure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hil_tests.simplc.fault_args import Acts, UnknownFault, plc_of
from hil_tests.simplc.hall import Hall
from hil_tests.simplc.plc import Plc, Value


class PlcFaults:
    """What a PLC says, and whether it says anything."""

    def __init__(self, plant: Hall, plcs: Mapping[str, Plc], usual: str) -> None:
        """`usual`: the PLC that is meant unless one is told."""
        self.plant = plant
        self.plcs = plcs
        self.usual = usual

    def acts(self) -> Acts:
        """By name."""
        return {
            "sensor-stuck": self._sensor_stuck,
            "sensor-flicker": self._sensor_flicker,
            "sensor-drift": self._sensor_drift,
            "link-lost": self._link_lost,
            "plc-restart": self._plc_restart,
            "plc-stop": self._plc_stop,
            "stop-ignored": self._stop_ignored,
        }

    def _sensor_stuck(self, on: bool, args: Mapping[str, Any]) -> None:
        """Freezes `plc.TAG` at `value`, or where it stands."""
        plc, tag = self._tag(args)
        if on:
            value = args.get("value", plc.values[tag])
            plc.freeze(tag, tuple(value) if isinstance(value, list) else value)
            return
        self._release(plc, tag)

    def _sensor_flicker(self, on: bool, args: Mapping[str, Any]) -> None:
        """`plc.TAG` changes between what it shows now and `other` every `cycles` PLC cycles (5 unless told)."""
        plc, tag = self._tag(args)
        if not on:
            self._release(plc, tag)
            return
        good, period = plc.values[tag], int(args.get("cycles", 5))
        other = args.get("other", not good if isinstance(good, bool) else 0)
        plc.freeze(tag, good)
        plc.restless[tag] = _flicker(good, type(good)(other), period)

    def _sensor_drift(self, on: bool, args: Mapping[str, Any]) -> None:
        """The number `plc.TAG` goes away from what it shows now by `per_second` (its unit per second of wall time)."""
        plc, tag = self._tag(args)
        if not on:
            self._release(plc, tag)
            return
        start, per_cycle = plc.number(tag), float(args.get("per_second", 1.0)) / 100.0
        whole = isinstance(plc.values[tag], int)
        plc.freeze(tag, plc.values[tag])
        plc.restless[tag] = _drift(start, per_cycle, whole)

    def _tag(self, args: Mapping[str, Any]) -> tuple[Plc, str]:
        name, _, tag = str(args.get("tag", "")).partition(".")
        plc = plc_of(self.plcs, name)
        if tag not in plc.values:
            raise UnknownFault(f"{name} publishes no tag {tag!r}")
        return plc, tag

    def _release(self, plc: Plc, tag: str) -> None:
        plc.release(tag)
        for bay in self.plant.bays.values():
            bay.changed = True

    def _link_lost(self, on: bool, args: Mapping[str, Any]) -> None:
        plc_of(self.plcs, str(args.get("plc", self.usual))).link(not on)

    def _plc_restart(self, on: bool, args: Mapping[str, Any]) -> None:
        """`seconds` of wall time (1 unless told) until the PLC is back; switching off does nothing."""
        if on:
            plc = plc_of(self.plcs, str(args.get("plc", self.usual)))
            plc.restart(round(float(args.get("seconds", 1.0)) * 100))

    def _plc_stop(self, on: bool, args: Mapping[str, Any]) -> None:
        """The program stands, the interface still answers."""
        plc_of(self.plcs, str(args.get("plc", self.usual))).mode_switch(run=not on)

    def _stop_ignored(self, on: bool, args: Mapping[str, Any]) -> None:
        """The program goes on with its order whatever the stop level says; the safety chain still ends its torque."""
        plc_of(self.plcs, str(args.get("plc", self.usual))).deaf = on


def _flicker(good: Value, other: Value, period: int) -> Callable[[], Value]:
    cycle = -1

    def shown() -> Value:
        nonlocal cycle
        cycle += 1
        return other if cycle // period % 2 == 0 else good

    return shown


def _drift(start: float, per_cycle: float, whole: bool) -> Callable[[], Value]:
    cycle = 0

    def shown() -> Value:
        nonlocal cycle
        cycle += 1
        value = start + per_cycle * cycle
        return round(value) if whole else value

    return shown
