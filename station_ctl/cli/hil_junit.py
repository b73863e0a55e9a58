"""The outcome of black-box suites as JUnit XML, the form that test servers read.

Knows the elements. Does not know what a case means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from station_ctl.cli.hil_case import Outcome, Verdict


def junit(outcomes: Sequence[Outcome], about: Mapping[str, str], at: str) -> str:
    """The document: one suite a name, in the order of the outcomes; `about` becomes properties of each."""
    root = ElementTree.Element("testsuites", _numbers(outcomes))
    for name in dict.fromkeys(outcome.case.suite for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.case.suite == name]
        suite = ElementTree.SubElement(root, "testsuite", {"name": name, **_numbers(own), "timestamp": at})
        properties = ElementTree.SubElement(suite, "properties")
        for key, value in about.items():
            ElementTree.SubElement(properties, "property", {"name": key, "value": value})
        for outcome in own:
            _case(suite, outcome)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ElementTree.Element, outcome: Outcome) -> None:
    case = outcome.case
    told = {"classname": f"{case.suite}.{case.target}", "name": case.name, "time": f"{outcome.seconds:.3f}"}
    element = ElementTree.SubElement(suite, "testcase", told)
    found = _printable(outcome.found)
    match outcome.verdict:
        case Verdict.FAILED:
            ElementTree.SubElement(element, "failure", {"message": found, "type": "Deviation"}).text = found
        case Verdict.SKIPPED:
            ElementTree.SubElement(element, "skipped", {"message": found})
        case Verdict.PASSED:
            ElementTree.SubElement(element, "system-out").text = found


def _numbers(outcomes: Sequence[Outcome]) -> dict[str, str]:
    count = {verdict: str(sum(outcome.verdict is verdict for outcome in outcomes)) for verdict in Verdict}
    return {
        "tests": str(len(outcomes)), "failures": count[Verdict.FAILED], "errors": "0",
        "skipped": count[Verdict.SKIPPED], "time": f"{sum(outcome.seconds for outcome in outcomes):.3f}",
    }  # fmt: skip


def _printable(text: str) -> str:
    """What a PLC says may hold characters that XML does not take."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "?" for sign in text)
