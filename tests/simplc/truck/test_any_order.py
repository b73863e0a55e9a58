"""Any order at any time, with any fault: no pack is lost or doubled, every tag stays in its range."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

import pytest

from tests.simplc.truck.conftest import ALL, VEH, TruckClient
from tests.simplc.truck.twin_client import ALONG, LOCKS, MODEL, TwinClient

Order = tuple[str, int, tuple[int, ...]]

IO = Path(__file__).parents[3] / "config" / "io"
LISTS = {"crane": "gantry_crane_gc1", "stand": "truck_stand_ts1"}
ORDERS = [
    *(("crane", opcode, params) for opcode, params in (
        (10, ()), (11, (0, 0, 0)), (11, (900, -400, 300)), (12, (1,)), (12, (2,)), (12, (8,)), (13, ()),
        (20, (32000,)), (20, (22000,)), (20, (20000,)), (20, (42000,)), (21, ()), (22, ()), (23, (500,)), (23, (3300,)),
    )),
    *(("stand", opcode, ()) for opcode in (10, 11, 12, 13)),
    *((VEH, opcode, params) for opcode, params in (
        (40, ()), (41, ()), (42, ()), (43, ()), (44, ()), (45, ()), (46, (ALL,)), (47, (ALL,)), (46, (5,)), (47, (2,)),
    )),
    *(("rack_a", opcode, (bay, 2400)) for opcode in (30, 31, 32, 33) for bay in (1, 8)),
]  # fmt: skip
SILENT = {"sensor-stuck", "sensor-flicker", "sensor-drift", "plc-stop", "link-lost", "bay-taken", "bms-id-clash"}
"""Faults that need an object, or after which a tag may say anything."""


def ranges(name: str) -> dict[str, tuple[float, float]]:
    with (IO / f"{LISTS[name]}.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["access"] == "r"]
    return {row["tag"]: (float(row["min"]), float(row["max"])) for row in rows if row["min"]}


TWIN_ORDERS = [
    *ORDERS,
    *(("crane", 11, (along, 0, 0)) for along in (*ALONG, 0)),
    *((VEH, opcode, (mask,)) for opcode in (46, 47) for mask in (LOCKS[1], 0x20, 0xFF)),
]
SEEDS = [1, 2, *(pytest.param(seed, marks=pytest.mark.long) for seed in (3, 4, 11))]


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_at_any_time_with_any_fault_leaves_a_whole_plant(make_client, seed):
    client = make_client(seed=seed, speed=60.0)
    carried = any_orders(client, seed, list(client.orders(client.fresh, client.empty).values()), ORDERS, {})
    assert carried, "it got as far as carrying a pack"


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in (2, 4, 10, 19))])
def test_any_order_leaves_a_whole_plant_with_two_packs_on_every_truck(seed):
    client = TwinClient(seed=seed, speed=60.0)
    carried = any_orders(client, seed, list(client.twin_orders().values()), TWIN_ORDERS, {"model": MODEL})
    assert carried, "it got as far as carrying a pack"


def any_orders(
    client: TruckClient, seed: int, swap: list[Order], others: list[Order], truck: dict[str, str]
) -> set[str]:
    """Three hundred orders, most of them the next of a swap, and faults; the packs that were carried by the way."""
    rng, station = Random(f"any/{seed}"), client.station
    faults = [name for name in station.faults.names() if name not in SILENT]
    limits = {name: ranges(name) for name in LISTS}
    way, carried = 0, set()
    packs = set(client.report()["packs"])
    for _ in range(300):
        if rng.random() < 0.06:
            answer = station.command({"cmd": "vehicle", **truck})
            packs |= {answer["pack"], *answer.get("packs", ())}
        if rng.random() < 0.15:
            fault = {"cmd": "fault", "name": rng.choice(faults), "on": rng.random() < 0.4, "bay": "A03", "seconds": 0.1}
            station.command(fault)
            station.command({"cmd": "safety-reset"})
            station.command({"cmd": "fault-reset", "plc": "crane"})
        # Mostly the next order of a swap, or one would seldom get far.
        regular = rng.random() < 0.7 and station.plcs["crane"].values["ORDER_STATE"] != 1
        channel, opcode, params = swap[way % len(swap)] if regular else rng.choice(others)
        name, prefix = channel.split(".")[0], "VEH_" if "." in channel else ""
        station.plcs[name].write(client.block(name, opcode, *params, prefix=prefix))
        way += regular
        client.advance(rng.choice([0.1, 0.2, 0.4]))
        for plc, tags in limits.items():
            for tag, (low, high) in tags.items():
                assert low <= client.number(tag, plc) <= high, (tag, client.shows(tag, plc))
        load = client.crane.load
        assert load is None or client.crane.gripped is load
        carried |= {load.code} if load is not None else set()
    found = client.report()["packs"]
    assert set(found) == packs and len(set(found.values())) == len(found)
    return carried
