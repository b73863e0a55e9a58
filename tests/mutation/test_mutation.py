"""The campaign itself is tested: it plants the defects it says, notices a survivor, and explains only what exists."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutation import explained, nursery
from tests.mutation.campaign import Verdict, figures, sample
from tests.mutation.evidence import SAMPLE, told
from tests.mutation.explained import Explanation, explanations
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.operators import changes
from tests.mutation.scope import INTERLOCKS, files

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def all_mutants() -> list[Mutant]:
    return [m for path in files() for m in mutants_of(path)]


def changed(code: str, returns: str = "") -> set[str]:
    """Every change of every node of a piece of code."""

    def each() -> Iterator[str]:
        for node in ast.walk(
            ast.parse(code) if code.startswith("return") else ast.parse(code, mode="eval").body
        ):
            for _, new in changes(node, returns):
                assert new is not None
                yield ast.unparse(ast.fix_missing_locations(new))

    return set(each())


@pytest.mark.parametrize(
    ("code", "defects"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a is not b", {"a is b"}),
        ("a in b", {"a not in b"}),
        ("a and b", {"a or b", "a", "b"}),
        ("not a", {"a"}),
        ("a - b", {"a + b"}),
        ("a & b & c", {"a & b | c", "a & b", "a | b", "a", "b"}),
        ("x if a else y", {"x if not a else y"}),
        ("f(a, key=b)", {"f(a)"}),
        ("s.is_on()", {"s.is_off"}),
        ("s.at_most(x)", {"s.at_least"}),
        ("any(x)", {"all"}),
        ("'X  -'", set()),
        ("'A501'", {"'A501!'"}),
        ("7", {"8"}),
        ("True", {"False"}),
        ("OnLoss.HOLD", {"OnLoss.ABORT"}),
    ],
)
def test_an_operator_makes_these_defects(code: str, defects: set[str]) -> None:
    assert changed(code) == defects


def test_each_cell_of_the_interlock_table_becomes_softer_and_harder() -> None:
    assert changed("'S  H  X  -'") == {
        "'H  H  X  -'", "'S  X  X  -'", "'S  S  X  -'", "'S  H  -  -'", "'S  H  H  -'", "'S  H  X  X'",
    }  # fmt: skip


def test_a_function_gives_back_something_else_of_its_kind() -> None:
    assert changed("return a", "bool") == {"return True", "return False"}
    assert changed("return a", "str") == {"return ''"}
    assert changed("return a", "tuple[int, ...]") == {"return ()"}


def test_a_key_names_one_mutant_of_one_line(all_mutants: list[Mutant]) -> None:
    assert len({m.key for m in all_mutants}) == len(all_mutants) > 3500
    assert sum(m.guard for m in all_mutants) > 2000
    for table in ("sequences/interlocks.py", "sequences/truck_interlocks.py"):
        cells = [m for m in all_mutants if m.operator == "cell" and m.path == table]
        assert len(cells) > 300, f"{table} is mutated cell by cell"


def test_a_mutant_is_its_file_with_one_change(all_mutants: list[Mutant]) -> None:
    for mutant in all_mutants[::97]:
        before = ast.dump(mutant.source)
        tree = mutant.tree()
        compile(tree, mutant.path, "exec")
        assert ast.dump(tree) != before, mutant.key
        assert ast.dump(mutant.source) == before, "the source stays"


# ---- the forks ----
def test_a_fork_that_computes_or_waits_for_ever_is_lost_and_a_slow_one_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A busy machine kills no mutant: CPU time counts, and waiting is counted from test to test."""
    witness = nursery._Witness()

    def computes() -> None:
        witness.pytest_runtest_logstart()
        while True:
            pass

    def waits() -> None:
        witness.pytest_runtest_logstart()
        signal.pause()

    def breaks() -> None:
        raise RuntimeError("a defect in the campaign")

    def many() -> str:
        for _ in range(100):
            witness.pytest_runtest_logstart()
        return "all"

    monkeypatch.setattr(nursery, "CPU_S", 0.1)
    assert nursery.in_a_fork(computes) == ("lost", "computes for ever")
    assert nursery.in_a_fork(breaks) == ("lost", "fell over")
    assert nursery.in_a_fork(many) == ("done", "all")
    monkeypatch.setattr(nursery, "WALL_S", 0.2)
    assert nursery.in_a_fork(waits) == ("lost", "waits for ever")


# ---- the reviewed survivors ----
def test_only_mutants_that_exist_are_explained(all_mutants: list[Mutant]) -> None:
    gone = explanations().keys() - {m.key for m in all_mutants}
    assert not gone, "the code has changed: look at these again and take them out of explained.txt"


def test_few_are_explained_and_each_with_a_reason(all_mutants: list[Mutant]) -> None:
    known = explanations()
    assert len(known) <= 0.1 * len(all_mutants)
    assert all(len(e.why.split()) >= 4 for e in known.values())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("    because it is so\n", "explained.txt:1: a reason without a mutant"),
        ("a.py | f | return | a → b\n", "explained.txt:1: a mutant without a reason"),
        ("\n# a remark\nnot a key\n", "explained.txt:3: needs"),
    ],
)
def test_a_line_that_is_no_explanation_is_named(
    text: str, fault: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path_factory.mktemp("explained") / "explained.txt"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(explained, "FILE", path)
    with pytest.raises(ValueError, match=fault):
        explanations()


# ---- the sample ----
def test_the_figures_tell_killed_equivalent_and_unexplained_apart(all_mutants: list[Mutant]) -> None:
    guards = [m for m in all_mutants if m.path in INTERLOCKS][:3]
    killed, explained_, alive = guards
    verdicts = [Verdict(killed, True, "a test"), Verdict(explained_, False, ""), Verdict(alive, False, "")]
    found = figures(verdicts, {explained_.key: Explanation(explained_.key, "of no effect at all", 1)})
    assert (found["killed"], found["equivalent"], found["unexplained"], found["total"]) == (1, 1, 1, 3)
    assert (found["guards_killed"], found["guards_equivalent"], found["guards_total"]) == (1, 1, 3)
    assert [text.partition(": ")[2] for text in found["survivors"]] == [alive.key]


def test_the_sample_is_the_same_each_time_and_half_of_it_are_guards() -> None:
    drawn = sample(SAMPLE, {})
    assert [m.key for m in drawn] == [m.key for m in sample(SAMPLE, {})]
    assert len(drawn) == SAMPLE and sum(m.guard for m in drawn) == SAMPLE // 2


def test_every_mutant_of_the_sample_is_killed() -> None:
    found = told("--sample", str(SAMPLE))
    assert found["survivors"] == [], "no test notices these defects: write one, or explain why nobody can"
    assert found["killed"] == found["total"] == SAMPLE


def test_a_mutant_that_no_test_looks_at_survives() -> None:
    """The campaign must be able to lose: without the tests of its module nobody notices a defect of custody."""
    # In a program of its own: in this one other tests may have exchanged what the mutant sits in.
    code = """
import json, sys
from tests.mutation import campaign
from tests.mutation.campaign import mutants_of
mutant = next(m for m in mutants_of("station_ctl/core/custody.py") if "is_free" in m.key)
found = campaign._exchanged([(mutant, ["tests/core/test_signals.py"])], ["tests/core/test_signals.py"], ())
print("FOUND", json.dumps([mutant.key, found]))
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    line = next(line for line in said.splitlines() if line.startswith("FOUND "))
    key, found = json.loads(line.removeprefix("FOUND "))
    assert found == {key: ["survived", ""]}


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_nine_of_ten_mutants_are_killed_every_guard_is_and_each_survivor_is_explained() -> None:
    found = told()
    assert found["survivors"] == [] == found["killed_though_explained"]
    assert found["killed"] >= 0.9 * found["total"]
    assert found["guards_killed"] + found["guards_equivalent"] == found["guards_total"]
