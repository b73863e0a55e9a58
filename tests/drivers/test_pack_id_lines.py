"""Bytes from the reader's serial port become lines, lines become codes; everything else is thrown away."""

from __future__ import annotations

import pytest

from drivers.pack_id_reader_pr1 import parse_line
from drivers.serial_line import LineAssembler

CODE = "CN-SIM-100-714A92-000001"
GOOD = f"IN,{CODE},{sum(f'IN,{CODE}'.encode()) % 256:02X}"


def test_a_line_tells_tag_and_code() -> None:
    assert parse_line(GOOD) == ("IN_CODE", CODE)
    assert parse_line("OUT,-,51") == ("OUT_CODE", "")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"), "whose checksum is"),
        (GOOD.replace("7", "1", 1), "whose checksum is"),
        ("UP,-,5A", "which is not <head>,<code>,<sum>"),
        ("IN,-", "which is not"),
        ("IN,-,45,", "which is not"),
        ("IN,SHORT,D5", "has 5 characters, needs 24"),
        ("", "which is not"),
    ],
)
def test_a_wrong_line_is_refused_in_words(line: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_line(line)


class Heard:
    def __init__(self, longest: int = 40) -> None:
        self.lines: list[tuple[str, float]] = []
        self.assembler = LineAssembler(lambda text, at: self.lines.append((text, at)), longest=longest)

    def say(self, data: bytes, now: float = 0.0) -> list[str]:
        self.assembler.feed(data, now)
        return [text for text, _ in self.lines]


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_a_line_ends_with_cr_lf_or_both(end: bytes) -> None:
    assert Heard().say(b"one" + end + b"two" + end + b"thr") == ["one", "two"]


def test_a_line_in_pieces_is_as_old_as_its_first_byte() -> None:
    heard = Heard()
    for place, byte in enumerate(b"IN,-\r\n"):
        heard.say(bytes((byte,)), 10.0 + place / 100)
    assert heard.lines == [("IN,-", 10.0)]


def test_a_beginning_that_is_not_continued_does_not_spoil_the_next_line() -> None:
    heard = Heard()
    heard.say(b"IN,CN-S", 1.0)
    assert heard.say(b"OUT,-,51\r\n", 1.5) == ["OUT,-,51"]
    assert heard.assembler.thrown_away == 1


def test_a_line_without_end_takes_no_memory_and_is_thrown_away() -> None:
    heard = Heard()
    heard.say(b"x" * 100_000, 1.0)
    assert len(heard.assembler._line) < 50
    assert heard.say(b"rest\r\nnext\r\n", 1.01) == ["next"]


@pytest.mark.parametrize("noise", [b"IN\xff,-\r\n", b"I\x00N\r\n", b"\x02IN,-\r\n"])
def test_a_line_with_noise_is_thrown_away(noise: bytes) -> None:
    heard = Heard()
    assert heard.say(noise + b"OUT,-,51\r\n") == ["OUT,-,51"]
