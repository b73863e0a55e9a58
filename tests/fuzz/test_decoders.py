"""No malformed message is taken for a right one, none goes uncaught, and every right one is still taken."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.evidence import CAMPAIGNS, LONG, SHORT
from tests.fuzz.modbus_replies import tcp_channel
from tests.fuzz.mutation import Tally

CHUNK = 0x10000
"""Bytes a socket hands over at once."""


def assert_clean(tally: Tally, frames: int) -> None:
    """Nothing was found, and the campaign was one: it saw messages of both kinds."""
    assert tally.findings == []
    assert (tally.uncaught, tally.wrong_accepts, tally.wrong_refusals) == (0, 0, 0)
    assert tally.frames >= frames
    assert min(tally.accepted, tally.refused) > tally.frames // 100, "only one kind of message was tried"


@pytest.mark.parametrize("decoder", CAMPAIGNS)
def test_a_malformed_message_is_refused(decoder: str) -> None:
    assert_clean(CAMPAIGNS[decoder](SHORT[decoder]), SHORT[decoder])


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("decoder", CAMPAIGNS)
def test_a_million_malformed_messages_are_refused(decoder: str) -> None:
    assert_clean(CAMPAIGNS[decoder](LONG), LONG)


async def test_a_flood_of_garbage_is_cut_off_and_not_kept() -> None:
    """13 MB: the connection is given up at the first wrong header, with at most one reading of the socket in memory."""
    rng, channel = Random(7), tcp_channel()
    for number in range(13 * 2**20 // CHUNK):  # noqa: B007 - how far it came is looked at below
        channel.data_received(rng.randbytes(CHUNK))
        assert len(channel._received) <= CHUNK
        if not channel.up:
            break
    assert number == 0 and "no Modbus header" in str(channel.loss.reason)
