"""Every mutant of a file: the whole syntax tree with one small defect, and a name for it that outlives other changes.

Knows where in a file a defect is worth trying. Does not know how a mutant is run.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.mutation.operators import changes
from tests.mutation.scope import ROOT, is_guard

_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """A node of a file and what stands around it. `function` is its qualified name, empty outside of any."""

    path: str
    node: ast.AST
    parent: ast.AST
    function: str
    returns: str
    lines: range
    in_body: bool

    @property
    def line(self) -> int:
        """The first line of the statement, as an editor counts."""
        return self.lines.start


@dataclass(frozen=True)
class Mutant:
    """One defect. `body` is None outside of functions: such a line runs once, when its module is imported.

    `before` and `after` are the changed piece of code; `nth` tells equal changes in one function apart.
    """

    place: Place
    operator: str
    before: str
    after: str
    nth: int
    source: ast.Module
    new: ast.AST

    @property
    def path(self) -> str:
        """The mutated file, from the root."""
        return self.place.path

    @property
    def guard(self) -> bool:
        """True if it is a defect of a guard."""
        return is_guard(self.path, self.place.function)

    @cached_property
    def key(self) -> str:
        """Names the mutant without line numbers, so that a change elsewhere leaves the name as it is."""
        again = f" #{self.nth}" if self.nth else ""
        where = self.place.function or "module"
        return f"{self.path} | {where} | {self.operator} | {self.before} → {self.after}{again}"

    def tree(self) -> ast.Module:
        """The file with the defect in it; lines are numbered as in the file."""
        return _Exchange(self.place.node, self.new).of(self.source)


def mutants_of(path: str) -> list[Mutant]:
    """All mutants of one file, in the order of its lines."""
    source = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    seen: Counter[str] = Counter()
    found = []
    for place in _places(path, source):
        before = ast.unparse(place.node)
        for operator, new in changes(place.node, place.returns):
            if new is None:
                continue
            shown = _shortened(before, ast.unparse(ast.fix_missing_locations(copy.deepcopy(new))))
            mutant = Mutant(place, operator, *shown, 0, source, new)
            nth = seen[mutant.key]
            seen[mutant.key] += 1
            found.append(Mutant(place, operator, *shown, nth, source, new))
    return found


def _shortened(before: str, after: str) -> tuple[str, str]:
    """What differs, with a few words around it: a whole table is no name."""
    if len(before) < 90 and "\n" not in before:
        return before, after
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    start, left = max(0, head - 30), max(0, tail - 30)
    pieces = (text[start : len(text) - left] for text in (before, after))
    first, second = ("…" + " ".join(piece.split()) + "…" for piece in pieces)
    return first, second


class _Exchange:
    """Copies a tree with one node exchanged for another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def of(self, source: ast.Module) -> ast.Module:
        memo: dict[int, object] = {id(self._old): self._in_place()}
        tree = copy.deepcopy(source, memo)
        return ast.fix_missing_locations(tree)

    def _in_place(self) -> ast.AST:
        new = copy.deepcopy(self._new)
        if "lineno" in self._old._attributes:
            for node in ast.walk(new):
                if "lineno" in node._attributes and not hasattr(node, "lineno"):
                    ast.copy_location(node, self._old)
        return new


def _places(path: str, source: ast.Module) -> Iterator[Place]:
    yield from _below(path, source, source, "", "", range(1, 2), in_body=False)


def _below(
    path: str, node: ast.AST, parent: ast.AST, function: str, returns: str, lines: range, *, in_body: bool
) -> Iterator[Place]:
    for name, child in _children(node):
        inner_function, inner_returns, inner_lines, inside = function, returns, lines, in_body
        if isinstance(child, ast.stmt):
            inner_lines = range(child.lineno, (child.end_lineno or child.lineno) + 1)
        if isinstance(child, _FUNCTION | ast.ClassDef) and not in_body:
            inner_function = f"{function}.{child.name}" if function else child.name
        if isinstance(child, _FUNCTION):
            inner_returns = ast.unparse(child.returns) if child.returns is not None else ""
        if isinstance(node, _FUNCTION) and name == "body":
            inside = True
        if _worth(child, node):
            yield Place(path, child, node, inner_function, inner_returns, inner_lines, inside)
        yield from _below(path, child, node, inner_function, inner_returns, inner_lines, in_body=inside)


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Below a node, without annotations, decorators, texts for people and what only a type checker reads."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_comment", "msg"):
            continue
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, ast.AST) and not _for_people(child, node):
                yield name, child


def _for_people(child: ast.AST, parent: ast.AST) -> bool:
    if isinstance(child, ast.Import | ast.ImportFrom | ast.Assert):
        return True
    if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
        return True
    if isinstance(child, ast.Assign) and ast.unparse(child.targets[0]) in ("__slots__", "log"):
        return True
    if isinstance(child, ast.Assign) and ("TypeVar" in ast.unparse(child.value) or _is_alias(child, parent)):
        return True
    if isinstance(child, ast.Expr) and ast.unparse(child.value).startswith("log."):
        return True
    if isinstance(child, _FUNCTION) and any(ast.unparse(d) == "overload" for d in child.decorator_list):
        return True
    docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
    return docstring or (isinstance(parent, ast.JoinedStr) and isinstance(child, ast.Constant))


def _is_alias(statement: ast.Assign, parent: ast.AST) -> bool:
    """True for the name of a type: only a type checker reads it."""
    name = ast.unparse(statement.targets[0])
    return isinstance(parent, ast.Module) and not isinstance(statement.value, ast.Call) and name.istitle()


def _worth(node: ast.AST, parent: ast.AST) -> bool:
    """False for what would fail by itself at once, as a pair that is unpacked with one element less."""
    if isinstance(node, ast.Tuple):
        return not isinstance(parent, ast.Assign | ast.Return | ast.Subscript | ast.For | ast.Yield)
    return True


def module_name(path: str) -> str:
    """The name under which a file is imported."""
    return Path(path).with_suffix("").as_posix().replace("/", ".")
