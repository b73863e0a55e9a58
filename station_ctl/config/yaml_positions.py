"""YAML 1.2 files read with the position of every key and value, and findings that name them.

Knows lines and columns. Does not know what a file means.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from station_ctl.config.models import PATTERN_WORDS, PROTOCOLS

M = TypeVar("M", bound=BaseModel)
Step = str | int
Place = tuple[int, int]
MAX_BYTES = 4_000_000


def shown(path: Path) -> str:
    """A path as a person at this prompt would type it, clickable in a terminal."""
    plain = os.path.normpath(path)
    inside = os.path.relpath(plain) if os.path.isabs(plain) else plain
    return plain if inside.startswith(os.pardir) else inside


@dataclass(frozen=True, slots=True)
class Finding:
    """One error in one file. Line and column count from 1; `where` is the path of keys."""

    file: str
    line: int
    col: int
    where: str
    text: str

    def __str__(self) -> str:
        parts = (f"{self.file}:{self.line}:{self.col}", self.where, self.text)
        return ": ".join(part for part in parts if part)


def in_order(findings: Iterable[Finding]) -> list[str]:
    """Findings of one file from its top to its end, each once: two racks share one I/O list."""
    return list(dict.fromkeys(str(f) for f in sorted(findings, key=lambda f: (f.line, f.col))))


@dataclass(slots=True)
class Document:
    """One YAML file: plain data, where every part of it stands, and what is wrong with it so far."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    keys: dict[tuple[Step, ...], Place] = field(default_factory=dict)
    values: dict[tuple[Step, ...], Place] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    overridden: set[tuple[Step, ...]] = field(default_factory=set)
    borrowed: dict[tuple[Step, ...], tuple[str, int, int]] = field(default_factory=dict)
    """Values that another file lends this one, by path: that file, line and column."""
    digest: str = ""

    @property
    def parsed(self) -> bool:
        """True if the file holds keys and values, whatever they say."""
        return () in self.values

    def place(self, path: tuple[Step, ...], *, key: bool = False) -> Place:
        """Line and column of a value, or of its key; of the nearest part above that stands in the file."""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        found = first.get(path) or second.get(path)
        return found or (self.place(path[:-1], key=True) if path else (1, 1))

    def where(self, *path: Step) -> str:
        """`file:line:col` of a value, for those who find an error in it later."""
        file, line, col = self._origin(path)
        return f"{file}:{line}:{col}"

    def report(self, path: tuple[Step, ...], text: str, *, key: bool = False, got: Any = None) -> None:
        """Note one error at a value, or at its key."""
        file, line, col = self._origin(path, key=key)
        source = "override: " if self._overridden(path) else ""
        text += f" (got {reprlib.repr(got)})" if got is not None else ""
        self.findings.append(Finding(file, line, col, source + dotted(path), text))

    def _origin(self, path: tuple[Step, ...], *, key: bool = False) -> tuple[str, int, int]:
        return self.borrowed.get(path) or (self.file, *self.place(path, key=key))

    def _overridden(self, path: tuple[Step, ...]) -> bool:
        return any(path[: len(override)] == override for override in self.overridden)


def dotted(path: Iterable[Step]) -> str:
    """`links.lift.address`, `vehicles[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_yaml(path: Path) -> Document:
    """Read one file. What cannot be read is a finding, never an exception."""
    document = Document(shown(path))
    try:
        if path.stat().st_size > MAX_BYTES:
            document.report((), f"file is larger than {MAX_BYTES:,} bytes")
            return document
        raw = path.read_bytes()
        document.digest = hashlib.sha256(raw).hexdigest()
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        document.report((), "there is no such file")
    except OSError as error:
        document.report((), f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        col = error.start - (error.object.rfind(b"\n", 0, error.start) + 1) + 1
        document.findings.append(Finding(document.file, line, col, "", "is not UTF-8 text"))
    else:
        _parse(text, document)
    return document


def _parse(text: str, document: Document) -> None:
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = ", ".join(w for w in (error.problem, error.context) if w)
        line, col = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.findings.append(Finding(document.file, line, col, "", f"not valid YAML: {words}"))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        col = error.position - text.rfind("\n", 0, error.position)
        document.findings.append(Finding(document.file, line, col, "", f"not valid YAML: {error.reason}"))
    except (YAMLError, RecursionError) as error:
        document.findings.append(Finding(document.file, 1, 1, "", f"not valid YAML: {error}"))
    else:
        if not isinstance(root, MappingNode):
            document.report((), "needs keys and values, as in `station: …`")
            return
        document.values[()] = (1, 1)
        document.data = _Plain(yaml, document).mapping(root, ())


class _Plain:
    """Nodes of a parsed file to plain data, noting positions. What a position could lie about is refused."""

    def __init__(self, yaml: YAML, document: Document) -> None:
        self.constructor = yaml.constructor
        self.document = document
        self.seen: set[int] = set()

    def value(self, node: Node, path: tuple[Step, ...]) -> Any:
        self.document.values[path] = _start(node)
        # An alias shows its anchor's position and may contain itself; a station file has no need of it.
        if id(node) in self.seen:
            self.document.report(path, "aliases are not used in these files: write the value out", key=True)
            return None
        self.seen.add(id(node))
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
        return self.scalar(node, path)

    def mapping(self, node: MappingNode, path: tuple[Step, ...]) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, ScalarNode) else "?"
            if key in plain:
                line, col = _start(key_node)
                first = self.document.keys[(*path, key)][0]
                text, where = f"key occurs twice, first in line {first}", dotted((*path, key))
                self.document.findings.append(Finding(self.document.file, line, col, where, text))
                continue
            self.document.keys[(*path, key)] = _start(key_node)
            plain[key] = self.value(value_node, (*path, key))
        return plain

    def scalar(self, node: Node, path: tuple[Step, ...]) -> Any:
        try:
            return self.constructor.construct_object(node, deep=True)
        except (YAMLError, ValueError) as error:
            problem = getattr(error, "problem", None) or str(error)
            self.document.report(path, f"not valid YAML: {problem}")
            return str(node.value)


def _start(node: Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def validated(document: Document, model: type[M], context: dict[str, Any] | None = None) -> M | None:
    """The data as a model; None, with every error of it among the document's findings, if it does not fit."""
    try:
        return model.model_validate(document.data, context=context)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            _note(document, model, one)
    return None


def _note(document: Document, model: type[BaseModel], error: Any) -> None:
    path, at_key = _path_in(document.data, error["loc"])
    kind, got = error["type"], error.get("input")
    got = None if isinstance(got, (dict, list, tuple)) else got
    match kind:
        case "missing":
            document.report(path, "is missing", key=True)
        case "extra_forbidden":
            hint = _unknown(str(path[-1]), known_keys(model))
            document.report(path, hint, key=True, got=got)
        case "union_tag_invalid":
            text = f"needs one of {', '.join(PROTOCOLS)}"
            document.report((*path, "protocol"), text, got=error["ctx"]["tag"])
        case "union_tag_not_found":
            text = f"is missing: one of {', '.join(PROTOCOLS)}"
            document.report((*path, "protocol"), text, key=True)
        case "string_pattern_mismatch":
            pattern = error["ctx"]["pattern"]
            text = PATTERN_WORDS.get(pattern, f"must match {pattern}")
            document.report(path, text, key=at_key, got=path[-1] if at_key else got)
        case "too_short":
            document.report(path, f"needs at least {error['ctx']['min_length']} entry")
        case "too_long":
            document.report(path, f"needs at most {error['ctx']['max_length']} entries")
        case _:
            text = error["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
            document.report(path, text, key=at_key, got=path[-1] if at_key else got)


def _unknown(key: str, known: set[str]) -> str:
    """A key that has its place elsewhere is no misprint of another one."""
    close = [] if key in known else difflib.get_close_matches(key, known, 1)
    return f"unknown key, did you mean {close[0]}?" if close else "unknown key here"


def _path_in(data: Any, loc: tuple[Step, ...]) -> tuple[tuple[Step, ...], bool]:
    """The path of keys in the file that an error's location names, and whether the key itself is meant.

    The location also names the branch of a union taken, which no key of the file has.
    """
    path: list[Step] = []
    for step in loc:
        if step == "[key]":
            return tuple(path), True
        if step in PROTOCOLS and not (isinstance(data, dict) and step in data):
            continue
        path.append(step)
        data = data.get(step) if isinstance(data, dict) else None
    return tuple(path), False


def known_keys(model: type[BaseModel]) -> set[str]:
    """Every key that may stand somewhere in a file of this model."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}
