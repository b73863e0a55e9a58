"""The alarm catalogue: config/alarms.yaml as entries by code.

Knows what a row must say. Does not know when an alarm is raised.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, RootModel, StringConstraints

from station_ctl.config.models import Model, worded
from station_ctl.config.yaml_positions import Document, in_order, read_yaml, validated
from station_ctl.core.alarms import AlarmEntry, AlarmWords, Priority
from station_ctl.core.errors import ConfigurationError
from station_ctl.paths import config_directory

Code = Annotated[str, worded(r"^A[0-9]{3}$", "needs a code, A and three digits")]
Title = Annotated[str, StringConstraints(min_length=3, max_length=60, strip_whitespace=True)]
Sentence = Annotated[str, StringConstraints(min_length=10, strip_whitespace=True)]

ChineseTitle = Annotated[str, worded(r"^[^。]*[\u4e00-\u9fff][^。]*$", "needs a title in Chinese, no full stop", 30)]
ChineseSentence = Annotated[str, worded(r"^.*[\u4e00-\u9fff].*。$", "needs a sentence in Chinese, ending with 。")]


class ChineseWords(Model):
    """The same words in Chinese."""

    text: ChineseTitle
    cause: ChineseSentence
    consequence: ChineseSentence
    remedy: ChineseSentence


class AlarmRow(Model):
    """One alarm: what it is, why, what it leads to, what a person does. `reserved`: not raised yet."""

    text: Title
    priority: Annotated[Priority, Field(strict=False)]
    cause: Sentence
    consequence: Sentence
    remedy: Sentence
    zh: ChineseWords
    reserved: bool = False


class AlarmFile(RootModel[dict[Code, AlarmRow]]):
    """The file config/alarms.yaml."""


def read_alarms(path: Path) -> tuple[Document, dict[str, AlarmEntry]]:
    """The catalogue of one file; errors are findings of the document."""
    document = read_yaml(path)
    rows = validated(document, AlarmFile) if document.parsed else None
    return document, {code: _entry(code, row) for code, row in rows.root.items()} if rows is not None else {}


def _entry(code: str, row: AlarmRow) -> AlarmEntry:
    zh = AlarmWords(row.zh.text, row.zh.cause, row.zh.consequence, row.zh.remedy)
    return AlarmEntry(code, row.text, row.priority, row.cause, row.consequence, row.remedy, zh)


def load_alarms(path: Path | None = None) -> dict[str, AlarmEntry]:
    """The alarm catalogue of this release by code. Raises ConfigurationError with every error of the file."""
    document, entries = read_alarms(path or config_directory() / "alarms.yaml")
    if document.findings:
        raise ConfigurationError(in_order(document.findings))
    return entries
