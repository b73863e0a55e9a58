"""What the parts of a station file must be together: links, roles, drivers, bays, addresses, heartbeats.

Knows each rule once. Does not know sequences or drivers; what they ask for is handed in as data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pydantic import TypeAdapter, ValidationError

from station_ctl.config.io_checks import check_contract, check_together, order_prefixes
from station_ctl.config.io_lists import IoFile
from station_ctl.config.io_ranges import check_ranges
from station_ctl.config.models import (
    LinkSettings,
    ModbusRtuLink,
    ModbusTcpLink,
    OpcUaLink,
    Role,
    Scan,
    SerialLineLink,
    host_and_port,
    is_this_machine,
)
from station_ctl.config.plc_ids import check_plc_ids
from station_ctl.config.yaml_positions import Document
from station_ctl.core.devices import Misfit
from station_ctl.core.levels import WHY_NOT_C, Level
from station_ctl.core.points import IoList


@dataclass(frozen=True, slots=True)
class DriverFacts:
    """What a station file must know of a driver: whether it gives orders, on which channel, over which link.

    `options` are the further keys its role takes; `lines` says whether it reads text lines, None = any.
    """

    orders: bool = False
    prefix: str = ""
    options: frozenset[str] = frozenset()
    lines: bool | None = None


MisfitsOf = Callable[[str, str, str, IoList, Mapping[str, int | str]], tuple[Misfit, ...]]
"""What of a list does not fit a driver: by driver, role, link, list, and the role's further options."""


def _no_misfits(driver: str, role: str, link: str, io: IoList, options: Mapping[str, int | str]) -> tuple[Misfit, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Parts:
    """What there is to build a station from: drivers by name, and the roles that each archetype needs.

    A required role may be a pattern: `rack_*` asks for at least one role of that form.
    """

    drivers: Mapping[str, DriverFacts]
    archetypes: Mapping[str, tuple[str, ...]]
    misfits: MisfitsOf = _no_misfits


_LINK: TypeAdapter[LinkSettings] = TypeAdapter(LinkSettings)
_ROLE: TypeAdapter[Role] = TypeAdapter(Role)
_SCAN: TypeAdapter[Scan] = TypeAdapter(Scan)


@dataclass(slots=True)
class Sketch:
    """What of a station file is valid on its own, so that one wrong value does not hide the next.

    A link or role that is wrong in itself is None: it exists, and nothing can be said of it.
    """

    document: Document
    links: dict[str, LinkSettings | None] = field(default_factory=dict)
    roles: dict[str, Role | None] = field(default_factory=dict)
    scan: Scan = field(default_factory=Scan)

    @classmethod
    def of(cls, document: Document) -> Sketch:
        """Every part of the document that is valid without the others."""
        scan = _valid(_SCAN, document.data.get("scan", {}))
        return cls(
            document,
            {name: _valid(_LINK, raw) for name, raw in _mapping(document.data, "links").items()},
            {name: _valid(_ROLE, raw) for name, raw in _mapping(document.data, "roles").items()},
            scan if isinstance(scan, Scan) else Scan(),
        )

    def value(self, *path: str) -> Any:
        """A value of the file as it stands there, None if it does not."""
        found: Any = self.document.data
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    @property
    def simulated(self) -> bool:
        """True if the file calls the station simulated."""
        return self.value("station", "simulated") is True


def _mapping(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _valid(adapter: TypeAdapter[Any], raw: Any) -> Any:
    try:
        return adapter.validate_python(raw)
    except ValidationError:
        return None


def check_station(sketch: Sketch, parts: Parts | None) -> None:
    """Every rule between parts of the station file; findings go to the document."""
    _simulation(sketch)
    _addresses(sketch)
    _references(sketch)
    _racks(sketch)
    _vehicles(sketch)
    if parts is not None:
        _archetype(sketch, parts)
        _drivers(sketch, parts)
        _channels(sketch, parts)


def _simulation(sketch: Sketch) -> None:
    """A simulated station must not reach a real machine, and a real one has no other time than the wall's."""
    report = sketch.document.report
    rate = sketch.value("clock", "process_rate")
    if rate not in (None, 1) and not sketch.simulated:
        report(("clock", "process_rate"), "only a simulated station may run faster than the clock", got=rate)
    if not sketch.simulated:
        return
    for name, link in sketch.links.items():
        if isinstance(link, (ModbusTcpLink, OpcUaLink)):
            if not is_this_machine(host_and_port(link.address)[0]):
                text = "a simulated station has loopback addresses"
                report(("links", name, "address"), text, got=link.address)
        elif link is not None and link.address.startswith(("/dev/tty", "/dev/serial/")):
            report(("links", name, "address"), "a simulated station uses no serial port", got=link.address)


def _addresses(sketch: Sketch) -> None:
    """One PLC, one link. Only Modbus RTU instruments share a port: their bus has one owner, and one line setting."""
    owners: dict[Any, str] = {}
    for name in sketch.links:
        written = sketch.value("links", name, "address")
        if not isinstance(written, str):
            continue
        try:
            address: tuple[str, int] | str = host_and_port(written)
        except ValueError:
            address = written
        if address in owners:
            _shared(sketch, name, owners[address])
        owners.setdefault(address, name)


LINE = ("baud", "parity", "stop_bits")
"""What all instruments on one serial bus must have in common."""


def _shared(sketch: Sketch, name: str, owner: str) -> None:
    """Link `name` has the address of link `owner`."""
    link, other = sketch.links[name], sketch.links[owner]
    if isinstance(link, ModbusRtuLink) and isinstance(other, ModbusRtuLink):
        for key in LINE:
            needed, got = getattr(other, key), getattr(link, key)
            if got != needed:
                text = f"links on one bus have the same {key}; {owner} has {needed}"
                sketch.document.report(("links", name, key), text, got=got)
        return
    address = sketch.value("links", name, "address")
    sketch.document.report(("links", name, "address"), f"address is also that of link {owner}", got=address)


def _references(sketch: Sketch) -> None:
    report = sketch.document.report
    for name in sketch.roles:
        link = sketch.value("roles", name, "link")
        if isinstance(link, str) and link not in sketch.links:
            report(("roles", name, "link"), f"there is no link of that name: {_list(sketch.links)}", got=link)
    used = [sketch.value("roles", name, "link") for name in sketch.roles]
    used += [link for role in sketch.roles.values() if role is not None for link in role.also]
    for name in sketch.links:
        if name not in used:
            report(("links", name), "no role uses this link", key=True)


def _racks(sketch: Sketch) -> None:
    report = sketch.document.report
    numbers: dict[int, str] = {}
    prefixes: dict[str, str] = {}
    for name, role in sketch.roles.items():
        if role is None or not role.options:
            continue
        for key in ("bays", "first_bay", "bay_prefix"):
            if key not in role.options:
                text = "is missing: a rack says bays, first_bay and bay_prefix"
                report(("roles", name, key), text, key=True)
        taken = {numbers[n] for n in role.bay_numbers if n in numbers}
        if taken:
            last = role.bay_numbers[-1]
            text = f"bays {role.first_bay} to {last} overlap those of {_list(taken)}"
            report(("roles", name, "first_bay"), text, got=role.first_bay)
        if role.bay_prefix in prefixes:
            text = f"bays of {prefixes[role.bay_prefix]} have the same names"
            report(("roles", name, "bay_prefix"), text, got=role.bay_prefix)
        numbers |= dict.fromkeys(role.bay_numbers, name)
        if role.bay_prefix is not None:
            prefixes.setdefault(role.bay_prefix, name)


def _vehicles(sketch: Sketch) -> None:
    for part in ("vehicles", "fleets"):
        names = sketch.value(part)
        for i, name in enumerate(names if isinstance(names, list) else ()):
            if name in names[:i]:
                sketch.document.report((part, i), f"{part.removesuffix('s')} occurs twice", got=name)


def _archetype(sketch: Sketch, parts: Parts) -> None:
    name = sketch.value("station", "archetype")
    if not isinstance(name, str):
        return
    if name not in parts.archetypes:
        text = f"there is no such archetype: {_list(parts.archetypes)}"
        sketch.document.report(("station", "archetype"), text, got=name)
        return
    for needed in parts.archetypes[name]:
        if not any(fnmatchcase(role, needed) for role in sketch.roles):
            sketch.document.report(("roles", needed), f"is missing: a {name} station needs it", key=True)


def _drivers(sketch: Sketch, parts: Parts) -> None:
    report = sketch.document.report
    for name, role in sketch.roles.items():
        driver = sketch.value("roles", name, "driver")
        facts = parts.drivers.get(driver) if isinstance(driver, str) else None
        if facts is None:
            if isinstance(driver, str):
                text = f"there is no such driver: {_list(parts.drivers)}"
                report(("roles", name, "driver"), text, got=driver)
            continue
        if role is None:
            continue
        for key in sorted(role.options.keys() - facts.options):
            report(("roles", name, key), f"driver {driver} has no such option", key=True)
        link = sketch.links.get(role.link)
        if link is not None and facts.lines not in (None, isinstance(link, SerialLineLink)):
            needed = "a serial-line link" if facts.lines else "a link with an I/O list"
            report(("roles", name, "link"), f"driver {driver} needs {needed}, {role.link} is {link.protocol}")


def _channels(sketch: Sketch, parts: Parts) -> None:
    """Two devices that give orders in one block would overwrite each other's."""
    owners: dict[tuple[str, str], str] = {}
    for name, role in sketch.roles.items():
        facts = parts.drivers.get(role.driver) if role is not None else None
        if role is None or facts is None or not facts.orders:
            continue
        channel = (role.link, facts.prefix)
        if channel in owners:
            text = f"gives orders on the same channel of link {role.link} as {owners[channel]}"
            sketch.document.report(("roles", name), text, key=True)
        owners.setdefault(channel, name)


def check_lists(sketch: Sketch, lists: Mapping[str, IoFile], parts: Parts | None) -> None:
    """Each I/O list with the link that uses it and the roles on that link."""
    checked: set[tuple[str, str]] = set()
    for name, io in lists.items():
        link = sketch.links.get(name)
        protocol = sketch.value("links", name, "protocol")
        if (io.file, protocol) not in checked:
            checked.add((io.file, protocol))
            check_together(io, protocol, getattr(link, "unit", 1))
            check_ranges(io)
        _contract(sketch, name, link, io, parts)
    check_plc_ids(sketch, lists)


def _contract(sketch: Sketch, name: str, link: LinkSettings | None, io: IoFile, parts: Parts | None) -> None:
    if link is None or isinstance(link, SerialLineLink) or not io.has_rows:
        return
    prefixes = order_prefixes(io)
    for role in sketch.roles.values():
        facts = parts.drivers.get(role.driver) if parts is not None and role is not None else None
        if role is not None and facts is not None and role.link == name and facts.orders:
            prefixes.add(facts.prefix)
    identity, heartbeat = link.map_version is not None, link.heartbeat_timeout_ms is not None
    check_contract(io, prefixes, identity=identity, heartbeat=heartbeat, level=link.level)
    if link.level is Level.C and prefixes:
        sketch.document.report(("links", name, "level"), WHY_NOT_C)
    elif link.level is not Level.A and not prefixes:
        sketch.document.report(("links", name, "level"), "is of orders, and none goes over this link", key=True)
    report = sketch.document.report
    if "MAP_VERSION" in io.points and link.map_version is None:
        report(("links", name, "map_version"), f"is missing: {io.file} has MAP_VERSION", key=True)
    beat = io.points.get("HB_PLC")
    if beat is None:
        return
    if link.heartbeat_timeout_ms is None:
        report(("links", name, "heartbeat_timeout_ms"), f"is missing: {io.file} has HB_PLC", key=True)
    elif link.heartbeat_timeout_ms < 2 * sketch.scan.period_ms(beat.scan):
        text = f"must be at least two scans of HB_PLC, {2 * sketch.scan.period_ms(beat.scan)}"
        report(("links", name, "heartbeat_timeout_ms"), text, got=link.heartbeat_timeout_ms)


def _list(names: Any) -> str:
    return ", ".join(sorted(names))
