"""Loading a station: station file, I/O lists, vehicle recipes and alarm catalogue, whole or not at all.

Knows where files lie and that every error is told at once. Does not know drivers, sequences or sockets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from station_ctl.charging.tariff import Tariff
from station_ctl.config.alarms import read_alarms
from station_ctl.config.checks import Parts, Sketch, check_lists, check_station
from station_ctl.config.climates import lend
from station_ctl.config.driver_checks import check_drivers
from station_ctl.config.fleets import admission, read_fleets
from station_ctl.config.io_lists import IoFile, read_io_list
from station_ctl.config.models import (
    PROTOCOLS,
    Clock,
    LinkSettings,
    OpcUaLink,
    Role,
    Scan,
    Simulation,
    Station,
    StationFile,
)
from station_ctl.config.simulation import check_simulation
from station_ctl.config.split_devices import check_split
from station_ctl.config.tariffs import TariffFile, read_tariff_file
from station_ctl.config.trends import check_trends
from station_ctl.config.vehicles import VehicleFile
from station_ctl.config.yaml_positions import Document, dotted, in_order, read_yaml, shown, validated
from station_ctl.core.alarms import AlarmEntry
from station_ctl.core.errors import ConfigurationError, NotFound
from station_ctl.core.fleets import EVERYBODY, Admission
from station_ctl.core.points import IoList
from station_ctl.core.policy import SitePolicy
from station_ctl.core.steps import Recipe
from station_ctl.paths import config_directory

OverrideValue = str | int | float | bool
NO_OVERRIDES: Mapping[str, OverrideValue] = MappingProxyType({})


@dataclass(frozen=True)
class StationConfig:
    """Everything the files say of one station, checked. Files it names stand with absolute paths.

    `links`, `roles` and `io` are by name, in the order of the file; `recipes` by vehicle model; `alarms` by
    code. A serial-line link has no entry in `io`. `files` are all that were read; `config_hash` changes with any
    byte of any of them and with any override.
    """

    path: Path
    station: Station
    clock: Clock
    journal: Path
    scan: Scan
    links: Mapping[str, LinkSettings]
    roles: Mapping[str, Role]
    policy: SitePolicy
    recipes: Mapping[str, Recipe]
    io: Mapping[str, IoList]
    alarms: Mapping[str, AlarmEntry]
    config_hash: str
    files: tuple[Path, ...]
    document: Document = field(repr=False, compare=False)
    simulation: Simulation | None = None
    trends: tuple[str, ...] | None = None
    """Tags (`link.TAG`) that are sampled; None = every analog tag worth it."""
    lists: Mapping[str, Path] = field(default_factory=dict)
    """The file of each link's I/O list."""
    tariff: Tariff | None = None
    """What charging is planned by; None = it is not planned."""
    climate: str | None = None
    """The climate file whose limits hold where the station file says none."""
    admission: Admission = EVERYBODY
    """Fleets, who of them goes first, and who alone is served when."""

    @property
    def simulated(self) -> bool:
        """True for a station whose machines are simulated on this PC."""
        return self.station.simulated

    def where(self, *keys: str | int) -> str:
        """`file:line:col` of a value of the station file, for errors found later."""
        return self.document.where(*keys)


def station_file(name: str) -> Path:
    """The file of a station: a path, or the name of a file in config/stations. Raises NotFound."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.name != name:
        if path.is_file():
            return path
        raise NotFound(f"there is no station file {name}")
    shipped = config_directory() / "stations"
    if (shipped / f"{name}.yaml").is_file():
        return shipped / f"{name}.yaml"
    known = ", ".join(sorted(p.stem for p in shipped.glob("*.yaml")))
    raise NotFound(f"there is no station {name}; in {shown(shipped)} are {known}")


def load_station(
    path: Path, overrides: Mapping[str, OverrideValue] = NO_OVERRIDES, parts: Parts | None = None
) -> StationConfig:
    """The configuration of one station.

    `overrides` are dotted paths of the station file (`links.lift.address`), for a simulated station only.
    `parts` are the drivers and archetypes there are; without it their names are not checked.
    Raises ConfigurationError with every error of all files as `file:line:col: path: text (got …)`.
    """
    document = read_yaml(path)
    _override(document, overrides)
    climates = _climates(document, path)
    context = {"folder": path.resolve().parent}
    file = validated(document, StationFile, context) if document.parsed else None
    sketch = Sketch.of(document)
    lists = _lists(sketch, path)
    vehicles, fleet_files = _named(sketch, path, "vehicles"), _named(sketch, path, "fleets")
    alarms_document, alarms = read_alarms(config_directory() / "alarms.yaml")
    check_station(sketch, parts)
    check_simulation(sketch)
    check_lists(sketch, lists, parts)
    check_split(sketch, lists)
    check_drivers(sketch, lists, parts)
    check_trends(sketch, lists)
    recipes = _recipes(vehicles)
    admitted = admission(sketch, file, read_fleets(fleet_files, recipes))
    others = (*vehicles, *fleet_files, *climates)
    documents: list[Document | IoFile] = [document, *lists.values(), *others, alarms_document]
    findings = list(dict.fromkeys(line for source in documents for line in in_order(source.findings)))
    sources: list[Document | IoFile | TariffFile] = [*documents]
    tariff = None
    if file is not None and file.charging is not None:
        tariff = read_tariff_file(file.charging.tariff)
        sources.append(tariff)
        findings += tariff.lines
    if findings or file is None:
        raise ConfigurationError(findings)
    return StationConfig(
        path=path,
        station=file.station,
        clock=file.clock,
        journal=file.journal.path,
        scan=file.scan,
        links=MappingProxyType(file.links),
        roles=MappingProxyType(file.roles),
        policy=file.policy.site_policy(),
        recipes=MappingProxyType(recipes),
        io=MappingProxyType({name: io.io_list() for name, io in lists.items()}),
        alarms=MappingProxyType(alarms),
        config_hash=_hash(sources, overrides),
        files=tuple(dict.fromkeys(Path(source.file).absolute() for source in sources)),
        document=document,
        simulation=file.simulation,
        trends=file.trends,
        lists=MappingProxyType({name: io.path for name, io in lists.items()}),
        tariff=tariff.tariff if tariff is not None else None,
        climate=file.climate,
        admission=admitted,
    )


def absent_files(config: StationConfig) -> list[str]:
    """Findings about files that the station file names and this PC does not have, for the moment of a start.

    Not part of loading: a station file is also checked on PCs that hold neither keys nor a journal.
    """
    found = []
    for name, link in config.links.items():
        if not isinstance(link, OpcUaLink) or link.security is None:
            continue
        for key in ("certificate", "private_key", "server_certificate", "password_file"):
            path = getattr(link.security, key)
            if path is not None and not path.is_file():
                found.append(_absent(config, f"there is no file {path}", "links", name, "security", key))
    if not config.journal.parent.is_dir():
        found.append(_absent(config, f"there is no folder {config.journal.parent}", "journal", "path"))
    return found


def _absent(config: StationConfig, text: str, *keys: str) -> str:
    return f"{config.where(*keys)}: {dotted(keys)}: {text}"


def _override(document: Document, overrides: Mapping[str, OverrideValue]) -> None:
    if not overrides or not document.parsed:
        return
    station = document.data.get("station")
    simulated = isinstance(station, dict) and station.get("simulated") is True
    for name, value in overrides.items():
        path = tuple(name.split("."))
        allowed = simulated and path[0] != "station"
        document.overridden.add(_set(document.data, path, value) if allowed else path)
        if not simulated:
            document.report(path, "only a simulated station takes overrides")
        elif not allowed:
            document.report(path, "which station this is cannot be overridden")


def _set(data: dict[str, Any], path: tuple[str, ...], value: OverrideValue) -> tuple[str, ...]:
    """Put a value into nested data; what stands in the way is replaced and fails validation.

    Returns the path of the part that the file no longer says itself.
    """
    changed = path
    for depth, key in enumerate(path[:-1], 1):
        if not isinstance(data.get(key), dict):
            data[key] = {}
            changed = min(changed, path[:depth], key=len)
        data = data[key]
    data[path[-1]] = value
    return changed


def _places(path: Path, folder: str) -> list[Path]:
    """Where a file named in a station file may lie: a site's own folder goes before the release's."""
    return [path.parent / folder, path.parent / ".." / folder, config_directory() / folder]


def _find(path: Path, folder: str, name: str) -> Path | None:
    return next((place / name for place in _places(path, folder) if (place / name).is_file()), None)


def _lists(sketch: Sketch, path: Path) -> dict[str, IoFile]:
    """The I/O list of every link that names one, also of links that are wrong otherwise."""
    read: dict[tuple[Path, bool], IoFile] = {}
    lists = {}
    for name in sketch.links:
        protocol, io_name = sketch.value("links", name, "protocol"), sketch.value("links", name, "io_list")
        if protocol not in PROTOCOLS or protocol == "serial-line" or not isinstance(io_name, str):
            continue
        found = _find(path, "io", io_name) if "/" not in io_name else None
        if found is None:
            folders = ", ".join(shown(place) for place in _places(path, "io"))
            sketch.document.report(("links", name, "io_list"), f"no such I/O list in {folders}", got=io_name)
            continue
        key = (found, protocol == "opcua")
        if key not in read:
            read[key] = read_io_list(found, protocol)
        lists[name] = read[key]
    return lists


def _climates(document: Document, path: Path) -> list[Document]:
    """The climate file that the station file names, if any; its limits are lent to the station file."""
    name = document.data.get("climate")
    if not isinstance(name, str) or "/" in name:
        return []
    found = _find(path, "climates", f"{name}.yaml")
    if found is None:
        folders = ", ".join(shown(place) for place in _places(path, "climates"))
        document.report(("climate",), f"no file {name}.yaml in {folders}", got=name)
        return []
    return [lend(document, found)]


def _named(sketch: Sketch, path: Path, part: str) -> list[Document]:
    """The files that a list of the station file names: its vehicles, its fleets."""
    documents = []
    names = sketch.value(part)
    for i, name in enumerate(names if isinstance(names, list) else ()):
        if not isinstance(name, str) or name in names[:i] or "/" in name:
            continue
        found = _find(path, part, f"{name}.yaml")
        if found is None:
            folders = ", ".join(shown(place) for place in _places(path, part))
            sketch.document.report((part, i), f"no file {name}.yaml in {folders}", got=name)
        else:
            documents.append(read_yaml(found))
    return documents


def _recipes(documents: list[Document]) -> dict[str, Recipe]:
    recipes: dict[str, Recipe] = {}
    files: dict[str, str] = {}
    for document in documents:
        vehicle = validated(document, VehicleFile) if document.parsed else None
        if vehicle is None:
            continue
        if vehicle.model in recipes:
            document.report(("model",), f"is also the model of {files[vehicle.model]}", got=vehicle.model)
        recipes.setdefault(vehicle.model, vehicle.recipe())
        files.setdefault(vehicle.model, document.file)
    return recipes


def _hash(sources: list[Document | IoFile | TariffFile], overrides: Mapping[str, OverrideValue]) -> str:
    """Files count by name and content, not by folder: the same configuration on two PCs has the same hash."""
    lines = [f"{Path(source.file).name} {source.digest}" for source in sources]
    lines += [f"{name}={overrides[name]!r}" for name in sorted(overrides)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
