"""The book of persons: who may come in by token, and what an account of this PC may do.

Knows names, roles, hashes of tokens. Does not know sockets; a token itself is told once and kept by nobody here.
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from station_ctl.core.errors import NotFound, Refused
from station_ctl.engine.events import Record
from station_ctl.engine.journal import JournalRow
from station_ctl.service.persons import LONGEST_H, Person, Role, Seat

KIND = "person"
GROUPS = {f"station-{role.word}": role for role in Role}
"""Groups of this PC and the role of their members; whoever may open the socket at all may look."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One person in the book. `token` is the SHA-256 of their token in hex; `expires` is wall time (s)."""

    name: str
    role: Role
    seat: Seat
    token: str
    expires: float
    disabled: bool = False


class PersonBook:
    """Persons by name. Changes are journal rows; the book is made of them again at start."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = {entry.name: entry for entry in entries}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @classmethod
    def of_rows(cls, rows: Iterable[JournalRow]) -> PersonBook:
        """The book as the journal tells it; the last row of a name counts."""
        book = cls()
        for row in rows:
            if row.kind == KIND:
                book._entries[str(row.data.get("name"))] = _entry(row.data)
        return book

    def named(self, name: str) -> Entry:
        """The person of that name. Raises NotFound."""
        if name not in self._entries:
            raise NotFound(f"no person {name!r}; there are {', '.join(self._entries) or 'none'}")
        return self._entries[name]

    def prepare(self, name: str, role: Role, seat: Seat, hours: float, now: float) -> tuple[Entry, str]:
        """A new entry and its token. Nothing is changed until `put` is called with what was made durable."""
        known = self._entries.get(name)
        if known is not None and not known.disabled and known.expires > now:
            raise Refused(f"person {name} has a token already, as {known.role.word}; disable it first")
        token = secrets.token_urlsafe(32)
        return Entry(name, role, seat, _hash(token), now + min(hours, LONGEST_H) * 3600), token

    def put(self, entry: Entry) -> None:
        """Take an entry whose row is durable."""
        self._entries[entry.name] = entry

    def of_token(self, token: str, now: float) -> Person | None:
        """Whose token this is, if it is one that counts now. Compares hashes in constant time."""
        given = _hash(token)
        found = None
        for entry in self._entries.values():
            if secrets.compare_digest(entry.token, given) and not entry.disabled and now < entry.expires:
                found = Person(entry.name, entry.role, entry.seat)
        return found


def row_of(entry: Entry) -> Record:
    """The journal row of an entry."""
    facts: dict[str, Any] = {
        "name": entry.name, "role": entry.role.word, "seat": str(entry.seat), "token_sha256": entry.token,
        "expires": entry.expires, "disabled": entry.disabled,
    }  # fmt: skip
    return Record(KIND, data=tuple(facts.items()))


def _entry(facts: dict[str, object]) -> Entry:
    expires = facts.get("expires")
    return Entry(
        str(facts.get("name")), Role.of(str(facts.get("role"))), Seat(str(facts.get("seat"))),
        str(facts.get("token_sha256")), float(expires) if isinstance(expires, (int, float)) else 0.0,
        bool(facts.get("disabled")),
    )  # fmt: skip


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def of_account(uid: int, gid: int) -> Person:
    """An account of this PC, as the kernel tells it of the other end of a Unix socket.

    Root and the account that the service runs under administer it; others have the highest role of their groups.
    """
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return Person(f"uid-{uid}", Role.VIEWER)
    if uid in (0, os.geteuid()):
        return Person(name, Role.ADMIN)
    try:
        groups = os.getgrouplist(name, gid)
        roles = [GROUPS.get(grp.getgrgid(g).gr_name, Role.VIEWER) for g in groups]
    except KeyError:
        roles = []
    return Person(name, max(roles, default=Role.VIEWER))
