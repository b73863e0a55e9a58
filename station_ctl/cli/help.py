"""`station-ctl help [TOPIC]`: exit codes, kinds of actions, the first steps, an alarm's words, any command's help.

Knows topics. Does not know what a command does; that stands with the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import click

from station_ctl.cli.envelope import json_option, print_result
from station_ctl.core.errors import NotFound

FIRST_STEPS = (
    ("station-ctl status", "what the station is doing"),
    ("station-ctl why", "what stands in the way, and the next command; exit code 4 if something does"),
    ("station-ctl bay scan", "packs as sensors see them, against custody; after an installation: bay inventory"),
    ("station-ctl mode set automatic", "swaps run in automatic only; nothing moves yet"),
    ("station-ctl station reset", "ready to start; nothing moves yet"),
    ("station-ctl station start", "swaps may run from now on"),
    ("station-ctl swap start --wait", "swap the pack of the vehicle at the entry and watch; Ctrl-C holds"),
)

RECOVERY = (
    ("station-ctl why", "the first-out is the cause; the rest followed from it"),
    ("station-ctl alarm ack --all", "once the cause is gone: trips are reset, nothing moves"),
    ("station-ctl swap recover", "what journal and sensors say, and every way that is open, with its command"),
    ("station-ctl swap resume -n", "a dry run: what stands against going on"),
    ("station-ctl swap resume --step", "go on until the next step is proven, then hold"),
    ("station-ctl swap retreat RUN", "give it up: the vehicle goes back safely"),
    ("station-ctl battery is-at PACK PLACE", "where journal and sensors disagree: two persons say where a pack is"),
    ("station-ctl battery is-called PACK PLACE", "a pack came in under a false code: two persons say the true one"),
)


def _exit_codes() -> dict[str, str]:
    from station_ctl.cli.manual_commands import EXITS

    return {**{str(int(code)): text for code, text in EXITS.items()}, "130": "interrupted by Ctrl-C"}


def _kinds() -> dict[str, str]:
    from station_ctl.cli.manual_commands import KINDS

    return {str(kind): text for kind, text in KINDS.items()}


TOPICS: Mapping[str, tuple[str, Callable[[], dict[str, str]]]] = {
    "first-steps": ("from a service that has just started to the first swap", lambda: dict(FIRST_STEPS)),
    "recovery": ("after a stop, a crash or a power cut", lambda: dict(RECOVERY)),
    "exit-codes": ("what every exit code says", _exit_codes),
    "kinds": ("what an action may do, and what it needs", _kinds),
}
"""Topics by name: a line about each, and its rows."""


@click.command()
@click.argument("topic", nargs=-1)
@json_option
@click.pass_context
def command(ctx: click.Context, topic: tuple[str, ...], as_json: bool) -> None:
    """Explain a topic, an alarm code or a command; without one, list the topics."""
    words = topic or ("topics",)
    if len(words) == 1 and words[0] in (*TOPICS, "topics"):
        rows = {name: about for name, (about, _) in TOPICS.items()} if words[0] == "topics" else TOPICS[words[0]][1]()
        if as_json:
            print_result("help", {"topic": words[0], "rows": rows}, simulated=False)
            return
        for line in _table(rows):
            click.echo(line)
        if words[0] == "topics":
            click.echo("\nAlso: station-ctl help A104 (an alarm), station-ctl help swap start (a command)")
        return
    text = _of_alarm(words[0]) if len(words) == 1 else ""
    text = text or _of_command(ctx, words)
    if as_json:
        print_result("help", {"topic": " ".join(words), "text": text}, simulated=False)
    else:
        click.echo(text)


def _table(rows: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, rows))
    return (f"{name.ljust(width)}  {text}" for name, text in rows.items())


def _of_alarm(code: str) -> str:
    from station_ctl.config import load_alarms

    entry = load_alarms().get(code.upper()) if code[:1] in "Aa" and code[1:].isdigit() else None
    if entry is None:
        return ""
    return (
        f"{code.upper()} {entry.text} ({entry.priority.value})\n"
        f"cause:       {entry.cause}\nconsequence: {entry.consequence}\nremedy:      {entry.remedy}"
    )


def _of_command(ctx: click.Context, words: tuple[str, ...]) -> str:
    """The help of a command. Raises NotFound naming the topics."""
    root = ctx.find_root()
    found: click.Command | None = root.command
    context = root
    for word in words:
        found = found.get_command(context, word) if isinstance(found, click.Group) else None
        if found is None:
            raise NotFound(f"no topic, alarm or command {' '.join(words)!r}; topics are {', '.join(TOPICS)}")
        context = click.Context(found, info_name=word, parent=context)
    return context.get_help()
