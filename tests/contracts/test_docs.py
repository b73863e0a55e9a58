"""The pages that people sign and read agree with the code and the I/O lists.

Knows the tables of docs/plc_contract.md, the words of docs/vocabulary.md and the form of a decision record.
"""

from __future__ import annotations

import csv
import re
from enum import IntEnum
from pathlib import Path

import pytest

from drivers.charging_rack_cr12 import ChargingRackCR12
from drivers.gantry_crane_gc1 import GantryCraneGC1
from drivers.scan_clock import PERIODS
from drivers.stacker_st2 import StackerST2
from drivers.swap_robot_sr3 import SwapRobotSR3
from drivers.truck_link_tk1 import TruckLinkTK1
from drivers.truck_stand_ts1 import TruckStandTS1
from drivers.vehicle_lift_vl1 import VehicleLiftVL1
from drivers.vehicle_link_vl1 import VehicleLinkVL1
from station_ctl.config import load_station, station_file
from station_ctl.core.devices import MAX_AGE, Device
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.orders import MAGIC, ORDER_TTL_MS, AckCode, Order, OrderState, Result, crc16
from station_ctl.core.points import ScanClass
from station_ctl.core.steps import OnLoss

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
CONTRACT = (DOCS / "plc_contract.md").read_text(encoding="utf-8")
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
MODELS: tuple[type[Device], ...] = (
    SwapRobotSR3,
    VehicleLiftVL1,
    VehicleLinkVL1,
    StackerST2,
    ChargingRackCR12,
    GantryCraneGC1,
    TruckStandTS1,
    TruckLinkTK1,
)
TWO_CHANNELS = ("vehicle_lift_vl1", "truck_stand_ts1")
ORDERED = ("swap_robot_sr3", "stacker_st2", "charging_rack_cr12", "gantry_crane_gc1", *TWO_CHANNELS)
LISTS = (*ORDERED, "safety_plc_sp1")
STATIONS = [path.stem for path in sorted((ROOT / "config" / "stations").glob("*.yaml"))]


def table(name: str) -> list[list[str]]:
    """Rows of the table marked with `<!-- table: name -->`, without its head."""
    _, found, rest = CONTRACT.partition(f"<!-- table: {name} -->\n")
    assert found, f"docs/plc_contract.md has no table {name}"
    lines = rest.split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def io_rows(name: str) -> dict[str, dict[str, str]]:
    """An I/O list by tag, as text."""
    with (ROOT / "config" / "io" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["tag"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("name", LISTS)
def test_identity_and_life_stand_where_the_contract_says(name: str) -> None:
    rows = io_rows(name)
    for tag, address, kind, _ in table("identity"):
        assert (rows[tag]["type"], rows[tag]["access"]) == (kind, "r"), tag
        if not rows[tag]["address"].startswith("nsu="):
            assert rows[tag]["address"] == address, tag


def test_the_constants_are_those_that_the_controller_looks_for() -> None:
    shown = {row[0]: int(row[3], 0) for row in table("identity") if row[3]}
    assert shown == MAGIC


def test_the_map_versions_are_those_that_the_shipped_stations_ask_for() -> None:
    shown = {row[0]: int(row[1]) for row in table("map versions")}
    for station in STATIONS:
        links = load_station(station_file(station)).links.values()
        asked = {link.io_list.removesuffix(".csv"): link.map_version for link in links if hasattr(link, "io_list")}
        assert {name: shown.get(name) for name in asked} == asked, station


@pytest.mark.parametrize("name", ORDERED)
def test_order_block_and_answers_stand_where_the_contract_says(name: str) -> None:
    rows = io_rows(name)
    for which, access in (("order", "w"), ("answers", "r")):
        for tag, address, second, kind in table(which):
            assert (rows[tag]["type"], rows[tag]["access"]) == (kind, access), tag
            if rows[tag]["address"].startswith("nsu="):
                assert rows[tag]["address"].endswith(f";s={tag}")
                continue
            assert rows[tag]["address"] == address, tag
            if second and name in TWO_CHANNELS:
                assert rows[f"VEH_{tag}"]["address"] == second, tag
                assert rows[f"VEH_{tag}"]["type"] == kind, tag


def test_the_order_block_lists_what_an_order_writes_in_that_order() -> None:
    tags = [row[0] for row in table("order")]
    assert tags[:-2] == list(Order(1, 1, 1, (), 1).tags())
    assert tags[-2:] == ["STOP_REQ", "HB_CTL"]


@pytest.mark.parametrize(
    ("name", "codes"), [("ack codes", AckCode), ("states", OrderState), ("results", Result)]
)
def test_codes_of_the_contract_are_those_of_the_controller(name: str, codes: type[IntEnum]) -> None:
    assert [(int(row[0]), row[1]) for row in table(name)] == [(code.value, code.name) for code in codes]


def test_the_order_of_checks_names_every_refusal_once() -> None:
    sentence = CONTRACT.partition("\n4.2 ")[2].partition("\n4.3 ")[0]
    named = [int(code) for code in re.findall(r"\((\d+)\)", sentence)]
    assert named == [2, 5, 4, 3, 8, 9, 10, 7, 6, 1]
    assert sorted(named) == [code.value for code in AckCode if code is not AckCode.NONE]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.driver)
def test_opcodes_of_the_contract_are_those_of_the_driver(model: type[Device]) -> None:
    assert model.orders is not None
    written = [(int(row[0]), row[1]) for row in table(f"opcodes {model.driver}")]
    assert written == [(order.value, order.name) for order in model.orders]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.driver)
def test_a_driver_shows_its_protocol_as_the_contract_does(model: type[Device]) -> None:
    shown = re.findall(r"^\s+\| (\d+) ([A-Z_]+) ", model.__doc__ or "", re.MULTILINE)
    assert [[number, name] for number, name in shown] == [row[:2] for row in table(f"opcodes {model.driver}")]


def test_figures_of_time_are_those_of_the_code() -> None:
    figures = {what: int(figure.removesuffix(" ms")) for what, figure in table("times")}
    assert figures["order expires after"] == ORDER_TTL_MS
    for scan in (ScanClass.FAST, ScanClass.NORMAL, ScanClass.SLOW):
        assert figures[f"{scan} tags are read every"] == round(PERIODS[scan] * 1000)
        assert figures[f"a {scan} reading proves nothing after"] == round(MAX_AGE[scan] * 1000)


def test_the_worked_example_is_what_the_controller_sends() -> None:
    example = CONTRACT.partition("<!-- example -->\n```\n")[2].partition("```")[0]
    shown = {line.split()[0]: line.split()[1:] for line in example.splitlines()}
    order = Order(70001, 7, SwapRobotSR3.orders.LOCK, (1023, 8500, 500), 122456 + ORDER_TTL_MS)
    assert shown["words"] == [f"{word:04X}" for word in order.words()]
    assert shown["crc"] == [f"{crc16(order.words()):04X}"]
    assert shown["commit"] == [f"{order.tags()['CMD_COMMIT']:04X}"]


def test_sentences_are_numbered_without_gap_and_every_list_is_named() -> None:
    numbers = re.findall(r"^(\d+)\.(\d+) [A-Z]", CONTRACT, re.MULTILINE)
    for chapter in dict.fromkeys(chapter for chapter, _ in numbers):
        inside = [int(sentence) for c, sentence in numbers if c == chapter]
        assert inside == list(range(1, len(inside) + 1)), f"chapter {chapter}"
    delivered = {path.name for path in (ROOT / "config" / "io").glob("*.csv")}
    assert set(re.findall(r"config/io/(\w+\.csv)", CONTRACT)) == delivered


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_a_decision_has_its_three_parts_on_one_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 45
    assert text.startswith(f"# {page.name[:4]} " if page.name[:4] != "0000" else "# NNNN ")


def test_decisions_are_numbered_without_gap_and_stand_in_the_index() -> None:
    numbers = [int(page.name[:4]) for page in DECISIONS]
    assert numbers == list(range(len(numbers)))
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for page in DECISIONS[1:]:
        title = page.read_text(encoding="utf-8").splitlines()[0].removeprefix(f"# {page.name[:4]} ")
        assert f"| [{page.name[:4]}](decisions/{page.name}) | {title} |" in index


def words() -> list[list[str]]:
    """Term, Chinese term and meaning of every row of the vocabulary."""
    lines = (DOCS / "vocabulary.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in rows if row[0] != "term"]


def test_a_term_is_explained_once_and_has_a_chinese_word() -> None:
    terms = [row[0] for row in words()]
    assert len(terms) > 80
    assert sorted(set(terms)) == sorted(terms)
    chinese = [row[1] for row in words()]
    assert sorted(set(chinese)) == sorted(chinese)
    for term, word, meaning in words():
        assert re.fullmatch(r"[\u4e00-\u9fffA-Z/]+", word), term
        assert meaning and not meaning.endswith("."), term


def test_every_mode_state_phase_and_loss_is_a_word_of_the_vocabulary() -> None:
    meanings = {term: meaning for term, _, meaning in words()}
    for term, values in (("mode", Mode), ("state", State)):
        for value in values:
            assert re.search(rf"\b{value}\b", meanings[term]), f"{term} {value}"
    for phase in list(Phase)[:7]:
        assert phase in meanings["phase"]
    assert {str(loss) for loss in OnLoss} <= set(meanings)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.name)
def test_links_and_paths_of_the_pages_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target
    for path in re.findall(
        r"`((?:station_ctl|drivers|sequences|config|docs|tests)/[\w./]+\.(?:py|csv|md|toml))`", text
    ):
        assert (ROOT / path).exists(), path
