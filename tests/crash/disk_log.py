"""What a process did to its files, in order, as strace saw it: writes, lengths, synchronisations, removals.

Knows strace's lines. Does not know what the files are for.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CALLS = "openat,pwrite64,write,ftruncate,fdatasync,fsync,unlink,unlinkat"
_LINE = re.compile(r"^(?:\d+ +)?(?P<call>\w+)\((?P<args>.*)\)\s+= (?P<result>-?\d+)")
_FILE = re.compile(r"^\d+<(?P<path>[^>]*)>")
_TEXT = re.compile(r'"(?P<hex>(?:\\x[0-9a-f]{2})*)"(?P<cut>\.\.\.)?')


class NoRecorder(Exception):
    """strace is not here, or may not trace."""


@dataclass(frozen=True, slots=True)
class Op:
    """One call that changed a file or made it durable: `what` is write, truncate, sync, create or remove."""

    what: str
    file: str
    offset: int = 0
    data: bytes = b""


def record(command: list[str], folder: Path, files: list[str], *, cwd: Path) -> list[Op]:
    """Run `command` and return what it did to `files` of `folder`. Raises NoRecorder, CalledProcessError."""
    strace = shutil.which("strace")
    if strace is None:
        raise NoRecorder("strace is not installed: sudo apt-get install strace")
    log = folder / "strace.log"
    watched = [part for name in files for part in ("-P", str(folder / name))]
    traced = [strace, "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}"]
    whole = [*traced, "-o", str(log), *watched, "--", *command]
    ended = subprocess.run(whole, cwd=cwd, capture_output=True, text=True, check=False)
    if ended.returncode != 0 and "ptrace" in ended.stderr:
        raise NoRecorder(f"strace may not trace here: {ended.stderr.strip().splitlines()[-1]}")
    ended.check_returncode()
    return list(_ops(log, set(files)))


def _ops(log: Path, files: set[str]) -> Iterator[Op]:
    written: dict[str, int] = {}
    for line in log.read_text(encoding="ascii").splitlines():
        found = _LINE.match(line)
        if found is None or int(found["result"]) < 0:
            if found is None and "resumed" in line:
                raise ValueError(f"a call was interrupted, the log cannot be read: {line[:120]}")
            continue
        op = _op(found["call"], found["args"], int(found["result"]), written)
        if op is not None and op.file in files:
            yield op


def _op(call: str, args: str, result: int, written: dict[str, int]) -> Op | None:
    if call in ("unlink", "unlinkat"):
        return Op("remove", Path(_bytes(args).decode()).name)
    if call == "openat":
        return Op("create", Path(_bytes(args).decode()).name) if "O_CREAT" in args else None
    file = _FILE.match(args)
    if file is None:
        return None
    name = Path(_unhexed(file["path"])).name
    if call in ("fdatasync", "fsync"):
        return Op("sync", name)
    if call == "ftruncate":
        return Op("truncate", name, offset=int(args.rsplit(",", 1)[1]))
    data = _bytes(args)[:result]
    if call == "pwrite64":
        return Op("write", name, int(args.rsplit(",", 1)[1]), data)
    offset = written.get(name, 0)
    written[name] = offset + len(data)
    return Op("write", name, offset, data)


def _bytes(args: str) -> bytes:
    text = _TEXT.search(args)
    if text is None or text["cut"]:
        raise ValueError(f"strace cut a call short: {args[:120]}")
    return bytes.fromhex(text["hex"].replace("\\x", ""))


def _unhexed(path: str) -> str:
    return bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path
