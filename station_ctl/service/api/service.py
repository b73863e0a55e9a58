"""The API on duty: its sockets, its server, its listeners, from the station's start to its end.

Knows their order. Whatever happens here, the station goes on: machines do not need an API to stop.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import structlog

from station_ctl.core.errors import DamagedJournal
from station_ctl.engine.audit_chain import Head
from station_ctl.engine.journal import Journal
from station_ctl.service import bay_locks, person_book, vehicle_queue
from station_ctl.service.actions import Registry
from station_ctl.service.api.app import Api
from station_ctl.service.api.stream import Hub
from station_ctl.service.api.wire import ApiServer, tcp_socket, unix_socket
from station_ctl.service.bay_locks import BayLocks
from station_ctl.service.desk import KEYS_KEPT, Desk
from station_ctl.service.duty import Duty
from station_ctl.service.person_book import PersonBook
from station_ctl.service.vehicle_queue import VehicleQueue
from station_ctl.service.watchers import kept_up

log = structlog.get_logger()

ANCHOR_EVERY = 600.0
"""Seconds after which the audit chain's head is written to the log at the latest, if it has moved."""

ANCHOR_ROWS = 100
LOOK = 5.0


class ApiService:
    """Opens its sockets at once, so that a start in the wrong place is refused; serves while `run` runs."""

    def __init__(
        self, duty: Duty, registry: Registry, path: Path, *, tcp: tuple[str, int] | None = None,
        hosts: frozenset[str] = frozenset(), origins: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        """Raises AlreadyRunning or SocketError."""
        self._duty, self._registry, self.path = duty, registry, path
        self._hosts, self._origins = hosts, origins
        self._sockets = [unix_socket(path)]
        if tcp is not None:
            try:
                self._sockets.append(tcp_socket(*tcp))
            except BaseException:
                self.close()
                raise

    @property
    def tcp_port(self) -> int:
        """The port that was opened, 0 if none was."""
        found = [s.getsockname()[1] for s in self._sockets if s.family == socket.AF_INET]
        return int(found[0]) if found else 0

    async def run(self) -> None:
        """Serve until cancelled; then open streams are told goodbye and the socket is gone."""
        duty = self._duty
        duty.persons, duty.bay_locks, duty.queue, keys = await duty.journal.ask(remembered)
        hub = Hub(duty)
        api = Api(Desk(duty, self._registry, keys), hub)
        server = ApiServer(api.app(self._all_hosts(), self._origins))
        serving = asyncio.create_task(server.serve(sockets=self._sockets), name="api")
        telling = asyncio.create_task(kept_up("api events", hub.run), name="api events")
        anchoring = asyncio.create_task(kept_up("audit anchors", self._anchor), name="audit anchors")
        log.info("listening", socket=str(self.path), tcp=self.tcp_port or None)
        try:
            await asyncio.shield(serving)
        finally:
            hub.close()
            server.should_exit = True
            for task in (telling, anchoring):
                task.cancel()
            await asyncio.gather(telling, anchoring, return_exceptions=True)
            with suppress(asyncio.CancelledError):
                await serving
            await duty.operations.close()
            self.close()

    def _all_hosts(self) -> frozenset[str]:
        """What the station may be called over TCP: exact names, so that a foreign page cannot rename itself into it."""
        own = [s.getsockname() for s in self._sockets if s.family == socket.AF_INET]
        return self._hosts | {f"{host}:{port}" for host, port in own}

    async def _anchor(self) -> None:
        """Write the chain's head to the log now and then: a chain that is cut off later no longer fits it."""
        loop = asyncio.get_running_loop()
        last, at = Head(), loop.time()
        while True:
            await asyncio.sleep(LOOK)
            head = await self._duty.journal.ask(lambda journal: journal.audit_head)
            if head.seq - last.seq >= ANCHOR_ROWS or (head != last and loop.time() - at >= ANCHOR_EVERY):
                last, at = head, loop.time()
                log.info("audit-head", seq=head.seq, hash=head.hash)

    def close(self) -> None:
        """Close the sockets and take the Unix socket's name away. Twice is once."""
        if not self._sockets:
            return
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()
        with suppress(FileNotFoundError):
            self.path.unlink()


KINDS = (person_book.KIND, bay_locks.KIND, vehicle_queue.KIND)


def remembered(journal: Journal) -> tuple[PersonBook, BayLocks, VehicleQueue, frozenset[str]]:
    """What persons have said in an earlier life: persons with a token, bays out of use, the queue, keys of requests."""
    rows = journal.newest(-1, KINDS)
    try:
        persons, queue = PersonBook.of_rows(rows), VehicleQueue.of_rows(rows)
    except ValueError as error:
        raise DamagedJournal(f"a person or the queue in the journal cannot be read: {error}") from error
    keys = frozenset(row.key for row in journal.audit_rows(KEYS_KEPT) if row.key)
    return persons, BayLocks.of_rows(rows), queue, keys
