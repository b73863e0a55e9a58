"""The trends that a station file chooses: each a tag that a link reads as one number.

Knows the rule. Does not know how trends are kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from station_ctl.config.checks import Sketch
from station_ctl.config.io_lists import IoFile
from station_ctl.core.points import Access, BaseType


def check_trends(sketch: Sketch, lists: Mapping[str, IoFile]) -> None:
    """Every chosen tag is there, is read, is one number, and stands once; findings go to the document."""
    names = sketch.value("trends")
    for i, name in enumerate(names if isinstance(names, list) else ()):
        if not isinstance(name, str) or "." not in name:
            continue  # told already: it names no tag
        if why := "stands there already" if name in names[:i] else _why_not(name, sketch, lists):
            sketch.document.report(("trends", i), why, got=name)


def _why_not(name: str, sketch: Sketch, lists: Mapping[str, IoFile]) -> str:
    link, _, tag = name.partition(".")
    if link not in sketch.links:
        return f"there is no link of that name: {', '.join(sorted(sketch.links))}"
    if link not in lists:
        return "a trend needs a number, this link has no I/O list"
    point = lists[link].points.get(tag)
    if point is None:
        return f"{lists[link].file} has no such tag" if lists[link].has_rows else ""
    if point.access is not Access.READ:
        return "a trend needs a tag that is read, this one is written"
    if point.type.base is BaseType.STR or point.type.count != 1:
        return f"a trend needs one number, this tag is {point.type}"
    return ""
