"""Returned packs are suspects: what must be known of a pack, and for how long, before it gets any current.

Knows the reasons against a pack. Does not know power, prices, nor how a pack is moved. Source: domain rules F21,
F25, G14.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from station_ctl.charging.bay_view import BayView
from station_ctl.charging.history import BayHistory
from station_ctl.charging.pack_model import PackModel
from station_ctl.core.policy import SitePolicy


class Doubt(StrEnum):
    """Why a pack is suspect; the value is the code that alarms and records name."""

    UNKNOWN = "not-known"
    IDENTITY = "identity-differs"
    CLASH = "code-seen-twice"
    BMS = "bms-not-heard"
    HEALTH = "health-low"
    INSULATION = "insulation-low"
    TEMPERATURE = "temperature-outside"
    CRASH = "crash-flag"
    CHARGER = "charger-fault"
    SILENT = "charger-silent"
    SETTLING = "settling"
    JUMP = "soc-jump"
    IMPLAUSIBLE = "bms-implausible"
    FROZEN = "soc-frozen"
    NO_GAIN = "never-charges"
    PERSON = "locked-by-a-person"


LATCHED = frozenset(
    {
        Doubt.CLASH,
        Doubt.IDENTITY,
        Doubt.INSULATION,
        Doubt.CRASH,
        Doubt.JUMP,
        Doubt.IMPLAUSIBLE,
        Doubt.FROZEN,
        Doubt.NO_GAIN,
        Doubt.PERSON,
    }
)
"""What does not go away by itself: the pack stays in quarantine until a person clears it."""

WAITS = frozenset({Doubt.UNKNOWN, Doubt.BMS, Doubt.SETTLING})
"""What is no finding yet: the pack has only just come, or its rack is not heard."""

JUMP_PERCENT = 2.0
"""A BMS may correct itself by so much at once."""

FASTEST_C = 1.5
"""No pack charges faster than this many times its capacity an hour."""

UNREAD_S = 20.0
SILENCES = 3
"""So many silences of a charger within an hour, and the bay is out until a person looks."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One doubt in words: what was needed and what was found."""

    doubt: Doubt
    words: str

    @property
    def latched(self) -> bool:
        """Stays until a person clears it."""
        return self.doubt in LATCHED

    def __str__(self) -> str:
        return f"{self.doubt}: {self.words}"


@dataclass(frozen=True, slots=True)
class Cleared:
    """Nothing speaks against charging this pack."""

    pack: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """The pack gets no current, for these reasons (one at least)."""

    pack: str
    reasons: tuple[Reason, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.reasons))


Clearance = Cleared | Suspect


def clearance(
    seen: BayView, history: BayHistory, now: float, policy: SitePolicy, elsewhere: str = ""
) -> Clearance:
    """Whether the pack in this bay may be charged. `elsewhere` names the place where the same code is seen too.

    A pack once cleared may grow warm by charging; before that its temperature must be in the window. Total.
    """
    return judge(seen, history, now, policy, against(seen, history, now, policy, elsewhere))


def judge(
    seen: BayView, history: BayHistory, now: float, policy: SitePolicy, reasons: tuple[Reason, ...]
) -> Clearance:
    """The clearance that follows from these reasons; without any the settling time is one."""
    if not reasons and not history.cleared:
        since = history.well_since
        waited = 0.0 if since is None else now - since
        if since is None or waited < policy.quarantine_settle_s:
            words = f"needs {policy.quarantine_settle_s:g} s without a doubt; so far {waited:.0f} s"
            reasons = (Reason(Doubt.SETTLING, words),)
    return Suspect(seen.pack, reasons) if reasons else Cleared(seen.pack)


def against(
    seen: BayView, history: BayHistory, now: float, policy: SitePolicy, elsewhere: str = ""
) -> tuple[Reason, ...]:
    """Everything that speaks against the pack on this look, without the settling time."""
    found = [*_identity(seen, elsewhere), *_state(seen, history, policy), *_silence(history, now, policy)]
    if seen.bms_link is True and history.unread_since is not None and now - history.unread_since >= UNREAD_S:
        missing = [f for f in ("soc", "temp_max", "soh") if getattr(seen, f) is None]
        words = "; ".join(f"{f} {seen.why(f)}" for f in missing) or "values come and go"
        found.append(
            Reason(Doubt.IMPLAUSIBLE, f"needs readable values from a BMS that answers; found {words}")
        )
    return tuple(found)


def _identity(seen: BayView, elsewhere: str) -> list[Reason]:
    if seen.present is not True:
        return [Reason(Doubt.UNKNOWN, f"needs a pack in the bay; found {_said(seen, 'present', 'none')}")]
    if seen.custody is None:
        return [Reason(Doubt.UNKNOWN, "needs a pack at rest by the ledger; found one being moved")]
    found = []
    if not seen.pack_id:
        found.append(Reason(Doubt.BMS, f"needs the pack's code; found {_said(seen, 'pack_id', 'none')}"))
    elif not seen.custody:
        # Not yet admitted by an inventory, or its arrival is not yet in the ledger: no lie, and no current either.
        found.append(
            Reason(Doubt.UNKNOWN, f"needs {seen.pack_id} in custody; found the bay empty by the ledger")
        )
    elif seen.pack_id != seen.custody:
        words = f"needs {seen.custody} by the ledger; found {seen.pack_id}"
        found.append(Reason(Doubt.IDENTITY, words))
    if elsewhere:
        found.append(Reason(Doubt.CLASH, f"needs one place for {seen.pack_id}; also seen at {elsewhere}"))
    return found


def _state(seen: BayView, history: BayHistory, policy: SitePolicy) -> list[Reason]:
    """BMS, charger and flags as they are now. Without the BMS its values prove nothing and are not judged."""
    found = []
    for field in ("no_smoke", "no_prealarm", "coolant_ok", "charger_link"):
        if getattr(seen, field) is not True:
            found.append(Reason(Doubt.UNKNOWN, f"needs {field} on; found {_said(seen, field, 'off')}"))
    if seen.charge_state is None or seen.faulty:
        kind = Doubt.UNKNOWN if seen.charge_state is None else Doubt.CHARGER
        found.append(Reason(kind, f"needs a charger without fault; found {_said(seen, 'charge_state', '')}"))
    if seen.bms_link is not True:
        return [
            *found,
            Reason(Doubt.BMS, f"needs an answer of the BMS; found {_said(seen, 'bms_link', 'none')}"),
        ]
    if seen.no_crash is False:
        found.append(Reason(Doubt.CRASH, "needs a pack without crash flag; found one"))
    low, high = policy.charge_temp_min_c, policy.pack_temp_max_c
    if history.cleared:
        high = policy.hot_temp_c
    limits: tuple[tuple[str, float, float, Doubt], ...] = (
        ("soh", policy.pack_soh_min_percent, 100.0, Doubt.HEALTH),
        ("insulation", policy.pack_insulation_min_kohm, float("inf"), Doubt.INSULATION),
        ("temp_max", low, high, Doubt.TEMPERATURE),
        ("soc", 0.0, 100.0, Doubt.UNKNOWN),
    )
    for field, least, most, doubt in limits:
        value = getattr(seen, field)
        if value is None or not least <= value <= most:
            words = f"needs {field} {least:g} to {most:g}; found {_said(seen, field, '')}"
            found.append(Reason(doubt if value is not None else Doubt.UNKNOWN, words))
    if seen.no_crash is None:
        found.append(Reason(Doubt.UNKNOWN, f"needs to know the crash flag; found {seen.why('no_crash')}"))
    return found


def _silence(history: BayHistory, now: float, policy: SitePolicy) -> list[Reason]:
    since = history.silent_since
    if since is not None and now - since >= policy.charger_silent_s:
        return [
            Reason(
                Doubt.SILENT,
                f"needs an answer within {policy.charger_silent_s:g} s; none for {now - since:.0f} s",
            )
        ]
    if len(history.silences) >= SILENCES:
        return [Reason(Doubt.SILENT, f"silent {len(history.silences)} times within the last hour")]
    return []


def lies(
    before: BayHistory, seen: BayView, after: BayHistory, policy: SitePolicy, model: PackModel
) -> tuple[Reason, ...]:
    """What the BMS says that physics does not allow, judged on what it said before (`before`) and since."""
    if seen.soc is None or seen.bms_link is not True or before.pack != after.pack:
        return ()
    found = []
    if before.soc is not None:
        passed, change = max(after.soc_at - before.soc_at, 0.0), seen.soc - before.soc
        allowed = JUMP_PERCENT + FASTEST_C * 100.0 * passed / 3600.0
        if not -JUMP_PERCENT <= change <= allowed:
            words = f"needs a change of -{JUMP_PERCENT:g} to {allowed:.1f} % in {passed:.0f} s; found {change:+.1f} %"
            found.append(Reason(Doubt.JUMP, words))
    flowed = after.flowed_kwh / model.capacity_kwh * 100.0
    moved = max(seen.soc - (after.anchor_soc if after.anchor_soc is not None else seen.soc), 0.0)
    if seen.soc < 99.0 and flowed - moved >= policy.quarantine_frozen_percent:
        words = f"needs a SoC that follows what flows in, {flowed:.1f} %; found {moved:+.1f} %"
        found.append(Reason(Doubt.FROZEN, words))
    if after.told_s >= policy.quarantine_no_gain_min * 60.0:
        words = f"needs a gain within {policy.quarantine_no_gain_min:g} min of charging; SoC still {seen.soc:.1f} %"
        found.append(Reason(Doubt.NO_GAIN, words))
    return tuple(found)


def clashes(views: Mapping[str, BayView], places: Mapping[str, str]) -> dict[str, str]:
    """Bays whose pack's code is seen in another bay, or held elsewhere by the ledger (`places`: code → place)."""
    by_code: dict[str, list[str]] = {}
    for name, seen in views.items():
        if seen.present is True and seen.pack_id:
            by_code.setdefault(seen.pack_id, []).append(name)
    found: dict[str, str] = {}
    for code, names in by_code.items():
        for name in names:
            others = [other for other in names if other != name]
            held = places.get(code, name)
            if others or held != name:
                found[name] = ", ".join(others) or held
    return found


def _said(seen: BayView, field: str, otherwise: str) -> str:
    value = getattr(seen, field)
    if value is None:
        return seen.why(field)
    return otherwise if isinstance(value, bool) or value == "" else str(value)
