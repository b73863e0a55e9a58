"""Persons who come in by token: listed, added, disabled."""

from __future__ import annotations

from dataclasses import replace

from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.user import NewPerson, PersonWanted
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty
from station_ctl.service.person_book import Entry, row_of
from station_ctl.service.persons import Role


def _shown(entry: Entry) -> dict[str, object]:
    """An entry without what could help to guess a token."""
    return {
        "name": entry.name, "role": entry.role.word, "seat": str(entry.seat), "expires": entry.expires,
        "disabled": entry.disabled,
    }  # fmt: skip


async def list_all(duty: Duty, params: Nothing, call: Call) -> Result:
    """Every person in the book."""
    shown = [_shown(entry) for entry in duty.persons]
    return Result({"persons": shown}, f"{len(shown)} persons")


async def add(duty: Duty, params: NewPerson, call: Call) -> Result:
    """A new person, and the token that only this answer has. Raises Refused for one who has a token."""
    entry, token = duty.persons.prepare(
        params.name, Role.of(params.role), params.seat, params.hours, duty.wall()
    )
    await duty.record(row_of(entry), call.take_audit())
    duty.persons.put(entry)
    return Result({**_shown(entry), "token": token}, f"{entry.name} is {entry.role.word}; token, shown once: {token}")


async def disable(duty: Duty, params: PersonWanted, call: Call) -> Result:
    """End a token. Raises NotFound."""
    entry = replace(duty.persons.named(params.name), disabled=True)
    await duty.record(row_of(entry), call.take_audit())
    duty.persons.put(entry)
    return Result(_shown(entry), f"{entry.name} is disabled")
