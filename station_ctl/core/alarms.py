"""Alarms: conditions a person must see, each with code, cause and remedy from the catalogue.

Knows the form of an alarm. The texts are data (config/alarms.yaml); when to raise one is the engine's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """How soon a person must act."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Language(StrEnum):
    """Languages in which the catalogue speaks to a person."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True)
class AlarmWords:
    """What it is, why it happens, what it leads to, what to do: in one language."""

    text: str
    cause: str
    consequence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class AlarmEntry:
    """One row of the catalogue: the words in English, and in `zh` the same in Chinese."""

    code: str
    text: str
    priority: Priority
    cause: str
    consequence: str
    remedy: str
    zh: AlarmWords

    def words(self, language: Language = Language.ENGLISH) -> AlarmWords:
        """The words in a language."""
        if language is Language.CHINESE:
            return self.zh
        return AlarmWords(self.text, self.cause, self.consequence, self.remedy)
