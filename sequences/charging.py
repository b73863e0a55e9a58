"""What charging asks of a passenger station: sessions, and a hot pack carried to the isolation place. Chapters C1–C2.

Knows the steps. Does not know when they are wanted.
"""

from __future__ import annotations

from sequences.car_station import CarStation
from sequences.charging_sessions import ISOLATE, SessionInterlocks, hot_unplugged, of_charging, sessions
from sequences.racked_station import ISOLATION
from sequences.site_interlocks import watched_always
from sequences.stand_interlocks import StandInterlocks
from station_ctl.core.custody import Move
from station_ctl.core.maintenance import MaintenanceProcedure
from station_ctl.core.modes import Phase
from station_ctl.core.steps import Ending, Interlock, Kept, OnLoss, OnResume, Step

AISLE = "aisle"


def procedures(st: CarStation) -> tuple[MaintenanceProcedure, ...]:
    """What charging asks of the engine in mode automatic, each made from a bay and its pack."""
    text = "Bring the hot pack {pack} of bay {bay} to the isolation place"
    return *sessions(st), of_charging(ISOLATE, text, lambda bay, pack: isolate(st, bay, pack))


class ChargingInterlocks(SessionInterlocks):
    """Rows of the sessions, and those of the stacker that carries a hot pack."""

    def __init__(self, st: CarStation) -> None:
        super().__init__(st)
        stacker = st.stacker
        fit = stacker.homed.is_on() & stacker.no_fault.is_on() & stacker.brake_ok.is_on()
        self.stacker_fit = Interlock("G08", "Stacker homed, without fault, brake in order", fit)
        self.aisle_clear = StandInterlocks(st).aisle_clear
        self.load = Kept(Interlock("G30", "Stacker load and chain in order", stacker.not_overloaded.is_on() & stacker.chain_tight.is_on()), OnLoss.ABORT)
        self.keeps = (*watched_always(st), self.load)
        self.isolation_ready = Interlock("G29", "Isolation place ready", stacker.isolation_ready.is_on())


def isolate(st: CarStation, name: str, pack: str) -> tuple[Step, ...]:
    il, bay, stacker = ChargingInterlocks(st), st.bay(name), st.stacker
    arrived = stacker.isolation_empty.is_off() & bay.present.is_off()
    empty = il.receiving(ISOLATION, stacker.isolation_empty.is_on())
    needs = (*il.site, il.stacker_fit, il.aisle_clear)
    return (
        *hot_unplugged(st, il, name),
        Step(
            30, f"Bring the pack of bay {name} to the isolation place", "stacker", Phase.PUT_AWAY, arrived & stacker.parked.is_on(), within=180, nominal=28,
            do=stacker.isolate(bay.number), after=(20,), start=bay.present.is_on() & stacker.isolation_empty.is_on() & stacker.pack_on_fork.is_off(),
            permissives=(*needs, il.unplugged(bay), empty, il.isolation_ready), interlocks=il.keeps, on_resume=OnResume.ASK,
            enters=(AISLE,), leaves=(AISLE,), moves=(Move(pack, name, ISOLATION),),
            ending=Ending(arrived & stacker.pack_on_fork.is_off(), stacker.home(), needs), chapter="C2",
        ),
    )  # fmt: skip
