"""A desk on a station in virtual time: requests as a surface would put them, and what is written of them.

Knows persons and envelopes. Does not know sockets.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from station_ctl.service.actions import Registry
from station_ctl.service.calls import Envelope, Verdict
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.desk import Desk
from station_ctl.service.persons import Person, Role, Seat
from tests.bench.virtual_bench import VirtualBench

OPERATOR = Person("li", Role.OPERATOR, Seat.PANEL)
TECHNICIAN = Person("wang", Role.TECHNICIAN)
ADMIN = Person("zhao", Role.ADMIN)
SECOND_ADMIN = Person("sun", Role.ADMIN)
VIEWER = Person("guest", Role.VIEWER, Seat.REMOTE)


class DeskBench(VirtualBench):
    """`desk` and `duty` on the bench's engine; wall time is virtual, too."""

    def __init__(self, folder: Path, *, registry: Registry = REGISTRY, **options: Any) -> None:
        self._registry, self._keys = registry, itertools.count(1)
        super().__init__(folder, **options)

    def _boot(self, journal: Path) -> None:
        super()._boot(journal)
        self.duty = self.built.duty(self.engine, self._committer())  # type: ignore[arg-type]
        self.duty.charging, self.duty.reception.standing = self.charging, self.charging.standing
        self.duty.wall = self.duty.mono = self.engine.clock.monotonic
        self.desk = Desk(self.duty, self._registry)

    async def put(self, action: str, person: Person = OPERATOR, **more: Any) -> Verdict:
        """Put a request as it is made now, with a yes; `params` and any field of the envelope as named."""
        given = {"issued_at": self.duty.wall(), "key": f"k{next(self._keys)}", "confirmed": True, **more}
        return await self.desk.put(Envelope(action, **given), person)

    def audited(self) -> list[tuple[str, str, str]]:
        """(actor, action, decision) of every audit row."""
        return [(row.actor, row.action, row.decision) for row in self.journal.audit_rows(1 << 30)]
