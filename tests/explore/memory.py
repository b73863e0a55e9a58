"""Answers once given: by the engine's memory, the question, and those links alone that were looked at to answer it.

Knows that a decision is a pure function of what it reads. Does not know what is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from tests.explore.image import PlantImage, View


class Fork:
    """The next look is at this link; each thing it has shown so far leads on."""

    __slots__ = ("link", "ways")

    def __init__(self, link: str) -> None:
        self.link = link
        self.ways: dict[int, Any] = {}


class Memory:
    """Asks once for each combination of what the answer depends on.

    A decision looks at one link after another, and which it looks at next depends only on what it has seen. So the
    answers to one question form a tree of looks. A second way through the tree for the same looks is an impure decision,
    and fails here.
    """

    def __init__(self) -> None:
        self._answers: dict[tuple[int, Hashable], Any] = {}
        self._kept: dict[int, object] = {}

    def ask(self, state: object, question: Hashable, view: View, answer: Callable[[PlantImage], Any]) -> Any:
        """The answer to a question about this state in this view; `answer` gives it when it is new."""
        key = (id(state), question)
        node = self._answers.get(key)
        while type(node) is Fork:
            node = node.ways.get(id(view.look(node.link)))
        if node is not None:
            return node[0]
        image = view.image()
        given = answer(image)
        self._kept[id(state)] = state  # An identity means something only while its object lives.
        self._remember(key, image, (given,))
        return given

    def __len__(self) -> int:
        return len(self._kept)

    def forget(self) -> None:
        """Forget every answer: they can all be found again, and memory has an end."""
        self._answers.clear()
        self._kept.clear()

    def _remember(self, key: tuple[int, Hashable], image: PlantImage, leaf: tuple[Any]) -> None:
        place: dict[Any, Any] = self._answers
        at: Any = key
        for link, look in image.looks.items():
            fork = place.setdefault(at, Fork(link))
            assert fork.link == link, f"the same decision has looked at {fork.link} and now looks at {link}"
            place, at = fork.ways, id(look)
        assert at not in place, "the same decision looks further than before"
        place[at] = leaf
