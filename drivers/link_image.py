"""The image of one PLC that a link keeps: blocks, identity, heartbeat, faults, and who is told.

Knows the promises of core/links.py. Does not know any protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.points import Access, IoList, Point, ScanClass, Value

Listener = Callable[[LinkSnapshot], None]

UPTIME = "UPTIME_MS"
LIFE = ("EPOCH", UPTIME)
"""Tags of the PLC contract that tell one life of a PLC from the next: its boot counter and the time since its start."""


class LinkImage:
    """Builds the snapshots of one link.

    `identity` names tags and the values that prove the right PLC program (MAGIC, PATTERN, MAP_VERSION …). A scan class
    that reads them, EPOCH or UPTIME_MS is a witness; a block of any other class waits until every witness was read
    after it and tells of the same life of the same PLC: a PLC that starts between two requests shows zeroes at first.
    `heartbeat` names the PLC's own counter; without one, every good scan counts as a sign of life.
    Raises ValueError when such a tag is not read by this I/O list.
    """

    def __init__(
        self, link: str, io: IoList, identity: Mapping[str, int] | None, heartbeat: str | None
    ) -> None:
        self._identity = dict(identity or {})
        self._heartbeat = heartbeat
        for tag in (*self._identity, *((heartbeat,) if heartbeat else ())):
            if tag not in io or not _scanned(io[tag]):
                raise ValueError(f"link {link}: {tag} is no scanned read tag of I/O list {io.name}")
        life = [tag for tag in LIFE if self._identity and tag in io and _scanned(io[tag])]
        self._signs: dict[ScanClass, list[str]] = {}
        for tag in (*self._identity, *life):
            self._signs.setdefault(io[tag].scan, []).append(tag)
        self.signs = frozenset((*self._identity, *life))
        """Tags that say which PLC this is and which of its lives; empty where no identity is asked for."""
        self.witnesses = frozenset(self._signs)
        """Scan classes that read the signs."""
        self._told: dict[str, Value] = {}
        self._waiting: dict[ScanClass, tuple[Block, set[ScanClass]]] = {}
        self._link = link
        self._blocks: dict[ScanClass, Block] = {}
        self._faults: dict[str, str] = {"connection": "never connected"}
        self._strangers: dict[str, int] = {}
        self._connection = 0
        self._alive_at = float("-inf")
        self._beat: object = None
        self._listeners: list[Listener] = []
        self._identified = not self._identity
        self.snapshot = LinkSnapshot(link)

    def on_scan(self, listener: Listener) -> None:
        """Call `listener` after every publication."""
        self._listeners.append(listener)

    def connected(self, source: str) -> None:
        """A new connection carries this link from now on, and the fault of that `source` is over."""
        self._connection += 1
        self._faults.pop(source, None)

    def clear(self, source: str) -> None:
        """The fault of that `source` is over; the next publication tells."""
        self._faults.pop(source, None)

    def fault(self, source: str, text: str) -> None:
        """Say why this PLC is not usable; by `source` (connection, command …) it can be taken back."""
        if source == "connection":
            self._told.clear()
            self._waiting.clear()
        if self._faults.get(source) != text:
            self._faults[source] = text
            self.publish()

    def unwritable(self, *, urgent: bool) -> str | None:
        """Why nothing may be written now; None = the PLC is the right one and is being scanned.

        A STOP still goes to a PLC that is not scanned, and to one that was the right one once: what is wrong now
        may be a single register. Everything else, our heartbeat too, waits until somebody sees what it does.
        """
        if not self._identified:
            return self._faults.get("identity", "the PLC has not proved its identity yet")
        return None if urgent else self._faults.get("connection", self._faults.get("identity"))

    def take(self, scan: ScanClass, block: Block, *, vouched: bool = False) -> bool:
        """Note a block that was read; whether there is anything new to `publish`.

        `vouched`: it was read at one instant with the signs, and waits for no witness.
        """
        self._faults.pop(scan, None)
        if self._signs and scan not in self._signs and not vouched:
            self._waiting[scan] = block, set(self._signs)
            return False
        same = scan in self._signs and self.same_life(scan, block)
        self._believe(scan, block)
        if scan in self._signs:
            self._told.update({tag: block.values[tag] for tag in self._signs[scan] if tag in block.values})
            self._hear(scan, same=same)
        return True

    def same_life(self, scan: ScanClass, block: Block) -> bool:
        """Whether a witness's block has the right signs, as the one before it, and of the same life of the PLC."""
        for tag in self._signs[scan]:
            now, before = block.values.get(tag), self._told.get(tag)
            if now is None or before is None or tag in block.bad:
                return False
            if tag == UPTIME:
                if not _forward(before, now):
                    return False
            elif now != before or now != self._identity.get(tag, now):
                return False
        return True

    def _hear(self, witness: ScanClass, *, same: bool) -> None:
        """What waits for this witness is believed when nothing else is missing, or dropped."""
        if not same:
            self._waiting.clear()
        for scan, (block, unheard) in list(self._waiting.items()):
            unheard.discard(witness)
            if not unheard:
                del self._waiting[scan]
                self._believe(scan, block)

    def _believe(self, scan: ScanClass, block: Block) -> None:
        last = self._blocks.get(scan)
        self._blocks[scan] = block
        if last is None or last.values is not block.values or last.bad is not block.bad:
            self._check_identity(block)
        if self._heartbeat is None:
            self._alive_at = max(self._alive_at, block.at)
        elif self._heartbeat in block.values and self._heartbeat not in block.bad:
            beat = block.values[self._heartbeat]
            if self._beat is not None and beat != self._beat:
                self._alive_at = block.at
            self._beat = beat

    def _check_identity(self, block: Block) -> None:
        words = []
        for tag, needed in self._identity.items():
            if tag in block.bad and tag not in block.values:
                self._strangers[tag] = needed
                words.append(f"{tag} is not readable, needs {needed}")
            elif tag in block.values and block.values[tag] != needed:
                self._strangers[tag] = needed
                words.append(f"{tag} is {block.values[tag]}, needs {needed}")
            elif tag in block.values:
                self._strangers.pop(tag, None)
        if words:
            self._faults["identity"] = "; ".join(words)
        elif not self._strangers:
            if self._faults.pop("identity", None) is not None:
                self._disbelieve_others(block)
            seen = {tag for b in self._blocks.values() for tag in b.values}
            self._identified = self._identified or set(self._identity) <= seen

    def _disbelieve_others(self, block: Block) -> None:
        # What was read before the PLC had its identity back may be zeroes or another program's: it is read again first.
        for scan, other in self._blocks.items():
            if other is not block:
                self._blocks[scan] = Block(other.values, float("-inf"), other.bad)

    def publish(self) -> None:
        """Replace the snapshot and tell every listener."""
        self.snapshot = LinkSnapshot(
            self._link,
            self._connection,
            self._alive_at,
            "; ".join(self._faults.values()) or None,
            MappingProxyType(self._blocks.copy()),
        )
        for listener in self._listeners:
            listener(self.snapshot)


def _scanned(point: Point) -> bool:
    return point.access is Access.READ and point.scan is not ScanClass.NONE


def _forward(before: Value, now: Value) -> bool:
    """Whether a 32-bit counter of ms has not gone back; it wraps every 49.7 days."""
    return isinstance(before, int) and isinstance(now, int) and (now - before) % 2**32 < 2**31
