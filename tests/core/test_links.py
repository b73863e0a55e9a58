"""What is known of a PLC before anything was read: nothing, since for ever."""

from __future__ import annotations

from station_ctl.core.links import Block, LinkSnapshot


def test_a_block_that_was_never_read_is_empty_and_older_than_anything() -> None:
    block = Block()
    assert (dict(block.values), block.at, block.bad) == ({}, float("-inf"), frozenset())


def test_a_link_that_was_never_connected_says_so_and_proves_nothing() -> None:
    snapshot = LinkSnapshot("pit")
    assert (snapshot.connection, snapshot.alive_at, snapshot.fault) == (0, float("-inf"), "never connected")
    assert dict(snapshot.blocks) == {}
