"""What everybody who looks is shown: the station in one document, the same for CLI, API and panel.

Knows how to say it. Changes nothing, and asks no link for anything: it shows what is known.
"""

from __future__ import annotations

from typing import Any

from station_ctl.core.modes import State
from station_ctl.core.roles import BaySignals
from station_ctl.core.signals import Signal
from station_ctl.engine.state import Run, StepStatus
from station_ctl.service import charging_view
from station_ctl.service.duty import Duty

WORDS = {
    State.STOPPED: "stopped; a person resets and starts it",
    State.IDLE: "ready; a person starts it",
    State.EXECUTE: "running",
    State.HOLDING: "coming to a controlled stop",
    State.HELD: "held; see: station-ctl why",
    State.STOPPING: "finishing its swaps, begins none",
    State.ABORTING: "making safe",
    State.ABORTED: "aborted; see: station-ctl why",
}


def snapshot(duty: Duty) -> dict[str, Any]:
    """The whole station as JSON-able data. Keys carry units; times are UTC seconds since 1970."""
    state, image = duty.engine.state, duty.image
    lease = duty.control.held(duty.mono())
    links = {name: image.link_fault(name) for name in duty.engine.links}
    return {
        "code": duty.about.code, "name": duty.about.name, "simulated": duty.about.simulated,
        "software": duty.about.version, "config": duty.about.config_path, "config_hash": duty.about.config_hash,
        "up_s": round(duty.wall() - duty.about.began, 1), "version": duty.version,
        "mode": str(state.mode), "state": str(state.state), "sentence": f"{state.mode}, {WORDS[state.state]}",
        "half_done": state.half_done,
        "runs": [run(r, duty.engine.clock.process()) for r in state.runs],
        "trips": [
            {"code": t.code, "text": t.text, "reaction": str(t.reaction), "run": t.run_id, "step": t.step,
             "interlock": t.interlock, "first_out": t.first_out}
            for t in state.trips
        ],
        "custody": {pack: {"place": c.place, "to": c.to} for pack, c in state.ledger},
        "conflicts": list(state.conflicts),
        "bays": [bay(duty, b) for b in duty.bays],
        "links": {name: fault or "ok" for name, fault in links.items()},
        "levels": levels(duty),
        "bypasses": bypasses(duty),
        "charging": charging_view.snapshot(duty),
        "queue": {"waiting": [one.vehicle for one in duty.queue], "closed": duty.queue.closed},
        "journal_writable": state.journal_writable,
        "control": str(lease.holder) if lease is not None else None,
        "operations": [op.shown() for op in duty.operations if op.ended == 0.0],
    }  # fmt: skip


def levels(duty: Duty) -> dict[str, str]:
    """Devices whose PLC keeps only a part of the handshake, and what that costs."""
    channels = duty.engine.facts.channels
    return {role: channel.attended for role, channel in channels.items() if channel.attended}


def bypasses(duty: Duty) -> list[dict[str, Any]]:
    """What is bypassed or forced now, by whom, for how many seconds more."""
    now = duty.engine.clock.monotonic()
    return [
        {"what": b.what, "text": str(b), "forced": b.forced, "value": b.value, "left_s": round(b.ends - now),
         "by": b.by, "second": b.second, "reason": b.reason}
        for b in duty.engine.state.bypasses
    ]  # fmt: skip


def run(r: Run, now: float) -> dict[str, Any]:
    """One run: phase, job, and every step with how far it is. Seconds are those of the process."""
    return {
        "id": r.run_id, "sequence": r.sequence.key, "text": r.sequence.text, "phase": str(r.phase),
        "interrupted": str(r.interrupted) if r.interrupted is not None else None,
        "vehicle": r.job.vehicle if r.job is not None else None,
        "spent": r.job.spent if r.job is not None else None, "fresh": r.job.fresh if r.job is not None else None,
        "also": [{"spent": e.spent, "fresh": e.fresh} for e in r.job.also] if r.job is not None else [],
        "steps": [
            {"no": step.no, "text": step.text, "lane": step.lane, "status": str(st.status), "order": st.order or None,
             "planned_s": step.nominal, "took_s": _took(st.status, st.began, st.ended, now)}
            for step, st in r.pairs()
        ],
    }  # fmt: skip


def _took(status: StepStatus, began: float, ended: float, now: float) -> float | None:
    if not began:
        return None
    return round((ended or now) - began, 1) if status is not StepStatus.WAITING else None


def bay(duty: Duty, b: BaySignals) -> dict[str, Any]:
    """One bay as its sensors show it; None = not known."""
    image = duty.image

    def value(signal: Signal[Any]) -> Any:
        reading = signal.read(image)
        return reading.value if reading.good else None

    return {
        "bay": b.name, "present": value(b.present), "pack": value(b.pack_id), "pack_type": value(b.pack_type),
        "soc_percent": value(b.soc), "soh_percent": value(b.soh), "temp_max_c": value(b.temp_max),
        "power_kw": value(b.power), "charge_state": value(b.charge_state), "plug_in": value(b.plug_in),
        "enabled": value(b.enabled), "disabled_by": duty.bay_locks.why_not(b.name) or None,
        "no_smoke": value(b.no_smoke), "no_prealarm": value(b.no_prealarm),
    }  # fmt: skip
