"""Leaps tell what cycles tell: the same ends of the same strikes, the same limits of time, the same defects found.

Knows both pacings of a shift. Does not know how leaps are made.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.conditions import Compare
from station_ctl.core.links import Link
from station_ctl.engine import supervisor
from station_ctl.engine.liveness import Heartbeat
from tests.bench.virtual_bench import run_virtually
from tests.soak.evidence import shifts
from tests.soak.faults import Strike
from tests.soak.shift import BENCHES, SPEED, Findings, Shift, SoakBench, Stuck

STRUCK = [
    Strike("curtain", 80, 0.4, (("which", 1),)),
    Strike("link-lost", 120, 0.4, (("plc", "robot"),)),
    Strike("plc-restart", 140, 0.4, (("plc", "lift"), ("seconds", 0.5))),
    Strike("clamp-drift", 100, 0.4),
    Strike("lost-reply", 155, 0.0, (("link", "stacker"),)),
    Strike("kill", 120, 0.8, (("outage", 1.5),)),
]
SEEDS = range(1, 21)

SCANNED = 0.045
"""Wall seconds: a PLC cycle, a fast scan of a shift, and the look of the test itself."""


def one_vehicle(pacing: str, *planned: Strike) -> tuple[Findings, str]:
    """One vehicle struck by these faults, and its story."""
    story: list[str] = []

    async def main(folder: Path) -> Findings:
        async with BENCHES[pacing](folder, speed=SPEED) as bench:
            work = Shift(bench, 1, story)
            await bench.make_ready()
            try:
                await work.serve(planned)
            except Stuck as why:
                work.found.stuck.append(str(why))
            work.check()
            return work.found

    with tempfile.TemporaryDirectory() as folder:
        return run_virtually(main(Path(folder))), "\n".join(story)


def told(found: Findings) -> tuple[Counter[str], Counter[str], int, bool]:
    """What must not depend on the pacing: how vehicles left, what struck, how often it rested, whether all was well."""
    return found.ended, found.struck, found.rests, found.clean


@pytest.mark.parametrize("strike", STRUCK, ids=lambda s: s.kind)
def test_a_struck_vehicle_ends_alike(strike: Strike) -> None:
    (cycles, story), (leaps, other) = (one_vehicle(pacing, strike) for pacing in ("cycles", "leaps"))
    assert cycles.clean and cycles.struck == {strike.kind: 1}
    assert told(leaps) == told(cycles), f"{story}\n{other}"


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_shifts_end_alike() -> None:
    """A person draws lots too, so that a vehicle that ends otherwise changes the rest of its shift."""
    cycles, leaps = (list(shifts(SEEDS, 2, pacing)) for pacing in ("cycles", "leaps"))
    assert all(found.clean and found.swaps == 10 for found in (*cycles, *leaps))
    other = [(c.seed, told(c), told(n)) for c, n in zip(cycles, leaps, strict=True) if told(c) != told(n)]
    assert len(other) <= 1, other


# ---- planted defects -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("pacing", BENCHES)
def test_a_heartbeat_that_one_plc_does_not_get_is_found(pacing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lift stops by its dead-man time, and nobody finds a way on."""
    beat = Heartbeat._beat

    async def mute(self: Heartbeat, link: Link) -> None:
        if link.name != "lift" or self.count < 20:
            await beat(self, link)

    monkeypatch.setattr(Heartbeat, "_beat", mute)
    found, _ = one_vehicle(pacing)
    assert found.rests > 0 and len(found.stuck) == 1


@pytest.mark.parametrize("pacing", BENCHES)
def test_a_trip_that_is_lost_is_found(pacing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The safety PLC falls silent while the robot works: only the trip stops it there, and says why."""
    silent = Strike("link-lost", 100, 0.4, (("plc", "safety"),))
    assert "at rest: A102" in one_vehicle(pacing, silent)[1]
    monkeypatch.setattr(supervisor, "trips", lambda *_: ())
    assert "at rest: A102" not in one_vehicle(pacing, silent)[1]


@pytest.mark.parametrize("pacing", BENCHES)
def test_a_code_that_is_believed_unread_is_found(pacing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack with another label goes into the vehicle, and the plant's own monitor says so."""
    wrong = Strike("wrong-pack", 90, 0.4, (("target", "fresh"),))
    proven, unmet = Compare.proven, Compare.unmet
    monkeypatch.setattr(Compare, "proven", lambda c, image: isinstance(c.needed, str) or proven(c, image))
    monkeypatch.setattr(Compare, "unmet", lambda c, image: () if isinstance(c.needed, str) else unmet(c, image))
    found, _ = one_vehicle(pacing, wrong)
    assert any("S6" in violation for violation in found.violations)


# ---- times ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "plc", "limit"),
    [("e-stop", "safety", SCANNED), ("link-lost", "lift", SCANNED), ("plc-stop", "lift", 0.4 + SCANNED)],
)
def test_a_loss_is_noticed_as_soon_as_with_cycles(name: str, plc: str, limit: float) -> None:
    """At the next scan, or when the reading has grown old: never a leap later."""

    async def noticed(bench: SoakBench) -> float:
        struck = bench.engine.clock.monotonic()
        bench.do(cmd="fault", name=name, plc=plc)
        await bench.until(lambda: bool(bench.state.trips), 5.0)
        return bench.engine.clock.monotonic() - struck

    took = {pacing: _while_it_drives_in(pacing, noticed) for pacing in BENCHES}
    assert max(took.values()) <= limit, took
    assert took["leaps"] == pytest.approx(took["cycles"], abs=0.11)


def test_a_plc_stops_one_second_after_the_last_heartbeat() -> None:
    """Wherever in a leap that was."""

    async def silent(bench: SoakBench) -> float:
        plc, clock, beats = bench.sim.plcs["robot"], bench.engine.clock, []
        write = plc.write

        def heard(tags: Mapping[str, Any]) -> None:
            beats.append(clock.monotonic())
            write(tags)

        plc.write = heard  # type: ignore[method-assign]
        await asyncio.sleep(0.3)
        bench.engine.heartbeat._links.clear()
        await bench.until(lambda: plc.silent, 5.0)
        return clock.monotonic() - beats[-1]

    took = {pacing: _while_it_drives_in(pacing, silent) for pacing in BENCHES}
    assert all(1.0 <= seconds <= 1.03 for seconds in took.values()), took


def _while_it_drives_in(pacing: str, watch: Callable[[SoakBench], Awaitable[float]]) -> float:
    """Seconds that something takes while a vehicle drives in, at a third of the usual speed."""

    async def main(folder: Path) -> float:
        async with BENCHES[pacing](folder, speed=SPEED / 3) as bench:
            await bench.make_ready()
            going = asyncio.create_task(bench.swap())
            await bench.until_step(20)
            await asyncio.sleep(0.173)
            try:
                return await watch(bench)
            finally:
                going.cancel()
                await asyncio.gather(going, return_exceptions=True)

    with tempfile.TemporaryDirectory() as folder:
        return run_virtually(main(Path(folder)))
