"""Which files are mutated, which of their lines are guards, and which tests judge them.

Knows paths and names. Does not know what a mutant is.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ENGINE = ("gate", "decide", "supervisor", "trips", "stop_levels")
ROWS = ("interlocks", "site_interlocks", "stand_interlocks", "bay_interlocks", "rows")
TRUCK_ROWS = ("truck_interlocks", "crane_interlocks")
ATTENDED_ROWS = ("maintenance_interlocks",)
INTERLOCKS = tuple(f"sequences/{noun}.py" for noun in (*ROWS, *TRUCK_ROWS, *ATTENDED_ROWS))
"""The tables of both station types, rows of any station, any bay and of maintenance, what a column makes of them."""

NEIGHBOURS = ("tests/core", "tests/engine", "tests/sequences")

SIGNED = {
    "tests/sequences/test_interlock_rows.py": ROWS,
    "tests/sequences/test_maintenance_interlocks.py": ATTENDED_ROWS,
    "tests/truck/test_rows.py": TRUCK_ROWS,
    "tests/truck/test_rows_of_two_packs.py": TRUCK_ROWS,
}
"""Where the rows of these files are signed a second time."""

TESTS = (*NEIGHBOURS, *(path for path in SIGNED if not path.startswith(NEIGHBOURS)), "tests/drivers",
         "tests/contracts/test_manual.py")  # fmt: skip

GUARDS = frozenset((*INTERLOCKS, "station_ctl/core/conditions.py", "station_ctl/engine/supervisor.py"))
"""Files that are guards as a whole: the rows, how a row is judged, and who judges it on every scan."""

GUARD_FUNCTIONS = frozenset((("station_ctl/engine/gate.py", "Gate._why_not"),))
"""Guards in other files: the last look before an order leaves."""


def files() -> tuple[str, ...]:
    """Paths from the root, in a fixed order."""
    core = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "station_ctl/core").glob("*.py"))
    engine = [f"station_ctl/engine/{noun}.py" for noun in ENGINE]
    return (*(p for p in core if not p.endswith("__init__.py")), *engine, *INTERLOCKS)


def is_guard(path: str, function: str) -> bool:
    """True if a defect there would let something move that must not."""
    return path in GUARDS or (path, function) in GUARD_FUNCTIONS


def distance(test_file: str, path: str) -> int:
    """0 for tests of that module, 1 for tests of its neighbours, 2 for all others: they are asked in this order."""
    test, source = Path(test_file), Path(path)
    # The words and numbers of all core modules are signed in one file.
    words = test.stem == "test_words" and source.parent.name == "core"
    signed = source.parent.name == "sequences" and source.stem in SIGNED.get(test_file, ())
    if words or signed or test.stem.startswith(f"test_{source.stem.removesuffix('s')}"):
        return 0
    return 1 if test.parent.name == source.parent.name else 2
