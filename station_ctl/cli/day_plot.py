"""The course of days, drawn: bars in the terminal, and an SVG of packs ready and power.

Knows quarter hours. Does not know colours of a terminal, nor any library for drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

BARS = " ▁▂▃▄▅▆▇█"
WIDTH, HEIGHT, LEFT, TOP = 960, 150, 60, 40
QUARTERS = 96


def bars(values: Sequence[float], most: float | None = None, width: int = QUARTERS // 2) -> str:
    """Values as a line of bars, at most `width` of them: each stands for the lowest of its part."""
    if not values:
        return ""
    part = max(1, -(-len(values) // width))
    lows = [min(values[k : k + part]) for k in range(0, len(values), part)]
    top = most if most else max(lows) or 1.0
    return "".join(BARS[min(8, max(0, round(8 * low / top)))] for low in lows)


def mean_course(days: Sequence[dict[str, Any]], key: str) -> list[float]:
    """The mean of several days, quarter by quarter."""
    longest = max((len(day[key]) for day in days), default=0)
    quarters = ([day[key][k] for day in days if k < len(day[key])] for k in range(longest))
    return [sum(values) / len(values) for values in quarters]


def svg(days: Sequence[dict[str, Any]], title: str, site_limit_kw: float) -> str:
    """An SVG of the mean day: packs ready, and the site's power under its limit."""
    ready, power = mean_course(days, "ready"), mean_course(days, "power_kw")
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{2 * HEIGHT + 3 * TOP}" '
        f'viewBox="0 0 {WIDTH} {2 * HEIGHT + 3 * TOP}" font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="#fff"/><text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
        *_chart(ready, max([*ready, 1.0]), TOP, "packs ready", "#2a7"),
        *_chart(power, max([*power, site_limit_kw]), 2 * TOP + HEIGHT, "kW from the grid", "#27a", site_limit_kw),
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def _chart(
    values: Sequence[float], most: float, top: float, name: str, colour: str, limit: float | None = None
) -> list[str]:
    wide = (WIDTH - LEFT - 20) / QUARTERS
    drawn = [
        f'<text x="{LEFT}" y="{top - 6}">{name}</text><text x="8" y="{top + 10}">{most:.0f}</text>',
        f'<text x="8" y="{top + HEIGHT}">0</text>',
    ]
    for k, value in enumerate(values):
        high = HEIGHT * value / most
        x, y = LEFT + k * wide, top + HEIGHT - high
        drawn.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" fill="{colour}"/>')
    if limit is not None:
        y = top + HEIGHT * (1 - limit / most)
        drawn.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#c22"/>')
    for hour in range(0, 25, 3):
        drawn.append(f'<text x="{LEFT + hour * 4 * wide:.1f}" y="{top + HEIGHT + 14}">{hour:02d}</text>')
    return drawn
