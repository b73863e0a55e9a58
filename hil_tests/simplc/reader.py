"""Pack-id reader at the handover: two heads that tell every 0.4 s which code they see.

Knows the line format and the labels in view. Does not know serial ports.
"""

from __future__ import annotations

from hil_tests.simplc.plant import Plant
from hil_tests.simplc.plc import Plc, Value
from hil_tests.simplc.truth.packs import HANDOVER_IN, HANDOVER_OUT

EVERY_CYCLES = 40


def line(head: str, code: str) -> str:
    """`head,code,sum` with CR LF; the sum is two hex digits over all bytes before its comma, modulo 256."""
    text = f"{head},{code}"
    return f"{text},{sum(text.encode('ascii')) % 256:02X}\r\n"


class Reader(Plc):
    """`values` IN_CODE and OUT_CODE: the code in view or '-'. Sends by wall time while it has its line."""

    prefixes = ()

    def __init__(self, name: str, plant: Plant) -> None:
        super().__init__(name, plant)
        self.sent: list[str] = []
        self.sensed_now()

    def identity(self) -> dict[str, Value]:
        return {}

    def sense(self) -> None:
        for tag, place in (("IN_CODE", HANDOVER_IN), ("OUT_CODE", HANDOVER_OUT)):
            pack = self.plant.places.at(place)
            self.values[tag] = pack.label if pack is not None else "-"

    def cycle(self) -> None:
        if self.booting:
            return
        self.uptime_ms += 10
        if self.uptime_ms % (EVERY_CYCLES * 10) == 0 and self.online:
            self.sensed_now()
            self.sent += [line(head, str(self.values[f"{head}_CODE"])) for head in ("IN", "OUT")]

    def take_lines(self) -> list[str]:
        sent, self.sent = self.sent, []
        return sent
