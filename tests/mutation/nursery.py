"""Where a mutant lives: a forked copy of this process that runs chosen tests on it and dies with it.

Knows fork, limits and pytest. Does not know operators, nor what a survivor means.

A mutant in the body of a function is put into the running program by exchanging the code of that function, in a fork
that has imported and collected everything already: a few ms. Whatever runs only once, on import, and whatever the first
way did not kill, is imported anew with the mutant in its file.
"""

from __future__ import annotations

import gc
import importlib.machinery
import os
import pickle
import resource
import select
import signal
import sys
import threading
import time
import traceback
import types
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.mutation.mutants import Mutant
from tests.mutation.scope import ROOT

CPU_S = 30.0
"""A test that computes longer has lost its end. In CPU time, which a busy machine does not stretch."""

WALL_S = 180.0
"""A test that takes longer waits for something that never comes: many times what the slowest takes on a busy PC."""

MEMORY = 8 << 30

QUIET = (
    "-q", "-x", "--no-header", "--rootdir", str(ROOT), "-p", "no:cacheprovider", "-p", "no:xdist",
    "-p", "no:schemathesis",
    # What is imported already is imported once.
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip

# What the tests import of others, once: every fork has it.
_OTHERS = ("asyncua", "pymodbus.client", "serial", "transitions", "structlog", "click", "rich.console", "pydantic",
           "ruamel.yaml", "hypothesis.stateful", "pytest_asyncio")  # fmt: skip


def preload() -> None:
    """Import what does not change from mutant to mutant."""
    for name in _OTHERS:
        __import__(name)
    # What is there already is no garbage, and every fork would look through it again.
    gc.collect()
    gc.freeze()


# ---- forks ----
def in_a_fork(work: Callable[[], Any], *, limited: bool = True) -> tuple[str, Any]:
    """("done", what `work` gives back), or ("lost", why) for a fork that ran for ever or fell over."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _live(work, writer, limited)
    os.close(writer)
    try:
        return _await(child, reader, WALL_S if limited else None)
    finally:
        os.close(reader)


def _live(work: Callable[[], Any], writer: int, limited: bool) -> None:
    """The life of a fork. Never comes back."""
    try:
        if limited:
            os.setpgid(0, 0)
            _Witness.pulse = writer
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2) if not os.environ.get("MUTATION_SHOW") else (0,):
            os.dup2(nothing, stream)
        answer = pickle.dumps(work())
        while answer:
            answer = answer[os.write(writer, answer) :]
    except BaseException:  # noqa: BLE001 - the fork ends here, whatever it was; its parent hears "fell over"
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _await(child: int, reader: int, patience: float | None) -> tuple[str, Any]:
    """What the fork answers. Each test that begins is heard as a dot, and patience begins anew with it."""
    told = b""
    while True:
        if not select.select([reader], [], [], patience)[0]:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "lost", "waits for ever"
        piece = os.read(reader, 1 << 16)
        if not piece:
            break
        told += piece
    told = told.lstrip(b".")
    _, status = os.waitpid(child, 0)
    if not told:
        return "lost", "computes for ever" if os.WIFSIGNALED(status) else "fell over"
    return "done", pickle.loads(told)


# ---- which test reaches which line ----
class Reach:
    """A plugin of pytest: which lines of the mutated files each test runs, and how long it takes (s of CPU)."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = {str(ROOT / path): path for path in paths}
        self._lines: set[tuple[str, int]] = set()
        self.tests: dict[str, tuple[float, frozenset[tuple[str, int]]]] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._lines = set()
        began = time.process_time()
        threading.settrace(self._enter)
        sys.settrace(self._enter)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            self.tests[item.nodeid] = (time.process_time() - began, frozenset(self._lines))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def _enter(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        path = self._paths.get(frame.f_code.co_filename)
        if path is None:
            return None
        self._lines.add((path, frame.f_lineno))

        def line(inner: types.FrameType, event: str, argument: Any) -> Any:
            self._lines.add((path, inner.f_lineno))
            return line

        return line


# ---- the running program with a mutant in it ----
class Changed:
    """A plugin of pytest: after collecting, one fork a mutant, each with the code of one function exchanged."""

    def __init__(
        self, plan: Sequence[tuple[Mutant, Sequence[str]]], tell: Callable[[Mutant, str, str], None]
    ) -> None:
        self._plan, self._tell = plan, tell
        self.results: dict[str, tuple[str, str]] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        functions = _functions()
        gc.freeze()
        for mutant, names in self._plan:
            chosen = [item for name in names for item in _named(name, items)]
            codes = _exchanges(mutant, functions)
            if codes is None or not chosen:
                result = ("unchanged", "")
            else:
                said, told = in_a_fork(lambda codes=codes, chosen=chosen: _run(session, codes, chosen))  # type: ignore[misc]
                result = ("killed", told) if said == "lost" else told
            self.results[mutant.key] = result
            self._tell(mutant, *result)
        return True


def _named(name: str, items: dict[str, pytest.Item]) -> list[pytest.Item]:
    """One test, or all tests of a file or folder."""
    if name in items:
        return [items[name]]
    return [item for node, item in items.items() if node.startswith((f"{name}::", f"{name}/"))]


Functions = dict[tuple[str, str, int], list[types.FunctionType]]


def _functions() -> Functions:
    """Every function that lives, by file, name and first line."""
    found: Functions = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType):
            code = thing.__code__
            found[code.co_filename, code.co_qualname, code.co_firstlineno].append(thing)
    return found


def _exchanges(
    mutant: Mutant, functions: Functions
) -> list[tuple[types.FunctionType, types.CodeType]] | None:
    """Functions with their new code; None if this mutant cannot be put into a running program."""
    if not mutant.place.in_body:
        return None
    filename = str(ROOT / mutant.path)
    module = compile(mutant.tree(), filename, "exec", dont_inherit=True)
    changed = []
    for code in _codes(module):
        if code.co_qualname != mutant.place.function:
            continue
        for function in functions.get((filename, code.co_qualname, code.co_firstlineno), ()):
            if function.__code__.co_freevars != code.co_freevars:
                return None
            changed.append((function, code))
    return changed or None


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def _run(
    session: pytest.Session,
    codes: list[tuple[types.FunctionType, types.CodeType]],
    items: Sequence[pytest.Item],
) -> tuple[str, str]:
    for function, code in codes:
        function.__code__ = code
    witness = _Witness()
    session.config.pluginmanager.register(witness)
    for i, item in enumerate(items):
        following = items[i + 1] if i + 1 < len(items) else None
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if witness.failed:
            return "killed", witness.failed
    return "survived", ""


class _Witness:
    """Remembers the first failure, and gives a sign of life and a new limit to each test."""

    failed = ""
    pulse = -1

    def pytest_runtest_logstart(self) -> None:
        os.write(self.pulse, b".")
        signal.setitimer(signal.ITIMER_PROF, CPU_S)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = f"collecting {report.nodeid}"


# ---- a program imported with the mutant in its file ----
class _Chosen:
    """A plugin of pytest: runs these tests, in this order."""

    def __init__(self, names: Sequence[str]) -> None:
        self._rank = {name: i for i, name in enumerate(names)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self._rank), key=lambda i: self._rank[i.nodeid])


def imported(mutant: Mutant, names: Sequence[str], arguments: Sequence[str]) -> tuple[str, str]:
    """Killed or survived, after the chosen tests ran in a fork that imports the mutant from its file."""
    said, told = in_a_fork(lambda: _import_and_run(mutant, names, arguments))
    return ("killed", told) if said == "lost" else told


def _import_and_run(mutant: Mutant, names: Sequence[str], arguments: Sequence[str]) -> tuple[str, str]:
    code = compile(mutant.tree(), str(ROOT / mutant.path), "exec", dont_inherit=True)
    _import_as(str(ROOT / mutant.path), code)
    witness = _Witness()
    # In the order of the tests: the files that hold the first of them are read first.
    paths = list(dict.fromkeys(name.partition("::")[0] for name in names))
    ended = pytest.main([*QUIET, *arguments, *paths], plugins=[witness, _Chosen(names)])
    if ended in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return "survived", ""
    return "killed", witness.failed or f"pytest ends with {ended!r}"


def _import_as(filename: str, code: types.CodeType) -> None:
    loader = importlib.machinery.SourceFileLoader
    as_it_is = loader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, fullname: str) -> types.CodeType | None:
        return code if self.path == filename else as_it_is(self, fullname)

    loader.get_code = get_code  # type: ignore[method-assign]
    sys.dont_write_bytecode = True
