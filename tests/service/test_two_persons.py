"""Two persons: who may agree to what another asked for, until when, and what is looked at again before it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.custody import Ledger
from station_ctl.core.modes import Mode
from station_ctl.engine.events import Verb
from station_ctl.service.actions import Registry
from station_ctl.service.calls import Decision, Verdict
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.desk import SECOND_PERSON_WITHIN
from station_ctl.service.persons import Person, Role, Seat
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import ADMIN, OPERATOR, TECHNICIAN, DeskBench

FIRST = TECHNICIAN
SECOND = Person("chen", Role.TECHNICIAN, Seat.PANEL)
ACTION = "battery.is-at"
IN_MANUAL = Registry.of(
    replace(action, modes=frozenset((Mode.MANUAL,))) if action.name == ACTION else action for action in REGISTRY
)

Story = Callable[["Statement"], Coroutine[Any, Any, None]]


class Statement(DeskBench):
    """A bench on which the first person has said where a pack is, and it waits for the second."""

    pack = ""
    waiting: Verdict

    async def ask_first(self, **more: Any) -> Verdict:
        """Say it."""
        given = {"params": {"pack": self.pack, "place": "A01"}, "reason": "seen in its bay", **more}
        return await self.put(ACTION, FIRST, **given)

    async def agree(self, person: Person = SECOND, **more: Any) -> Verdict:
        """Agree to it."""
        return await self.put("op.approve", person, params={"operation": self.waiting.operation}, **more)

    def stated(self) -> int:
        """How many statements have had their effect."""
        return sum(row.kind == "stated" for row in self.journal.rows())


def told(folder: Path, story: Story, **options: Any) -> None:
    """Run a story that begins with a waiting statement."""

    async def main() -> None:
        async with Statement(folder, **options) as bench:
            await bench.engine.ask(Verb.MODE, "test", mode=Mode.MANUAL)
            assert (await bench.put("bay.inventory", FIRST)).ok
            bench.pack = str(bench.engine.state.ledger.at("A01"))
            bench.waiting = await bench.ask_first()
            assert bench.waiting.decision is Decision.WAITING, bench.waiting
            await story(bench)
            assert not bench.journal.verify_audit().faults

    run_virtually(main())


def ledger(bench: DeskBench) -> Ledger:
    return bench.engine.state.ledger


def test_another_of_the_same_role_agrees_and_both_are_in_the_chain(tmp_path: Path) -> None:
    async def story(bench: Statement) -> None:
        rows = bench.stated()
        verdict = await bench.agree()
        assert verdict.ok, verdict.text
        assert bench.stated() == rows + 1
        *_, agreed, done = bench.journal.audit_rows(9)
        assert (agreed.actor, agreed.action, agreed.decision) == ("chen", "op.approve", "accepted")
        assert (done.actor, done.action, done.decision) == ("wang", ACTION, "accepted")
        assert '"second_person": "chen"' in done.args and bench.waiting.operation in done.args
        again = await bench.agree()
        assert again.code == "A402" and bench.stated() == rows + 1, "once is once"

    told(tmp_path, story)


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (FIRST, "A408"),
        (Person(FIRST.name, Role.ADMIN, Seat.PANEL), "A408"),
        (OPERATOR, "A404"),
        (Person("guest", Role.VIEWER), "A404"),
    ],
)
def test_who_may_not_agree_is_refused_and_it_waits_on(tmp_path: Path, person: Person, code: str) -> None:
    async def story(bench: Statement) -> None:
        rows = bench.stated()
        assert (await bench.agree(person)).code == code
        assert bench.audited()[-1] == (person.name, "op.approve", "refused") and bench.stated() == rows
        assert (await bench.agree()).ok

    told(tmp_path, story)


def test_too_late_is_too_late(tmp_path: Path) -> None:
    async def story(bench: Statement) -> None:
        rows = bench.stated()
        late = bench.duty.wall() + SECOND_PERSON_WITHIN + 0.1
        bench.duty.wall = lambda: late
        assert (await bench.agree()).code == "A408" and bench.stated() == rows
        assert (await bench.agree()).code == "A402", "it waits no more"
        assert [row[2] for row in bench.audited()[-2:]] == ["refused", "refused"]

    told(tmp_path, story)


def test_what_was_called_off_cannot_be_agreed_to(tmp_path: Path) -> None:
    async def story(bench: Statement) -> None:
        assert (await bench.put("op.cancel", OPERATOR, params={"operation": bench.waiting.operation})).ok
        assert (await bench.agree()).code == "A402" and bench.stated() == 0

    told(tmp_path, story)


def refused_after_all(bench: Statement, verdict: Verdict, code: str) -> None:
    """The yes stands in the chain, and so does that nothing came of it."""
    assert (verdict.code, bench.stated()) == (code, 0), verdict
    *_, agreed, refused = bench.audited()
    assert agreed == ("chen", "op.approve", "accepted") and refused == (FIRST.name, ACTION, "refused")
    assert str(bench.duty.operations.named(bench.waiting.operation).state) == "failed"


def test_a_precondition_that_has_gone_meanwhile_refuses(tmp_path: Path) -> None:
    async def story(bench: Statement) -> None:
        present = next(b.present for b in bench.duty.bays if b.name == "A01")
        bench.do(cmd="fault", name="sensor-stuck", tag=f"{present.link}.{present.tag}", value=False, on=True)
        await asyncio.sleep(5.0)
        refused_after_all(bench, await bench.agree(), "A401")

    told(tmp_path, story)


def test_a_mode_that_has_changed_meanwhile_refuses(tmp_path: Path) -> None:
    async def story(bench: Statement) -> None:
        await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
        refused_after_all(bench, await bench.agree(), "A402")

    told(tmp_path, story, registry=IN_MANUAL)


def test_control_that_has_gone_to_a_third_person_refuses_and_stays_theirs(tmp_path: Path) -> None:
    async def story(bench: Statement) -> None:
        third = Person("zhou", Role.OPERATOR, Seat.PANEL)
        assert (await bench.put("control.take", third)).ok
        refused_after_all(bench, await bench.agree(), "A405")
        lease = bench.duty.control.held(bench.duty.mono())
        assert lease is not None and lease.holder == third

    told(tmp_path, story)


def test_control_of_the_second_person_will_do_and_stays_theirs(tmp_path: Path) -> None:
    async def story(bench: Statement) -> None:
        assert (await bench.put("control.take", SECOND)).ok
        assert (await bench.agree()).ok and bench.stated() == 1
        lease = bench.duty.control.held(bench.duty.mono())
        assert lease is not None and lease.holder == SECOND

    told(tmp_path, story)


def test_nothing_waits_that_is_not_in_the_chain(tmp_path: Path) -> None:
    """Where the journal cannot be written, what was asked for cannot be agreed to."""

    async def story(bench: Statement) -> None:
        bench.journal._db.execute("PRAGMA query_only=1")
        refused = await bench.ask_first()
        assert refused.decision is Decision.REFUSED and refused.code == "A501"
        assert bench.engine.state.trips, "the station is aborted, too"
        (late,) = [op for op in bench.duty.operations if op.id != bench.waiting.operation]
        bench.waiting = replace(refused, operation=late.id)
        assert (await bench.agree(ADMIN)).decision is Decision.REFUSED and bench.stated() == 0

    told(tmp_path, story)
