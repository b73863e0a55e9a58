"""The group of all commands: finds a command's file when it is called, and turns every end into an exit code.

Knows how commands are named and how errors leave. Does not know any command.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import click

from station_ctl.cli.envelope import Call
from station_ctl.cli.failure import INTERRUPTED, report_error, report_internal, report_usage
from station_ctl.core.errors import Exit, StationError


class StationCommands(click.Group):
    """Commands by name. `modules` maps each to one line of help; its file is station_ctl/cli/<name>.py.

    The file has the click command as `command`. A command returns None (done) or an `Exit`.
    """

    def __init__(self, *, modules: Mapping[str, str], nouns: Mapping[str, str] = {}, **settings: Any) -> None:
        settings.setdefault(
            "context_settings", {"help_option_names": ["-h", "--help"], "max_content_width": 110}
        )
        super().__init__(**settings)
        self.modules = {name: text for name, text in modules.items() if find_spec(_module(name)) is not None}
        self.nouns = dict(nouns)
        self.params.append(
            click.Option(
                ["--no-color"],
                is_flag=True,
                expose_value=False,
                is_eager=True,
                callback=_no_color,
                help="No colours; NO_COLOR in the environment does the same.",
            )
        )

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table: what one needs first stands first."""
        return list({**self.nouns, **self.modules})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, with its file imported now and not before."""
        command = None
        if cmd_name in self.modules:
            command = importlib.import_module(_module(cmd_name)).command
            if not isinstance(command, click.Command):
                raise TypeError(f"{_module(cmd_name)}.command is no click command")
        return self._with_actions(cmd_name, command) if cmd_name in self.nouns else command

    def _with_actions(self, noun: str, command: click.Command | None) -> click.Command:
        """The command group of a noun: what the service does, beside what needs no service."""
        from station_ctl.cli.action_commands import commands_of

        made = commands_of(noun)
        if "" in made:
            return made[""]
        group = command if isinstance(command, click.Group) else click.Group(noun, help=self.nouns[noun])
        for verb, action in made.items():
            if verb not in group.commands:
                group.add_command(action, verb)
        return group

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in the help, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list({**self.nouns, **self.modules}.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **settings: Any) -> Any:
        """Run one command line and exit with a code of core.errors.Exit."""
        args = list(sys.argv[1:] if args is None else args)
        call = Call(as_json=_wants_json(args))
        for stream in (sys.stdout, sys.stderr):
            # A terminal that cannot show ≥ or Ω gets a question mark, not a traceback.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        sys.exit(int(self._ended(args, call, rest, {**settings, "standalone_mode": False, "obj": call})))

    def _ended(self, args: list[str], call: Call, rest: tuple[Any, ...], settings: dict[str, Any]) -> int:
        try:
            ended = super().main(args, *rest, **settings)
        except StationError as error:
            return report_error(error, call)
        except click.ClickException as error:
            return report_usage(error, call)
        except click.Abort:
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001 - the last one to know; it is shown whole and exits 70
            return report_internal(error, call)
        return ended if isinstance(ended, int) else Exit.DONE


def _module(name: str) -> str:
    return f"station_ctl.cli.{name}"


def _wants_json(args: list[str]) -> bool:
    """Read from the raw words, because an error in them comes before any option is understood."""
    return any(word in ("--json", "-j") for word in (args[: args.index("--")] if "--" in args else args))


def _no_color(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        os.environ["NO_COLOR"] = "1"  # rich and child processes read it there
    if os.environ.get("NO_COLOR"):
        ctx.color = False
