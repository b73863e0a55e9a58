"""The campaign of the catalogue as figures, and as a test reads it: in a process of its own, because it forks.

Knows how to run it and to count. Does not know the cases.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WIRE = ROOT / "hil_tests"
UNSAFE = "violations"


def campaign(*arguments: str) -> dict[str, Any]:
    """What the campaign prints. Raises CalledProcessError if it fails itself."""
    command = [sys.executable, "-m", "tests.faults.campaign", *arguments]
    ended = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def faults(long: bool = False) -> dict[str, Any]:
    """Cases, those that ended as expected, unsafe orders; by reaction class how many. `long` adds the wire's sample."""
    told = campaign(*(("--long",) if long else ()))
    found = {
        name: told[name] for name in ("cases", "as_expected", "unsafe_orders", "custody_errors", "no_way_out")
    }
    classes = Counter(json.loads(r["outcome"])["reaction"] for r in told["results"] if r["outcome"])
    for case in told["results"]:
        sys.stderr.writelines(f"{case['case']}: {text}\n" for text in case["wrong"])
    if long:
        wire = _on_the_wire()
        found = {name: found[name] + wire.get(name, 0) for name in found}
        found["on_the_wire"] = wire["cases"]
    return {**found, "by_class": dict(sorted(classes.items()))}


def _on_the_wire() -> dict[str, int]:
    """The sample on real sockets: tests of hil_tests whose name says that they are about faults."""
    files = sorted(str(path) for path in WIRE.glob("test_faults_*.py"))
    with tempfile.TemporaryDirectory(prefix="station-faults-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", *files, f"--junitxml={report}"]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        cases = ElementTree.parse(report).getroot().findall(".//testcase")
    run = [case for case in cases if case.find("skipped") is None]
    wrong = [case for case in run if case.find("failure") is not None or case.find("error") is not None]
    unsafe = sum(UNSAFE in "".join(case.itertext()) for case in wrong)
    return {"cases": len(run), "as_expected": len(run) - len(wrong), "unsafe_orders": unsafe}
