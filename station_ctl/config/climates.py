"""What a climate file may say: the limits of a site that its weather decides, as a part of `policy`.

Knows how its values come into a station file that names it. Does not know which sites lie there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import create_model

from station_ctl.config.models import Model, Policy, Text
from station_ctl.config.yaml_positions import Document, read_yaml, validated

KEYS = (
    "swap_soc_min_percent",
    "pack_temp_max_c",
    "pack_insulation_min_kohm",
    "position_tolerance_mm",
    "driver_time_percent",
    "preheat_below_c",
    "wind_max_mps",
    "charger_power_percent",
    "aux_power_kw",
    "charge_end_percent",
    "charge_temp_min_c",
    "hot_temp_c",
    "hot_rise_c_per_min",
    "hot_gas_ppm",
    "hot_move_max_c",
    "quarantine_settle_s",
)
"""Limits that weather decides. The power of a site is not among them."""

_FIELDS: Any = {name: (field.annotation, field) for name, field in Policy.model_fields.items() if name in KEYS}
ClimatePolicy: type[Model] = create_model("ClimatePolicy", __base__=Model, **_FIELDS)


class ClimateFile(Model):
    """A file of config/climates. Each of its limits holds at a station that does not say its own."""

    text: Text
    policy: ClimatePolicy


def lend(station: Document, path: Path) -> Document:
    """Read a climate file and put its limits where the station file says none. Its own errors stand in the result."""
    climate = read_yaml(path)
    said = climate.data.get("policy")
    said = said if isinstance(said, dict) else {}
    for name in [name for name in said if name in Policy.model_fields and name not in KEYS]:
        text = "is a limit of the site, not of its weather: write it into the station file"
        climate.report(("policy", name), text, key=True, got=said.pop(name))
    if not climate.parsed or validated(climate, ClimateFile) is None:
        return climate
    policy = station.data.setdefault("policy", {})
    if not isinstance(policy, dict):
        return climate
    for name, value in climate.data["policy"].items():
        if name not in policy:
            policy[name] = value
            station.borrowed[("policy", name)] = (climate.file, *climate.place(("policy", name)))
    return climate
