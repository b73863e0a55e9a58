"""Raw registers before the real block decoder; and the strict reference: which tags are good, and their values.

Knows how values lie in registers by itself, from the I/O list. Does not use our decoders to judge them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from functools import cache
from random import Random

from drivers.block_plan import BlockImage, PlannedRead, plan_reads
from drivers.registers import RegisterAddress
from station_ctl.core.points import Access, BaseType, Point, PointType, ScanClass
from tests.fuzz.mutation import Tally

Good = dict[str, object]
"""Tag → value, for every tag that may be believed."""

SHAPES = (
    ("bool", ""), ("bool", ".3"), ("bool", ".15"), ("u16", ""), ("i16", ""), ("u32", ""), ("i32", ""), ("f32", ""),
    ("u16[4]", ""), ("i16[3]", ""), ("f32[2]", ""), ("u32[2]", ""), ("str8", ""), ("str24", ""), ("str5", ""),
)  # fmt: skip
SCALES = (1.0, 1.0, 0.1, 0.01, 0.5, 0.3, 10.0)
FLOATS = (0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0x00000001, 0x80000000, 0x7F7FFFFF, 0x42C80000)


def io_list(rng: Random, points: int = 14) -> tuple[Point, ...]:
    """Points of every type, one behind the other with gaps, some bits of one word among them."""
    made: list[Point] = []
    at = rng.randrange(4)
    for number in range(points):
        kind, bit = rng.choice(SHAPES)
        scale = 1.0 if kind.startswith(("bool", "str")) else rng.choice(SCALES)
        low, high = rng.choice(((None, None), (None, None), (0.0, 100.0), (-5.0, None), (None, 1000.0)))
        if kind.startswith(("bool", "str")):
            low = high = None
        made.append(
            Point(
                f"T{number}", f"hr:{at}{bit}", PointType.parse(kind), Access.READ, ScanClass.FAST, "", scale, low, high
            )
        )
        if not bit or rng.random() < 0.5:
            at += PointType.parse(kind).words + rng.choice((0, 0, 0, 1, 5))
    return _without_overlaps(made)


def _without_overlaps(points: Sequence[Point]) -> tuple[Point, ...]:
    kept: list[Point] = []
    for point in points:
        try:
            plan_reads([*kept, point])
        except ValueError:
            continue
        if len({p.address for p in (*kept, point)}) == len(kept) + 1:
            kept.append(point)
    return tuple(kept)


def strict(points: Sequence[Point], reads: Sequence[PlannedRead], raw: Sequence[bytes | None]) -> Good:
    """What registers say; `raw` None = that read is not known now."""
    good: Good = {}
    for point in points:
        address = RegisterAddress.parse(point.address)
        for read, data in zip(reads, raw, strict=True):
            at = 2 * (address.number - read.start)
            if data is None or not 0 <= at < 2 * read.count:
                continue
            value = _value(point, address.bit, data[at : at + 2 * point.type.words])
            if value is not None:
                good[point.tag] = value
    return good


def _value(point: Point, bit: int, field: bytes) -> object:
    kind = point.type
    if kind.base is BaseType.STR:
        text = field.rstrip(b"\0 ")
        return text.decode() if all(0x20 <= byte < 0x7F for byte in text) else None
    if kind.base is BaseType.BOOL:
        word = int.from_bytes(field, "big")
        if bit >= 0:
            return bool(word >> bit & 1)
        return {0: False, 1: True}.get(word)
    width = len(field) // kind.count
    items = [_number(point, field[i * width : (i + 1) * width]) for i in range(kind.count)]
    if any(item is None for item in items):
        return None
    return tuple(items) if kind.count > 1 else items[0]


def _number(point: Point, field: bytes) -> float | None:
    base = point.type.base
    if base is BaseType.F32:
        (raw,) = struct.unpack(">f", field)
    else:
        raw = int.from_bytes(field, "big", signed=base in (BaseType.I16, BaseType.I32))
    whole = round(1 / point.scale)
    exact = point.scale < 1 and math.isclose(whole * point.scale, 1.0, rel_tol=1e-12)
    value = raw / whole if exact else raw * point.scale if point.scale != 1 else raw
    low = -math.inf if point.low is None else point.low
    high = math.inf if point.high is None else point.high
    return value if math.isfinite(value) and low <= value <= high else None


@cache
def _lists(seed: int) -> tuple[tuple[Point, ...], ...]:
    rng = Random(seed)
    return tuple(io_list(rng) for _ in range(40))


def fuzz_registers(frames: int, seed: int = 1) -> Tally:
    """Replies to planned reads, changed a little or altogether from one to the next, some lost in between."""
    rng, tally = Random(seed), Tally()
    while tally.frames < frames:
        points = rng.choice(_lists(seed))
        reads = plan_reads(points, most=rng.choice((24, 40, 120)))
        image = BlockImage(reads)
        raw: list[bytes | None] = [None] * len(reads)
        for _ in range(12):
            for index, read in enumerate(reads):
                raw[index] = _next(rng, raw[index], 2 * read.count)
            try:
                for index, data in enumerate(raw):
                    image.forget(index) if data is None else image.take(index, data)
                values, bad = image.values, image.bad
            except Exception as error:  # noqa: BLE001 - the very thing that is looked for
                tally.frames += 1
                tally.found("uncaught", f"{error!r} on {raw} of {[str(p.type) for p in points]}")
                break
            ours = {p.tag: values[p.tag] for p in points if p.tag in values and p.tag not in bad}
            right = strict(points, reads, raw)
            tally.judge(ours or None, right or None, lambda o=ours, r=right, p=points: _difference(o, r, p))
    return tally


def _next(rng: Random, before: bytes | None, size: int) -> bytes | None:
    way = rng.random()
    if way < 0.05:
        return None
    if before is None or way < 0.25:
        return rng.randbytes(size)
    data = bytearray(before)
    for _ in range(rng.randint(0, 4)):
        at = 2 * rng.randrange(size // 2)
        if rng.random() < 0.3 and at + 4 <= size:
            data[at : at + 4] = rng.choice(FLOATS).to_bytes(4, "big")
        elif rng.random() < 0.3:
            data[at : at + 2] = rng.choice((b"\0\0", b"\0\1", b"\0\2", b"\xff\xff", b"A\0", b"\0A", b"AB"))
        else:
            data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def _difference(ours: Good, right: Good, points: Sequence[Point]) -> str:
    shown = {p.tag: f"{p.address} {p.type} × {p.scale} in {p.low}..{p.high}" for p in points}
    tags = sorted(t for t in ours.keys() | right.keys() if ours.get(t) != right.get(t))
    return "; ".join(f"{t} ({shown[t]}): {ours.get(t)!r} for {right.get(t)!r}" for t in tags[:3])
