"""What the state tables rely on in `transitions`: an upgrade that changes it fails with a sentence.

Knows the library; does not know our tables."""

import asyncio
import inspect
from typing import Any

import pytest
from transitions import Machine, MachineError


class Door:
    """A model with one guard whose answer the test chooses."""

    def __init__(self, answer: Any = True) -> None:
        self.answer = answer
        self.entered: list[str] = []

    def allowed(self, event: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def allowed_later(self, event: Any) -> bool:
        return True

    def note(self, event: Any) -> None:
        self.entered.append(event.state.name)


def make_door(answer: Any = True, guard: str = "allowed", **options: Any) -> Any:
    """A Door with its triggers; Any, because the library adds them at run time."""
    door = Door(answer)
    Machine(
        model=door,
        states=["shut", "open", "locked"],
        transitions=[
            {"trigger": "open_up", "source": "shut", "dest": "open", "conditions": [guard]},
            {"trigger": "abort", "source": "*", "dest": "locked"},
        ],
        initial="shut", send_event=True, after_state_change="note",
        **{"auto_transitions": False, **options},
    )
    return door


def test_without_auto_transitions_no_trigger_passes_the_guards_by() -> None:
    door = make_door(answer=False)
    assert not [name for name in dir(door) if name.startswith("to_")]


def test_auto_transitions_would_pass_the_guards_by() -> None:
    """The reason for `auto_transitions=False`: the library's default adds a trigger that asks nobody."""
    door = make_door(answer=False, auto_transitions=True)
    door.to_open()
    assert door.state == "open"


@pytest.mark.parametrize("answer", [True, False])
def test_trigger_returns_what_the_guard_decided(answer: bool) -> None:
    door = make_door(answer)
    assert door.open_up() is answer
    assert door.state == ("open" if answer else "shut")


def test_guard_that_raises_leaves_the_state_and_reaches_the_caller() -> None:
    door = make_door(ValueError("sensor"))
    with pytest.raises(ValueError, match="sensor"):
        door.open_up()
    assert door.state == "shut"
    assert door.entered == []


@pytest.mark.parametrize("answer", [["a reason"], "yes", 2, None])
def test_guard_that_does_not_return_true_refuses(answer: Any) -> None:
    """Fail-safe, but silent: a guard of ours returns a bool and nothing else."""
    door = make_door(answer)
    assert door.open_up() is False
    assert door.state == "shut"


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_async_guard_in_a_plain_machine_refuses() -> None:
    door = make_door(guard="allowed_later")
    assert inspect.iscoroutinefunction(door.allowed_later)
    assert door.open_up() is False
    assert door.state == "shut"


def test_misspelt_guard_is_noticed_only_when_it_is_asked() -> None:
    """The reason for our own test that every guard named in a table exists."""
    door = make_door(guard="alowed")
    with pytest.raises(AttributeError, match="alowed"):
        door.open_up()
    assert door.state == "shut"


def test_trigger_from_a_wrong_state_raises() -> None:
    door = make_door()
    door.open_up()
    with pytest.raises(MachineError):
        door.open_up()


def test_wildcard_covers_every_state_the_target_included() -> None:
    """`abort` is never guarded, and a second abort is as good as the first."""
    door = make_door()
    assert door.abort() and door.abort()
    assert door.state == "locked"


async def test_plain_machine_driven_from_the_loop_loses_no_abort() -> None:
    """Sixteen orders of arrival of `open_up` and `abort`: a synchronous trigger is whole."""
    for early in range(16):
        door = make_door()

        async def fire(trigger: str, turns: int, door: Any = door) -> None:
            for _ in range(turns):
                await asyncio.sleep(0)
            if trigger == "abort" or door.state == "shut":
                getattr(door, trigger)()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fire("open_up", 8))
            tasks.create_task(fire("abort", early))
        assert door.state == "locked"
