"""Charging on duty, on the real plant in virtual time: what flows, what is ordered, what is locked and told.

Knows engine, plant and faults. What is decided on one look is judged in tests/charging.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from station_ctl.charging.suspects import Doubt
from station_ctl.core.custody import Ledger
from station_ctl.core.errors import DamagedJournal
from station_ctl.core.modes import State
from station_ctl.engine.events import Progress, Record, Verb
from station_ctl.engine.journal import Journal
from station_ctl.service.charging_memory import ChargingMemory, remembered
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import TECHNICIAN, DeskBench

CHARGING = ("A03", "B04", "B05")
"""Bays that charge when the plant is new; the others are full."""

Story = Callable[[DeskBench], Coroutine[Any, Any, None]]


def told(folder: Path, story: Story) -> None:
    """A station ready for vehicles whose packs are cleared and charge, and nothing unsafe at the end."""

    async def main() -> None:
        async with DeskBench(folder, charging=True) as bench:
            await bench.make_ready()
            await bench.until(lambda: all(kw(bench, bay) > 30.0 for bay in CHARGING), 20.0)
            await story(bench)
            assert bench.sim.monitor.verdicts == []

    run_virtually(main())


def kw(bench: DeskBench, bay: str) -> float:
    """What really flows into the pack of this bay."""
    return next(b.kilowatts for b in bench.sim.plant.bays.values() if b.name == bay)


def alarms(bench: DeskBench) -> dict[str, str]:
    """What charging tells, by alarm and subject."""
    return {level.key: level.detail for level in bench.charging.alarms()}


def asked(bench: DeskBench, key: str) -> int:
    """How many runs of this procedure charging has opened."""
    opened = [e.text for e in bench.seen if isinstance(e, Progress) and e.what == "run-opened"]
    return sum(text.startswith({"open": "Open", "close": "Close"}[key]) for text in opened)


def test_a_hot_pack_and_its_neighbours_get_no_current_it_leaves_the_rack_and_stays_locked(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        pack = bench.state.ledger.at("B04")
        bench.do(cmd="fault", name="thermal-runaway", bay="B04", celsius=62.0, kilowatts=2.0)
        await asyncio.sleep(0.5)
        assert [kw(bench, bay) for bay in ("B04", "B05")] == [0.0, 0.0]
        assert kw(bench, "A03") > 30.0, "only neighbours are struck"
        assert bench.sim.plcs["rack_b"].values["FAN_RUNNING"] is True
        assert list(alarms(bench)) == ["A805-B04"]
        await bench.until(lambda: bench.state.ledger.at("isolation") == pack and not bench.state.runs, 30.0)
        assert bench.state.state is State.EXECUTE, "the station goes on"
        assert pack in dict(bench.state.locks), "and lets this pack come near no vehicle"
        assert "B04" in bench.reception.standing().against
        await bench.crash_and_restart()
        assert pack in dict(bench.state.locks), "before anybody can resume"
        await asyncio.sleep(3.0)
        assert set(bench.charging.state.hot) == {"B04"}, "a restart clears nothing"
        assert kw(bench, "B05") == 0.0
        verdict = await bench.put("bay.clear", TECHNICIAN, params={"bay": "B04"}, reason="looked at")
        assert verdict.ok, verdict
        await asyncio.sleep(0.5)
        assert not bench.charging.state.hot and not remembered(bench.journal).state.hot
        assert pack not in dict(bench.state.locks)

    told(tmp_path, story)


def test_a_bay_whose_detector_still_speaks_is_not_cleared(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        bench.do(cmd="fault", name="hot-pack", bay="A03", smoke=True)
        await asyncio.sleep(0.5)
        verdict = await bench.put("bay.clear", TECHNICIAN, params={"bay": "A03"}, reason="wishful")
        assert verdict.code == "A401" and "smoke" in verdict.text, verdict
        assert set(bench.charging.state.hot) == {"A03"}

    told(tmp_path, story)


LIES: dict[str, tuple[dict[str, Any], Doubt, float]] = {
    "A03": ({"name": "bms-soc-jump"}, Doubt.JUMP, 5.0),
    "B04": ({"name": "bms-nan"}, Doubt.IMPLAUSIBLE, 40.0),
    "A01": ({"name": "bms-id-clash", "of": "A02"}, Doubt.CLASH, 5.0),
    "A05": ({"name": "pack-sick", "how": "crash"}, Doubt.CRASH, 5.0),
}
"""By bay: what is wrong with its pack, what it is locked for, within how many process seconds."""


def test_a_pack_that_lies_is_locked_told_and_charged_no_more_while_the_others_go_on(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        for bay, (fault, doubt, within) in LIES.items():
            bench.do(cmd="fault", bay=bay, **fault)

            def locked(bay: str = bay, doubt: Doubt = doubt) -> bool:
                kept = [q for q in bench.charging.state.quarantined.values() if q.bay == bay]
                return any(r.doubt is doubt for q in kept for r in q.reasons)

            await bench.until(locked, within / 20.0 + 0.5)
            await asyncio.sleep(0.3)
            assert kw(bench, bay) == 0.0
            assert str(doubt) in bench.reception.standing().against[bay]
            assert f"A806-{bay}" in alarms(bench)
        assert {q.bay for q in bench.charging.state.quarantined.values()} == {*LIES, "A02"}, "the clash is of two"
        assert bench.state.state is State.EXECUTE
        kept = remembered(bench.journal).state.quarantined
        assert kept.keys() == bench.charging.state.quarantined.keys()

    told(tmp_path, story)


def test_a_silent_charger_is_told_and_its_pack_charges_again_when_it_is_heard(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        bench.do(cmd="fault", name="charger-silent", bay="A03")
        # For 20 s of the process its rack does not notice, for 20 s more it may only be slow.
        await bench.until(lambda: "A807-A03" in alarms(bench), 60.0 / 20.0)
        assert "charger-silent" in bench.reception.standing().against["A03"]
        assert bench.charging.state.told["A03"].level == 0.0
        bench.do(cmd="fault", name="charger-silent", bay="A03", on=False)
        await bench.until(lambda: kw(bench, "A03") > 1.0, 20.0)
        assert alarms(bench) == {}

    told(tmp_path, story)


def test_the_site_never_draws_more_than_the_limit_that_holds(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        site = bench.sim.plant.site_kw
        for limit in (60.0, 12.0, 100.0):
            bench.do(cmd="grid", limit_kw=limit)
            await asyncio.sleep(3.0)
            for _ in range(6):
                await asyncio.sleep(0.25)
                assert site() <= limit * 1.02, limit
        assert sum(kw(bench, bay) for bay in CHARGING) > 40.0, "what is allowed is used"
        verdict = await bench.put("site.limit", TECHNICIAN, params={"kw": "50"})
        assert verdict.ok
        await asyncio.sleep(2.0)
        assert site() <= 51.0
        await bench.put("site.limit", TECHNICIAN, params={"kw": "off"})
        bench.do(cmd="fault", name="link-lost", plc="meter")
        await bench.until(lambda: "A809-site" in alarms(bench), 5.0)
        assert bench.charging.decision.limit.grid_kw <= bench.built.config.policy.site_power_safe_kw  # type: ignore[union-attr]

    told(tmp_path, story)


def test_nothing_is_left_for_charging_where_nothing_is_allowed(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        verdict = await bench.put("site.limit", TECHNICIAN, params={"kw": "0"})
        assert verdict.ok
        await asyncio.sleep(1.0)
        assert [kw(bench, bay) for bay in CHARGING] == [0.0, 0.0, 0.0]
        assert list(alarms(bench))[-1] == "A811-site"

    told(tmp_path, story)


def test_a_rack_that_was_lost_counts_with_its_levels_and_charges_again_by_new_sessions(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        bench.do(cmd="fault", name="link-lost", plc="rack_b")
        await asyncio.sleep(3.0)
        assert sum(bench.charging.state.told[bay].bound for bay in ("B04", "B05")) > 60.0
        assert [kw(bench, bay) for bay in ("B04", "B05")] == [0.0, 0.0], "the PLC ends them without our heartbeat"
        bench.do(cmd="fault", name="link-lost", plc="rack_b", on=False)
        await bench.until(lambda: all(kw(bench, bay) > 30.0 for bay in CHARGING), 60.0)
        assert asked(bench, "open") == 2, "one order a pack"
        assert bench.state.state is State.EXECUTE

    told(tmp_path, story)


def test_a_welded_contactor_is_told_counted_and_ordered_nothing(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        bench.do(cmd="fault", name="charger-welded", bay="A03")
        await bench.put("charger.stop", TECHNICIAN, params={"bay": "A03"})
        await bench.until(lambda: "A808-A03" in alarms(bench), 3.0)
        await asyncio.sleep(4.0)
        assert asked(bench, "close") == 0 and bench.state.state is State.EXECUTE
        assert bench.charging.state.told["A03"].bound >= 10.0

    told(tmp_path, story)


def test_a_charger_that_a_person_stops_stays_stopped_until_a_person_starts_it(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await bench.put("charger.limit", TECHNICIAN, params={"bay": "B04", "kw": 12})
        await bench.put("charger.stop", TECHNICIAN, params={"bay": "A03"})
        await bench.until(lambda: asked(bench, "close") == 1 and not bench.state.runs, 5.0)
        await asyncio.sleep(5.0)
        assert (kw(bench, "A03"), round(kw(bench, "B04"))) == (0.0, 12)
        assert asked(bench, "open") == 0
        kept = remembered(bench.journal)
        assert kept.bay_kw == {"B04": 12.0, "A03": 0.0}
        await bench.put("charger.start", TECHNICIAN, params={"bay": "A03"})
        await bench.until(lambda: kw(bench, "A03") > 30.0, 30.0)

    told(tmp_path, story)


def test_a_session_that_the_rack_refuses_is_asked_for_three_times_and_holds_up_nothing(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        (channel,) = bench.sim.plcs["rack_a"].channels
        kind = channel.kinds[32]
        channel.kinds[32] = replace(kind, against=lambda _: "not COOLANT_OK")
        await bench.put("charger.stop", TECHNICIAN, params={"bay": "A03"})
        await bench.until(lambda: asked(bench, "close") == 1 and not bench.state.runs, 5.0)
        await bench.put("charger.start", TECHNICIAN, params={"bay": "A03"})
        await bench.until(lambda: "A812-A03" in alarms(bench), 300.0 / 20.0)
        assert asked(bench, "open") == 3
        await asyncio.sleep(4.0)
        assert asked(bench, "open") == 3 and bench.state.state is State.EXECUTE and not bench.state.trips
        channel.kinds[32] = kind
        await bench.put("charger.start", TECHNICIAN, params={"bay": "A03"})
        await bench.until(lambda: kw(bench, "A03") > 30.0, 20.0)

    told(tmp_path, story)


def test_a_session_under_way_is_dropped_by_a_hold_and_stands_in_no_ones_way(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await bench.put("charger.stop", TECHNICIAN, params={"bay": "A03"})
        await bench.until(lambda: bool(bench.state.runs), 5.0)
        await bench.engine.ask(Verb.HOLD, "test")
        await bench.until_state(State.HELD)
        assert bench.state.runs == ()
        assert kw(bench, "A03") == 0.0, "the level is obeyed in every state"
        await bench.engine.ask(Verb.ABORT, "test")
        await bench.until_state(State.ABORTED)
        assert kw(bench, "B04") > 30.0, "charging is not motion"

    told(tmp_path, story)


def test_a_station_whose_charging_hangs_stops_and_with_it_its_chargers(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        async def never(*_: object) -> None:
            await asyncio.get_running_loop().create_future()

        bench.charging._levels.write = never  # type: ignore[method-assign, assignment]
        await bench.until(lambda: any(t.code == "A701" for t in bench.state.trips), 15.0)
        await asyncio.sleep(2.0)
        assert [kw(bench, bay) for bay in CHARGING] == [0.0, 0.0, 0.0]

    told(tmp_path, story)


def test_what_is_kept_is_read_back_and_what_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    journal = Journal.new(tmp_path / "journal.sqlite", "TEST")
    try:
        assert remembered(journal) == ChargingMemory()
        kept = ChargingMemory(site_kw=300.0, bay_kw={"A01": 0.0})
        journal.commit([kept.row("first")], Ledger())
        assert remembered(journal) == kept
        journal.commit([Record("charging", data=(("why", "no more than that"),))], None)
        with pytest.raises(DamagedJournal, match="cannot be read"):
            remembered(journal)
    finally:
        journal.close()


async def leak(bench: DeskBench) -> None:
    bench.do(cmd="fault", name="insulation-low", on=True)
    await bench.until(lambda: "A813-site" in alarms(bench), 5.0)
    await bench.until(lambda: all(kw(bench, bay) == 0.0 for bay in CHARGING), 2.0)
    assert bench.state.state is State.EXECUTE and not bench.charging.standing().against


def test_a_leak_of_the_dc_side_ends_every_charge_and_no_swap(tmp_path: Path) -> None:
    told(tmp_path, leak)


@pytest.mark.long
def test_charging_begins_again_when_a_leak_has_been_away_for_ten_minutes(tmp_path: Path) -> None:
    async def story(bench: DeskBench) -> None:
        await leak(bench)
        bench.do(cmd="fault", name="insulation-low", on=False)
        await asyncio.sleep(500.0 / 20.0)
        assert "A813-site" in alarms(bench) and all(kw(bench, bay) == 0.0 for bay in CHARGING)
        await bench.until(lambda: all(kw(bench, bay) > 30.0 for bay in CHARGING), 15.0)
        assert alarms(bench) == {}

    told(tmp_path, story)
