"""The OPC UA link against a server on a real socket: nominal, encrypted, bad nodes, loss and return, writes."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from asyncua import ua

from drivers.opcua import UaSecurity
from drivers.opcua_link import OpcUaLink
from drivers.scan_clock import PERIODS
from hil_tests.link_bench import (
    IDENTITY,
    BarePlc,
    io_list,
    order,
    plain,
    rows,
    running,
    shown,
    until,
    until_fault,
    until_usable,
)
from hil_tests.simplc.wire.io_list import Row
from hil_tests.simplc.wire.opcua_server import Certificates, OpcUaServer
from station_ctl.core.links import NotSent, OutcomeUnknown, WriteRefused
from station_ctl.core.points import IoList, PointType, ScanClass

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROBOT = "swap_robot_sr3"
MakeLink = Callable[..., OpcUaLink]


async def _serve(certificates: Certificates | None) -> AsyncIterator[OpcUaServer]:
    extra = Row("STRAY", "nsu=urn:sr3:plc;s=STRAY", "str8", False, 1.0)
    server = OpcUaServer(BarePlc("robot", io_list(ROBOT)), [*rows(ROBOT), extra], certificates=certificates)
    await server.start()
    gc.collect()
    gc.freeze()
    yield server
    await server.stop()
    gc.unfreeze()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server() -> AsyncIterator[OpcUaServer]:
    async for server in _serve(None):
        yield server


@pytest.fixture
def server(shared_server: OpcUaServer) -> OpcUaServer:
    shared_server.plc = plc = BarePlc("robot", io_list(ROBOT))
    plc.boot_id = shared_server._boot
    shared_server.bad.clear()
    shared_server.refuse_writes = 0
    shared_server.look_at_plc()
    return shared_server


@pytest.fixture
def plc(server: OpcUaServer) -> BarePlc:
    assert isinstance(server.plc, BarePlc)
    return server.plc


@pytest_asyncio.fixture(loop_scope="module")
async def link(server: OpcUaServer) -> AsyncIterator[OpcUaLink]:
    url = f"opc.tcp://127.0.0.1:{server.port}"
    made = OpcUaLink("robot", io_list(ROBOT), url, identity=IDENTITY, heartbeat="HB_PLC", timeout=1.0)
    async with running(made):
        await until_usable(made)
        yield made


async def test_every_node_of_the_list_comes_over_the_wire(link: OpcUaLink, plc: BarePlc) -> None:
    assert shown(link) == {tag: plain(value) for tag, value in plc.values.items()}
    assert isinstance(shown(link)["BOLT_TURNS"], tuple)


async def test_alive_follows_the_plcs_counter(link: OpcUaLink, plc: BarePlc) -> None:
    plc.beat()
    await until(lambda: link.snapshot.alive_at > 0, "the heartbeat moved")
    alive, at = link.snapshot.alive_at, link.snapshot.blocks[ScanClass.FAST].at
    await until(lambda: link.snapshot.blocks[ScanClass.FAST].at > at + 0.05, "more scans")
    assert link.snapshot.alive_at == alive


async def test_the_commit_word_goes_in_a_write_of_its_own(link: OpcUaLink, plc: BarePlc) -> None:
    await link.write(order(), commit="CMD_COMMIT")
    block = order()
    commit = {"CMD_COMMIT": block.pop("CMD_COMMIT")}
    assert plc.written == [block, commit]


async def test_a_stop_is_one_write(link: OpcUaLink, plc: BarePlc) -> None:
    await link.write({"STOP_REQ": 1}, urgent=True)
    assert plc.written == [{"STOP_REQ": 1}]


@pytest.mark.parametrize("status", ["BadSensorFailure", "BadCommunicationError", "UncertainLastUsableValue"])
async def test_a_node_that_the_plc_declares_not_good_is_bad(
    link: OpcUaLink, server: OpcUaServer, status: str
) -> None:
    server.bad["PIN_1"] = getattr(ua.StatusCodes, status)
    await until(lambda: link.snapshot.blocks[ScanClass.FAST].bad == {"PIN_1"}, "PIN_1 is bad")
    assert link.snapshot.fault is None
    server.bad.clear()
    await until(lambda: not link.snapshot.blocks[ScanClass.FAST].bad, "PIN_1 is good again")


@pytest.mark.parametrize("value", [20001.0, float("nan")])
async def test_an_implausible_value_is_bad(link: OpcUaLink, plc: BarePlc, value: float) -> None:
    plc.values["X_MM"] = value
    await until(lambda: "X_MM" in link.snapshot.blocks[ScanClass.FAST].bad, "X_MM is bad")


async def test_a_wrong_plc_gets_nothing_written(link: OpcUaLink, plc: BarePlc) -> None:
    plc.values["MAGIC"] = 42330
    await until_fault(link, "MAGIC is 42330, needs 23205")
    with pytest.raises(NotSent, match="MAGIC is 42330"):
        await link.write(order(), commit="CMD_COMMIT")


def _list_with(*, tag: str, address: str | None = None, kind: str | None = None) -> IoList:
    io = dict(io_list(ROBOT))
    changed = replace(io[tag], address=address or io[tag].address)
    io[tag] = replace(changed, type=PointType.parse(kind)) if kind else changed
    return IoList(ROBOT, tuple(io.values()))


@pytest.mark.parametrize(
    ("io", "words"),
    [
        (_list_with(tag="PIN_1", address="nsu=urn:sr3:plc;s=PIN_9"), "PIN_1 is BadNodeIdUnknown"),
        (_list_with(tag="HB_CTL", address="nsu=urn:sr3:plc;s=HB"), "HB_CTL is BadNodeIdUnknown"),
        (_list_with(tag="PIN_1", kind="u16"), "PIN_1 is wrong type"),
        (_list_with(tag="CMD_ID", kind="u16"), "CMD_ID is no UInt16"),
        (_list_with(tag="PIN_1", address="nsu=urn:other;s=PIN_1"), "no namespace for nsu=urn:other;s=PIN_1"),
    ],
    ids=["missing", "missing to write", "other type", "other type to write", "no namespace"],
)
async def test_a_node_that_does_not_fit_the_list_is_a_fault_in_words(
    server: OpcUaServer, io: IoList, words: str
) -> None:
    link = OpcUaLink("robot", io, f"opc.tcp://127.0.0.1:{server.port}", timeout=1.0)
    async with running(link):
        await until_fault(link, words)
        with pytest.raises(NotSent):
            await link.write({"STOP_REQ": 1}, urgent=True)


async def test_a_cut_connection_is_seen_at_once_and_comes_back(link: OpcUaLink, server: OpcUaServer) -> None:
    for _ in range(3):
        connection = link.snapshot.connection
        server.gate.cut()
        await until_fault(link, "connection lost")
        await until(lambda c=connection: link.snapshot.connection == c + 1, "there is a new connection")
        await until_usable(link)
    await link.write({"HB_CTL": 1})


async def test_a_hung_plc_is_a_fault_and_a_write_to_it_is_unknown_and_never_repeated(
    server: OpcUaServer, plc: BarePlc
) -> None:
    seldom = dict.fromkeys(PERIODS, 3600.0)
    link = OpcUaLink("robot", io_list(ROBOT), f"opc.tcp://127.0.0.1:{server.port}", periods=seldom)
    async with running(link):
        await until_usable(link)
        plc.online = False
        server.look_at_plc()
        with pytest.raises(OutcomeUnknown, match="no answer in time"):
            await link.write({"STOP_REQ": 1}, urgent=True)
        await until_fault(link, "no answer in time")
        with pytest.raises(NotSent):
            await link.write({"STOP_REQ": 1}, urgent=True)
        plc.online = True
        server.look_at_plc()
        await until_usable(link)
    assert plc.written in ([], [{"STOP_REQ": 1}])


async def test_a_stop_overtakes_an_order_that_hangs(server: OpcUaServer, plc: BarePlc) -> None:
    link = OpcUaLink("robot", io_list(ROBOT), f"opc.tcp://127.0.0.1:{server.port}", timeout=600.0)
    async with running(link):
        await until_usable(link)
        plc.online = False
        server.look_at_plc()
        hanging = asyncio.create_task(link.write(order(), commit="CMD_COMMIT"))
        await asyncio.sleep(0.05)
        stop = asyncio.create_task(link.write({"STOP_REQ": 1}, urgent=True))
        await asyncio.sleep(0.05)
        plc.online = True
        server.look_at_plc()
        await asyncio.gather(hanging, stop)
    assert [list(written)[-1] for written in plc.written] == ["CMD_CRC", "STOP_REQ", "CMD_COMMIT"]


async def test_a_write_that_the_plc_refuses_is_refused(link: OpcUaLink, plc: BarePlc) -> None:
    link._written.clear()
    read_only = replace(io_list(ROBOT)["HB_CTL"], address="nsu=urn:sr3:plc;s=PIN_1")
    link.io._points["HB_CTL"] = replace(read_only, type=io_list(ROBOT)["PIN_1"].type)
    with pytest.raises(WriteRefused, match=r"HB_CTL Bad(UserAccessDenied|NotWritable)"):
        await link.write({"HB_CTL": 1})
    assert link.snapshot.fault is None


async def test_a_service_fault_leaves_the_outcome_unknown(link: OpcUaLink, server: OpcUaServer) -> None:
    server.refuse_writes = ua.StatusCodes.BadTooManyOperations
    with pytest.raises(OutcomeUnknown):
        await link.write({"HB_CTL": 1})
    server.refuse_writes = 0
    await until_usable(link)


async def test_a_restarted_plc_is_another_connection(
    link: OpcUaLink, server: OpcUaServer, plc: BarePlc
) -> None:
    connection = link.snapshot.connection
    plc.boot_id += 1
    server.look_at_plc()
    await until(lambda: link.snapshot.connection == connection + 1, "there is a new connection")


async def test_a_server_that_is_not_there_is_a_fault() -> None:
    link = OpcUaLink("robot", io_list(ROBOT), "opc.tcp://127.0.0.1:9")
    async with running(link):
        await until_fault(link, "no session")


@pytest.mark.parametrize("address", ["ns=2;s=PIN_1", "i=85", "ir:0", "nsu=urn:x;i=seven"])
async def test_an_address_without_namespace_uri_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="PIN_1: address"):
        OpcUaLink("robot", _list_with(tag="PIN_1", address=address), "opc.tcp://127.0.0.1:9")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = Certificates.inside(tmp_path_factory.mktemp("certificates"))
    await made.make()
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secure_server(certificates: Certificates) -> AsyncIterator[OpcUaServer]:
    async for server in _serve(certificates):
        yield server


def _security(files: Certificates) -> UaSecurity:
    return UaSecurity(files.client_certificate, files.client_key, files.server_certificate)


async def test_an_encrypted_session_reads_and_writes(
    secure_server: OpcUaServer, certificates: Certificates
) -> None:
    url = f"opc.tcp://127.0.0.1:{secure_server.port}"
    link = OpcUaLink(
        "robot", io_list(ROBOT), url, security=_security(certificates), identity=IDENTITY, timeout=1.0
    )
    async with running(link):
        await until_usable(link)
        await link.write({"STOP_REQ": 1}, urgent=True)
        secure_server.gate.cut()
        await until_fault(link, "connection lost")
        await until_usable(link)
    assert isinstance(secure_server.plc, BarePlc)
    assert secure_server.plc.written == [{"STOP_REQ": 1}]


async def test_an_encrypted_plc_does_not_talk_in_clear(secure_server: OpcUaServer) -> None:
    link = OpcUaLink("robot", io_list(ROBOT), f"opc.tcp://127.0.0.1:{secure_server.port}", timeout=1.0)
    async with running(link):
        await until_fault(link, "no session")


async def test_a_plc_refuses_a_certificate_it_does_not_trust(
    secure_server: OpcUaServer, certificates: Certificates, tmp_path: Path
) -> None:
    strange = Certificates.inside(tmp_path)
    await strange.make()
    security = replace(_security(strange), server_certificate=certificates.server_certificate)
    url = f"opc.tcp://127.0.0.1:{secure_server.port}"
    link = OpcUaLink("robot", io_list(ROBOT), url, security=security, timeout=1.0)
    async with running(link):
        await until_fault(link, "no session")
        assert link.snapshot.connection == 0


async def test_a_server_with_another_certificate_is_not_believed(
    secure_server: OpcUaServer, certificates: Certificates, tmp_path: Path
) -> None:
    strange = Certificates.inside(tmp_path)
    await strange.make()
    security = replace(_security(certificates), server_certificate=strange.server_certificate)
    url = f"opc.tcp://127.0.0.1:{secure_server.port}"
    link = OpcUaLink("robot", io_list(ROBOT), url, security=security, timeout=1.0)
    async with running(link):
        await until_fault(link, "no session")
        assert link.snapshot.connection == 0
