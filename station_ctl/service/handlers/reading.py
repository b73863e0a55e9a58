"""Readings as they are known now: points, devices, interlocks, trends, clocks, and the journal's rows."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from station_ctl.core.errors import NotFound
from station_ctl.core.points import Point
from station_ctl.core.signals import Image, Reading
from station_ctl.service import checks
from station_ctl.service.actions import Nothing
from station_ctl.service.calls import Result
from station_ctl.service.catalogue.reading import (
    DeviceWanted,
    InterlockWanted,
    LogWanted,
    Pattern,
    PointWanted,
    TrendWanted,
)
from station_ctl.service.desk import Call
from station_ctl.service.duty import Duty


def _age(seconds: float) -> float | None:
    return round(seconds, 3) if math.isfinite(seconds) else None


def _shown(link: str, tag: str, reading: Reading) -> dict[str, Any]:
    return {
        "point": f"{link}.{tag}", "value": reading.value, "quality": str(reading.quality), "age_s": _age(reading.age),
        "why": reading.why,
    }  # fmt: skip


def _read(image: Image, link: str, tag: str, point: Point) -> Reading:
    # How old is too old is a matter of whoever needs the value; here it is shown beside it.
    return image.reading(link, point.scan, tag, math.inf)


async def list_points(duty: Duty, params: Pattern, call: Call) -> Result:
    """Every point whose name has the pattern in it."""
    wanted, image = params.pattern.lower(), duty.image
    rows = [
        _shown(name, tag, _read(image, name, tag, point))
        for name, link in duty.engine.links.items()
        for tag, point in link.io.items()
        if wanted in f"{name}.{tag}".lower()
    ]
    return Result({"points": rows}, f"{len(rows)} points")


async def read_point(duty: Duty, params: PointWanted, call: Call) -> Result:
    """One point. Raises NotFound."""
    name, _, tag = params.point.partition(".")
    link = duty.engine.links.get(name)
    if link is None or tag not in link.io:
        near = ", ".join(duty.engine.links) if link is None else f"io list {name}."
        raise NotFound(f"no point {params.point!r}; see: {near}")
    reading = _read(duty.image, name, tag, link.io[tag])
    said = {k: v for k, v in asdict(link.io[tag]).items() if v not in (None, "", ())}
    data = {**_shown(name, tag, reading), "list": {key: str(value) for key, value in said.items()}}
    return Result(data, f"{params.point} = {reading}")


async def list_devices(duty: Duty, params: Nothing, call: Call) -> Result:
    """Every device with its link."""
    image = duty.image
    rows = []
    for role, driver in duty.about.roles.items():
        channel = duty.engine.facts.channels.get(role)
        link = channel.link if channel is not None else role if role in duty.engine.links else ""
        fault = image.link_fault(link) if link else None
        rows.append({"device": role, "driver": driver, "link": link, "state": fault or "ok"})
    return Result({"devices": rows}, f"{len(rows)} devices")


async def show_device(duty: Duty, params: DeviceWanted, call: Call) -> Result:
    """One device: what its order channel says. Raises NotFound."""
    if params.device not in duty.about.roles:
        raise NotFound(f"no device {params.device!r}; there are {', '.join(duty.about.roles)}")
    channel = duty.engine.facts.channels.get(params.device)
    data: dict[str, Any] = {"device": params.device, "driver": duty.about.roles[params.device]}
    if channel is not None:
        signals = (channel.epoch, channel.ack_id, channel.done_id, channel.state, channel.result, channel.uptime_ms)
        data["link"] = channel.link
        data["level"] = str(channel.level)
        data["level_costs"] = channel.attended
        data["channel"] = [_shown(s.link, s.tag, s.read(duty.image)) for s in signals if s is not None]
    return Result(data, f"{params.device}: {data['driver']}")


async def interlocks(duty: Duty, params: InterlockWanted, call: Call) -> Result:
    """The station's own interlocks on what is known now; those of steps are shown by `why` and by dry runs."""
    facts = duty.engine.facts
    rows = {i.code: i for i in (*facts.safe, *(k.interlock for k in facts.always))}
    for run in duty.engine.state.runs:
        for step, st in run.pairs():
            if st.active:
                rows |= {k.interlock.code: k.interlock for k in step.interlocks}
    if params.interlock and params.interlock not in rows:
        raise NotFound(f"interlock {params.interlock} is not watched now; watched are {', '.join(sorted(rows))}")
    wanted = [row for code, row in sorted(rows.items()) if params.interlock in ("", code)]
    found = list(checks.of_interlocks(wanted, duty.image))
    shown = [{**asdict(check), "age_s": _age(check.age_s)} for check in found]
    lost = [check.code for check in found if not check.holds]
    return Result({"interlocks": shown}, f"{', '.join(lost)} not met" if lost else f"all {len(wanted)} are met")


async def list_trends(duty: Duty, params: Nothing, call: Call) -> Result:
    """What is sampled."""
    tags = duty.watch_room.trends.tags
    return Result({"tags": list(tags)}, f"{len(tags)} tags")


async def trend(duty: Duty, params: TrendWanted, call: Call) -> Result:
    """The trend of a tag: least, mean and most of each span. Raises NotFound."""
    found = await duty.watch_room.trends.query(params.tag, duty.wall() - params.since, points=params.points)
    data = {"tag": params.tag, "points": [asdict(point) for point in found]}
    return Result(data, f"{params.tag}: {len(found)} points")


async def clock(duty: Duty, params: Nothing, call: Call) -> Result:
    """This PC's clocks, and how long each PLC has run by its own."""
    image = duty.image
    channels = duty.engine.facts.channels.values()
    up = {c.link: c.uptime_ms.read(image) for c in channels if c.uptime_ms is not None}
    now = datetime.fromtimestamp(duty.wall(), UTC)
    data = {
        "utc": now.isoformat(timespec="milliseconds"), "monotonic_s": round(duty.mono(), 3),
        "process_s": round(duty.engine.clock.process(), 3),
        "plc_uptime_s": {n: r.value / 1000 if r.good and isinstance(r.value, int) else None for n, r in up.items()},
    }  # fmt: skip
    return Result(data, f"{data['utc']}; limits are measured on the monotonic clock, see: station-ctl doctor")


async def log_rows(duty: Duty, params: LogWanted, call: Call) -> Result:
    """Rows of the journal, newest last."""
    kinds = (params.kind,) if params.kind else ()
    earliest = datetime.fromtimestamp(max(0.0, duty.wall() - params.since), UTC).isoformat(timespec="milliseconds")
    rows = await duty.journal.ask(lambda journal: journal.newest(params.most, kinds, run=params.swap, but="person"))
    shown = [
        {"seq": r.seq, "at": r.at, "kind": r.kind, "run": r.run, "step": r.step or None, "order": r.order or None,
         "data": r.data}
        for r in rows
        if r.seq > params.after and r.at >= earliest and params.device in ("", r.data.get("device"))
    ]
    return Result({"rows": shown}, f"{len(shown)} rows")
