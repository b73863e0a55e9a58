"""JSON schemas of the files, generated from the models, for the editors of those who write them.

Knows which model belongs to which file. Does not know rules between files; `config check` tells those.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from station_ctl.config.alarms import AlarmFile
from station_ctl.config.climates import ClimateFile
from station_ctl.config.fleets import FleetFile
from station_ctl.config.models import StationFile
from station_ctl.config.vehicles import VehicleFile

MODELS: dict[str, type[BaseModel]] = {
    "station": StationFile,
    "vehicle": VehicleFile,
    "climate": ClimateFile,
    "fleet": FleetFile,
    "alarms": AlarmFile,
}
KINDS = tuple(MODELS)


def schema_text(kind: str) -> str:
    """The schema of a kind of file as it stands in config/schema/<kind>.json."""
    schema: dict[str, Any] = MODELS[kind].model_json_schema()
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
