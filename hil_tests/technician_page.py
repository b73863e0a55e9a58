"""The page docs/how-to/technician.md, written by doing what it tells.

    python -m hil_tests.technician_page

Knows how a transcript reads. Does not know what is typed. What is cut from an answer is said where it is cut.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hil_tests import technician_story
from hil_tests.technician_stand import ROOT, Answer, Stand, stand

PAGE = Path("docs/how-to/technician.md")
SPEED = 20
ATTEMPTS = 6
STALLED = ("A201", "A202", "A108", "A701", "stands still", "(stale", "Jog stacker")
"""What nothing of this day brings about, but a PC that stands still for a third of a second."""

Chapter = Callable[[Stand], None]
LINES_MOST, WIDTH = 46, 160

VISITS = (
    (technician_story.undisturbed,), (technician_story.stuck_bolt,),
    (technician_story.held_by_hand, technician_story.killed), (technician_story.maintained,),
    (technician_story.jogged, technician_story.bypassed),
    (technician_story.racks,), (technician_story.alarms_and_audit,),
)  # fmt: skip
"""Chapters that follow from each other; each visit has machines and a service of its own, made ready alike."""

HEAD = """# A technician's day

<!-- Written by `python -m hil_tests.technician_page`, which types all of this. Not edited by hand. -->

Everything here was typed at the simulated station; only long answers are cut, and it says so where. At a real
station the commands are the same, without `sim …`. Each answer names the next command; `station-ctl help` lists
topics, and every command has `--help`. An exit code stands below an answer where it is not 0
(`station-ctl help exit-codes`).

In one window the machines, in a second one the service:

```console
$ station-ctl sim serve --speed 20
$ station-ctl run --station sim_passenger_car --set clock.process_rate=20 --new-journal
```

In a third one:
"""


def told(folder: Path) -> str:
    """Do it all; the page."""
    lines = [HEAD]
    for number, chapters in enumerate(VISITS):
        place = folder / f"visit-{number}"
        place.mkdir()
        at = day(place, (technician_story.start, *chapters))
        headings = [i for i, (_, answer) in enumerate(at.transcript) if answer is None]
        # How the station is made ready is told once.
        lines += _page(at.transcript[headings[1] if number else 0 :])
    return "\n".join(lines)


def day(folder: Path, chapters: Sequence[Chapter], then: Chapter = lambda at: None) -> Stand:
    """A day with these chapters, and `then` at its end; begun anew where this PC stood still, at most so many times."""
    for attempt in range(1, ATTEMPTS + 1):
        place = folder / str(attempt)
        place.mkdir()
        with stand(place, SPEED) as at:
            try:
                at.start_service(new=True)
                for chapter in (*chapters, then):
                    chapter(at)
            except AssertionError as error:
                sys.stderr.write(f"attempt {attempt}: {error}\n")
                if attempt == ATTEMPTS or not _stalled(at):
                    raise
            else:
                return at
    raise AssertionError("never here")


def _stalled(at: Stand) -> bool:
    """True if this PC stood still so long that the station tripped: then something else failed than what is shown."""
    told = at.ask("why").text + at.ask("alarm", "history").text
    return any(sign in told for sign in STALLED)


def _page(transcript: Sequence[tuple[str, Answer | None]]) -> Iterator[str]:
    open_ = False
    for line, answer in transcript:
        if answer is None:
            yield from ("```", "") if open_ else ()
            yield from (f"## {line}", "", "```console")
            open_ = True
            continue
        yield f"$ {line}"
        yield from _answer(answer)
    yield from ("```", "")


def _answer(answer: Answer) -> Iterator[str]:
    lines = [line.rstrip() for line in answer.text.replace(str(ROOT), "…").splitlines()]
    for line in lines[:LINES_MOST]:
        yield line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
    if len(lines) > LINES_MOST:
        yield f"[… {len(lines) - LINES_MOST} more lines]"
    if answer.exit:
        yield f"[exit {answer.exit}]"
    yield ""


def commands(page: str) -> list[str]:
    """The commands of a page, without what depends on the instant of the kill: ids, and whether a look is asked for."""
    return [re.sub(r"[SR]-\d{4}| --looked", "", line) for line in page.splitlines() if line.startswith("$ ")]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="day-") as folder:
        (ROOT / PAGE).write_text(told(Path(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
