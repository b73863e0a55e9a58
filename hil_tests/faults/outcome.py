"""What one case of the fault catalogue came to, in a form that a test report carries and the tables are made of.

Knows the form of an outcome. Does not know how the case was run, nor which reaction was expected.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from hil_tests.faults.fault import Reaction

PROPERTY = "outcome"
"""Name of the property under which a junit report carries an outcome."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One fault at one step.

    `code` is the number of the fault, `step` the step it struck in (0 = none: the link alone, or the station at
    rest). `reaction` is what was seen, `first_out` the code of the first trip or alarm (`A201`; "" = none).
    `violations` counts what the independent monitor saw, `custody_ok` says that ledger and plant agreed. `where` is
    `wire` or `virtual`.
    """

    code: str
    step: int
    reaction: Reaction
    first_out: str = ""
    violations: int = 0
    custody_ok: bool = True
    where: str = "wire"

    def record(self, record_property: Callable[[str, object], None]) -> None:
        """Leave the outcome in the report of the running test."""
        record_property(PROPERTY, self.as_text())

    def as_text(self) -> str:
        """The outcome as one line of JSON."""
        return json.dumps({**asdict(self), "reaction": self.reaction.value}, ensure_ascii=False)

    @classmethod
    def parse(cls, text: str) -> Outcome:
        """Read `as_text` back. Raises ValueError or TypeError for anything else."""
        fields = json.loads(text)
        return cls(**{**fields, "reaction": Reaction(fields["reaction"])})
