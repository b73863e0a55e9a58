"""Faults of our own process and its host (H01 on), each with the reaction classes that are right somewhere.

Knows the entries. Does not know how they are injected.
"""

from __future__ import annotations

from hil_tests.faults.fault import Fault, Layer, Reaction

R0, R1, HOLD, ABORT, REFUSED = (
    Reaction.TRANSPARENT, Reaction.DEGRADED, Reaction.HOLD, Reaction.ABORT, Reaction.REFUSED,
)  # fmt: skip


def _host(code: str, text: str, *expected: Reaction) -> Fault:
    return Fault(code, text, Layer.PROCESS, expected)


PROCESS_FAULTS: tuple[Fault, ...] = (
    _host(
        "H01",
        "kill -9 at every commit and every order; after it the station is stopped until a person acts",
        ABORT,
    ),
    _host("H02", "SIGTERM: the swap is held, the machines are waited for, then the program ends", HOLD),
    _host("H03", "SIGSTOP for 5 s", HOLD, ABORT),
    _host("H04", "out of memory, memory limit of the service: killed by the kernel", ABORT),
    _host("H05", "event loop stands for 0.35, 1.2, 5 s", HOLD, ABORT),
    _host("H06", "the thread of the journal is blocked", ABORT),
    _host("H07", "an exception ends a task", ABORT),
    _host("H08", "a task hangs", ABORT),
    _host("H09", "disk full", ABORT, REFUSED),
    _host("H10", "disk fails (EIO)", ABORT),
    _host("H11", "file system read-only", ABORT, REFUSED),
    _host("H12", "slow disk: every commit waits", R0, R1),
    _host("H13", "journal torn or damaged", REFUSED),
    _host("H14", "journal deleted", REFUSED),
    _host("H15", "old backup of the journal: the PLCs have newer order numbers", REFUSED),
    _host("H16", "wall clock jumps by a day, either way", R0),
    _host("H17", "leap second, summer time", R0),
    _host("H18", "no file descriptor left", HOLD, ABORT, REFUSED),
    _host("H19", "second instance", REFUSED),
    _host("H20", "configuration changed under a running swap", R0, REFUSED),
    _host("H21", "another version restarted in the middle of a swap", ABORT, REFUSED),
    _host("H22", "place for logs full, or nobody reads them", R0),
    _host("H23", "network away for 0.1, 0.6, 3 s", ABORT),
    _host("H24", "reboot loop", ABORT),
    _host("H25", "watchdog of the service manager not fed", ABORT),
)
