"""A backup of the journal while it is in use."""

from __future__ import annotations

from station_ctl.core.errors import JournalError, NotFound
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Result
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty


async def make(duty: Duty, params: Nothing, call: Call) -> Result:
    """Make one and prove it. Raises NotFound where there are none, JournalError if it failed."""
    if duty.backups is None:
        raise NotFound("this station runs without backups")
    await duty.record(call.take_audit())
    path = await duty.backups.make()
    if path is None:
        raise JournalError(f"the backup in {duty.backups.folder} failed; the log says why")
    data = {"path": str(path), "bytes": path.stat().st_size}
    return Result(data, f"{path}: opened, every page read, custody told again from its rows")
