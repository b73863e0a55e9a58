"""Every handler that changes something, carried out once: one audit row, durable before or with its effect.

Knows how each comes to be accepted. A handler that is not here fails the test.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.custody import Ledger
from station_ctl.core.modes import State
from station_ctl.engine.events import Audit, Record
from station_ctl.service import desk
from station_ctl.service.alarm_levels import watched_rows
from station_ctl.service.calls import Decision, Result, Verdict
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.persons import Person
from station_ctl.service.watchers import Watchers
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import ADMIN, OPERATOR, TECHNICIAN, VIEWER, DeskBench
from tests.service.maintenance_bench import MaintenanceBench, hand


class Backups:
    """Stands where the duty's backups stand: makes a file at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def make(self) -> Path:
        """A file."""
        path = self.folder / "backup.sqlite"
        path.write_bytes(b"copy")
        return path


class Watched:
    """Requests to a bench, and what was committed from each on."""

    def __init__(self, bench: DeskBench) -> None:
        self.bench, self.covered = bench, set[str]()
        self.commits: list[list[Record | Audit]] = []
        commit = bench.journal.commit

        def seen(records: Sequence[Record | Audit], ledger: Ledger | None) -> None:
            self.commits.append(list(records))
            commit(records, ledger)

        bench.journal.commit = seen  # type: ignore[method-assign]

    async def asked(self, action: str, person: Person = OPERATOR, **more: Any) -> Verdict:
        """One request that has to be accepted, or to wait for the second person."""
        declared = REGISTRY.named(action)
        reason = "because it is tested" if declared.reason else ""
        await self.bench.duty.durable()
        self.commits.clear()
        verdict = await self.bench.put(action, person, **{"reason": reason, **more})
        assert verdict.ok, (action, verdict)
        await self.bench.duty.durable()
        name, decided = (person.name, action), str(verdict.decision)
        rows = [r for records in self.commits for r in records if isinstance(r, Audit) and (r.actor, r.action) == name]
        assert [row.decision for row in rows] == [decided], (action, rows)
        assert rows[0] in self.commits[0], f"{action}: something was written before its audit row"
        if verdict.decision is Decision.ACCEPTED:
            self.covered.add(declared.handler)
        return verdict

    async def agreed(self, action: str, person: Person = TECHNICIAN, **more: Any) -> None:
        """One request of two persons; the second one's row comes first, then that of what they agreed to."""
        waiting = await self.asked(action, person, **more)
        assert waiting.decision is Decision.WAITING
        await self.asked("op.approve", ADMIN, params={"operation": waiting.operation})
        rows = [(r.actor, r.action, r.decision) for c in self.commits for r in c if isinstance(r, Audit)]
        assert rows == [("zhao", "op.approve", "accepted"), (person.name, action, "accepted")]
        self.covered.add(REGISTRY.named(action).handler)


async def _persons_and_packs(asker: Watched, folder: Path) -> None:
    await asker.asked("user.add", ADMIN, params={"name": "chen", "role": "viewer"})
    await asker.asked("user.disable", ADMIN, params={"name": "chen"})
    await asker.asked("control.take")
    await asker.asked("control.release")
    asker.bench.duty.backups = Backups(folder)  # type: ignore[assignment]
    await asker.asked("backup.now", TECHNICIAN)
    car = {"vehicle": "LSZSMA00100000099"}
    await asker.asked("queue.add", params=car)
    await asker.asked("queue.hold-back", params=car)
    await asker.asked("queue.let-in", params=car)
    await asker.asked("queue.priority", params={**car, "priority": 2})
    await asker.asked("queue.remove", params=car)
    await asker.asked("queue.close")
    await asker.asked("queue.open")
    await asker.asked("bay.disable", TECHNICIAN, params={"bay": "A05"})
    await asker.asked("bay.enable", TECHNICIAN, params={"bay": "A05"})
    await asker.asked("mode.set", params={"mode": "manual"})
    await asker.asked("bay.inventory", TECHNICIAN)
    await _charging(asker)
    stated = {"pack": asker.bench.engine.state.ledger.at("A01"), "place": "A01"}
    await asker.agreed("battery.is-at", params=stated)
    waiting = await asker.asked("battery.is-at", TECHNICIAN, params=stated)
    await asker.asked("op.cancel", params={"operation": waiting.operation})
    engine = asker.bench.engine
    engine.state = replace(engine.state, ledger=engine.state.ledger.recode(stated["pack"], "FALSE-CODE"))
    await asker.agreed("battery.is-called", params=stated)
    assert engine.state.ledger.at("A01") == stated["pack"]


async def _charging(asker: Watched) -> None:
    bay = {"bay": "A03"}
    await asker.asked("charger.limit", TECHNICIAN, params={**bay, "kw": 20})
    await asker.asked("charger.stop", params=bay)
    await asker.asked("charger.start", params=bay)
    await asker.asked("site.limit", TECHNICIAN, params={"kw": "300"})
    await asker.asked("bay.quarantine", params=bay)
    await asker.asked("bay.clear", TECHNICIAN, params=bay)


async def _alarms(asker: Watched, folder: Path) -> None:
    bench = asker.bench
    rows = watched_rows(bench.built.facts.safe, bench.built.stand.bays)
    bench.duty.watchers = watchers = Watchers(bench.engine, bench.built.config.alarms, rows, folder)
    running = asyncio.create_task(watchers.run())
    try:
        await asyncio.sleep(15.0)
        bench.do(cmd="fault", name="link-lost", on=True, target="meter")
        await asyncio.sleep(10.0)
        (alarm, *_) = (await bench.put("alarm.list", VIEWER)).data["alarms"]
        named = {"alarm": alarm["id"]}
        await asker.asked("alarm.silence")
        await asker.asked("alarm.shelve", params={**named, "for": "30m"})
        await asker.asked("alarm.unshelve", params=named)
        await asker.asked("alarm.ack", params=named)
        await asker.agreed("alarm.take-out", params=named)
        await asker.asked("alarm.put-back", TECHNICIAN, params=named)
        bench.do(cmd="fault", name="link-lost", on=False, target="meter")
        await asyncio.sleep(5.0)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        watchers.close()


async def _swaps(asker: Watched) -> None:
    bench = asker.bench
    await asker.asked("control.take")
    await asker.asked("mode.set", params={"mode": "automatic"})
    await asker.asked("station.reset")
    await asker.asked("station.start")
    bench.do(cmd="vehicle")
    await asker.asked("swap.start")
    await bench.until_step(50)
    await asker.asked("station.hold", VIEWER)
    await bench.until_state(State.HELD)
    await asker.asked("swap.resume", params={"looked": True})
    await asyncio.sleep(0.2)
    await asker.asked("swap.hold", VIEWER)
    await bench.until_state(State.HELD)
    (run,) = [run.run_id for run in bench.engine.state.runs if run.job is not None]
    await asker.asked("swap.retreat", params={"run": run})
    await asker.asked("station.abort", VIEWER)
    await bench.until_state(State.ABORTED)
    await asker.asked("station.clear")


async def _maintenance(asker: Watched) -> None:
    bench = asker.bench
    assert isinstance(bench, MaintenanceBench)
    await asker.asked("robot.home", TECHNICIAN)
    await bench.until(lambda: not bench.engine.state.runs)
    await asker.asked("seq.run", TECHNICIAN, params={"name": "station.home"})
    await asker.asked("station.hold", VIEWER)
    await bench.until_state(State.HELD)
    await asker.asked("seq.resume", TECHNICIAN, params={"looked": True})
    await asyncio.sleep(0.1)
    await asker.asked("station.hold", VIEWER)
    await bench.until_state(State.HELD)
    (run,) = [run.run_id for run in bench.engine.state.runs]
    (give_up,) = [action.name for action in REGISTRY if action.handler == "sequence:give_up"]
    await asker.asked(give_up, TECHNICIAN, params={"run": run})
    await asker.agreed("interlock.bypass", params={"row": "G19f", "for": "10m"})
    await asker.asked("interlock.restore", params={"row": "G19f"})
    await asker.agreed("io.force", params={"point": "stacker.FORK_RETRACTED", "value": "on", "for": "10m"})
    await asker.asked("io.release")
    async with hand(bench):
        await asker.asked("robot.jog", TECHNICIAN, params={"axis": "x", "distance": 100.0})
    await bench.until_state(State.HELD)
    async with hand(bench):
        await asker.asked("robot.jog", TECHNICIAN, params={"axis": "x", "distance": 20.0})
        await bench.until(lambda: not bench.engine.state.runs)
    await asker.asked("station.stop", VIEWER)


def test_every_handler_leaves_one_row_no_later_than_its_effect(tmp_path: Path) -> None:
    covered: set[str] = set()

    async def main() -> None:
        (tmp_path / "swap").mkdir()
        async with DeskBench(tmp_path / "swap") as bench:
            asker = Watched(bench)
            await _persons_and_packs(asker, tmp_path)
            await _alarms(asker, tmp_path)
            await _swaps(asker)
            await bench.duty.operations.close()
            assert not bench.journal.verify_audit().faults
            covered.update(asker.covered)
        (tmp_path / "maintenance").mkdir()
        async with MaintenanceBench(tmp_path / "maintenance") as bench:
            await bench.make_ready()
            asker = Watched(bench)
            await _maintenance(asker)
            assert not bench.journal.verify_audit().faults
            covered.update(asker.covered)

    run_virtually(main())
    assert {action.handler for action in REGISTRY if action.changes} == covered


async def _forgetful(duty: Any, params: Any, call: Any) -> Result:
    return Result(text="done")


async def _broken(duty: Any, params: Any, call: Any) -> Result:
    raise ZeroDivisionError("broken")


@pytest.mark.parametrize(("handler", "said"), [(_forgetful, "left no audit row"), (_broken, "ZeroDivisionError")])
def test_a_handler_that_leaves_no_row_or_breaks_is_told_as_a_defect_and_the_desk_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handler: Any, said: str
) -> None:
    async def main() -> None:
        async with DeskBench(tmp_path) as bench:
            with monkeypatch.context() as patched:
                patched.setattr(desk, "load", lambda name: handler)
                broken = await bench.put("control.take")
                look = await bench.put("mode.show")
            assert (broken.decision, broken.code, int(broken.exit)) == (Decision.REFUSED, "A990", 70)
            assert said in broken.text and bench.audited() == [("li", "control.take", "refused")]
            assert look.ok == (handler is _forgetful) and look.code in ("", "A990")
            assert (await bench.put("control.release")).ok

    run_virtually(main())
