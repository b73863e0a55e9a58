"""The PLC side of the order contract: order blocks, acknowledgement, states, heartbeat, epoch, stop level.

Knows the handshake that every PLC keeps. Does not know what any order does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from .plant import Plant
from .truth.motion import MotionFailed, Process, Stall, Steps, TimedOut, Until

if TYPE_CHECKING:
    from .monitor import Monitor

Value = bool | int | float | str | tuple[bool | int | float, ...]
Written = int | float | bool | str

MAGIC, PATTERN, PATTERN32, MAP_VERSION = 0x5AA5, 0x1234, 0x12345678, 1
CYCLE_MS = 10
SILENT_CYCLES = 100

ACCEPTED, BAD_CRC, EXPIRED, WRONG_EPOCH, OLD_ID, INTERLOCK, BUSY, UNKNOWN, STOP_ASKED, NOT_READY = range(
    1, 11
)
IDLE, AT_WORK, DONE, STOPPED, ERROR = range(5)
OK, FAILED, HALTED, LATE = 1, 2, 3, 4
FAULT_STALL, FAULT_LATE, FAULT_PROCESS = 1, 2, 3

BLOCK = ("ID", "EPOCH", "OPCODE", "P1", "P2", "P3", "P4", "EXPIRES", "CRC", "COMMIT")


class OrderFailed(MotionFailed):
    """The work was done to its end and did not succeed."""


@dataclass(frozen=True, slots=True)
class Params:
    """The four signed parameters of an order."""

    p1: int = 0
    p2: int = 0
    p3: int = 0
    p4: int = 0


def always(params: Params) -> bool:
    return True


def nothing_against(params: Params) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class OrderKind:
    """One opcode: its work, which parameters fit, and what the PLC's own interlock says ('' = go).

    `driven`: stands still without drives. `chain`: needs a closed safety chain. `unhomed`: runs unreferenced.
    """

    opcode: int
    name: str
    work: Callable[[Params, float], Steps]
    fits: Callable[[Params], bool] = always
    against: Callable[[Params], str] = nothing_against
    driven: bool = True
    chain: bool = True
    unhomed: bool = False


def crc16(words: list[int]) -> int:
    """CRC-16/MODBUS over 16-bit words, high byte of each first (poly 0xA001 reflected, start 0xFFFF)."""
    crc = 0xFFFF
    for word in words:
        for byte in (word >> 8 & 0xFF, word & 0xFF):
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def order_words(
    order_id: int, epoch: int, opcode: int, params: tuple[int, int, int, int], expires: int
) -> list[int]:
    """The 14 words CMD_ID..CMD_EXPIRES, 32-bit values high word first."""
    words = [order_id >> 16 & 0xFFFF, order_id & 0xFFFF, epoch & 0xFFFF, opcode & 0xFFFF]
    for value in (*params, expires):
        words += [value >> 16 & 0xFFFF, value & 0xFFFF]
    return words


class Channel:
    """One order channel of a PLC. Its prefix is '' or 'VEH_'."""

    def __init__(self, plc: Plc, prefix: str) -> None:
        self.plc = plc
        self.prefix = prefix
        self.key = plc.name + (f".{prefix.rstrip('_')}" if prefix else "")
        self.kinds: dict[int, OrderKind] = {}
        self.last_id = 0
        self.written = False
        self.order_id = 0
        self.kind: OrderKind | None = None
        self.started_s = 0.0
        self.process: Process | None = None
        self.durations: dict[str, dict[str, int | float]] = {}
        self.names = tuple(f"{prefix}CMD_{part}" for part in BLOCK)
        self.stop_name = f"{prefix}STOP_REQ"
        self.set(ACK_ID=0, ACK_CODE=0, DONE_ID=0, RESULT=0, ORDER_STATE=IDLE, FAULT=0)

    def set(self, **values: int) -> None:
        for name, value in values.items():
            self.plc.values[self.prefix + name] = value

    @property
    def busy(self) -> bool:
        return self.kind is not None

    def look(self) -> None:
        """A PLC cycle's look at the order block and the stop level."""
        inputs = self.plc.inputs
        if self.written:
            self.written = False
            number = int(inputs.get(self.names[0], 0))
            if int(inputs.get(self.names[9], 0)) == number & 0xFFFF:
                self._answer(number, [int(inputs.get(name, 0)) for name in self.names])
        if self.process is not None and inputs.get(self.stop_name):
            self.halt()

    def _answer(self, number: int, block: list[int]) -> None:
        values, prefix = self.plc.values, self.prefix
        params = Params(*block[3:7])
        if number == values[prefix + "ACK_ID"] and values[prefix + "ACK_CODE"] != BAD_CRC:
            return
        code = self._check(number, block, params)
        if code != BAD_CRC and code != OLD_ID:
            self.last_id = number
        self.set(ACK_ID=number, ACK_CODE=code)
        if code == ACCEPTED:
            self._start(number, self.kinds[block[2]], params)

    def _check(self, number: int, block: list[int], params: Params) -> int:
        """The checks in the order of the contract; a live order is shown to the safety monitor."""
        plc = self.plc
        words = order_words(
            number, block[1], block[2], (params.p1, params.p2, params.p3, params.p4), block[7]
        )
        if crc16(words) != block[8]:
            return BAD_CRC
        if number <= self.last_id:
            return OLD_ID
        if block[1] != plc.epoch:
            return WRONG_EPOCH
        if plc.uptime_ms > block[7]:
            return EXPIRED
        kind = self.kinds.get(block[2])
        if plc.monitor is not None:
            plc.monitor.judge(plc.name, self.key, number, block[2], params, self.busy)
        if kind is None or not kind.fits(params):
            return UNKNOWN
        if plc.inputs.get(self.stop_name):
            return STOP_ASKED
        if plc.silent or not plc.ready(kind):
            return NOT_READY
        if self.busy:
            return BUSY
        plc.refusal = kind.against(params)
        return INTERLOCK if plc.refusal else ACCEPTED

    def _start(self, number: int, kind: OrderKind, params: Params) -> None:
        plc = self.plc
        self.order_id, self.kind = number, kind
        self.started_s = plc.plant.now
        self.set(ORDER_STATE=AT_WORK, FAULT=0)
        steps = kind.work(params, plc.rng.uniform(0.97, 1.03))
        process = plc.plant.motions.start(steps, driven=kind.driven, ended=self._ended)
        if self.kind is not None:
            self.process = process

    def _ended(self, process: Process) -> None:
        kind, error = self.kind, process.error
        if kind is None:
            return
        state, result, fault = DONE, OK, 0
        if process.stopped:
            state, result = STOPPED, HALTED
        elif isinstance(error, TimedOut):
            state, result, fault = ERROR, LATE, FAULT_LATE
        elif isinstance(error, Stall):
            state, result, fault = ERROR, FAILED, FAULT_STALL
        elif isinstance(error, OrderFailed):
            state, result, fault = ERROR, FAILED, FAULT_PROCESS
        elif error is not None:
            raise error
        self.durations[str(self.order_id)] = {
            "opcode": kind.opcode, "s": round(process.ended_s - self.started_s, 3), "result": result,
        }  # fmt: skip
        self.kind = self.process = None
        self.set(ORDER_STATE=state, DONE_ID=self.order_id, RESULT=result, FAULT=fault)
        self.plc.order_ended(kind.opcode)

    def halt(self) -> None:
        """Controlled stop of the order in hand."""
        if self.process is not None:
            self.plc.plant.motions.stop(self.process)

    def forget(self) -> None:
        """Power lost: the order in hand leaves no trace but its acknowledgement."""
        process, self.kind, self.process = self.process, None, None
        if process is not None:
            self.plc.plant.motions.stop(process)
        self.set(ORDER_STATE=IDLE, FAULT=0)


class Plc:
    """One PLC: `values` are the engineering values of its read tags, `write` takes its written tags.

    `online` False means dead on the wire. `boot_id` grows with each restart, as do dropped connections.
    """

    prefixes: tuple[str, ...] = ("",)

    def __init__(self, name: str, plant: Plant) -> None:
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
        self.wired: dict[str, Plc] = {}
        self.monitor: Monitor | None = None
        self.refusal = ""
        self.seen = 0
        self.booting = 0
        self.linked = True
        self._since_beat = 0
        self._beaten = False
        self.silent = False
        self.values: dict[str, Value] = {
            "MAGIC": MAGIC, "PATTERN": PATTERN, "PATTERN32": PATTERN32, "MAP_VERSION": MAP_VERSION,
            "EPOCH": self.epoch, "UPTIME_MS": 0, "HB_PLC": 0,
        }  # fmt: skip
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
            inputs[tag] = value
        for channel in self.channels:
            channel.written = True

    # ---- for the programs ----------------------------------------------------------------------------------
    def offer(self, kind: OrderKind, prefix: str = "") -> None:
        next(c for c in self.channels if c.prefix == prefix).kinds[kind.opcode] = kind

    def sense(self) -> None:
        """Publishes what the sensors see of the truth; each program's own."""

    def homed(self) -> bool:
        return True

    def order_ended(self, opcode: int) -> None:
        self.sensed_now()

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
        version = self.plant.motions.version
        if version != self.seen:
            self.seen = version
            self.sense()
            if self.stuck:
                self.values.update(self.stuck)

    def cycle(self) -> None:
        """Second half of a cycle: heartbeat, dead-man, orders."""
        if self.booting:
            return
        self.uptime_ms += CYCLE_MS
        self.beat = self.beat + 1 & 0xFFFF
        values = self.values
        values["UPTIME_MS"] = self.uptime_ms
        values["HB_PLC"] = self.beat
        if self.stuck:
            values.update(self.stuck)
        if self._beaten:
            self._since_beat += 1
            if self._since_beat > SILENT_CYCLES and not self.silent:
                self._go_silent()
        for channel in self.channels:
            if channel.written or channel.process is not None:
                channel.look()

    def _go_silent(self) -> None:
        self.silent = True
        for channel in self.channels:
            channel.halt()
        self.controller_lost()

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
        for channel in self.channels:
            channel.written = False
        self.values.update(EPOCH=self.epoch, UPTIME_MS=0, HB_PLC=0)
        self.online = self.linked
        self.seen = 0

    def link(self, up: bool) -> None:
        """The network cable."""
        self.linked = up
        self.online = up and not self.booting


__all__ = ["Channel", "OrderFailed", "OrderKind", "Params", "Plc", "Value", "crc16", "order_words"]
