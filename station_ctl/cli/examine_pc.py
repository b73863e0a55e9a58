"""Examination of the PC: Python and packages, user, disk, clock, service. Whatever it runs, it changes nothing.

Knows the operating system. Does not know stations, journals or PLCs.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from station_ctl.cli.finding import Finding, bad, ok, warn

ANSWER_WITHIN = 3.0
"""Seconds that a tool of the system may take."""

FREE_GOOD, FREE_LEAST = 1024, 200
"""Free MiB on the journal's disk: below the first somebody should look, below the second no swap should begin."""

OFFSET_GOOD, OFFSET_MOST = 0.05, 1.0
"""Seconds by which the clock may be off: below the first it is good, above the second it is wrong."""


def examine_pc(journal: Path) -> Iterator[Finding]:
    """Everything about the PC itself; `journal` is the file whose disk counts."""
    yield _python()
    yield _packages()
    yield _user()
    yield disk(journal)
    yield clock()
    yield _service()


def said(*words: str) -> str | None:
    """What a tool of the system prints; None if it is not there, fails, or does not answer."""
    if shutil.which(words[0]) is None:
        return None
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=ANSWER_WITHIN, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _python() -> Finding:
    system = f"{platform.system()} {platform.machine()}"
    text = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {system}"
    if sys.maxsize < 2**32 or sys.version_info < (3, 11):
        return bad("environment", text, "install a 64-bit Python 3.11 or newer")
    return ok("environment", text)


def _packages() -> Finding:
    """Every package as the project pins it, and as the lock of this release has it where there is one."""
    from importlib.metadata import PackageNotFoundError, requires, version

    pins = locked("\n".join(requires("station-ctl") or ()))
    lock = lock_file()
    if lock is not None:
        pins |= locked(lock.read_text(encoding="utf-8"))
    wrong = []
    for name, (pinned, everywhere) in sorted(pins.items()):
        try:
            if (found := version(name)) != pinned:
                wrong.append(f"{name} {found}, needs {pinned}")
        except PackageNotFoundError:
            if everywhere:
                wrong.append(f"{name} is missing, needs {pinned}")
    if wrong:
        do = "install the release again; never install anything into its environment by hand"
        return bad("packages", "; ".join(wrong), do)
    whose = f"those of {lock}" if lock is not None else "as the project pins them; no lock lies beside this release"
    return ok("packages", f"{len(pins)} packages, {whose}")


def lock_file() -> Path | None:
    """The hash lock of this release: beside its environment on a station PC, in the checkout elsewhere."""
    places = (Path(sys.prefix).parent / "requirements.lock", Path(__file__).parents[2] / "requirements.lock")
    return next((place for place in places if place.is_file()), None)


def locked(text: str) -> dict[str, tuple[str, bool]]:
    """Package → version of a lock, and whether every PC needs it. Extras, which only developers need, are left out."""
    pins = {}
    for name, version, marker in re.findall(r"^([\w.-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]*))?", text, re.MULTILINE):
        if "extra ==" not in marker:
            pins[re.sub(r"[-_.]+", "-", name).lower()] = (version, not marker)
    return pins


def _user() -> Finding:
    import grp
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    groups = sorted({g.gr_name for g in grp.getgrall() if g.gr_gid in os.getgroups()})
    text = f"{name}, groups {', '.join(groups) or 'none'}"
    if os.getuid() == 0:
        return warn("user", text, "rights were looked at as root, who may do everything; ask again as the user station")
    return ok("user", text)


def disk(journal: Path) -> Finding:
    """Room, kind and rights of the folder of the journal."""
    folder = journal.parent
    if not folder.is_dir():
        return bad("disk", f"there is no folder {folder}", "make it, owned by the user of the service")
    free = shutil.disk_usage(folder).free // 2**20
    inodes = os.statvfs(folder).f_favail
    kind = file_system(folder, Path("/proc/self/mountinfo"))
    text = f"{free} MiB free in {folder} ({kind})"
    if kind in ("tmpfs", "ramfs"):
        return bad("disk", text, "a journal in memory is gone with the power: put it on a disk (journal.path)")
    if kind.startswith(("nfs", "cifs", "smb", "fuse")):
        return bad("disk", text, "no network disk is durable enough: put the journal on one of this PC (journal.path)")
    if free < FREE_LEAST or inodes == 0:
        return bad("disk", text, f"make room: {FREE_LEAST} MiB are needed; never delete the journal")
    if not os.access(folder, os.W_OK | os.X_OK):
        return bad("disk", f"{folder} cannot be written by this user", "chown it to the user of the service")
    if free < FREE_GOOD:
        return warn("disk", text, f"make room: below {FREE_LEAST} MiB the station cannot go on")
    return ok("disk", text)


def file_system(folder: Path, mounts: Path) -> str:
    """The kind of file system a folder lies on, as the kernel names it."""
    try:
        lines = mounts.read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    best, kind = "", "unknown"
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        if folder.resolve().is_relative_to(point) and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def clock() -> Finding:
    """Who sets the clock, and how far off it is: chrony, else systemd."""
    tracking = said("chronyc", "-n", "-c", "tracking")
    if tracking is not None and tracking.count(",") >= 13:
        return chrony(tracking.split(","))
    shown = said("timedatectl", "show", "-p", "NTPSynchronized", "-p", "NTP")
    facts = dict(line.split("=", 1) for line in (shown or "").splitlines() if "=" in line)
    if facts.get("NTPSynchronized") == "yes":
        return ok("clock", "synchronised by systemd; chrony tells how exactly (docs/how-to/deploy.md)")
    do = "times in journal and audit cannot be trusted: set chrony up (docs/how-to/deploy.md)"
    return warn("clock", "not synchronised" if facts else "nobody is known to set the clock", do)


def chrony(fields: list[str]) -> Finding:
    """One line of `chronyc -c tracking`: reference, stratum, offset, …, leap status."""
    reference, stratum, offset, leap = fields[1] or fields[0], fields[2], abs(float(fields[4])), fields[13]
    text = f"chrony: source {reference}, stratum {stratum}, off by {offset * 1000:.3f} ms, {leap.lower()}"
    if leap == "Not synchronised" or stratum == "0":
        return warn("clock", text, "chronyc sources shows which sources answer; look at antenna, PTP and network")
    if offset > OFFSET_MOST:
        return bad("clock", text, "chronyc makestep while the station stands, then find out why it was off")
    if offset > OFFSET_GOOD:
        return warn("clock", text, "it is being corrected; look again in some minutes")
    return ok("clock", text)


def _service() -> Finding:
    if not Path("/run/systemd/system").is_dir():
        return warn("service", "systemd does not run here", "on a station PC it starts and watches the service")
    shown = said("systemctl", "show", "station", "-p", "LoadState,ActiveState,UnitFileState,NRestarts,StatusText")
    facts: Mapping[str, str] = dict(line.split("=", 1) for line in (shown or "").splitlines() if "=" in line)
    if facts.get("LoadState") != "loaded":
        return warn("service", "there is no station.service", "deploy/install puts it there")
    text = f"{facts.get('ActiveState')}, {facts.get('UnitFileState')}, {facts.get('NRestarts')} restarts"
    if facts.get("StatusText"):
        text += f", says: {facts['StatusText']}"
    if facts.get("ActiveState") == "failed":
        return bad("service", text, "journalctl -u station -n 100 says why")
    if facts.get("UnitFileState") != "enabled":
        return warn("service", text, "systemctl enable station, so that it comes back after a power cut")
    if facts.get("NRestarts", "0") != "0":
        return warn("service", text, "journalctl -u station says why it was started again")
    return ok("service", text)
