"""The PLCs of a scene as their contract has them: what they answer, how orders begin, end and are stopped.

Knows docs/plc_contract.md and the plant. Does not know the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from station_ctl.core.orders import AckCode, OrderState, Result
from tests.explore.image import EPOCH, UP, Chan
from tests.explore.plant import Truth, Work

if TYPE_CHECKING:
    from tests.explore.scene import Ground


class Message(NamedTuple):
    """An order on its way to a PLC. `late`: it has expired."""

    role: str
    number: int
    epoch: int
    work: Work
    late: bool = False


class Plcs:
    """Order channels, messages on their way to them, and the plant that they drive."""

    remembers = False
    """Whether old copies of orders stay on their way for ever: only of interest where a PLC would take them."""

    lacks: frozenset[AckCode] = frozenset()
    """Checks of the contract that these PLCs lack; none but in a mutant."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.plant = ground.plant
        self.t: Any = ground.truth()
        self.chans: list[Chan] = [Chan() for _ in ground.roles]
        self.links = [UP] * len(ground.link_names)
        self.messages: list[Message] = []
        self.broken: list[tuple[str, str]] = []

    @property
    def controlled(self) -> bool:
        """A controller moves its heartbeat."""
        raise NotImplementedError

    def chan(self, role: str) -> Chan:
        """The order channel of a role."""
        return self.chans[self.ground.index[role]]

    def reaches(self, role: str) -> bool:
        """The link to the role's PLC carries writes and its program runs."""
        return self.links[self.ground.link_of[role]] == UP

    def deliver(self, message: Message) -> None:
        """The PLC looks at an order block."""
        self.messages.remove(message)
        role, number = message.role, message.number
        i = self.ground.index[role]
        chan = self.chans[i]
        if number == chan.ack and AckCode.OLD_NUMBER not in self.lacks:
            return
        code = self._plc_says(message, chan)
        last = chan.last if code == AckCode.OLD_NUMBER else max(number, chan.last)
        chan = chan._replace(ack=number, code=int(code), last=last)
        if code == AckCode.ACCEPTED:
            self.ground.monitor.accepted(self, message, self.chans[i])
            chan = chan._replace(state=int(OrderState.BUSY), number=number, work=message.work, stuck=False, deaf=False)
            self._move(self.plant.begun, role, message.work)
        self.chans[i] = chan

    def alive_on_its_way(self, message: Message) -> bool:
        """The PLC might still carry it out."""
        return not message.late and message.epoch == EPOCH and message.number > self.chan(message.role).last

    def _plc_says(self, message: Message, chan: Chan) -> AckCode:
        role, (opcode, _) = message.role, message.work
        checks: tuple[tuple[Callable[[], bool], AckCode], ...] = (
            (lambda: message.number <= chan.last, AckCode.OLD_NUMBER),
            (lambda: message.epoch != EPOCH, AckCode.WRONG_EPOCH),
            (lambda: message.late, AckCode.EXPIRED),
            (lambda: chan.stop, AckCode.STOP_REQUESTED),
            (lambda: self.plant.needs_chain(role, opcode) and bool(self.t.safe), AckCode.DRIVES_OFF),
            (lambda: not self.controlled, AckCode.DRIVES_OFF),
            (lambda: chan.work is not None, AckCode.BUSY),
            (lambda: self.plant.refused(self.t, role, message.work), AckCode.INTERLOCK),
        )
        return next((code for wrong, code in checks if code not in self.lacks and wrong()), AckCode.ACCEPTED)

    # ---- the PLCs ------------------------------------------------------------------------------------------
    def _move(self, change: Callable[[Truth, str, Work], Truth], role: str, work: Work) -> None:
        before, self.t = self.t, change(self.t, role, work)
        self.ground.monitor.moved(self, before, role)

    def _end(self, role: str, result: Result, state: OrderState) -> Work:
        i = self.ground.index[role]
        chan = self.chans[i]
        assert chan.work is not None
        self.chans[i] = chan._replace(
            done=chan.number, result=int(result), state=int(state), number=0, work=None, stuck=False, deaf=False
        )
        return chan.work

    def finish(self, role: str) -> None:
        """The order comes to its end."""
        number = self.chan(role).number
        work = self._end(role, Result.OK, OrderState.DONE)
        # No machine is done within the second in which an order expires; what came before this one is long answered.
        self.messages = [
            m._replace(late=True) for m in self.messages if self.remembers or m.role != role or m.number >= number
        ]
        self._move(self.plant.ended, role, work)

    def halt(self, role: str) -> None:
        """A controlled stop; the machine stands where it was."""
        if self.chan(role).work is not None:
            self._end(role, Result.STOPPED, OrderState.STOPPED)

    def fail(self, role: str) -> None:
        """The order ends with an error, half-way."""
        self._end(role, Result.FAILED, OrderState.ERROR)

    def lie(self, role: str) -> None:
        """The PLC says done; the machine is half-way."""
        work = self._end(role, Result.OK, OrderState.DONE)
        self.t = self.plant.lied(self.t, role, work)

    def _own_stops(self) -> bool:
        stopped = False
        for role in self.ground.roles:
            work = self.chan(role).work
            if work is not None and self.plant.lost(self.t, role, work[0]):
                self.halt(role)
                stopped = True
        return stopped

    def _level(self, role: str, up: bool) -> None:
        i = self.ground.index[role]
        self.chans[i] = self.chans[i]._replace(stop=up)
