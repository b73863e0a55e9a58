"""Faults of drives that do not do what their order says; the same in every machine.

Knows drives. Does not know bodies, sensors or the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from hil_tests.simplc.fault_args import Acts, UnknownFault, plc_of
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.drive import Ailment


class DriveFaults:
    """What the drives of a `plc` do wrong; of `usual` unless told."""

    def __init__(self, plcs: Mapping[str, Plc], usual: str) -> None:
        self.plcs = plcs
        self.usual = usual

    def acts(self) -> Acts:
        """By name."""
        return {str(kind): partial(self._drive, kind) for kind in Ailment if kind}

    def _drive(self, kind: Ailment, on: bool, args: Mapping[str, Any]) -> None:
        """The drives of `plc`."""
        plc = plc_of(self.plcs, str(args.get("plc", self.usual)))
        if not plc.channels:
            raise UnknownFault(f"{plc.name} drives nothing")
        plc.drive.strike(kind if on else Ailment.NONE, plc.channels[0].process)
