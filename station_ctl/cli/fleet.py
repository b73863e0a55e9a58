"""`station-ctl fleet`: vehicles that belong together, who of them goes first, and who alone is served when.

Knows what the files say. Who waits now is told by `queue list`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from station_ctl.cli.envelope import json_option, print_result
from station_ctl.cli.specimen import station_option

if TYPE_CHECKING:
    from station_ctl.config import StationConfig
    from station_ctl.core.fleets import Fleet


@click.group()
def command() -> None:
    """Print the fleets of a station, and whose a vehicle is."""


@command.command("list")
@station_option
@json_option
def list_(station: str, as_json: bool) -> None:
    """Print every fleet with its priority and the packs kept for it, and who alone is served when."""
    config = _configured(station)
    admission = config.admission
    rules = [f"{rule} only {', '.join(rule.fleets)} are served" for rule in admission.only]
    if as_json:
        data = {
            "fleets": [_facts(fleet) for fleet in admission.fleets], "only": rules,
            "patience_min": admission.patience_s / 60,
        }  # fmt: skip
        print_result("fleet.list", data, simulated=config.simulated)
        return
    for fleet in admission.fleets:
        kept = f"; {fleet.keeps} packs of type {fleet.pack_type} kept" if fleet.keeps else ""
        vehicles = ", ".join((*([f"{len(fleet.vins)} VINs"] if fleet.vins else []), *fleet.patterns))
        click.echo(f"{fleet.name:<16}  priority {fleet.priority}  {fleet.text}: {vehicles}{kept}")
    for rule in rules:
        click.echo(rule)
    if not admission.fleets:
        click.echo("no fleets: whoever comes is served, in the order of their coming")
    else:
        click.echo(f"who has waited {admission.patience_s / 60:g} min is let in, whoever else is announced")


@command.command()
@click.argument("vin")
@click.option("--at", metavar="HH:MM", help="Another time of day than now.")
@station_option
@json_option
def who(vin: str, at: str | None, station: str, as_json: bool) -> None:
    """Print of which fleet the vehicle VIN is, and whether it is served now."""
    config = _configured(station)
    admission, fleet = config.admission, config.admission.fleet_of(vin)
    why = admission.why_not_served(vin, _minute(at))
    name, priority = fleet.name if fleet is not None else "", admission.priority_of(vin)
    if as_json:
        data = {"vehicle": vin, "fleet": name, "priority": priority, "why_not": why}
        print_result("fleet.who", data, simulated=config.simulated)
        return
    whose = f"of fleet {name}" if name else "of no fleet"
    click.echo(f"{vin} is {whose}, priority {priority}; {why or 'it is served'}")


def _minute(at: str | None) -> float:
    try:
        time = datetime.strptime(at, "%H:%M") if at is not None else datetime.now()
    except ValueError:
        raise click.BadParameter(f"{at!r} is not HH:MM", param_hint="--at") from None
    return time.hour * 60.0 + time.minute


def _facts(fleet: Fleet) -> dict[str, Any]:
    return {
        "name": fleet.name, "text": fleet.text, "priority": fleet.priority, "vins": len(fleet.vins),
        "patterns": list(fleet.patterns), "keeps": fleet.keeps, "pack_type": fleet.pack_type,
    }  # fmt: skip


def _configured(station: str) -> StationConfig:
    from station_ctl.cli.specimen import specimen

    return specimen(station).paper.config
