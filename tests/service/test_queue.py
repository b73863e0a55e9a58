"""The queue before the entry: who comes in, who is held back, and that the journal remembers what persons said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station_ctl.core.errors import NotFound, Refused
from station_ctl.engine.journal import JournalRow
from station_ctl.service.api.service import remembered
from station_ctl.service.vehicle_queue import LONGEST, VehicleQueue, Waiting
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import DeskBench

ONE, TWO, THREE = "LSZSMA00100000001", "LSZSMA00100000002", "LSZSMA00100000003"
QUEUE = VehicleQueue().add(Waiting(ONE, 1.0, "li")).add(Waiting(TWO, 2.0, "li")).add(Waiting(THREE, 3.0, "li"))


def order(queue: VehicleQueue) -> list[str]:
    return [one.vehicle for one in queue]


def row(kind: str, data: dict[str, object]) -> JournalRow:
    return JournalRow(1, "2026-01-31T03:12:00.000+00:00", kind, "", 0, 0, data)


def test_the_more_urgent_goes_first_then_who_waits_longer() -> None:
    assert order(QUEUE) == [ONE, TWO, THREE]
    urgent = QUEUE.change(THREE, priority=2).change(TWO, priority=2)
    assert order(urgent) == [TWO, THREE, ONE] and urgent.next is not None and urgent.next.vehicle == TWO
    assert urgent.change(TWO, held="flat tyre (li)").next == urgent.named(THREE)
    assert order(urgent.change(TWO, priority=0)) == [THREE, ONE, TWO]


def test_who_is_held_back_or_less_urgent_does_not_come_in_and_is_told_the_command() -> None:
    held = QUEUE.change(ONE, held="flat tyre (li)")
    assert "flat tyre" in held.why_not(ONE) and f"queue let-in {ONE}" in held.why_not(ONE)
    assert held.why_not(TWO) == "" and QUEUE.why_not(THREE) == "", "of the same urgency whoever stands there comes in"
    urgent = QUEUE.change(TWO, priority=3)
    for other in (ONE, "LSZSMA00100000099"):
        assert f"{TWO} goes first (priority 3, {other} has 0)" in urgent.why_not(other)
    assert urgent.why_not(TWO) == "" == urgent.change(TWO, held="x").why_not(ONE), "who is held back holds up nobody"
    closed = VehicleQueue(closed="pit is being cleaned (li)")
    assert "pit is being cleaned" in closed.why_not(ONE) and "queue open" in closed.why_not(ONE)


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 9), st.booleans()), max_size=8), st.integers(0, 5000),
    st.integers(0, 9), st.booleans(),
)  # fmt: skip
def test_nobody_waits_longer_than_its_patience_for_others(
    others: list[tuple[int, int, bool]], since: int, priority: int, announced: bool
) -> None:
    """Whoever else is announced, since when and how urgent: who has waited that long is let in, and stands in front."""
    queue = VehicleQueue()
    for no, (at, urgency, held) in enumerate(others):
        queue = queue.add(Waiting(f"V{no}", at, "li", urgency, held="x" if held else ""))
    mine = Waiting(ONE, since, "li", priority)
    queue = queue.add(mine) if announced else queue
    assert queue.why_not(ONE, mine, since + 1800.0, 1800.0) == ""
    ordered = queue.in_order(since + 1800.0, 1800.0)
    assert sorted(one.vehicle for one in ordered) == sorted(order(queue)), "nobody is lost"
    patient = [one.since for one in ordered if one.over(since + 1800.0, 1800.0)]
    assert patient == sorted(patient) == [one.since for one in ordered[: len(patient)]]
    if announced:
        before = ordered[: [one.vehicle for one in ordered].index(ONE)]
        assert all(one.since <= since for one in before), "only who waits even longer"


def test_a_vehicle_waits_once_and_a_queue_ends_somewhere() -> None:
    with pytest.raises(Refused, match="waits already"):
        QUEUE.add(Waiting(ONE, 9.0, "li"))
    with pytest.raises(NotFound, match=f"waiting: {ONE}"):
        QUEUE.named("NOBODY")
    full = VehicleQueue(tuple(Waiting(f"V{n}", n, "li") for n in range(LONGEST)))
    with pytest.raises(Refused, match=f"has {LONGEST} vehicles"):
        full.add(Waiting(ONE, 1.0, "li"))
    assert order(QUEUE.without(TWO)) == [ONE, THREE] and QUEUE.without("NOBODY") == QUEUE


def test_the_last_row_is_the_queue_and_a_row_that_is_none_is_told() -> None:
    told = QUEUE.change(TWO, held="flat tyre (li)", priority=4)
    rows = [row("queue", dict(QUEUE.row.data)), row("person", {}), row("queue", dict(told.row.data))]
    assert VehicleQueue.of_rows(rows) == told and VehicleQueue.of_rows([]) == VehicleQueue()
    wrong: list[dict[str, Any]] = [{}, {"waiting": 3}, {"waiting": [{"vehicle": ONE}]}, {"waiting": [{"x": 1}]}]
    for data in wrong:
        with pytest.raises(ValueError, match="queue: "):
            VehicleQueue.of_rows([row("queue", data)])


def test_a_vehicle_that_is_held_back_is_refused_at_the_entry_and_leaves_the_queue_when_its_swap_begins(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with DeskBench(tmp_path) as bench:
            await bench.make_ready()
            for vehicle in (ONE, TWO):
                assert (await bench.put("queue.add", params={"vehicle": vehicle})).ok
            held = await bench.put("queue.hold-back", params={"vehicle": ONE}, reason="flat tyre")
            assert held.ok, held.text
            bench.do(cmd="vehicle")
            refused = await bench.put("swap.start", params={"vehicle": ONE})
            assert refused.code == "A401" and "flat tyre" in refused.text, refused
            unasked = await bench.put("swap.start")
            op = await bench.duty.operations.wait(unasked.operation, 600.0)
            assert (op.code, bench.state.runs) == ("A305", ()) and "flat tyre" in op.text, op
            assert (await bench.put("queue.let-in", params={"vehicle": ONE})).ok
            assert (await bench.put("queue.close", reason="cleaning")).ok
            assert "cleaning" in (await bench.put("swap.start")).text
            assert "cleaning" in (await bench.put("queue.next")).text
            assert (await bench.put("queue.open")).ok
            begun = await bench.put("swap.start")
            assert begun.ok, begun.text
            await bench.until_step(20)
            assert order(bench.duty.queue) == [TWO]
            await bench.duty.durable()
            assert remembered(bench.journal)[2] == bench.duty.queue, "after a restart"
            listed = (await bench.put("queue.list")).data
            assert [one["vehicle"] for one in listed["waiting"]] == [TWO]
            assert all(known["pack"] and not known["why_not"] for known in listed["reception"]), listed["reception"]
            await bench.duty.operations.close()

    run_virtually(main())
