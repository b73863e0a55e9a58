"""`./station evidence`: run the short (or long) forms and print the evidence table.

Knows which campaign gives which figures and what each must reach. Does not know how they work.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Campaign:
    """One part of the evidence: where its function is, and when its figures are good."""

    name: str
    module: str
    function: str
    good: Callable[[Figures], bool]


CAMPAIGNS = (
    Campaign(
        "explorer",
        "tests.explore.evidence",
        "explorer",
        lambda f: f["violations"] == 0 and f["l1_percent"] == 100,
    ),
    Campaign("mutants", "tests.explore.evidence", "mutants", lambda f: f["killed"] == f["total"] >= 20),
    Campaign("guards", "tests.explore.evidence", "guards", lambda f: f["proved"] == f["total"] > 0),
    Campaign(
        "crash",
        "tests.crash.evidence",
        "crash",
        lambda f: not any(f[n] for n in ("lost", "repeated", "custody_errors", "violations", "stuck")),
    ),
    Campaign(
        "power_cut",
        "tests.crash.evidence",
        "power_cut",
        lambda f: f["corrupt"] == f["lost"] == 0 and f["controls_caught"] == 2,
    ),
    Campaign(
        "faults",
        "tests.faults.evidence",
        "faults",
        lambda f: f["cases"] == f["as_expected"] > 0 and f["unsafe_orders"] == 0,
    ),
    Campaign(
        "fuzz", "tests.fuzz.evidence", "fuzz", lambda f: f["uncaught"] == f["wrong_accepts"] == 0 < f["frames"]
    ),
    Campaign(
        "soak", "tests.soak.evidence", "soak", lambda f: f["violations"] == f["custody_errors"] == 0 < f["swaps"]
    ),
)


def main(argv: list[str] | None = None) -> int:
    """Run every campaign; exit 0 only if all of them are good."""
    parser = argparse.ArgumentParser(prog="./station evidence", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of the table")
    parser.add_argument("--long", action="store_true", help="the long forms (hours)")
    parser.add_argument("only", nargs="*", metavar="CAMPAIGN", help="only these")
    arguments = parser.parse_args(argv)
    chosen = [c for c in CAMPAIGNS if not arguments.only or c.name in arguments.only]
    data: dict[str, Figures] = {}
    good = True
    for campaign in chosen:
        began = time.monotonic()
        figures = getattr(importlib.import_module(campaign.module), campaign.function)(long=arguments.long)
        data[campaign.name] = figures
        good = good and campaign.good(figures)
        if not arguments.json:
            verdict = "ok " if campaign.good(figures) else "BAD"
            shown = ", ".join(f"{key} {value}" for key, value in figures.items())
            print(f"{verdict} {campaign.name:<10} {shown}  ({time.monotonic() - began:.0f} s)", flush=True)
    if arguments.json:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        document = {"schema": "station.evidence/1", "ok": good, "simulated": True, "at": at, "data": data}
        print(json.dumps(document))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
