"""What a look at a PLC shows, judged against its I/O list and the contract: identity, life, plausibility, pairs.

Pure. Knows how each mistake of a mapping looks in what is read. Does not read anything itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from station_ctl.cli.finding import Finding, Grade, bad, ok, warn
from station_ctl.cli.probe_wire import Looked
from station_ctl.core.conditions import NeverBoth
from station_ctl.core.orders import MAGIC, PLC_ID
from station_ctl.core.orders import identity as signs
from station_ctl.core.points import Access, IoList, Point, Value
from station_ctl.core.signals import Image, Quality

UPTIME_RATE = (0.5, 2.0)
"""PLC milliseconds in a millisecond: the contract says 1 %, this is about another unit or another register."""


@dataclass(frozen=True, slots=True)
class Probed:
    """One tag as it was read: `age_s` None if it never was; `low` and `high` are the list's bounds of plausibility."""

    point: str
    address: str
    type: str
    access: str
    value: Any
    unit: str
    quality: str
    age_s: float | None
    low: float | None
    high: float | None
    why: str
    text: str

    @property
    def wrong(self) -> bool:
        """True where a read tag gives nothing that could be believed."""
        return self.access == Access.READ and self.quality != Quality.GOOD


def tags(io: IoList, looked: Looked) -> Iterator[Probed]:
    """Every tag of the list as it was read, in the order of the list."""
    for point in io.values():
        at = looked.at.get(point.tag)
        quality, why = _quality(point, looked)
        yield Probed(
            f"{looked.link}.{point.tag}", point.address, str(point.type), str(point.access),
            looked.values.get(point.tag), point.unit, str(quality),
            round(max(0.0, looked.now - at), 3) if at is not None else None,
            point.low, point.high, why, point.text,
        )  # fmt: skip


def _quality(point: Point, looked: Looked) -> tuple[Quality, str]:
    tag = point.tag
    if tag in looked.missing:
        return Quality.NEVER, looked.missing[tag]
    if tag not in looked.at:
        return Quality.NEVER, looked.fault or "never read"
    if tag not in looked.values:
        return Quality.BAD, f"no {point.type}, or declared bad by the PLC"
    if tag in looked.bad:
        return Quality.BAD, f"not plausible: needs {_bounds(point)}"
    return Quality.GOOD, ""


def _bounds(point: Point) -> str:
    if point.low is None and point.high is None:
        return f"a {point.type}"
    low, high = ("any" if limit is None else f"{limit:g}" for limit in (point.low, point.high))
    return f"{low} to {high} {point.unit}".strip()


def findings(
    io: IoList, looked: Looked, map_version: int | None, pairs: Iterable[NeverBoth] = (), plc_id: int | None = None
) -> list[Finding]:
    """What the tags of one PLC say together."""
    if looked.fault:
        do = "power, cable, address and protocol of the PLC; station-ctl doctor"
        return [bad("link", looked.fault, do)]
    found: list[Finding] = []
    if map_version is not None:
        found.append(identity(io, looked.values, map_version, plc_id))
    found += _life(io, looked)
    image = Image(looked.now, {looked.link: looked.snapshot(io)})
    found += [finding for pair in pairs if (finding := _pair(pair, image)) is not None]
    return found


def identity(io: IoList, values: Mapping[str, Value], map_version: int, plc_id: int | None = None) -> Finding:
    """Whether this is the PLC of the list, with its words and bytes in place; what a wrong sign points to."""
    needed = signs(io, map_version, plc_id)
    wrong = {tag: values.get(tag) for tag, value in needed.items() if tag in io and values.get(tag) != value}
    if not wrong:
        return ok("identity", f"magic and patterns right, MAP_VERSION {map_version}")
    shown = "; ".join(f"{tag} is {_hex(value)}, needs {_hex(needed[tag])}" for tag, value in wrong.items())
    return bad("identity", shown, _points_to(wrong, needed))


def _points_to(wrong: Mapping[str, Value | None], needed: Mapping[str, int]) -> str:
    if wrong.keys() == {"MAP_VERSION"}:
        return "the PLC's program is of another version of the list: get its list, or load the other program"
    if wrong.keys() == {PLC_ID}:
        return "the right program in another PLC of the station: addresses or cables of two PLCs are exchanged"
    if any(value == _swapped_bytes(needed[tag], 2) for tag, value in wrong.items() if tag in ("MAGIC", "PATTERN")):
        return "the two bytes of each word are swapped: set the byte order of the list or of the PLC"
    if wrong.get("PATTERN32") == (needed["PATTERN32"] & 0xFFFF) << 16 | needed["PATTERN32"] >> 16:
        return "the two words of 32-bit values are swapped: set the word order of the list or of the PLC"
    others = {value: tag for tag, value in MAGIC.items()}
    moved = {tag: others[value] for tag, value in wrong.items() if isinstance(value, int) and value in others}
    if moved:
        tag, other = next(iter(moved.items()))
        return f"{tag} shows what {other} should: the addresses are moved; do they count from 0 or from 1?"
    if all(value == 0 for value in wrong.values()):
        return "another PLC, another table (ir or hr), or a PLC that has not finished its start"
    return "another PLC, or other addresses: compare the address of the link and the list with the PLC's program"


def _swapped_bytes(value: int, size: int) -> int:
    return int.from_bytes(value.to_bytes(size, "big"), "little")


def _hex(value: Value | None) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return "nothing" if value is None else f"{value:#06x}" if whole else str(value)


def _life(io: IoList, looked: Looked) -> Iterator[Finding]:
    pulse = looked.pulse
    if "HB_PLC" in io:
        if pulse is None:
            yield bad("heartbeat", "HB_PLC cannot be read", "its row in the list; see the tag itself")
        elif pulse.beats > 1:
            yield ok("heartbeat", f"HB_PLC moves: {pulse.beats} values in {pulse.seconds:.1f} s")
        else:
            do = "the PLC program does not run, or HB_PLC lies elsewhere"
            yield bad("heartbeat", "HB_PLC stands still", do)
    if pulse is not None and pulse.gained_ms is not None and pulse.seconds > 0:
        rate = pulse.gained_ms / 1000 / pulse.seconds
        text = f"UPTIME_MS gained {pulse.gained_ms} in {pulse.seconds * 1000:.0f} ms"
        if UPTIME_RATE[0] <= rate <= UPTIME_RATE[1]:
            yield ok("uptime", text)
        else:
            yield bad("uptime", text, "UPTIME_MS counts milliseconds: look at its address, word order and unit")


def _pair(pair: NeverBoth, image: Image) -> Finding | None:
    """Two end switches at once. Neither is right in motion, and suspicious on a machine at rest."""
    what = f"{pair.one.tag} and {pair.other.tag}"
    reasons = pair.unmet(image)
    if any(reason.known for reason in reasons):
        do = "one of them has the wrong sense, the wrong bit, or a broken sensor"
        return bad(what, "on together, and exclude each other", do)
    one, other = pair.one.read(image).value, pair.other.read(image).value
    if one is False and other is False:
        do = "right while the machine is on its way; at rest one of them has the wrong sense or the wrong bit"
        return warn(what, "neither is on", do)
    return None


def count_wrong(rows: Iterable[Probed], found: Iterable[Finding]) -> int:
    """How many tags and findings are not as they should be."""
    return sum(row.wrong for row in rows) + sum(finding.grade is Grade.BAD for finding in found)


def shown_value(row: Probed) -> str:
    """The value as a person reads it."""
    value = row.value
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return " ".join(f"{item:.7g}" if isinstance(item, (int, float)) else str(item) for item in value)
    if isinstance(value, float):
        # A 32-bit float has seven digits; the rest is what it became on its way.
        return f"{value:.7g}" if row.type.startswith("f32") else f"{value:.10g}"
    return str(value) if value != "" else '""'
