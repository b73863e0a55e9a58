"""What the rows of one I/O list must be together: no address twice, and the tags of the PLC contract.

Knows docs/plc_contract.md as tags and types. Does not know which station uses the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from station_ctl.config.addresses import Registers
from station_ctl.config.io_lists import IoFile
from station_ctl.config.same_places import check_same_as, declared
from station_ctl.core.jog import COUNTER
from station_ctl.core.levels import MAY_LACK, TOGETHER, Level
from station_ctl.core.orders import (
    BIT_PATTERNS,
    MAGIC,
    PARAMETERS,
    PLC_ID,
    AckCode,
    Order,
    OrderState,
    Result,
)
from station_ctl.core.points import WHOLE, Access, BaseType, Point, ScanClass

IDENTITY = {"MAGIC": "u16", "PATTERN": "u16", "PATTERN32": "u32", "MAP_VERSION": "u16"}
"""Tags that show whether this is the PLC, the byte order, the word order and the version the list is for."""

HEARTBEAT = {"HB_PLC": "u16"}
START = {"EPOCH": "u16", "UPTIME_MS": "u32"}
OUR_HEARTBEAT = {"HB_CTL": "u16"}
ANSWER = {"ACK_ID": "u32", "ACK_CODE": "u16", "DONE_ID": "u32", "RESULT": "u16"}
ANSWER |= {"ORDER_STATE": "u16", "FAULT": "u16"}
_WIDE = {"CMD_ID": "u32", "CMD_EXPIRES": "u32", **{f"CMD_P{k}": "i32" for k in range(1, PARAMETERS + 1)}}
BLOCK = {tag: _WIDE.get(tag, "u16") for tag in Order(1, 0, 0, (), 0).tags()}
"""The order block, tag and type, in the order in which it lies in the PLC."""

STOP = {"STOP_REQ": "u16"}
HAND = {COUNTER: "u16"}
"""The counter of a PLC that has a jog; a list may lack it, and then nothing is jogged there."""

_ANY_WHOLE = frozenset(("HB_PLC", "ACK_CODE", "RESULT", "ORDER_STATE", "FAULT"))
"""Tags that are read and hold small numbers, or only have to move: of any whole type, as a PLC has them."""

_MEANINGS = {"ACK_CODE": AckCode, "RESULT": Result, "ORDER_STATE": OrderState}

assert IDENTITY.keys() >= MAGIC.keys()


def order_prefixes(io: IoFile) -> set[str]:
    """Prefixes of the order channels that a list begins to describe, by its CMD_ tags."""
    names = "|".join(BLOCK)
    found = (re.match(rf"^(.*?)(?:{names})$", tag) for tag in io.points)
    return {match[1] for match in found if match}


def check_together(io: IoFile, protocol: str, unit: int = 1) -> None:
    """Two tags in one place; `unit` is where Modbus tags lie whose address names none."""
    if protocol == "opcua":
        _same_node(io)
    else:
        _same_register(io, unit)
    check_same_as(io)


def _same_node(io: IoFile) -> None:
    first: dict[str, str] = {}
    for point in io.points.values():
        if point.address in first and not declared(io, point.tag, first[point.address]):
            io.report(point.tag, "address", f"address is also that of {first[point.address]}")
        first.setdefault(point.address, point.tag)


def _same_register(io: IoFile, unit: int) -> None:
    taken: dict[tuple[int, str, int], list[tuple[int | None, str]]] = {}
    for point in io.points.values():
        at = Registers.parse(point.address)
        others: list[str] = []
        for number in range(at.number, at.number + at.size(point.type)):
            here = taken.setdefault((at.unit or unit, at.table, number), [])
            met = [tag for bit, tag in here if bit is None or at.bit is None or bit == at.bit]
            others += [tag for tag in met if not declared(io, point.tag, tag)]
            here.append((at.bit, point.tag))
        if others:
            names = ", ".join(dict.fromkeys(others))
            io.report(point.tag, "address", f"address overlaps {names} (got {point.address!r})")


def check_plc_id(io: IoFile) -> None:
    """The tag of a PLC that is told from others by its own number."""
    _need(io, {PLC_ID: "u16"}, Access.READ, "plc_id")


def check_contract(
    io: IoFile, prefixes: Iterable[str], *, identity: bool, heartbeat: bool, level: Level = Level.A
) -> None:
    """The tags of the contract, for the order channels with these prefixes.

    `identity` and `heartbeat` say whether the link is told to prove the PLC and its life, `level` what it may lack.
    """
    prefixes = sorted(prefixes)
    if identity or prefixes:
        _need(io, IDENTITY, Access.READ, "map_version" if identity else "a PLC that takes orders")
        _bit_patterns(io)
        _one_witness(io)
    if heartbeat or prefixes:
        _need(io, HEARTBEAT, Access.READ, "heartbeat_timeout_ms" if heartbeat else "a PLC that takes orders")
    if prefixes:
        _need(io, _kept(io, START, level), Access.READ, "a PLC that takes orders")
        _need(io, OUR_HEARTBEAT, Access.WRITE, "a PLC that takes orders")
        if COUNTER in io.points:
            _need(io, HAND, Access.WRITE, "a PLC that has a jog")
    for prefix in prefixes:
        channel = f"order channel {prefix.rstrip('_')}" if prefix else "the order channel"
        _need(io, _prefixed(prefix, ANSWER), Access.READ, channel)
        _need(io, _kept(io, _prefixed(prefix, BLOCK | STOP), level, prefix), Access.WRITE, channel)
        if level is Level.B:
            _in_pairs(io, prefix)
        _one_answer(io, prefix)
        _one_block(io, prefix, level)
        _meanings(io, prefix)


def _prefixed(prefix: str, tags: dict[str, str]) -> dict[str, str]:
    return {prefix + tag: kind for tag, kind in tags.items()}


def _kept(io: IoFile, tags: dict[str, str], level: Level, prefix: str = "") -> dict[str, str]:
    """The tags that a PLC of this level must have: a list of level B may leave some rows out."""
    if level is Level.A:
        return tags
    return {t: kind for t, kind in tags.items() if t.removeprefix(prefix) not in MAY_LACK or t in io.points}


def _in_pairs(io: IoFile, prefix: str) -> None:
    for seen, told in TOGETHER:
        here = {tag: tag in io.points or (tag, "tag") in io.cells for tag in (seen, prefix + told)}
        if any(here.values()) and not all(here.values()):
            (has,), (lacks,) = ([tag for tag, there in here.items() if there is wanted] for wanted in (True, False))
            io.report(has, "tag", f"is of no use without {lacks}: have both, or neither")


def _need(io: IoFile, tags: dict[str, str], access: Access, why: str) -> None:
    for tag, kind in tags.items():
        point = io.points.get(tag)
        if point is None:
            if (tag, "tag") not in io.cells:  # a row that is there but wrong has its own finding
                io.report("", "", f"tag {tag} is missing: {why} needs it")
        elif str(point.type) != kind and not _as_good(tag, point):
            io.report(tag, "type", f"needs type {kind} for {why} (got '{point.type}')")
        elif point.access is not access:
            io.report(tag, "access", f"needs access {access} for {why} (got '{point.access}')")


def _as_good(tag: str, point: Point) -> bool:
    """Whether a foreign PLC's type serves as well: what is only compared may be wider, a stop may be a coil."""
    name = next((name for name in (*_ANY_WHOLE, *STOP) if tag.endswith(name)), "")
    if name in STOP:
        return point.type.base is BaseType.BOOL
    return name in _ANY_WHOLE and point.type.base in WHOLE and point.type.count == 1


def _bit_patterns(io: IoFile) -> None:
    """Bits packed the other way round look like any other bits; only a known pattern among them shows it."""
    if any(point.address.startswith("nsu=") for point in io.points.values()):
        return
    for tag, table in BIT_PATTERNS.items():
        read = [p for p in io.points.values() if p.access is Access.READ and Registers.parse(p.address).table == table]
        pattern = io.points.get(tag)
        if pattern is None:
            if read and (tag, "tag") not in io.cells:
                text = f"needs tag {tag}, u16 in {table}: without a pattern nothing proves the order of the bits there"
                io.report(read[0].tag, "address", text)
            continue
        _need(io, {tag: "u16"}, Access.READ, f"the bits of {table}")
        if Registers.parse(pattern.address).table != table:
            io.report(tag, "address", f"lies among the bits whose order it proves, in {table}")


def _meanings(io: IoFile, prefix: str) -> None:
    """Codes of the handshake mean what the contract knows; those of an order cannot change under its checksum."""
    for tag, known in _MEANINGS.items():
        point = io.points.get(prefix + tag)
        wrong = [str(ours) for _, ours in point.codes if ours not in tuple(known)] if point is not None else []
        if wrong:
            text = f"{', '.join(wrong)}: {tag} has no such code, it has 0 to {max(known)}"
            io.report(prefix + tag, "codes", text)
    for tag in BLOCK:
        point = io.points.get(prefix + tag)
        if point is not None and point.codes and (tag != "CMD_OPCODE" or f"{prefix}CMD_CRC" in io.points):
            io.report(point.tag, "codes", "the checksum of an order covers the codes of the contract: no others")


def _one_witness(io: IoFile) -> None:
    """The identity vouches for every other class of the list by being read after it, so none is read faster."""
    signs = [io.points[tag] for tag in (*IDENTITY, PLC_ID, *START, *BIT_PATTERNS) if tag in io.points]
    order = list(ScanClass)
    for point in io.points.values() if signs else ():
        if point.access is not Access.READ:
            continue
        needed, got = signs[0].scan, order.index(point.scan)
        if point in signs and point.scan is not needed:
            text = f"needs the scan of {signs[0].tag}, {needed}: who a PLC is, is read as one"
            io.report(point.tag, "scan", f"{text} (got '{point.scan}')")
        elif got < order.index(needed):
            text = f"is read faster than {signs[0].tag}, {needed}: nothing is believed before the identity is read"
            io.report(point.tag, "scan", f"{text} (got '{point.scan}')")


def _one_answer(io: IoFile, prefix: str) -> None:
    """Number, acknowledgement and result are judged together, so they are read together."""
    points = [io.points[tag] for tag in ("EPOCH", *_prefixed(prefix, ANSWER)) if tag in io.points]
    for point in points[1:]:
        if point.scan is not points[0].scan:
            needed = f"needs the scan of {points[0].tag}, {points[0].scan}: an answer is read as one"
            io.report(point.tag, "scan", f"{needed} (got '{point.scan}')")


def _one_block(io: IoFile, prefix: str, level: Level) -> None:
    """An order travels in one write: on Modbus its registers lie side by side, in the contract's order.

    What a PLC of level B lacks leaves no hole there.
    """
    points = [io.points.get(tag) for tag in _kept(io, _prefixed(prefix, BLOCK), level, prefix)]
    following: Registers | None = None
    for point in points:
        if point is None or point.access is not Access.WRITE or point.type.base is BaseType.STR:
            return
        if not point.address.startswith("nsu="):
            at = Registers.parse(point.address)
            if following is not None and at != following:
                text = f"lies at {point.address}, the order block needs it at {_text(following)}"
                io.report(point.tag, "address", text)
                return
            following = Registers(at.unit, at.table, at.number + point.type.words, None)


def _text(at: Registers) -> str:
    unit = f"u{at.unit}/" if at.unit is not None else ""
    return f"{unit}{at.table}:{at.number}"
