"""Progress of one active step, judged on one image: acknowledged, done, proven, stopped, or at its limit.

Pure. Knows the order handshake (docs/plc_contract.md). Does not know lanes or the station's state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from station_ctl.core.conditions import Condition
from station_ctl.core.devices import Channel
from station_ctl.core.levels import Level
from station_ctl.core.orders import ACK_TEXT, RESULT_TEXT, AckCode, OrderState, Result
from station_ctl.core.signals import Image
from station_ctl.core.steps import Step
from station_ctl.engine.state import StepState, StepStatus
from station_ctl.engine.station import ACK_WITHIN, CAUSE_WITHIN, PROOF_WITHIN, QUIET_WITHIN, STOP_WITHIN

_NOT_ITS_FAULT = frozenset((AckCode.DRIVES_OFF, AckCode.INTERLOCK))
"""Refusals behind which stands something that the station sees, too, but perhaps a scan later."""

_ACK_WORDS: dict[object, str] = {int(code): text for code, text in ACK_TEXT.items()}
_RESULT_WORDS: dict[object, str] = {int(result): text for result, text in RESULT_TEXT.items()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The step's state after this image, and the alarm that makes the station hold, if any."""

    state: StepState
    code: str = ""
    text: str = ""
    cause: Condition | None = None
    """What must be proven before the alarm may be acknowledged, where the step's state alone does not say it."""


def judge(step: Step, st: StepState, channel: Channel | None, image: Image, time: float) -> Verdict:
    """Judge an active step while the station executes. `time` is process time (s)."""
    verdict = _judge_order(step, st, channel, image, CAUSE_WITHIN) if channel is not None else Verdict(st)
    st = verdict.state
    if verdict.code or st.status is not StepStatus.BUSY:
        return verdict if verdict.code else _limit(step, st, channel, image, time)
    if (channel is None or st.done_at) and _proven(step, st, image):
        return Verdict(replace(st, status=StepStatus.PROVEN, ended=time))
    if st.done_at and image.now - st.done_at > PROOF_WITHIN:
        return Verdict(
            replace(st, status=StepStatus.FAILED, ended=time),
            "A107",
            f"the PLC says done, the sensors do not: {step.done.why_not(image) or 'proof older than the order'}",
        )
    return _limit(step, st, channel, image, time)


def _judge_order(step: Step, st: StepState, channel: Channel, image: Image, patience: float) -> Verdict:
    """Follow acknowledge and done of the step's own order number; foreign numbers say nothing.

    `patience` (s) is how long a device that refused or stopped by itself is not yet called the cause.
    """
    ack, code = channel.ack_id.read(image), channel.ack_code.read(image)
    acknowledged = bool(ack.good and code.good and ack.value == st.order)
    if st.status is not StepStatus.BUSY and acknowledged:
        if code.value != AckCode.ACCEPTED:
            if code.value in _NOT_ITS_FAULT and (waits := _awaits_cause(st, image, patience)) is not None:
                return Verdict(waits)
            why = _ACK_WORDS.get(code.value, f"unknown answer {code.value}")
            alarm = "" if step.asks and code.value == AckCode.INTERLOCK else "A105"
            return Verdict(replace(st, status=StepStatus.FAILED), alarm, f"the PLC refused the order: {why}")
        st = replace(st, status=StepStatus.BUSY, acked_at=ack.at)
    if st.status is StepStatus.BUSY and not st.done_at:
        done, result = channel.done_id.read(image), channel.result.read(image)
        if done.good and result.good and done.value == st.order:
            if result.value == Result.STOPPED and (waits := _awaits_cause(st, image, patience)) is not None:
                return Verdict(waits)
            st = replace(st, done_at=done.at)
            if result.value != Result.OK:
                status = StepStatus.STOPPED if result.value == Result.STOPPED else StepStatus.FAILED
                said = _RESULT_WORDS.get(result.value, f"result {result.value}")
                fault = channel.fault.read(image)
                why = f"the device reports {said}, fault code {fault}; needs {step.done}; {step.done.why_not(image)}"
                return Verdict(replace(st, status=status), "A106", why)
    if st.status in (StepStatus.SENT, StepStatus.UNKNOWN) and image.now - st.sent_at > ACK_WITHIN:
        found = f"PLC's last acknowledged order {ack}"
        return Verdict(
            replace(st, status=StepStatus.UNKNOWN),
            "A108",
            f"order {st.order} not acknowledged within {ACK_WITHIN:g} s; found {found}",
        )
    return Verdict(st)


def _awaits_cause(st: StepState, image: Image, patience: float) -> StepState | None:
    """The step's state while what made the device refuse or stop may still show up; None once it is too late."""
    since = st.stopped_at or image.now
    return replace(st, stopped_at=since) if image.now - since < patience else None


def _proven(step: Step, st: StepState, image: Image) -> bool:
    """The proof counts only on samples younger than the acknowledgement."""
    return step.done.proven(image) and step.done.sampled_at(image) >= st.acked_at


def _limit(step: Step, st: StepState, channel: Channel | None, image: Image, time: float) -> Verdict:
    if time - st.began <= step.within:
        return Verdict(st)
    waited = step.done.why_not(image) or "proven, but the PLC has not said done"
    # A device that is still at work keeps its step active: it is told to stop, and watched until it has.
    at_work = channel is not None and not st.done_at
    late = st if at_work else replace(st, status=StepStatus.FAILED, ended=time)
    return Verdict(late, "A104", f"not done within {step.within:g} s: {waited}")


def halt(step: Step, st: StepState, channel: Channel | None, image: Image, time: float) -> Verdict:
    """Settle an active step after a stop was ordered, within STOP_WITHIN: no device keeps the station from resting.

    One that is still not seen at rest then does not obey. Its step ends as stopped, and the alarm stays until the
    PLC says that the device stands, so that nothing is resumed over a machine that moves.
    """
    since = st.halting_at or image.now
    settled = settle(step, replace(st, halting_at=since), channel, image, time)
    if channel is None or not settled.active or image.now - since <= STOP_WITHIN:
        return Verdict(settled)
    ended = replace(settled, status=StepStatus.STOPPED, ended=time)
    if st.status is StepStatus.INTENT:
        return Verdict(ended, text=f"no word in {STOP_WITHIN:g} s whether the order left")
    found = channel.at_rest.why_not(image) or f"it stands, and never says how order {st.order} ended"
    text = f"{channel.name} not at rest {STOP_WITHIN:g} s after its stop: {found}"
    return Verdict(ended, "A109", text, channel.at_rest)


def settle(step: Step, st: StepState, channel: Channel | None, image: Image, time: float) -> StepState:
    """Judge an active step after a stop was ordered: observe how it ended, never order anything.

    An order that is surely not on the PLC (same start, expired unacknowledged) has not begun: the step waits again.
    """
    if channel is None:
        return StepState()
    if st.status is StepStatus.INTENT:
        return st  # the gate is about to say whether the order left
    # The stop's cause is latched already: nothing more is waited for.
    observed = _judge_order(step, st, channel, image, 0.0).state
    if observed.done_at:
        result = channel.result.read(image)
        if result.value == Result.OK and _proven(step, observed, image):
            return replace(observed, status=StepStatus.PROVEN, ended=time)
        waited_for_proof = result.value == Result.OK and image.now - observed.done_at <= PROOF_WITHIN
        return observed if waited_for_proof else replace(observed, status=StepStatus.STOPPED, ended=time)
    epoch = channel.answers.read(image)
    if channel.epoch is not None and epoch.good and epoch.value != st.epoch:
        return replace(observed, status=StepStatus.STOPPED, ended=time)
    if not epoch.good:
        since = max(st.sent_at, st.acked_at)
        alive = image.links[channel.link].alive_at if channel.link in image.links else since
        quiet = image.now - max(since, alive) > QUIET_WITHIN
        return replace(observed, status=StepStatus.STOPPED, ended=time) if quiet else observed
    at_work = channel.state.read(image)
    if observed.status is StepStatus.BUSY and at_work.good and at_work.value != OrderState.BUSY:
        # It stands, and its answer never says for which order: a station that waited for that would never be at rest.
        waits = _awaits_cause(observed, image, PROOF_WITHIN)
        return waits or replace(observed, status=StepStatus.STOPPED, ended=time)
    expired = image.now - st.sent_at > ACK_WITHIN + PROOF_WITHIN
    if observed.status not in (StepStatus.SENT, StepStatus.UNKNOWN) or not expired:
        return observed
    # A PLC that ended the order has had it, whatever its acknowledgement says.
    done = channel.done_id.read(image)
    if done.value == st.order:
        return replace(observed, status=StepStatus.STOPPED, ended=time)
    # Only answers that can be read and are not ours, of a device that stands, say that the order was never taken.
    idle = at_work.good and at_work.value != OrderState.BUSY
    if channel.level is not Level.A:
        # What does not expire, or is forgotten with a start, may have been taken or may be taken yet: a person looks.
        return replace(observed, status=StepStatus.STOPPED, ended=time) if idle else observed
    return StepState() if idle and done.good and channel.ack_id.read(image).good else observed
