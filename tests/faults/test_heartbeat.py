"""Our heartbeat stops: the PLCs stop by themselves within their dead-man time, and a person decides what then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from station_ctl.core.modes import State
from station_ctl.core.points import Value
from tests.faults.struck_bench import (
    IN_THE_MIDDLE,
    StruckBench,
    assert_controlled_stop,
    assert_safe,
    ordered_steps,
    run,
    steps,
    visited,
)

DEAD_MAN = 1.0
"""Wall seconds without a heartbeat after which a PLC stops (docs/plc_contract.md)."""

BEAT = 0.1
"""Wall seconds between two heartbeats, and a scan."""


def block_heartbeat(bench: StruckBench, name: str) -> None:
    """Something on the way to one PLC lets orders and stops pass, and no heartbeat."""
    link, write = bench.links[name], bench.links[name].write

    async def filtered(
        values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        passing = {tag: value for tag, value in values.items() if tag != "HB_CTL"}
        if passing:
            await write(passing, commit=commit, urgent=urgent)

    link.write = filtered  # type: ignore[method-assign]


@pytest.mark.parametrize("no", ordered_steps(20, 80, 110))
def test_a_plc_without_our_heartbeat_stops_and_the_station_holds(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            step = await bench.at_step(no, 0.0)
            plc = bench.sim.plcs[bench.link_of(step)]
            block_heartbeat(bench, plc.name)
            bench.struck_at = bench.engine.clock.monotonic()
            await bench.until(lambda: plc.silent, 2.0)
            stopped_after = bench.engine.clock.monotonic() - bench.struck_at
            assert DEAD_MAN - BEAT <= stopped_after <= DEAD_MAN + 2 * BEAT
            assert not any(channel.busy for channel in plc.channels)
            await bench.rest()
            if plc.name.startswith("rack") and bench.visited:
                return  # the rack's last order was over before its PLC missed us
            # The order under way ends stopped, or the next one is refused.
            assert bench.first_out.code in ("A105", "A106"), bench.first_out.text
            assert "stopped" in bench.first_out.text or "no controller heartbeat" in bench.first_out.text
            await assert_controlled_stop(bench, State.HELD)

    run(story)


@pytest.mark.parametrize("no", steps(50, 90))
def test_a_stuck_task_of_ours_stops_the_heartbeat_and_aborts(tmp_path: Path, no: int) -> None:
    async def story() -> None:
        async with visited(tmp_path) as bench:
            await bench.at_step(no, IN_THE_MIDDLE)
            bench.engine.liveness.register("a task that hangs", 0.0)
            await bench.rest()
            assert (bench.first_out.code, bench.state.state) == ("A701", State.ABORTED)
            assert "a task that hangs" in bench.first_out.text
            await assert_controlled_stop(bench, State.ABORTED)
            assert all(plc.silent for plc in bench.sim.plcs.values() if plc.channels)

    run(story)


@pytest.mark.parametrize("no", steps(20, 80))
def test_machines_stop_when_the_controller_is_gone(tmp_path: Path, no: int) -> None:
    """Nothing of ours runs any more: links, gate and heartbeat end in the middle of a step."""

    async def story() -> None:
        async with visited(tmp_path) as bench:
            await bench.at_step(no, IN_THE_MIDDLE)
            await bench.die()
            await asyncio.sleep(DEAD_MAN + BEAT)
            assert [channel.key for channel in bench.channels() if channel.busy] == []
            orders, packs = bench.report()["orders"], bench.report()["packs"]
            await asyncio.sleep(30.0)
            assert (bench.report()["orders"], bench.report()["packs"]) == (orders, packs)
            assert_safe(bench)

    run(story)
