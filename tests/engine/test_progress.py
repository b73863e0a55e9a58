"""One active step judged on one image: only its own order number counts, only a young proof proves."""

from __future__ import annotations

import pytest

from station_ctl.core.orders import ACK_TEXT, AckCode, OrderState, Result
from station_ctl.engine.progress import judge, settle
from station_ctl.engine.state import StepState, StepStatus
from station_ctl.engine.station import ACK_WITHIN, CAUSE_WITHIN, PROOF_WITHIN, QUIET_WITHIN
from tests.bench.desk import EPOCH, Desk, done, step

STEP = step(10)
NUMBER = 100


class Bench(Desk):
    """A desk with one step whose state the test sets by hand."""

    def __init__(self) -> None:
        super().__init__(STEP)
        self.st = StepState(StepStatus.SENT, NUMBER, EPOCH, 1, began=self.time, sent_at=self.world.now)

    def judge(self, seconds: float = 0.01) -> tuple[StepStatus, str, str]:
        self.pass_time(seconds)
        verdict = judge(STEP, self.st, self.channels["lift"], self.world.image(), self.time)
        self.st = verdict.state
        return verdict.state.status, verdict.code, verdict.text

    def settle(self, seconds: float = 0.01) -> StepStatus:
        self.pass_time(seconds)
        self.st = settle(STEP, self.st, self.channels["lift"], self.world.image(), self.time)
        return self.st.status

    def busy(self) -> None:
        self.ack("lift", NUMBER)
        assert self.judge()[0] is StepStatus.BUSY

    def sense(self) -> None:
        self.world.set(done(10), True)


@pytest.fixture
def b() -> Bench:
    return Bench()


# ---- acknowledge ----
def test_a_foreign_acknowledgement_says_nothing(b: Bench) -> None:
    for number in (0, NUMBER - 1, NUMBER + 1):
        b.ack("lift", number)
        assert b.judge() == (StepStatus.SENT, "", "")


def test_its_own_acknowledgement_makes_it_busy(b: Bench) -> None:
    b.ack("lift", NUMBER)
    b.pass_time()
    assert b.judge(0.0)[0] is StepStatus.BUSY
    assert b.st.acked_at == b.world.now


@pytest.mark.parametrize("code", [c for c in AckCode if c is not AckCode.ACCEPTED] + [99])
def test_a_refused_order_fails_with_the_plcs_reason_in_words(b: Bench, code: int) -> None:
    b.ack("lift", NUMBER, code)
    b.judge()
    status, alarm, text = b.judge(CAUSE_WITHIN)
    assert (status, alarm) == (StepStatus.FAILED, "A105")
    words = ACK_TEXT[AckCode(code)] if code in list(AckCode) else "unknown answer 99"
    assert text == f"the PLC refused the order: {words}"


def test_an_acknowledgement_that_is_not_good_is_none(b: Bench) -> None:
    b.ack("lift", NUMBER)
    b.world.flag(b.channels["lift"].ack_code)
    assert b.judge()[0] is StepStatus.SENT


def test_an_order_that_nobody_acknowledges_becomes_unknown_and_says_what_was_found(b: Bench) -> None:
    b.ack("lift", NUMBER - 1)
    assert b.judge(ACK_WITHIN - 0.02)[0] is StepStatus.SENT
    status, alarm, text = b.judge(0.1)
    assert (status, alarm) == (StepStatus.UNKNOWN, "A108")
    assert (
        text
        == f"order {NUMBER} not acknowledged within 1 s; found PLC's last acknowledged order {NUMBER - 1}"
    )


def test_an_unknown_order_that_is_acknowledged_after_all_goes_on(b: Bench) -> None:
    b.st = StepState(StepStatus.UNKNOWN, NUMBER, EPOCH, 1, began=b.time, sent_at=b.world.now)
    b.busy()


# ---- done and proof ----
def test_done_and_proof_together_prove_the_step(b: Bench) -> None:
    b.busy()
    b.end("lift", NUMBER)
    b.sense()
    status, alarm, _ = b.judge()
    assert (status, alarm) == (StepStatus.PROVEN, "") and b.st.ended == b.time


def test_a_foreign_completion_says_nothing(b: Bench) -> None:
    b.busy()
    b.sense()
    for number in (0, NUMBER - 1, NUMBER + 1):
        b.end("lift", number)
        assert b.judge()[0] is StepStatus.BUSY


def test_a_completion_before_the_acknowledgement_says_nothing(b: Bench) -> None:
    """Done is looked at only once the PLC has acknowledged this number."""
    b.end("lift", NUMBER)
    b.sense()
    assert b.judge()[0] is StepStatus.SENT


def test_proof_without_done_waits(b: Bench) -> None:
    b.busy()
    b.sense()
    for _ in range(20):
        assert b.judge(1.0) == (StepStatus.BUSY, "", "")


def test_done_without_proof_waits_a_while_and_then_the_device_is_called_a_liar(b: Bench) -> None:
    b.busy()
    b.end("lift", NUMBER)
    assert b.judge()[0] is StepStatus.BUSY
    assert b.judge(PROOF_WITHIN - 0.02)[0] is StepStatus.BUSY
    status, alarm, text = b.judge(0.1)
    assert (status, alarm) == (StepStatus.FAILED, "A107")
    assert text.startswith("the PLC says done, the sensors do not: needs sensor.done_10 on; found off")


def test_a_proof_that_comes_in_time_after_done_counts(b: Bench) -> None:
    b.busy()
    b.end("lift", NUMBER)
    b.judge(PROOF_WITHIN / 2)
    b.sense()
    assert b.judge()[0] is StepStatus.PROVEN


def test_a_proof_older_than_the_acknowledgement_does_not_count() -> None:
    """A sensor that stood on before the order was acknowledged, and whose scan has stopped since."""
    b = Bench()
    b.sense()
    image = b.world.image()
    st = StepState(
        StepStatus.BUSY, NUMBER, EPOCH, 1, began=b.time, acked_at=image.now + 0.05, done_at=image.now + 0.06
    )
    assert done(10).is_on().proven(image)
    assert judge(STEP, st, b.channels["lift"], image, b.time).state.status is StepStatus.BUSY
    b.pass_time(0.05)
    later = judge(STEP, st, b.channels["lift"], b.world.image(), b.time)
    assert later.state.status is StepStatus.PROVEN


@pytest.mark.parametrize(
    ("result", "words", "status"),
    [
        (Result.FAILED, "failed", StepStatus.FAILED),
        (Result.TIMEOUT, "time-out in the PLC", StepStatus.FAILED),
        (9, "result 9", StepStatus.FAILED),
        (Result.NONE, "no result", StepStatus.FAILED),
    ],
)
def test_a_device_that_reports_no_success_fails_the_step(
    b: Bench, result: int, words: str, status: StepStatus
) -> None:
    b.busy()
    b.end("lift", NUMBER, result)
    b.sense()
    b.world.set(b.channels["lift"].fault, 3)
    found, alarm, text = b.judge()
    assert (found, alarm) == (status, "A106")
    assert f"the device reports {words}, fault code 3" in text


def test_a_device_that_stopped_by_itself_is_the_cause_only_if_no_interlock_shows_up(b: Bench) -> None:
    b.busy()
    b.end("lift", NUMBER, Result.STOPPED)
    assert b.judge() == (StepStatus.BUSY, "", "")
    assert b.judge(CAUSE_WITHIN / 2)[0] is StepStatus.BUSY
    status, alarm, text = b.judge(CAUSE_WITHIN)
    assert (status, alarm) == (StepStatus.STOPPED, "A106") and "the device reports stopped" in text


def test_a_step_that_takes_too_long_names_what_it_waited_for(b: Bench) -> None:
    b.busy()
    assert b.judge(STEP.within - 1)[1] == ""
    _, alarm, text = b.judge(2.0)
    assert alarm == "A104"
    assert text == "not done within 30 s: needs sensor.done_10 on; found off [pit SENSOR_DONE_10]"


def test_a_step_whose_proof_is_there_but_whose_plc_never_says_done_names_that(b: Bench) -> None:
    b.busy()
    b.sense()
    _, alarm, text = b.judge(STEP.within + 1)
    assert (alarm, text) == ("A104", "not done within 30 s: proven, but the PLC has not said done")


def test_a_step_without_order_is_proven_by_a_sample_taken_since_it_began() -> None:
    b = Bench()
    waiting = step(10, None)
    b.sense()
    st = StepState(StepStatus.BUSY, began=b.time, acked_at=b.world.now + 0.01)
    assert judge(waiting, st, None, b.world.image(), b.time).state.status is StepStatus.BUSY
    b.pass_time(0.02)
    assert judge(waiting, st, None, b.world.image(), b.time).state.status is StepStatus.PROVEN


# ---- after a stop ----
def test_an_order_that_ended_ok_and_is_proven_counts_although_a_stop_was_asked(b: Bench) -> None:
    b.busy()
    b.end("lift", NUMBER)
    b.sense()
    assert b.settle() is StepStatus.PROVEN


def test_an_order_that_stopped_is_stopped(b: Bench) -> None:
    b.busy()
    assert b.settle() is StepStatus.BUSY, "still moving until the PLC says otherwise"
    assert b.settle(5.0) is StepStatus.BUSY
    b.end("lift", NUMBER, Result.STOPPED)
    for _ in range(30):
        b.settle()
    assert b.st.status is StepStatus.STOPPED


def test_an_order_that_ended_ok_but_is_not_proven_waits_for_the_proof_and_then_is_stopped(b: Bench) -> None:
    b.busy()
    b.end("lift", NUMBER)
    assert b.settle() is StepStatus.BUSY
    assert b.settle(PROOF_WITHIN - 0.05) is StepStatus.BUSY
    assert b.settle(0.1) is StepStatus.STOPPED


def test_an_order_on_its_way_to_the_gate_is_left_to_the_gate(b: Bench) -> None:
    b.st = StepState(StepStatus.INTENT, NUMBER, EPOCH, 1, began=b.time)
    assert b.settle(10.0) is StepStatus.INTENT


def test_an_order_never_acknowledged_and_expired_has_not_begun(b: Bench) -> None:
    early = b.settle(ACK_WITHIN + 0.5)
    assert early in (StepStatus.SENT, StepStatus.UNKNOWN), "its time to live may not be over in the PLC"
    assert b.settle(PROOF_WITHIN) is StepStatus.WAITING
    assert b.st == StepState()


def test_an_order_is_not_called_unbegun_while_its_acknowledgement_cannot_be_read(b: Bench) -> None:
    """The epoch is good, the acknowledgement is not: the PLC may have accepted the order and be moving."""
    b.ack("lift", NUMBER)
    b.world.flag(b.channels["lift"].ack_id)
    for _ in range(10):
        assert b.settle(1.0) in (StepStatus.SENT, StepStatus.UNKNOWN)


def test_an_order_that_was_ended_is_not_called_unbegun_though_it_was_never_acknowledged(b: Bench) -> None:
    """The acknowledgement in the PLC stands still; its machine has moved, and the pack with it."""
    b.end("lift", NUMBER, Result.STOPPED)
    assert b.settle(ACK_WITHIN + 0.5) in (StepStatus.SENT, StepStatus.UNKNOWN)
    assert b.settle(PROOF_WITHIN) is StepStatus.STOPPED


def test_an_order_is_not_called_unbegun_while_the_device_is_at_work(b: Bench) -> None:
    b.world.set(b.channels["lift"].state, int(OrderState.BUSY))
    for _ in range(10):
        assert b.settle(1.0) in (StepStatus.SENT, StepStatus.UNKNOWN)


def test_a_restarted_plc_has_dropped_its_order(b: Bench) -> None:
    b.busy()
    b.world.set(b.channels["lift"].epoch, EPOCH + 1)
    assert b.settle() is StepStatus.STOPPED


def test_a_silent_plc_has_surely_stopped_after_its_dead_man_time(b: Bench) -> None:
    b.busy()
    b.world.silence("pit")
    assert b.settle(QUIET_WITHIN - 0.5) is StepStatus.BUSY
    assert b.settle(1.0) is StepStatus.STOPPED


def test_a_device_that_stands_and_never_says_for_which_order_is_not_waited_for_for_ever(b: Bench) -> None:
    """Its last completed order stays an earlier one, and its state says stopped."""
    b.busy()
    assert b.settle(60.0) is StepStatus.BUSY, "it is still at work"
    b.world.set(b.channels["lift"].state, int(OrderState.STOPPED))
    assert b.settle(PROOF_WITHIN - 0.5) is StepStatus.BUSY, "the completion may come a scan later"
    assert b.settle(1.0) is StepStatus.BUSY
    assert b.settle(PROOF_WITHIN) is StepStatus.STOPPED


def test_a_wait_that_is_interrupted_begins_anew() -> None:
    b = Bench()
    st = StepState(StepStatus.BUSY, began=b.time)
    assert settle(step(10, None), st, None, b.world.image(), b.time) == StepState()
