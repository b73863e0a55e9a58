"""The catalogue is whole: every entry is injected somewhere, every case is right by its entry, the page says so."""

from __future__ import annotations

import ast
import json
from collections import Counter
from pathlib import Path

import pytest

from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.fault import Layer, Reaction
from hil_tests.faults.proofs import PROOFS
from tests.faults import page
from tests.faults.evidence import campaign
from tests.faults.strike import AT_ONCE, R0, Moment, Strike, always, sim
from tests.faults.strikes import STRIKES, in_the_sample
from tests.faults.struck_bench import STEPS

ROOT = Path(__file__).resolve().parents[2]
WIRE = (Layer.MODBUS_TCP, Layer.MODBUS_RTU, Layer.OPC_UA)
CASES = [(strike, no) for strike in STRIKES for no in strike.steps]


def _tests_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}


def test_every_list_of_the_catalogue_is_whole() -> None:
    numbers = Counter(code[0] for code in CATALOGUE)
    assert (numbers["P"], numbers["H"], numbers["F"]) == (44, 25, 37)
    for letter in "PHF":
        found = sorted(int(code[1:]) for code in CATALOGUE if code[0] == letter)
        assert found == list(range(1, len(found) + 1)), letter


@pytest.mark.parametrize("code", [c for c, f in CATALOGUE.items() if f.layer not in WIRE])
def test_every_fault_is_injected_somewhere_or_says_why_not(code: str) -> None:
    struck = any(code in strike.codes for strike in STRIKES)
    if CATALOGUE[code].not_here:
        assert not struck and code not in PROOFS and CATALOGUE[code].expected == ()
    else:
        assert struck or PROOFS.get(code), f"nobody injects {code} {CATALOGUE[code].text}"


def test_every_proof_is_a_test_that_exists() -> None:
    assert set(PROOFS) <= set(CATALOGUE)
    named = [proof.partition("::") for proofs in PROOFS.values() for proof in proofs]
    missing = [f"{file}::{name}" for file, _, name in named if name not in _tests_in(file)]
    assert missing == []


def test_there_are_enough_cases_and_none_twice() -> None:
    names = Counter(strike.case(no) for strike, no in CASES)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(names) >= 900
    assert all(
        code in CATALOGUE and not CATALOGUE[code].not_here for strike in STRIKES for code in strike.codes
    )
    assert all(set(strike.steps) <= set(STEPS) for strike in STRIKES)


def test_the_sample_has_every_fault_and_every_step() -> None:
    sample = [(strike, no) for strike, no in CASES if in_the_sample(strike, no)]
    assert {strike.name for strike, _ in sample} == {strike.name for strike in STRIKES}
    assert {no for _, no in sample} == set(STEPS)
    assert len(sample) < 200


def test_the_sample_ends_as_expected() -> None:
    told = campaign()
    assert [f"{r['case']}: {text}" for r in told["results"] for text in r["wrong"]] == []
    assert told["cases"] == told["planned"] == sum(in_the_sample(*case) for case in CASES)
    assert (told["unsafe_orders"], told["custody_errors"], told["no_way_out"]) == (0, 0, 0)


def test_where_no_order_leads_on_a_person_is_told_what_to_do_at_the_machine_and_it_leads_on() -> None:
    """A drive to be reset at its panel, a robot beside the place where it set its pack down, a table up beside its."""
    told = campaign(
        "--to-the-end", "--only", "P11 drive stops half-way @ 80", "P11 drive stops half-way @ 140",
        "P10 drive overshoots @ 100", "P10 drive overshoots @ 110",
    )  # fmt: skip
    assert [f"{r['case']}: {text}" for r in told["results"] for text in r["wrong"]] == []
    gone = {result["case"].partition(" ")[0] + result["case"][-4:]: result["gone"] for result in told["results"]}
    look = "resume after a look"
    assert (gone["P11@ 80"], gone["P11 140"]) == ([look], ["resume"])
    # Whether the PLC still said done before it was stopped is a matter of a scan.
    assert gone["P10 100"] in ([look], ["attended", "resume"])
    assert gone["P10 110"] == [look, look, "attended", look]


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_case_ends_as_expected_and_every_way_out_leads_out() -> None:
    told = campaign("--long", "--to-the-end")
    assert [f"{r['case']}: {text}" for r in told["results"] for text in r["wrong"]] == []
    assert told["cases"] == told["planned"] == len(CASES)


def test_the_campaign_would_notice() -> None:
    """Wrong expectations, and a station that goes on, are found out."""
    told = campaign("--only", "P35 emergency stop @ 80", "--sabotage", "expects-nothing")
    assert [bool(r["wrong"]) for r in told["results"]] == [True]
    told = campaign("--only", "P35 emergency stop @ 80", "--sabotage", "deaf")
    (result,) = told["results"]
    assert any(text.startswith("unsafe") or "expected R3" in text for text in result["wrong"]), result[
        "wrong"
    ]


# ---- the page ----------------------------------------------------------------------------------------------


def test_the_page_is_up_to_date() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "run python -m tests.faults.page --write"


def test_the_long_run_that_is_kept_is_of_this_catalogue() -> None:
    """Whoever adds a fault runs the long form again."""
    run = page.kept()
    assert set(run["seen"]) == {code for strike in STRIKES for code in strike.codes}
    assert run["cases"] == run["as_expected"] == len(CASES)
    assert (run["unsafe_orders"], run["custody_errors"]) == (0, 0)


@pytest.mark.parametrize("code", sorted({code for strike in STRIKES for code in strike.codes}))
def test_every_reaction_that_was_seen_is_one_that_the_entry_allows(code: str) -> None:
    allowed = {reaction.value for reaction in CATALOGUE[code].expected}
    assert set(page.kept()["seen"][code]) <= allowed


def test_a_run_with_an_error_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "KEPT", tmp_path / "kept.json")
    outcome = json.dumps({"reaction": Reaction.ABORT.value})
    whole = [
        {"case": strike.case(no), "codes": list(strike.codes), "outcome": outcome, "wrong": [], "unsafe": 0}
        for strike, no in CASES
    ]
    def report(at: str, *results: dict[str, object], to_the_end: bool = True) -> dict[str, object]:
        return {"at": at, "to_the_end": to_the_end, "results": list(results)}

    with pytest.raises(ValueError, match="missing"):
        page.keep(report("2026-01-01", *whole[:-1]))
    with pytest.raises(ValueError, match="did not end as expected"):
        page.keep(report("2026-01-01", *whole[:-1], {**whole[-1], "wrong": ["unsafe"]}))
    page.keep(report("2026-01-01", *whole))
    assert page.kept()["to_the_end"] and "gone to its end" in page.page()
    page.keep(report("2026-01-01", *whole[1:]), report("2026-01-02", *whole[:1], to_the_end=False))
    assert not page.kept()["to_the_end"] and "did not go it to its end" in page.page()
    assert (page.kept()["at"], page.kept()["cases"]) == ("2026-01-02", len(CASES))
    assert page.kept()["seen"]["P35"] == {"R3": len(STEPS)}


def test_a_strike_says_what_it_foresees() -> None:
    strike = Strike(("P35",), "x", *sim("e-stop"), always(R0), (80,), AT_ONCE)
    assert strike.foresees(Moment(80, frozenset({80}), frozenset())).reactions == (R0,)
