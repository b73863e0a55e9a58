"""The command line as a whole: envelopes, exit codes, errors in words, nothing imported before it is needed.

Knows the forms. What single commands say stands in tests of their own.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType

import click
import pytest
from click.testing import CliRunner, Result

import station_ctl
from station_ctl.cli import main
from station_ctl.core.errors import (
    ConfigurationError,
    Exit,
    JournalError,
    NotAllowed,
    NotFound,
    Refused,
    StationError,
)

ERRORS: list[tuple[Exception, int, str]] = [
    (StationError("no luck"), 1, "A900"),
    (JournalError("disk full"), 1, "A501"),
    (Refused("needs the moon"), 4, "A401"),
    (NotAllowed("mode manual"), 5, "A402"),
    (ConfigurationError(["f.yaml:1:2: a: wrong", "f.yaml:3:4: b: wrong"]), 6, "A601"),
    (NotFound("no bay Z99"), 9, "A901"),
    (ZeroDivisionError("1/0"), 70, "A990"),
]


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A command `trial` that does what a test puts into `trial.act`."""
    module = ModuleType("station_ctl.cli.trial")
    module.act = lambda: None  # type: ignore[attr-defined]

    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    def command(as_json: bool) -> object:
        return module.act()  # type: ignore[attr-defined]

    module.command = command  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(main.modules, "trial", "A trial.")
    yield module


def run(*words: str, **settings: object) -> Result:
    return CliRunner().invoke(main, words, prog_name="station-ctl", **settings)  # type: ignore[arg-type]


def raising(error: BaseException) -> object:
    def act() -> None:
        raise error

    return act


@pytest.mark.parametrize(("error", "code", "alarm"), ERRORS, ids=lambda v: type(v).__name__)
def test_error_leaves_with_its_exit_code_and_the_words_of_the_catalogue(
    trial: ModuleType, error: Exception, code: int, alarm: str
) -> None:
    trial.act = raising(error)  # type: ignore[attr-defined]
    result = run("trial")
    assert result.exit_code == code
    assert result.stdout == ""
    assert re.search(rf"^{alarm}: \S", result.stderr, re.MULTILINE)
    lines = error.findings if isinstance(error, ConfigurationError) else [str(error)]
    assert all(line in result.stderr for line in lines)
    assert "\ncause:  " in result.stderr and "\nremedy: " in result.stderr


@pytest.mark.parametrize(("error", "code", "alarm"), ERRORS, ids=lambda v: type(v).__name__)
def test_error_is_one_json_document_on_stderr(
    trial: ModuleType, error: Exception, code: int, alarm: str
) -> None:
    trial.act = raising(error)  # type: ignore[attr-defined]
    result = run("trial", "--json")
    document = json.loads(result.stderr)
    assert result.exit_code == code and result.stdout == ""
    assert (document["schema"], document["ok"], document["simulated"]) == ("station.error/1", False, False)
    assert (document["data"]["exit"], document["data"]["code"]) == (code, alarm)
    assert document["data"]["detail"] and document["data"]["cause"] and document["data"]["remedy"]
    assert ("traceback" in document["data"]) == (code == 70)


def test_internal_error_shows_its_traceback(trial: ModuleType) -> None:
    trial.act = raising(ZeroDivisionError("1/0"))  # type: ignore[attr-defined]
    assert "Traceback (most recent call last)" in run("trial").stderr


@pytest.mark.parametrize("code", [Exit.RECOVERY_NEEDED, Exit.TIMEOUT, None])
def test_command_returns_its_exit_code(trial: ModuleType, code: Exit | None) -> None:
    trial.act = lambda: code  # type: ignore[attr-defined]
    assert run("trial").exit_code == (code or 0)


def test_ctrl_c_exits_130(trial: ModuleType) -> None:
    trial.act = raising(KeyboardInterrupt())  # type: ignore[attr-defined]
    assert run("trial").exit_code == 130


@pytest.mark.parametrize("words", [("nonsense",), ("trial", "--nonsense"), ("--nonsense",)])
def test_wrong_usage_exits_2_in_text_and_json(trial: ModuleType, words: tuple[str, ...]) -> None:
    text, as_json = run(*words), run(*words, "--json")
    assert text.exit_code == as_json.exit_code == 2
    assert "Usage: station-ctl" in text.stderr
    assert json.loads(as_json.stderr)["data"]["exit"] == 2


def test_error_with_a_broken_catalogue_still_exits_with_its_code(
    trial: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ConfigurationError(["alarms.yaml:1:1: wrong"])

    monkeypatch.setattr("station_ctl.config.load_alarms", broken)
    trial.act = raising(NotFound("no bay Z99"))  # type: ignore[attr-defined]
    result = run("trial")
    assert result.exit_code == 9 and "no bay Z99" in result.stderr


@pytest.mark.parametrize("how", ["NO_COLOR", "--no-color", "colours"])
def test_colours_can_be_switched_off(trial: ModuleType, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")  # so that what the option sets is taken back afterwards

    def act() -> None:
        click.secho("result", fg="green")
        raise NotFound("x")

    trial.act = act  # type: ignore[attr-defined]
    words = ["--no-color", "trial"] if how == "--no-color" else ["trial"]
    result = run(*words, color=True, env={"NO_COLOR": "1"} if how == "NO_COLOR" else {})
    assert ("\x1b[" in result.stderr) == ("\x1b[" in result.stdout) == (how == "colours")


def test_help_lists_every_command_without_importing_any() -> None:
    code = (
        "import sys\nfrom station_ctl.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'rich', 'asyncua', 'pymodbus', 'pydantic', 'structlog', 'asyncio', 'ruamel.yaml'}\n"
        "ours = {m for m in sys.modules if m.startswith('station_ctl.cli.')}\n"
        "print(sorted(heavy & set(sys.modules)), sorted(ours), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    for name in main.modules:
        assert re.search(rf"^  {name}  ", done.stdout, re.MULTILINE), name
    named = "['station_ctl.cli.commands', 'station_ctl.cli.envelope', 'station_ctl.cli.failure']"
    assert done.stderr.strip() == f"[] {named}"


@pytest.mark.parametrize("name", sorted(main.modules))
def test_command_file_holds_the_command_of_its_name(name: str) -> None:
    command = importlib.import_module(f"station_ctl.cli.{name}").command
    assert isinstance(command, click.Command)
    assert run(name, "--help").exit_code == 0


def test_version_in_text_and_json() -> None:
    text, as_json = run("version"), run("version", "--json")
    assert text.stdout.startswith(f"station-ctl {station_ctl.__version__} (Python 3.")
    document = json.loads(as_json.stdout)
    assert document["schema"] == "station.version/1" and document["ok"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document["at"])
    assert document["data"]["libraries"]["pymodbus"] in text.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_asks_this_program(shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0 and result.stderr == ""
    assert "_STATION_CTL_COMPLETE" in result.stdout and "station-ctl" in result.stdout


def test_completion_knows_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    env = {"_STATION_CTL_COMPLETE": "bash_complete", "COMP_WORDS": "station-ctl ver", "COMP_CWORD": "1"}
    assert run(env=env).stdout.strip() == "plain,version"
