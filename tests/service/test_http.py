"""The API's application: what it refuses before anybody looks at it, and that whatever comes in ends in an answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from station_ctl.core.modes import State
from station_ctl.service.api.limits import BODY_MOST, BURST, RATE
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.persons import Role
from tests.bench.virtual_bench import run_virtually
from tests.service.http_bench import HttpBench, served

RESET = "/api/v1/commands/station.reset"
HOLD = "/api/v1/commands/station.hold"
STATUS = "/api/v1/queries/status"
STAMP = '"issued_at": 1e11, "confirmed": true'

Story = Callable[[HttpBench], Coroutine[Any, Any, None]]


def told(folder: Path, story: Story) -> None:
    """Run a story on a fresh bench."""

    async def main() -> None:
        async with served(folder) as bench:
            await story(bench)

    run_virtually(main())


HOSTILE = [
    b"\xff\xfe", b"[]", b"null", b'"text"', b"{", b"1" * 5000, b"[" * 30_000, b'{"params":' * 300 + b"1" + b"}" * 300,
    b'{"params": {"x": NaN}}', b'{"params": {"x": Infinity}}', b'{"params": {"x": -1e999}}',
    rb'{"params": {"x": "\ud800"}}', rb'{"reason": "\udfff\ud800"}', rb'{"key": "\ud800"}', rb'{"\ud800": 1}',
    rb'{"params": {"\ud800": 1}}', b'{"params": ' + b'{"a":' * 400 + b"1" + b"}" * 400 + b"}",
    b'{"params": ' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}", b'{"params": {"x": "' + b"y" * 60_000 + b'"}}',
    json.dumps({"params": {f"k{n}": n for n in range(3000)}}).encode(), b'{"issued_at": NaN}', b'{"issued_at": 1e400}',
    b'{"issued_at": "0001-01-01T00:00:00+14:00"}', b'{"issued_at": "9999-12-31T23:59:59-14:00"}', b'{"issued_at": []}',
    b'{"seen": 1.5}', b'{"seen": true}', b'{"dry_run": 1}', b'{"key": ' + b'"' + b"k" * 81 + b'"}', b'{"extra": 1}',
    rb'{"reason": "\u0000"}', b'{"params": [1]}', b'{"params": {"x": 1' + b"0" * 4000 + b"}}",
]  # fmt: skip


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_whatever_a_body_says_it_is_refused_with_an_answer_and_the_journal_goes_on(
    tmp_path: Path, role: Role
) -> None:
    async def story(bench: HttpBench) -> None:
        for body in HOSTILE:
            answer = await bench.ask("POST", RESET, body, role=role)
            assert 400 <= answer.status < 500, (body[:60], answer)
            assert answer.json["ok"] is False and answer.json["code"] and len(answer.body) < 4000, (body[:60], answer)
            state = bench.engine.state
            assert (state.state, state.journal_writable, state.trips) == (State.STOPPED, True, ()), body[:60]
            await asyncio.sleep(0.03)
        assert not bench.journal.verify_audit().faults
        assert max(len(row.args) + len(row.why) for row in bench.journal.audit_rows(1 << 30)) < 12_000

    told(tmp_path, story)


def test_a_stop_is_a_stop_whatever_its_body_says(tmp_path: Path) -> None:
    async def story(bench: HttpBench) -> None:
        for number, body in enumerate(HOSTILE, 1):
            answer = await bench.ask("POST", HOLD, body, role=None)
            assert answer.json["code"] is None and answer.status == 200, (body[:60], answer)
            await bench.duty.durable()
            rows = bench.audited()
            assert len(rows) == number and rows[-1][:2] == ("somebody without a token", "station.hold")
            await asyncio.sleep(0.03)
        await bench.make_ready()
        assert (await bench.ask("POST", HOLD, b"{", role=None)).status == 200
        assert bench.engine.state.state in (State.HOLDING, State.HELD) and bench.engine.state.journal_writable

    told(tmp_path, story)


def test_a_stop_does_not_wait_for_its_body(tmp_path: Path) -> None:
    async def story(bench: HttpBench) -> None:
        await bench.make_ready()

        async def never() -> dict[str, Any]:
            await asyncio.sleep(3600.0)
            raise AssertionError

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"host", b"station:8080"), (b"content-length", b"20")]
        scope = {
            "type": "http", "method": "POST", "path": HOLD, "raw_path": HOLD.encode(), "query_string": b"",
            "headers": headers, "client": ("10.0.0.9", 1), "server": None, "root_path": "", "scheme": "http",
        }  # fmt: skip
        before = bench.duty.wall()
        await bench.app(scope, never, send)
        assert sent[0]["status"] == 200 and bench.duty.wall() - before < 1.0
        assert bench.engine.state.state in (State.HOLDING, State.HELD)

    told(tmp_path, story)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "10.0.0.1:8080"}, 200),
        ({"host": "evil.example"}, 421),
        ({"host": ""}, 421),
        ({"host": "station:8080.evil.example"}, 421),
        ({"origin": "http://panel"}, 200),
        ({"origin": "http://panel.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"content_length": str(BODY_MOST + 1)}, 413),
        ({"content_length": "-1"}, 413),
        ({"content_length": "\xb2"}, 413),
        ({"content_length": "9" * 5000}, 413),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": "Basic YTpi"}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer \xff"}, 401),
    ],
)
def test_a_request_of_a_foreign_page_name_size_or_person_is_refused(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async def story(bench: HttpBench) -> None:
        assert (await bench.ask("GET", STATUS, **headers)).status == status

    told(tmp_path, story)


def test_a_body_in_pieces_is_counted_piece_by_piece(tmp_path: Path) -> None:
    async def story(bench: HttpBench) -> None:
        piece = b" " * 4096
        assert (await bench.ask("POST", RESET, [piece] * 15 + [b"{}"])).json["code"] == "A406", "taken, and too old"
        answer = await bench.ask("POST", RESET, [piece] * 100)
        assert answer.status == 400 and str(BODY_MOST) in answer.json["text"]

    told(tmp_path, story)


def test_a_flood_is_turned_away_and_the_first_stop_in_it_is_not(tmp_path: Path) -> None:
    async def story(bench: HttpBench) -> None:
        await bench.make_ready()
        answers = [(await bench.ask("GET", STATUS)).status for _ in range(int(BURST) + 300)]
        assert answers.count(200) == BURST and answers[-1] == 429
        stops = [(await bench.ask("POST", HOLD, role=None)).status for _ in range(int(BURST) + 300)]
        assert stops[: int(BURST)] == [200] * int(BURST) and stops[-1] == 429, "the same stop was taken already"
        assert bench.engine.state.state in (State.HOLDING, State.HELD)
        abort = await bench.ask("POST", "/api/v1/commands/station.abort", role=None)
        assert abort.status == 200, "another way of stopping has a rate of its own"
        assert (await bench.ask("GET", STATUS)).status == 429
        here = await bench.ask("GET", STATUS, role=None, client=("unix:0:0", 0))
        assert here.status != 429, "a flood from the network shuts nobody out who stands at the machine"
        await asyncio.sleep(1.0)
        again = [(await bench.ask("GET", STATUS)).status for _ in range(int(BURST))]
        assert again.count(200) == RATE

    told(tmp_path, story)


def test_without_a_token_nothing_but_stopping_is_possible(tmp_path: Path) -> None:
    async def story(bench: HttpBench) -> None:
        for action in REGISTRY:
            answer = await bench.command(action.name, {}, role=None)
            await asyncio.sleep(0.03)
            if action.anyone:
                assert answer.status in (200, 403) and answer.json["decision"], action.name
            else:
                assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer", action.name
        assert {row[1] for row in bench.audited()} == {a.name for a in REGISTRY if a.anyone}

    told(tmp_path, story)


def test_a_path_that_is_not_there_is_told_in_the_same_words_as_everything(tmp_path: Path) -> None:
    async def story(bench: HttpBench) -> None:
        for method, path, status in (
            ("GET", "/nonsense", 404), ("DELETE", STATUS, 405), ("GET", RESET, 405),
            ("GET", "/api/v1/queries/station.reset", 404), ("GET", "/api/v1/queries/nonsense", 404),
        ):  # fmt: skip
            answer = await bench.ask(method, path)
            assert (answer.status, answer.json["ok"]) == (status, False), path
        assert (await bench.command("nonsense", {})).status == 404
        assert (await bench.ask("GET", "/api/v1/queries/op.wait?operation=OP-0001&within=nan")).status == 400
        assert (await bench.ask("GET", "/api/v1/queries/swap.list?most=1&most=2&other=3")).status == 400

    told(tmp_path, story)


def test_a_look_that_finds_the_station_blocked_is_an_answer_with_its_exit_code(tmp_path: Path) -> None:
    async def story(bench: HttpBench) -> None:
        free = await bench.ask("GET", "/api/v1/queries/why")
        assert (free.status, free.json["exit"], free.json["data"]["blocked"]) == (200, 0, False)
        bench.do(cmd="fault", name="curtain", on=True)
        await asyncio.sleep(2.0)
        blocked = await bench.ask("GET", "/api/v1/queries/why")
        assert (blocked.status, blocked.json["exit"], blocked.json["ok"]) == (200, 4, True)
        dry = await bench.command("station.reset", {"dry_run": True})
        assert (dry.status, dry.json["exit"], dry.json["decision"]) == (200, 4, "planned only")
        assert (await bench.command("station.reset", {})).status == 409

    told(tmp_path, story)
