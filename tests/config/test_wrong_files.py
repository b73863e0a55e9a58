"""Every kind of wrong configuration, with the exact findings that a person gets to read.

The cases stand in the wrong_*.txt beside this file. A case is a title (#), edits of the site in conftest.py,
and all findings that must come out (!). An edit is a file (@), text found there once (-), its replacement (+).
⏎ is a newline, ␉ a tab, ␇ a bell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from station_ctl.paths import config_directory

CASES = {
    f"{path.stem.removeprefix('wrong_')}: {block.splitlines()[0][2:]}": block.splitlines()[1:]
    for path in sorted(Path(__file__).parent.glob("wrong_*.txt"))
    for block in path.read_text(encoding="utf-8").strip().split("\n\n")
}
MARKS = str.maketrans({"⏎": "\n", "␉": "\t", "␇": "\a"})


def test_cases_are_found() -> None:
    assert len(CASES) > 100


@pytest.mark.parametrize("title", CASES)
def test_wrong_file_is_told_with_file_line_and_column(site: Any, title: str) -> None:
    edited, old, wanted = "", "", []
    for line in CASES[title]:
        mark, text = line[:1], line[2:]
        match mark:
            case "@":
                edited = text
            case "-":
                old = text.translate(MARKS)
            case "+":
                site.edit(edited, old, text.translate(MARKS))
            case "!":
                wanted.append(text.replace("{shipped}", str(config_directory())))
            case _:
                raise AssertionError(f"not a line of a case: {line!r}")
    assert wanted, "a case without a finding proves nothing"
    assert site.findings() == wanted
