"""Charging sessions opened and closed between swaps, at the racks of any station type. Chapter C1 of the manual.

Knows the steps. Does not know when they are wanted, nor how much current flows: that is a level, not an order (ADR 0020).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sequences.bay_interlocks import BayInterlocks
from sequences.racked_station import RackedStation
from sequences.site_interlocks import station_interlocks
from station_ctl.core.maintenance import MaintenanceProcedure, Parameter, Takes
from station_ctl.core.modes import Phase
from station_ctl.core.steps import Interlock, Sequence, Step

OPEN, CLOSE, ISOLATE = "charge-open", "charge-close", "pack-isolate"
PARAMETERS = (Parameter("bay", Takes.BAY), Parameter("pack", Takes.PACK, found_at="bay"))


class SessionInterlocks(BayInterlocks):
    """Rows for steps at the racks that belong to no swap."""

    def __init__(self, st: RackedStation) -> None:
        super().__init__(st.policy)
        site = {row.code: row for row in station_interlocks(st)}
        self.site = tuple(site[code] for code in ("G05", "G06", "G27", "G28"))
        self.journal = site["G28"]


def of_charging(name: str, text: str, steps: Callable[[str, str], tuple[Step, ...]]) -> MaintenanceProcedure:
    """A procedure that charging asks for in mode automatic, made from a bay and its pack."""

    def make(args: Mapping[str, str]) -> Sequence:
        return Sequence(name, text.format(**args), steps(args["bay"], args["pack"]), args=tuple(sorted(args.items())))

    return MaintenanceProcedure(name, PARAMETERS, make)


def sessions(st: RackedStation) -> tuple[MaintenanceProcedure, ...]:
    """Opening and closing the charging session of a bay."""
    il = SessionInterlocks(st)
    return (
        of_charging(OPEN, "Open the charging session of bay {bay}", lambda bay, _: _open(st, il, bay)),
        of_charging(CLOSE, "Close the charging session of bay {bay}", lambda bay, _: _close(st, il, bay)),
    )


def _open(st: RackedStation, il: SessionInterlocks, name: str) -> tuple[Step, ...]:
    """One order. The charger's own state is watched by charging, so that a dead charger holds up no swap."""
    bay = st.bay(name)
    plugged = bay.present.is_on() & bay.seated.is_on() & bay.plug_in.is_on() & bay.enabled.is_on()
    rows = (*il.site, Interlock("G20", f"Pack seated and plugged in bay {name}, bay enabled", plugged), il.quiet(bay))
    return (
        Step(
            10, f"Open the charging session of bay {name}", "rack", Phase.PUT_AWAY, bay.charge_state.at_least(0), within=30, nominal=2,
            do=st.rack_of(bay).start_charge(bay, st.policy.charge_power_kw), permissives=rows, asks=True, chapter="C1",
        ),
    )  # fmt: skip


def _close(st: RackedStation, il: SessionInterlocks, name: str) -> tuple[Step, ...]:
    """One order; no row but the journal stands against taking current away."""
    bay = st.bay(name)
    return (
        Step(
            10, f"Close the charging session of bay {name}", "rack", Phase.PUT_AWAY, bay.charge_state.at_least(0), within=30, nominal=4,
            do=st.rack_of(bay).stop_charge(bay), permissives=(il.journal,), asks=True, chapter="C1",
        ),
    )  # fmt: skip


def hot_unplugged(st: RackedStation, il: SessionInterlocks, name: str) -> tuple[Step, ...]:
    """The first two steps of an isolation. The pre-alarm of the bay itself is no reason against it: that pack is to
    leave. A fire alarm is."""
    bay, rack = st.bay(name), st.rack_of(st.bay(name))
    return (
        Step(
            10, f"Stop charging in bay {name}", "rack", Phase.PUT_AWAY, il.not_charging(bay).holds, within=30, nominal=2,
            do=rack.stop_charge(bay), permissives=il.site, chapter="C2",
        ),
        Step(
            20, f"Unplug bay {name}", "rack", Phase.PUT_AWAY, bay.plug_out.is_on(), within=30, nominal=4, do=rack.plug_out(bay),
            permissives=(*il.site, il.not_charging(bay)), chapter="C2",
        ),
    )  # fmt: skip
