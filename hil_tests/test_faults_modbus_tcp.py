"""Each fault of the Modbus TCP list between link and PLC: what the image shows meanwhile, and that the link recovers.

The whole station under the same faults stands in test_faults_in_swaps.py.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest

from drivers import backoff
from drivers.backoff import BackOff
from drivers.block_plan import PlannedWrite
from drivers.modbus import TcpChannel, write_question
from drivers.modbus_tcp import ModbusTcpLink
from hil_tests.faults import toxics_modbus as toxic
from hil_tests.faults.aim import Aim
from hil_tests.faults.fault import Reaction
from hil_tests.faults.modbus_wire import LIFT, PATIENT, RACK, wire
from hil_tests.faults.outcome import Outcome
from hil_tests.faults.proxy_modbus import Exchange, Toxic
from hil_tests.link_bench import (
    BarePlc,
    order,
    rows,
    until,
    until_fault,
    until_usable,
)
from hil_tests.simplc.wire.io_list import PlcValue
from hil_tests.simplc.wire.registers import RegisterMemory
from station_ctl.core.links import NotSent

READS = frozenset({3, 4})

Record = Callable[[str, object], None]


# ---- wrong or missing answers to a scan: the fault in words, nothing false believed, and recovery ----------
STOPS: dict[str, tuple[str, Toxic, str]] = {
    "M03": ("M03", toxic.reset_before_reply, "connection lost"),
    "M04": ("M04", toxic.reset_mid_frame, "connection lost"),
    "M05": ("M05", toxic.fin_after_request, "connection lost"),
    "M06": ("M06", toxic.silence, "no answer within 250 ms"),
    "M08 beyond the time-out": ("M08", toxic.late(0.6), "no answer within 250 ms"),
    "M10": ("M10", toxic.drip(0.1), "no answer within 250 ms"),
    "M12": ("M12", toxic.unit(), "answered by unit 2"),
    "M13": ("M13", toxic.function(3), "answered with function 03"),
    "M14 count high": ("M14", toxic.byte_count(2), "byte count"),
    "M14 count low": ("M14", toxic.byte_count(-2), "byte count"),
    "M14 registers missing": ("M14", toxic.registers(-1), "bytes, needs"),
    "M14 registers too many": ("M14", toxic.registers(1), "bytes, needs"),
    "M15 zero": ("M15", toxic.transaction(lambda tid: 0), "transaction id 0, which nobody asked"),
    "M15 stale": ("M15", toxic.transaction(lambda tid: tid - 1), "which nobody asked"),
    "M15 future": ("M15", toxic.transaction(lambda tid: tid + 1000), "which nobody asked"),
    "M16": ("M16", toxic.twice, "which nobody asked"),
    "M18": ("M18", toxic.protocol(1), "no Modbus header (protocol 1"),
    "M19 nothing": ("M19", toxic.length(0), "no Modbus header (protocol 0, length 0)"),
    "M19 65535": ("M19", toxic.length(65535), "no Modbus header (protocol 0, length 65535)"),
    "M19 longer": ("M19", toxic.length(254), ""),
    "M19 shorter": ("M19", toxic.length(4), ""),
    "M24 zeroed": ("M24", toxic.zeroed, "MAGIC is 0, needs 23205"),
}


@pytest.mark.parametrize("case", STOPS)
async def test_what_is_no_answer_is_a_fault_in_words_and_over_when_it_ends(
    case: str, record_property: Record
) -> None:
    code, what, words = STOPS[case]
    async with wire() as it:
        accepted = it.proxy.door.accepted
        it.proxy.strike(what, Aim(READS))
        await until_fault(it.link, words or it.link.name)
        if what is not toxic.zeroed:
            await until(lambda: it.proxy.door.accepted > accepted, "a new connection was tried")
        await it.recovers()
    Outcome(code, 0, Reaction.HOLD).record(record_property)


async def test_a_flood_of_garbage_is_not_kept(
    record_property: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    received = TcpChannel.data_received

    def note(channel: TcpChannel, data: bytes) -> None:
        received(channel, data)
        kept.append(len(channel._received))

    monkeypatch.setattr(TcpChannel, "data_received", note)
    async with wire() as it:
        kept.clear()
        it.proxy.strike(toxic.garbage(13), Aim(READS))
        await until_fault(it.link, "no Modbus header")
        await it.recovers()
    # One read of the socket at most, never the 13 MB.
    assert max(kept) <= 256 * 1024
    Outcome("M22", 0, Reaction.HOLD).record(record_property)


# ---- connecting --------------------------------------------------------------------------------------------
async def test_a_refused_connection_is_named_and_tried_again(record_property: Record) -> None:
    async with wire() as it:
        it.proxy.door.shut()
        await until_fault(it.link, "Connect call failed")
        await it.proxy.door.open()
        await it.recovers()
    Outcome("M01", 0, Reaction.HOLD).record(record_property)


async def test_a_port_that_says_nothing_is_named_and_tried_again(record_property: Record) -> None:
    async with wire() as it:
        it.proxy.door.wall_up()
        await until_fault(it.link, "no connection within 250 ms")
        await it.proxy.door.open()
        await it.recovers()
    Outcome("M02", 0, Reaction.HOLD).record(record_property)


async def test_a_thousand_connections_taken_and_closed_leave_nothing_behind(
    record_property: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "_LEAST", 0.0005)
    monkeypatch.setattr(BackOff, "next", lambda self, took=0.0: 0.0005)
    async with wire() as it:
        it.proxy.door.revolving = True
        it.proxy.door.cut()
        descriptors = len(os.listdir("/proc/self/fd"))
        accepted = it.proxy.door.accepted
        await until(lambda: it.proxy.door.accepted > accepted + 1000, "a thousand connections")
        assert len(os.listdir("/proc/self/fd")) <= descriptors + 8
        it.proxy.door.revolving = False
        await it.recovers()
    Outcome("M23", 0, Reaction.HOLD).record(record_property)


async def test_connections_that_are_closed_at_once_are_tried_ever_less_often() -> None:
    """Each of the two connections waits for its back-off, whatever the PLC does with the one before."""
    waits: list[float] = []
    wait = BackOff.next

    def note(self: BackOff, took: float = 0.0) -> float:
        waits.append(wait(self, took))
        return waits[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BackOff, "next", note)
        async with wire() as it:
            it.proxy.door.revolving = True
            it.proxy.door.cut()
            await until(lambda: len(waits) >= 12, "six attempts of each connection")
            it.proxy.door.revolving = False
            await it.recovers()
    assert all(wait > 0.1 for wait in waits[8:12]), waits


# ---- nothing but time and segments -------------------------------------------------------------------------
CALM: dict[str, tuple[str, Toxic]] = {
    "M08 a fifth of the time-out": ("M08", toxic.late(0.05)),
    "M08 most of the time-out": ("M08", toxic.late(0.2)),
    "M09": ("M09", toxic.jitter(0.05)),
    "M11 each byte alone": ("M11", toxic.split),
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.long if "most" in case else ()) for case in CALM]
)
async def test_slow_and_cut_up_answers_are_good_answers(case: str, record_property: Record) -> None:
    code, what = CALM[case]
    async with wire(PATIENT) as it:
        it.proxy.strike(what)
        connection = it.link.snapshot.connection
        await it.scans(5)
        await it.link.write(order(), commit="CMD_COMMIT")
        assert it.plc.written == [order()]
        assert it.link.snapshot.connection == connection
        assert it.proxy.struck > 5
        await it.recovers()
    Outcome(code, 0, Reaction.TRANSPARENT).record(record_property)


async def test_two_answers_in_one_segment_are_two_answers(record_property: Record) -> None:
    async with wire(PATIENT) as it:
        it.proxy.strike(toxic.Merged(), Aim({16, 6}, times=2))
        ordered = asyncio.create_task(it.link.write(order(), commit="CMD_COMMIT"))
        await until(lambda: it.proxy.struck == 1, "the order waits for its answer")
        # The scan connection is kept busy, so that the stop goes out beside the waiting order.
        stop = asyncio.create_task(it.link._command.ask(write_question(_stop(it.link)), PATIENT, urgent=True))  # type: ignore[union-attr]
        await asyncio.gather(ordered, stop)
        assert it.plc.written == [order(), {"STOP_REQ": 1}]
        await it.scans()
    Outcome("M11", 0, Reaction.TRANSPARENT).record(record_property)


def _stop(link: ModbusTcpLink) -> PlannedWrite:
    where = link._targets["STOP_REQ"]
    return PlannedWrite(where.unit, where.number, b"\0\1", ("STOP_REQ",))


# ---- late answers ------------------------------------------------------------------------------------------
async def test_the_answer_to_the_question_before_answers_nothing(record_property: Record) -> None:
    async with wire(PATIENT) as it:
        it.proxy.strike(toxic.Previous(), Aim(READS))
        await until_fault(it.link, "which nobody asked")
        await it.recovers()
    Outcome("M17", 0, Reaction.HOLD).record(record_property)


async def test_a_late_answer_finds_nobody(record_property: Record) -> None:
    """It comes when its connection is gone and a new one asks already; no value ever is what it says."""
    async with wire() as it:
        for _ in range(2):
            connection = it.link.snapshot.connection
            it.proxy.strike(toxic.late(0.5), Aim(READS, times=1))
            await until(lambda c=connection: it.link.snapshot.connection > c, "a new connection")
            for tag, value in it.plc.values.items():
                if isinstance(value, bool):
                    it.plc.values[tag] = not value
            it.lies.clear()  # what was read before the change
            await it.scans()
            it.lies.clear()
            await asyncio.sleep(0.5)
            assert it.lies == []
        await it.recovers()
    Outcome("M17", 0, Reaction.HOLD).record(record_property)


# ---- exceptions --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", (1, 2, 3, 4, 5, 6, 10, 11))
async def test_an_exception_to_a_scan_is_named_and_costs_no_connection(
    number: int, record_property: Record
) -> None:
    async with wire() as it:
        connection, accepted = it.link.snapshot.connection, it.proxy.door.accepted
        it.proxy.strike(toxic.exception(number), Aim(READS))
        await until_fault(it.link, f"exception {number} (")
        await it.recovers()
        assert (it.link.snapshot.connection, it.proxy.door.accepted) == (connection, accepted)
    Outcome("M20", 0, Reaction.HOLD).record(record_property)


@pytest.mark.parametrize(("number", "calm"), [(5, True), (6, True), (4, False)])
async def test_a_plc_that_is_busy_for_two_scans_is_asked_again(
    number: int, calm: bool, record_property: Record
) -> None:
    faults: list[str] = []
    async with wire() as it:
        it.link.on_scan(lambda snapshot: faults.append(snapshot.fault) if snapshot.fault else None)
        it.proxy.strike(toxic.exception(number), Aim(READS, range(40), times=2))
        await until(lambda: it.proxy.struck == 2, "two refused scans")
        await it.recovers()
        assert (faults == []) == calm
    if calm:
        Outcome("M20", 0, Reaction.TRANSPARENT).record(record_property)


# ---- a PLC that was restarted ------------------------------------------------------------------------------
@pytest.mark.parametrize("memory", ["zeroed", "retained"])
async def test_a_restarted_server_is_another_connection_and_believed_when_it_is_the_right_one(
    memory: str, record_property: Record
) -> None:
    """Zeroed registers prove no identity; retained ones do, but their heartbeat stands until the program runs."""
    async with wire() as it:
        it.plc.beat()
        await until(lambda: it.link.snapshot.alive_at > 0, "the heartbeat is seen")
        connection, right = it.link.snapshot.connection, dict(it.plc.values)
        await it.server.stop()
        await until_fault(it.link, "connect")
        if memory == "zeroed":
            it.plc.values = {tag: _nothing(value) for tag, value in right.items()}
        it.server.memory = RegisterMemory(it.plc, rows(LIFT), 1)
        await it.server.start()
        if memory == "zeroed":
            # A publication in the middle of the first pass tells of the lost connection and of the zero.
            await until(
                lambda: (it.link.snapshot.fault or "").startswith("MAGIC is 0, needs 23205"),
                "only the identity is wrong",
            )
            with pytest.raises(NotSent, match="MAGIC is 0"):
                await it.link.write(order(), commit="CMD_COMMIT")
            it.plc.values = right
        await until_usable(it.link)
        assert it.link.snapshot.connection > connection
        alive = it.link.snapshot.alive_at
        await it.scans()
        assert it.link.snapshot.alive_at == alive, "a heartbeat that stands proves nothing"
        await it.recovers()
    Outcome("M24", 0, Reaction.HOLD).record(record_property)


@pytest.mark.parametrize("which", [LIFT, RACK])
async def test_a_plc_that_starts_between_two_questions_shows_no_zero_as_a_value(
    which: str, record_property: Record
) -> None:
    """From the n-th question on, a few are answered with zeroes; then its program runs in a new life."""
    async with wire(which=which) as it:
        for spared in range(7):
            for zeroes in (1, 3):
                it.proxy.strike(_Start(it.plc, zeroes), Aim(READS, spared=spared, times=zeroes))
                await until(lambda n=zeroes: it.proxy.struck >= n, "the PLC started")
                it.good = 0
                await until(lambda: it.good >= 2, f"usable again: {it.link.snapshot.fault}")
                it.proxy.relent()
                assert it.lies == [], f"start at question {spared}, {zeroes} answers of zeroes"
        assert it.link.snapshot.connection == 2, "the connections stood all the time"
        await it.recovers()
    Outcome("M24", 0, Reaction.HOLD).record(record_property)


class _Start:
    """A PLC that starts: zeroes to so many questions, then the right values in its next life."""

    def __init__(self, plc: BarePlc, zeroes: int) -> None:
        self._plc, self._left = plc, zeroes

    async def __call__(self, x: Exchange) -> None:
        self._left -= 1
        if self._left == 0:
            self._plc.values["EPOCH"] = int(str(self._plc.values["EPOCH"])) + 1
        await toxic.zeroed(x)


def _nothing(value: PlcValue) -> PlcValue:
    if isinstance(value, tuple):
        return tuple(_nothing(item) for item in value)  # type: ignore[return-value]
    return "" if isinstance(value, str) else type(value)(0)
