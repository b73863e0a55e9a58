"""The registers and bits that a PLC shows on Modbus, one memory for each unit.

Knows function codes 1 to 6, 16 and 23. Does not know frames: Modbus TCP and RTU both stand on it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from hil_tests.simplc.wire.io_list import Place, Plain, Plc, PlcValue, Row, from_words, place_of, to_words

BIT_PATTERNS = ("PATTERN_DI", "PATTERN_CO")
"""Tags that show the PLC's pattern among its bits."""

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


class RegisterMemory:
    """One unit of one PLC: what it tells follows `plc.values`, what it takes is what was written.

    The tables of bits lie in memory as one byte a bit.
    """

    def __init__(self, plc: Plc, rows: Iterable[Row], unit: int, default: int = 1) -> None:
        self._plc = plc
        self._tables: dict[str, bytearray] = {"ir": bytearray(), "hr": bytearray()}
        self._bits: dict[str, bytearray] = {"di": bytearray(), "co": bytearray()}
        self._shown: list[tuple[Place, Row]] = []
        self._written: list[tuple[Place, Row]] = []
        for row in rows:
            place = place_of(row, default)
            if place.unit == unit:
                (self._written if row.written else self._shown).append((place, row))
                bits = place.table in self._bits
                table = self._bits[place.table] if bits else self._tables[place.table]
                end = place.register + _bits_of(row) if bits else 2 * (place.register + row.words)
                table.extend(bytes(max(0, end - len(table))))
        self._written.sort(key=lambda item: item[0].register)
        self._last: dict[str, PlcValue] = {}
        self._ranges: dict[tuple[str, int, int], list[tuple[Place, Row]]] = {}

    def answer(self, pdu: bytes) -> bytes:
        """The reply PDU to a request PDU."""
        function = pdu[0]
        try:
            if function in (1, 2) and len(pdu) == 5:
                return self._read_bits(function, "co" if function == 1 else "di", *struct.unpack(">HH", pdu[1:]))
            if function == 5 and len(pdu) == 5:
                self._write_coil(*struct.unpack(">HH", pdu[1:]))
                return pdu
            if function in (3, 4) and len(pdu) == 5:
                return self._read(function, "hr" if function == 3 else "ir", *struct.unpack(">HH", pdu[1:]))
            if function == 6 and len(pdu) == 5:
                self._write(struct.unpack(">H", pdu[1:3])[0], pdu[3:5])
                return pdu
            if function == 16 and len(pdu) >= 8:
                return self._write_many(pdu)
            if function == 23 and len(pdu) >= 12:
                return self._write_and_read(pdu)
        except IllegalAddress:
            return bytes((function | 0x80, ILLEGAL_ADDRESS))
        except IllegalValue:
            return bytes((function | 0x80, ILLEGAL_VALUE))
        return bytes((function | 0x80, ILLEGAL_FUNCTION))

    def _write_many(self, pdu: bytes) -> bytes:
        start, count, size = struct.unpack(">HHB", pdu[1:6])
        if not 1 <= count <= 123 or size != 2 * count or len(pdu) != 6 + size:
            raise IllegalValue
        self._write(start, pdu[6:])
        return pdu[:5]

    def _write_and_read(self, pdu: bytes) -> bytes:
        read_start, read_count, start, count, size = struct.unpack(">HHHHB", pdu[1:10])
        if not 1 <= count <= 121 or size != 2 * count or len(pdu) != 10 + size:
            raise IllegalValue
        self._write(start, pdu[10:])
        return self._read(23, "hr", read_start, read_count)

    def _read(self, function: int, name: str, start: int, count: int) -> bytes:
        if not 1 <= count <= 125:
            raise IllegalValue
        table = self._tables[name]
        if 2 * (start + count) > len(table):
            raise IllegalAddress
        self._refresh(name, start, count)
        return bytes((function, 2 * count)) + table[2 * start : 2 * (start + count)]

    def _read_bits(self, function: int, name: str, start: int, count: int) -> bytes:
        if not 1 <= count <= 2000:
            raise IllegalValue
        bits = self._bits[name]
        if start + count > len(bits):
            raise IllegalAddress
        self._refresh(name, start, count)
        asked = bits[start : start + count]
        octets = bytes(sum(bit << at for at, bit in enumerate(asked[i : i + 8])) for i in range(0, count, 8))
        return bytes((function, len(octets))) + octets

    def _write_coil(self, number: int, value: int) -> None:
        row = next((row for place, row in self._written if (place.table, place.register) == ("co", number)), None)
        if row is None:
            raise IllegalAddress
        if value not in (0, 0xFF00):
            raise IllegalValue
        self._bits["co"][number] = value != 0
        self._plc.write({row.tag: value != 0})

    def _refresh(self, name: str, start: int, count: int) -> None:
        key = (name, start, count)
        if key not in self._ranges:
            self._ranges[key] = [
                (place, row)
                for place, row in self._shown
                if place.table == name
                and place.register < start + count
                and place.register + (_bits_of(row) if name in self._bits else row.words) > start
            ]
        values, last = self._plc.values, self._last
        for place, row in self._ranges[key]:
            value = values.get("PATTERN" if row.tag in BIT_PATTERNS else row.tag, 0)
            if row.tag in last and last[row.tag] == value:
                continue
            last[row.tag] = value
            words = to_words(row, value)
            if name in self._bits:
                shown = words if row.base == "bool" else [words[0] >> at & 1 for at in range(16)]
                self._bits[name][place.register : place.register + len(shown)] = bytes(shown)
            else:
                _show(self._tables[name], place, row, words)

    def _write(self, start: int, data: bytes) -> None:
        table, end = self._tables["hr"], start + len(data) // 2
        touched = [
            (place, row)
            for place, row in self._written
            if place.table == "hr" and place.register < end and place.register + row.words > start
        ]
        if 2 * end > len(table) or not touched:
            raise IllegalAddress
        table[2 * start : 2 * end] = data
        written: dict[str, Plain] = {}
        for place, row in touched:
            raw = table[2 * place.register : 2 * (place.register + row.words)]
            written[row.tag] = from_words(row, list(struct.unpack(f">{row.words}H", raw)))
        self._plc.write(written)


def _bits_of(row: Row) -> int:
    return 1 if row.base == "bool" else 16


def _show(table: bytearray, place: Place, row: Row, words: list[int]) -> None:
    at = 2 * place.register
    if place.bit < 0:
        table[at : at + 2 * len(words)] = struct.pack(f">{len(words)}H", *words)
        return
    bit = place.bit ^ 8 if row.order in ("BADC", "DCBA") else place.bit
    word = (table[at] << 8) | table[at + 1]
    word = word | (1 << bit) if words[0] else word & ~(1 << bit)
    table[at : at + 2] = word.to_bytes(2, "big")


class IllegalAddress(Exception):
    """A request for a register that the unit does not have."""


class IllegalValue(Exception):
    """A request whose counts do not fit."""
