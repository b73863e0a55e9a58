"""Certificates of the OPC UA connection that are expired, not yet valid or of somebody else: no session (O17)."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from drivers.opcua import UaSecurity
from drivers.opcua_link import OpcUaLink
from hil_tests.faults import certificates as certificate
from hil_tests.faults.fault import Reaction
from hil_tests.faults.outcome import Outcome
from hil_tests.link_bench import IDENTITY, BarePlc, io_list, rows, running, until_fault, until_usable
from hil_tests.simplc.wire.opcua_server import Certificates, OpcUaServer
from station_ctl.core.links import NotSent

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROBOT = "swap_robot_sr3"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = Certificates.inside(tmp_path_factory.mktemp("certificates"))
    await made.make()
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def controllers(files: Certificates) -> dict[str, Certificates]:
    """The controller's certificate of today, two that the server would trust, were it their time, and a stranger's."""
    stranger = Certificates.inside(files.server_key.parent / "stranger")
    stranger.server_key.parent.mkdir()
    await stranger.make()
    return {
        "untrusted": replace(stranger, server_certificate=files.server_certificate),
        "valid": files,
        "expired": certificate.of_controller(files, certificate.EXPIRED, "expired"),
        "not yet valid": certificate.of_controller(files, certificate.NOT_YET, "not-yet"),
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(files: Certificates, controllers: dict[str, Certificates]) -> AsyncIterator[OpcUaServer]:
    made = OpcUaServer(BarePlc("robot", io_list(ROBOT)), rows(ROBOT), certificates=files)
    await made.start()
    gc.collect()
    gc.freeze()
    yield made
    await made.stop()
    gc.unfreeze()


def link_to(server: OpcUaServer, files: Certificates) -> OpcUaLink:
    security = UaSecurity(files.client_certificate, files.client_key, files.server_certificate)
    url = f"opc.tcp://127.0.0.1:{server.port}"
    return OpcUaLink("robot", io_list(ROBOT), url, security=security, identity=IDENTITY, timeout=1.0)


@pytest.mark.parametrize("whose", ["expired", "not yet valid", "untrusted"])
async def test_a_certificate_that_is_not_good_gets_no_session(
    server: OpcUaServer,
    controllers: dict[str, Certificates],
    whose: str,
    record_property: Callable[[str, object], None],
) -> None:
    link = link_to(server, controllers[whose])
    async with running(link):
        await until_fault(link, "no session")
        assert link.snapshot.connection == 0
        with pytest.raises(NotSent):
            await link.write({"STOP_REQ": 1}, urgent=True)
    Outcome("O17", 0, Reaction.REFUSED).record(record_property)


async def test_the_same_certificate_in_its_time_gets_one(
    server: OpcUaServer, controllers: dict[str, Certificates]
) -> None:
    link = link_to(server, controllers["valid"])
    async with running(link):
        await until_usable(link)


@pytest.mark.long
@pytest.mark.parametrize("by", [certificate.EXPIRED, certificate.NOT_YET], ids=["expired", "not yet valid"])
async def test_a_plc_is_still_the_one_whose_certificate_was_given_when_its_time_is_over(
    tmp_path: Path, by: timedelta, record_property: Callable[[str, object], None]
) -> None:
    """The certificate is compared, not judged: a date must not stop a station whose PLC is proven to be the same."""
    own = Certificates.inside(tmp_path)
    await own.make()
    certificate.of_server(own, by)
    old = OpcUaServer(BarePlc("robot", io_list(ROBOT)), rows(ROBOT), certificates=own)
    await old.start()
    try:
        link = link_to(old, own)
        async with running(link):
            await until_usable(link)
    finally:
        await old.stop()
    Outcome("O17", 0, Reaction.TRANSPARENT).record(record_property)
