"""Answers of the service as text: the words of the answer, and a table or page where there is one.

Knows how data look to a person. Does not know where they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from station_ctl.service.actions import Action

Lines = Iterator[str]


def shown(action: Action, answer: Mapping[str, Any]) -> Lines:
    """The lines of one answer."""
    data = answer["data"]
    page = PAGES.get(action.name)
    if page is not None and answer["decision"] != "planned only":
        yield from page(data)
        return
    if answer.get("text"):
        yield str(answer["text"])
    if "checks" in data and "steps" in data:
        yield from _plan(data, answer)
        return
    for value in data.values():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            yield from table(value)


def table(rows: list[dict[str, Any]]) -> Lines:
    """Rows as columns; what every row lacks is left out."""
    names = [n for n in rows[0] if any(row.get(n) not in (None, "", [], {}) for row in rows)]
    cells = [[_cell(row.get(name), name) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(names)]
    yield "  ".join(name.ljust(width) for name, width in zip(names, widths, strict=True)).rstrip()
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


TIMES = frozenset(("at", "began", "ended", "expires", "until", "raised_at"))
"""Columns that are seconds since 1970."""


def _cell(value: Any, name: str = "") -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and name in TIMES and value > 1e9:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return "; ".join(" ".join(f"{what} {one}" for what, one in part.items()) for part in value)
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _plan(data: Mapping[str, Any], answer: Mapping[str, Any]) -> Lines:
    met = sum(check["holds"] for check in data["checks"])
    failed = [check for check in data["checks"] if not check["holds"]]
    yield f"{answer['action']}: dry run, nothing moves"
    yield f"  preconditions: {met} met, {len(failed)} not met"
    yield from _checks(failed)
    if data["moves"]:
        yield f"  moves: {', '.join(data['moves'])}" + (f"   about {data['seconds']:g} s" if data["seconds"] else "")
    for number, step in enumerate(data["steps"], 1):
        yield f"  {number}. {step}"


def _checks(failed: Iterable[Mapping[str, Any]]) -> Lines:
    """What does not hold: needs, is, source, age; an effect names its cause."""
    for check in failed:
        mark = "✗" if check.get("known", True) else "?"
        causes = f"   ← {', '.join(check['causes'])}" if check.get("causes") else ""
        yield f"  {mark} {check['code']:<5} {check['text']}{causes}"
        if check.get("needed"):
            age = check.get("age_s")
            old = ", never read" if age is None else f", {age:.2f} s old" if age else ""
            where = f"   [{check['source']}{old}]" if check["source"] else ""
            yield f"          needs {check['needed']}; is {check['found']}{where}"
        elif check.get("found"):
            yield f"          {check['found']}"


def _status(data: Mapping[str, Any]) -> Lines:
    if len(data) == 1:
        yield from _part(data)
        return
    mark = "   SIMULATED" if data["simulated"] else ""
    yield f"● {data['code']} {data['name']}   station-ctl {data['software']}{mark}"
    yield f"    State: {data['state'].upper()} ({data['mode']}): {data['sentence'].partition(', ')[2]}"
    for run in data["runs"]:
        active = [s for s in run["steps"] if s["status"] not in ("waiting", "proven")]
        done = sum(s["status"] == "proven" for s in run["steps"])
        at = "; ".join(f"{s['no']} {s['text']} ({s['status']})" for s in active[:3]) or "between steps"
        who = f", vehicle {run['vehicle']}" if run["vehicle"] else ""
        yield f"      Run: {run['id']} {run['phase']}, {done}/{len(run['steps'])} steps: {at}{who}"
    for trip in data["trips"]:
        first = "FIRST-OUT " if trip["first_out"] else ""
        yield f"     Trip: {first}{trip['code']} {trip['text']}"
    full = sum(bay["present"] is True for bay in data["bays"])
    unknown = sum(bay["present"] is None for bay in data["bays"])
    yield f"     Bays: {len(data['bays'])}: {full} with a pack" + (f", {unknown} not known" if unknown else "")
    disabled = [bay["bay"] for bay in data["bays"] if bay["disabled_by"]]
    if disabled:
        yield f"           disabled: {', '.join(disabled)}"
    yield from _charging(data.get("charging"))
    queue = data["queue"]
    if queue["waiting"] or queue["closed"]:
        closed = f", closed: {queue['closed']}" if queue["closed"] else ""
        yield f"    Queue: {len(queue['waiting'])} waiting{closed}"
    down = {name: why for name, why in data["links"].items() if why != "ok"}
    yield f"    Links: {len(data['links']) - len(down)} ok" + "".join(f"; {n}: {why}" for n, why in down.items())
    yield from _levels(data)
    yield from _bypasses(data)
    if not data["journal_writable"]:
        yield "  Journal: NOT WRITABLE"
    yield f"  Control: {data['control'] or 'free'}"
    yield f"  Service: up {data['up_s']:.0f} s, config {data['config']} ({data['config_hash'][:12]})"


def _charging(data: Mapping[str, Any] | None) -> Lines:
    """Packs that are ready, power, and what is locked."""
    if not data:
        return
    site = data["site"]
    meter = "?" if site["meter_kw"] is None else f"{site['meter_kw']:.0f}"
    power = f"{meter} of {site['limit_kw']:g} kW ({site['limit_by']})" if "limit_kw" in site else f"{meter} kW"
    yield f"    Packs: {len(data['ready'])} ready; {data['next_ready_text']}"
    yield f"    Power: {power}, chargers {site['chargers_kw']:g} kW"
    for kind in ("hot", "quarantine"):
        for lock in data[kind]:
            yield f"   Locked: {kind} in {lock['bay']}: {lock['pack'] or 'unknown pack'}: {lock['why']}"


def _levels(data: Mapping[str, Any]) -> Lines:
    """What is not done because a PLC cannot tell all."""
    for role, cost in data["levels"].items():
        yield f"      PLC: {role} is of {cost}"


def _bypasses(data: Mapping[str, Any]) -> Lines:
    """What is weaker than it looks, who wanted it so, and for how long yet."""
    for b in data["bypasses"]:
        who = f"{b['reason']} ({b['by']}, {b['second']})"
        yield f"   Bypass: {b['text'].upper()} for {b['left_s'] / 60:.0f} min more: {who}"


def _part(data: Mapping[str, Any]) -> Lines:
    """One part of the station: a table, or a line for each name."""
    ((name, value),) = data.items()
    if isinstance(value, dict):
        yield from (f"{key}: {_cell(part)}" for key, part in value.items())
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from table(value)
    else:
        yield f"{name}: {_cell(value if value != [] else None)}"


def _why(data: Mapping[str, Any]) -> Lines:
    if "since" in data:
        yield from _why_then(data)
        return
    if data["over"]:
        yield f"{data['subject']} {data['over']}"
        return
    blocked = "blocked" if data["blocked"] else "not blocked"
    yield f"{data['subject']}: {blocked}; station {data['state']} in mode {data['mode']}"
    yield from (f"  {run}" for run in data["runs"])
    yield from _levels(data)
    yield from _bypasses(data)
    for trip in data["trips"]:
        first = "first-out  " if trip["first_out"] else "           "
        at = f" (run {trip['run']} step {trip['step']})" if trip["run"] else ""
        yield f"  {first}{trip['code']} {trip['text']}{at}"
        if trip["first_out"] and trip["remedy"]:
            yield f"             remedy: {trip['remedy']}"
    yield from _checks(_not_twice(check, data["trips"]) for check in data["checks"])
    yield f"  ✓ {data['met']} {'further ' if data['checks'] else ''}conditions are met, {data['unknown']} unknown"
    parts = ("Where things are now", "where", "·"), ("Do next", "do_next", ""), ("Do not", "do_not", "!")
    for title, name, mark in parts:
        if data[name]:
            yield ""
            yield title
        for number, line in enumerate(data[name], 1):
            yield f"  {mark or f'{number}.'} {line}"


def _not_twice(check: Mapping[str, Any], trips: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A check without what a trip above it has said already."""
    return {**check, "found": "see above"} if any(trip["text"] in check["found"] for trip in trips) else check


def _why_then(data: Mapping[str, Any]) -> Lines:
    yield f"{data['subject']} from {data['since']} to {data['until']}, newest first"
    for trip in data["tripped"]:
        first = "first-out " if trip["first_out"] else ""
        at = f" (run {trip['run']} step {trip['step']})" if trip["run"] else ""
        yield f"  {trip['at']}  tripped  {first}{trip['code']} {trip['text']}{at}"
    for row in data["refused"]:
        yield f"  {row['at']}  refused  {row['action']} ({row['state']}): {row['why']}"
    if not (data["tripped"] or data["refused"]):
        yield "  nothing was refused and nothing tripped"


def _recover(data: Mapping[str, Any]) -> Lines:
    for run in data["runs"]:
        vehicle = f", vehicle {run['vehicle']}" if run["vehicle"] else ""
        yield f"{run['id']} {run['text']}{vehicle}: stopped in {run['phase']}, last row {run['last_row']}"
        for step in run["steps"]:
            moves = f"   {'; '.join(step['moves'])}" if step["moves"] else ""
            yield f"  step {step['no']} {step['text']} (order {step['order']}){moves}"
            yield f"    journal says  {step['journal']}"
    for line in data["findings"]:
        yield f"    sensors say   {line}"
    yield "Where things are now"
    yield from (f"  · {line}" for line in data["where"])
    if data["ways"]:
        yield "Ways that lead on; each asks before anything moves"
        for number, way in enumerate(data["ways"], 1):
            yield f"  {number}. {way['way']}: {way['text']}"
            yield f"     {way['command']}"
    else:
        yield "No motion is offered. Look at the machine, then state what you see: station-ctl battery is-at PACK PLACE"
        yield f"  resume: {data['why_not_resume']}"
        yield from (f"  retreat {run}: {why}" for run, why in data["why_not_retreat"].items())
    for line in data["by_hand"]:
        yield f"  by hand: {line}"


def _alarms(data: Mapping[str, Any]) -> Lines:
    """A line for each alarm, and what it says; cause and remedy are for `alarm explain`."""
    for alarm in data["alarms"]:
        marks = "FIRST-OUT " if alarm.get("first_out") else ""
        yield f"{alarm['id']}  {alarm['priority']}  {alarm['state']}  {marks}{alarm['text']}"
        if alarm.get("detail"):
            yield f"    {alarm['detail']}"
        if alarm.get("consequence_of"):
            yield f"    ← {alarm['consequence_of']}"
        if alarm.get("put_aside_by"):
            yield f"    put aside by {alarm['put_aside_by']}: {alarm.get('put_aside_why', '')}"
    if not data["alarms"]:
        yield "no alarm stands"


def _alarm(data: Mapping[str, Any]) -> Lines:
    yield f"{data['id']} {data['text']} ({data['priority']}, {data['state']})"
    for name in ("detail", "cause", "consequence", "remedy", "consequence_of", "seen_by", "note"):
        if data.get(name):
            yield f"  {name.replace('_', ' '):<14} {data[name]}"


PAGES: Mapping[str, Callable[[Mapping[str, Any]], Lines]] = {
    "status": _status,
    "why": _why,
    "swap.recover": _recover,
    "alarm.list": _alarms,
    "alarm.explain": _alarm,
}
"""Actions whose answer has a page of its own."""
