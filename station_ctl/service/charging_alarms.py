"""What a person must see of charging, as levels for the alarm board.

Knows which finding is which alarm. Does not know when a finding stands, nor the texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from station_ctl.charging.bay_view import BayView
from station_ctl.charging.hot_packs import NO_CURRENT_KW
from station_ctl.charging.state import STATION, ChargingState, Decision, Finding
from station_ctl.charging.suspects import LATCHED
from station_ctl.service.alarm_states import Level
from station_ctl.service.charging_orders import Attempts

HOT, QUARANTINE, UNFIT, DISOBEYS, METER, OVER, NO_POWER, SESSION, LEAKS, MONITOR = (
    "A805", "A806", "A807", "A808", "A809", "A810", "A811", "A812", "A813", "A814",
)  # fmt: skip

CODES: Mapping[str, str] = {
    "pack-hot": HOT, "pack-smoke": HOT, "site-meter": METER, "site-over-limit": OVER, "no-power": NO_POWER,
    "site-insulation": LEAKS, "insulation-monitor": MONITOR,
    **{str(doubt): QUARANTINE for doubt in LATCHED},
}  # fmt: skip
"""Alarm code by the code of a finding; every other one of a bay is a pack or charger that is not fit to charge."""

EXPLAINED = frozenset(("rack-unheard",))
"""Findings that the loss of the link says already."""

OBEYS_WITHIN_S = 5.0
"""Process seconds in which the current has to follow a level that was lowered."""


def levels(
    decision: Decision, views: Mapping[str, BayView], given_up: Iterable[Attempts], now: float
) -> tuple[Level, ...]:
    """Every alarm of charging that stands; findings of one place and code are one alarm. `now`: process s."""
    found: dict[tuple[str, str], list[str]] = {}
    for code, place, words in (*_findings(decision.findings), *_disobedience(decision.state, views, now)):
        # Whatever else speaks against a hot pack, that it is hot is what a person has to know.
        if code != UNFIT or place not in decision.state.hot:
            found.setdefault((code, place), []).append(words)
    for tried in given_up:
        asked = f"asked {tried.count} times to {tried.wish.verb}"
        words = ": ".join(filter(None, (asked, tried.wish.why, tried.why)))
        found.setdefault((SESSION, tried.wish.bay), []).append(words)
    return tuple(
        Level(code, "site" if place == STATION else place, "; ".join(dict.fromkeys(words)), "charging")
        for (code, place), words in found.items()
    )


def _findings(findings: Iterable[Finding]) -> Iterator[tuple[str, str, str]]:
    for finding in findings:
        if finding.code not in EXPLAINED:
            yield CODES.get(finding.code, UNFIT), finding.place, finding.words


def _disobedience(
    state: ChargingState, views: Mapping[str, BayView], now: float
) -> Iterator[tuple[str, str, str]]:
    """Current where none should be: a charger that does not follow its level, a plug that is not in."""
    for name, seen in views.items():
        told = state.told.get(name)
        power = seen.power_kw or 0.0
        if told is not None and told.sure and power > told.level + NO_CURRENT_KW and now - told.at > OBEYS_WITHIN_S:
            yield DISOBEYS, name, f"told {told.level:.1f} kW at most, gives {power:.1f} kW"
        if seen.plug_in is False and power > NO_CURRENT_KW:
            yield DISOBEYS, name, f"the plug is not in, {power:.1f} kW flow"
