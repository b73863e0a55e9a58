"""Commands made of declared actions: parameters, questions, waiting, output; the same habits for every one.

Knows how a declaration becomes a command. Does not know what any action does.
"""

from __future__ import annotations

import enum
import sys
import types
import typing
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from station_ctl.cli.envelope import about_simulated, json_option, print_result
from station_ctl.cli.service_call import Service, ServiceRefused, service
from station_ctl.cli.watching import WATCHED, follow_log, watch
from station_ctl.core.errors import ConfirmationNeeded, Exit
from station_ctl.service.actions import Action
from station_ctl.service.catalogue import REGISTRY
from station_ctl.service.durations import seconds


def commands_of(noun: str) -> dict[str, click.Command]:
    """The commands of one noun by verb. An action without a dot is under the empty name."""
    return {action.verb: command_of(action) for action in REGISTRY if action.noun == noun}


def command_of(action: Action) -> click.Command:
    """The command of one action."""

    def call(**given: Any) -> Exit | int | None:
        return _call(action, given)

    params: list[click.Parameter] = [_parameter(name, field) for name, field in action.params.model_fields.items()]
    # A distance may begin with a minus.
    settings = {"ignore_unknown_options": True} if action.by_hand else {}
    made = click.Command(
        action.verb or action.name, callback=call, params=params, help=_help(action), short_help=action.text.en,
        context_settings=settings,
    )  # fmt: skip
    for option in reversed(_options(action)):
        option(made)
    return made


def _help(action: Action) -> str:
    needs = [f"role {action.role.word}"] if action.role.word != "viewer" else []
    needs += ["control of the station"] if action.needs_control else []
    needs += ["the jog button: it is held while this command runs, Ctrl-C lets go"] if action.by_hand else []
    needs += ["a second person"] if action.two_persons else []
    modes = sorted(str(mode) for mode in action.modes)
    needs += [f"mode {' or '.join(modes)}"] if len(modes) < 3 else []
    return f"{action.text.en}\n\n{action.text.zh}" + (f"\n\nNeeds {', '.join(needs)}." if needs else "")


def _options(action: Action) -> list[Any]:
    made = [json_option]
    if action.name in WATCHED:
        made.append(click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C."))
    if action.name == "log":
        made.append(click.option("-f", "--follow", is_flag=True, help="Go on with rows as they come, until Ctrl-C."))
    if action.changes and not action.anyone:
        made.append(click.option("-n", "--dry-run", is_flag=True, help="Look at what stands against it; move nothing."))
    if action.needs_control:
        made.append(click.option("-y", "--yes", is_flag=True, help="Nobody is in the machine area: do it."))
    if action.changes:
        made.append(click.option("--reason", default="", metavar="TEXT", help="Why; stands in the audit."))
    if action.long and not action.by_hand:
        stay = "Stay until it ends (on a terminal: yes)."
        made.append(click.option("--wait/--no-wait", "-w", default=None, help=stay))
        made.append(click.option("--timeout", type=float, metavar="S", help="Seconds to stay; then it goes on alone."))
    where = "unix:PATH or HOST:PORT of the service."
    made.append(click.option("-H", "--host", envvar="STATION_HOST", metavar="ADDRESS", help=where))
    made.append(
        click.option(
            "--token-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), envvar="STATION_TOKEN_FILE",
            help="File with a person's token; else STATION_TOKEN, else this account.",
        )
    )
    return made


def _parameter(name: str, field: Any) -> click.Parameter:
    """A required field is an argument, any other an option of its name."""
    kind, many = _kind(field.annotation)
    if any(getattr(rule, "func", None) is seconds for rule in field.metadata):
        kind = str  # 30m; the service reads the unit
    text = field.description or ""
    if field.is_required() and kind is not bool:
        return click.Argument([name], type=kind, metavar=name.upper(), nargs=-1 if many else 1)
    if (field.json_schema_extra or {}).get("x-positional"):
        rest: dict[str, Any] = {"nargs": -1} if many else {"default": field.default}
        return click.Argument([name], type=kind, required=False, metavar=f"[{name.upper()}]", **rest)
    flag = f"--{(field.alias or name).replace('_', '-')}"
    if kind is bool:
        return click.Option([flag], is_flag=True, help=text)
    shown = field.default not in ("", None, ())
    default = field.default.value if isinstance(field.default, enum.Enum) else field.default
    return click.Option([flag, name], type=kind, default=default, multiple=many, help=text, show_default=shown)


def _kind(annotation: Any) -> tuple[Any, bool]:
    """click's type for a field, and whether it takes many values."""
    origin = typing.get_origin(annotation)
    if origin is tuple:
        return _kind(typing.get_args(annotation)[0])[0], True
    if origin in (typing.Union, types.UnionType):
        return _kind(next(a for a in typing.get_args(annotation) if a is not type(None)))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return click.Choice([str(member.value) for member in annotation]), False
    return (annotation if annotation in (int, float, bool) else str), False


def _call(action: Action, given: dict[str, Any]) -> Exit | int | None:
    fields = action.params.model_fields.items()
    params = {f.alias or name: given[name] for name, f in fields if given.get(name) not in (None, ())}
    asked = service(given.get("host"), given.get("token_file"))
    dry_run, yes = given.get("dry_run", False), given.get("yes", False)
    if action.needs_control and not yes and not dry_run:
        yes = _asked_a_person(action, asked, params)
    envelope = {"dry_run": dry_run, "confirmed": yes, "reason": given.get("reason", "")}
    if action.by_hand and not dry_run:
        return _by_hand(action, asked, params, envelope, as_json=given["as_json"])
    stays = action.long and not dry_run and (sys.stdout.isatty() if given["wait"] is None else given["wait"])
    if stays:
        from station_ctl.cli.following import follow, interrupts_wait

        # From the request on: a Ctrl-C that comes with the answer must not leave the machine running alone.
        with interrupts_wait():
            answer = asked.command(action.name, params, **envelope)
            about_simulated(bool(answer["simulated"]))
            if answer.get("operation"):
                return follow(asked, action, answer["operation"], given.get("timeout"), as_json=given["as_json"])
    elif given.get("watch") or given.get("follow"):
        _watch(action, asked, params, as_json=given["as_json"])
        return None
    else:
        answer = asked.command(action.name, params, **envelope)
        about_simulated(bool(answer["simulated"]))
    _print(action, _whole(action, asked, params, answer), as_json=given["as_json"])
    return Exit(answer["exit"])


def _by_hand(
    action: Action, asked: Service, params: Mapping[str, Any], envelope: Mapping[str, Any], *, as_json: bool
) -> int:
    """Ask with the button held, and hold it until the operation ends: this program is the hand."""
    from station_ctl.cli.following import follow, interrupts_wait
    from station_ctl.cli.jog_hand import held

    with interrupts_wait(), held(asked):
        answer = asked.command(action.name, params, **envelope)
        about_simulated(bool(answer["simulated"]))
        return follow(asked, action, answer["operation"], None, as_json=as_json)


def _watch(action: Action, asked: Service, params: dict[str, Any], *, as_json: bool) -> None:
    """The same look again and again, or rows as they come; ends with Ctrl-C."""
    from station_ctl.cli.answers import shown, table

    def tell(answer: Mapping[str, Any]) -> None:
        print_result(action.name, answer["data"], simulated=bool(answer["simulated"]), ok=not answer["exit"])

    if action.name != "log":
        look = partial(asked.command, action.name, params)
        watch(look, partial(shown, action), tell if as_json else None)
        return

    def show(row: Mapping[str, Any]) -> None:
        if as_json:
            print_result("log.row", row, simulated=simulated)
        else:
            click.echo(list(table([dict(row)]))[1])

    simulated = bool(asked.command("mode.show", {})["simulated"])
    follow_log(lambda after: list(asked.command("log", {**params, "after": after})["data"]["rows"]), show)


def _whole(action: Action, asked: Service, params: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with everything that follows it: a long export comes in pieces, and a person asked for all of it."""
    if answer["data"].get("next") is None:
        return answer
    rows = list(answer["data"]["rows"])
    while (following := answer["data"].get("next")) is not None:
        answer = asked.command(action.name, {**params, "begin": following})
        rows += answer["data"]["rows"]
        answer["data"]["rows"] = rows
    return answer


def _asked_a_person(action: Action, asked: Service, params: Mapping[str, Any]) -> bool:
    """Show what would move and ask for what no sensor knows. Raises ConfirmationNeeded where nobody can answer."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfirmationNeeded(f"{action.name} moves machinery: confirm with --yes when not on a terminal")
    answer = asked.command(action.name, params, dry_run=True)
    if answer["exit"]:
        raise ServiceRefused(answer)
    _print(action, answer, as_json=False)
    if not click.confirm("Is the machine area clear of people?", default=False):
        raise ConfirmationNeeded(f"{action.name}: not confirmed, nothing was asked of the machine")
    return True


def _print(action: Action, answer: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        data = {**answer["data"], **({"operation": answer["operation"]} if answer.get("operation") else {})}
        print_result(action.name, data, simulated=bool(answer["simulated"]), ok=not answer["exit"])
        return
    from station_ctl.cli.answers import shown

    for line in shown(action, answer):
        click.echo(line)
