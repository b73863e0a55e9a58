"""The campaigns: where each is, which figures it owes, and when they are good.

Does not know how a campaign works or how long it takes.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Campaign:
    """One part of the evidence: where its function is, the figures that it owes, and when these are good."""

    name: str
    module: str
    function: str
    owes: tuple[str, ...]
    good: Callable[[Figures], bool]

    def figures(self, *, long: bool) -> Figures:
        """Run it here, in its short or long form; one that has only one form runs in that."""
        function = getattr(importlib.import_module(self.module), self.function)
        forms = {"long": long} if "long" in inspect.signature(function).parameters else {}
        found: Figures = function(**forms)
        return found

    def why_bad(self, figures: Figures) -> str:
        """Why these figures prove nothing, or not what they should; empty if all is well."""
        if "failed" in figures:
            return str(figures["failed"])
        if missing := [name for name in self.owes if name not in figures]:
            return f"no figure for {', '.join(missing)}"
        return "" if self.good(figures) else str(figures.get("skipped", "not as it must be"))


CAMPAIGNS = (
    Campaign(
        "explorer", "tests.explore.evidence", "explorer",
        ("states", "transitions", "faults", "violations", "l1_percent", "seconds"),
        lambda f: f["states"] > 0 and f["violations"] == 0 and f["l1_percent"] == 100,
    ),
    Campaign(
        "mutants", "tests.explore.evidence", "mutants", ("killed", "total"),
        lambda f: f["killed"] == f["total"] >= 20,
    ),
    Campaign(
        "mutation", "tests.mutation.evidence", "mutation",
        ("killed", "total", "equivalent", "guards_killed", "guards_total", "guards_equivalent"),
        # Whoever is neither killed nor explained spoils it, and explaining has its limit.
        lambda f: f["killed"] + f["equivalent"] == f["total"] and f["killed"] >= 0.9 * f["total"] > 0
        and f["guards_killed"] + f["guards_equivalent"] == f["guards_total"] > 0,
    ),
    Campaign(
        "guards", "tests.explore.evidence", "guards", ("proved", "total"), lambda f: f["proved"] == f["total"] > 0
    ),
    Campaign(
        "crash", "tests.crash.evidence", "crash", ("points", "pairs", "lost", "repeated", "custody_errors"),
        lambda f: f["points"] > 0 and f["pairs"] > 0
        and not any(f[n] for n in ("lost", "repeated", "custody_errors", "violations", "stuck")),
    ),
    Campaign(
        "power_cut", "tests.crash.evidence", "power_cut", ("images", "corrupt", "lost", "controls_caught"),
        lambda f: f["images"] > 0 and f["corrupt"] == f["lost"] == 0 and f["controls_caught"] == 2,
    ),
    Campaign(
        "faults", "tests.faults.evidence", "faults", ("cases", "as_expected", "unsafe_orders"),
        lambda f: f["cases"] == f["as_expected"] > 0 and f["unsafe_orders"] == 0,
    ),
    Campaign(
        "fuzz", "tests.fuzz.evidence", "fuzz", ("frames", "uncaught", "wrong_accepts"),
        lambda f: f["uncaught"] == f["wrong_accepts"] == 0 < f["frames"],
    ),
    Campaign(
        "soak", "tests.soak.evidence", "soak", ("swaps", "violations", "custody_errors"),
        lambda f: f["violations"] == f["custody_errors"] == f.get("stuck", 0) == 0 < f["swaps"],
    ),
)  # fmt: skip
