"""Looking again and again: what is printed, and that a service that is away for a moment ends nothing."""

from __future__ import annotations

import click
import pytest

from station_ctl.cli import watching
from station_ctl.core.errors import NotReachable


class Service:
    """Answers one thing after another; None = it does not answer."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)

    def look(self) -> dict[str, str]:
        answer = self.answers.pop(0)
        if answer is None:
            raise NotReachable("no service answers")
        return {"text": answer}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching.time, "sleep", lambda seconds: None)


def watched(*answers: str | None, as_json: bool = False) -> None:
    told = (lambda answer: click.echo(f"J {answer['text']}")) if as_json else None
    watching.watch(Service(*answers).look, lambda answer: [answer["text"]], told, looks=len(answers))


def test_in_a_pipe_an_answer_is_printed_when_it_is_another_one(capsys: pytest.CaptureFixture[str]) -> None:
    watched("idle", "idle", "held", "idle")
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("-- ")]
    assert lines == ["idle", "held", "idle"]


def test_json_is_one_object_a_look(capsys: pytest.CaptureFixture[str]) -> None:
    watched("idle", "idle", as_json=True)
    assert capsys.readouterr().out == "J idle\nJ idle\n"


def test_a_service_that_is_started_anew_is_waited_for_but_one_that_never_answered_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watched("idle", None, None, "held")
    assert capsys.readouterr().out.count("no service answers") == 1
    with pytest.raises(NotReachable):
        watched(None, "idle")


def test_every_row_of_the_log_is_shown_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, shown, asked = [{"seq": n} for n in range(1, 6)], list[int](), list[int]()

    def ask(after: int) -> list[dict[str, int]]:
        asked.append(after)
        if len(asked) == 2:
            raise NotReachable("started anew")
        if len(asked) == 5:
            raise KeyboardInterrupt
        return [row for row in rows[: len(asked) + 1] if row["seq"] > after]

    with pytest.raises(KeyboardInterrupt):
        watching.follow_log(ask, lambda row: shown.append(row["seq"]))  # type: ignore[arg-type]
    assert shown == [1, 2, 3, 4, 5] and asked == [0, 2, 2, 4, 5]
