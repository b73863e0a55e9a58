"""A PLC that loses an interlock at a random instant and notes when the stop reaches it; a process of its own.

Knows the registers of a vehicle lift and time. Has no cycle: what is written counts at once, so that only the other
end's delay is measured. Does not know who polls it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import sys
from pathlib import Path
from typing import Any

from hil_tests.simplc.wire.io_list import Plain, PlcValue, read_rows
from hil_tests.simplc.wire.modbus_server import ModbusServer

TAG = "CLAMPED"
FLIP_AFTER = (0.010, 0.030)
"""Between being ready and losing the interlock, s: whole scan periods, so that no phase of a scan is favoured."""

BACK_AFTER = 0.005
"""Between the stop and the interlock's return, s."""

MISSED_AFTER = 1.0


class StopPlc:
    """Ready for a trial when an order is committed (`by_order`), else when its stop level falls."""

    name, online, boot_id = "lift", True, 1

    def __init__(self) -> None:
        on = (TAG, "HOMED", "NO_FAULT", "BAY_CLEAR", "FLOOR_OPEN", "ENTRY_BEAM", "EXIT_BEAM")
        self.values: dict[str, PlcValue] = {
            "MAGIC": 0x5AA5, "PATTERN": 0x1234, "PATTERN32": 0x12345678, "MAP_VERSION": 1, "EPOCH": 7,
            **dict.fromkeys(on, True),
        }  # fmt: skip
        self.by_order = False
        self.reactions: list[float] = []
        self.missed = self.unasked = 0
        self._loop = asyncio.get_running_loop()
        self._random = random.Random(20)
        self._lost_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def write(self, values: dict[str, Plain]) -> None:
        """Take a write at once."""
        now = self._loop.time()
        if "CMD_COMMIT" in values:
            self.values |= {"ACK_ID": values["CMD_ID"], "ACK_CODE": 1, "ORDER_STATE": 1}
            if self.by_order:
                self._arm()
        if values.get("STOP_REQ") == 1:
            self._stopped(now)
        elif values.get("STOP_REQ") == 0 and not self.by_order:
            self._arm()

    def _arm(self) -> None:
        self._after(self._random.uniform(*FLIP_AFTER), self._lose)

    def _lose(self) -> None:
        self.values[TAG] = False
        self._lost_at = self._loop.time()
        self._after(MISSED_AFTER, self._miss)

    def _stopped(self, now: float) -> None:
        if self.values.get("ORDER_STATE") == 1:
            self.values |= {"ORDER_STATE": 3, "DONE_ID": self.values["ACK_ID"], "RESULT": 3}
        if self._lost_at is None:
            self.unasked += self.values[TAG] is True and self.by_order
            return
        self.reactions.append(now - self._lost_at)
        self._lost_at = None
        self._after(BACK_AFTER, self._restore)

    def _restore(self) -> None:
        self.values[TAG] = True

    def _miss(self) -> None:
        self.missed += 1
        self._lost_at = None
        self._restore()

    def _after(self, seconds: float, act: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, act)

    async def live(self) -> None:
        """Heartbeat and uptime move every 10 ms."""
        zero = self._loop.time()
        while True:
            self.values["UPTIME_MS"] = int(1000 * (self._loop.time() - zero)) + 1000
            self.values["HB_PLC"] = (int(self.values.get("HB_PLC", 0)) + 1) & 0xFFFF  # type: ignore[arg-type]
            await asyncio.sleep(0.01)

    def report(self) -> dict[str, Any]:
        """What was seen since the last report."""
        seen = {"reactions": self.reactions, "missed": self.missed, "unasked": self.unasked}
        self.reactions, self.missed, self.unasked = [], 0, 0
        return seen


async def _serve(io_list: Path) -> None:
    plc = StopPlc()
    server = ModbusServer(plc, read_rows(io_list))
    await server.start()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    living = asyncio.create_task(plc.live())
    gc.collect()
    gc.freeze()
    print(json.dumps({"port": server.port}), flush=True)
    # A block begins with how it is armed; it ends with the question for its report, or the end of stdin.
    while line := await reader.readline():
        command = json.loads(line)
        if "by_order" in command:
            plc.by_order = command["by_order"]
        print(json.dumps(plc.report()), flush=True)
    living.cancel()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
