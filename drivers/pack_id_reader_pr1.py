"""Pack-id reader PR-1 at the handover: two heads on one serial line.

Knows the reader's tags. Gives no orders; does not know which pack is expected.
"""

from __future__ import annotations

from dataclasses import replace

from station_ctl.core.devices import Device

MAX_AGE = 1.5
"""Age (s) after which a code proves nothing: each head sends every 0.4 s, so three lines are missing."""


class PackIdReaderPR1(Device):
    """Reader with heads IN and OUT in continuous mode; plain serial, 9600 8N1, read only.

    Each head sends every 0.4 s one ASCII line `<head>,<code>,<sum>` CR LF: head IN or OUT; code of 24
    characters, or `-` with no code in view; sum = two hex digits, the sum of all bytes of `<head>,<code>`
    modulo 256.
    Tags IN_CODE and OUT_CODE: the code last read, empty with none in view.
    Verified against the simulated reader only.
    """

    driver = "pack_id_reader_pr1"

    def declare(self) -> None:
        """Signal and tag of each head."""
        self.in_code = replace(self.signal(str, "IN_CODE", "in_code"), max_age=MAX_AGE)
        self.out_code = replace(self.signal(str, "OUT_CODE", "out_code"), max_age=MAX_AGE)
