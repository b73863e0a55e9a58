"""Every value of a station's configuration by its dotted name, where it comes from, and what two stations differ in.

Knows how a configuration is laid flat. Does not know what a value means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from station_ctl.config import StationConfig
from station_ctl.core.points import IoList

PARTS = ("station", "clock", "journal", "scan", "links", "roles", "climate", "policy", "recipes", "trends",
         "simulation")  # fmt: skip
NAMES = {"journal": "journal.path", "recipes": "vehicles"}
"""Parts that stand under another name in the file."""

DEFAULT = "default"
NO_MEANING = ("text",)
"""Columns of an I/O list that only people read."""


def values(config: StationConfig) -> dict[str, Any]:
    """Every value by its dotted name, in the order of the file; what was not said has its default."""
    parts = {NAMES.get(part, part): _plain(getattr(config, part)) for part in PARTS} | _admission(config)
    return {name: value for part, values in parts.items() for name, value in _flat(part, values)}


def _admission(config: StationConfig) -> dict[str, Any]:
    """Fleets by name, and who is served when."""
    admission = config.admission
    fleets = {f.name: {**asdict(f), "vins": len(f.vins), "patterns": list(f.patterns)} for f in admission.fleets}
    only = [f"{rule}: {', '.join(rule.fleets)}" for rule in admission.only]
    return {"fleets": fleets, "admission": {"only": only, "patience_min": admission.patience_s / 60}}


def origins(config: StationConfig) -> dict[str, str]:
    """Where each value comes from: `file:line:col` of the station file, a vehicle's file, or that it is the default."""
    found = {}
    for name in values(config):
        path = name.split(".")
        if path[0] in ("vehicles", "fleets"):
            found[name] = f"its {path[0].removesuffix('s')} file"
        else:
            found[name] = config.where(*path) if _said(config.document.data, path) else DEFAULT
    return found


def differences(one: StationConfig, other: StationConfig) -> Iterator[tuple[str, Any, Any]]:
    """Name and both values, of everything that is not the same; a name that one lacks has None there."""
    ours, theirs = values(one), values(other)
    for name in dict.fromkeys((*ours, *theirs)):
        if ours.get(name) != theirs.get(name):
            yield name, ours.get(name), theirs.get(name)
    yield from _list_differences(one, other)


def _list_differences(one: StationConfig, other: StationConfig) -> Iterator[tuple[str, Any, Any]]:
    """What the I/O lists of a link mean differently, tag by tag; the order of rows and people's words mean nothing."""
    for link in dict.fromkeys((*one.io, *other.io)):
        nothing = IoList(link, ())
        ours, theirs = one.io.get(link, nothing), other.io.get(link, nothing)
        for tag in dict.fromkeys((*ours, *theirs)):
            left, right = ours.get(tag), theirs.get(tag)
            name = f"io.{link}.{tag}"
            if left is None or right is None:
                yield name, left and left.address, right and right.address
                continue
            for field in fields(left):
                said, told = getattr(left, field.name), getattr(right, field.name)
                if said != told and field.name not in NO_MEANING:
                    yield f"{name}.{field.name}", _meant(said), _meant(told)


def _meant(value: Any) -> Any:
    return value if isinstance(value, (int, float, bool, type(None))) else str(value)


def _said(data: Any, path: list[str]) -> bool:
    for key in path:
        if not isinstance(data, Mapping) or key not in data:
            return False
        data = data[key]
    return True


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):  # a part of the file; what these are made of is the configuration's matter
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return str(value) if isinstance(value, Path) else value


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}", part)
    else:
        yield name, list(value) if isinstance(value, tuple) else value
