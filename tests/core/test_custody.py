"""The custody ledger: packs are neither lost nor doubled, a place holds one, a refused change changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from station_ctl.core.custody import EMPTY_LEDGER, Custody, CustodyError, Ledger, Move

TWO = Ledger().admit("P-1", "A01").admit("P-2", "A02")
ON_ITS_WAY = TWO.begin(Move("P-1", "A01", "handover_in"), 7)


def test_a_pack_is_where_it_was_admitted_until_it_is_released() -> None:
    assert TWO.where("P-1") == Custody("A01") and TWO.at("A01") == "P-1"
    assert "P-1" in TWO and len(TWO) == 2
    gone = TWO.release("P-1")
    assert "P-1" not in gone and gone.where("P-1") is None and gone.is_free("A01")
    assert "P-1" in TWO, "a ledger never changes"


def test_a_pack_on_its_way_holds_both_places_and_rests_at_neither() -> None:
    assert ON_ITS_WAY.where("P-1") == Custody("A01", "handover_in", 7)
    assert ON_ITS_WAY.at("A01") is None and ON_ITS_WAY.at("handover_in") is None
    assert not ON_ITS_WAY.is_free("A01") and not ON_ITS_WAY.is_free("handover_in")
    assert ON_ITS_WAY.describe("handover_in") == "P-1 moving from A01 to handover_in (order 7)"
    assert ON_ITS_WAY.describe("B01") == "empty"


def test_a_finished_move_rests_at_its_target_and_a_cancelled_one_where_it_was() -> None:
    assert ON_ITS_WAY.finish(7).at("handover_in") == "P-1" and ON_ITS_WAY.finish(7).is_free("A01")
    assert ON_ITS_WAY.cancel(7) == TWO


def test_a_foreign_order_settles_nothing() -> None:
    assert ON_ITS_WAY.finish(6) == ON_ITS_WAY == ON_ITS_WAY.cancel(8)


def test_a_stopped_move_goes_on_under_a_new_order_and_the_old_one_settles_nothing_more() -> None:
    resumed = ON_ITS_WAY.continue_under(7, 9)
    assert resumed.where("P-1") == Custody("A01", "handover_in", 9)
    assert resumed.finish(7) == resumed
    assert resumed.finish(9).at("handover_in") == "P-1"


def test_the_moves_of_other_orders_and_packs_at_rest_stay_when_one_goes_on_under_a_new_order() -> None:
    both = ON_ITS_WAY.begin(Move("P-2", "A02", "handover_out"), 8).admit("P-3", "A03")
    resumed = both.continue_under(7, 9)
    assert resumed.where("P-2") == Custody("A02", "handover_out", 8)
    assert resumed.where("P-3") == Custody("A03")


def test_a_move_is_printed_with_both_ends() -> None:
    assert str(Move("P-1", "A01", "handover_in")) == "P-1: A01 → handover_in"


def test_equal_ledgers_have_one_hash_and_others_hardly_ever() -> None:
    assert hash(TWO) == hash(Ledger().admit("P-2", "A02").admit("P-1", "A01"))
    assert len({hash(ledger) for ledger in (EMPTY_LEDGER, TWO, ON_ITS_WAY, TWO.release("P-1"))}) == 4


REFUSED: dict[str, tuple[Callable[[], Ledger], str]] = {
    "pack without a code": (lambda: TWO.admit("", "B01"), "without a code"),
    "pack already here": (lambda: TWO.admit("P-1", "B01"), "already here: A01"),
    "pack already here, moving": (lambda: ON_ITS_WAY.admit("P-1", "B01"), "moving from A01"),
    "place taken": (lambda: TWO.admit("P-3", "A01"), "A01 is taken: P-1"),
    "place about to be taken": (lambda: ON_ITS_WAY.admit("P-3", "handover_in"), "handover_in is taken"),
    "place just being left": (lambda: ON_ITS_WAY.admit("P-3", "A01"), "A01 is taken"),
    "unknown pack released": (lambda: TWO.release("P-3"), "not held here"),
    "moving pack released": (lambda: ON_ITS_WAY.release("P-1"), "moving from A01"),
    "unknown pack moved": (lambda: TWO.begin(Move("P-3", "A01", "B01"), 1), "not held here"),
    "pack moved from elsewhere": (lambda: TWO.begin(Move("P-1", "A02", "B01"), 1), "the pack is A01"),
    "unknown pack called otherwise": (lambda: TWO.recode("P-3", "P-4"), "P-3 cannot be called P-4: not held here"),
    "moving pack called otherwise": (lambda: ON_ITS_WAY.recode("P-1", "P-4"), "called P-4: moving from A01"),
    "pack called as another": (lambda: TWO.recode("P-1", "P-2"), "cannot be called 'P-2': A02"),
    "pack called nothing": (lambda: TWO.recode("P-1", ""), "cannot be called '': no code"),
    "pack moved twice": (lambda: ON_ITS_WAY.begin(Move("P-1", "A01", "B01"), 8), "moving from A01"),
    "moved onto another": (lambda: TWO.begin(Move("P-1", "A01", "A02"), 1), "A02 is taken: P-2"),
    "moved onto itself": (lambda: TWO.begin(Move("P-1", "A01", "A01"), 1), "A01 is taken"),
    "moved where one is coming": (
        lambda: ON_ITS_WAY.begin(Move("P-2", "A02", "handover_in"), 8), "handover_in is taken",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_change_that_would_lose_double_or_teleport_a_pack_is_refused_with_the_reason(case: str) -> None:
    change, why = REFUSED[case]
    with pytest.raises(CustodyError, match=why.replace("(", r"\(")):
        change()


def test_ledgers_with_the_same_packs_are_equal_and_hash_alike() -> None:
    other_way_round = Ledger().admit("P-2", "A02").admit("P-1", "A01")
    assert other_way_round == TWO and hash(other_way_round) == hash(TWO)
    assert list(TWO) == list(other_way_round) == [("P-1", Custody("A01")), ("P-2", Custody("A02"))]
    assert TWO != ON_ITS_WAY and TWO != "ledger" and len(EMPTY_LEDGER) == 0


def test_the_caller_cannot_change_a_ledger_behind_its_back() -> None:
    mine = {"P-1": Custody("A01")}
    ledger = Ledger(mine)
    mine["P-2"] = Custody("A02")
    assert "P-2" not in ledger


PACKS = some.sampled_from(["P-1", "P-2", "P-3", "P-4", ""])
PLACES = some.sampled_from(["A01", "A02", "robot", "handover", "vehicle"])
ORDERS = some.integers(1, 6)


class LedgerMachine(RuleBasedStateMachine):
    """Any order of changes, held against a plain book of who is where."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.admitted: set[str] = set()
        self.released: set[str] = set()

    def _try(self, change: Callable[[], Ledger]) -> bool:
        before = dict(self.ledger)
        try:
            changed = change()
        except CustodyError as error:
            assert str(error)
            assert dict(self.ledger) == before, "a refused change changed the ledger"
            return False
        assert dict(self.ledger) == before, "a change changed the old ledger"
        self.ledger = changed
        return True

    @rule(pack=PACKS, place=PLACES)
    def admit(self, pack: str, place: str) -> None:
        if self._try(lambda: self.ledger.admit(pack, place)):
            self.admitted.add(pack)
            self.released.discard(pack)

    @rule(pack=PACKS)
    def release(self, pack: str) -> None:
        if self._try(lambda: self.ledger.release(pack)):
            self.released.add(pack)

    @rule(pack=PACKS, origin=PLACES, goal=PLACES, order=ORDERS)
    def begin(self, pack: str, origin: str, goal: str, order: int) -> None:
        if self._try(lambda: self.ledger.begin(Move(pack, origin, goal), order)):
            assert self.ledger.where(pack) == Custody(origin, goal, order)

    @rule(order=ORDERS)
    def finish(self, order: int) -> None:
        moved = [(p, c) for p, c in self.ledger if c.order == order]
        assert self._try(lambda: self.ledger.finish(order))
        assert all(self.ledger.where(p) == Custody(str(c.to)) for p, c in moved)

    @rule(order=ORDERS)
    def cancel(self, order: int) -> None:
        moved = [(p, c) for p, c in self.ledger if c.order == order]
        assert self._try(lambda: self.ledger.cancel(order))
        assert all(self.ledger.where(p) == Custody(c.place) for p, c in moved)

    @rule(order=ORDERS, new=ORDERS)
    def continue_under(self, order: int, new: int) -> None:
        assert self._try(lambda: self.ledger.continue_under(order, new))

    @invariant()
    def no_pack_is_lost_or_made(self) -> None:
        assert {p for p, _ in self.ledger} == self.admitted - self.released

    @invariant()
    def one_place_one_pack(self) -> None:
        ends = [place for _, c in self.ledger for place in (c.place, c.to) if place is not None]
        assert len(ends) == len(set(ends))

    @invariant()
    def a_moving_pack_has_an_order_and_a_resting_one_has_none(self) -> None:
        assert all((c.to is None) == (c.order is None) == (not c.moving) for _, c in self.ledger)

    @invariant()
    def what_rests_is_found_where_it_rests(self) -> None:
        for pack, custody in self.ledger:
            assert self.ledger.at(custody.place) == (None if custody.moving else pack)


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=150, stateful_step_count=30)
