"""The pack-id reader's link on a pseudo-terminal: good lines only, the age of each head, unplugging."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.pack_id_link import PackIdReaderLink
from drivers.serial_port import SerialPort
from hil_tests.link_bench import running, shown, until, until_fault, until_usable
from hil_tests.simplc.reader import line
from hil_tests.simplc.wire.reader_line import ReaderLine
from station_ctl.core.points import ScanClass

CODE = "CN-SIM-100-714A92-000001"


class TalkingReader:
    """Both heads talk until they are told to be silent."""

    def __init__(self, wire: ReaderLine) -> None:
        self.wire = wire
        self.codes = {"IN": CODE, "OUT": "-"}

    async def talk(self) -> None:
        while True:
            for head, code in self.codes.items():
                self.wire.say(line(head, code))
            await asyncio.sleep(0.02)


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[TalkingReader]:
    wire = ReaderLine(tmp_path / "reader")
    wire.start()
    made = TalkingReader(wire)
    task = asyncio.create_task(made.talk())
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    wire.stop()


@pytest.fixture
async def link(reader: TalkingReader) -> AsyncIterator[PackIdReaderLink]:
    made = PackIdReaderLink("reader", SerialPort(str(reader.wire.port.path)))
    async with running(made):
        await until(lambda: len(shown(made)) == 2, "both heads have spoken")
        yield made


async def test_both_heads_tell_their_codes(link: PackIdReaderLink, reader: TalkingReader) -> None:
    assert link.snapshot.fault is None
    assert shown(link) == {"IN_CODE": CODE, "OUT_CODE": ""}
    reader.codes = {"IN": "-", "OUT": CODE}
    await until(lambda: shown(link) == {"IN_CODE": "", "OUT_CODE": CODE}, "the codes change")


async def test_a_head_that_is_silent_is_bad(link: PackIdReaderLink, reader: TalkingReader) -> None:
    del reader.codes["OUT"]
    await until(lambda: link.snapshot.blocks[ScanClass.FAST].bad == {"OUT_CODE"}, "OUT is bad")
    assert link.snapshot.fault is None
    assert shown(link) == {"IN_CODE": CODE}


async def test_a_silent_reader_is_a_fault(link: PackIdReaderLink, reader: TalkingReader) -> None:
    reader.codes.clear()
    await until_fault(link, "no good line for 1.5 s")
    reader.codes["IN"] = "-"
    await until_usable(link)


async def test_a_line_with_a_wrong_checksum_is_not_believed(
    link: PackIdReaderLink, reader: TalkingReader
) -> None:
    reader.wire.spoil = lambda text: text.replace("000001", "000002")
    codes: set[object] = set()
    link.on_scan(lambda s: codes.add(s.blocks[ScanClass.FAST].values["IN_CODE"]))
    await until(lambda: "IN_CODE" in link.snapshot.blocks[ScanClass.FAST].bad, "IN is bad")
    assert codes == {CODE}
    del reader.codes["OUT"]
    await until_fault(link, "whose checksum is")


async def test_an_unplugged_reader_is_a_fault_at_once_and_comes_back(
    link: PackIdReaderLink, reader: TalkingReader
) -> None:
    connection = link.snapshot.connection
    reader.wire.port.unplug()
    await until_fault(link, "could not open port")
    reader.wire.port.plug()
    await until_usable(link)
    assert link.snapshot.connection == connection + 1


async def test_a_port_that_gives_an_error_is_a_fault(
    link: PackIdReaderLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("drivers.serial_line.os.read", gone)
    await until_fault(link, "connection lost (Input/output error)")
    monkeypatch.undo()
    await until_usable(link)


async def test_old_lines_in_the_port_are_not_taken_for_new_ones(reader: TalkingReader) -> None:
    await asyncio.sleep(0.2)
    reader.codes = {"IN": "-", "OUT": "-"}
    told: list[object] = []
    link = PackIdReaderLink("reader", SerialPort(str(reader.wire.port.path)))
    link.on_scan(lambda s: told.extend(s.blocks[ScanClass.FAST].values.values()) if s.blocks else None)
    async with running(link):
        await until(lambda: len(told) > 5, "lines were heard")
    assert set(told) == {""}


async def test_nobody_else_may_listen_on_the_port(link: PackIdReaderLink, reader: TalkingReader) -> None:
    other = PackIdReaderLink("other", SerialPort(str(reader.wire.port.path)))
    async with running(other):
        await until_fault(other, "lock")


async def test_the_reader_takes_no_writes(link: PackIdReaderLink) -> None:
    with pytest.raises(ValueError, match="IN_CODE is no write tag"):
        await link.write({"IN_CODE": "x"})
