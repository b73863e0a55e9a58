"""How each fault of the wire strikes a station in the middle of a swap, and how it ends.

Knows toxics, doors and processes. Does not know steps, nor how the station must react beyond "nobody notices".
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hil_tests.faults import toxics_modbus as modbus
from hil_tests.faults import toxics_opcua as opcua
from hil_tests.faults import toxics_serial as serial
from hil_tests.faults.aim import ALWAYS, Aim, Places
from hil_tests.faults.struck_swap import StruckSwap
from station_ctl.core.orders import ORDER_TTL_MS

TOO_LATE = ORDER_TTL_MS / 1000 + 0.3
"""A delay after which an order has expired, s."""

FAST = range(40)
"""Registers that are read in every scan, of all Modbus PLCs."""

Act = Callable[[StruckSwap, str], Awaitable[None]]


@dataclass(frozen=True)
class Strike:
    """One way a fault of the catalogue strikes the link of a step.

    `on_order`: it waits for the next order to that PLC instead of acting at once. `calm`: nobody notices.
    `everywhere`: it is no matter of one link.
    """

    code: str
    name: str
    begin: Act
    end: Act
    on_order: bool = False
    calm: bool = False
    everywhere: bool = False

    @property
    def key(self) -> str:
        """The name of its case."""
        return f"{self.code} {self.name}"


async def _relent(it: StruckSwap, link: str) -> None:
    it.proxies[link].relent()


def _spoils(
    code: str,
    name: str,
    toxic: Callable[[], Any],
    functions: set[object],
    places: Places | None = None,
    times: int = ALWAYS,
    **more: Any,
) -> Strike:
    """A toxic, made anew for each strike."""

    async def begin(it: StruckSwap, link: str) -> None:
        it.proxies[link].strike(toxic(), Aim(functions, places, times=times))

    return Strike(code, name, begin, _relent, **more)


def _reads(code: str, name: str, toxic: Any, **more: Any) -> Strike:
    return _spoils(code, name, lambda: toxic, {3, 4}, **more)


def _order(code: str, name: str, toxic: Any) -> Strike:
    """Both channels of a PLC begin with their number (hr:0, hr:32)."""
    return _spoils(code, name, lambda: toxic, {16}, range(33), times=1, on_order=True)


def _door(code: str, name: str, act: str) -> Strike:
    async def begin(it: StruckSwap, link: str) -> None:
        door = it.proxies[link].door  # type: ignore[union-attr]
        if act == "revolving":
            door.revolving = True
            door.cut()
        else:
            getattr(door, act)()

    async def end(it: StruckSwap, link: str) -> None:
        door = it.proxies[link].door  # type: ignore[union-attr]
        door.revolving = False
        await door.open()

    return Strike(code, name, begin, end)


async def _stop_process(it: StruckSwap, link: str) -> None:
    os.kill(it.plant_pid, signal.SIGSTOP)


async def _continue_process(it: StruckSwap, link: str) -> None:
    await asyncio.sleep(TOO_LATE)
    os.kill(it.plant_pid, signal.SIGCONT)


async def _restart_plc(it: StruckSwap, link: str) -> None:
    await it.plant.ask(cmd="fault", name="plc-restart", plc=link, seconds=0.5)


async def _nothing(it: StruckSwap, link: str) -> None:
    """It ends by itself."""


MODBUS_STRIKES = (
    _door("M01", "refused", "shut"),
    _door("M02", "no answer to SYN", "wall_up"),
    _order("M03", "at the order", modbus.reset_before_reply),
    _reads("M04", "at a scan", modbus.reset_mid_frame, times=1),
    _order("M05", "at the order", modbus.fin_after_request),
    _reads("M06", "at a scan", modbus.silence),
    _order("M06", "at the order", modbus.silence),
    _order("M06", "the order itself is lost", modbus.swallowed),
    Strike("M07", "the process is stopped", _stop_process, _continue_process, everywhere=True),
    _order("M07", "the order comes too late", modbus.delivered_late(TOO_LATE)),
    _reads("M08", "a fifth of the time-out", modbus.late(0.05), places=FAST, times=20, calm=True),
    _reads("M08", "beyond the time-out", modbus.late(0.6), times=1),
    _reads("M09", "up to a fifth", modbus.jitter(0.05), places=FAST, times=20, calm=True),
    _reads("M10", "at a scan", modbus.drip(0.1), times=1),
    _spoils("M11", "each byte alone", lambda: modbus.split, {3, 4, 6, 16}, times=40, calm=True),
    _reads("M12", "at a scan", modbus.unit(), times=1),
    _order("M13", "at the order", modbus.function(6)),
    _reads("M14", "registers missing", modbus.registers(-1), times=1),
    _reads("M15", "stale", modbus.transaction(lambda tid: tid - 1), times=1),
    _order("M16", "at the order", modbus.twice),
    _spoils("M17", "at forty scans", modbus.Previous, {3, 4}, times=40),
    _reads("M18", "at a scan", modbus.protocol(1), times=1),
    _reads("M19", "65535", modbus.length(65535), times=1),
    _reads("M20", "busy once", modbus.exception(6), times=1, calm=True),
    _reads("M20", "busy at every scan", modbus.exception(6)),
    _order("M20", "busy at the order", modbus.exception(6)),
    _order("M20", "called busy and done", modbus.exception(6, done=True)),
    _order("M20", "failure at the order", modbus.exception(4)),
    _order("M21", "at the order", modbus.echo()),
    _reads("M22", "13 MB", modbus.garbage(13), times=1),
    _door("M23", "accepted and closed", "revolving"),
    Strike("M24", "restarted", _restart_plc, _nothing),
    _reads("M24", "zeroed", modbus.zeroed),
    _spoils("M24", "retained", modbus.Retained, {3, 4}),
)


def _ua(code: str, name: str, toxic: Callable[[], Any], **more: Any) -> Strike:
    return _spoils(code, name, toxic, {"Read"}, **more)


def _ua_order(code: str, name: str, toxic: Any, tag: str = "CMD_ID", *, calm: bool = False) -> Strike:
    return _spoils(code, name, lambda: toxic, {"Write"}, frozenset({tag}), times=1, on_order=True, calm=calm)


def _commit(code: str, name: str, toxic: Any, *, calm: bool = False) -> Strike:
    return _ua_order(code, name, toxic, "CMD_COMMIT", calm=calm)


def _cut_and(toxic: Callable[[], Any]) -> Act:
    async def begin(it: StruckSwap, link: str) -> None:
        proxy = it.proxies[link]
        proxy.strike(toxic(), Aim({"Read"}))
        proxy.door.cut()  # type: ignore[union-attr]

    return begin


OPCUA_STRIKES = (
    _door("O01", "refused", "shut"),
    _ua("O02", "communication", lambda: opcua.status("BadCommunicationError", {"EPOCH"})),
    _ua("O02", "sensor failure", lambda: opcua.status("BadSensorFailure", {"EPOCH"})),
    _ua("O03", "last usable", lambda: opcua.status("UncertainLastUsableValue", {"EPOCH"})),
    _ua("O04", "all values", opcua.frozen),
    _ua("O05", "source", lambda: opcua.stamped(timedelta(0), moving=False), times=20, calm=True),
    _ua("O06", "heartbeat", lambda: opcua.frozen({"HB_PLC"})),
    _ua("O07", "a day behind", lambda: opcua.stamped(timedelta(days=-1)), times=20, calm=True),
    _ua("O07", "a day ahead", lambda: opcua.stamped(timedelta(days=1)), times=20, calm=True),
    _ua("O08", "old answers", opcua.frozen),
    _ua("O09", "silence", lambda: opcua.silence),
    _ua("O11", "session unknown", lambda: opcua.fault("BadSessionIdInvalid"), times=1),
    Strike("O12", "nodes gone", _cut_and(lambda: opcua.status("BadNodeIdUnknown", {"X_MM"})), _relent),
    Strike("O12", "restarted", _restart_plc, _nothing),
    _ua("O13", "at a scan", lambda: opcua.fault("BadTooManyOperations"), times=1),
    _ua_order("O13", "at the order", opcua.fault("BadTooManyOperations")),
    _ua_order("O14", "block taken, called bad", opcua.applied_but("BadInternalError")),
    _commit("O14", "commit taken, called bad", opcua.applied_but("BadInternalError"), calm=True),
    _commit("O14", "commit taken, called refused", opcua.applied_but("BadUserAccessDenied"), calm=True),
    _ua_order("O15", "block lost, called good", opcua.not_applied),
    _commit("O15", "commit lost, called good", opcua.not_applied),
    _commit("O16", "the commit comes too late", opcua.delivered_late(TOO_LATE)),
    _ua("O18", "100 MB", lambda: opcua.huge(100), times=1),
    _ua("O18", "chunks", lambda: opcua.chunks(2000), times=1),
)


def _bus(code: str, name: str, toxic: Any) -> Strike:
    """Both units of the bus, as long as it lasts."""
    return _spoils(code, name, lambda: toxic, {1, 2}, calm=True)


async def _unplug(it: StruckSwap, link: str) -> None:
    it.proxies[link].port.unplug()  # type: ignore[union-attr]


async def _plug(it: StruckSwap, link: str) -> None:
    it.proxies[link].port.plug()  # type: ignore[union-attr]


SERIAL_STRIKES = (
    _bus("T01", "one bit", serial.flipped(37)),
    _bus("T02", "one byte", serial.truncated(1)),
    _bus("T03", "echo", serial.echo),
    _bus("T04", "noise", serial.noise(b"\xff\x00\x55")),
    _bus("T05", "pauses", serial.gaps(0.002)),
    _bus("T06", "late", serial.late(0.5)),
    _bus("T07", "other slave", serial.other_slave(3)),
    Strike("T08", "unplugged", _unplug, _plug, calm=True),
    _bus("T09", "twice as fast", serial.other_baud(2.0)),
)
