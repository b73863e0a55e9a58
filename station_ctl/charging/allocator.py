"""Who gets how many kW: limits, priorities and the plan's wish turned into one level a bay, and raised only safely.

Knows numbers. Does not know why a bay wants nothing, nor how a level reaches its rack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

REACHED_KW = 0.2
"""A measured power up to this much above the level has come down to it: steps of 0.1 kW, rounded twice."""

SETTLES_S = 1.0
MOST_KW = 1e6
"""More than any site has, and finite: what is left of it after any share is a number again."""


@dataclass(frozen=True, slots=True)
class Want:
    """A bay that could be given power. `most_kw` is what charger, pack and temperature allow now.

    `must`: the pack will be late unless it gets all it can take, whatever the plan says. `ready`: it could be given
    to a vehicle as it is. `soc` in %.
    """

    bay: str
    most_kw: float
    soc: float = 0.0
    must: bool = False
    ready: bool = False
    waits_since: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """kW that chargers give out: `site_kw` all together, each of `groups` (bays of a rack, neighbours that share
    modules) and each bay.

    Of the bays of each of `turns` one gets power at a time: their module is switched from one to the other, and who
    is told to draw without it looks like a pack that takes nothing. `least_kw`: less than this is not worth a charge.
    `plan_kw`: what the day plan gives all that are not urgent; None: no plan.
    """

    site_kw: float
    groups: tuple[tuple[frozenset[str], float], ...] = ()
    least_kw: float = 0.0
    plan_kw: float | None = None
    turns: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class Allocation:
    """kW of every bay that was asked for, and in words what held back those that got less than they could take."""

    kw: Mapping[str, float]
    held_by: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What a charger was told. `level` kW by the last write that was confirmed; `bound` is the most it may still
    draw.

    The two differ after a level was lowered, until the measured power has come down, and after a write that
    nobody confirmed (`sure` is False). `at` is when the level changed, monotonic s. A charger that was never told
    anything has no level: its session does not outlive our heartbeat.
    """

    level: float = 0.0
    bound: float = 0.0
    at: float = float("-inf")
    sure: bool = False


def allocate(wants: Sequence[Want], limits: Limits) -> Allocation:
    """Share the power out: urgent packs first, then those not ready, then the fullest, then the longest wait. Pure;
    every limit holds exactly.

    The fullest pack that is not ready will be the next one that is. The last per cents of a ready one take long, and
    no vehicle waits for them.
    """
    left = {"site": _amount(limits.site_kw)}
    of_bay: dict[str, list[str]] = {}
    for no, (bays, kw) in enumerate(limits.groups):
        left[f"group {no}"] = _amount(kw)
        for bay in bays:
            of_bay.setdefault(bay, []).append(f"group {no}")
    partners = {bay: bays for bays in limits.turns for bay in bays}
    plan_left = MOST_KW if limits.plan_kw is None else _amount(limits.plan_kw)
    given: dict[str, float] = {}
    held: dict[str, str] = {}
    for want in sorted(wants, key=lambda w: (not w.must, w.ready, -w.soc, w.waits_since, w.bay)):
        keys = ("site", *of_bay.get(want.bay, ()))
        room = [(left[key], key) for key in keys]
        if not want.must:
            room.append((plan_left, "plan"))
        if any(given.get(bay) for bay in partners.get(want.bay, ())):
            room.append((0.0, "turn"))
        most = _amount(want.most_kw)
        least, who = min(room)
        kw = min(most, least)
        if kw < max(limits.least_kw, 0.0) or kw <= 0.0:
            kw = 0.0
        given[want.bay] = kw
        if kw < most:
            held[want.bay] = who.partition(" ")[0]
        for key in keys:
            left[key] -= kw
        plan_left = max(plan_left - kw, 0.0)
    return Allocation(given, held)


def raise_safely(
    told: Mapping[str, Told],
    measured: Mapping[str, float | None],
    wanted: Mapping[str, float],
    limits: Limits,
) -> dict[str, float]:
    """Levels to write now: every decrease at once, increases only out of room that is confirmed to be free.

    A bay counts with the most it may draw (`Told.bound`) or does draw, whichever is more, until its measured
    power has come down. So the limit holds also if a decrease is lost on the way, a rack is silent, or the limit
    falls in the meantime. Decreases come first in the result. `wanted` names every bay in the order in which room
    is given; a bay missing gets 0.
    """
    counted = {bay: max(t.bound, t.level, _amount(measured.get(bay), 0.0)) for bay, t in told.items()}
    levels = {bay: min(t.level, _amount(wanted.get(bay), 0.0)) for bay, t in told.items()}
    room = _rooms(counted, limits)
    for bay, wish in wanted.items():
        if bay not in told or not _amount(wish) > levels[bay]:
            continue
        mine = [r for members, r in room if members is None or bay in members]
        free = min(r[0] for r in mine)
        if free < 0:
            continue
        level = min(_amount(wish), counted[bay] + free)
        if level <= levels[bay] or level < limits.least_kw:
            continue
        levels[bay] = level
        for r in mine:
            r[0] -= max(level - counted[bay], 0.0)
    return dict(sorted(levels.items(), key=lambda item: item[1] > told[item[0]].level))


def _rooms(counted: Mapping[str, float], limits: Limits) -> list[tuple[frozenset[str] | None, list[float]]]:
    """Room left under the site's limit and under each group's; negative while too much may still be drawn."""
    rooms: list[tuple[frozenset[str] | None, list[float]]] = [
        (None, [_amount(limits.site_kw) - sum(counted.values())])
    ]
    for members, kw in limits.groups:
        rooms.append((members, [_amount(kw) - sum(counted.get(bay, 0.0) for bay in members)]))
    return rooms


def confirm(told: Mapping[str, Told], measured: Mapping[str, float | None], now: float) -> dict[str, Told]:
    """A bay whose measured power has come down to its level may draw no more than that level from now on.

    Not before `SETTLES_S` after the write, because the reading may be older than the level; nor after a write
    without an answer, because the PLC may have taken it.
    """
    after = {}
    for bay, t in told.items():
        kw = measured.get(bay)
        down = kw is not None and isfinite(kw) and 0 <= kw <= t.level + REACHED_KW
        settled = t.sure and t.bound != t.level and now - t.at >= SETTLES_S
        after[bay] = replace(t, bound=t.level) if down and settled else t
    return after


def written(
    told: Mapping[str, Told], levels: Mapping[str, float], now: float, unconfirmed: Iterable[str] = ()
) -> dict[str, Told]:
    """What the chargers were told after these levels were written.

    Of a bay in `unconfirmed` (no answer to the write) nobody knows whether it follows the old level or the new:
    the higher one counts. A level is no order and may be written again at any time.
    """
    lost = frozenset(unconfirmed)
    after = dict(told)
    for bay, level in levels.items():
        before = told.get(bay, Told())
        bound = max(before.bound, before.level, level)
        if bay in lost:
            after[bay] = Told(before.level, bound, before.at, sure=False)
        elif not before.sure or level != before.level:
            after[bay] = Told(level, bound, now, sure=True)
    return after


def _amount(kw: float | None, unknown: float = 0.0) -> float:
    """kW from 0 to `MOST_KW`; what is no number is `unknown`."""
    if kw is None or kw != kw:
        return unknown
    return min(max(kw, 0.0), MOST_KW)
