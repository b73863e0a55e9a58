"""The passenger station with a stacker of level B: a stop, a new start of PLC or controller, and the swap goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from drivers.memory import Backend
from hil_tests.simplc.wire.loose_handshake import LooseHandshake
from hil_tests.virtual.custody import custody_errors
from station_ctl.build import PARTS
from station_ctl.cli.answers import PAGES
from station_ctl.config import StationConfig, load_station
from station_ctl.core.errors import StationError
from station_ctl.core.levels import MAY_LACK, Level
from station_ctl.core.modes import Mode, State
from station_ctl.core.points import IoList, Value
from station_ctl.engine.events import Issue, Verb
from station_ctl.engine.virtual_time import run_virtually
from station_ctl.paths import config_directory
from tests.bench.virtual_bench import VirtualBench
from tests.service.desk_bench import DeskBench

FETCH = 23
"""The step in which the stacker fetches the charged pack while the vehicle drives in."""


@cache
def config() -> StationConfig:
    """The shipped station, its stacker's list without the rows that level B may lack."""
    full = load_station(
        config_directory() / "stations" / "sim_passenger_car.yaml", {"clock.process_rate": 20.0}, PARTS
    )
    rows = tuple(point for point in full.io["stacker"].values() if point.tag not in MAY_LACK)
    link = full.links["stacker"].model_copy(update={"level": Level.B})
    io = {**full.io, "stacker": IoList("stacker", rows)}
    return replace(full, io=io, links={**full.links, "stacker": link})


class LevelB(VirtualBench):
    """A bench whose stacker takes orders without epoch, age and checksum."""

    def _backend(self, name: str) -> Backend:
        backend = super()._backend(name)
        return LooseHandshake(self.sim.plcs[name]) if name == "stacker" else backend

    def orders(self, role: str = "stacker") -> list[int]:
        """Opcodes ordered of a role so far."""
        return [e.command.opcode for e in self.seen if isinstance(e, Issue) and e.command.role == role]


async def refused(bench: VirtualBench, *, confirmed: bool = False) -> str:
    """What a resume is refused with; empty if it is not."""
    try:
        await bench.engine.ask(Verb.RESUME, "test", confirmed=confirmed)
    except StationError as error:
        return str(error)
    return ""


async def stopped_by_a_person(bench: VirtualBench) -> None:
    await bench.engine.ask(Verb.HOLD, "test")


async def plc_started_anew(bench: VirtualBench) -> None:
    bench.do(cmd="fault", name="plc-restart", plc="stacker")


async def controller_started_anew(bench: VirtualBench) -> None:
    await bench.crash_and_restart()
    await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)


WAYS = [stopped_by_a_person, plc_started_anew, controller_started_anew]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_after_a_loss_the_swap_goes_on_when_a_person_has_looked(
    tmp_path: Path, way: Callable[[VirtualBench], Awaitable[None]]
) -> None:
    async def main() -> None:
        async with LevelB(tmp_path, config=config()) as bench:
            await bench.make_ready()
            bench.do(cmd="vehicle")
            await bench.reception.receive("test")
            await bench.until_step(FETCH)
            (run_id,) = [run.run_id for run in bench.state.runs if run.run_id.startswith("S-")]
            await bench.until(lambda: bench.sim.plcs["stacker"].values["ORDER_STATE"] == 1)
            await way(bench)
            await bench.until_state(State.HELD, State.STOPPED)
            await bench.until(lambda: bench.engine.image().link_fault("stacker") is None)
            if bench.state.trips:
                await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
            given = bench.orders()
            why = await refused(bench)
            assert "its PLC is of level B, without EPOCH" in why and "look at the machine" in why
            assert bench.orders() == given, "a refused resume orders nothing"
            assert await refused(bench, confirmed=True) == ""
            closed = await bench.watch.until_closed(run_id)
            assert closed.complete and bench.orders() == [20, 20, 21]
            assert bench.sim.monitor.verdicts == []
            assert custody_errors(bench.state.ledger, bench.sim.plant.places.by_code()) == []

    run_virtually(main())


@pytest.mark.parametrize(("lost", "orders"), [("lose_reply", [20, 21]), ("lose_request", [20, 20, 21])])
def test_an_order_whose_fate_is_not_known_is_read_back_and_never_repeated_unseen(
    tmp_path: Path, lost: str, orders: list[int]
) -> None:
    async def main() -> None:
        async with LevelB(tmp_path, config=config()) as bench:
            await bench.make_ready()
            bench.do(cmd="vehicle")
            await bench.reception.receive("test")
            # The very write of the order: heartbeats go over the same link.
            link, write = bench.links["stacker"], bench.links["stacker"].write

            async def losing(values: Mapping[str, Value], **how: Any) -> None:
                if "CMD_COMMIT" in values:
                    link.write = write  # type: ignore[method-assign]
                    setattr(link, lost, True)
                await write(values, **how)

            link.write = losing  # type: ignore[method-assign]
            await bench.until_step(FETCH)
            (run_id,) = [run.run_id for run in bench.state.runs if run.run_id.startswith("S-")]
            if lost == "lose_request":
                await bench.until_state(State.HELD)
                assert [trip.code for trip in bench.state.trips] == ["A108"]
                await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
                assert "look at the machine" in await refused(bench)
                assert await refused(bench, confirmed=True) == ""
            assert (await bench.watch.until_closed(run_id)).complete
            assert bench.orders() == orders and bench.sim.monitor.verdicts == []

    run_virtually(main())


class LevelBDesk(LevelB, DeskBench):
    """The same with a desk for persons."""


def test_the_station_says_the_level_wherever_a_person_looks(tmp_path: Path) -> None:
    async def main() -> None:
        async with LevelBDesk(tmp_path, config=config()) as bench:
            for action in ("status", "why"):
                answer = await bench.put(action)
                assert list(answer.data["levels"]) == ["stacker"]
                printed = "\n".join(PAGES[action](answer.data))
                assert "PLC: stacker is of level B, without EPOCH, CMD_EPOCH, UPTIME_MS," in printed
                assert "before a person has looked at the machine" in printed
            device = (await bench.put("device.show", params={"device": "stacker"})).data
            assert device["level"] == "B" and "level B" in device["level_costs"]
            assert (await bench.put("device.show", params={"device": "lift"})).data["level_costs"] == ""

    run_virtually(main())
