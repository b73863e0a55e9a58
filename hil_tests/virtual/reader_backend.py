"""The simulated pack-id reader as a PLC program for a link without a wire.

Knows the reader's tags. Does not know serial lines.
"""

from __future__ import annotations

from typing import Any

from drivers.pack_id_reader_pr1 import IO_LIST
from hil_tests.simplc.reader import Reader


class ReaderBackend:
    """The newest line per head, as the tags of our reader link; empty where a head sees no pack."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def values(self) -> dict[str, Any]:
        """Codes in view."""
        seen = self._reader.values
        return {tag: "" if seen[tag] == "-" else seen[tag] for tag in IO_LIST}

    @property
    def online(self) -> bool:
        """Whether the reader has power and line."""
        return self._reader.online

    @property
    def boot_id(self) -> int:
        """Counts starts of the reader."""
        return self._reader.boot_id

    def write(self, values: dict[str, Any]) -> None:
        """A reader takes no writes."""
        raise AssertionError(f"the reader was written: {values}")
