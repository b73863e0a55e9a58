"""Alarms: one row of the catalogue in two languages."""

from __future__ import annotations

from station_ctl.core.alarms import AlarmEntry, AlarmWords, Language, Priority

CHINESE = AlarmWords("文字", "原因", "后果", "处理")
ENTRY = AlarmEntry("A101", "text", Priority.HIGH, "cause", "consequence", "remedy", CHINESE)


def test_the_words_of_an_alarm_are_english_unless_chinese_is_asked_for() -> None:
    english = AlarmWords("text", "cause", "consequence", "remedy")
    assert ENTRY.words() == english == ENTRY.words(Language.ENGLISH)
    assert ENTRY.words(Language.CHINESE) == CHINESE
    assert [str(language) for language in Language] == ["en", "zh"]
