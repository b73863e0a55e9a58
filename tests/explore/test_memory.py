"""What the explorer remembers of decisions changes nothing but its speed, and an impure decision is found out."""

from __future__ import annotations

import pytest

from tests.explore import starts
from tests.explore.explorer import Explorer
from tests.explore.image import PlantImage
from tests.explore.memory import Memory
from tests.explore.scene import Ground, Scene
from tests.explore.specimen import specimen


def scene() -> Scene:
    return starts.whole(Ground(specimen()))


def test_an_answer_holds_as_long_as_the_links_looked_at_show_the_same() -> None:
    seen, memory, here = [], Memory(), scene()

    def answer(image: PlantImage) -> int:
        seen.append(image.links["lift"])
        return len(seen)

    def ask() -> int:
        return int(memory.ask(here.alive, "how many", here.view(), answer))

    assert (ask(), ask()) == (1, 1)
    here.t = here.t._replace(at_in=2)
    assert ask() == 1, "nobody has looked at the stacker"
    here.t = here.t._replace(clamp=2)
    assert ask() == 2
    memory.forget()
    assert ask() == 3


@pytest.mark.parametrize("then", (("robot",), ("lift", "robot"), ()))
def test_an_answer_that_looks_elsewhere_the_second_time_is_impure(then: tuple[str, ...]) -> None:
    memory, here = Memory(), scene()
    looks = iter((("lift",), then))

    def answer(image: PlantImage) -> None:
        for link in next(looks):
            assert image.links[link]

    memory.ask(here.alive, "what", here.view(), answer)
    here.t = here.t._replace(clamp=2)
    if then == ("lift", "robot"):
        memory.ask(here.alive, "what", here.view(), answer)  # what it saw first may lead it further
        return
    with pytest.raises(AssertionError, match="the same decision"):
        memory.ask(here.alive, "what", here.view(), answer)


def test_exploring_without_memory_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> tuple[int, int, int]:
        explorer = Explorer(Ground(specimen()))
        seen = explorer.explore({"": starts.fetched_last(explorer.ground)}, 0)
        return seen.states, seen.transitions, len(seen.violations)

    with_memory = found()
    monkeypatch.setattr(Memory, "_remember", lambda *_: None)
    assert found() == with_memory
