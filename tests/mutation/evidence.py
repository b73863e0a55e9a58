"""Figures of the mutation campaign, for `./station evidence`: a process of its own, because it forks.

Knows how to run it. Does not know what a mutant is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.mutation.scope import ROOT

SAMPLE = 24
"""Mutants at every push; the long form has all of them."""


def told(*arguments: str) -> dict[str, Any]:
    """What the campaign prints. Raises CalledProcessError with its words on stderr if it fails itself."""
    command = [sys.executable, "-m", "tests.mutation.campaign", *arguments]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def mutation(long: bool = False) -> dict[str, Any]:
    """Mutants killed of all, guards apart; `equivalent` are survivors with a reviewed reason, `unexplained` the others.

    The long form also tells each module apart.
    """
    found = told() if long else told("--sample", str(SAMPLE))
    sys.stderr.writelines(f"alive: {text}\n" for text in found.pop("survivors"))
    sys.stderr.writelines(
        f"killed, though explained: {text}\n" for text in found.pop("killed_though_explained")
    )
    if not long:
        del found["modules"]
    return found
