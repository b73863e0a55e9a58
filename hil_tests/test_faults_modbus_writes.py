"""Each fault of the Modbus TCP list at an order: what its outcome is called, and that it is sent once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil_tests.faults import toxics_modbus as toxic
from hil_tests.faults.aim import Aim
from hil_tests.faults.fault import Reaction
from hil_tests.faults.modbus_wire import wire
from hil_tests.faults.outcome import Outcome
from hil_tests.faults.proxy_modbus import Toxic
from hil_tests.link_bench import order, until
from station_ctl.core.links import LinkError, OutcomeUnknown, WriteRefused

Record = Callable[[str, object], None]

WRITTEN: dict[str, tuple[str, Toxic, bool]] = {
    "M03": ("M03", toxic.reset_before_reply, True),
    "M04": ("M04", toxic.reset_mid_frame, True),
    "M05": ("M05", toxic.fin_after_request, True),
    "M06 the answer is lost": ("M06", toxic.silence, True),
    "M06 the request is lost": ("M06", toxic.swallowed, False),
    "M08": ("M08", toxic.late(0.6), True),
    "M10": ("M10", toxic.drip(0.1), True),
    "M12": ("M12", toxic.unit(), True),
    "M13": ("M13", toxic.function(6), True),
    "M15": ("M15", toxic.transaction(lambda tid: tid - 1), True),
    "M17": ("M17", toxic.delivered_late(0.4), True),
    "M18": ("M18", toxic.protocol(1), True),
    "M19": ("M19", toxic.length(3), True),
    "M21": ("M21", toxic.echo(), True),
}


@pytest.mark.parametrize("case", WRITTEN)
async def test_an_order_without_a_right_answer_is_unknown_and_sent_once(
    case: str, record_property: Record
) -> None:
    code, what, arrives = WRITTEN[case]
    async with wire() as it:
        it.proxy.strike(what, Aim({16}, times=1))
        with pytest.raises(OutcomeUnknown):
            await it.link.write(order(), commit="CMD_COMMIT")
        await until(lambda: len(it.plc.written) >= arrives, "the order reaches the PLC")
        await it.recovers()
        assert it.plc.written.count(order()) == arrives
    Outcome(code, 0, Reaction.HOLD).record(record_property)


async def test_a_repeated_answer_to_an_order_is_believed_once(record_property: Record) -> None:
    async with wire() as it:
        it.proxy.strike(toxic.twice, Aim({16}, times=1))
        await it.link.write(order(), commit="CMD_COMMIT")
        await it.recovers()
        assert it.plc.written.count(order()) == 1
    Outcome("M16", 0, Reaction.TRANSPARENT).record(record_property)


EXCEPTIONS = {1: False, 2: False, 3: False, 4: True, 5: True, 6: False, 10: False, 11: True}
"""Exception codes, and whether a write that was answered so may have happened all the same."""


@pytest.mark.parametrize("number", EXCEPTIONS)
async def test_an_exception_to_an_order_says_whether_it_may_have_happened(number: int) -> None:
    error: type[LinkError] = OutcomeUnknown if EXCEPTIONS[number] else WriteRefused
    async with wire() as it:
        it.proxy.strike(toxic.exception(number), Aim({16}, times=1))
        with pytest.raises(error, match=rf"exception {number} \("):
            await it.link.write(order(), commit="CMD_COMMIT")
        await it.recovers()
        assert order() not in it.plc.written
