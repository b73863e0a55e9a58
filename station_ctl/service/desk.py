"""The desk: the one door through which a person's request comes to the station, whatever surface it was made on.

Knows which checks stand in which order before an action. Does not know what any action does.
"""

from __future__ import annotations

import asyncio
import importlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from pydantic import ValidationError

from station_ctl.core.errors import (
    ConfirmationNeeded,
    ControlHeld,
    Defect,
    Exit,
    NotAllowed,
    NotFound,
    NotYourRole,
    Refused,
    RequestStale,
    RequestWrong,
    StationError,
    ViewStale,
)
from station_ctl.engine.events import Audit
from station_ctl.service.actions import Action, Kind, Registry
from station_ctl.service.calls import Decision, Envelope, Plan, Result, Verdict
from station_ctl.service.operations import Operation, OperationState
from station_ctl.service.persons import Person
from station_ctl.service.refusals import fingerprint, plan_data, refusal_row, refusal_text

if TYPE_CHECKING:
    from station_ctl.service.duty import Duty

log = structlog.get_logger()

OLDEST = 2.0
"""Seconds that a request may be old: what was tapped while the network was away is not carried out later."""

SECOND_PERSON_WITHIN = 600.0
"""Seconds within which a second person must agree."""

KEYS_KEPT = 2048

TOLD_MOST = 5
"""Wrong parameters that one refusal names."""

HANDLERS = "station_ctl.service.handlers."


class Handler(Protocol):
    """Carries an action out, or shows its plan."""

    async def __call__(self, duty: Duty, params: Any, call: Call) -> Result: ...


@dataclass
class Call:
    """One accepted request on its way into a handler: who, why, and the audit row that must travel with its effect."""

    action: Action
    person: Person
    envelope: Envelope
    audit: Audit
    second: Person | None = None
    audited: bool = False

    def take_audit(self) -> Audit:
        """The audit row, to be made durable in the transaction of the effect. Exactly one effect takes it."""
        self.audited = True
        return self.audit


def load(name: str) -> Callable[..., Any]:
    """The function behind `module:function`. Raises LookupError."""
    module, _, function = name.partition(":")
    found = getattr(importlib.import_module(HANDLERS + module), function, None)
    if not callable(found):
        raise LookupError(f"{HANDLERS}{module} has no function {function}")
    return found  # type: ignore[no-any-return]


class Desk:
    """Judges requests one after another and has them carried out."""

    def __init__(self, duty: Duty, registry: Registry, used_keys: frozenset[str] = frozenset()) -> None:
        """`used_keys` were answered in an earlier life of the service."""
        self.duty, self.registry = duty, registry
        self._answered: OrderedDict[str, tuple[str, Verdict | None]] = OrderedDict(
            (key, ("", None)) for key in used_keys
        )
        self._turn = asyncio.Lock()

    async def put(self, envelope: Envelope, person: Person) -> Verdict:
        """Judge one request and carry it out. Every end is a Verdict; nothing is raised to the caller but a cancel."""
        try:
            action = self.registry.named(envelope.action)
        except NotFound as error:
            return self._refusal(envelope.action, error)
        if action.anyone:
            # What stops the station takes no parameters: whatever else a message says, it is a stop.
            envelope = replace(envelope, params={})
        if why := envelope.why_unwritable():
            envelope = replace(envelope, params={}, key="", reason="")
            if not action.anyone:
                return await self._refused(action, envelope, person, RequestWrong(f"{action.name}: {why}"))
        if not action.changes or action.anyone:
            return await self._judged(action, envelope, person)
        async with self._turn:
            return await self._once(action, envelope, person)

    async def _once(self, action: Action, envelope: Envelope, person: Person) -> Verdict:
        """The same key gets the same verdict, and has its effect once: a double click, a repeated message."""
        content = fingerprint(envelope, person)
        if envelope.key in self._answered:
            before, verdict = self._answered[envelope.key]
            if verdict is not None and before == content:
                return verdict
            error = RequestStale(f"{action.name}: the key of this request was used before; ask anew")
            return await self._refused(action, envelope, person, error)
        verdict = await self._judged(action, envelope, person)
        if envelope.key:
            self._answered[envelope.key] = (content, verdict)
            while len(self._answered) > KEYS_KEPT:
                self._answered.popitem(last=False)
        return verdict

    async def _judged(self, action: Action, envelope: Envelope, person: Person) -> Verdict:
        call = Call(action, person, envelope, self._audit(action, envelope, person, Decision.ACCEPTED))
        try:
            params = self._params(action, envelope)
            self._check(action, envelope, person)
            if not action.changes or (action.anyone and not envelope.dry_run):
                return await self._carried_out(action, params, call)
            plan = await self._plan(action, params, call)
            if envelope.dry_run:
                return await self._planned(plan, call)
            if plan.blocked_by:
                return await self._blocked(action, envelope, person, plan)
            if action.needs_control and not envelope.confirmed:
                moved = ", ".join(plan.moves) or action.text.en
                raise ConfirmationNeeded(f"{action.name} moves machinery ({moved}); needs a yes: --yes")
            if action.two_persons:
                return await self._wait_for_second(action, params, envelope, person)
            return await self._carried_out(action, params, call)
        except StationError as error:
            return await self._failed(call, error)
        except Exception as error:
            # A defect of one action is told and seen; it takes neither the desk nor the station with it.
            log.exception("request-failed", action=action.name)
            return await self._failed(call, Defect(f"{action.name}: {type(error).__name__}: {error}"))

    async def _failed(self, call: Call, error: StationError) -> Verdict:
        """What the engine refused has its row: it went with the request, and is waited for. Else it is written now."""
        if not call.audited:
            return await self._refused(call.action, call.envelope, call.person, error)
        try:
            await self.duty.durable()
        except StationError as failed:
            error = failed
        return self._refusal(call.action.name, error)

    def _params(self, action: Action, envelope: Envelope) -> Any:
        try:
            return action.params.model_validate(dict(envelope.params))
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_context=False, include_input=False)
            told = [('.'.join(map(str, e["loc"])) or "parameters", e["msg"]) for e in wrong[:TOLD_MOST]]
            found = [f"{where[:80]}: {what[:200]}" for where, what in told]
            more = f" (and {len(wrong) - TOLD_MOST} more)" if len(wrong) > TOLD_MOST else ""
            raise RequestWrong(f"{action.name}: {'; '.join(found)}{more}") from None

    def _check(self, action: Action, envelope: Envelope, person: Person) -> None:
        """Role, mode, age, view, control, reason: in this order, the first that fails is told. Raises StationError."""
        if action.anyone:
            return
        if person.role < action.role:
            raise NotYourRole(f"{action.name} needs role {action.role.word}; {person} has {person.role.word}")
        if action.kind is Kind.READ:
            return
        self._check_mode(action)
        age = self.duty.wall() - envelope.issued_at
        if not -OLDEST <= age <= OLDEST:
            raise RequestStale(f"{action.name}: the request is {age:.1f} s old, needs at most {OLDEST:g} s; ask anew")
        if action.needs_control:
            if envelope.seen is not None and envelope.seen != self.duty.version:
                raise ViewStale(f"{action.name}: the station has changed since you looked; look again, then ask anew")
            if why := self.duty.control.why_not(person, self.duty.mono()):
                raise ControlHeld(f"{action.name}: {why}")
        if action.reason and len(envelope.reason.strip()) < 3:
            raise RequestWrong(f"{action.name} needs a reason: --reason TEXT")

    def _check_mode(self, action: Action) -> None:
        mode = self.duty.engine.state.mode
        if mode not in action.modes:
            needed = ", ".join(sorted(str(m) for m in action.modes))
            raise NotAllowed(f"{action.name} needs mode {needed}; the mode is {mode}; see: station-ctl mode set")

    async def _plan(self, action: Action, params: Any, call: Call) -> Plan:
        if not action.plan:
            return Plan()
        plan = await load(action.plan)(self.duty, params, call)
        assert isinstance(plan, Plan)
        return plan

    async def _planned(self, plan: Plan, call: Call) -> Verdict:
        """What would happen: judged on live readings, nothing moves, nothing is reserved."""
        await self.duty.record(replace(call.take_audit(), decision=str(Decision.PLANNED)))
        name, blocked = call.action.name, plan.blocked_by
        error = Refused(refusal_text(name, blocked)) if blocked else None
        code, exit_, text = (error.code, error.exit, str(error)) if error is not None else ("", Exit.DONE, "")
        return Verdict(name, Decision.PLANNED, exit_, code, text, plan_data(plan), version=self.duty.version)

    async def _carried_out(self, action: Action, params: Any, call: Call) -> Verdict:
        if action.needs_control and self._seat(call) is call.person:
            self.duty.use_control(call.person)
        result = await load(action.handler)(self.duty, params, call)
        assert isinstance(result, Result)
        if action.changes and not call.audited:
            raise RuntimeError(f"{action.handler} left no audit row")
        if action.changes:
            self.duty.changed()
        if action.changes and not action.anyone:
            await self.duty.durable()
        return Verdict(
            action.name, Decision.ACCEPTED, result.exit, text=result.text, data=result.data,
            operation=result.operation, version=self.duty.version,
        )  # fmt: skip

    def _seat(self, call: Call) -> Person:
        """Whose control a request rests on: the second person's if they hold it, else that of who asked."""
        lease = self.duty.control.held(self.duty.mono())
        return call.second if call.second is not None and lease and lease.holder == call.second else call.person

    async def _wait_for_second(self, action: Action, params: Any, envelope: Envelope, person: Person) -> Verdict:
        op = self.duty.operations.note(action.name, person, OperationState.WAITING)
        op.expires = self.duty.wall() + SECOND_PERSON_WITHIN
        op.text = f"a second person agrees with: station-ctl op approve {op.id}"
        op.data = {"params": params.model_dump(mode="json"), "reason": envelope.reason}

        async def work(op: Operation, second: Person) -> str:
            audit = self._audit(action, envelope, person, Decision.ACCEPTED)
            audit = replace(audit, args=(*audit.args, ("second_person", second.name), ("operation", op.id)))
            call = Call(action, person, envelope, audit, second)
            try:
                return await self._agreed(action, params, call)
            except StationError as error:
                if not call.audited:
                    await self.duty.record(refusal_row(audit, error))
                raise

        await self.duty.record(self._audit(action, envelope, person, Decision.WAITING))
        op.work = work  # from now on it can be agreed to
        return Verdict(action.name, Decision.WAITING, text=op.text, operation=op.id, version=self.duty.version)

    async def _agreed(self, action: Action, params: Any, call: Call) -> str:
        """Minutes have passed: what was true when the first person asked is looked at again. Raises StationError."""
        self._check_mode(action)
        if why := self.duty.control.why_not(self._seat(call), self.duty.mono()):
            raise ControlHeld(f"{action.name}: {why}")
        if blocked := (await self._plan(action, params, call)).blocked_by:
            raise Refused(refusal_text(action.name, blocked))
        return (await self._carried_out(action, params, call)).text

    async def _blocked(self, action: Action, envelope: Envelope, person: Person, plan: Plan) -> Verdict:
        error = Refused(refusal_text(action.name, plan.blocked_by))
        verdict = await self._refused(action, envelope, person, error)
        return replace(verdict, data=plan_data(plan))

    async def _refused(self, action: Action, envelope: Envelope, person: Person, error: StationError) -> Verdict:
        if not action.changes:
            return self._refusal(action.name, error)
        audit = self._audit(action, envelope, person, Decision.REFUSED)
        try:
            await self.duty.record(refusal_row(audit, error))
        except StationError as failed:
            # Nothing had an effect; that even the refusal could not be written is what the person must hear.
            return self._refusal(action.name, failed)
        return self._refusal(action.name, error)

    def _refusal(self, name: str, error: StationError) -> Verdict:
        return Verdict(
            name, Decision.REFUSED, error.exit, error.code, str(error), version=self.duty.version
        )

    def _audit(self, action: Action, envelope: Envelope, person: Person, decision: Decision) -> Audit:
        args = tuple(sorted((str(k), v) for k, v in envelope.params.items()))
        state = self.duty.engine.state
        return Audit(
            person.name, person.role.word, str(person.seat), action.name, args, str(decision),
            reason=envelope.reason, state=f"{state.mode}/{state.state}", key=envelope.key,
        )  # fmt: skip
