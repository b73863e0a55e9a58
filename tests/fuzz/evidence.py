"""The figures of the fuzzing of every decoder, for the evidence table.

Knows the campaigns and how many messages belong to a short and a long form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from tests.fuzz.journal_rows import fuzz_journals
from tests.fuzz.modbus_replies import fuzz_rtu, fuzz_tcp
from tests.fuzz.mutation import Tally
from tests.fuzz.reader_lines import fuzz_lines, fuzz_text
from tests.fuzz.register_blocks import fuzz_registers

LONG = 1_000_000

CAMPAIGNS: Mapping[str, Callable[[int], Tally]] = {
    "modbus tcp": lambda frames: asyncio.run(fuzz_tcp(frames)),
    "modbus rtu": lambda frames: asyncio.run(fuzz_rtu(frames)),
    "registers": fuzz_registers,
    "reader bytes": fuzz_lines,
    "reader text": fuzz_text,
    "journal rows": fuzz_journals,
}
"""Every decoder that takes what others wrote, by name."""

SHORT: Mapping[str, int] = {
    "modbus tcp": 30_000,
    "modbus rtu": 20_000,
    "registers": 20_000,
    "reader bytes": 40_000,
    "reader text": 40_000,
    "journal rows": 10_000,
}
"""Messages at every push."""


def fuzz(long: bool = False) -> dict[str, int]:
    """Messages put before the decoders, exceptions that nobody caught, wrong decisions to accept."""
    total = {"frames": 0, "uncaught": 0, "wrong_accepts": 0}
    for name, campaign in CAMPAIGNS.items():
        tally = campaign(LONG if long else SHORT[name])
        for key in total:
            total[key] += getattr(tally, key)
    return total
