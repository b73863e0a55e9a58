"""Every reply that answers something else is refused; a failed write says what may have happened."""

from __future__ import annotations

import pytest

from drivers.modbus_question import AskFailed, NotAsked, Question, Refused, Unanswered, write_error
from station_ctl.core.links import LinkError, NotSent, OutcomeUnknown, WriteRefused

READ = Question(1, bytes.fromhex("04 0000 0003"), 6, "read input registers 0..2 of unit 1")
WRITE_ONE = Question(1, bytes.fromhex("06 0010 0001"), 0, "write STOP_REQ to unit 1")
WRITE_MANY = Question(1, bytes.fromhex("10 0000 0002 04 0001 0002"), 0, "write CMD_ID to unit 1")


def test_the_right_reply_gives_its_registers() -> None:
    assert READ.answer(bytes.fromhex("04 06 0001 0002 0003")) == bytes.fromhex("0001 0002 0003")
    assert WRITE_ONE.answer(bytes.fromhex("06 0010 0001")) == b""
    assert WRITE_MANY.answer(bytes.fromhex("10 0000 0002")) == b""


@pytest.mark.parametrize(
    ("question", "reply", "words"),
    [
        (READ, "03 06 0001 0002 0003", "answered with function 03, asked 04"),
        (READ, "04 02 0001", "answered with 4 bytes, needs 8"),
        (READ, "04 08 0001 0002 0003 0004", "answered with 10 bytes, needs 8"),
        (READ, "04 04 0001 0002 0003", "byte count 4, needs 6"),
        (READ, "", "answered with function "),
        (READ, "06 0010 0001", "answered with function 06"),
        (READ, "84", "answered with function 84"),
        (READ, "84 02 00", "answered with function 84"),
        (READ, "83 02", "answered with function 83"),
        (WRITE_ONE, "06 0010 0000", "echo 06 00 10 00 00 is not 06 00 10 00 01"),
        (WRITE_ONE, "06 0011 0001", "echo"),
        (WRITE_MANY, "10 0000 0001", "echo"),
        (WRITE_MANY, "10 0000 0002 00", "answered with 6 bytes, needs 5"),
        (WRITE_MANY, "04 06 0001 0002 0003", "answered with function 04, asked 10"),
    ],
)
def test_a_reply_to_another_question_is_refused(question: Question, reply: str, words: str) -> None:
    with pytest.raises(Unanswered, match=words):
        question.answer(bytes.fromhex(reply))


def test_an_exception_reply_is_told_in_words() -> None:
    with pytest.raises(
        Refused, match=r"read input registers 0..2 of unit 1: exception 2 \(no such register\)"
    ):
        READ.answer(bytes.fromhex("84 02"))


@pytest.mark.parametrize(
    ("failure", "partly", "kind"),
    [
        (NotAsked("not connected"), False, NotSent),
        (NotAsked("not connected"), True, OutcomeUnknown),
        (Unanswered("no answer"), False, OutcomeUnknown),
        (Refused("write", 1), False, WriteRefused),
        (Refused("write", 2), False, WriteRefused),
        (Refused("write", 6), False, WriteRefused),
        (Refused("write", 6), True, OutcomeUnknown),
        (Refused("write", 4), False, OutcomeUnknown),
        (Refused("write", 5), False, OutcomeUnknown),
        (Refused("write", 11), False, OutcomeUnknown),
    ],
)
def test_a_failed_write_says_whether_the_plc_may_have_it(
    failure: AskFailed, partly: bool, kind: type[LinkError]
) -> None:
    assert type(write_error("lift", failure, partly=partly)) is kind
