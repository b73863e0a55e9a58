"""What a technician is told of a PLC that keeps less than the whole contract."""

from __future__ import annotations

import pytest

from station_ctl.core.levels import MAY_LACK, WHAT_B_COSTS, cost_of_b


@pytest.mark.parametrize(
    ("lacks", "what"),
    [
        ((), "with answers that do not survive a loss of power"),
        (("CMD_CRC",), "without CMD_CRC"),
        (("CMD_EPOCH", "EPOCH"), "without EPOCH, CMD_EPOCH"),
        (tuple(MAY_LACK), "without EPOCH, CMD_EPOCH, UPTIME_MS, CMD_EXPIRES, CMD_CRC"),
    ],
)
def test_the_cost_of_level_b_names_what_this_very_plc_lacks(lacks: tuple[str, ...], what: str) -> None:
    assert cost_of_b(frozenset(lacks)) == f"level B, {what}: {WHAT_B_COSTS}"
