"""A late, doubled or stray reply never answers a later question, on TCP and on a serial bus: seeded stories."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from random import Random
from types import SimpleNamespace

import pytest

from drivers.block_plan import PlannedRead
from drivers.modbus import RtuChannel, TcpChannel, read_question
from drivers.modbus_question import AskFailed, Question
from drivers.modbus_rtu import RtuBus
from drivers.registers import Table
from drivers.serial_port import SerialPort
from station_ctl.engine.virtual_time import run_virtually
from tests.fuzz.modbus_replies import Wire, adu, mbap, tcp_channel

TIMEOUT, QUIET = 0.3, 0.5


def read(start: int) -> Question:
    """Two registers of unit 1: replies to all of these questions look alike but for what they say."""
    return read_question(PlannedRead(1, Table.INPUT, start, 2, struct.Struct(">2H"), ()))


def said(pdu: bytes, moment: int) -> bytes:
    """The reply to a read: which register was asked, and when."""
    start = int.from_bytes(pdu[1:3], "big")
    return struct.pack(">BBHH", pdu[0], 4, start, moment & 0xFFFF)


# ---- TCP --------------------------------------------------------------------------------------------------------


class Plc(Wire):
    """Keeps a reply to every request; the story delivers them when and as often as it likes."""

    def __init__(self, moment: Callable[[], int]) -> None:
        super().__init__()
        self.moment = moment
        self.replies: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        frame = bytes(data)
        self.replies.append(mbap(said(frame[7:], self.moment()), frame[6], int.from_bytes(frame[:2], "big")))


class TcpStory:
    """Questions and replies in a random order on one connection after another."""

    def __init__(self, seed: int) -> None:
        self.rng, self.moment = Random(seed), 0
        self.wrong: list[str] = []
        self.answered = 0
        self.asking: set[asyncio.Task[None]] = set()
        self.old: list[TcpChannel] = []
        self.connect()

    def connect(self) -> None:
        """A new connection, which knows nothing of the one before."""
        self.channel = tcp_channel()
        self.plc = Plc(lambda: self.moment)
        self.channel.transport = self.plc

    async def ask(self, start: int, urgent: bool, again: float) -> None:
        """One question; its answer must be to it, and no older than it."""
        began = self.moment
        with suppress(AskFailed):
            _, data = await self.channel.ask(read(start), 1000.0, again=again, urgent=urgent)
            self.answered += 1
            register, when = struct.unpack(">HH", data)
            if register != start or when < began:
                self.wrong.append(f"asked {start} at {began}, answered {register} of {when}")

    async def go(self, turns: int) -> None:
        """Something happens, again and again."""
        for _ in range(turns):
            self.moment += 1
            self.happen()
            await asyncio.sleep(0)
            if not self.channel.up:
                self.old.append(self.channel)
                self.connect()
        self.channel.drop("over")
        await asyncio.gather(*self.asking, return_exceptions=True)

    def happen(self) -> None:
        rng, replies = self.rng, self.plc.replies
        way = rng.random()
        if way < 0.45 or not replies:
            urgent = rng.random() < 0.3
            task = asyncio.create_task(self.ask(rng.randrange(8), urgent, rng.choice((0.0, 0.0, 0.001))))
            self.asking.add(task)
            task.add_done_callback(self.asking.discard)
        elif way < 0.75:
            self.channel.data_received(replies.pop(rng.randrange(len(replies))))
        elif way < 0.85:
            self.channel.data_received(replies.pop() + replies[0] if len(replies) > 1 else replies.pop())
        elif way < 0.88:
            self.channel.data_received(rng.choice(replies))
        elif way < 0.9 and self.asking:
            rng.choice(sorted(self.asking, key=id)).cancel()
        elif self.old:
            rng.choice(self.old).data_received(rng.choice(replies))


def test_a_late_reply_answers_no_later_question_on_tcp() -> None:
    answered = 0
    for seed in range(300):
        story: list[TcpStory] = []

        async def main(seed: int = seed, story: list[TcpStory] = story) -> None:
            story.append(TcpStory(seed))
            await story[0].go(120)

        run_virtually(main())
        assert story[0].wrong == [], f"seed {seed}"
        answered += story[0].answered
    assert answered > 2000, "hardly anything was answered"


def test_a_repeated_question_is_answered_once_and_its_twins_are_forgotten() -> None:
    async def main() -> None:
        story = TcpStory(0)
        asked = asyncio.create_task(story.channel.ask(read(3), 10.0, again=0.05))
        await asyncio.sleep(0.12)
        first, *twins = story.plc.replies
        assert len(twins) == 2
        story.channel.data_received(twins[1])
        await asked
        later = asyncio.create_task(story.channel.ask(read(4), 10.0))
        await asyncio.sleep(0)
        for late in (first, twins[0]):
            story.channel.data_received(late)
            assert story.channel.up, "the answer to a repeated question is no stranger"
        assert not later.done()
        story.channel.data_received(story.plc.replies[-1])
        assert struct.unpack(">HH", (await later)[1])[0] == 4
        story.channel.drop("over")

    run_virtually(main())


# ---- serial bus -------------------------------------------------------------------------------------------------


class Slave(Wire):
    """Answers each request after a while: late, in pieces, doubled, spoilt or never."""

    def __init__(self, channel: RtuChannel, rng: Random, slowest: float) -> None:
        super().__init__()
        self.channel, self.rng, self.slowest = channel, rng, slowest
        self.moment = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        rng = self.rng
        self.moment += 1
        frame = adu(said(bytes(data)[1:], self.moment), 1)
        after = rng.choice((0.005, 0.02, rng.uniform(0.0, TIMEOUT), rng.uniform(0.0, self.slowest)))
        way = rng.random()
        if way < 0.7:
            self.deliver(after, frame)
        elif way < 0.8:
            self.deliver(after / 2, frame[:3])
            self.deliver(after, frame[3:])
        elif way < 0.86:
            self.deliver(after / 3, rng.randbytes(rng.randint(1, 3)))
            self.deliver(after, frame)
        elif way < 0.9:
            self.deliver(after, frame[:-1] + bytes((frame[-1] ^ 1,)))
        elif way < 0.95:
            self.deliver(after, adu(frame[1:-2], 2))

    def deliver(self, after: float, data: bytes) -> None:
        asyncio.get_running_loop().call_later(after, self.channel.data_received, data)


def serial_story(monkeypatch: pytest.MonkeyPatch, seed: int, quiet: float, slowest: float) -> tuple[int, list[str]]:
    """Three askers on one bus; gives the number of answers, and those that answer another question."""
    rng, wrong, answers = Random(seed), [], [0]
    clock = SimpleNamespace(monotonic=lambda: asyncio.get_running_loop().time())
    monkeypatch.setattr("drivers.modbus.time", clock)
    monkeypatch.setattr("drivers.modbus_rtu.time", clock)

    async def opened(channel: RtuChannel, within: float) -> None:
        channel.transport = Slave(channel, rng, slowest)

    monkeypatch.setattr(RtuChannel, "open", opened)

    async def asker(bus: RtuBus, mine: int) -> None:
        for number in range(40):
            start = 1000 * mine + number
            asked = asyncio.create_task(bus.ask(read(start), urgent=rng.random() < 0.2))
            if rng.random() < 0.1:
                await asyncio.sleep(rng.uniform(0.0, TIMEOUT))
                asked.cancel()
            with suppress(AskFailed, asyncio.CancelledError):
                _, data = await asked
                answers[0] += 1
                if struct.unpack(">HH", data)[0] != start:
                    wrong.append(f"asked {start}, answered {struct.unpack('>HH', data)[0]}")
            await asyncio.sleep(rng.choice((0.0, 0.01, 0.2)))

    async def main() -> None:
        bus = RtuBus(SerialPort("bus"), timeout=TIMEOUT, quiet=quiet)
        async with bus.attached(lambda why: None):
            await bus.opened()
            await asyncio.gather(*(asker(bus, mine) for mine in range(1, 4)))

    run_virtually(main())
    return answers[0], wrong


def test_a_late_reply_answers_no_later_question_on_a_serial_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as no slave takes longer to answer than the bus stays quiet after a failure."""
    for seed in range(40):
        answers, wrong = serial_story(monkeypatch, seed, QUIET, slowest=QUIET - 0.01)
        assert wrong == [], f"seed {seed}"
        assert answers > 40, f"seed {seed}: hardly anything was answered"


def test_without_the_quiet_time_late_replies_would_answer_later_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the story above is able to show what it is there to exclude."""
    assert any(serial_story(monkeypatch, seed, 0.0, slowest=QUIET - 0.01)[1] for seed in range(10))
