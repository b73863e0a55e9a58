"""The black box: what every reading was before a trip, in a file that survives whatever follows, and nothing else.

Knows box and file, in part with the real engine on the real plant in virtual time.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from station_ctl.core.errors import NotFound
from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.modes import State
from station_ctl.core.points import ScanClass
from station_ctl.engine.events import Effect, Record
from station_ctl.engine.state import StationState
from station_ctl.service import box_file
from station_ctl.service.black_box import BEFORE, CHANGES_MOST, BlackBox, Entry, Ring
from station_ctl.service.box_file import BoxFolder, BoxReading, BoxThread, BoxUnreadable, read_box
from tests.bench.virtual_bench import run_virtually
from tests.service.watched_bench import watched

TRIPPED = Record("tripped", "S-0001", 50, data=(("code", "A101"), ("text", "G10 lost"), ("first_out", True)))


class Plant:
    """One link and an engine as far as the box looks at them."""

    def __init__(self, folder: Path) -> None:
        self.now = 100.0
        self.listeners: list[Callable[[Effect], None]] = []
        self.engine = SimpleNamespace(
            clock=SimpleNamespace(monotonic=lambda: self.now), facts=SimpleNamespace(name="TEST-0001"),
            state=StationState(), listen=self.listeners.append,
            links={"lift": SimpleNamespace(on_scan=lambda listener: None)},
        )  # fmt: skip
        self.boxes = BoxFolder(folder)
        self.box = BlackBox(self.engine, self.boxes, wall=lambda: 1.8e9 + self.now)  # type: ignore[arg-type]

    def scan(self, *, fault: str | None = None, bad: frozenset[str] = frozenset(), **values: Any) -> None:
        block = Block(values, self.now, bad)
        self.box.take(LinkSnapshot("lift", 1, self.now, fault, {ScanClass.FAST: block}))

    def trip(self) -> None:
        for listener in self.listeners:
            listener(TRIPPED)

    def read(self) -> box_file.BoxRecord:
        self.box.write()
        return read_box(self.boxes.files()[0])


def test_box_says_what_a_reading_was_at_any_moment_of_the_last_minute(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    for second in range(100, 191):
        plant.now = float(second)
        plant.scan(LIFT_MM=second, CLAMPED=second >= 180, HB_PLC=second, IDLE=7)
    plant.trip()
    box = plant.read()
    assert box.value_at("lift.LIFT_MM", 0) == BoxReading(190, 0.0, "")
    assert box.value_at("lift.LIFT_MM", -12.5) == BoxReading(177, -13.0, "")
    assert box.value_at("lift.CLAMPED", -10.01).value is False
    assert box.value_at("lift.CLAMPED", -10) == BoxReading(True, -10.0, "")
    assert box.value_at("lift.IDLE", -30) == BoxReading(7, None, ""), "it did not change within the minute"
    assert box.value_at("lift.LIFT_MM", -61).since is None, "older than the box reaches"
    with pytest.raises(NotFound):
        box.value_at("lift.HB_PLC", 0)
    assert [line["record"] for line in box.told()] == ["tripped"]
    assert (box.header["code"], box.header["station"]) == ("A101", "TEST-0001")
    assert box.header["at"] == "2027-01-15T08:03:10.000+00:00"


def test_what_the_plc_declares_bad_and_a_lost_link_are_in_the_box(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    steps = ((100, "", None), (101, "XZ", None), (102, "XZ", None), (103, "", None), (104, "", "no answer"))
    for now, bad, fault in steps:
        plant.now = float(now)
        plant.scan(X=now if bad else 5, Y=now, Z=3, bad=frozenset(bad), fault=fault)
    plant.trip()
    box = plant.read()
    assert box.value_at("lift.X", -3.5) == BoxReading(5, -4.0, "")
    assert box.value_at("lift.X", -2) == BoxReading(None, -3.0, "declared bad by the PLC")
    assert [box.value_at("lift.Z", t).value for t in (-3.5, -2, -1)] == [3, None, 3]
    assert box.value_at("lift.X", -1) == BoxReading(5, -1.0, "")
    assert box.value_at("lift.X", 0) == BoxReading(5, -1.0, "no answer")


def test_scan_that_changes_nothing_costs_no_memory(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    for n in range(1000):
        plant.now += 0.01
        plant.scan(X=5, HB_PLC=n, UPTIME_MS=10 * n)
    assert len(plant.box.ring.entries) == 1


def test_ring_is_bounded_in_time_and_in_size() -> None:
    ring = Ring(keeps=10, most=100)
    for n in range(50):
        ring.add(Entry(float(n), "lift", {"X": n}))
    assert len(ring.entries) == 11 and ring.base == {"lift": {"X": 38}}
    for n in range(500):
        ring.add(Entry(50 + n / 1000, "lift", {"X": n, "Y": n}))
    assert ring.size == 100 and len(ring.entries) == 50
    assert ring.base == {"lift": {"X": 449, "Y": 449}}
    ring.add(Entry(51.0, "lift", {str(n): n for n in range(101)}))
    assert ring.size == 0 and len(ring.entries) == 0, "one that is too large for the box goes into what was before"
    assert (BEFORE, CHANGES_MOST) == (60.0, 250_000)


def test_trips_of_one_burst_are_one_file_and_the_newest_fifty_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box_file, "KEPT", 3)
    plant = Plant(tmp_path)
    for _ in range(5):
        plant.now += 100
        plant.scan(X=plant.now)
        plant.trip()
        plant.trip()
        plant.box.write()
        plant.box.write()
    names = [f.name for f in plant.boxes.files()]
    assert names == [f"trip-20270115T08{m}.000Z-A101.jsonl.gz" for m in ("1000", "0820", "0640")]
    assert len(read_box(plant.boxes.files()[0]).header["trips"]) == 2
    assert plant.boxes.named("T080820").name == names[1]
    with pytest.raises(NotFound, match="there are trip-"):
        plant.boxes.named("T0800")


def test_folder_that_cannot_be_written_is_told_and_nothing_else_happens(tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file where a folder should be")
    plant = Plant(blocked / "black_box")
    plant.trip()
    with capture_logs() as lines:
        plant.box.write()
    assert [line["event"] for line in lines] == ["black-box-not-written"]


def test_scan_that_the_box_cannot_take_does_not_fail_the_link(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    with capture_logs() as lines:
        for _ in range(3):
            plant.box.take(SimpleNamespace(link="lift"))  # type: ignore[arg-type]
    assert [line["event"] for line in lines] == ["black-box-failed"]


NO_BOX = (b"", b"text", gzip.compress(b"{}\n{}\n"), gzip.compress(b'{"box": 2}\n{"base": {}}\n'))


@pytest.mark.parametrize("content", NO_BOX, ids=["empty", "text", "other lines", "other version"])
def test_file_that_is_no_whole_box_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trip-x.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(BoxUnreadable):
        read_box(path)


def test_box_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    plant.scan(X=1)
    plant.trip()
    plant.box.write()
    path = plant.boxes.files()[0]
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(BoxUnreadable):
            read_box(path)


def test_thread_writes_beside_the_caller(tmp_path: Path) -> None:
    thread = BoxThread(BoxFolder(tmp_path))
    header = {"code": "A101", "at": "2027-01-15T08:00:00+00:00", "mono": 5.0, "box": 1}
    thread.keep(header, {}, [Entry(4.0, "lift", {"X": 1})])
    thread.close()
    assert read_box(BoxFolder(tmp_path).files()[0]).value_at("lift.X", 0).value == 1


def test_box_of_a_real_trip_shows_the_cause_the_steps_and_how_it_came_to_rest(tmp_path: Path) -> None:
    async def main() -> None:
        async with watched(tmp_path, speed=40.0) as bench:
            await bench.until_step(60)
            bench.do(cmd="fault", name="curtain", on=True)
            await bench.until_state(State.ABORTED)
            await asyncio.sleep(6)
        (path,) = bench.boxes.files()
        box = read_box(path)
        clear = box.value_at("safety.CURTAIN_1_CLEAR", 0), box.value_at("safety.CURTAIN_1_CLEAR", -0.5)
        assert [c.value for c in clear] == [False, True]
        assert box.header["trips"][0]["code"] == "A102" and box.header["trips"][0]["first_out"]
        assert box.header["state"]["runs"][0]["run"] == "S-0001"
        assert box.header["after"]["state"] == "aborted"
        told = box.told()
        assert {"step-ordered", "step-proven", "tripped"} <= {line.get("record") for line in told}
        assert [line["t"] for line in told] == sorted(line["t"] for line in told)
        moved = [box.value_at("lift.LIFT_MM", t).value for t in (-0.1, 0.5, 4.0)]
        assert moved[1] == moved[2], "the lift came to rest"

    run_virtually(main())
