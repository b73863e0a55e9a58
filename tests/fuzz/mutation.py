"""Mutations of bytes and text, and the count of what came of them.

Knows how to spoil a message. Does not know any protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

EDGES = (0x00, 0x01, 0x02, 0x03, 0x04, 0x06, 0x0D, 0x0A, 0x10, 0x2C, 0x7F, 0x80, 0x83, 0x90, 0xFE, 0xFF)
WORDS = (0, 1, 2, 3, 125, 126, 254, 255, 256, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
SHOWN = 5
"""Findings of one kind that are kept in full; the others are counted."""


@dataclass
class Tally:
    """What a campaign saw. A right reply that was not taken is a finding, too: a decoder that refuses all is safe
    and useless."""

    frames: int = 0
    accepted: int = 0
    refused: int = 0
    uncaught: int = 0
    wrong_accepts: int = 0
    wrong_refusals: int = 0
    findings: list[str] = field(default_factory=list)

    def found(self, kind: str, what: str) -> None:
        """Count a finding; `kind` is uncaught, wrong_accepts or wrong_refusals."""
        setattr(self, kind, getattr(self, kind) + 1)
        if sum(f.startswith(kind) for f in self.findings) < SHOWN:
            self.findings.append(f"{kind}: {what}")

    def judge(self, ours: object, reference: object, what: Callable[[], str]) -> None:
        """Hold a decision against the reference; None = not accepted."""
        self.frames += 1
        self.accepted += ours is not None
        self.refused += ours is None
        if ours == reference:
            return
        kind = "wrong_accepts" if ours is not None else "wrong_refusals"
        self.found(kind, f"{what()}: decided {ours!r}, the reference {reference!r}")


def spoilt(rng: Random, message: bytes, others: Sequence[bytes] = ()) -> bytes:
    """The message after one or a few mutations."""
    data = bytearray(message)
    for _ in range(1 if rng.random() < 0.6 else rng.randint(2, 6)):
        _MUTATIONS[rng.randrange(len(_MUTATIONS))](rng, data, others)
    return bytes(data)


def pieces(rng: Random, stream: bytes) -> list[bytes]:
    """The stream in one piece, in a few, or byte by byte."""
    way = rng.random()
    if way < 0.5 or len(stream) < 2:
        return [stream] if stream else []
    if way < 0.6:
        return [stream[i : i + 1] for i in range(len(stream))]
    cuts = sorted({0, len(stream), *(rng.randrange(len(stream)) for _ in range(rng.randint(1, 3)))})
    return [stream[a:b] for a, b in pairwise(cuts)]


def _flip(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _edge(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice(EDGES)


def _any(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _word(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    if len(data) > 1:
        at = rng.randrange(len(data) - 1)
        data[at : at + 2] = rng.choice(WORDS).to_bytes(2, "big")


def _cut(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _behead(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    del data[: rng.randint(1, 4)]


def _drop(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    del data[at : at + rng.randint(1, 3)]


def _insert(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.randbytes(rng.randint(1, 4))


def _noise_before(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    data[:0] = rng.randbytes(rng.randint(1, 6))


def _repeat(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = data[at : at + rng.randint(1, 6)]


def _swap(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    if data:
        a, b = rng.randrange(len(data)), rng.randrange(len(data))
        data[a], data[b] = data[b], data[a]


def _splice(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    if others:
        other = rng.choice(others)
        data[rng.randrange(len(data) + 1) :] = other[rng.randrange(len(other) + 1) :]


def _follow(rng: Random, data: bytearray, others: Sequence[bytes]) -> None:
    data += rng.choice(others) if others and rng.random() < 0.6 else rng.randbytes(rng.randint(1, 9))


_MUTATIONS: tuple[Callable[[Random, bytearray, Sequence[bytes]], None], ...] = (
    _flip, _flip, _edge, _any, _word, _cut, _behead, _drop, _insert, _noise_before, _repeat, _swap, _splice, _follow,
)  # fmt: skip
