"""`./station evidence [--json] [--long] [CAMPAIGN …]`: run the short or long forms and print the evidence table.

Knows the form of the evidence and where that of long runs is kept. Does not know what a campaign does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.__main__ import RESULTS, machine
from tests.evidence.campaigns import CAMPAIGNS, Campaign, Figures
from tests.evidence.running import one, run_all

BY_NAME = {campaign.name: campaign for campaign in CAMPAIGNS}

LONGEST_FIRST = ("faults", "explorer", "crash", "mutation", "mutants", "soak", "power_cut", "fuzz", "guards")
"""So that no core waits for the other at the end."""


def line(campaign: Campaign, figures: Figures) -> str:
    """One campaign as one line; what is wrong with it as lines below."""
    why = campaign.why_bad(figures)
    shown = [f"{name} {_short(figures[name])}" for name in campaign.owes if name in figures and name != "seconds"]
    if figures.get("states") and figures.get("seconds"):
        shown.append(f"{figures['states'] / figures['seconds']:,.0f} states/s")
    more = {n: v for n, v in figures.items() if n not in (*campaign.owes, "took_s") and isinstance(v, int | float)}
    shown += [f"{name} {_short(value)}" for name, value in more.items()]
    text = f"{'BAD' if why else 'ok '} {campaign.name:<10} {', '.join(shown)}  ({figures.get('took_s', 0):.0f} s)"
    # Counter-examples are what a campaign says beside its figures.
    return "\n    ".join((text, *filter(None, (why, *str(figures.get("said", "")).splitlines())))) if why else text


def _short(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def document(data: dict[str, Figures], *, long: bool, complete: bool) -> dict[str, Any]:
    """The evidence as one JSON document; `ok` only if every campaign that was asked for ended well."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    good = complete and all(not BY_NAME[name].why_bad(figures) for name, figures in data.items())
    return {
        "schema": "station.evidence/1", "ok": good, "simulated": True, "at": at,
        "form": "long" if long else "short", "complete": complete, "data": data,
    }  # fmt: skip


def keep(data: dict[str, Figures], took: float, *, complete: bool, results: Path = RESULTS) -> Path:
    """Write the evidence of a long run, with its date and versions, to benchmarks/results/<date>-evidence.json.

    Campaigns that were not run this time stay as they were on the same day; it is complete once it has all of them.
    """
    path = results / f"{datetime.now(UTC):%Y-%m-%d}-evidence.json"
    before: dict[str, Figures] = json.loads(path.read_text(encoding="utf-8"))["data"] if path.exists() else {}
    at = machine()
    # Each campaign with the commit that it was run on: those of one day are not of one release.
    known = {**before, **{name: {**figures, "commit": at["commit"]} for name, figures in data.items()}}
    record = document(known, long=True, complete=complete and set(known) >= set(BY_NAME))
    record = {**record, "took_s": round(took, 1), "machine": at}
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def main(argv: list[str] | None = None) -> int:
    """0 only if every campaign ran to its end and is good, 1 if not, 130 interrupted."""
    parser = argparse.ArgumentParser(prog="./station evidence", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    parser.add_argument("--long", action="store_true", help="the long forms (hours); their figures are kept")
    parser.add_argument("--one", choices=BY_NAME, help=argparse.SUPPRESS)
    parser.add_argument("only", nargs="*", metavar="CAMPAIGN", help=f"only these of {', '.join(BY_NAME)}")
    arguments = parser.parse_args(argv)
    if arguments.one:
        print(json.dumps(BY_NAME[arguments.one].figures(long=arguments.long)))
        return 0
    if unknown := sorted(set(arguments.only) - set(BY_NAME)):
        parser.error(f"no campaign {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    return _run(arguments.only or list(BY_NAME), long=arguments.long, as_json=arguments.json)


def _run(names: list[str], *, long: bool, as_json: bool) -> int:
    began, found = time.monotonic(), dict[str, Figures]()

    def told(name: str, figures: Figures) -> None:
        if not BY_NAME[name].why_bad(figures):
            figures.pop("said", None)
        found[name] = figures
        print(line(BY_NAME[name], figures), file=sys.stderr if as_json else sys.stdout, flush=True)
        if long:
            keep(found, time.monotonic() - began, complete=len(found) == len(names))

    order = [name for name in (*LONGEST_FIRST, *BY_NAME) if name in names]
    complete = run_all({name: one(name, long=long) for name in order}, min(2, os.cpu_count() or 1), told)
    data = {name: found[name] for name in BY_NAME if name in found}
    told_all = document(data, long=long, complete=complete)
    if as_json:
        print(json.dumps(told_all))
    else:
        word = "all good" if told_all["ok"] else "NOT good" if complete else "INTERRUPTED"
        print(f"{word}; {len(data)} campaigns in {time.monotonic() - began:.0f} s")
    return 0 if told_all["ok"] else 1 if complete else 130


if __name__ == "__main__":
    sys.exit(main())
