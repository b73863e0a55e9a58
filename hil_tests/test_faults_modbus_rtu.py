"""Each fault of the Modbus RTU list between bus and slaves: what the image shows, and that the bus recovers."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.modbus_rtu import ModbusRtuLink, RtuBus
from drivers.scan_clock import PERIODS
from drivers.serial_port import SerialPort
from hil_tests.faults import toxics_serial as toxic
from hil_tests.faults.aim import Aim
from hil_tests.faults.fault import Reaction
from hil_tests.faults.outcome import Outcome
from hil_tests.faults.proxy_serial import SerialProxy, Toxic
from hil_tests.link_bench import BarePlc, io_list, plain, rows, running, until, until_fault, until_usable
from hil_tests.simplc.wire.rtu_slave import RtuSlaves
from station_ctl.core.links import LinkSnapshot
from station_ctl.core.points import ScanClass

METER = "site_meter_sm1"
OFTEN = {**PERIODS, ScanClass.SLOW: 0.02}
POWER, INSULATION = 1, 2
"""The two units on the bus."""

Record = Callable[[str, object], None]


@dataclass
class Bus:
    """Two slaves, the proxy before them, the link; `lies` are good values that no slave ever had."""

    plc: BarePlc
    proxy: SerialProxy
    link: ModbusRtuLink
    lies: list[str]
    scans: int = 0
    whole: int = 0
    """Scans in a row in which every tag was good."""

    def watch(self, snapshot: LinkSnapshot) -> None:
        block = snapshot.blocks.get(ScanClass.SLOW)
        if block is None:
            return
        self.scans += 1
        self.whole = 0 if block.bad or snapshot.fault else self.whole + 1
        for tag, value in block.values.items():
            if tag not in block.bad and plain(value) != plain(self.plc.values[tag]):
                self.lies.append(f"{tag} shown as {value}")

    @property
    def bad(self) -> frozenset[str]:
        return self.link.snapshot.blocks[ScanClass.SLOW].bad

    async def recovers(self) -> None:
        self.proxy.relent()
        self.whole = 0
        await until(lambda: self.whole >= 5, f"five whole scans: {self.link.snapshot}")


@asynccontextmanager
async def bus(folder: Path, *, within: float = 0.15, quiet: float = 0.2) -> AsyncIterator[Bus]:
    """Everything on pseudo-terminals; afterwards no descriptor is left open and no value was wrong."""
    descriptors = len(os.listdir("/proc/self/fd"))
    plc = BarePlc("meter", io_list(METER))
    slaves = RtuSlaves(plc, rows(METER), folder / "slaves")
    slaves.start()
    proxy = SerialProxy(folder / "slaves", folder / "bus")
    proxy.start()
    owner = RtuBus(SerialPort(str(folder / "bus"), 115200), timeout=within, quiet=quiet)
    link = ModbusRtuLink("meter", io_list(METER), owner, periods=OFTEN)
    made = Bus(plc, proxy, link, [])
    link.on_scan(made.watch)
    async with running(link):
        await until_usable(link)
        yield made
    proxy.stop()
    slaves.stop()
    assert made.lies == []
    await until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors, "every descriptor is closed again")


SPOILT: dict[str, tuple[str, Toxic]] = {
    "T02 one byte": ("T02", toxic.truncated(1)),
    "T02 half": ("T02", toxic.truncated(12)),
    "T03": ("T03", toxic.echo),
    "T04 noise": ("T04", toxic.noise(b"\xff\x00\x55")),
    "T04 noise like the slave": ("T04", toxic.noise(b"\x01")),
    "T04 collision": ("T04", toxic.collision(b"\x02\x04\x10\x55")),
    "T07": ("T07", toxic.other_slave(3)),
    "T09 twice as fast": ("T09", toxic.other_baud(2.0)),
    "T09 half as fast": ("T09", toxic.other_baud(0.5)),
}


@pytest.mark.parametrize("case", SPOILT)
async def test_a_spoilt_answer_makes_its_unit_bad_and_no_other(
    case: str, tmp_path: Path, record_property: Record
) -> None:
    code, what = SPOILT[case]
    async with bus(tmp_path) as it:
        it.proxy.strike(what, Aim({POWER}))
        await until(lambda: "POWER_KW" in it.bad, "the unit is bad")
        scans = it.scans
        await until(lambda: it.scans >= scans + 2, "the other unit is read on")
        assert it.link.snapshot.fault is None
        assert "IMD_OK" not in it.bad and "POWER_KW" in it.bad
        await it.recovers()
    Outcome(code, 0, Reaction.DEGRADED).record(record_property)


@pytest.mark.parametrize(
    "case", ["T03", *(pytest.param(c, marks=pytest.mark.long) for c in SPOILT if c != "T03")]
)
async def test_a_bus_that_spoils_every_answer_is_a_fault(case: str, tmp_path: Path) -> None:
    _, what = SPOILT[case]
    async with bus(tmp_path, within=0.1, quiet=0.1) as it:
        it.proxy.strike(what)
        await until(lambda: it.link.snapshot.fault is not None, "a fault of the link")
        await it.recovers()


async def test_no_single_wrong_bit_is_believed(tmp_path: Path, record_property: Record) -> None:
    """Every bit of the shorter answer, one after the other; all bits of all frames are tested in tests/fuzz."""
    async with bus(tmp_path, within=0.05, quiet=0.0) as it:
        bits = 8 * await _reply_length(it)
        for bit in range(bits):
            it.proxy.strike(toxic.flipped(bit), Aim({INSULATION}, times=1))
            await until(lambda: it.proxy.struck == 1 and "IMD_OK" in it.bad, "the wrong answer is refused")
            await it.recovers() if bit % 16 == 15 else None
        assert bits >= 7 * 8
    Outcome("T01", 0, Reaction.DEGRADED).record(record_property)


async def _reply_length(it: Bus) -> int:
    lengths: list[int] = []

    async def measure(x: toxic.Exchange) -> None:
        reply = await x.answer()
        lengths.append(len(reply))
        x.send(reply)

    it.proxy.strike(measure, Aim({INSULATION}, times=1))
    await until(lambda: bool(lengths), "an answer")
    await it.recovers()
    return lengths[0]


async def test_pauses_between_the_characters_do_not_cut_an_answer(
    tmp_path: Path, record_property: Record
) -> None:
    async with bus(tmp_path, within=600.0) as it:
        it.proxy.strike(toxic.gaps(0.005))
        scans = it.scans
        await until(lambda: it.scans >= scans + 3, "three more scans")
        assert it.bad == frozenset() and it.link.snapshot.fault is None
        await it.recovers()
    Outcome("T05", 0, Reaction.TRANSPARENT).record(record_property)


async def test_a_late_answer_answers_no_later_question(tmp_path: Path, record_property: Record) -> None:
    """Late by more than the time-out and less than the quiet time; the value changes, the next answer is slow, too."""
    async with bus(tmp_path, within=0.1, quiet=0.6) as it:
        for turn in range(2):
            slow = iter((toxic.late(0.15), toxic.late(0.08)))
            it.proxy.strike(lambda x, slow=slow: next(slow)(x), Aim({POWER}, times=2))
            await until(lambda: "POWER_KW" in it.bad, "the answer is missed")
            it.plc.values["POWER_KW"] = 10.0 + turn
            await until(lambda: it.proxy.struck == 2, "the unit is asked again")
            await it.recovers()
    Outcome("T06", 0, Reaction.DEGRADED).record(record_property)


async def test_an_adapter_that_is_unplugged_is_a_fault_and_comes_back(
    tmp_path: Path, record_property: Record
) -> None:
    async with bus(tmp_path) as it:
        for _ in range(3):
            connection = it.link.snapshot.connection
            it.proxy.port.unplug()
            await until_fault(it.link, "connection lost")
            it.proxy.port.plug()
            await it.recovers()
            assert it.link.snapshot.connection == connection + 1
    Outcome("T08", 0, Reaction.DEGRADED).record(record_property)


def test_a_receiver_at_the_right_speed_hears_what_was_said() -> None:
    assert toxic.heard(bytes(range(256)), 1.0) == bytes(range(256))
    assert toxic.heard(b"\x01\x04\x10", 2.0) != b"\x01\x04\x10"


async def test_the_proxy_passes_what_is_not_struck(tmp_path: Path) -> None:
    async with bus(tmp_path) as it:
        scans = it.scans
        await until(lambda: it.scans >= scans + 5, "five scans")
        assert it.whole >= 5
