"""What a fleet file may say, and what a station file may say of who is served when.

Knows the form of VINs and times. Does not know which vehicles come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from station_ctl.config.checks import Sketch
from station_ctl.config.models import AdmissionRules, Model, Name, StationFile, Text, worded
from station_ctl.config.vehicles import ModelName
from station_ctl.config.yaml_positions import Document, validated
from station_ctl.core.fleets import Admission, Fleet, ServedOnly
from station_ctl.core.steps import Recipe

Vin = Annotated[str, worded(r"^[A-HJ-NPR-Z0-9]{5,17}$", "needs a VIN: 5 to 17 capitals and digits, no I, O, Q")]
VinPattern = Annotated[
    str,
    worded(
        r"^[A-HJ-NPR-Z0-9]{3}[A-HJ-NPR-Z0-9?]*\*?$",
        "needs the first 3 characters of the VINs, then more of them, ? for any one, and * at the end for any others",
        17,
    ),
]


class Keeps(Model):
    """Charged packs of a model that vehicles of lower priority are not given."""

    model: ModelName
    packs: int = Field(ge=1, le=12)


class FleetFile(Model):
    """A file of config/fleets. Its vehicles are those listed and those whose VIN fits a pattern."""

    name: Name
    text: Text
    priority: int = Field(ge=0, le=9)
    vins: Annotated[tuple[Vin, ...], Field(strict=False, max_length=5000)] = ()
    patterns: Annotated[tuple[VinPattern, ...], Field(strict=False, max_length=100, validate_default=True)] = ()
    keeps: Keeps | None = None

    @field_validator("patterns")
    @classmethod
    def _has_vehicles(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value and info.data.get("vins") == ():
            raise ValueError("a fleet has vins or patterns")
        return value

    @field_validator("keeps")
    @classmethod
    def _before_others(cls, value: Keeps | None, info: ValidationInfo) -> Keeps | None:
        if value is not None and info.data.get("priority") == 0:
            raise ValueError("packs are kept from vehicles of lower priority, and there is none below 0")
        return value


def read_fleets(documents: list[Document], recipes: Mapping[str, Recipe]) -> tuple[Fleet, ...]:
    """The fleets of these files; what is wrong with one, or with two together, is among its document's findings."""
    fleets: list[Fleet] = []
    owners: dict[str, str] = {}
    for document in documents:
        file = validated(document, FleetFile) if document.parsed else None
        if file is None:
            continue
        if any(fleet.name == file.name for fleet in fleets):
            document.report(("name",), "another fleet of this station has the same name", got=file.name)
        for i, vin in enumerate(file.vins):
            if vin in owners:
                document.report(("vins", i), f"is a vehicle of {owners[vin]} already", got=vin)
            owners.setdefault(vin, file.name)
        keeps, kept, of_type = file.keeps, 0, 0
        if keeps is not None and keeps.model in recipes:
            kept, of_type = keeps.packs, recipes[keeps.model].pack_type
        elif keeps is not None:
            document.report(("keeps", "model"), f"needs a model of this station: {_list(recipes)}", got=keeps.model)
        vins = frozenset(file.vins)
        fleets.append(Fleet(file.name, file.text, vins, file.patterns, file.priority, kept, of_type))
    return tuple(fleets)


def admission(sketch: Sketch, file: StationFile | None, fleets: tuple[Fleet, ...]) -> Admission:
    """Who is served, and who goes first. What does not fit together is among the station file's findings."""
    station, rules = sketch.document, file.admission if file is not None else AdmissionRules()
    known = {fleet.name for fleet in fleets}
    for i, rule in enumerate(rules.only):
        for j, name in enumerate(rule.fleets):
            if name not in known:
                text = f"needs a fleet of this station: {_list(known) or 'it has none'}"
                station.report(("admission", "only", i, "fleets", j), text, got=name)
    kept, bays = sum(fleet.keeps for fleet in fleets), sum(len(r.bay_numbers) for r in sketch.roles.values() if r)
    if kept and kept >= bays - 1:
        text = f"they keep {kept} packs together; {bays} bays, one of them empty, leave none for others"
        station.report(("fleets",), text, key=True)
    only = tuple(ServedOnly(rule.fleets, minutes(rule.begin), minutes(rule.end)) for rule in rules.only)
    return Admission(fleets, only, rules.patience_min * 60.0)


def minutes(time: str) -> int:
    """Minutes of the day of HH:MM."""
    hours, _, rest = time.partition(":")
    return int(hours) * 60 + int(rest)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
