"""`station-ctl vehicle`: the models that a station serves, and their recipes.

Knows how a recipe is printed. Does not know which vehicles come; that is the queue's matter.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from station_ctl.cli.envelope import json_option, print_result
from station_ctl.cli.specimen import station_option
from station_ctl.core.errors import NotFound

if TYPE_CHECKING:
    from station_ctl.config import StationConfig
    from station_ctl.core.steps import Recipe


@click.group()
def command() -> None:
    """Print the vehicle models that a station serves, and their recipes."""


@command.command("list")
@station_option
@json_option
def list_(station: str, as_json: bool) -> None:
    """Print every model: its pack, how that is held, and how it is taken out."""
    config = _served(station)
    if as_json:
        rows = [asdict(recipe) for recipe in config.recipes.values()]
        print_result("vehicle.list", {"vehicles": rows}, simulated=config.simulated)
        return
    for model, recipe in config.recipes.items():
        pack = f"pack type {recipe.pack_type}, {recipe.pack_kg:g} kg"
        click.echo(f"{model:<16}  {pack:<24}  {held(recipe):<28}  {taken(recipe)}")


@command.command()
@click.argument("model")
@station_option
@json_option
def show(model: str, station: str, as_json: bool) -> None:
    """Print the recipe of one MODEL. Exit 9 if the station does not serve it."""
    config = _served(station)
    recipe = config.recipes.get(model)
    if recipe is None:
        raise NotFound(f"no model {model!r} here; known are {', '.join(config.recipes)}")
    if as_json:
        print_result("vehicle.show", {"vehicle": asdict(recipe)}, simulated=config.simulated)
        return
    needed = max(recipe.soc_min_percent, config.policy.swap_soc_min_percent)
    lines = {
        "model": recipe.model,
        "pack": f"type {recipe.pack_type}, {recipe.pack_kg:g} kg ± {config.policy.pack_weight_tolerance_percent:g} %",
        "held by": held(recipe),
        "taken": taken(recipe),
        "charge": f"at least {needed:g} %: {recipe.soc_min_percent:g} % by the model, the site's own limit is "
        f"{config.policy.swap_soc_min_percent:g} %",
        "high voltage": f"off below {recipe.hv_safe_volts:g} V, on from {recipe.insulation_min_kohm} kΩ insulation",
    }
    if recipe.bolts:
        lines["turns"] = f"{recipe.turns_min:g} to {recipe.turns_max:g} from open to closed"
    for name, words in lines.items():
        click.echo(f"{name:<13} {words}")


def held(recipe: Recipe) -> str:
    """What holds the pack, in words."""
    if recipe.clips:
        return f"{recipe.clips} clips"
    return f"{recipe.bolts} bolts, {recipe.torque_nm:g} ± {recipe.torque_band_nm:g} N·m"


def taken(recipe: Recipe) -> str:
    """From where the pack is taken, in words."""
    above = recipe.top_lift
    if above is None:
        return f"from below: platform at {recipe.work_height_mm} mm, table at {recipe.raise_height_mm:g} mm"
    packs = f"{len(above.places_mm)} pack{'s' if len(above.places_mm) > 1 else ''}"
    return f"from above: {packs}, gripper at {above.truck_height_mm:g} mm, in a bay at {above.bay_height_mm:g} mm"


def _served(station: str) -> StationConfig:
    """The configuration of a station, whose machines can swap each of its models. Raises ConfigurationError."""
    from station_ctl.cli.specimen import specimen

    return specimen(station).paper.config
