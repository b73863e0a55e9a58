"""The rows of maintenance, signed a second time: what each asks, what any step keeps, what a bypass can reach.

Written from the matrix, not from the code, so that whoever changes a row changes it here too and thinks twice.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sequences.maintenance_interlocks import AttendedInterlocks, MaintenanceInterlocks
from station_ctl.core.bypass import Bypassable
from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.modes import Mode
from station_ctl.core.roles import At
from station_ctl.core.signals import OwnFacts
from station_ctl.core.steps import Interlock, OnLoss
from tests.bench.world import World
from tests.sequences.conftest import the_station
from tests.sequences.test_interlock_rows import HOME, OFF, ON, Needed, judge

ATTENDED = OwnFacts(Mode.MAINTENANCE, True, locks=())

# By the name that a procedure asks for it with: its code, and every signal of it with all its values.
ROWS: dict[str, tuple[str, dict[str, Needed]]] = {
    "mode": ("G07", {}),
    "key": ("G31", {"safety.key_maintenance": ON}),
    "enabling": ("G32", {"safety.enabling": ON}),
    "no_fire": ("G05", {"safety.no_fire": ON}),
    "in_clear": ("G19", {"stacker.in_present": OFF}),
    "robot_away": ("G19z", {"robot.at": ((At.HOME, At.UNDER_VEHICLE), (At.HANDOVER_IN, At.HANDOVER_OUT, At.BETWEEN))}),
    "aisle_clear": ("G04a", {"stacker.aisle_clear": ON}),
    "robot_fit": ("G08", {"robot.no_fault": ON, "robot.brake_ok": ON}),
    "lift_fit": ("G08", {"lift.no_fault": ON}),
    "stacker_fit": ("G08", {"stacker.no_fault": ON, "stacker.brake_ok": ON}),
    "stacker_homed": ("G08", {"stacker.homed": ON, "stacker.no_fault": ON, "stacker.brake_ok": ON}),
    "robot_at_home": ("G23", {"robot.at": HOME}),
    "bay_empty": ("G33", {"lift.bay_empty": ON, "lift.entry_beam": ON, "lift.exit_beam": ON}),
    "fork_in": ("G19f", {"stacker.fork_retracted": ON}),
    "fork_empty": ("G19e", {"stacker.pack_on_fork": OFF}),
}  # fmt: skip

ALWAYS = {"G01": OnLoss.ABORT, "G03": OnLoss.ABORT, "G04": OnLoss.ABORT}
HANDS = {"G07": OnLoss.HOLD, "G31": OnLoss.HOLD, "G32": OnLoss.HOLD}


def rows() -> MaintenanceInterlocks:
    """The rows, made now."""
    return MaintenanceInterlocks(the_station().stand)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_proven_by_these_values_and_lost_by_any_other(name: str) -> None:
    found: Interlock = getattr(rows(), name)
    code, needed = ROWS[name]
    assert found.code == code
    judge(found.holds, needed, ATTENDED)


def test_the_mode_of_maintenance_is_no_other() -> None:
    for mode in Mode:
        assert rows().mode.holds.proven(World().image(replace(ATTENDED, mode=mode))) == (mode is Mode.MAINTENANCE)


def test_every_step_of_maintenance_needs_the_site_and_keeps_chain_mode_key_and_enabling_device() -> None:
    made = rows()
    assert [row.code for row in made.needs] == ["G05", "G06", "G27", "G28"]
    assert [row.code for row in made.site] == ["G06", "G27", "G28"], "a hot pack may be carried out of a fire"
    assert {k.interlock.code: k.on_loss for k in made.keeps} == {**ALWAYS, **HANDS}
    assert {k.interlock.code for k in made.keeps if not k.waited_for} == {*HANDS}, "pressing it again starts nothing"
    below = {k.interlock.code: k.on_loss for k in made.keeps_in_the_bay}
    assert below == {**ALWAYS, **HANDS, "G04b": OnLoss.ABORT}
    (nobody,) = (k.interlock.holds for k in made.keeps_in_the_bay if k.interlock.code == "G04b")
    judge(nobody, {"lift.bay_clear": ON, "robot.path_clear": ON}, ATTENDED)


def test_a_stacker_that_is_overloaded_or_whose_chain_is_slack_is_aborted() -> None:
    load = rows().load
    assert (load.interlock.code, load.on_loss) == ("G30", OnLoss.ABORT)
    judge(load.interlock.holds, {"stacker.not_overloaded": ON, "stacker.chain_tight": ON}, ATTENDED)


def test_a_bay_is_worked_on_when_its_pack_stands_right_or_when_it_is_free_of_any() -> None:
    made, bay = rows(), the_station().stand.bay("A03")
    seated = made.seated(bay)
    assert seated.code == "G20" and isinstance(seated.holds, Bypassable) and seated.holds.name == "G20-A03"
    judge(seated.holds, {f"rack_a.A03.{sign}": ON for sign in ("present", "seated", "enabled")}, ATTENDED)
    out, empty = made.free(bay)
    assert (out.code, empty.code) == ("G15", "G19")
    judge(out.holds, {f"rack_a.A03.{sign}": ON for sign in ("plug_out", "socket_dead", "enabled")}, ATTENDED)
    judge(empty.holds, {"rack_a.A03.present": OFF}, ATTENDED)
    world = World()
    world.prove(empty.holds)
    taken = replace(ATTENDED, ledger=Ledger({"P-old": Custody("A03")}))
    assert not empty.holds.proven(world.image(taken))


def test_a_bypass_reaches_machines_and_packs_that_are_named_and_at_another_station_type_packs_alone() -> None:
    bays = [f"G20-{bay.name}" for bay in the_station().stand.bays]
    assert [*rows().bypassable()] == ["G33", "G19f", "G19e", *bays]
    made = AttendedInterlocks(the_station().stand)  # type: ignore[arg-type]
    assert [*made.bypassable()] == bays and made.machine_rows() == ()
    for row in rows().bypassable().values():
        assert isinstance(row.holds, Bypassable)
        assert str(row.holds.attended) == str(rows().mode.holds & rows().key.holds)


def test_a_row_of_a_machine_that_has_no_branch_for_a_bypass_is_offered_to_nobody() -> None:
    class Guarded(MaintenanceInterlocks):
        def machine_rows(self) -> tuple[Interlock, ...]:
            return self.key, self.fork_in, self.stacker_fit

    made = Guarded(the_station().stand)  # type: ignore[arg-type]
    assert [name for name in made.bypassable() if not name.startswith("G20-")] == ["G19f"]
