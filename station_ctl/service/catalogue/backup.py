"""Actions on backups of a journal that is in use; what needs no service is under `station-ctl backup`, too."""

from __future__ import annotations

from station_ctl.service.actions import Action, Kind, Words
from station_ctl.service.persons import Role

ACTIONS = (
    Action("backup.now", Kind.SAFE, Role.TECHNICIAN, Words("Make a backup now while the service runs, and prove it.", "服务运行中立即备份并校验。"), "backup:make"),
)  # fmt: skip
