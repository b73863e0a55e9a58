"""Arrival files: the time stamps of one day's vehicles, one a line; or arrivals made up from a number and a seed.

Knows the form of the files. Does not know what happens to those who arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

from station_ctl.core.errors import ConfigurationError

MOST = 2000
"""Vehicles of one day: more than any lane can pass."""

FORM = "%Y-%m-%d %H:%M:%S"
LONGEST_SHOWN = 40
HOURLY = (2, 1, 1, 1, 1, 2, 4, 7, 9, 8, 7, 8, 8, 7, 7, 7, 8, 9, 9, 8, 7, 6, 5, 3)
"""Share of each hour in a made-up day: quiet at night, busy from breakfast to late evening."""


@dataclass(frozen=True, slots=True)
class ArrivalDay:
    """One day: its name, and the seconds after midnight at which vehicles come, rising."""

    name: str
    seconds: tuple[float, ...]


def read_arrivals(paths: Iterable[Path]) -> list[ArrivalDay]:
    """One day a file. Raises ConfigurationError with every error of every file as `file:line: text`."""
    errors: list[str] = []
    days = [_read(path, errors) for path in paths]
    if errors:
        raise ConfigurationError(errors)
    return days


def _read(path: Path, errors: list[str]) -> ArrivalDay:
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        errors.append(f"{path}:1: cannot be read as text: {error}")
        return ArrivalDay(path.stem, ())
    stamps: list[datetime] = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            stamp = datetime.strptime(text, FORM)
        except ValueError:
            errors.append(f"{path}:{number}: needs a time stamp as 2022-6-1 7:54:40 (got {text[:LONGEST_SHOWN]!r})")
            continue
        if stamps and stamp.date() != stamps[0].date():
            errors.append(f"{path}:{number}: needs the day of the first line, {stamps[0].date()} (got {stamp.date()})")
        stamps.append(stamp)
    if not stamps and not any(line.startswith(f"{path}:") for line in errors):
        errors.append(f"{path}:1: holds no arrival")
    if len(stamps) > MOST:
        errors.append(f"{path}:{MOST + 1}: needs {MOST} arrivals a day at most (got {len(stamps)})")
    return ArrivalDay(path.stem, tuple(sorted(s.hour * 3600.0 + s.minute * 60 + s.second for s in stamps)))


def made_up(swaps: int, seed: int) -> ArrivalDay:
    """A day of so many vehicles, spread as HOURLY says; the same for the same seed."""
    rng = Random(f"arrivals/{seed}")
    hours = rng.choices(range(24), HOURLY, k=swaps)
    return ArrivalDay(f"seed {seed}", tuple(sorted(hour * 3600.0 + round(rng.uniform(0, 3600), 1) for hour in hours)))
