"""Persons and roles: who may ask for what.

Knows the order of roles. Does not know how a person is recognised (sockets, tokens) or what is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

LONGEST_H = 12.0
"""Hours after which a token ends: a shift, not a year."""


class Role(IntEnum):
    """What a person may do; each role may do what the lower ones may (after IEC 62443-4-2, SL-C 2)."""

    VIEWER = 1
    """Looks. And stops: anyone may stop the station, always."""
    OPERATOR = 2
    """Runs swaps: start, hold, resume, retreat, acknowledge."""
    TECHNICIAN = 3
    """Moves devices one by one, re-identifies packs, takes bays out of service."""
    ADMIN = 4
    """Persons, configuration, bypasses, custody by statement."""

    @property
    def word(self) -> str:
        """As it is written in lists, tokens and audit rows."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Role:
        """The role of that name. Raises ValueError naming those there are."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"no role {word!r}; there are {', '.join(r.word for r in cls)}") from None


class Seat(StrEnum):
    """Where a person sits. The panel stands beside the machine, so it may take control from the others."""

    PANEL = "panel"
    CLI = "cli"
    REMOTE = "remote"


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever asks: name and role as recognised by the connection, never as claimed by the message."""

    name: str
    role: Role
    seat: Seat = Seat.CLI

    def __str__(self) -> str:
        return f"{self.name} ({self.role.word}, {self.seat})"
