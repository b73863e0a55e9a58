"""Programs that this project did not write, fetched once into a cache folder outside the tree.

Knows npm, Debian's packages and how to unpack them without being root. Does not know what they are for.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


class Absent(Exception):
    """A counterpart is not here and cannot be fetched; the text says why and what to do about it."""


HERE = Path(__file__).parent
OLDEST_NODE = 20
_WITHIN = 180
"""Longest that one step of fetching may take, s; it takes some 25 s on a slow line and nothing afterwards."""
_absent: dict[str, Absent] = {}
_PACKAGES = ("libmodbus5", "mbpoll")


def folder() -> Path:
    """Where fetched programs lie: STATION_THIRD_PARTY, else the user's cache folder."""
    own = os.environ.get("STATION_THIRD_PARTY")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(own) if own else Path(base) / "station-ctl" / "third_party"


def node_modules() -> Path:
    """The locked npm packages. Raises Absent."""
    remedy = (
        f"install Node.js {OLDEST_NODE} or newer with npm, run the tests once with the npm registry in reach"
    )
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise Absent(f"there is no {program}: {remedy}")
    major = re.match(r"v(\d+)", _run(["node", "--version"], remedy))
    if major is None or int(major[1]) < OLDEST_NODE:
        raise Absent(f"this Node.js is older than {OLDEST_NODE}: {remedy}")
    files = [HERE / name for name in ("package.json", "package-lock.json", ".npmrc")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    with _made_once(f"npm-{digest}") as (target, missing):
        if missing:
            for file in files:
                shutil.copy(file, target)
            # Nothing of the packages runs while they are installed, and what is optional is for serial ports.
            quick = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--fetch-retries=1"]
            _run(["npm", "ci", *quick], remedy, target)
        return target / "node_modules"


@dataclass(frozen=True)
class Libmodbus:
    """The library, the program `mbpoll` that stands on it, and the environment in which that finds it."""

    library: str
    mbpoll: str
    env: dict[str, str]


def libmodbus() -> Libmodbus:
    """Libmodbus and mbpoll: those of the system, else Debian's packages unpacked. Raises Absent."""
    library, program = ctypes.util.find_library("modbus"), shutil.which("mbpoll")
    if library and program:
        return Libmodbus(library, program, dict(os.environ))
    remedy = f"install {' and '.join(_PACKAGES)} with the system's own package tool"
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise Absent(f"no libmodbus and mbpoll, and no {tool} to fetch them with: {remedy}")
    with _made_once("debian-" + "-".join(_PACKAGES)) as (target, missing):
        if missing:
            _unpack(target, remedy)
        found = sorted(target.glob("usr/lib/**/libmodbus.so.5"))
        if not found:
            raise Absent(f"the packages hold no libmodbus.so.5: {remedy}")
        env = {**os.environ, "LD_LIBRARY_PATH": str(found[0].parent)}
        return Libmodbus(str(found[0]), str(target / "usr/bin/mbpoll"), env)


def _unpack(target: Path, remedy: str) -> None:
    """Fetch the packages with lists of our own where the system has none, and lay their files into `target`."""
    for name in ("lists/partial", "cache/archives/partial"):
        (target / name).mkdir(parents=True)
    own = [f"-oDir::State::Lists={target / 'lists'}", f"-oDir::Cache={target / 'cache'}"]
    apt = ["apt-get", "-qq", *own, "-oDebug::NoLocking=1", "-oAPT::Sandbox::User=root"]
    _run([*apt, "update"], remedy, target)
    _run([*apt, "download", *_PACKAGES], remedy, target)
    for package in target.glob("*.deb"):
        _run(["dpkg-deb", "-x", package.name, "."], remedy, target)
    for name in ("lists", "cache"):
        shutil.rmtree(target / name)


@contextlib.contextmanager
def _made_once(name: str) -> Iterator[tuple[Path, bool]]:
    """A folder that appears whole or not at all, however many ask for it at once; yields where, and if to fill it.

    What could not be fetched is not tried again in this process: each try takes as long as its time-outs.
    """
    if name in _absent:
        raise _absent[name]
    base = folder()
    base.mkdir(parents=True, exist_ok=True)
    done = base / name / ".complete"
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = not done.exists()
        if missing:
            shutil.rmtree(base / name, ignore_errors=True)
            (base / name).mkdir()
        try:
            yield base / name, missing
        except Absent as absent:
            _absent[name] = absent
            raise
        done.touch()


def _run(command: Sequence[str], remedy: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, timeout=_WITHIN, capture_output=True, text=True, check=True)
    except subprocess.TimeoutExpired:
        raise Absent(f"`{' '.join(command[:2])}` took longer than {_WITHIN} s: {remedy}") from None
    except (OSError, subprocess.CalledProcessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).splitlines()
        why = next((line for line in said if re.search(r"\berror\b|^E:", line)), said[-1])
        raise Absent(f"`{' '.join(command[:2])}` failed ({why.strip()[:200]}): {remedy}") from error
    return done.stdout
