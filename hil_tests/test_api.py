"""The local API of a real service on real sockets, with the simulated plant as a process: asked well, and attacked.

No test measures time: what has to go on is shown by what was moved, lost or tripped.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hil_tests.api_client import PATIENCE, Client, answered, closed, event
from hil_tests.test_run_service import Program, program, station_of
from station_ctl.engine.journal import Journal
from station_ctl.service.api.limits import BODY_MOST, BURST, RATE
from station_ctl.service.api.wire import CONNECTIONS_MOST

STATUS = "/api/v1/queries/status"
HOLD = "/api/v1/commands/station.hold"


@dataclass
class Served:
    """A service, its doors, and the plant behind it."""

    service: Program
    plant: Program
    here: Client
    there: Client
    folder: Path

    async def token(self, name: str, role: str) -> Client:
        """A person at the TCP door with a token of their own."""
        data = await self.here.done("user.add", name=name, role=role)
        return self.there.somebody(data["token"])

    async def begin_swap(self) -> str:
        """A person begins a swap; returns its operation."""
        for action, params in (
            ("bay.inventory", {}), ("mode.set", {"mode": "automatic"}), ("station.reset", {}), ("station.start", {}),
        ):  # fmt: skip
            await self.here.done(action, **params)
        assert (await self.plant.ask(cmd="vehicle"))["ok"]
        return str((await self.here.done("swap.start"))["operation"])

    async def until(self, state: str) -> dict[str, Any]:
        """The station's picture once it is in this state."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = (await self.here.look("status")).data
                if found["state"] == state:
                    return found
                assert state == "aborted" or found["state"] != "aborted", found["trips"]
                await asyncio.sleep(0.1)

    def audited(self) -> list[tuple[str, str, str]]:
        """What the chain says, once the service has ended; it has to be whole."""
        journal = Journal(self.folder / "journal.sqlite", "SIM-0001")
        try:
            assert not journal.verify_audit().faults
            return [(row.actor, row.action, row.decision) for row in journal.audit_rows(1 << 30)]
        finally:
            journal.close()


@pytest.fixture
async def plant(tmp_path: Path) -> AsyncIterator[Program]:
    async with program("sim", "serve", "--port-base", "0", "--dir", str(tmp_path), "--json") as serving:
        await serving.line()
        yield serving


@asynccontextmanager
async def served(plant: Program, folder: Path, *more: str) -> AsyncIterator[Served]:
    """A service that is ready, with both doors open."""
    words = ("run", "--station", str(station_of(plant, folder)), "--listen", "127.0.0.1:0", *more)
    async with program(*words) as service:
        port = (await service.until("listening"))["tcp"]
        await service.until("ready")
        yield Served(service, plant, Client(folder / "api.sock"), Client(("127.0.0.1", port)), folder)


async def test_who_asks_is_known_by_the_connection_and_never_believed(plant: Program, tmp_path: Path) -> None:
    async with served(plant, tmp_path, "--new-journal", "--origin", "http://panel") as s:
        me = (await s.here.command("control.take")).body["text"]
        assert "(admin, cli)" in me, "the account of this process is the service's own"
        assert ((tmp_path / "api.sock").stat().st_mode & 0o777) == 0o660
        assert (await s.there.ask("GET", STATUS)).status == 401
        assert (await s.there.somebody("wrong").ask("GET", STATUS)).status == 401
        assert (await s.here.somebody("wrong").ask("GET", STATUS)).status == 401, "a wrong token is no account"
        viewer = await s.token("guest", "viewer")
        assert (await viewer.look("status")).status == 200
        assert (await viewer.command("station.reset")).code == "A404"
        assert (await viewer.command("user.add", name="mallory", role="admin")).code == "A404"
        for headers, status in (
            ({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "http://panel"}, 200), ({"X_Forwarded_For": "unix:0:0", "Forwarded": "for=unix"}, 200),
        ):  # fmt: skip
            assert (await viewer.ask("GET", STATUS, **headers)).status == status, headers
        forged = await s.there.ask("GET", STATUS, X_Forwarded_For="unix:0:0", Forwarded="for=unix:0:0")
        assert forged.status == 401
        assert (await s.here.command("user.disable", name="guest")).body["ok"]
        assert (await viewer.look("status")).status == 401
        code, errors = await s.service.end()
        assert (code, errors) == (0, "") and not (tmp_path / "api.sock").exists()
        refused = [row for row in s.audited() if row[0] == "guest"]
        assert refused == [("guest", "station.reset", "refused"), ("guest", "user.add", "refused")]


async def test_a_request_has_its_effect_once_and_never_late(plant: Program, tmp_path: Path) -> None:
    async with served(plant, tmp_path, "--new-journal") as s:
        seen = (await s.here.look("status")).data["version"]
        tap = {"key": "tap", "issued_at": time.time()}
        first, second = await asyncio.gather(*(s.here.command("mode.set", tap, mode="manual") for _ in range(2)))
        assert first == second and first.body["ok"], "a double click is one click"
        old = {"issued_at": time.time() - 3.0}
        assert (await s.here.command("mode.set", old, mode="automatic")).code == "A406"
        assert (await s.here.command("station.reset", {"seen": seen})).code == "A407"
        assert (await s.here.command("mode.set", {"issued_at": None}, mode="automatic")).code == "A406"
        assert (await s.here.look("mode.show")).data["mode"] == "manual"
        assert s.service.process.returncode is None
        os.kill(s.service.process.pid, signal.SIGKILL)
        await s.service.end()
        assert (tmp_path / "api.sock").exists(), "killed: its name is left behind"
    async with served(plant, tmp_path) as s:
        tap["issued_at"] = time.time()
        late = await s.here.command("mode.set", tap, mode="automatic")
        assert late.code == "A406" and "used before" in late.body["text"]
        assert (await s.here.look("mode.show")).data["mode"] == "maintenance"
        assert (await s.service.end())[0] == 0
        assert [row[1:] for row in s.audited()] == [
            ("mode.set", "accepted"), ("mode.set", "refused"), ("station.reset", "refused"), ("mode.set", "refused"),
            ("mode.set", "refused"),
        ]  # fmt: skip
    assert (await plant.ask(cmd="report"))["orders"] == 0


async def test_bodies_without_end_and_clients_without_haste_keep_nobody_out(plant: Program, tmp_path: Path) -> None:
    async with served(plant, tmp_path, "--new-journal") as s, AsyncExitStack() as open_wires:
        operator = await s.token("li", "operator")
        too_long = await operator.ask("POST", "/api/v1/commands/station.reset", b"", Content_Length=str(BODY_MOST + 1))
        assert too_long.status == 413
        async with operator.wire() as (reader, writer):
            writer.write(operator.head("POST", "/api/v1/commands/station.reset", Transfer_Encoding="chunked"))
            writer.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
            for _ in range(BODY_MOST // 4096):
                writer.write(b"1000\r\n" + b" " * 4096 + b"\r\n")
            assert (await answered(reader)).status == 400
        wires = []
        for number in range(CONNECTIONS_MOST + 10):
            reader, writer = await open_wires.enter_async_context(s.there.wire())
            writer.write(b"GET /healthz HTTP/1.1\r\nX-Slow: " if number % 2 else b"")
            wires.append(reader)
        # All of TCP is taken by clients that say nothing; who stands at the machine is served all the same.
        assert (await s.here.look("status")).status == 200
        assert (await s.here.ask("POST", HOLD)).status == 200
        await asyncio.gather(*map(closed, wires))
        assert (await operator.look("status")).status == 200
        garbage = (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/1.1\r\n\r\n", b"\r\n" * 9999)
        await asyncio.gather(second_head(operator), slow_body(operator), *(hung_up_on(s.there, g) for g in garbage))
        async with s.there.wire() as (reader, writer):
            writer.write(s.there.head("POST", HOLD, Content_Length="10") + b"{")
            async with asyncio.timeout(PATIENCE):
                assert (await answered(reader)).status == 200, "a stop waits for no body"
        assert (await s.here.look("status")).status == 200
        assert (await s.service.end()) == (0, "")
        assert not [line for line in s.service.lines if line["level"] == "error"]


async def second_head(client: Client) -> None:
    """One whole request, and the beginning of another on the same connection."""
    async with client.wire() as (reader, writer):
        writer.write(client.head("GET", STATUS, Connection="keep-alive"))
        assert (await answered(reader)).status == 200
        writer.write(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        await closed(reader)


async def slow_body(client: Client) -> None:
    """A body that stops after its first byte."""
    async with client.wire() as (reader, writer), asyncio.timeout(PATIENCE):
        writer.write(client.head("POST", "/api/v1/commands/station.reset", Content_Length="10") + b"{")
        assert (await answered(reader)).status == 408


async def hung_up_on(client: Client, said: bytes) -> None:
    """What is no HTTP."""
    async with client.wire() as (reader, writer):
        writer.write(said)
        await closed(reader)


ATTEMPTS = 3
STOOD_STILL = frozenset(("link-lost", "task-stuck"))
"""What a PC brings about that stands still for a third of a second, flood or none. Three times running it is it."""


async def test_a_flood_from_another_process_disturbs_no_swap_and_a_stop_gets_through(tmp_path: Path) -> None:
    """Nothing is measured: as long as requests pour in, orders go on leaving, and what is taken keeps to the rate."""
    for attempt in range(ATTEMPTS):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        async with (
            program("sim", "serve", "--port-base", "0", "--dir", str(folder), "--json") as plant,
            AsyncExitStack() as open_programs,
        ):
            await plant.line()
            s = await open_programs.enter_async_context(served(plant, folder, "--new-journal"))
            try:
                fault = await flooded(s)
            except AssertionError as error:
                fault = str(error)
            ended = await s.service.end()
            stood_still = [line["event"] for line in s.service.lines if line["event"] in STOOD_STILL]
            stood_still += [sign for sign in ("stands still", "stale") if sign in fault]
            if fault and stood_still and attempt + 1 < ATTEMPTS:
                continue
            assert not fault and ended[0] == 0, (fault, stood_still)
            errors = [line for line in s.service.lines if line["level"] == "error" and line["event"] not in STOOD_STILL]
            assert not errors
            refused = [row for row in s.audited() if row[0] == "li"]
            assert refused and {row[1:] for row in refused} == {("station.reset", "refused")}
            assert (await plant.ask(cmd="report"))["violations"] == []
            return


async def flooded(s: Served) -> str:
    """Flood the station until two more orders have left, then stop it while requests still pour in; what was wrong."""
    operator = await s.token("li", "operator")
    await s.begin_swap()
    assert isinstance(operator.at, tuple)
    words = ("-m", "hil_tests.api_flood", *map(str, operator.at), operator.token)
    pipe = asyncio.subprocess.PIPE
    flood = await asyncio.create_subprocess_exec(sys.executable, *words, stdin=pipe, stdout=pipe, stderr=pipe)
    assert flood.stdin is not None and flood.stdout is not None and flood.stderr is not None
    assert await flood.stdout.readline() == b"begun\n"
    wanted = (await s.plant.ask(cmd="report"))["orders"] + 2
    async with asyncio.timeout(2 * PATIENCE):
        while (await s.plant.ask(cmd="report"))["orders"] < wanted:
            found = (await s.here.look("status")).data
            if found["state"] != "execute":
                break
            await asyncio.sleep(0.2)
    before = (await s.here.look("status")).data
    stopped = await s.there.ask("POST", HOLD)
    assert flood.returncode is None, (await flood.stderr.read()).decode()
    flood.stdin.close()
    told = {int(status): count for status, count in json.loads(await flood.stdout.read()).items()}
    # A slow machine asks too little to be turned away; on any, no more is taken than the rate allows.
    taken, seconds = told.get(200, 0) + told.get(403, 0), told.pop(0)
    assert set(told) <= {200, 403, 429} and 0 < taken <= BURST + RATE * (seconds + 1), (told, seconds)
    assert stopped.status == 200, stopped
    if before["state"] != "execute" or before["trips"]:
        return f"the swap did not go on: {before['trips']}"
    found = await s.until("held")
    runs = [run["id"] for run in found["runs"]]
    if runs != [run["id"] for run in before["runs"]] or found["trips"] or set(found["links"].values()) != {"ok"}:
        return f"held otherwise than asked: {runs}, {found['trips']}, {found['links']}"
    return ""


async def test_who_listens_gets_the_whole_picture_then_changes_a_beat_and_a_goodbye(
    plant: Program, tmp_path: Path
) -> None:
    async with served(plant, tmp_path, "--new-journal") as s, AsyncExitStack() as open_wires:
        viewer = await s.token("guest", "viewer")
        assert (await s.there.ask("GET", "/api/v1/events")).status == 401
        readers = []
        for client in (s.here, viewer):
            reader, writer = await open_wires.enter_async_context(client.wire())
            writer.write(client.head("GET", "/api/v1/events"))
            readers.append(reader)
            async with asyncio.timeout(PATIENCE):
                kind, picture = await event(reader)
            assert kind == "snapshot" and picture["mode"] == "maintenance" and len(picture["links"]) == 8
        await s.here.done("mode.set", mode="manual")
        for reader in readers:
            kinds, mode = set(), ""
            async with asyncio.timeout(PATIENCE):
                while not (mode and "beat" in kinds):
                    kind, data = await event(reader)
                    kinds.add(kind)
                    mode = data.get("mode", mode) if kind == "delta" else mode
            assert mode == "manual" and kinds <= {"delta", "beat"}
        await s.here.done("user.disable", name="guest")
        async with asyncio.timeout(PATIENCE):
            while (await event(readers[1]))[0] != "closed":
                pass
        ending = asyncio.create_task(s.service.end())
        async with asyncio.timeout(PATIENCE):
            kinds = [(await event(readers[0]))[0]]
            while kinds[-1] != "closed":
                kinds.append((await event(readers[0]))[0])
        assert kinds[-2] == "end" and await ending == (0, "")
