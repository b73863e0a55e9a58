"""`station-ctl completion SHELL`: completion of commands and options in a shell.

Knows click's scripts. Does not know the commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "station-ctl"
VARIABLE = "_STATION_CTL_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    bash: station-ctl completion bash > ~/.local/share/bash-completion/completions/station-ctl
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}")
    # Not kind.source(): it starts bash to ask its version, and says things on stderr that nobody asked for.
    complete = kind(ctx.find_root().command, {}, PROGRAM, VARIABLE)
    click.echo(complete.source_template % complete.source_vars())
