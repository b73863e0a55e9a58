"""`help TOPIC`: every exit code is explained, every command that a topic names exists, and whoever errs is told."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner, Result

from station_ctl.cli import main
from station_ctl.cli.help import FIRST_STEPS, RECOVERY, TOPICS
from station_ctl.core.errors import Exit


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["help", *words], prog_name="station-ctl")


def test_every_exit_code_is_explained() -> None:
    shown = run("exit-codes").stdout
    for code in (*Exit, 130):
        (line,) = [line for line in shown.splitlines() if line.split()[0] == str(int(code))]
        assert len(line.split()) > 2


@pytest.mark.parametrize("line", [line for line, _ in (*FIRST_STEPS, *RECOVERY)])
def test_every_command_that_a_topic_names_exists_and_takes_its_options(line: str) -> None:
    found: click.Command | None = main
    context = click.Context(main)
    words = line.split()[1:]
    while words and isinstance(found, click.Group):
        found = found.get_command(context, words.pop(0))
    assert found is not None and not isinstance(found, click.Group), line
    known = {flag for parameter in found.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= known, line
    arguments = [p for p in found.params if isinstance(p, click.Argument)]
    assert sum(not word.startswith("-") for word in words) <= len(arguments)


def test_topics_alarms_and_commands_are_explained() -> None:
    assert all(topic in run().stdout for topic in TOPICS)
    assert "remedy:" in run("a102").stdout
    assert "--vehicle" in run("swap", "start").stdout and "timeline" in run("swap").stdout
    assert json.loads(run("exit-codes", "--json").stdout)["data"]["rows"]["4"].startswith("blocked")


def test_what_there_is_not_is_told_with_what_there_is() -> None:
    for words in (("nonsense",), ("swap", "nonsense"), ("A000",)):
        result = run(*words)
        assert result.exit_code == Exit.NOT_FOUND and "first-steps" in result.stderr, result.stderr
