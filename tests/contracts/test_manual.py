"""The checked-in manual is what the code says today, and whatever it names has words.

Knows docs/manual. Does not know what should stand there.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import station_ctl
from station_ctl.cli.manual import OTHERS, STATION, written
from station_ctl.cli.manual_pages import COMMAND, GUARDS, OF_A_TYPE, PAGES, page
from station_ctl.cli.specimen import Specimen, specimen
from station_ctl.engine.states import RUN
from station_ctl.engine.states import STATION as STATION_STATES

MANUAL = Path(station_ctl.__file__).resolve().parent.parent / "docs" / "manual"


@pytest.fixture(scope="module")
def shown() -> Specimen:
    return specimen(STATION)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return dict(written())


NAMES = [*PAGES, *(f"{station}/{name}" for station in OTHERS for name in OF_A_TYPE)]


@pytest.mark.parametrize("name", NAMES)
def test_page_is_up_to_date(name: str, pages: dict[str, str]) -> None:
    file = MANUAL / name
    assert file.is_file() and file.read_text(encoding="utf-8") == pages[name], (
        f"docs/manual/{name} is not what the code says any more: run `{COMMAND}` and look at what changed"
    )


def test_manual_has_no_page_that_nobody_writes(pages: dict[str, str]) -> None:
    there = {path.relative_to(MANUAL).as_posix() for path in MANUAL.rglob("*") if path.is_file()}
    assert there == set(pages) == set(NAMES)


def test_every_guard_of_the_state_tables_has_words() -> None:
    named = {name for name in STATION_STATES.guard_names | RUN.guard_names if not name.startswith("was_")}
    assert named == GUARDS.keys(), "give it words in GUARDS of station_ctl/cli/manual_pages.py"


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_a_table_have_as_many_cells_as_its_head(name: str, pages: dict[str, str]) -> None:
    text = re.sub(r"\\\|", "", pages[name])
    for block in re.findall(r"(?:^\|.*\|$\n)+", text, re.MULTILINE):
        cells = {line.count("|") for line in block.splitlines()}
        assert len(cells) == 1, block.splitlines()[0]


@pytest.mark.parametrize("name", PAGES)
def test_placeholders_are_not_swallowed_as_markup(name: str, shown: Specimen) -> None:
    text = page(name, shown).replace(page(name, shown).splitlines()[2], "")
    assert not re.search(r"<(?!a id=|/a>|!--)[a-z]", text)
