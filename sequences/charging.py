"""Charging sessions opened and closed between swaps, and a hot pack carried to the isolation place. Chapters C1–C2.

Knows the steps. Does not know when they are wanted, nor how much current flows: that is a level, not an order (ADR 0020).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sequences.car_station import CarStation
from sequences.maintenance_packs import ISOLATION
from sequences.site_interlocks import station_interlocks, watched_always
from sequences.stand_interlocks import StandInterlocks
from station_ctl.core.custody import Move
from station_ctl.core.maintenance import MaintenanceProcedure, Parameter, Takes
from station_ctl.core.modes import Phase
from station_ctl.core.steps import Ending, Interlock, Kept, OnLoss, OnResume, Sequence, Step

OPEN, CLOSE, ISOLATE = "charge-open", "charge-close", "pack-isolate"
AISLE = "aisle"
PARAMETERS = (Parameter("bay", Takes.BAY), Parameter("pack", Takes.PACK, found_at="bay"))


def procedures(st: CarStation) -> tuple[MaintenanceProcedure, ...]:
    """What charging asks of the engine in mode automatic, each made from a bay and its pack."""
    il = ChargingInterlocks(st)

    def known(
        name: str, text: str, steps: Callable[[CarStation, ChargingInterlocks, str, str], tuple[Step, ...]]
    ) -> MaintenanceProcedure:
        def make(args: Mapping[str, str]) -> Sequence:
            made = steps(st, il, args["bay"], args["pack"])
            return Sequence(name, text.format(**args), made, args=tuple(sorted(args.items())))

        return MaintenanceProcedure(name, PARAMETERS, make)

    return (
        known(OPEN, "Open the charging session of bay {bay}", open_session),
        known(CLOSE, "Close the charging session of bay {bay}", close_session),
        known(ISOLATE, "Bring the hot pack {pack} of bay {bay} to the isolation place", isolate),
    )


class ChargingInterlocks(StandInterlocks):
    """Rows for steps that belong to no swap."""

    def __init__(self, st: CarStation) -> None:
        super().__init__(st)
        stacker = st.stacker
        site = {row.code: row for row in station_interlocks(st)}
        self.site = tuple(site[code] for code in ("G05", "G06", "G27", "G28"))
        self.journal = site["G28"]
        fit = stacker.homed.is_on() & stacker.no_fault.is_on() & stacker.brake_ok.is_on()
        self.stacker_fit = Interlock("G08", "Stacker homed, without fault, brake in order", fit)
        self.load = Kept(Interlock("G30", "Stacker load and chain in order", stacker.not_overloaded.is_on() & stacker.chain_tight.is_on()), OnLoss.ABORT)
        self.keeps = (*watched_always(st), self.load)
        self.isolation_ready = Interlock("G29", "Isolation place ready", stacker.isolation_ready.is_on())


def open_session(st: CarStation, il: ChargingInterlocks, name: str, pack: str) -> tuple[Step, ...]:
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


def close_session(st: CarStation, il: ChargingInterlocks, name: str, pack: str) -> tuple[Step, ...]:
    """One order; no row but the journal stands against taking current away."""
    bay = st.bay(name)
    return (
        Step(
            10, f"Close the charging session of bay {name}", "rack", Phase.PUT_AWAY, bay.charge_state.at_least(0), within=30, nominal=4,
            do=st.rack_of(bay).stop_charge(bay), permissives=(il.journal,), asks=True, chapter="C1",
        ),
    )  # fmt: skip


def isolate(st: CarStation, il: ChargingInterlocks, name: str, pack: str) -> tuple[Step, ...]:
    """The pre-alarm of the bay itself is no reason against it: that pack is to leave. A fire alarm is."""
    bay, stacker, rack = st.bay(name), st.stacker, st.rack_of(st.bay(name))
    arrived = stacker.isolation_empty.is_off() & bay.present.is_off()
    empty = il.receiving(ISOLATION, stacker.isolation_empty.is_on())
    needs = (*il.site, il.stacker_fit, il.aisle_clear)
    return (
        Step(
            10, f"Stop charging in bay {name}", "rack", Phase.PUT_AWAY, il.not_charging(bay).holds, within=30, nominal=2,
            do=rack.stop_charge(bay), permissives=il.site, chapter="C2",
        ),
        Step(
            20, f"Unplug bay {name}", "rack", Phase.PUT_AWAY, bay.plug_out.is_on(), within=30, nominal=4, do=rack.plug_out(bay),
            permissives=(*il.site, il.not_charging(bay)), chapter="C2",
        ),
        Step(
            30, f"Bring the pack of bay {name} to the isolation place", "stacker", Phase.PUT_AWAY, arrived & stacker.parked.is_on(), within=180, nominal=28,
            do=stacker.isolate(bay.number), after=(20,), start=bay.present.is_on() & stacker.isolation_empty.is_on() & stacker.pack_on_fork.is_off(),
            permissives=(*needs, il.unplugged(bay), empty, il.isolation_ready), interlocks=il.keeps, on_resume=OnResume.ASK,
            enters=(AISLE,), leaves=(AISLE,), moves=(Move(pack, name, ISOLATION),),
            ending=Ending(arrived & stacker.pack_on_fork.is_off(), stacker.home(), needs), chapter="C2",
        ),
    )  # fmt: skip
