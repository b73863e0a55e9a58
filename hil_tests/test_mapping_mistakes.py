"""Every mapping mistake is caught by what the page says, on the wire, and by nothing that the page does not say.

Knows what each catcher sees. The mistakes stand in mapping_mistakes.py, their table in docs/how-to/map-a-plc.md.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hil_tests.mapping_mistakes import CATCHERS, MISTAKES, STATION, Mistake, table
from hil_tests.served_station import Served, served
from station_ctl.build import PARTS, PaperStation, put_together
from station_ctl.cli import main, probe_wire
from station_ctl.cli.hil import Plan, try_all
from station_ctl.cli.hil_case import Verdict
from station_ctl.cli.probe_wire import Looked, look_at, read_once, while_running
from station_ctl.config import StationConfig, load_station
from station_ctl.connections import make_link
from station_ctl.core.links import LinkError, LinkSnapshot
from station_ctl.core.modes import Mode
from station_ctl.core.signals import Image, OwnFacts
from station_ctl.core.steps import Interlock, Job
from station_ctl.paths import config_directory

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "map-a-plc.md"


def test_the_page_has_the_table_of_the_mistakes() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), f"docs/how-to/map-a-plc.md needs this table:\n{table()}"
    assert all(mistake.caught and mistake.caught.keys() <= CATCHERS.keys() for mistake in MISTAKES)


def test_the_page_says_what_each_catcher_is() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name, words in CATCHERS.items():
        assert f"| {name} | {words} |" in text


@dataclass
class Case:
    """One mistake in a copy of the configuration, beside the right one, and the PLCs that it is tried on."""

    mistake: Mistake
    wrong: Path
    right: Path
    it: Served

    def config(self, site: Path) -> StationConfig:
        return load_station(site / STATION, self.it.settings, PARTS)


def _case(mistake: Mistake) -> Any:
    marks = [pytest.mark.long] if mistake.long else []
    return pytest.param(mistake, id=re.sub(r"\W+", "-", mistake.title), marks=marks)


@pytest.mark.parametrize("mistake", [_case(mistake) for mistake in MISTAKES])
async def test_a_mistake_is_caught_by_what_the_page_says(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe_wire, "PULSE_S", 0.25)
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    for site in (right, wrong):
        shutil.copytree(config_directory(), site)
        if mistake.lists is not None:
            mistake.lists(site)
    mistake.spoil(wrong)
    refused = CliRunner().invoke(main, ["config", "check", str(wrong / STATION)])
    assert (refused.exit_code == 6) is ("check" in mistake.caught), refused.stderr
    if "check" in mistake.caught:
        assert mistake.caught["check"] in refused.stderr
        assert mistake.caught.keys() == {"check"}, "a station that is refused reads nothing"
        return
    async with served(tmp_path, mistake.links, lists=right / "io") as it:
        for name, value in mistake.plant.items():
            link, _, tag = name.partition(".")
            plc = it.station.plcs.get(link)
            if plc is not None and tag in plc.values:
                plc.freeze(tag, value)
            elif plc is not None:
                plc.values[tag] = value
        case = Case(mistake, wrong, right, it)
        await assert_probe(case)
        await assert_link(case)
        looked = await look_at(case.config(wrong), mistake.links)
        assert_by_hand(case, looked)
        assert_bounds(case, looked)
        if "interlock" in mistake.caught:
            assert_interlock(case, await look_at(case.config(right), mistake.links), looked)
        assert it.written == [], "nothing of all that writes"
        if "order" in mistake.caught:
            await assert_order(case)


async def assert_probe(case: Case) -> None:
    typed = ["device", "probe", *case.mistake.links, "--station", str(case.wrong / STATION), *case.it.told, "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, main, typed)
    told = list(_told(json.loads(result.stdout)["data"]))
    wanted = case.mistake.caught.get("probe")
    only_warned = wanted is not None and wanted in _warned(told)
    assert (result.exit_code == 1) is (bool({"probe", "bounds"} & case.mistake.caught.keys()) and not only_warned), told
    if wanted is not None:
        assert any(wanted in line for line in told), told


def _told(data: Mapping[str, Any]) -> Iterator[str]:
    for link in data["links"]:
        yield from (f"{f['grade']} {f['what']} {f['found']} {f['do']}" for f in link["findings"] if f["grade"] != "OK")
        read = (tag for tag in link["tags"] if tag["access"] == "r")
        yield from (f"BAD {tag['point']} {tag['why']}" for tag in read if tag["quality"] != "good")


def _warned(told: list[str]) -> str:
    return " ".join(line for line in told if line.startswith("WARN"))


async def assert_link(case: Case) -> None:
    """The link of the station itself: it complains and takes no order, or it comes up."""
    config, name = case.config(case.wrong), case.mistake.links[0]
    link, why = make_link(name, config), ""

    async def until_up() -> None:
        nonlocal why
        why = await _settled(link)
        if "link" in case.mistake.caught and "HB_CTL" in link.io:
            with pytest.raises(LinkError):
                await link.write({"HB_CTL": 1})

    await while_running(link, until_up)
    wanted = case.mistake.caught.get("link")
    assert (wanted in why) if wanted is not None else why == "", why


async def _settled(link: Any) -> str:
    """What the link says once the passing complaints of its beginning are over."""
    for _ in range(40):
        why = await read_once(link)
        if "no command connection yet" not in why:
            return why
        await asyncio.sleep(0.05)
    return why


def assert_by_hand(case: Case, looked: Mapping[str, Looked]) -> None:
    """What a person reads beside the machine is not what the machine is like."""
    name = case.mistake.caught.get("by hand")
    if name is not None:
        link, _, tag = name.partition(".")
        assert looked[link].values[tag] != pytest.approx(case.it.station.plcs[link].values[tag])


def assert_bounds(case: Case, looked: Mapping[str, Looked]) -> None:
    outside = {f"{link}.{tag}" for link, seen in looked.items() for tag in seen.bad if tag in seen.values}
    if "bounds" in case.mistake.caught:
        assert outside == {case.mistake.caught["bounds"]}
    else:
        assert not outside or "probe" in case.mistake.caught, outside


def assert_interlock(case: Case, right: Mapping[str, Looked], wrong: Mapping[str, Looked]) -> None:
    """A row that is met by the right mapping, on the same machine, is not met by the wrong one."""
    before, after = (
        [row.holds.proven(seen) for row in asked]
        for seen, asked in (_judged(case, case.right, right), _judged(case, case.wrong, wrong))
    )
    assert len(before) == len(after) and any(before)
    assert any(was and not now for was, now in zip(before, after, strict=True))


def _judged(case: Case, site: Path, looked: Mapping[str, Looked]) -> tuple[Image, list[Interlock]]:
    config = case.config(site)
    return image(looked, config), rows(put_together(config), case.mistake.caught["interlock"])


async def assert_order(case: Case) -> None:
    """No order is answered or reaches a machine, and `hil run` says so."""
    config = case.config(case.wrong)
    found = await try_all(config, put_together(config), Plan(("orders",), frozenset(case.mistake.links)))
    failed = [outcome.found for outcome in found if outcome.case.target == "lift" and outcome.verdict is Verdict.FAILED]
    assert len(failed) >= 5 and all(case.mistake.caught["order"] in text for text in failed), failed
    told = case.it.station.plcs["lift"].channels[0].state
    assert (told["ACK_ID"], told["ORDER_STATE"]) == (0, 0)


def rows(paper: PaperStation, code: str) -> list[Interlock]:
    """Every row of that name that is asked before something begins: of a start, of a reception, of a swap."""
    recipe = next(iter(paper.config.recipes.values()))
    stand, archetype = paper.stand, paper.archetype
    steps = (*archetype.reception(stand).steps, *archetype.swap(stand, Job("V", recipe, "S", "F", "A01", "A02")).steps)
    asked = (row for step in steps for row in (*step.permissives, *(kept.interlock for kept in step.interlocks)))
    return [row for row in (*paper.facts.safe, *asked) if row.code == code]


def image(looked: Mapping[str, Looked], config: StationConfig) -> Image:
    """What was looked at, as of one instant."""
    now = max(seen.now for seen in looked.values())
    links: dict[str, LinkSnapshot] = {}
    for name, seen in looked.items():
        snapshot = seen.snapshot(config.io[name])
        links[name] = replace(snapshot, blocks={scan: replace(b, at=now) for scan, b in snapshot.blocks.items()})
    return Image(now, links, own=OwnFacts(mode=Mode.AUTOMATIC, journal_writable=True))
