"""Durations as a person types them: 90s, 30m, 2h, 1d; a bare number is seconds.

Knows units. Does not know what is waited for.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

_TYPED = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_UNIT = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> object:
    """Seconds of `30m`; what is no text is passed on. Raises ValueError."""
    if not isinstance(value, str):
        return value
    found = _TYPED.fullmatch(value.strip())
    if found is None:
        raise ValueError(f"{value!r} is no duration; needs a number and s, m, h or d, as 30m")
    return float(found[1]) * _UNIT[found[2]]


Duration = Annotated[float, BeforeValidator(seconds, json_schema_input_type=float | str)]
"""A field of seconds that takes `30m`."""
