"""Commands made of declarations: every action has one, parameters fit, and a call loads no machine's library."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from station_ctl.cli import main
from station_ctl.cli.action_commands import command_of, commands_of
from station_ctl.service.actions import Action
from station_ctl.service.catalogue import REGISTRY

WITHOUT_SERVICE = {"seq.list", "seq.show"}
"""Printed from the station file where the command line is asked; over the API they come from the service."""


def test_the_command_line_lists_the_nouns_of_the_registry_and_no_others() -> None:
    assert set(main.nouns) == {action.noun for action in REGISTRY}


@pytest.mark.parametrize("action", list(REGISTRY), ids=lambda action: action.name)
def test_every_action_is_a_command_with_the_options_of_its_kind(action: Action) -> None:
    group = main.get_command(click.Context(main), action.noun)
    assert group is not None
    made = group.commands[action.verb] if isinstance(group, click.Group) and action.verb else group
    if action.name in WITHOUT_SERVICE:
        assert "station" in {parameter.name for parameter in made.params}
        return
    names = {parameter.name for parameter in made.params}
    assert {"as_json", "host", "token_file", *action.params.model_fields} <= names
    assert ("yes" in names) == action.needs_control
    assert ("dry_run" in names) == (action.changes and not action.anyone)
    assert ("wait" in names) == (action.long and not action.by_hand)
    text = made.get_help(click.Context(made, info_name=action.name))
    assert action.text.en[:40] in " ".join(text.split()) and action.text.zh[:6] in text


def test_a_required_parameter_is_an_argument_and_any_other_an_option() -> None:
    shelve = commands_of("alarm")["shelve"]
    kinds = {parameter.name: type(parameter) for parameter in shelve.params}
    assert kinds["alarm"] is click.Argument and kinds["for_"] is click.Option
    assert isinstance(command_of(REGISTRY.named("why")).params[0], click.Argument)


MACHINERY = ("pymodbus", "asyncua", "serial", "transitions", "ruamel", "starlette", "uvicorn", "sqlite3", "rich")


def test_a_call_to_the_service_loads_nothing_of_machines_files_or_servers() -> None:
    """What takes a tenth of a second to load is loaded by whoever needs it: a technician types many commands."""
    code = (
        "import sys; from station_ctl.cli import main\n"
        "try: main(['mode', 'show', '--host', 'unix:/nowhere', '--help'])\n"
        "except SystemExit: pass\n"
        f"print('LOADED', [m for m in {MACHINERY!r} if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "LOADED []" in said, said
