"""The API against requests made from its own description: no defect, answers as described, no effect without a row.

The application is called in virtual time; what is sent is what schemathesis makes of the OpenAPI document, as declared
and against it. Half of the requests carry the stamp of now and a yes, because no other has an effect.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core import NotSet
from schemathesis.openapi.checks import JsonSchemaError, UndefinedStatusCode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from station_ctl.core.modes import State
from station_ctl.engine.events import Verb
from station_ctl.engine.virtual_time import VirtualLoop
from station_ctl.service.alarm_levels import watched_rows
from station_ctl.service.api.openapi import document
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.lease import Control
from station_ctl.service.persons import Role
from station_ctl.service.watchers import Watchers
from tests.service.http_bench import Answered, HttpBench

DESCRIBED = schemathesis.openapi.from_dict(document(REGISTRY, "1"))
OPERATIONS = [found.ok() for found in DESCRIBED.get_all_operations()]
CHECKS = (status_code_conformance, content_type_conformance, response_schema_conformance)
STOPS = frozenset(action.name for action in REGISTRY if action.anyone)


class Fuzzed:
    """A bench in a loop of its own, which goes on between one request and the next."""

    def __init__(self, folder: Path, runner: asyncio.Runner) -> None:
        self.folder, self.run = folder, runner.run
        self.statuses: Counter[int] = Counter()
        self.effects: Counter[str] = Counter()

    async def begin(self) -> None:
        """Start station and alarm board."""
        self.bench = HttpBench(self.folder)
        await self.bench.__aenter__()
        rows = watched_rows(self.bench.built.facts.safe, self.bench.built.stand.bays)
        self.watchers = Watchers(self.bench.engine, self.bench.built.config.alarms, rows, self.folder)
        self.bench.duty.watchers = self.watchers

    async def stand(self) -> None:
        """Stopped again, as it began, so that the next operation finds something to do."""
        await asyncio.sleep(0.1)
        if self.bench.engine.state.state is State.ABORTED:
            await self.bench.engine.ask(Verb.CLEAR, "test")

    async def end(self) -> None:
        """End both."""
        await self.bench.duty.operations.close()
        await self.bench.__aexit__(None, None, None)
        self.watchers.close()

    def shown(self) -> tuple[Any, ...]:
        """Everything that a request could change."""
        duty, state = self.bench.duty, self.bench.engine.state
        return (
            state.mode, state.state, state.runs, state.ledger, state.trips, duty.control.lease, list(duty.persons),
            [(op.id, op.state) for op in duty.operations], self.watchers.board.active(),
        )  # fmt: skip

    async def ask(self, case: Any, role: Role, *, whole: bool) -> Answered:
        """Send one case; what it may not do is asserted here."""
        bench, body = self.bench, case.body
        bench.duty.control = Control()  # else nobody but who moved first would get further
        if whole and isinstance(body, dict):
            now = {"issued_at": bench.duty.wall(), "confirmed": True, "dry_run": False, "seen": None}
            role, body = Role.ADMIN, {**body, **now, "reason": body.get("reason") or "because"}
        if isinstance(body, NotSet):
            body = b""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        query = urlencode(case.query or {}, doseq=True, errors="replace")
        path = quote(case.formatted_path, safe="/%.:_-")
        await asyncio.sleep(0.03)  # what the rate allows
        before, head = self.shown(), bench.journal.audit_head.seq
        answer = await bench.ask(case.method, f"{path}?{query}" if query else path, sent, role=role)
        await bench.duty.durable()
        after, rows = self.shown(), bench.journal.audit_head.seq - head
        if before != after:
            self.effects[case.operation.path.rpartition("/")[2]] += 1
            assert rows == 1, (case.method, path, sent, rows, before, after)
        assert rows <= 1 and bench.engine.state.journal_writable, (path, sent)
        self.statuses[answer.status] += 1
        return answer


def judged(case: Any, answer: Answered, path: str) -> None:
    """Whether an answer is as the document says. Raises what schemathesis finds."""
    assert answer.status < 500 or path == "/readyz", (case, answer)
    asked = requests.Request(case.method, f"http://station{case.formatted_path}").prepare()
    headers = {name: [value] for name, value in answer.headers.items()}
    response = schemathesis.Response(answer.status, headers, answer.body, asked, elapsed=0.0, verify=False)
    case.validate_response(response, checks=CHECKS)


@contextmanager
def fuzzed(folder: Path) -> Iterator[Fuzzed]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        made = Fuzzed(folder, runner)
        runner.run(made.begin())
        try:
            yield made
        finally:
            runner.run(made.end())


def bombard(folder: Path, examples: int) -> Fuzzed:
    """So many examples of every operation, as declared and against the declaration."""
    with fuzzed(folder) as f:
        for operation in OPERATIONS:
            f.run(f.stand())
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                asked = operation.as_strategy(generation_mode=mode)

                @settings(
                    max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )  # fmt: skip
                @given(case=asked, role=st.sampled_from(Role))
                def send(case: Any, role: Role) -> None:
                    answer = f.run(f.ask(case, role, whole=f.statuses.total() % 2 == 0))
                    judged(case, answer, case.operation.path)

                try:
                    send()
                except Unsatisfiable:
                    assert mode is GenerationMode.NEGATIVE and not operation.body, operation.label
        assert not f.bench.journal.verify_audit().faults
        return f


def enough(f: Fuzzed, requests_sent: int) -> None:
    """The fuzz has reached every layer: some were taken, some had an effect, some were refused for each reason."""
    assert f.statuses.total() >= requests_sent, f.statuses
    assert {200, 400, 403, 404} <= set(f.statuses), f.statuses
    assert len(set(f.effects) - STOPS) >= 3, f.effects


def test_no_request_that_can_be_made_of_the_description_finds_a_defect(tmp_path: Path) -> None:
    enough(bombard(tmp_path, 2), 300)


@pytest.mark.long
def test_the_same_with_many(tmp_path: Path) -> None:
    enough(bombard(tmp_path, 120), 15_000)


def test_an_answer_that_is_not_as_described_would_be_noticed() -> None:
    operation = next(o for o in OPERATIONS if o.path == "/api/v1/queries/status")
    case = operation.Case()
    good = {"ok": True, "action": "status", "decision": "accepted", "exit": 0, "text": "", "data": {}, "version": 1}
    headers = {"content-type": "application/json"}
    judged(case, Answered(200, json.dumps({**good, "simulated": True}).encode(), headers), operation.path)
    with pytest.RaisesGroup(JsonSchemaError):
        judged(case, Answered(200, json.dumps(good).encode(), headers), operation.path)
    with pytest.RaisesGroup(UndefinedStatusCode):
        judged(case, Answered(418, b"{}", headers), operation.path)
    with pytest.raises(AssertionError):
        judged(case, Answered(500, b"", {}), operation.path)
