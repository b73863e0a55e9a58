"""One Modbus request and the only reply that answers it.

Knows function codes, lengths and echoes. Does not know transports, transaction ids or checksums.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.loss import LinkFailed
from station_ctl.core.links import LinkError, NotSent, OutcomeUnknown, WriteRefused

READ_HOLDING, READ_INPUT, WRITE_ONE, WRITE_MANY = 3, 4, 6, 16

_EXCEPTIONS = {
    1: "function not supported",
    2: "no such register",
    3: "value or count not allowed",
    4: "device failure",
    5: "accepted, still at work",
    6: "busy",
    8: "memory parity",
    10: "gateway: no path",
    11: "gateway: the device behind it did not answer",
}
# After these a write may have taken effect all the same.
_MAY_HAVE_HAPPENED = frozenset({4, 5, 11})


BUSY = frozenset({5, 6})
"""Answers of a device that would have to be asked again; only a read ever is."""


class AskFailed(LinkFailed):
    """A question got no usable answer."""


class NotAsked(AskFailed):
    """The question never left this machine."""


class Unanswered(AskFailed):
    """The question left; no answer, or one that answers something else, came back."""


class Refused(AskFailed):
    """The device answered with an exception code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(f"{text}: exception {code} ({_EXCEPTIONS.get(code, 'unknown code')})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Question:
    """A request: unit, PDU as on the wire, bytes of values expected back (0 = a write), and words for it."""

    unit: int
    pdu: bytes
    size: int
    text: str

    @property
    def reply_length(self) -> int:
        """Bytes of the PDU that answers."""
        return 2 + self.size if self.size else 5

    def answer(self, pdu: bytes) -> bytes:
        """The registers or bits in the reply (empty for a write).

        Raises Refused for an exception code, Unanswered when function, length or echo are not those asked.
        """
        asked = self.pdu[0]
        if len(pdu) == 2 and pdu[0] == asked | 0x80:
            raise Refused(self.text, pdu[1])
        if not pdu or pdu[0] != asked:
            raise Unanswered(f"{self.text}: answered with function {pdu[:1].hex()}, asked {asked:02x}")
        if len(pdu) != self.reply_length:
            raise Unanswered(f"{self.text}: answered with {len(pdu)} bytes, needs {self.reply_length}")
        if self.size:
            if pdu[1] != self.size:
                raise Unanswered(f"{self.text}: answered with byte count {pdu[1]}, needs {self.size}")
            return pdu[2:]
        if pdu != self.pdu[:5]:
            raise Unanswered(f"{self.text}: echo {pdu.hex(' ')} is not {self.pdu[:5].hex(' ')}")
        return b""


def write_error(link: str, failure: AskFailed, *, partly: bool) -> LinkError:
    """What a failed question means for a write; `partly` = an earlier request of the same write was taken."""
    text = f"{link}: {failure}"
    code = failure.code if isinstance(failure, Refused) else None
    if isinstance(failure, Unanswered) or code in _MAY_HAVE_HAPPENED:
        return OutcomeUnknown(text)
    if partly:
        return OutcomeUnknown(f"{text}; the first part was taken")
    return NotSent(text) if code is None else WriteRefused(text)
