"""The PLC side of the order contract: order blocks, checks, acknowledgement, states, stop level.

Knows the handshake that every PLC keeps. Does not know what any order does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil_tests.simplc.truth.motion import MotionFailed, Process, Stall, Steps, TimedOut

if TYPE_CHECKING:
    from hil_tests.simplc.plc import Plc

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
    """One opcode: its work, which parameters fit, and the PLC's own interlocks ('' = go).

    `against` is asked before the work, `lost` in every cycle of it; what it says then is a stop.
    `driven`: stands still without drives. `chain`: needs a closed safety chain. `unhomed`: runs unreferenced.
    """

    opcode: int
    name: str
    work: Callable[[Params, float], Steps]
    fits: Callable[[Params], bool] = always
    against: Callable[[Params], str] = nothing_against
    lost: Callable[[], str] | None = None
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
        self.state: dict[str, int] = {}
        self.names = tuple(f"{prefix}CMD_{part}" for part in BLOCK)
        self.stop_name = f"{prefix}STOP_REQ"
        self.set(ACK_ID=0, ACK_CODE=0, DONE_ID=0, RESULT=0, ORDER_STATE=IDLE, FAULT=0)

    def set(self, **values: int) -> None:
        self.state.update(values)
        self.publish()

    def publish(self) -> None:
        for name, value in self.state.items():
            self.plc.values[self.prefix + name] = value

    @property
    def busy(self) -> bool:
        return self.kind is not None

    @property
    def faulty(self) -> bool:
        """Its drive has stalled, and nobody has reset it since."""
        return self.state["FAULT"] == FAULT_STALL

    def reset(self) -> None:
        """A person at the device's own panel; nothing moves by it."""
        if not self.busy:
            self.set(FAULT=0)
            self.plc.sensed_now()

    def look(self) -> None:
        """A PLC cycle's look at the order block and the stop level."""
        inputs = self.plc.inputs
        if self.written:
            self.written = False
            number = int(inputs.get(self.names[0], 0))
            if number and int(inputs.get(self.names[9], 0)) == number & 0xFFFF:
                self._answer(number, [int(inputs.get(name, 0)) for name in self.names])
        if self.process is not None and self.kind is not None:
            lost = self.kind.lost() if self.kind.lost is not None else ""
            if lost:
                self.plc.refusal = lost
            if lost or (inputs.get(self.stop_name) and not self.plc.deaf):
                self.halt()

    def _answer(self, number: int, block: list[int]) -> None:
        params = Params(*block[3:7])
        if number == self.state["ACK_ID"] and self.state["ACK_CODE"] != BAD_CRC:
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
        if block[7] - plc.uptime_ms & 0xFFFFFFFF >= 0x80000000:
            return EXPIRED
        kind = self.kinds.get(block[2])
        if plc.monitor is not None:
            plc.monitor.judge(plc.name, self.key, number, block[2], params, self.busy)
        if kind is None or not kind.fits(params):
            return UNKNOWN
        if plc.inputs.get(self.stop_name):
            return STOP_ASKED
        if plc.silent or not plc.ready(kind) or (kind.driven and self.faulty):
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
        if not self.prefix:
            steps = plc.drive.carried_out(steps)
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
        """Controlled stop of the order in hand; one that brakes already is left to it."""
        process = self.process
        if process is None or process.stopped:
            return
        brake = self.plc.braking(self.prefix)
        if brake is None:
            self.plc.plant.motions.stop(process)
        else:
            self.plc.plant.motions.divert(process, brake)

    def forget(self) -> None:
        """Power lost: the order in hand leaves no trace but its acknowledgement."""
        process, self.kind, self.process = self.process, None, None
        if process is not None:
            self.plc.plant.motions.stop(process)
        self.set(ORDER_STATE=IDLE, FAULT=0)
