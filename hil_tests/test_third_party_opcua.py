"""The OPC UA link against a server of node-opcua: its types, its refusals, its encryption, its way to restart."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from drivers.opcua import UaSecurity
from drivers.opcua_link import OpcUaLink
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
from hil_tests.simplc.wire.io_list import PlcValue, Row, read_rows, to_raw
from hil_tests.simplc.wire.opcua_server import Certificates
from hil_tests.third_party.counterpart import Counterpart, counterpart
from hil_tests.third_party.fetched import Absent
from station_ctl.build import PARTS
from station_ctl.config import load_station
from station_ctl.core.links import NotSent, WriteRefused
from station_ctl.core.orders import identity
from station_ctl.core.points import BaseType, IoList, ScanClass, Value

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROBOT, PROGRAM = "swap_robot_sr3", "opcua_plc.js"
FOREIGN = Path(__file__).parent / "foreign" / "station.yaml"
NEW_KEYS = 20
FIRST_NUMBER = 1000
"""The server shows the row n of the list under its name and under this number + n."""


@dataclass
class ForeignRobot:
    """The server, what it was started with, and both ways to reach it."""

    programs: contextlib.AsyncExitStack
    program: Counterpart
    spec: dict[str, Any]
    security: UaSecurity

    @classmethod
    async def started(cls, programs: contextlib.AsyncExitStack, folder: Path) -> ForeignRobot:
        """Serve the robot's list, in clear and encrypted, with a certificate of the server's own making."""
        program = await programs.enter_async_context(counterpart(PROGRAM))
        files = Certificates.inside(folder)
        await files.make()
        trusted = str(files.client_certificate)
        spec = {"folder": str(folder), "trusted": trusted, "namespaces": [], "rows": _rows_with_values()}
        certificate = (await program.start(**spec))["certificate"]
        security = UaSecurity(files.client_certificate, files.client_key, Path(certificate))
        return cls(programs, program, spec, security)

    @contextlib.asynccontextmanager
    async def restarted(self, *namespaces: str) -> AsyncIterator[None]:
        """It dies; inside it is gone; afterwards it serves on its port again, those namespaces before ours."""
        port = self.program.port
        await self.program.kill()
        yield
        self.program = await self.programs.enter_async_context(counterpart(PROGRAM))
        await self.program.start(**{**self.spec, "port": port, "namespaces": namespaces})

    def link(self, *, secure: bool = False, io: IoList | None = None) -> OpcUaLink:
        """A link to it, with its identity and heartbeat."""
        url, security = f"opc.tcp://127.0.0.1:{self.program.port}", self.security if secure else None
        return OpcUaLink(
            "robot", io or io_list(ROBOT), url,
            security=security, identity=IDENTITY, heartbeat="HB_PLC", timeout=2.0,
        )  # fmt: skip


def _rows_with_values() -> list[dict[str, Any]]:
    values = BarePlc("robot", io_list(ROBOT)).values
    given = []
    for row in rows(ROBOT):
        uri, _, name = row.address.removeprefix("nsu=").partition(";s=")
        empty = {"bool": False, "str": ""}.get(row.base, 0)
        value = values.get(row.tag, [empty] * row.elements if row.elements > 1 else empty)
        given.append(
            {"tag": row.tag, "uri": uri, "name": name, "base": row.base, "elements": row.elements}
            | {"written": row.written, "value": value}
        )
    return given


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def robot(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ForeignRobot]:
    async with contextlib.AsyncExitStack() as programs:
        try:
            made = await ForeignRobot.started(programs, tmp_path_factory.mktemp("robot"))
        except Absent as absent:
            pytest.skip(f"no node-opcua server: {absent}")
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def link(robot: ForeignRobot) -> AsyncIterator[OpcUaLink]:
    made = robot.link()
    async with running(made):
        await until_usable(made)
        await robot.program.tell("written")
        yield made


async def test_every_node_comes_as_the_type_the_list_says(link: OpcUaLink) -> None:
    values = BarePlc("robot", io_list(ROBOT)).values
    assert shown(link) == {tag: plain(value) for tag, value in values.items()}


async def test_a_node_of_another_vendor_that_is_not_good_is_bad(link: OpcUaLink, robot: ForeignRobot) -> None:
    await robot.program.tell("spoil", tag="PIN_1", status="UncertainLastUsableValue")
    await until(lambda: link.snapshot.blocks[ScanClass.FAST].bad == {"PIN_1"}, "PIN_1 is bad")
    await robot.program.tell("spoil", tag="PIN_1", status="Good")
    await until(lambda: not link.snapshot.blocks[ScanClass.FAST].bad, "PIN_1 is good again")


async def test_alive_follows_the_counter_of_the_server(link: OpcUaLink, robot: ForeignRobot) -> None:
    await robot.program.tell("set", tag="HB_PLC", value=4711)
    await until(lambda: shown(link)["HB_PLC"] == 4711 and link.snapshot.alive_at > 0, "the heartbeat moved")


@pytest.mark.parametrize("secure", [False, True], ids=["clear", "encrypted"])
async def test_an_order_is_two_requests_and_a_stop_is_one(robot: ForeignRobot, secure: bool) -> None:
    link = robot.link(secure=secure)
    async with running(link):
        await until_usable(link)
        await robot.program.tell("written")
        await link.write(order(), commit="CMD_COMMIT")
        await link.write({"STOP_REQ": 1}, urgent=True)
        requests = (await robot.program.tell("written"))["requests"]
    block = order()
    assert requests == [block, {"CMD_COMMIT": block.pop("CMD_COMMIT")}, {"STOP_REQ": 1}]


async def test_nodes_named_by_number_are_the_same_nodes(robot: ForeignRobot) -> None:
    points = enumerate(io_list(ROBOT).values(), FIRST_NUMBER)
    by_number = [replace(point, address=f"nsu=urn:sr3:plc;i={number}") for number, point in points]
    link = robot.link(io=IoList(ROBOT, tuple(by_number)))
    async with running(link):
        await until_usable(link)
        await link.write({"HB_CTL": 7})
    assert shown(link)["MAGIC"] == IDENTITY["MAGIC"]
    assert len(shown(link)) == len(BarePlc("robot", io_list(ROBOT)).values)


async def test_a_node_that_the_server_lets_nobody_write_is_refused_not_unknown(
    link: OpcUaLink, robot: ForeignRobot
) -> None:
    points = dict(io_list(ROBOT))
    points["HB_CTL"] = replace(points["HB_CTL"], address=points["MAP_VERSION"].address)
    wrong = robot.link(io=IoList(ROBOT, tuple(points.values())))
    async with running(wrong):
        await until_usable(wrong)
        with pytest.raises(WriteRefused, match="HB_CTL Bad"):
            await wrong.write({"HB_CTL": 9})
        assert wrong.snapshot.fault is None
    assert shown(link)["MAP_VERSION"] == IDENTITY["MAP_VERSION"]


async def test_a_session_that_the_server_ends_is_a_fault_and_comes_back(
    link: OpcUaLink, robot: ForeignRobot
) -> None:
    faults: list[str] = []
    link.on_scan(lambda snapshot: faults.append(snapshot.fault) if snapshot.fault else None)
    connection = link.snapshot.connection
    assert (await robot.program.tell("end_sessions"))["ended"] >= 1
    await until(lambda: link.snapshot.connection > connection, "there is a new session")
    await until_usable(link)
    assert any("session" in fault.lower() for fault in faults), faults
    await link.write({"HB_CTL": 2})
    assert (await robot.program.tell("written"))["requests"][-1] == {"HB_CTL": 2}


async def test_a_server_that_gives_fewer_nodes_at_once_than_a_scan_has_is_asked_in_parts(
    robot: ForeignRobot,
) -> None:
    link = robot.link()
    await robot.program.tell("limit", nodes=10)
    try:
        async with running(link):
            await until_usable(link)
            at = link.snapshot.blocks[ScanClass.FAST].at
            await until(lambda: link.snapshot.blocks[ScanClass.FAST].at > at, "the scans go on")
            assert len(shown(link)) == len(BarePlc("robot", io_list(ROBOT)).values)
            *_, last = (point.tag for point in link._blocks[ScanClass.FAST].points)
            assert last in link._image.signs, "the identity is read after all that it vouches for"
            await robot.program.tell("limit", nodes=5)
            await until(
                lambda: link.snapshot.connection > 1, "there is a new session that knows the new limit"
            )
            await until_usable(link)
    finally:
        await robot.program.tell("limit", nodes=0)


async def test_the_server_refuses_a_controller_that_it_does_not_trust(
    robot: ForeignRobot, tmp_path: Path
) -> None:
    strange = Certificates.inside(tmp_path)
    await strange.make()
    own = UaSecurity(strange.client_certificate, strange.client_key, robot.security.server_certificate)
    link = replace(robot, security=own).link(secure=True)
    async with running(link):
        await until_fault(link, "BadSecurityChecksFailed")
        assert link.snapshot.connection == 0


@pytest.mark.parametrize("secure", [False, True], ids=["clear", "encrypted"])
async def test_new_keys_cost_no_connection_though_the_clock_of_the_plc_stands_behind(
    robot: ForeignRobot, secure: bool
) -> None:
    """Each channel gets new keys, at 3/4 of their time; what is on its way then comes under the old ones."""
    link = robot.link(secure=secure)
    faults: list[str] = []
    async with running(link):
        await until_usable(link)
        link.on_scan(lambda snapshot: faults.append(snapshot.fault) if snapshot.fault else None)
        await robot.program.tell("turn_clock", days=-2)
        try:
            for _ in range(NEW_KEYS):
                await _renew(link)
                at = link.snapshot.blocks[ScanClass.FAST].at
                await until(lambda at=at: link.snapshot.blocks[ScanClass.FAST].at > at, "the scans go on")
        finally:
            await robot.program.tell("turn_clock", days=0)
        assert faults == []


async def _renew(link: OpcUaLink) -> None:
    """What the library does once in three quarters of an hour, with a scan under way at that moment."""
    connection = link._connection
    assert connection is not None
    client = connection._client
    renewal = asyncio.create_task(client.open_secure_channel(renew=True))
    await asyncio.sleep(0)
    points = tuple(link.io.values())[:1]
    reads = [connection.read(points, connection.prepare(points)) for _ in range(5)]
    on_their_way = [asyncio.create_task(read) for read in reads]
    await renewal
    client.uaclient.revolve_security_token()
    await asyncio.gather(*on_their_way)


async def test_a_new_start_with_another_namespace_index_is_survived(robot: ForeignRobot) -> None:
    """The server dies and comes back with a namespace more before ours: the old index is a stranger's."""
    links = [robot.link(), robot.link(secure=True)]
    async with running(*links):
        for link in links:
            await until_usable(link)
        connections = [link.snapshot.connection for link in links]
        async with robot.restarted("urn:stranger"):
            for link in links:
                await until(lambda link=link: link.snapshot.fault is not None, "the loss is seen")
                with pytest.raises(NotSent):
                    await link.write({"STOP_REQ": 1}, urgent=True)
        for link, connection in zip(links, connections, strict=True):
            await until_usable(link)
            assert link.snapshot.connection == connection + 1
            assert shown(link)["MAGIC"] == IDENTITY["MAGIC"]
            await link.write({"HB_CTL": 3})
        assert (await robot.program.tell("written"))["requests"] == [{"HB_CTL": 3}, {"HB_CTL": 3}]


@pytest.mark.parametrize("name", ["store", pytest.param("portal", marks=pytest.mark.long)])
async def test_nodes_by_number_and_guid_of_every_type_go_to_and_fro(tmp_path: Path, name: str) -> None:
    station = load_station(FOREIGN, parts=PARTS)
    io, told, signs = station.io[name], read_rows(station.lists[name]), identity(station.io[name], 2)
    plc = BarePlc(name, io)
    plc.values.update(signs)
    spec: dict[str, Any] = {"rows": [_given(row, plc.values) for row in told], "namespaces": []}
    files = Certificates.inside(tmp_path)
    await files.make()
    async with contextlib.AsyncExitStack() as programs:
        try:
            program = await programs.enter_async_context(counterpart(PROGRAM))
        except Absent as absent:
            pytest.skip(f"no node-opcua server: {absent}")
        await program.start(**spec, folder=str(tmp_path), trusted=str(files.client_certificate))
        url = f"opc.tcp://127.0.0.1:{program.port}"
        link = OpcUaLink(name, io, url, identity=signs, heartbeat="HB_PLC", timeout=2.0)
        async with running(link):
            await until_usable(link)
            assert shown(link) == {tag: plain(value) for tag, value in plc.values.items()}
            given = {tag: value for tag, value in order(opcode=20).items() if tag in io}
            await link.write(given, commit="CMD_COMMIT")
            await link.write({"STOP_REQ": 1}, urgent=True)
            requests = (await program.tell("written"))["requests"]
            ids = {row.tag: row.address.partition(";")[2][2:] for row in told}
            raw = {tag: _theirs(io[tag].codes, value) for tag, value in given.items()}
            block = {ids[tag]: value for tag, value in raw.items() if tag != "CMD_COMMIT"}
            stop = {ids["STOP_REQ"]: True if io["STOP_REQ"].type.base is BaseType.BOOL else 1}
            assert requests == [block, {ids["CMD_COMMIT"]: raw["CMD_COMMIT"]}, stop]


def _theirs(codes: tuple[tuple[int, int], ...], value: Value) -> Value:
    return next((theirs for theirs, ours in codes if ours == value), value)


def _given(row: Row, values: Mapping[str, PlcValue]) -> dict[str, Any]:
    """A row with the raw value that a PLC of another make holds."""
    uri, _, node = row.address.removeprefix("nsu=").partition(";")
    empty: PlcValue = {"bool": False, "str": ""}.get(row.base, 0)
    value = values.get(row.tag, empty)
    items = value if isinstance(value, tuple) else (value,) * row.elements
    raw = [item if row.base == "str" or row.written else to_raw(row, item) for item in items]
    shown_as = raw if row.elements > 1 else raw[0]
    return {
        "tag": row.tag, "uri": uri, "name": row.tag, "id": node, "base": row.base, "elements": row.elements,
        "written": row.written, "value": shown_as,
    }  # fmt: skip
