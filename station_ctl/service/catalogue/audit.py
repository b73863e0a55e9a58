"""Actions on the audit chain."""

from __future__ import annotations

from pydantic import Field

from station_ctl.service.actions import Action, Kind, Params, Words
from station_ctl.service.catalogue.swap import HowMany
from station_ctl.service.persons import Role


class Piece(Params):
    """A piece of the chain; the whole of a long one would hold up the loop that guards machines."""

    begin: int = Field(1, ge=-(2**63), lt=2**63, description="number of the first row")
    most: int = Field(500, ge=1, le=1000, description="how many rows at once")


class Anchors(Params):
    """Heads of the chain that were written down elsewhere."""

    anchors: tuple[str, ...] = Field((), description="SEQ:HASH, as the system's journal has them")


ACTIONS = (
    Action("audit.list", Kind.READ, Role.TECHNICIAN, Words("Audit rows, newest last.", "审计记录，最新在后。"), "audit:list_rows", HowMany),
    Action(
        "audit.verify", Kind.READ, Role.TECHNICIAN,
        Words("Check the whole chain, and say what the check cannot find.", "校验整条审计链，并说明无法发现的情况。"),
        "audit:verify", Anchors,
    ),
    Action("audit.export", Kind.READ, Role.TECHNICIAN, Words("Every audit row.", "导出全部审计记录。"), "audit:export", Piece),
)  # fmt: skip
