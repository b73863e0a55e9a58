"""What is changed: for one node of a syntax tree, every small defect that a person could have written.

Knows Python's syntax and the station's vocabulary of conditions. Does not know files, tests or what a change leads to.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

Change = tuple[str, ast.AST | None]
"""Name of the operator, and what stands in the node's place; None = nothing."""

_COMPARE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}

# Words of the trade that are easily mistaken for each other.
_WORDS = {
    "is_on": "is_off", "is_off": "is_on", "equals": "differs", "differs": "equals", "at_least": "at_most",
    "at_most": "at_least", "any": "all", "all": "any", "min": "max", "max": "min", "HOLD": "ABORT", "ABORT": "HOLD",
    "cancel": "finish", "finish": "cancel", "add": "discard", "discard": "add", "ge": "gt", "le": "lt", "eq": "ne",
}  # fmt: skip

_SOFTER = {"S": ("H",), "H": ("X", "S"), "X": ("-", "H"), "-": ("X",)}
"""Cells of the interlock table: each becomes the next softer and the next harder one."""

_OTHER_VALUE = {"bool": ("True", "False"), "str": ("''",), "float": ("0.0",), "int": ("0",)}
"""What a function gives back instead, by its annotation."""


def is_cells(text: str) -> bool:
    """True for the cells of one row of the interlock table."""
    return len(text.split()) > 3 and set(text.split()) <= set(_SOFTER)


def changes(node: ast.AST, returns: str) -> Iterator[Change]:
    """Every defect of this node; `returns` is the annotation of the function around it."""
    for kind, operator in _OPERATORS:
        if isinstance(node, kind):
            yield from operator(node)
    if isinstance(node, ast.Return) and node.value is not None:
        yield from _returns(node, returns)


def _compares(node: ast.Compare) -> Iterator[Change]:
    for i, op in enumerate(node.ops):
        for other in _COMPARE[type(op)]:
            ops = [*node.ops[:i], other(), *node.ops[i + 1 :]]
            yield "comparison", ast.Compare(node.left, ops, node.comparators)


def _joins(node: ast.BoolOp) -> Iterator[Change]:
    yield "and/or", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for i in range(len(node.values)):
        rest = [*node.values[:i], *node.values[i + 1 :]]
        yield "operand dropped", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _calculates(node: ast.BinOp) -> Iterator[Change]:
    if type(node.op) in _ARITHMETIC:
        yield "arithmetic", ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
    if isinstance(node.op, ast.BitAnd | ast.BitOr):
        # Of conditions: one of them is forgotten. In a chain the left side holds all that stand before.
        yield "operand dropped", node.left
        if not (isinstance(node.left, ast.BinOp) and type(node.left.op) is type(node.op)):
            yield "operand dropped", node.right


def _signs(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        yield "sign", node.operand


def _branches(node: ast.If | ast.While | ast.IfExp) -> Iterator[Change]:
    test = ast.UnaryOp(ast.Not(), node.test)
    if isinstance(node, ast.IfExp):
        yield "negation", ast.IfExp(test, node.body, node.orelse)
    elif not isinstance(node.test, ast.Constant):
        yield "negation", type(node)(test, node.body, node.orelse)


def _filters(node: ast.comprehension) -> Iterator[Change]:
    for i, condition in enumerate(node.ifs):
        rest = [*node.ifs[:i], *node.ifs[i + 1 :]]
        negated = [*node.ifs[:i], ast.UnaryOp(ast.Not(), condition), *node.ifs[i + 1 :]]
        yield "filter dropped", ast.comprehension(node.target, node.iter, rest, node.is_async)
        yield "negation", ast.comprehension(node.target, node.iter, negated, node.is_async)


def _constants(node: ast.Constant) -> Iterator[Change]:
    match node.value:
        case bool():
            yield "constant", ast.Constant(not node.value)
        case int() | float():
            yield "constant", ast.Constant(node.value + 1)
        case str() if is_cells(node.value):
            cells = node.value.split()
            for i, cell in enumerate(cells):
                for other in _SOFTER[cell]:
                    yield "cell", ast.Constant("  ".join([*cells[:i], other, *cells[i + 1 :]]))
        case str() if " " not in node.value:
            # A sentence is for people, and is looked at by people; a word is a code, a tag, a name.
            yield "constant", ast.Constant(f"{node.value}!")


def _names(node: ast.Attribute | ast.Name) -> Iterator[Change]:
    if not isinstance(node.ctx, ast.Load):
        return
    if isinstance(node, ast.Attribute) and node.attr in _WORDS:
        yield "word", ast.Attribute(node.value, _WORDS[node.attr], node.ctx)
    elif isinstance(node, ast.Name) and node.id in _WORDS:
        yield "word", ast.Name(_WORDS[node.id], node.ctx)


def _arguments(node: ast.Call) -> Iterator[Change]:
    for i in range(len(node.keywords)):
        rest = [*node.keywords[:i], *node.keywords[i + 1 :]]
        yield "argument dropped", ast.Call(node.func, node.args, rest)


def _displays(node: ast.List | ast.Set | ast.Tuple) -> Iterator[Change]:
    if len(node.elts) > 1 and (isinstance(node, ast.Set) or isinstance(node.ctx, ast.Load)):
        for i in range(len(node.elts)):
            rest = [*node.elts[:i], *node.elts[i + 1 :]]
            yield (
                "element dropped",
                ast.Set(rest) if isinstance(node, ast.Set) else type(node)(rest, node.ctx),
            )


def _statements(node: ast.stmt) -> Iterator[Change]:
    yield "statement deleted", ast.Pass()


def _assigns(node: ast.Assign | ast.AugAssign) -> Iterator[Change]:
    # A local name that is never set fails by itself; what is forgotten on an object does not.
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if isinstance(node, ast.AugAssign) or any(isinstance(t, ast.Attribute | ast.Subscript) for t in targets):
        yield "statement deleted", ast.Pass()


def _calls(node: ast.Expr) -> Iterator[Change]:
    if not isinstance(node.value, ast.Constant):
        yield "statement deleted", ast.Pass()


def _leaves(node: ast.Continue | ast.Break) -> Iterator[Change]:
    yield "statement deleted", ast.Pass()
    yield "loop", ast.Break() if isinstance(node, ast.Continue) else ast.Continue()


def _returns(node: ast.Return, returns: str) -> Iterator[Change]:
    written = ast.unparse(node.value) if node.value is not None else ""
    for text in _OTHER_VALUE.get(returns, ("()",) if returns.startswith("tuple") else ("None",)):
        if text != written:
            yield "return", ast.Return(ast.parse(text, mode="eval").body)


_OPERATORS: tuple[tuple[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[Change]]], ...] = (
    (ast.Compare, _compares),
    (ast.BoolOp, _joins),
    (ast.BinOp, _calculates),
    (ast.UnaryOp, _signs),
    ((ast.If, ast.While, ast.IfExp), _branches),
    (ast.comprehension, _filters),
    (ast.Constant, _constants),
    ((ast.Attribute, ast.Name), _names),
    (ast.Call, _arguments),
    ((ast.List, ast.Set, ast.Tuple), _displays),
    ((ast.Raise,), _statements),
    ((ast.Assign, ast.AugAssign), _assigns),
    (ast.Expr, _calls),
    ((ast.Continue, ast.Break), _leaves),
)
