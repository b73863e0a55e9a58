"""A Modbus server, TCP or RTU, that is libmodbus: one JSON object a line in, one answer a line out.

Knows the library's C functions. Does not know tags; every byte on the wire is the library's.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import socket
import sys
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_int, c_uint8, c_uint16, c_void_p
from typing import Any

_LONGEST = 260


class _Mapping(ctypes.Structure):
    """`modbus_mapping_t` of libmodbus 3.1: sizes and starts of the four tables, then the tables."""

    _fields_ = (
        *((name, c_int) for name in ("nb_bits", "start_bits", "nb_input_bits", "start_input_bits")),
        *((name, c_int) for name in ("nb_ir", "start_ir", "nb_hr", "start_hr")),
        ("co", POINTER(c_uint8)),
        ("di", POINTER(c_uint8)),
        ("ir", POINTER(c_uint16)),
        ("hr", POINTER(c_uint16)),
    )


_TAKES = {
    "modbus_new_tcp": (c_void_p, [c_char_p, c_int]),
    "modbus_new_rtu": (c_void_p, [c_char_p, c_int, ctypes.c_char, c_int, c_int]),
    "modbus_mapping_new": (POINTER(_Mapping), [c_int, c_int, c_int, c_int]),
    "modbus_tcp_listen": (c_int, [c_void_p, c_int]),
    "modbus_set_slave": (c_int, [c_void_p, c_int]),
    "modbus_set_socket": (c_int, [c_void_p, c_int]),
    "modbus_get_socket": (c_int, [c_void_p]),
    "modbus_connect": (c_int, [c_void_p]),
    "modbus_receive": (c_int, [c_void_p, POINTER(c_uint8)]),
    "modbus_reply": (c_int, [c_void_p, POINTER(c_uint8), c_int, POINTER(_Mapping)]),
}


class LibmodbusPlc:
    """One server; whoever runs it calls `serve`."""

    def __init__(self, library: str) -> None:
        self._lib: Any = ctypes.CDLL(library, use_errno=True)
        for name, (result, arguments) in _TAKES.items():
            function = getattr(self._lib, name)
            function.restype, function.argtypes = result, arguments
        self._ready = selectors.DefaultSelector()
        self._ready.register(sys.stdin.fileno(), selectors.EVENT_READ)
        self._typed = b""
        self._context: Any = None
        self._tables: Any = None
        self._listener = -1
        self._clients: dict[int, socket.socket] = {}

    def serve(self) -> None:
        """Answer commands and requests until the commands end."""
        while True:
            for key, _ in self._ready.select():
                if key.fd == sys.stdin.fileno():
                    if not self._commanded():
                        return
                elif key.fd == self._listener:
                    self._accept()
                else:
                    self._answer(key.fd)

    def start(
        self,
        ir: list[int],
        hr: list[int],
        port: int = 0,
        path: str = "",
        unit: int = 1,
        di: Sequence[int] = (),
        co: Sequence[int] = (),
    ) -> dict[str, int]:
        """Listen on a TCP port of the loopback, or on the serial port at `path` as that unit."""
        self._tables = self._lib.modbus_mapping_new(len(co), len(di), len(hr), len(ir))
        for table, words in (("ir", ir), ("hr", hr), ("di", di), ("co", co)):
            self.set(table, 0, words)
        if path:
            self._context = self._lib.modbus_new_rtu(path.encode(), 115200, b"N", 8, 1)
            self._lib.modbus_set_slave(self._context, unit)
            self._sure(self._lib.modbus_connect(self._context))
            self._ready.register(self._lib.modbus_get_socket(self._context), selectors.EVENT_READ)
            return {}
        self._context = self._lib.modbus_new_tcp(b"127.0.0.1", port)
        self._listener = self._sure(self._lib.modbus_tcp_listen(self._context, 5))
        self._ready.register(self._listener, selectors.EVENT_READ)
        with socket.socket(fileno=os.dup(self._listener)) as listener:
            return {"port": int(listener.getsockname()[1])}

    def set(self, table: str, at: int, words: Sequence[int]) -> dict[str, int]:
        """Show words, or bits, in a table."""
        for place, word in enumerate(words):
            getattr(self._tables.contents, table)[at + place] = word
        return {}

    def get(self, table: str, at: int, count: int) -> dict[str, list[int]]:
        """What stands in a table."""
        return {"words": list(getattr(self._tables.contents, table)[at : at + count])}

    def _commanded(self) -> bool:
        more = os.read(sys.stdin.fileno(), 1 << 16)
        *lines, self._typed = (self._typed + more).split(b"\n")
        for line in lines:
            command = json.loads(line)
            sys.stdout.write(json.dumps(getattr(self, command.pop("do"))(**command)) + "\n")
            sys.stdout.flush()
        return bool(more)

    def _accept(self) -> None:
        with socket.socket(fileno=os.dup(self._listener)) as listener:
            client, _ = listener.accept()
        self._clients[client.fileno()] = client
        self._ready.register(client.fileno(), selectors.EVENT_READ)

    def _answer(self, fd: int) -> None:
        if fd in self._clients:
            self._lib.modbus_set_socket(self._context, fd)
        query = (c_uint8 * _LONGEST)()
        size = self._lib.modbus_receive(self._context, query)
        if size > 0:
            self._lib.modbus_reply(self._context, query, size, self._tables)
        elif size < 0 and fd in self._clients:
            self._ready.unregister(fd)
            self._clients.pop(fd).close()

    def _sure(self, result: int) -> int:
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result


if __name__ == "__main__":
    LibmodbusPlc(sys.argv[1]).serve()
