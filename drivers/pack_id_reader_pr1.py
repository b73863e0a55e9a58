"""Pack-id reader PR-1 at the handover: two heads on one serial line.

Knows the reader's tags and the form of its lines. Gives no orders; does not know which pack is expected.
"""

from __future__ import annotations

from dataclasses import replace

from drivers.engineering import plain_text
from station_ctl.core.devices import Device
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass

MAX_AGE = 1.5
"""Age (s) after which a code proves nothing: each head sends every 0.4 s, so three lines are missing."""

HEADS = {"IN": "IN_CODE", "OUT": "OUT_CODE"}
"""Tag of each head."""

_CODE = PointType.parse("str24")

IO_LIST = IoList(
    "pack_id_reader_pr1",
    tuple(Point(tag, head, _CODE, Access.READ, ScanClass.FAST) for head, tag in HEADS.items()),
)
"""The reader has no PLC program and no I/O list of a supplier: its tags are those of its protocol."""


def parse_line(line: str) -> tuple[str, str]:
    """Tag and code that a line tells; the code is empty with none in view.

    Raises ValueError with the line and what is wrong with it: characters, form, head, length of the code, checksum.
    """
    parts = plain_text(line).split(",")
    if len(parts) != 3 or parts[0] not in HEADS:
        raise ValueError(f"{line!r}, which is not <head>,<code>,<sum>")
    head, code, found = parts
    if code != "-" and len(code) != _CODE.length:
        raise ValueError(f"{line!r}, whose code has {len(code)} characters, needs {_CODE.length}")
    needed = f"{sum(f'{head},{code}'.encode('ascii')) % 256:02X}"
    if found.upper() != needed:
        raise ValueError(f"{line!r}, whose checksum is {found}, needs {needed}")
    return HEADS[head], "" if code == "-" else code


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
