"""Steps in the bays of a truck's swap: the charged packs unplugged, the spent ones put away, or plugged in again after all.

Knows plugs and chargers. Does not know the crane, nor how a swap goes.
"""

from __future__ import annotations

from sequences.truck_interlocks import Column, TruckInterlocks
from sequences.truck_station import TruckStation
from station_ctl.core.modes import Phase
from station_ctl.core.steps import Step


def unplugs(il: TruckInterlocks) -> int:
    """The step that unplugs the charged pack at hand."""
    return 22 + 2 * il.seat_no


def unplug(st: TruckStation, il: TruckInterlocks) -> tuple[Step, ...]:
    """The charged pack is made ready in its bay while the truck comes."""
    bay, ch, no = il.fresh_bay, il.needs(Column.CHARGE), unplugs(il)
    rack = st.rack_of(bay)
    return (
        # A pack above the swap limit may still be charging: the plug is drawn only from a dead socket.
        Step(
            no - 1, f"Stop charging in bay {bay.name}", "rack", Phase.POSITIONING, il.not_charging(bay).holds, within=30, nominal=2,
            do=rack.stop_charge(bay), permissives=ch, background=True, chapter="B2",
        ),
        Step(
            no, f"Unplug the charged pack in bay {bay.name}", "rack", Phase.POSITIONING, bay.plug_out.is_on(), within=30, nominal=4,
            do=rack.plug_out(bay), permissives=(*ch, il.not_charging(bay), il.cool_or_apart(bay)), background=True, chapter="B2",
        ),
    )  # fmt: skip


def _where(il: TruckInterlocks, bay: str) -> str:
    """Of several packs, in which bay."""
    return f" in bay {bay}" if il.job.recipe.packs > 1 else ""


def put_away(st: TruckStation, tables: tuple[TruckInterlocks, ...], by: int = 0) -> tuple[Step, ...]:
    """In the background of the next truck: plug in, look at the returned packs, charge."""
    steps = (step for k, il in enumerate(tables) for step in _put_away(st, il, by, k))
    return tuple(sorted(steps, key=lambda step: step.no))


def _put_away(st: TruckStation, il: TruckInterlocks, by: int, k: int) -> tuple[Step, ...]:
    """All are plugged in first: a look at one that is unfit ends the run, and charging takes up the others."""
    bay, policy, ch = il.spent_bay, st.policy, Column.CHARGE
    rack, spent = st.rack_of(bay), il.exchange.spent
    healthy = (
        bay.bms_link.is_on() & bay.pack_id.equals(spent) & bay.no_crash.is_on() & bay.no_smoke.is_on()
        & bay.insulation.at_least(policy.pack_insulation_min_kohm) & bay.temp_max.at_most(policy.pack_temp_max_c)
    )  # fmt: skip
    return (
        Step(
            220 + by + 2 * k, f"Plug in bay {bay.name}", "rack", Phase.PUT_AWAY, bay.plug_in.is_on(), within=30, nominal=4,
            do=rack.plug_in(bay), permissives=il.needs(ch), interlocks=il.keeps(ch), chapter="bg",
        ),
        # A returned pack is a suspect: nothing is charged before its own BMS and the bay's detectors have spoken.
        Step(
            230 + by + 20 * k, f"Look at the returned pack{_where(il, bay.name)}", "rack", Phase.PUT_AWAY, healthy, within=60, nominal=4, instead=il.unfit(bay, spent),
            permissives=il.needs(ch), interlocks=il.keeps(ch), chapter="bg",
        ),
        Step(
            240 + by + 20 * k, f"Start charging bay {bay.name}", "rack", Phase.PUT_AWAY, bay.charge_state.between(1, 6), within=30, nominal=2,
            do=rack.start_charge(bay, policy.charge_power_kw), permissives=(*il.needs(ch), il.cool(bay)), interlocks=il.keeps(ch), chapter="bg",
        ),
    )  # fmt: skip


def plug_in_again(st: TruckStation, tables: tuple[TruckInterlocks, ...]) -> tuple[Step, ...]:
    """The prepared packs stand in their bays, where they are plugged in and charged again, unless one was the reason."""
    steps = (step for k, il in enumerate(tables) for step in _plug_in_again(st, il, k))
    return tuple(sorted(steps, key=lambda step: step.no))


def _plug_in_again(st: TruckStation, il: TruckInterlocks, k: int) -> tuple[Step, ...]:
    bay, ch = il.fresh_bay, Column.CHARGE
    rack = st.rack_of(bay)
    return (
        Step(
            310 + 2 * k, f"Plug in bay {bay.name}", "rack", Phase.PUT_AWAY, bay.plug_in.is_on(), within=30, nominal=4,
            do=rack.plug_in(bay), permissives=il.needs(ch), interlocks=il.keeps(ch), chapter="R6",
        ),
        Step(
            315 + 10 * k, f"Look at the prepared pack{_where(il, bay.name)}", "rack", Phase.PUT_AWAY, il.cool(bay).holds, within=60, nominal=4, instead=il.unfit(bay, il.exchange.fresh),
            permissives=il.needs(ch), interlocks=il.keeps(ch), chapter="R6",
        ),
        Step(
            320 + 10 * k, f"Start charging bay {bay.name}", "rack", Phase.PUT_AWAY, bay.charge_state.between(1, 6), within=30, nominal=2,
            do=rack.start_charge(bay, st.policy.charge_power_kw), permissives=(*il.needs(ch), il.cool(bay)), interlocks=il.keeps(ch), chapter="R6",
        ),
    )  # fmt: skip
