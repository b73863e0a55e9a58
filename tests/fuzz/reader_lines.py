"""Bytes of the pack-id reader's line before the real line assembler and parser; and the strict reference decision.

Knows the reader's protocol by itself: `<head>,<code>,<sum>` CR LF. Does not use our parser to judge it.
"""

from __future__ import annotations

import re
from random import Random

from drivers.pack_id_reader_pr1 import parse_line
from drivers.serial_line import LineAssembler
from tests.fuzz.mutation import Tally, pieces, spoilt

CODE = "CN-SIM-100KWH-0000000042"
LONGEST, IDLE = 128, 0.2
STRANGE = "é\u00df\ufb00\u0660\u2028\x00\t\x7f٣Ⅷ"
_LINE = re.compile(rb"(IN|OUT),([\x20-\x2b\x2d-\x7e]{24}|-),([0-9A-Fa-f]{2})")
_TAGS = {b"IN": "IN_CODE", b"OUT": "OUT_CODE"}

Told = list[tuple[str, str]]


def right_line(rng: Random) -> bytes:
    """What the reader sends."""
    code = "-" if rng.random() < 0.2 else f"CN-SIM-100KWH-{rng.randrange(10**10):010d}"
    body = f"{rng.choice(('IN', 'OUT'))},{code}".encode()
    return body + b"," + sealed(body)


def sealed(body: bytes) -> bytes:
    """The sum of a line."""
    return f"{sum(body) % 256:02X}".encode()


def strict_lines(heard: list[tuple[float, bytes]]) -> Told:
    """What may be taken from bytes heard at their times: whole lines of the exact form, heard without a gap."""
    told: Told = []
    line: bytes = b""
    whole, last = True, -1e9
    for now, data in heard:
        if line and now - last > IDLE:
            line, whole = b"", True
        last = now
        for byte in data:
            if byte not in b"\r\n":
                line += bytes((byte,))
                whole = whole and len(line) <= LONGEST
                continue
            if whole and (tag_and_code := strict_line(line)) is not None:
                told.append(tag_and_code)
            line, whole = b"", True
    return told


def strict_line(line: bytes) -> tuple[str, str] | None:
    """What one whole line says."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    head, code, found = match.groups()
    if int(found, 16) != sum(line[: match.end(2)]) % 256:
        return None
    return _TAGS[head], "" if code == b"-" else code.decode()


def fuzz_lines(frames: int, seed: int = 1) -> Tally:
    """Streams of a few lines, spoilt, in pieces, with pauses."""
    rng, tally = Random(seed), Tally()
    others = [right_line(rng) + b"\r\n" for _ in range(10)]
    for _ in range(frames):
        stream = b""
        for _ in range(rng.randint(1, 3)):
            line = right_line(rng)
            if rng.random() < 0.6:
                line = spoilt(rng, line, others)
                if rng.random() < 0.5 and line.count(b",") > 1:
                    body = line.rsplit(b",", 1)[0]
                    line = body + b"," + sealed(body)
            stream += line + rng.choice((b"\r\n", b"\r\n", b"\n", b"\r", b"\n\r\n", b""))
        if rng.random() < 0.02:
            stream = rng.randbytes(rng.randint(100, 400)).replace(b"\n", b".") + stream
        now, heard = 0.0, []
        for piece in pieces(rng, stream):
            heard.append((now, piece))
            now += rng.choice((0.01, 0.01, 0.1, 0.19, 0.21, 1.0))
        ours = _assembled(heard, tally)
        if ours is not None:
            tally.judge(ours or None, strict_lines(heard) or None, lambda h=heard: repr(h))
    return tally


def _assembled(heard: list[tuple[float, bytes]], tally: Tally) -> Told | None:
    told: Told = []

    def take(text: str, at: float) -> None:
        try:
            told.append(parse_line(text))
        except ValueError:
            return

    lines = LineAssembler(take, longest=LONGEST, idle=IDLE)
    try:
        for now, data in heard:
            lines.feed(data, now)
    except Exception as error:  # noqa: BLE001 - the very thing that is looked for
        tally.frames += 1
        tally.found("uncaught", f"{error!r} on {heard!r}")
        return None
    assert len(lines._line) <= LONGEST + 1, "a line without end is kept"
    return told


def fuzz_text(frames: int, seed: int = 2) -> Tally:
    """Lines of text before the parser alone: whatever a line may hold, also what no assembler lets through."""
    rng, tally = Random(seed), Tally()
    for _ in range(frames):
        text = list(right_line(rng).decode())
        for _ in range(rng.randint(0, 3)):
            at = rng.randrange(len(text))
            text[at] = rng.choice((rng.choice(STRANGE), chr(rng.randrange(32, 127)), "", ",", ",,"))
        line = "".join(text)
        if rng.random() < 0.5:
            body, comma, _ = line.rpartition(",")
            total = sum(body.encode("ascii", "replace")) % 256
            forms = f"{total:02X}", f"{total:02x}", f"{total:X}", f"0x{total:02X}", f" {total:02X}"
            line = body + comma + rng.choice(forms)
        ours: tuple[str, str] | None
        try:
            ours = parse_line(line)
        except ValueError:
            ours = None
        except Exception as error:  # noqa: BLE001 - the very thing that is looked for
            tally.frames += 1
            tally.found("uncaught", f"{error!r} on {line!r}")
            continue
        tally.judge(ours, strict_line(line.encode()) if line.isascii() else None, lambda s=line: repr(s))
    return tally
