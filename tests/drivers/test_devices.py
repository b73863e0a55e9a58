"""The device drivers: what they need of an I/O list, and the orders they make.

Knows opcodes, parameters, ranges and words of each model. Nothing here reads or writes a PLC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from drivers.charging_rack_cr12 import ChargingRackCR12
from drivers.parameter import bolts
from drivers.stacker_st2 import StackerST2
from station_ctl.core.devices import Command, DeviceDeclarationError
from station_ctl.core.points import Access, IoList, PointType
from station_ctl.core.roles import At

IoReader = Callable[[str], IoList]
Order = Callable[[SimpleNamespace], Command]

ORDERS: list[tuple[str, Order, int, tuple[int, ...]]] = [
    ("robot.home", lambda s: s.robot.home(), 10, ()),
    ("robot.engage(420.5 mm)", lambda s: s.robot.engage(420.5), 11, (4205,)),
    ("robot.lower", lambda s: s.robot.lower(), 12, ()),
    ("robot.insert(421 mm)", lambda s: s.robot.insert(421), 13, (4210,)),
    ("robot.unlock(all 10)", lambda s: s.robot.unlock(0x3FF, 7.5), 20, (0x3FF, 750)),
    ("robot.unlock(bolts 1 3)", lambda s: s.robot.unlock(0b101, 7.5), 20, (0b101, 750)),
    ("robot.lock(bolt 10, 85 ± 5 Nm)", lambda s: s.robot.lock(0x200, 85, 5), 21, (0x200, 8500, 500)),
    ("robot.unlock(all 10)", lambda s: s.robot.unlock(0x3FF, 7.5, 5), 20, (0x3FF, 750, 50)),
    ("robot.lock(all 10, 85 ± 5 Nm)", lambda s: s.robot.lock(0x3FF, 85, 5, 4.5), 21, (0x3FF, 8500, 500, 45)),
    ("robot.preheat(10 °C)", lambda s: s.robot.preheat(10), 22, (100,)),
    ("robot.set_down(handover OUT)", lambda s: s.robot.set_down(At.HANDOVER_OUT), 30, (3,)),
    ("robot.pick_up(handover IN)", lambda s: s.robot.pick_up(At.HANDOVER_IN), 31, (4,)),
    ("lift.home", lambda s: s.lift.home(), 10, ()),
    ("lift.open_entry", lambda s: s.lift.open_entry(), 11, ()),
    ("lift.clamp", lambda s: s.lift.clamp(), 12, ()),
    ("lift.lift_to_work(600 mm)", lambda s: s.lift.lift_to_work(600), 13, (600,)),
    ("lift.close_floor", lambda s: s.lift.close_floor(), 14, ()),
    ("lift.lower", lambda s: s.lift.lower(), 15, ()),
    ("lift.unclamp", lambda s: s.lift.unclamp(), 16, ()),
    ("lift.open_exit", lambda s: s.lift.open_exit(), 17, ()),
    ("vehicle.identify", lambda s: s.vehicle.identify(), 40, ()),
    ("vehicle.secure", lambda s: s.vehicle.secure(), 41, ()),
    ("vehicle.switch_hv_off", lambda s: s.vehicle.switch_hv_off(), 42, ()),
    ("vehicle.check_pack", lambda s: s.vehicle.check_pack(), 43, ()),
    ("vehicle.switch_hv_on", lambda s: s.vehicle.switch_hv_on(), 44, ()),
    ("vehicle.settle", lambda s: s.vehicle.settle(), 45, ()),
    ("stacker.home", lambda s: s.stacker.home(), 10, ()),
    ("stacker.fetch(bay 7)", lambda s: s.stacker.fetch(7), 20, (7,)),
    ("stacker.store(bay 24)", lambda s: s.stacker.store(24), 21, (24,)),
    ("stacker.move(bay 7 to bay 1)", lambda s: s.stacker.move(7, 1), 22, (7, 1)),
    ("stacker.put_back(bay 24)", lambda s: s.stacker.put_back(24), 24, (24,)),
    ("stacker.isolate(bay 3)", lambda s: s.stacker.isolate(3), 23, (3,)),
    ("rack_a.plug_in(A01)", lambda s: s.rack_a.plug_in(s.rack_a.bays[0]), 30, (1,)),
    ("rack_b.plug_out(B12)", lambda s: s.rack_b.plug_out(s.rack_b.bays[11]), 31, (12,)),
    (
        "rack_b.start_charge(B03, 30.5 kW)",
        lambda s: s.rack_b.start_charge(s.rack_b.bays[2], 30.5),
        32,
        (3, 305),
    ),
    ("rack_a.stop_charge(A07)", lambda s: s.rack_a.stop_charge(s.rack_a.bays[6]), 33, (7,)),
    ("rack_a.set_power(A07, 0 kW)", lambda s: s.rack_a.set_power(s.rack_a.bays[6], 0), 34, (7, 0)),
    ("robot.jog(z to 12.5 mm)", lambda s: s.robot.jog("z", 12.5), 50, (2, 125)),
    ("lift.jog(z to 20 mm)", lambda s: s.lift.jog("z", 20), 50, (1, 200)),
    ("stacker.jog(fork to 0 mm)", lambda s: s.stacker.jog("fork", 0.0), 50, (3, 0)),
    ("crane.home", lambda s: s.crane.home(), 10, ()),
    (
        "crane.travel_to_truck(35.5 mm, -12 mm, 1.25 deg)",
        lambda s: s.crane.travel_to_truck(35.5, -12, 1.25),
        11,
        (355, -120, 125),
    ),
    ("crane.travel_to_bay(bay 8)", lambda s: s.crane.travel_to_bay(8), 12, (8,)),
    ("crane.travel_to_isolation", lambda s: s.crane.travel_to_isolation(), 13, ()),
    ("crane.lower(3200.5 mm)", lambda s: s.crane.lower(3200.5), 20, (32005,)),
    ("crane.grip", lambda s: s.crane.grip(), 21, ()),
    ("crane.ungrip", lambda s: s.crane.ungrip(), 22, ()),
    ("crane.hoist(at most 3400 kg)", lambda s: s.crane.hoist(3400), 23, (3400,)),
    ("crane.jog(y to -1500.5 mm)", lambda s: s.crane.jog("y", -1500.5), 50, (2, -15005)),
    ("stand.home", lambda s: s.stand.home(), 10, ()),
    ("stand.open_entry", lambda s: s.stand.open_entry(), 11, ()),
    ("stand.scan", lambda s: s.stand.scan(), 12, ()),
    ("stand.open_exit", lambda s: s.stand.open_exit(), 13, ()),
    ("truck.identify", lambda s: s.truck.identify(), 40, ()),
    ("truck.secure", lambda s: s.truck.secure(), 41, ()),
    ("truck.switch_hv_off", lambda s: s.truck.switch_hv_off(), 42, ()),
    ("truck.check_pack", lambda s: s.truck.check_pack(), 43, ()),
    ("truck.switch_hv_on", lambda s: s.truck.switch_hv_on(), 44, ()),
    ("truck.settle", lambda s: s.truck.settle(), 45, ()),
    ("truck.unlock_pack(locks 1 2 3 4)", lambda s: s.truck.unlock_pack(15), 46, (15,)),
    ("truck.lock_pack(lock 8)", lambda s: s.truck.lock_pack(0x80), 47, (0x80,)),
]

OUT_OF_RANGE: list[tuple[str, Order]] = [
    ("raise height 299.9 mm: needs 300 to 2000 mm", lambda s: s.robot.engage(299.9)),
    ("raise height nan mm: needs 300 to 2000 mm", lambda s: s.robot.insert(float("nan"))),
    ("bolt mask 0x400: needs 0x1 to 0x3ff", lambda s: s.robot.unlock(0x400, 8)),
    ("bolt mask 0x0: needs 0x1 to 0x3ff", lambda s: s.robot.lock(0, 85, 5)),
    ("turns -0.1 turns: needs 0 to 30 turns", lambda s: s.robot.unlock(1, -0.1)),
    ("torque 201 Nm: needs 5 to 200 Nm", lambda s: s.robot.lock(1, 201, 5)),
    ("torque band 0 Nm: needs 0.1 to 50 Nm", lambda s: s.robot.lock(1, 85, 0)),
    ("needs HANDOVER_OUT", lambda s: s.robot.set_down(At.HANDOVER_IN)),
    ("needs HANDOVER_IN", lambda s: s.robot.pick_up(At.HANDOVER_OUT)),
    ("working height in mm 1801: needs 100 to 1800", lambda s: s.lift.lift_to_work(1801)),
    ("bay 0: needs 1 to 48", lambda s: s.stacker.fetch(0)),
    ("bay 49: needs 1 to 48", lambda s: s.stacker.store(49)),
    ("needs two different bays", lambda s: s.stacker.move(4, 4)),
    ("power 500.1 kW: needs 0 to 500 kW", lambda s: s.rack_a.start_charge(s.rack_a.bays[0], 500.1)),
    ("stacker z to -0.1 mm: needs 0 to 4000 mm", lambda s: s.stacker.jog("z", -0.1)),
    ("robot z to nan mm: needs 0 to 200 mm", lambda s: s.robot.jog("z", float("nan"))),
    ("lift has no axis 'x' to jog; there are z", lambda s: s.lift.jog("x", 1.0)),
    ("safety has no axis 'x' to jog; there are none", lambda s: s.safety.jog("x", 1.0)),
    ("offset along the lane -2000.1 mm: needs -2000 to 2000 mm", lambda s: s.crane.travel_to_truck(-2000.1, 0, 0)),
    ("offset across the lane nan mm", lambda s: s.crane.travel_to_truck(0, float("nan"), 0)),
    ("turn 10.1 deg: needs -10 to 10 deg", lambda s: s.crane.travel_to_truck(0, 0, 10.1)),
    ("bay 49: needs 1 to 48", lambda s: s.crane.travel_to_bay(49)),
    ("landing height 499 mm: needs 500 to 6500 mm", lambda s: s.crane.lower(499)),
    ("most load 6001 kg: needs 500 to 6000 kg", lambda s: s.crane.hoist(6001)),
    ("crane has no axis 'turn' to jog; there are x, y, z", lambda s: s.crane.jog("turn", 1.0)),
    ("mask 0x100: needs 0x1 to 0xff", lambda s: s.truck.unlock_pack(0x100)),
    ("mask 0x0: needs 0x1 to 0xff", lambda s: s.truck.lock_pack(0)),
    ("bay B01 is not in rack_a: needs one of A01 to A12", lambda s: s.rack_a.plug_in(s.rack_b.bays[0])),
]


@pytest.mark.parametrize(("text", "order", "opcode", "params"), ORDERS, ids=[o[0] for o in ORDERS])
def test_a_command_carries_role_opcode_and_parameters(
    station: SimpleNamespace, text: str, order: Order, opcode: int, params: tuple[int, ...]
) -> None:
    assert order(station) == Command(text.split(".")[0], opcode, params, text)


def test_every_opcode_of_every_model_has_a_command(station: SimpleNamespace) -> None:
    given = {(command.role.split("_")[0], command.opcode) for command in (o[1](station) for o in ORDERS)}
    declared = {
        (role.split("_")[0], int(opcode)) for role, d in vars(station).items() for opcode in d.orders or ()
    }
    assert given == declared


@pytest.mark.parametrize(("text", "order"), OUT_OF_RANGE, ids=[o[0] for o in OUT_OF_RANGE])
def test_a_parameter_out_of_range_is_refused_with_the_range(
    station: SimpleNamespace, text: str, order: Order
) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        order(station)


def test_a_number_that_is_counted_must_be_whole(station: SimpleNamespace) -> None:
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        station.stacker.fetch(7.5)


def test_bolts_read_as_a_technician_counts_them() -> None:
    assert bolts(0b1111111111, 10) == "all 10"
    assert bolts(0b1000000001, 10) == "bolts 1 10"


def test_a_missing_tag_and_a_wrong_type_are_named_together(io_list: IoReader) -> None:
    points = dict(io_list("stacker_st2"))
    del points["PARKED"]
    points["LOAD_KG"] = replace(points["LOAD_KG"], type=PointType.parse("bool"), scale=1)
    with pytest.raises(DeviceDeclarationError) as caught:
        StackerST2("stacker", "stacker", IoList("changed", tuple(points.values())))
    assert str(caught.value) == (
        "stacker (stacker_st2) and I/O list changed: "
        "tag PARKED is missing; tag LOAD_KG gives bool, needs float"
    )


def test_a_write_tag_and_a_short_array_do_not_serve_as_signals(
    io_list: IoReader, station: SimpleNamespace
) -> None:
    points = dict(io_list("swap_robot_sr3"))
    points["HOMED"] = replace(points["HOMED"], access=Access.WRITE)
    points["BOLT_TURNS"] = replace(points["BOLT_TURNS"], type=PointType.parse("f32[8]"))
    with pytest.raises(DeviceDeclarationError) as caught:
        type(station.robot)("robot", "robot", IoList("changed", tuple(points.values())))
    assert "tag HOMED is a write tag" in str(caught.value)
    assert "tag BOLT_TURNS is f32[8], needs 10 element(s)" in str(caught.value)


def test_the_vehicle_link_is_an_order_channel_of_its_own_on_the_lift(station: SimpleNamespace) -> None:
    lift, vehicle = station.lift.channel, station.vehicle.channel
    assert (lift.link, lift.name, lift.stop_tag) == ("lift", "lift", "STOP_REQ")
    assert (vehicle.link, vehicle.name, vehicle.stop_tag) == ("lift", "lift.VEH", "VEH_STOP_REQ")
    assert (lift.ack_id.tag, vehicle.ack_id.tag) == ("ACK_ID", "VEH_ACK_ID")
    assert lift.epoch.tag == vehicle.epoch.tag == "EPOCH"


def test_the_truck_link_is_an_order_channel_of_its_own_on_the_stand(station: SimpleNamespace) -> None:
    stand, truck = station.stand.channel, station.truck.channel
    assert (stand.link, stand.name, stand.stop_tag) == ("stand", "stand", "STOP_REQ")
    assert (truck.link, truck.name, truck.stop_tag) == ("stand", "stand.VEH", "VEH_STOP_REQ")


def test_instruments_and_safety_take_no_orders(station: SimpleNamespace) -> None:
    assert [d.channel for d in (station.safety, station.meter, station.reader)] == [None, None, None]


def test_bays_are_numbered_through_the_station_and_painted_by_rack(station: SimpleNamespace) -> None:
    bays = [(b.name, b.number, b.local) for b in (*station.rack_a.bays, *station.rack_b.bays)]
    assert bays[0] == ("A01", 1, 1)
    assert bays[11:13] == [("A12", 12, 12), ("B01", 13, 1)]
    assert bays[-1] == ("B12", 24, 12)
    assert station.rack_b.bays[2].soc.tag == "BAY03_SOC"
    assert station.rack_b.bays[2].soc.name == "rack_b.B03.soc"


def test_a_rack_with_fewer_bays_needs_only_their_tags(io_list: IoReader) -> None:
    points = [
        p for tag, p in io_list("charging_rack_cr12").items() if not tag.startswith(("BAY11_", "BAY12_"))
    ]
    rack = ChargingRackCR12("rack_a", "rack_a", IoList("ten bays", tuple(points)), bays=10)
    assert [bay.name for bay in rack.bays][-1] == "A10"
    with pytest.raises(ValueError, match="bays 13: needs 1 to 12"):
        ChargingRackCR12("rack_a", "rack_a", io_list("charging_rack_cr12"), bays=13)


def test_levels_name_the_tag_of_the_bay_in_its_own_rack_and_never_round_up(station: SimpleNamespace) -> None:
    bays = station.rack_b.bays
    levels = station.rack_b.power_limits({bays[0]: 40.0, bays[11]: 12.39, bays[3]: 0})
    assert levels == {"BAY01_LIMIT": 400, "BAY12_LIMIT": 123, "BAY04_LIMIT": 0}
    assert station.rack_b.power_limits({bays[0]: 0.1 + 0.7}) == {"BAY01_LIMIT": 8}, "0.8 kW as the machine has it"
    assert (station.rack_a.fan(on=True), station.rack_a.fan(on=False)) == ({"FAN": 1}, {"FAN": 0})


@pytest.mark.parametrize("power", [-0.1, 500.1, float("nan"), float("inf")])
def test_a_level_out_of_range_is_refused(station: SimpleNamespace, power: float) -> None:
    with pytest.raises(ValueError, match="needs 0 to 500 kW"):
        station.rack_a.power_limits({station.rack_a.bays[0]: power})
    with pytest.raises(ValueError, match="bay B01 is not in rack_a"):
        station.rack_a.power_limits({station.rack_b.bays[0]: 1.0})


def test_every_level_is_a_write_tag_of_the_list(station: SimpleNamespace) -> None:
    rack = station.rack_a
    for tag in (*rack.power_limits(dict.fromkeys(rack.bays, 1.0)), *rack.fan(on=True)):
        assert rack.io[tag].access is Access.WRITE


def test_every_read_tag_of_a_plc_is_a_signal_of_its_devices(station: SimpleNamespace) -> None:
    """A point nobody reads is a row to strike from the list, or a signal somebody forgot."""
    identity = {"MAGIC", "PATTERN", "PATTERN32", "MAP_VERSION", "HB_PLC"}
    one_plc = [(station.robot,), (station.lift, station.vehicle), (station.stacker,), (station.rack_a,)]
    for devices in (*one_plc, (station.crane,), (station.stand, station.truck)):
        used = {s.tag for d in devices for s in _signals(d)}
        read = {tag for tag, point in devices[0].io.items() if point.access is Access.READ}
        assert read - used - identity == set()
    safety = {s.tag for s in _signals(station.safety)}
    assert set(station.safety.io) - safety - identity == {"EPOCH", "UPTIME_MS"}
    assert {s.tag for s in _signals(station.meter)} == set(station.meter.io)


RENAMED = {
    "bolts_open": "BOLT_OPEN",
    "bolts_closed": "BOLT_CLOSED",
    "height": "LIFT_MM",
    "drive_temp": "LIFT_TEMP",
    "charge_state": "CHG_STATE",
    "key_maintenance": "KEY_MAINT",
}
"""Attributes that do not repeat the words of their tag; any other such pair is a swapped wire."""


def test_no_two_tags_are_swapped(station: SimpleNamespace) -> None:
    for device in vars(station).values():
        for holder in (device, *getattr(device, "bays", ())):
            for attribute, signal in vars(holder).items():
                if hasattr(signal, "tag") and not signal.tag.endswith(RENAMED.get(attribute, "-")):
                    assert set(attribute.upper().split("_")) <= set(signal.tag.split("_")), signal


def _signals(device: object) -> list[SimpleNamespace]:
    found: list[SimpleNamespace] = []
    stack = list(vars(device).values())
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(item)
        elif hasattr(item, "tag"):
            found.append(item)
        elif type(item).__name__ == "Channel":
            stack.extend(getattr(item, slot) for slot in item.__slots__)
        elif type(item).__name__ == "Bay":
            stack.extend(vars(item).values())
    return found
