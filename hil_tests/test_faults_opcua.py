"""Each fault of the OPC UA list between link and PLC: what the image shows meanwhile, and that the link recovers.

The whole station under the same faults stands in test_faults_in_swaps.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asyncua.client.ua_client import UASocketProtocol

from hil_tests.faults import toxics_opcua as toxic
from hil_tests.faults.aim import Aim
from hil_tests.faults.fault import Reaction
from hil_tests.faults.opcua_wire import PATIENT, serve, wire
from hil_tests.faults.outcome import Outcome
from hil_tests.link_bench import (
    order,
    until,
    until_fault,
)
from hil_tests.simplc.wire.io_list import Row
from hil_tests.simplc.wire.opcua_server import OpcUaServer
from station_ctl.core.links import OutcomeUnknown, WriteRefused
from station_ctl.core.points import ScanClass

pytestmark = pytest.mark.asyncio(loop_scope="module")

A_DAY = timedelta(days=1)

Record = Callable[[str, object], None]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[OpcUaServer]:
    async for made in serve([]):
        yield made


# ---- a request that gets no usable answer ------------------------------------------------------------------
STOPS: dict[str, tuple[str, Any, str]] = {
    "O09": ("O09", toxic.silence, "no answer in time"),
    "O09 reset": ("O09", toxic.reset_before_reply, "connection lost"),
    "O11 id unknown": ("O11", toxic.fault("BadSessionIdInvalid"), "session"),
    "O11 closed": ("O11", toxic.fault("BadSessionClosed"), "session"),
    "O13": ("O13", toxic.fault("BadTooManyOperations"), "too many operations"),
    "O18 one message": ("O18", toxic.huge(100), "a message of more than"),
    "O18 chunks": ("O18", toxic.chunks(2000), "a message of more than"),
}


@pytest.mark.parametrize("case", STOPS)
async def test_what_is_no_answer_is_a_fault_in_words_and_over_when_it_ends(
    server: OpcUaServer, case: str, record_property: Record
) -> None:
    code, what, words = STOPS[case]
    async with wire(server) as it:
        accepted = it.proxy.door.accepted
        it.proxy.strike(what, Aim({"Read"}))
        await until(lambda: it.link.snapshot.fault is not None, "a fault")
        await until_fault(it.link, words)
        await until(lambda: it.proxy.door.accepted > accepted, "a new connection was tried")
        await it.recovers()
    Outcome(code, 0, Reaction.HOLD).record(record_property)


@pytest.mark.parametrize("flood", [toxic.huge(100), toxic.chunks(2000)], ids=["one message", "chunks"])
async def test_a_flood_is_not_kept(server: OpcUaServer, flood: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    received = UASocketProtocol.data_received

    def note(channel: UASocketProtocol, data: bytes) -> None:
        received(channel, data)
        parts = channel._connection._incoming_parts
        kept.append(len(channel.receive_buffer or b"") + sum(len(part.Body) for part in parts))

    monkeypatch.setattr(UASocketProtocol, "data_received", note)
    async with wire(server, PATIENT) as it:
        it.proxy.strike(flood, Aim({"Read"}, times=1))
        await until(lambda: it.link.snapshot.fault is not None, "a fault")
        await it.recovers()
    assert max(kept) <= 2 << 20


# ---- nodes that are not good -------------------------------------------------------------------------------
NOT_GOOD = {
    "BadCommunicationError": "O02",
    "BadSensorFailure": "O02",
    "BadOutOfService": "O02",
    "BadWaitingForInitialData": "O02",
    "UncertainLastUsableValue": "O03",
}


@pytest.mark.parametrize("status", NOT_GOOD)
async def test_a_node_that_is_not_good_is_bad_and_the_others_are_read_on(
    server: OpcUaServer, status: str, record_property: Record
) -> None:
    async with wire(server) as it:
        connection = it.link.snapshot.connection
        it.proxy.strike(toxic.status(status, {"PIN_1"}))
        await until(lambda: it.bad == {"PIN_1"}, "PIN_1 is bad")
        await it.scans()
        assert (it.bad, it.link.snapshot.connection) == ({"PIN_1"}, connection)
        await it.recovers()
    Outcome(NOT_GOOD[status], 0, Reaction.HOLD).record(record_property)


@pytest.mark.parametrize("code", ["O04", "O06", "O08"])
async def test_values_that_stand_still_and_are_good_do_not_keep_the_plc_alive(
    server: OpcUaServer, code: str, record_property: Record
) -> None:
    """What a lost subscription looks like to one who polls: answers in time, all Good, all old."""
    names = {"O04": None, "O06": {"HB_PLC"}, "O08": None}[code]
    async with wire(server) as it:
        it.plc.beat()
        await until(lambda: it.link.snapshot.alive_at > 0, "the heartbeat is seen")
        it.proxy.strike(toxic.frozen(names))
        await until(lambda: it.proxy.struck > 3, "frozen answers")
        await it.scans()
        alive, at = it.link.snapshot.alive_at, it.link.snapshot.blocks[ScanClass.FAST].at
        for _ in range(5):
            it.plc.beat()
            await it.scans(3)
        assert it.link.snapshot.alive_at == alive
        assert it.link.snapshot.blocks[ScanClass.FAST].at > at
        await it.recovers()
        assert it.link.snapshot.alive_at > alive
    Outcome(code, 0, Reaction.HOLD).record(record_property)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("O05", toxic.stamped(timedelta(0), moving=False)),
        ("O07", toxic.stamped(A_DAY)),
        ("O07", toxic.stamped(-A_DAY)),
    ],
    ids=["O05", "O07 a day ahead", "O07 a day behind"],
)
async def test_time_stamps_of_the_server_mean_nothing(
    server: OpcUaServer, code: str, what: Any, record_property: Record
) -> None:
    """Freshness is proved by the PLC's counter and our own clock, in both directions."""
    async with wire(server) as it:
        it.proxy.strike(what)
        before = it.link.snapshot.blocks[ScanClass.FAST].at
        await it.scans()
        it.plc.beat()
        await until(lambda: it.link.snapshot.alive_at > before, "the heartbeat is seen")
        assert it.link.snapshot.blocks[ScanClass.FAST].at <= asyncio.get_running_loop().time()
        assert it.bad == frozenset()
        await it.recovers()
    Outcome(code, 0, Reaction.TRANSPARENT).record(record_property)


# ---- connecting, restarts ----------------------------------------------------------------------------------
async def test_a_refused_or_silent_port_is_named_and_tried_again(
    server: OpcUaServer, record_property: Record
) -> None:
    async with wire(server) as it:
        it.proxy.door.shut()
        await until_fault(it.link, "Connect call failed")
        await it.proxy.door.open()
        await it.recovers()
        it.proxy.door.revolving = True
        it.proxy.door.cut()
        accepted = it.proxy.door.accepted
        await until(lambda: it.proxy.door.accepted > accepted + 5, "connections taken and closed")
        it.proxy.door.revolving = False
        await it.recovers()
    Outcome("O01", 0, Reaction.HOLD).record(record_property)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other_server() -> AsyncIterator[OpcUaServer]:
    """The same PLC after an upgrade: another namespace comes first, so every index is another one."""
    async for made in serve([Row("NEW", "nsu=urn:sr3:upgrade;s=NEW", "u16", False, 1.0)]):
        yield made


async def test_after_a_restart_with_other_namespace_indices_the_same_nodes_are_read(
    server: OpcUaServer, other_server: OpcUaServer, record_property: Record
) -> None:
    async with wire(server) as it:
        connection = it.link.snapshot.connection
        other_server.plc = it.plc
        it.proxy.retarget(f"opc.tcp://127.0.0.1:{other_server.port}")
        it.proxy.door.cut()
        await until(lambda: it.link.snapshot.connection > connection, "a new connection")
        await it.recovers()
        await it.link.write(order(), commit="CMD_COMMIT")
        assert [list(written)[-1] for written in it.plc.written] == ["HB_CTL", "CMD_CRC", "CMD_COMMIT"]
    Outcome("O12", 0, Reaction.HOLD).record(record_property)


async def test_nodes_that_are_gone_after_a_restart_are_named(
    server: OpcUaServer, record_property: Record
) -> None:
    async with wire(server) as it:
        it.proxy.strike(toxic.status("BadNodeIdUnknown", {"PIN_1", "PIN_2"}))
        it.proxy.door.cut()
        await until_fault(it.link, "PIN_1 is BadNodeIdUnknown; PIN_2 is BadNodeIdUnknown")
        await it.recovers()
    Outcome("O12", 0, Reaction.HOLD).record(record_property)


# ---- writes ------------------------------------------------------------------------------------------------
UNKNOWN: dict[str, tuple[str, Any, bool]] = {
    "O09": ("O09", toxic.silence, True),
    "O13": ("O13", toxic.fault("BadTooManyOperations"), False),
    "O14": ("O14", toxic.applied_but("BadInternalError"), True),
    "O16": ("O16", toxic.delivered_late(1.0), True),
    "O18": ("O18", toxic.huge(100), False),
}


@pytest.mark.parametrize("case", UNKNOWN)
async def test_an_order_whose_answer_is_none_is_unknown_and_sent_once(
    server: OpcUaServer, case: str, record_property: Record
) -> None:
    code, what, arrives = UNKNOWN[case]
    async with wire(server) as it:
        it.proxy.strike(what, Aim({"Write"}, frozenset({"CMD_ID"}), times=1))
        with pytest.raises(OutcomeUnknown):
            await it.link.write(order(), commit="CMD_COMMIT")
        await until(lambda: len(it.plc.written) >= arrives, "the order reaches the PLC")
        await it.recovers()
        assert sum("CMD_ID" in written for written in it.plc.written) == arrives
        assert not any("CMD_COMMIT" in written for written in it.plc.written)
    Outcome(code, 0, Reaction.HOLD).record(record_property)


async def test_a_commit_that_was_taken_and_called_refused_is_unknown(
    server: OpcUaServer, record_property: Record
) -> None:
    """A block without its commit word is surely refused; a commit word may have been taken: it is read back."""
    async with wire(server) as it:
        for tag, error in (("CMD_ID", WriteRefused), ("CMD_COMMIT", OutcomeUnknown)):
            aim = Aim({"Write"}, frozenset({tag}), times=1)
            it.proxy.strike(toxic.applied_but("BadUserAccessDenied"), aim)
            with pytest.raises(error, match="BadUserAccessDenied"):
                await it.link.write(order(), commit="CMD_COMMIT")
        await it.recovers()
    Outcome("O14", 0, Reaction.TRANSPARENT).record(record_property)


async def test_a_write_called_good_and_not_applied_is_no_more_than_sent(
    server: OpcUaServer, record_property: Record
) -> None:
    async with wire(server) as it:
        it.proxy.strike(toxic.not_applied, Aim({"Write"}))
        await it.link.write(order(), commit="CMD_COMMIT")
        assert it.plc.written == []
        await it.recovers()
    Outcome("O15", 0, Reaction.HOLD).record(record_property)


async def test_a_slow_server_is_waited_for(server: OpcUaServer) -> None:
    async with wire(server, PATIENT) as it:
        it.proxy.strike(toxic.late(0.05))
        connection = it.link.snapshot.connection
        await it.scans()
        assert it.link.snapshot.connection == connection
        await it.recovers()
