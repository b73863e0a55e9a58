"""The faults × steps campaign as figures: every case of tests/faults, judged by its own test.

Knows how to count. Does not know the cases; a case whose monitor saw an unsafe order fails with that in its words.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNSAFE = "violations"


def faults(long: bool = False) -> dict[str, int]:
    """Cases that were run, those that ended as expected, and those with an unsafe order."""
    with tempfile.TemporaryDirectory(prefix="station-faults-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "tests/faults", f"--junitxml={report}"]
        subprocess.run(
            [*command, *(["--long"] if long else [])], cwd=ROOT, stdout=subprocess.DEVNULL, check=False
        )
        cases = ElementTree.parse(report).getroot().findall(".//testcase")
    run = [case for case in cases if case.find("skipped") is None]
    wrong = [case for case in run if case.find("failure") is not None or case.find("error") is not None]
    unsafe = [case for case in wrong if UNSAFE in "".join(case.itertext())]
    return {"cases": len(run), "as_expected": len(run) - len(wrong), "unsafe_orders": len(unsafe)}
