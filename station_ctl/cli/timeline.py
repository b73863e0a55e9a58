"""A run drawn along its time: lines for a terminal, a picture for a report.

Knows how it looks. Does not know where the run comes from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape

from station_ctl.cli.run_history import RunHistory, Try

BAR = 32
"""Columns of the longest bar."""

RED = "#c0392b"
COLOURS = {"proven": "#2f7d4f", "stopped": RED, "withdrawn": "#8a8a8a", "under way": "#b8860b"}
ROW, LEFT, RIGHT, TOP = 18, 440, 560, 88
"""Measures of the picture in pixels: height of a row, widths of words and of bars, height of the head."""

SHORT, WIDE = 58, 138
"""Characters that fit beside the bars, and through the whole picture."""


def timeline_lines(run: RunHistory) -> Iterator[str]:
    """The run for a terminal: head, a line for each try of a step with its bar, then what happened."""
    yield from _head(run)
    yield ""
    yield f"step  {'lane':<8} {'ordered':<12} {'proven':<12} {'took s':>7}  {'':<{BAR}}  {'result':<9} what"
    for tried in run.tries:
        begin, end = _share(run, tried)
        first = min(int(begin * BAR), BAR - 1)
        bar = " " * first + "━" * max(1, round((end - begin) * BAR))
        ordered = f"{tried.ordered:%H:%M:%S.%f}"[:-3] if tried.ordered else ""
        proven = f"{tried.ended:%H:%M:%S.%f}"[:-3] if tried.ended and tried.result == "proven" else ""
        took = "" if tried.took_s is None else f"{tried.took_s:.1f}"
        yield (
            f"{tried.no:>4}  {tried.lane:<8} {ordered:<12} {proven:<12} {took:>7}  {bar[:BAR]:<{BAR}}  "
            f"{tried.result:<9} {tried.text}"
        )
    if run.happenings:
        yield ""
    for h in run.happenings:
        yield f"{h.at:%H:%M:%S.%f}"[:-3] + f"  {'first-out ' if h.first_out else ''}{h.what} {h.text}"


def _head(run: RunHistory) -> Iterator[str]:
    job = run.job
    yield f"{run.run_id}  {run.sequence}  {run.result}, {run.proven} of {len(run.steps)} steps proven"
    if job:
        yield f"vehicle {job['vehicle']} ({job['model']})"
        yield f"spent pack {job['spent']} to {job['spent_bay']}, charged pack {job['fresh']} from {job['fresh_bay']}"
        for e in run.also:
            yield f"spent pack {e.spent} to {e.spent_bay}, charged pack {e.fresh} from {e.fresh_bay}"
    span = (run.last - run.opened).total_seconds()
    rate = f"; the machine's clock ran {run.rate:.0f} times as fast" if run.rate > 1.5 else ""
    until = f"closed {run.closed:%H:%M:%S}" if run.closed else f"last heard of {run.last:%H:%M:%S}, not closed"
    yield f"opened {run.opened:%Y-%m-%d %H:%M:%S} UTC, {until}, {span:.1f} s{rate}"


def _share(run: RunHistory, tried: Try) -> tuple[float, float]:
    """Begin and end of a try as shares of the run's time."""
    return _share_of(run, run.began(tried)), _share_of(run, tried.ended or run.last)


def _share_of(run: RunHistory, at: datetime) -> float:
    return (at - run.opened).total_seconds() / ((run.last - run.opened).total_seconds() or 1.0)


def timeline_svg(run: RunHistory) -> str:
    """The run as a picture: one row a try, each first-out as a line through all of them."""
    causes = [h for h in run.happenings if h.first_out]
    bottom = TOP + ROW * len(run.tries)
    width, height = LEFT + RIGHT + 20, bottom + ROW * (len(causes) + 1)
    head = list(_head(run))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *(_words(20 + 16 * i, line) for i, line in enumerate(head)),
        *(_row(run, tried, TOP + ROW * i) for i, tried in enumerate(run.tries)),
    ]
    for i, cause in enumerate(causes):
        x = LEFT + RIGHT * _share_of(run, cause.at)
        line = f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="{RED}" stroke-dasharray="4 3"/>'
        parts += [line, _words(bottom + ROW * (i + 1), f"first-out {cause.what} {cause.text}"[:WIDE], RED)]
    return "\n".join([*parts, "</svg>", ""])


def _words(y: int, text: str, colour: str = "#222222") -> str:
    return f'<text x="10" y="{y}" fill="{colour}" xml:space="preserve">{escape(text)}</text>'


def _row(run: RunHistory, tried: Try, y: int) -> str:
    begin, end = _share(run, tried)
    took = f"{tried.took_s:.1f} s" if tried.took_s is not None else tried.result
    label = f"{tried.no:>4} {tried.lane:<8} {tried.text}"
    return _words(y + 13, label if len(label) <= SHORT else f"{label[: SHORT - 1]}…") + (
        f'<rect x="{LEFT + begin * RIGHT:.1f}" y="{y + 3}" width="{max(2.0, (end - begin) * RIGHT):.1f}" '
        f'height="{ROW - 6}" fill="{COLOURS[tried.result]}"><title>{escape(f"{tried.text}: {took}")}</title></rect>'
    )
