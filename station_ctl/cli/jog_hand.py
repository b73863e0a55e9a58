"""The hand on the jog button, for a terminal: renewals as long as this program lives in the foreground.

A terminal tells no key that is let go, so the way is bounded and Ctrl-C stops it. Knows no axis; when this program, the
service or the connection is gone, nothing renews and the machine stops.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from station_ctl.cli.service_call import Service
from station_ctl.core.errors import ControlHeld, StationError

RENEW_EVERY = 0.1
"""Wall seconds between two renewals; two may be lost within the lease."""

PRESSED_WITHIN = 2.0
"""Wall seconds within which the button must count as held before anything is asked for."""


@contextlib.contextmanager
def held(asked: Service) -> Iterator[None]:
    """Hold the button meanwhile. Raises ControlHeld where somebody else holds it, NotReachable without a service."""
    stop, pressed = threading.Event(), threading.Event()
    failed: list[StationError] = []

    def renew() -> None:
        stamp, times = "", 0
        while not stop.is_set():
            try:
                stamp, mine = asked.press(stamp)
            except StationError as error:
                failed.append(error)
                pressed.set()
                return
            # The station has to see it held for a moment before it orders anything.
            times = times + 1 if mine else 0
            if times >= 3:
                pressed.set()
            stop.wait(RENEW_EVERY)

    hand = threading.Thread(target=renew, name="jog button", daemon=True)
    hand.start()
    try:
        if not pressed.wait(PRESSED_WITHIN):
            raise ControlHeld("the jog button does not count as held: another person holds it, or the way is too slow")
        if failed:
            raise failed[0]
        yield
    finally:
        stop.set()
        hand.join(RENEW_EVERY * 5)
