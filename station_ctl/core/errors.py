"""Errors a user can meet: each class names its alarm code and the exit code of the command line.

Cause and remedy of every code stand in config/alarms.yaml.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    BLOCKED = 4
    NOT_ALLOWED = 5
    CONFIGURATION = 6
    TIMEOUT = 7
    RECOVERY_NEEDED = 8
    NOT_FOUND = 9
    CONFIRMATION_NEEDED = 10
    INTERNAL = 70


class StationError(Exception):
    """An error with a catalogue code. The text says what was needed, what was found and what to do next."""

    code = "A900"
    exit = Exit.FAILED


class ConfigurationError(StationError):
    """Files of config/ are wrong. `findings` holds every error as `file:line:col: text`."""

    code = "A601"
    exit = Exit.CONFIGURATION

    def __init__(self, findings: list[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


class JournalError(StationError):
    """The journal cannot be opened or written."""

    code = "A501"
    exit = Exit.FAILED


class ForeignJournal(JournalError):
    """The file is a journal of another program, another station or another schema; it is not touched."""

    code = "A502"


class AlreadyRunning(JournalError):
    """Another process of this station holds the journal; this one must not start."""

    code = "A503"


class JournalMissing(JournalError):
    """There is no journal, or an empty file: never a reason to begin a new one silently."""

    code = "A504"


class DamagedJournal(JournalError):
    """What stands in the journal cannot be believed."""

    code = "A506"


class JournalExists(JournalError):
    """A new journal was asked for where there is one."""

    code = "A507"


class Refused(StationError):
    """A request was refused and nothing was moved."""

    code = "A401"
    exit = Exit.BLOCKED


class OldJournal(Refused):
    """A PLC has seen newer orders than the journal knows: the journal is an old copy."""

    code = "A505"


class NotAllowed(StationError):
    """Mode, state or role does not allow the request."""

    code = "A402"
    exit = Exit.NOT_ALLOWED


class NotFound(StationError):
    """No such step, interlock, sequence, bay or run."""

    code = "A901"
    exit = Exit.NOT_FOUND


class NotYourRole(NotAllowed):
    """The person's role is too low for the request."""

    code = "A404"


class ControlHeld(NotAllowed):
    """Somebody else has control of the station."""

    code = "A405"


class RequestStale(NotAllowed):
    """The request is too old, from the future, or was made before under the same key."""

    code = "A406"


class ViewStale(NotAllowed):
    """The station has changed since the person looked."""

    code = "A407"


class SecondPersonNeeded(NotAllowed):
    """The second person is the first one, comes too late, or may not."""

    code = "A408"


class RequestWrong(StationError):
    """The request's parameters are wrong; nothing was looked at beyond them."""

    code = "A410"
    exit = Exit.USAGE


class Defect(StationError):
    """A defect of this program, met while a request was carried out. The log has the traceback."""

    code = "A990"
    exit = Exit.INTERNAL


class ConfirmationNeeded(StationError):
    """The request moves machinery and says no yes."""

    code = "A412"
    exit = Exit.CONFIRMATION_NEEDED


class NotReachable(StationError):
    """No service answers where the command line looks for it."""

    code = "A413"
    exit = Exit.UNREACHABLE


class StillGoingOn(StationError):
    """The wait ended before the operation; it goes on."""

    code = "A414"
    exit = Exit.TIMEOUT
