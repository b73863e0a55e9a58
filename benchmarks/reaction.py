"""Interlock lost in the PLC → stop order in the PLC, through the whole engine, against a bare polling loop.

Both poll the same registers of the same PLC process every 10 ms, block by block in turn. The PLC holds the stopwatch.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymodbus.client import AsyncModbusTcpClient

from benchmarks.figures import Figures, load, percentile, spread
from drivers.vehicle_lift_vl1 import VehicleLiftVL1
from station_ctl import logs
from station_ctl.build import PARTS, build, make_link
from station_ctl.cli.plant_process import PlantProcess, overrides
from station_ctl.config import load_station, station_file
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.signals import OwnFacts
from station_ctl.core.steps import Interlock, Kept, OnLoss, Sequence, Step
from station_ctl.engine.clock import Clock
from station_ctl.engine.events import Verb
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import JournalThread
from station_ctl.engine.runner import Engine
from station_ctl.engine.station import StationFacts

STATION = station_file("sim_passenger_car")
OURS, BARE, WHOLE = "station-ctl, whole engine", "bare pymodbus loop", "station-ctl, all links of the station"
PERIOD = 0.01
WANTED_MS, WANTED_RATIO = 15.0, 1.2
FIRST, COUNT = 0, 39
"""Input registers of the lift's 10 ms class. The interlock is a bit of one; the stop level is a holding register."""

WORD, BIT, STOP_REGISTER = 26, 3, 16
TRIAL_WITHIN = 5.0
WHO = "benchmark"


@dataclass
class _Side:
    """What one of the two measured: reaction times (s) by block, what went wrong, CPU seconds and wall seconds."""

    blocks: list[list[float]] = field(default_factory=list)
    missed: int = 0
    unasked: int = 0
    cpu: float = 0.0
    wall: float = 0.0

    def all(self) -> list[float]:
        return [1000 * s for block in self.blocks for s in block]

    def p99_of_blocks(self) -> list[float]:
        return [1000 * percentile(block, 0.99) for block in self.blocks]


class _Plc:
    """The PLC process of benchmarks/stop_plc.py."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process, self.port = process, port

    @classmethod
    async def start(cls, io_list: Path) -> _Plc:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.stop_plc", str(io_list),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
        )  # fmt: skip
        assert process.stdout is not None
        return cls(process, json.loads(await process.stdout.readline())["port"])

    async def ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


def run(quick: bool = False) -> Figures:
    """2,000 trials of each side in 10 blocks, half as many with the whole station; quick: 100 in 2 blocks."""
    logs.configure(level="error")
    blocks, trials = (2, 50) if quick else (10, 200)
    before = load()
    sides = asyncio.run(_measure(blocks, trials))
    return _figures(sides, [before, load()], quick=quick)


async def _measure(blocks: int, trials: int) -> dict[str, _Side]:
    sides = {name: _Side() for name in (OURS, BARE, WHOLE)}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        plc = await _Plc.start(STATION.parents[1] / "io" / "vehicle_lift_vl1.csv")
        try:
            gc.collect()
            gc.freeze()
            for _ in range(blocks):
                await _block(sides[BARE], plc, False, _bare_trials(plc.port, trials))
                await _block(sides[OURS], plc, True, _our_trials(plc.port, None, trials))
            plant = await PlantProcess.start(Path(folder), speed=1.0, seed=1)
            try:
                for _ in range((blocks + 1) // 2):
                    await _block(sides[WHOLE], plc, True, _our_trials(plc.port, plant, trials))
            finally:
                await plant.end()
        finally:
            await plc.end()
    return sides


async def _block(side: _Side, plc: _Plc, by_order: bool, trials: Coroutine[Any, Any, None]) -> None:
    await plc.ask(by_order=by_order)
    cpu, wall = time.process_time(), time.monotonic()
    await trials
    side.cpu += time.process_time() - cpu
    side.wall += time.monotonic() - wall
    seen = await plc.ask()
    side.blocks.append(seen["reactions"])
    side.missed += seen["missed"]
    side.unasked += seen["unasked"]


async def _bare_trials(port: int, trials: int) -> None:
    """The shortest loop that does the same: read the block, look at the bit, write the stop level."""
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=0.25, retries=0)
    if not await client.connect():
        raise RuntimeError("the PLC of the benchmark takes no connection")
    await client.write_register(STOP_REGISTER, 0)
    stopped, due = False, time.monotonic()
    while trials:
        registers = (await client.read_input_registers(FIRST, count=COUNT)).registers
        holds = registers[WORD] >> BIT & 1
        if not holds and not stopped:
            await client.write_register(STOP_REGISTER, 1)
            stopped, trials = True, trials - 1
        elif holds and stopped:
            await client.write_register(STOP_REGISTER, 0)
            stopped = False
        due = max(due + PERIOD, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
    client.close()


async def _our_trials(port: int, plant: PlantProcess | None, trials: int) -> None:
    """The real engine: an order under way is stopped, a person acknowledges and resumes, again and again."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "journal.sqlite"
        changes = overrides(plant.endpoints, speed=1.0, journal=path) if plant is not None else {}
        changes["links.lift.address"] = f"127.0.0.1:{port}"
        config = load_station(STATION, changes, PARTS)
        journal = Journal.new(path, config.station.code)
        thread = JournalThread(journal)
        if plant is not None:
            built = build(config)
            lift, engine = built.devices["lift"], built.engine(thread, journal.restore())
        else:
            link = make_link("lift", config)
            lift = VehicleLiftVL1("lift", "lift", link.io)
            facts = StationFacts("BENCH", {"lift": lift.channel} if lift.channel is not None else {}, (), ())
            engine = Engine(facts, {"lift": link}, thread, journal.restore(), Clock(), {"lift": 0.4})
        assert isinstance(lift, VehicleLiftVL1)
        running = asyncio.create_task(engine.run())
        try:
            await _stop_again_and_again(engine, lift, trials)
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            thread.close()


async def _stop_again_and_again(engine: Engine, lift: VehicleLiftVL1, trials: int) -> None:
    holds, own = lift.clamped.is_on(), OwnFacts(journal_writable=True)
    rows = [row.holds for row in (*engine.facts.safe, *(kept.interlock for kept in engine.facts.always))]
    # A new journal waits for every PLC to say which order was its last.
    rows += [holds, *(channel.ack_id.at_least(0) for channel in engine.facts.channels.values())]

    def all_hold() -> bool:
        image = engine.image().with_own(own)
        return all(row.proven(image) for row in rows)

    def why_not() -> str:
        return f"{engine.state.state}, {'; '.join(row.why_not(engine.image()) for row in rows)}"

    await engine.until(all_hold, TRIAL_WITHIN, why_not)
    await engine.ask(Verb.MODE, WHO, mode=Mode.AUTOMATIC)
    await engine.ask(Verb.RESET, WHO)
    await engine.ask(Verb.START, WHO)
    await engine.begin("S-0001", _sequence(lift), None, WHO)
    for trial in range(trials):
        await engine.until(lambda: engine.state.state is State.HELD, TRIAL_WITHIN, why_not)
        if trial + 1 < trials:
            await engine.until(all_hold, TRIAL_WITHIN, why_not)
            await engine.ask(Verb.ACKNOWLEDGE, WHO)
            await engine.ask(Verb.RESUME, WHO, confirmed=True)


def _sequence(lift: VehicleLiftVL1) -> Sequence:
    """One step as long as the run, with interlocks as a lift has them; the last of them is the one that is lost."""
    rows = (
        lift.homed,
        lift.no_fault,
        lift.bay_clear,
        lift.floor_open,
        lift.entry_beam,
        lift.exit_beam,
        lift.clamped,
    )
    kept = tuple(Kept(Interlock(f"B{i:02}", s.name, s.is_on()), OnLoss.HOLD) for i, s in enumerate(rows, 1))
    up, go = lift.at_work.is_on(), lift.lift_to_work(1000)
    step = Step(10, "Lift", "lift", Phase.POSITIONING, up, within=3600, nominal=60, do=go, interlocks=kept)
    return Sequence("bench", "One long step", (step,))


def _figures(sides: dict[str, _Side], loads: list[float], *, quick: bool) -> Figures:
    table = {name: spread(side.all()) for name, side in sides.items()}
    p99 = {name: statistics.median(side.p99_of_blocks()) for name, side in sides.items()}
    ratio = p99[OURS] / p99[BARE]
    rows = [
        [
            name,
            f"{table[name]['n']:.0f}",
            *(f"{table[name][key]:.1f}" for key in ("p50", "p99", "p99_9", "max")),
            f"{p99[name]:.1f}",
            str(side.missed),
            f"{100 * side.cpu / side.wall:.0f} %",
        ]
        for name, side in sides.items()
    ]
    return {
        "title": "Stop latency: interlock lost in the PLC → stop order in the PLC, 10 ms class (ms)",
        "columns": ["", "trials", "p50", "p99", "p99.9", "max", "p99, median of blocks", "missed", "CPU"],
        "rows": rows,
        "targets": [
            {
                "figure": "p99, median of blocks",
                "found": f"{p99[OURS]:.1f} ms",
                "wanted": f"<= {WANTED_MS:g} ms",
                "met": None if quick else p99[OURS] <= WANTED_MS,
            },
            {
                "figure": "that over the bare loop's, same run",
                "found": f"{ratio:.2f}",
                "wanted": f"<= {WANTED_RATIO:g}",
                "met": None if quick else ratio <= WANTED_RATIO,
            },
        ],
        "notes": [
            "floor: half a period in the mean, one period at p99, and the way there and back",
            f"stops sent without cause: {sides[OURS].unasked + sides[WHOLE].unasked}",
            "CPU of the engine has the time between trials in it: acknowledge, resume, two commits, a new order",
            f"“{WHOLE}”: the same trial with the links to all PLCs of the station in the same process, "
            "and the simulated plant on the same cores",
        ],
        "data": {
            "load": loads,
            **{
                name: {
                    **table[name],
                    "p99_of_blocks": side.p99_of_blocks(),
                    "missed": side.missed,
                    "cpu_s": side.cpu,
                    "wall_s": side.wall,
                }
                for name, side in sides.items()
            },
        },
    }
