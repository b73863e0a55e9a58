"""Devices: what a driver asks of an I/O list is checked when it is made, all of it at once."""

from __future__ import annotations

from enum import IntEnum

import pytest

from station_ctl.core.devices import MAX_AGE, Device, DeviceDeclarationError
from station_ctl.core.jog import COUNTER, Axis
from station_ctl.core.levels import Level
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass
from station_ctl.core.signals import Image, OwnFacts

ORDER_TAGS = ("ACK_ID", "ACK_CODE", "DONE_ID", "RESULT", "ORDER_STATE", "FAULT")


def point(
    tag: str, kind: str = "u16", access: Access = Access.READ, scan: ScanClass = ScanClass.FAST, **more
) -> Point:  # type: ignore[no-untyped-def]
    return Point(tag, "ir:1", PointType.parse(kind), access, scan, **more)


def io_list(*points: Point, prefix: str = "") -> IoList:
    contract = (*(f"{prefix}{t}" for t in ORDER_TAGS), "EPOCH", "UPTIME_MS")
    return IoList("door.csv", (*points, *(point(tag, "u32") for tag in contract)))


class DoorOrder(IntEnum):
    OPEN = 10


class Door(Device):
    driver = "door"
    orders = DoorOrder

    def declare(self) -> None:
        self.closed = self.signal(bool, "CLOSED")
        self.width = self.signal(float, "WIDTH_MM", "width")
        self.cycles = self.signal(int, "CYCLES")
        self.panels = self.signal(float, "PANELS", count=3)


GOOD = (
    point("CLOSED", "bool"),
    point("WIDTH_MM", "u16", scan=ScanClass.NORMAL, scale=0.1, unit="mm"),
    point("CYCLES", "u32", scan=ScanClass.SLOW),
    point("PANELS", "f32[3]"),
)


def test_a_signal_has_name_link_age_and_unit_from_role_and_list() -> None:
    door = Door("door", "pit", io_list(*GOOD))
    assert (door.width.name, door.width.link, door.width.tag, door.width.unit) == (
        "door.width",
        "pit",
        "WIDTH_MM",
        "mm",
    )
    assert door.closed.name == "door.closed"
    assert (door.closed.max_age, door.width.max_age, door.cycles.max_age) == (0.25, 0.5, 5.0)
    assert MAX_AGE[ScanClass.NONE] == 0.0


def test_a_tag_in_another_plc_is_read_there_and_never_told_apart_from_its_pair_too_late() -> None:
    own = tuple(p for p in GOOD if p.tag != "CLOSED")
    split = io_list(*own).of_device({"CLOSED": point("CLOSED", "bool", link="frame")})
    door = Door("door", "pit", split)
    assert (door.closed.name, door.closed.link, door.closed.tag) == ("door.closed", "frame", "CLOSED")
    assert (door.width.link, door.channel.link if door.channel else "") == ("pit", "pit")
    assert "CLOSED" not in door.io

    class TwoSwitches(Door):
        def declare(self) -> None:
            self.exclusive(self.signal(bool, "CLOSED"), self.signal(bool, "OPEN"))

    with pytest.raises(DeviceDeclarationError, match="CLOSED and OPEN exclude each other and are not scanned together"):
        TwoSwitches("door", "pit", io_list(point("OPEN", "bool")).of_device(split.elsewhere))


def test_everything_that_does_not_fit_is_named_at_once() -> None:
    wrong = (
        point("CLOSED", "u16"),
        point("WIDTH_MM", "f32", Access.WRITE, ScanClass.NONE),
        point("PANELS", "f32[4]"),
    )
    with pytest.raises(DeviceDeclarationError) as error:
        Door("door", "pit", io_list(*wrong))
    assert str(error.value) == (
        "door (door) and I/O list door.csv: tag CLOSED gives int, needs bool; tag WIDTH_MM is a write tag, "
        "a signal needs a read tag; tag CYCLES is missing; tag PANELS is f32[4], needs 3 element(s)"
    )


def test_a_list_in_another_unit_than_the_driver_takes_does_not_fit() -> None:
    class Ruler(Device):
        driver = "ruler"

        def declare(self) -> None:
            self.width = self.signal(float, "WIDTH_MM", unit="cm")
            self.cycles = self.signal(int, "CYCLES", unit="mm")

    with pytest.raises(DeviceDeclarationError) as error:
        Ruler("ruler", "pit", io_list(*GOOD))
    assert str(error.value).endswith(": tag WIDTH_MM is in mm, needs cm; tag CYCLES is in no unit, needs mm")


def test_a_scaled_number_is_no_whole_number_and_a_whole_one_serves_as_a_measure() -> None:
    scaled = tuple(point("CYCLES", "u32", scale=0.1) if p.tag == "CYCLES" else p for p in GOOD)
    with pytest.raises(DeviceDeclarationError, match="tag CYCLES gives float, needs int"):
        Door("door", "pit", io_list(*scaled))
    whole = tuple(point("WIDTH_MM", "u16") if p.tag == "WIDTH_MM" else p for p in GOOD)
    assert Door("door", "pit", io_list(*whole)).width.tag == "WIDTH_MM"


@pytest.mark.parametrize("kind", ["u16", "i16", "u32", "i32"])
def test_a_whole_number_of_any_size_becomes_a_measure_by_its_scale(kind: str) -> None:
    counted = tuple(point("CYCLES", kind) if p.tag == "CYCLES" else p for p in GOOD)
    assert Door("door", "pit", io_list(*counted)).cycles.tag == "CYCLES"
    scaled = tuple(point("CYCLES", kind, scale=0.1) if p.tag == "CYCLES" else p for p in GOOD)
    with pytest.raises(DeviceDeclarationError, match="tag CYCLES gives float, needs int"):
        Door("door", "pit", io_list(*scaled))


def test_a_missing_tag_of_the_order_contract_is_named_too() -> None:
    without = IoList(
        "door.csv", tuple(p for p in io_list(*GOOD).values() if p.tag not in ("EPOCH", "DONE_ID"))
    )
    with pytest.raises(DeviceDeclarationError, match="tag EPOCH is missing; tag DONE_ID is missing"):
        Door("door", "pit", without)


def test_a_command_is_data_and_reads_as_a_technician_says_it() -> None:
    door = Door("door", "pit", io_list(*GOOD))
    command = door.command(DoorOrder.OPEN, 3, -4, text="open(3)")
    assert (command.role, command.opcode, command.params, str(command)) == (
        "door",
        10,
        (3, -4),
        "door.open(3)",
    )


def test_a_second_channel_on_one_plc_has_its_prefix_and_shares_epoch_and_uptime() -> None:
    class VehicleSide(Device):
        prefix = "VEH_"
        orders = DoorOrder

    points = (point("VEH_READY", "bool"), point("HB_PLC"))
    side = VehicleSide("vehicle", "lift", IoList("lift.csv", (*points, *io_list(prefix="VEH_").values())))
    channel = side.channel
    assert channel is not None
    assert (channel.epoch.tag, channel.ack_id.tag, channel.stop_tag) == (
        "EPOCH",
        "VEH_ACK_ID",
        "VEH_STOP_REQ",
    )
    assert channel.name == "lift.VEH"
    assert side.signal(bool, "VEH_READY").name == "vehicle.ready", "the prefix is not part of the name"


def test_a_device_of_no_model_has_the_plain_names() -> None:
    assert (Device.driver, Device.prefix, Device.orders) == ("device", "", None)


def test_a_device_that_takes_no_orders_has_no_channel() -> None:
    assert Device("meter", "meter", IoList("meter.csv", ())).channel is None
    channel = Door("door", "pit", io_list(*GOOD)).channel
    assert channel is not None and channel.name == "pit" and channel.stop_tag == "STOP_REQ"


def test_a_missing_tag_has_no_unit_and_a_scaled_text_is_still_no_number() -> None:
    """Only numbers are scaled; a scale on a bool or a text is the supplier's slip and changes nothing."""
    slipped = tuple(point("CLOSED", "bool", scale=0.1) if p.tag == "CLOSED" else p for p in GOOD)
    assert Door("door", "pit", io_list(*slipped)).closed.unit == ""


def test_the_name_of_a_channel_ends_where_its_prefix_does() -> None:
    class Odd(Device):
        prefix = "ODD!_"
        orders = DoorOrder

    channel = Odd("odd", "lift", IoList("lift.csv", tuple(io_list(prefix="ODD!_").values()))).channel
    assert channel is not None and channel.name == "lift.ODD!"


# ---- signals that exclude each other ----
class Gate(Device):
    """Two end switches and a slow one."""

    def declare(self) -> None:
        self.closed = self.signal(bool, "CLOSED")
        self.opened = self.signal(bool, "OPENED")
        self.closed, self.opened = self.exclusive(self.closed, self.opened)


def test_signals_that_exclude_each_other_know_each_other_by_name_and_tag() -> None:
    gate = Gate("gate", "pit", io_list(point("CLOSED", "bool"), point("OPENED", "bool")))
    assert gate.closed.against == (("gate.opened", "OPENED"),)
    assert gate.opened.against == (("gate.closed", "CLOSED"),)
    assert [(p.one.tag, p.other.tag) for p in gate.pairs] == [("CLOSED", "OPENED")]


def test_signals_that_exclude_each_other_are_scanned_together() -> None:
    """Of two scans the one shows the motion's beginning and the other its end: a contradiction that is none."""
    apart = io_list(point("CLOSED", "bool"), point("OPENED", "bool", scan=ScanClass.NORMAL))
    with pytest.raises(DeviceDeclarationError, match="CLOSED and OPENED exclude each other and are not scanned"):
        Gate("gate", "pit", apart)


class SlideOrder(IntEnum):
    OPEN = 10
    JOG = 50


class Slide(Door):
    orders = SlideOrder

    def declare(self) -> None:
        super().declare()
        self.axis("x", 1, self.width, -50.0, 800.0)


def slide(*more: Point) -> Slide:
    return Slide("slide", "pit", io_list(*GOOD, *more))


COUNTED = point(COUNTER, access=Access.WRITE, scan=ScanClass.NONE)


def test_an_axis_is_jogged_within_its_ends_in_tenths_of_a_millimetre() -> None:
    it = slide(COUNTED)
    assert it.axes["x"] == Axis("x", 1, it.width, -50.0, 800.0)
    for target, tenths in ((-50.0, -500), (800.0, 8000), (12.34, 123)):
        command = it.jog("x", target)
        assert (command.opcode, tuple(command.params)) == (50, (1, tenths))
    assert it.jog("x", 12.34).text == "slide.jog(x to 12.34 mm)"


@pytest.mark.parametrize("target", [-50.1, 800.1])
def test_an_axis_is_not_jogged_beyond_its_ends(target: float) -> None:
    with pytest.raises(ValueError, match=rf"^slide x to {target:g} mm: needs -50 to 800 mm$"):
        slide(COUNTED).jog("x", target)


def test_there_is_no_jog_without_the_counter_that_the_plc_watches() -> None:
    for without in (slide(), slide(point(COUNTER))):
        assert without.axes == {}
        with pytest.raises(ValueError, match=r"^slide has no axis 'x' to jog; there are none$"):
            without.jog("x", 0.0)
    with pytest.raises(ValueError, match=r"^slide has no axis 'z' to jog; there are x$"):
        slide(COUNTED).jog("z", 0.0)


class Hatch(Door):
    prefix = "H_"

    def declare(self) -> None:
        """No signal of its own: its channel is what is looked at."""


WRITTEN = ("CMD_EPOCH", "CMD_EXPIRES", "CMD_CRC")


def hatch(*missing: str, level: Level = Level.B, elsewhere: tuple[Point, ...] = ()) -> Hatch:
    """A device with a prefix, of whose list these tags are missing."""
    read = (*(f"H_{tag}" for tag in ORDER_TAGS), "EPOCH", "UPTIME_MS", "H_NO_FAULT")
    points = [point(tag, "bool" if tag == "H_NO_FAULT" else "u32") for tag in read]
    points += [point(f"H_{tag}", access=Access.WRITE, scan=ScanClass.NONE) for tag in WRITTEN]
    made = IoList("hatch.csv", tuple(p for p in points if p.tag not in missing))
    return Hatch("hatch", "pit", made.of_device({p.tag: p for p in elsewhere}, level))


@pytest.mark.parametrize(
    ("missing", "lacks"),
    [
        ((), set()),
        (("H_CMD_CRC",), {"CMD_CRC"}),
        (("EPOCH", "H_CMD_EPOCH"), {"EPOCH", "CMD_EPOCH"}),
        (("UPTIME_MS", "H_CMD_EXPIRES"), {"UPTIME_MS", "CMD_EXPIRES"}),
    ],
)
def test_a_plc_of_level_b_lacks_what_its_list_has_not_and_nothing_else(
    missing: tuple[str, ...], lacks: set[str]
) -> None:
    channel = hatch(*missing).channel
    assert channel is not None and channel.lacks == lacks and channel.level is Level.B
    assert (channel.epoch is None, channel.uptime_ms is None) == ("EPOCH" in lacks, "UPTIME_MS" in lacks)


def test_a_plc_of_level_a_lacks_nothing_and_is_asked_for_its_boot_counter() -> None:
    channel = hatch("H_CMD_CRC", level=Level.A).channel
    assert channel is not None and channel.lacks == frozenset() and channel.epoch is not None
    with pytest.raises(DeviceDeclarationError, match=r"^hatch .*: tag EPOCH is missing$"):
        hatch("EPOCH", level=Level.A)


def test_the_sum_of_faults_is_read_where_the_device_has_it() -> None:
    here, nowhere = hatch().channel, hatch("H_NO_FAULT").channel
    there = hatch("H_NO_FAULT", elsewhere=(point("H_NO_FAULT", "bool", link="frame"),)).channel
    assert here is not None and nowhere is not None and there is not None
    assert nowhere.no_fault is None
    assert [(c.no_fault.link, c.no_fault.tag) for c in (here, there) if c.no_fault] == [
        ("pit", "H_NO_FAULT"), ("frame", "H_NO_FAULT"),
    ]  # fmt: skip


def test_what_excludes_two_others_is_contradicted_by_each_of_them() -> None:
    switches = [point(tag, "bool") for tag in ("SHUT", "HALF", "WIDE")]

    class Three(Door):
        def declare(self) -> None:
            self.shut, self.half, self.wide = (self.signal(bool, tag) for tag in ("SHUT", "HALF", "WIDE"))
            self.shut, self.half = self.exclusive(self.shut, self.half)
            self.shut, self.wide = self.exclusive(self.shut, self.wide)
            self.half, self.wide = self.exclusive(self.half, self.wide)

    door = Three("door", "pit", io_list(*switches))
    against = {signal.tag: [tag for _, tag in signal.against] for signal in (door.shut, door.half, door.wide)}
    assert against == {"SHUT": ["HALF", "WIDE"], "HALF": ["SHUT", "WIDE"], "WIDE": ["SHUT", "HALF"]}
    with pytest.raises(DeviceDeclarationError, match=r": tags SHUT and SLOW exclude each other"):

        class Slow(Door):
            def declare(self) -> None:
                self.exclusive(self.signal(bool, "SHUT"), self.signal(bool, "SLOW"))

        Slow("door", "pit", io_list(switches[0], point("SLOW", "bool", scan=ScanClass.SLOW)))


def test_a_device_that_takes_no_orders_is_not_jogged() -> None:
    class Sensor(Device):
        driver = "sensor"

        def declare(self) -> None:
            self.axis("x", 1, self.signal(float, "WIDTH_MM"), 0.0, 10.0)

    sensor = Sensor("sensor", "pit", io_list(*GOOD, COUNTED))
    with pytest.raises(ValueError, match="sensor has no axis 'x' to jog"):
        sensor.jog("x", 1.0)


def test_what_does_not_fit_is_told_with_the_cell_that_is_wrong() -> None:
    class Odd(Door):
        def declare(self) -> None:
            self.signal(bool, "CLOSED")
            self.signal(float, "WIDTH_MM", unit="m")
            self.exclusive(self.signal(bool, "SHUT"), self.signal(bool, "SLOW"))

    switches = point("SHUT", "bool"), point("SLOW", "bool", scan=ScanClass.SLOW)
    with pytest.raises(DeviceDeclarationError) as refused:
        Odd("door", "pit", io_list(point("CLOSED", "f32"), GOOD[1], *switches))
    assert [(m.tag, m.column) for m in refused.value.misfits] == [
        ("CLOSED", "type"), ("WIDTH_MM", "unit"), ("SHUT and SLOW", ""),
    ]  # fmt: skip
    with pytest.raises(DeviceDeclarationError) as refused:
        Door("door", "pit", io_list(*GOOD[1:]))
    assert [(m.tag, m.column) for m in refused.value.misfits] == [("CLOSED", "")]


def test_a_boot_counter_that_was_never_read_is_no_number_and_a_plc_without_one_is_at_zero() -> None:
    image = Image(10.0, {}, {}, OwnFacts())
    channel, without = hatch().channel, hatch("EPOCH", "H_CMD_EPOCH").channel
    assert channel is not None and without is not None and without.boot(image) == 0
    with pytest.raises(ValueError, match=r"^boot counter of pit "):
        channel.boot(image)
