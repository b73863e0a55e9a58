"""Control of the station: one seat at a time may ask for motion.

Pure: time comes in as an argument. Knows who may take control from whom. Stopping needs no control.
"""

from __future__ import annotations

from dataclasses import dataclass

from station_ctl.service.persons import Person, Seat

LASTS = 30.0
"""Seconds after the last sign of its holder at which control falls free: a closed laptop must not keep the station."""

RANK = {Seat.REMOTE: 1, Seat.CLI: 2, Seat.PANEL: 3}


@dataclass(frozen=True, slots=True)
class Lease:
    """Who has control, since when and until when (monotonic s)."""

    holder: Person
    taken_at: float
    ends_at: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """The seat of control. Every change gives a new one."""

    lease: Lease | None = None

    def held(self, now: float) -> Lease | None:
        """The lease that counts now, if any."""
        return self.lease if self.lease is not None and now < self.lease.ends_at else None

    def why_not(self, person: Person, now: float) -> str:
        """Why this person may not ask for motion now; empty if they may, because control is theirs or free."""
        lease = self.held(now)
        if lease is None or lease.holder == person:
            return ""
        note = f" ({lease.note})" if lease.note else ""
        return f"{lease.holder} has control of the station{note}; see: station-ctl control who"

    def used_by(self, person: Person, now: float) -> Control:
        """Control after this person asked for motion: theirs, for another while."""
        lease = self.held(now)
        if lease is not None and lease.holder == person:
            return Control(Lease(person, lease.taken_at, now + LASTS, lease.note))
        return Control(Lease(person, now, now + LASTS))

    def why_not_take(self, person: Person, now: float) -> str:
        """Why this person may not take control; empty if they may. The seat nearer to the machine may always."""
        lease = self.held(now)
        if lease is None or lease.holder == person:
            return ""
        if RANK[person.seat] > RANK[lease.holder.seat] or (
            RANK[person.seat] == RANK[lease.holder.seat] and person.role > lease.holder.role
        ):
            return ""
        left = lease.ends_at - now
        return f"{lease.holder} has control, and it falls free in {left:.0f} s without a sign; ask them to release it"

    def take(self, person: Person, now: float, note: str) -> Control:
        """Control taken with a note."""
        return Control(Lease(person, now, now + LASTS, note))

    def release(self) -> Control:
        """Control given up."""
        return Control()
