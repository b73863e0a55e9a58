"""The form of something that may happen to a scene, and how happenings are put together.

Knows scenes only by name.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.explore.scene import Scene

Move = tuple[str, int, Callable[[Scene], None]]
"""What a person reading the story is told, how many faults it costs, and the happening itself."""


def ignore(_: object) -> None:
    return None


def then(scene: Scene, happens: Callable[[], None]) -> None:
    happens()
    scene.react()


def role_of(scene: Scene, run_id: str, no: int) -> str:
    """The role that a step of an open run orders something of."""
    run = scene.alive.run(run_id)
    command = run.sequence.by_no[no].do if run is not None else None
    return command.role if command is not None else ""
