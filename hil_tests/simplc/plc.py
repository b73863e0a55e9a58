"""One PLC: values, written tags, cycle, heartbeats, restart, and the sensor faults that act on it.

Knows how a PLC lives. Does not know orders in particular, nor the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING

from hil_tests.simplc.contract import Channel, OrderKind
from hil_tests.simplc.hall import Hall
from hil_tests.simplc.truth.drive import Drive
from hil_tests.simplc.truth.motion import Steps, Until

if TYPE_CHECKING:
    from hil_tests.simplc.judge import Judge

Value = bool | int | float | str | tuple[bool | int | float, ...]
Written = int | float | bool | str

MAGIC, PATTERN, PATTERN32 = 0x5AA5, 0x1234, 0x12345678
CYCLE_MS = 10
SILENT_CYCLES = 100
JOG_CYCLES = 25


class Plc:
    """One PLC: `values` are the engineering values of its read tags, `write` takes its written tags.

    `online` False means dead on the wire. `boot_id` grows with each restart, as do dropped connections.
    """

    prefixes: tuple[str, ...] = ("",)
    map_version = 1

    def __init__(self, name: str, plant: Hall) -> None:
        self.name = name
        self.plant = plant
        self.rng = Random(f"{plant.seed}/{name}")
        self.online = True
        self.boot_id = 1
        self.epoch = 1
        self.uptime_ms = 0
        self.beat = 0
        self.inputs: dict[str, Written] = {}
        self.stuck: dict[str, Value] = {}
        self.restless: dict[str, Callable[[], Value]] = {}
        self.drive = Drive()
        self.stop_mode = False
        self.deaf = False
        self._hidden: dict[str, Value] = {}
        self.wired: dict[str, Plc] = {}
        self.monitor: Judge | None = None
        self.refusal = ""
        self.seen = 0
        self.booting = 0
        self.linked = True
        self._since_beat = 0
        self._beaten = False
        self._jog_still = JOG_CYCLES + 1
        self.silent = False
        self.values: dict[str, Value] = self.identity()
        self.channels = [Channel(self, prefix) for prefix in self.prefixes]

    # ---- for the wire --------------------------------------------------------------------------------------
    def write(self, tags: Mapping[str, Written]) -> None:
        """Written tags of one request, in order. A dead PLC takes nothing."""
        if not self.online:
            return
        inputs = self.inputs
        for tag, value in tags.items():
            if tag == "HB_CTL" and value != inputs.get(tag, 0):
                self._beaten = True
                self._since_beat = 0
                self.silent = False
            if tag == "JOG_RENEW" and value != inputs.get(tag, 0):
                self._jog_still = 0
            inputs[tag] = value
        for channel in self.channels:
            channel.written = True

    def freeze(self, tag: str, value: Value) -> None:
        """The tag shows `value`, whatever is the case. Raises KeyError for a tag the PLC does not publish."""
        shown = self.values[tag]
        self._hidden.setdefault(tag, shown)
        self.stuck[tag] = value if isinstance(shown, str | tuple) else type(shown)(value)
        self.values[tag] = self.stuck[tag]

    def release(self, tag: str) -> None:
        """The tag shows again what is the case."""
        self.restless.pop(tag, None)
        if self.stuck.pop(tag, None) is None:
            return
        self.values[tag] = self._hidden.pop(tag)
        self.values.update(self.identity())
        for channel in self.channels:
            channel.publish()
        self.seen = 0

    def identity(self) -> dict[str, Value]:
        """The tags that say which PLC this is and since when."""
        return {
            "MAGIC": MAGIC, "PATTERN": PATTERN, "PATTERN32": PATTERN32, "MAP_VERSION": self.map_version,
            "EPOCH": self.epoch, "UPTIME_MS": self.uptime_ms, "HB_PLC": self.beat,
        }  # fmt: skip

    # ---- for the programs ----------------------------------------------------------------------------------
    def offer(self, kind: OrderKind, prefix: str = "") -> None:
        next(c for c in self.channels if c.prefix == prefix).kinds[kind.opcode] = kind

    def sense(self) -> None:
        """Publishes what the sensors see of the truth; each program's own."""

    def homed(self) -> bool:
        return True

    def order_ended(self, opcode: int) -> None:
        self.sensed_now()

    def braking(self, prefix: str) -> Steps | None:
        """How the machine comes to rest when the order of a channel is stopped; None: it stands at once."""
        return None

    def sensed_now(self) -> None:
        """Sensors through the faults that act on them, this instant."""
        self.sense()
        if self.stuck:
            self.values.update(self.stuck)

    def number(self, tag: str) -> float:
        value = self.values[tag]
        assert isinstance(value, int | float), tag
        return float(value)

    def is_true(self, *tags: str) -> bool:
        """All of the PLC's own inputs are on, looked at now."""
        self.sensed_now()
        return all(self.values[tag] is True for tag in tags)

    def expect(self, *tags: str, seconds: float = 3.0) -> Steps:
        """Waits for the PLC's own inputs; late ones end the order with a time-out."""
        yield Until(lambda: self.is_true(*tags), seconds)

    def ready(self, kind: OrderKind) -> bool:
        if kind.chain and not self.plant.safety.drives_enabled:
            return False
        return kind.unhomed or not kind.driven or self.homed()

    # ---- life ----------------------------------------------------------------------------------------------
    def scan(self) -> None:
        """First half of a cycle: inputs."""
        if self.booting:
            self._boot()
            return
        if self.stop_mode:
            return
        version = self.plant.motions.version
        if version != self.seen:
            self.seen = version
            self.sense()
            if self.stuck:
                self.values.update(self.stuck)

    def cycle(self) -> None:
        """Second half of a cycle: heartbeat, dead-man, orders."""
        if self.booting or self.stop_mode:
            return
        for tag, shown in self.restless.items():
            self.stuck[tag] = shown()
        self.uptime_ms = self.uptime_ms + CYCLE_MS & 0xFFFFFFFF
        self.beat = self.beat + 1 & 0xFFFF
        values = self.values
        values["UPTIME_MS"] = self.uptime_ms
        values["HB_PLC"] = self.beat
        if self.stuck:
            values.update(self.stuck)
        self._jog_still += 1
        if self._beaten:
            self._since_beat += 1
            if self._since_beat > SILENT_CYCLES and not self.silent:
                self._go_silent()
        for channel in self.channels:
            if channel.written or channel.process is not None:
                channel.look()
        if self.stuck:
            values.update(self.stuck)  # also over what the order's answer has just become

    def _go_silent(self) -> None:
        self.silent = True
        for channel in self.channels:
            channel.halt()
        self.controller_lost()

    def jog_lost(self) -> str:
        """Why nothing may be jogged: the counter has not moved for 250 ms."""
        return "jog counter stands still" if self._jog_still > JOG_CYCLES else ""

    def controller_lost(self) -> None:
        """What the program does besides stopping when the controller's heartbeat stands."""

    def restart(self, cycles: int) -> None:
        """Power off now, back after `cycles` PLC cycles."""
        for channel in self.channels:
            channel.forget()
        self.booting = max(1, cycles)
        self.online = False

    def _boot(self) -> None:
        self.booting -= 1
        if self.booting:
            return
        self.epoch = self.epoch + 1 & 0xFFFF
        self.boot_id += 1
        self.uptime_ms = self.beat = 0
        self.inputs.clear()
        self._beaten = self.silent = False
        self._since_beat = 0
        self._jog_still = JOG_CYCLES + 1
        for channel in self.channels:
            channel.written = False
        self.values.update(self.identity())
        self.online = self.linked
        self.seen = 0

    def mode_switch(self, run: bool) -> None:
        """The PLC's own RUN/STOP switch: in STOP its outputs fall, and its interface still answers with what was."""
        if run:
            for channel in self.channels:
                channel.publish()
            self.seen = 0
        elif not self.stop_mode:
            shown = dict(self.values)
            for channel in self.channels:
                channel.halt()
            self.values.update(shown)
        self.stop_mode = not run

    def link(self, up: bool) -> None:
        """The network cable."""
        self.linked = up
        self.online = up and not self.booting
