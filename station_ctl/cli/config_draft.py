"""The text of a new station file: links and roles of the shipped station of its type, and what a site says of itself.

Knows how a station file reads. Does not know who is asked, nor where the file goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from station_ctl.config import StationConfig

SCHEMA = "# yaml-language-server: $schema={schema}"
LETTERS = "ABCDEFGHIJ"
SITE = {
    "site_power_max_kw": "drawn from the grid, auxiliaries and losses included",
    "site_power_safe_kw": "holds while the meter is not good",
}
"""Limits that every site has of its own; the others have defaults, or come from the climate."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a site says of itself. `addresses` by link; a link that is not named keeps that of the shipped station."""

    name: str
    code: str
    racks: int
    bays: int
    addresses: Mapping[str, str]
    vehicles: tuple[str, ...]
    climate: str
    journal: str


def racks_of(shipped: StationConfig) -> list[str]:
    """The racks of a shipped station, by role."""
    return [name for name, role in shipped.roles.items() if role.bays]


def links_of(shipped: StationConfig, racks: int) -> dict[str, str]:
    """Every link of a station with so many racks, and its address in the shipped one; empty for a further rack."""
    own = racks_of(shipped)
    kept = {name: link.address for name, link in shipped.links.items() if name not in own[racks:]}
    return kept | {_rack(number): "" for number in range(len(own), racks)}


def text(shipped: StationConfig, draft: Draft, schema: str) -> str:
    """The file, commented."""
    simulated = shipped.simulated
    what = "A simulated station on this PC" if simulated else "A station file begun by `station-ctl config init`"
    lines = [
        SCHEMA.format(schema=schema),
        f"# {what}. What it says, and what else it may say: docs/how-to/write-a-station-file.md.",
        "# After every edit: `station-ctl config check FILE`; before a first start: `device probe --station FILE`.",
        "station:", f"  name: {_quoted(draft.name)}", f"  code: {_quoted(draft.code)}",
        f"  archetype: {shipped.station.archetype}",
        *(["  simulated: true                # every address is this PC"] if simulated else []),
        "", "journal:", f"  path: {_quoted(draft.journal)}    # on a disk that survives power cuts", "",
        "links:                           # one entry a PLC or instrument; map_version is that of its I/O list",
        *_links(shipped, draft), "", "roles:                           # which driver stands where, over which link",
        *_roles(shipped, draft), "", f"vehicles: [{', '.join(map(_quoted, draft.vehicles))}]", "",
    ]  # fmt: skip
    if draft.climate:
        words = "its limits hold where `policy` says nothing: config effective --origin"
        lines += [f"climate: {_quoted(draft.climate)}    # {words}", ""]
    return "\n".join([*lines, *_policy(shipped), ""])


def _links(shipped: StationConfig, draft: Draft) -> Iterator[str]:
    own = racks_of(shipped)
    for name in links_of(shipped, draft.racks):
        like = shipped.links[name if name in shipped.links else shipped.roles[own[-1]].link]
        settings = like.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        first = {"protocol": like.protocol, "address": draft.addresses.get(name, like.address)}
        settings = first | {key: value for key, value in settings.items() if key not in first}
        yield f"  {name}: {_flow(settings)}"


def _roles(shipped: StationConfig, draft: Draft) -> Iterator[str]:
    own, first = racks_of(shipped), 1
    names = [name for name in shipped.roles if name not in own]
    for name in names:
        settings = shipped.roles[name].model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        yield f"  {name}: {_flow(settings)}"
    for number in range(draft.racks):
        like = shipped.roles[own[min(number, len(own) - 1)]]
        name = own[number] if number < len(own) else _rack(number)
        settings = {"driver": like.driver, "link": like.link if number < len(own) else name}
        settings |= {"bays": draft.bays, "first_bay": first, "bay_prefix": LETTERS[number]}
        first += draft.bays
        yield f"  {name}: {_flow(settings)}"


def _policy(shipped: StationConfig) -> Iterator[str]:
    """Limits of the site: those that every site has, and what the shipped station of this type says beside them."""
    said: Mapping[str, Any] = shipped.document.data.get("policy") or {}
    yield "policy:                          # limits of the site; config/schema/station.json has all, with their ranges"
    for key in dict.fromkeys((*SITE, *said)):
        value = said.get(key, getattr(shipped.policy, key))
        if key in SITE or value != _default(key):
            yield f"  {key}: {_plain(value)}" + (f"    # {SITE[key]}" if key in SITE else "")


def _default(key: str) -> Any:
    from station_ctl.core.policy import SitePolicy

    return getattr(SitePolicy(), key)


def _rack(number: int) -> str:
    return f"rack_{LETTERS[number].lower()}"


def _flow(settings: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_plain(value)}" for key, value in settings.items()) + "}"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return _flow(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_plain, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, int) else _quoted(str(value))


def _quoted(value: str) -> str:
    """A word stands as it is; everything else in quotes, so that no address becomes a number or a mapping."""
    plain = value.translate(str.maketrans("", "", "_-./"))
    word = plain.isalnum() and plain.isascii() and not value[0].isdigit() and plain.lower() not in _WORDS
    return value if word else json.dumps(value, ensure_ascii=False)


_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off"))


def schema_place(path: Path, schemas: Path) -> str:
    """How the file at `path` names the schema: from beside it where it lies in the same configuration."""
    folder = path.resolve().parent
    for depth, above in enumerate((folder, *folder.parents[:2])):
        if (above / "schema" / "station.json").is_file():
            return "../" * depth + "schema/station.json"
    return str(schemas / "station.json")
