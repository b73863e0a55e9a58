"""Releases made in a moment, and a PC below a folder to install them on: for the tests of the installer.

Knows the form of a bundle. The program in it is a stand-in that does as its version says: `2.0-demo` fails its demo.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
PATIENCE_S = 120

PROGRAM = """
import os, pathlib, sys
VERSION = {version!r}
def main():
    words = sys.argv[1:]
    with open(os.environ["CALLS"], "a") as calls: print(VERSION, *words[:2], file=calls)
    if words[0] == "demo":
        print("the demo of", VERSION)
        return int("demo" in VERSION)
    if words[:2] == ["config", "check"]:
        return 6 if VERSION in pathlib.Path(words[2]).read_text() else 0
    if words[:2] == ["backup", "create"]:
        return int(os.environ.get("BACKUP", "0"))
    return 2
"""

SYSTEMCTL = """#!/bin/sh
# One service with the manners of the release that is current: "start" in its version = it does not come up,
# "run" = it comes up and does not stay.
echo "systemctl $*" >>"$CALLS"
state=$(cat "$STATE" 2>/dev/null || echo inactive)
current=$(basename "$(readlink "$PC/opt/station/current")")
case $1 in
    is-active) [ "$state" = active ] ;;
    is-enabled) [ -f "$PC/enabled" ] ;;
    stop) echo inactive >"$STATE" ;;
    start)
        case $current in
            *start*) echo failed >"$STATE"; exit 1 ;;
            *run*) echo failed >"$STATE" ;;
            *) echo active >"$STATE" ;;
        esac ;;
    show) case $current in *again*) echo 3 ;; *) echo 0 ;; esac ;;
esac
"""


def bundle(folder: Path, version: str, words: str = "") -> Path:
    """An unpacked bundle of this version, with the real installer. `words` only make its contents differ."""
    made = folder / f"station-{version}"
    (made / "wheels").mkdir(parents=True)
    # The package's own version is a plain number: packages have stricter names than releases.
    name = version.partition("-")[0]
    wheel, info = made / "wheels" / f"station_ctl-{name}-py3-none-any.whl", f"station_ctl-{name}.dist-info/"
    with zipfile.ZipFile(wheel, "w") as z:
        z.writestr("stand_in.py", PROGRAM.format(version=version) + f"# {words}\n")
        z.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: station-ctl\nVersion: {name}\n")
        z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        z.writestr(info + "entry_points.txt", "[console_scripts]\nstation-ctl = stand_in:main\n")
        z.writestr(info + "RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (made / "requirements.lock").write_text(f"station-ctl=={name} --hash=sha256:{digest}\n")
    shutil.copytree(DEPLOY, made / "deploy")
    (made / "VERSION").write_text(f"{version}\n")
    python = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    (made / "MADE_FOR").write_text(f"{platform.system()} {platform.machine()} {python}\n")
    list_files(made)
    return made


def list_files(made: Path) -> None:
    """Write the list of all hashes, as `make-bundle` does."""
    files = sorted(p for p in made.rglob("*") if p.is_file() and not p.name.startswith("SHA256SUMS"))
    lines = [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  ./{p.relative_to(made)}\n" for p in files]
    (made / "SHA256SUMS").write_text("".join(lines))


def archive(made: Path) -> Path:
    """The bundle as one file."""
    packed = made.parent / f"{made.name}.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(made, made.name)
    return packed


@dataclass
class StationPc:
    """A station PC below a folder, with or without a service manager."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.root = self.folder / "pc"
        self.root.mkdir()
        self._calls = self.folder / "calls"
        self.env = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(self.folder), "PC": str(self.root),
            "CALLS": str(self._calls), "STATE": str(self.folder / "service"), "STATION_PYTHON": str(PYTHON),
            "STATION_HEALTHY_S": "0",
        }  # fmt: skip

    def with_service(self, *, running: bool) -> StationPc:
        """Let systemd run here, with the service enabled."""
        (self.root / "run" / "systemd" / "system").mkdir(parents=True)
        (self.root / "enabled").touch()
        (self.folder / "bin").mkdir()
        tool = self.folder / "bin" / "systemctl"
        tool.write_text(SYSTEMCTL)
        tool.chmod(0o755)
        (self.folder / "service").write_text("active" if running else "inactive")
        return self

    def station_file(self, text: str = "station: {}\n") -> None:
        """The site's configuration."""
        file = self.root / "etc" / "station-ctl" / "station.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def call(self, script: Path, *words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts of deploy/."""
        self._calls.write_text("")
        return subprocess.run(
            [str(script), "--root", str(self.root), *map(str, words)], env={**self.env, **env}, text=True,
            capture_output=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def install(self, made: Path, *words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Install a bundle with the installer of the checkout."""
        return self.call(DEPLOY / "install", *words, made, **env)

    def rollback(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Roll back as the technician does: by the script of the release that is current."""
        return self.call(self.root / "opt/station/current/deploy/rollback", *words, **env)

    @property
    def calls(self) -> list[str]:
        """What the scripts called in the last run, one line each."""
        return self._calls.read_text().splitlines()

    @property
    def service(self) -> str:
        """State of the service."""
        return (self.folder / "service").read_text().strip()

    def link(self, name: str) -> str:
        """The release that `current` or `previous` leads to; empty if there is none."""
        path = self.root / "opt" / "station" / name
        return Path(os.readlink(path)).name if path.is_symlink() else ""

    @property
    def releases(self) -> list[str]:
        """Releases on the disk."""
        return sorted(p.name for p in (self.root / "opt/station/releases").iterdir())

    def program(self) -> str:
        """What the program of the current release says it is."""
        program = self.root / "opt/station/current/venv/bin/station-ctl"
        self._calls.write_text("")
        subprocess.run([str(program), "version"], env=self.env, timeout=PATIENCE_S, check=False)
        return self.calls[0].split()[0]
