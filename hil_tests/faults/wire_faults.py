"""The faults of the wire: Modbus TCP (M), Modbus RTU (T), OPC UA (O), each with the reaction that is right.

Knows what goes wrong and what must follow. Does not know how it is injected: toxics_*.py and wire_strikes.py do.
"""

from __future__ import annotations

from hil_tests.faults.fault import Fault, Layer, Reaction

_CALM = (Reaction.TRANSPARENT,)
_STOP = (Reaction.HOLD,)
"""A link that cannot be believed: held, because a PLC that takes orders stops by itself when it does not hear us."""
_ORDER = (Reaction.HOLD, Reaction.ABORT)
"""An order without a sure outcome, or every PLC silent at once, the safety PLC with them."""
_EITHER = (Reaction.TRANSPARENT, *_ORDER)
_INSTRUMENT = (Reaction.TRANSPARENT, Reaction.DEGRADED)
"""Meter and insulation monitor: their tags are bad; no step waits for them."""


def _modbus(code: str, text: str, expected: tuple[Reaction, ...] = _STOP, steps: str = "") -> Fault:
    return Fault(code, text, Layer.MODBUS_TCP, expected, steps)


def _bus(code: str, text: str, expected: tuple[Reaction, ...] = _INSTRUMENT) -> Fault:
    return Fault(code, text, Layer.MODBUS_RTU, expected, "every step; the bus carries instruments only")


def _opcua(
    code: str, text: str, expected: tuple[Reaction, ...] = _STOP, steps: str = "", not_here: str = ""
) -> Fault:
    return Fault(code, text, Layer.OPC_UA, expected, steps, not_here)


_MODBUS = (
    _modbus("M01", "Connection refused"),
    _modbus("M02", "No answer to the attempt to connect"),
    _modbus("M03", "RST instead of the reply; the request was carried out", _ORDER),
    _modbus("M04", "RST in the middle of the reply"),
    _modbus("M05", "FIN after the request", _ORDER),
    _modbus("M06", "Half-open connection: the request or the reply is lost", _ORDER),
    _modbus("M07", "PLC process stopped, request carried out late; after its expiry it must not be", _ORDER),
    _modbus(
        "M08", "Replies delayed: below the time-out nobody notices, beyond it the station holds", _EITHER
    ),
    _modbus("M09", "Replies delayed by a random time below the time-out", _CALM),
    _modbus("M10", "Reply drips in byte by byte, slower than the time-out in all"),
    _modbus("M11", "Two replies in one segment; a reply cut at every byte", _CALM),
    _modbus("M12", "Reply of another unit"),
    _modbus("M13", "Reply of another function", _ORDER),
    _modbus("M14", "Byte count wrong, registers missing or too many"),
    _modbus("M15", "Transaction id zero, stale or from the future"),
    _modbus("M16", "Reply repeated: the answer counts, the repetition ends the connection", _EITHER),
    _modbus("M17", "Late reply to an earlier request in place of the right one"),
    _modbus("M18", "Protocol id other than 0"),
    _modbus("M19", "Length field lies (0, too short, too long, 65535)"),
    _modbus(
        "M20",
        "Exception 1 to 6, 10 or 11, to a scan or to an order; busy is asked again twice, reads only",
        _EITHER,
    ),
    _modbus("M21", "Echo of a write says another value or count", _ORDER),
    _modbus("M22", "13 MB of garbage instead of the reply"),
    _modbus("M23", "Connections accepted and closed at once, a thousand times"),
    _modbus("M24", "PLC started again: new epoch, zeroed registers, or old retained ones"),
)
_RTU = (
    _bus("T01", "One bit of a frame wrong, every bit in turn"),
    _bus("T02", "Frame truncated"),
    _bus("T03", "Adapter echoes the question"),
    _bus("T04", "Noise before the frame, collision with another slave"),
    _bus("T05", "Pauses between the characters of a frame", _CALM),
    _bus("T06", "Reply after the time-out, while the next question waits"),
    _bus("T07", "Another slave answers"),
    _bus("T08", "Adapter unplugged and plugged in again"),
    _bus("T09", "Slave talks twice or half as fast"),
)
_OPCUA = (
    _opcua("O01", "Connection refused, or accepted and closed at once"),
    _opcua("O02", "Nodes Bad (communication, sensor failure, out of service, waiting for data)"),
    _opcua("O03", "Nodes Uncertain, last usable value"),
    _opcua("O04", "Every value frozen and Good"),
    _opcua("O05", "Source time stamp frozen, server time stamp moves: no time stamp is believed", _CALM),
    _opcua("O06", "Heartbeat of the PLC frozen, everything else moves"),
    _opcua("O07", "Clock of the server a day ahead or behind", _CALM),
    _opcua("O08", "Subscription dies, session lives: polled, it looks like answers that never change"),
    _opcua("O09", "Keep-alive stops: polled, it looks like requests without answer on a session that lives"),
    _opcua(
        "O10",
        "Publish gap, overflow of a queue",
        (),
        not_here="every value is polled (ADR 0010): nothing queues",
    ),
    _opcua("O11", "Session lost on the server"),
    _opcua("O12", "Server started again with other namespace indices, or with nodes gone"),
    _opcua("O13", "Request refused with BadTooManyOperations", _ORDER),
    _opcua("O14", "Write answered Bad although it was applied", _EITHER),
    _opcua("O15", "Write answered Good although it was not applied", _ORDER),
    _opcua("O16", "Request times out and is carried out late; after its expiry it must not be", _ORDER),
    _opcua(
        "O17",
        "Our certificate expired, not yet valid or not trusted: no session. The PLC's own is compared, not judged by date",
        (Reaction.REFUSED, Reaction.TRANSPARENT),
        "before anything moves",
    ),
    _opcua("O18", "Message of 100 MB, flood of chunks"),
)

WIRE_FAULTS = (*_MODBUS, *_RTU, *_OPCUA)
"""M01 to M24, T01 to T09, O01 to O18."""
