"""Suppression by design: which alarm is a consequence of which, so that one root fault does not call ten times.

Pure. Knows first-out, lost links and moments. A critical alarm is never hidden behind a lesser one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from station_ctl.core.alarms import Priority
from station_ctl.service.alarm_levels import LINK_LOST
from station_ctl.service.alarm_states import AlarmRecord, Level

MOMENT = 5.0
"""Seconds within which what follows the first-out counts as its consequence: machines come to rest meanwhile."""

LINKS_MOMENT = 2.0
"""Seconds within which several links lost have one cause: a switch, a cable, a supply."""


def root_of(level: Level, record: AlarmRecord, standing: Mapping[str, AlarmRecord]) -> str:
    """Key of the alarm that explains this one; empty = it stands for itself. `standing` in order of their coming."""
    by_design = (standing[key] for key in level.explained_by if key in standing)
    before = _before(record, standing.values())
    for cause in (*by_design, *before):
        if cause.key != record.key and cause.active and not cause.root and _may_hide(cause, record):
            return cause.key
    return ""


def _before(record: AlarmRecord, standing: Iterable[AlarmRecord]) -> Iterable[AlarmRecord]:
    """Those of the same moment that came first: trips before trips, links before links."""
    if record.first_out:
        return
    for cause in standing:
        if cause.key == record.key:
            return
        since = record.changed_mono - cause.changed_mono
        trips = record.latching and cause.latching
        links = record.code == cause.code == LINK_LOST
        if (trips and 0 <= since <= MOMENT) or (links and 0 <= since <= LINKS_MOMENT):
            yield cause


def _may_hide(cause: AlarmRecord, record: AlarmRecord) -> bool:
    return record.priority is not Priority.CRITICAL or cause.code == record.code
