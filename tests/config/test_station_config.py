"""Loading a station: what comes out of good files, and how bad ones are refused as a whole.

Knows the public face of station_ctl.config. Single findings stand in test_wrong_files.py.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.modbus_rtu import ModbusRtuLink
from station_ctl.config import absent_files, load_station, station_file
from station_ctl.config.models import Policy
from station_ctl.connections import make_links
from station_ctl.core.errors import ConfigurationError, Exit, NotFound
from station_ctl.core.orders import Order
from station_ctl.core.points import Access, ScanClass
from station_ctl.core.policy import SitePolicy
from station_ctl.paths import config_directory

SHIPPED = sorted((config_directory() / "stations").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_station_loads(path: Path) -> None:
    config = load_station(path)
    truck = config.station.archetype == "heavy_truck"
    assert len(config.links) == (5 if truck else 8)
    assert sum(len(role.bay_numbers) for role in config.roles.values()) == (8 if truck else 24)
    assert set(config.io) == set(config.links) - {"reader"}
    if truck:
        assert config.recipes["SIM-TRACTOR"].clip_mask == 0xF
    else:
        assert config.recipes["SIM-SEDAN"].bolt_mask == 0x3FF
    assert config.alarms["A102"].priority == "critical"


@pytest.mark.parametrize("name", ["passenger_car", "heavy_truck"])
def test_simulated_twin_differs_in_names_addresses_and_security_only(name: str) -> None:
    real, twin = (load_station(station_file(file)) for file in (name, f"sim_{name}"))
    assert twin.simulated and not real.simulated
    assert (real.roles, real.policy, real.recipes, real.scan) == (
        twin.roles,
        twin.policy,
        twin.recipes,
        twin.scan,
    )
    assert {k: dict(v) for k, v in real.io.items()} == {k: dict(v) for k, v in twin.io.items()}
    ours = {"address", "security"}
    for name, link in real.links.items():
        assert link.model_dump(exclude=ours) == twin.links[name].model_dump(exclude=ours)


def test_points_carry_what_the_list_says(site: Any) -> None:
    height = site.load().io["lift"]["HEIGHT"]
    assert (height.address, str(height.type), height.access, height.scan) == (
        "ir:21", "u16", Access.READ, ScanClass.NORMAL,
    )  # fmt: skip
    assert (height.unit, height.scale, height.low, height.high, height.text) == (
        "mm",
        0.1,
        0,
        2000,
        "height, mean",
    )
    assert site.load().io["robot"]["TURNS"].type.count == 10


def test_list_saved_by_a_spreadsheet_loads_the_same(site: Any) -> None:
    """Byte order mark, Windows line ends, an empty last line."""
    before = dict(site.load().io["lift"])
    text = (site.folder / "io/plc.csv").read_text(encoding="utf-8")
    site.write("io/plc.csv", b"\xef\xbb\xbf" + (text + ",,,,,,,,,\n").replace("\n", "\r\n").encode())
    assert dict(site.load().io["lift"]) == before


def test_order_block_of_the_code_fits_the_shipped_lists() -> None:
    io = load_station(station_file("sim_passenger_car")).io
    for link, prefix in (("lift", ""), ("lift", "VEH_"), ("robot", ""), ("stacker", ""), ("rack_a", "")):
        tags = [tag for tag in io[link] if tag.startswith(f"{prefix}CMD_")]
        assert tags == list(Order(1, 0, 0, (), 0).tags(prefix))


def test_errors_of_all_files_are_told_at_once_in_file_order(site: Any) -> None:
    site.edit("station.yaml", "baud: 9600", "boud: 9600")
    site.edit("station.yaml", "link: lift}", "link: lft}")
    site.edit("station.yaml", "pack_temp_max_c: 45", "pack_temp_max_c: 99")
    site.edit("io/plc.csv", "HB_CTL", "HB_XTL")
    site.edit("io/plc.csv", "UP,ir:20.1", "UP,ir:20.0")
    site.edit("io/meter.csv", "kW,,,,", "kW,0,,,")
    site.edit("vehicles/car.yaml", "turns_max: 9", "turns_max: 5")
    heads = [finding.split(": ")[0] for finding in site.findings()]
    assert heads == [
        "station.yaml:9:3",
        "station.yaml:30:3",
        "station.yaml:30:56",
        "station.yaml:32:32",
        "station.yaml:38:48",
        "io/plc.csv:1:1",
        "io/plc.csv:16:4",
        "io/meter.csv:2:29",
        "vehicles/car.yaml:3:79",
    ]


def test_configuration_error_exits_6_and_reads_as_lines(site: Any) -> None:
    site.edit("station.yaml", "fast_ms: 10", "fast_ms: 0")
    with pytest.raises(ConfigurationError) as refused:
        site.load()
    assert refused.value.exit is Exit.CONFIGURATION
    assert str(refused.value) == "\n".join(refused.value.findings)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "station.yaml:1:1: needs keys and values, as in `station: \u2026`"),
        (b"# nothing\n", "station.yaml:1:1: needs keys and values, as in `station: \u2026`"),
        (b"- a\n", "station.yaml:1:1: needs keys and values, as in `station: \u2026`"),
        (b"a: 1\nb: \xff\n", "station.yaml:2:4: is not UTF-8 text"),
        (
            b"a: 1\n---\nb: 2\n",
            "station.yaml:2:1: not valid YAML: but found another document, expected a single",
        ),
        (b"[" * 20_000, "station.yaml:1:1: not valid YAML: maximum recursion depth exceeded"),
        (b"a: b\n" * 1_000_000, "station.yaml:1:1: file is larger than 4,000,000 bytes"),
    ],
    ids=["empty", "comment", "list", "not UTF-8", "two documents", "deep", "large"],
)
def test_file_that_is_no_station_file(site: Any, content: bytes, wanted: str) -> None:
    site.write("station.yaml", content)
    assert site.findings()[0].startswith(wanted)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "io/plc.csv:1:1: is empty: the first line names the columns"),
        (b"tag;address;type\n", "io/plc.csv:1:1: cells are separated by commas, not semicolons"),
        (b"tag,address\nX,\xff\n", "io/plc.csv:2:3: is not UTF-8 text"),
    ],
    ids=["empty", "semicolons", "not UTF-8"],
)
def test_list_that_is_no_list_is_told_once(site: Any, content: bytes, wanted: str) -> None:
    site.write("io/plc.csv", content)
    assert site.findings() == [wanted]


def test_missing_station_file_is_a_finding(site: Any) -> None:
    (site.folder / "station.yaml").unlink()
    assert site.findings() == ["station.yaml:1:1: there is no such file"]


def test_two_vehicle_files_of_one_model(site: Any) -> None:
    site.write("vehicles/van.yaml", (site.folder / "vehicles/car.yaml").read_bytes())
    site.edit("station.yaml", "[car]", "[car, van]")
    assert site.findings() == [
        "vehicles/van.yaml:1:8: model: is also the model of vehicles/car.yaml (got 'CAR-1')"
    ]


def test_driver_on_another_channel_needs_that_channels_tags(site: Any) -> None:
    site.edit("station.yaml", "driver: rack, link: rack", "driver: rack2, link: rack")
    findings = site.findings()
    assert "io/plc.csv:1:1: tag B_CMD_ID is missing: order channel B needs it" in findings
    assert "io/plc.csv:1:1: tag B_STOP_REQ is missing: order channel B needs it" in findings
    assert "io/plc.csv:1:1: tag B_DONE_ID is missing: order channel B needs it" in findings
    assert len(findings) == 17


def test_names_are_checked_only_against_known_parts(site: Any) -> None:
    site.edit("station.yaml", "driver: lift,", "driver: unheard_of,")
    assert load_station(Path("station.yaml")).roles["lift"].driver == "unheard_of"


# ---- overrides ----


def test_override_takes_the_place_of_a_value(site: Any) -> None:
    config = site.load({"links.lift.address": "127.0.0.1:4711", "journal.path": "/tmp/j.sqlite"})
    assert config.links["lift"].address == "127.0.0.1:4711"
    assert config.links["lift"].host_and_port == ("127.0.0.1", 4711)
    assert config.journal == Path("/tmp/j.sqlite")


def test_override_makes_sections_that_the_file_leaves_out(site: Any) -> None:
    assert site.load({"clock.process_rate": 20}).clock.process_rate == 20


@pytest.mark.parametrize(
    ("path", "value", "wanted"),
    [
        ("links.lift.address", 5, "11:14: override: links.lift.address: should be a valid string (got 5)"),
        (
            "links.lift.address",
            "10.0.0.1:502",
            "11:14: override: links.lift.address: a simulated station has loopback addresses"
            " (got '10.0.0.1:502')",
        ),
        ("links.lift.address.x", 1, "11:14: override: links.lift.address: should be a valid string"),
        ("station.code", "X-1", "3:9: override: station.code: which station this is cannot be overridden"),
        ("colour", "red", "1:1: override: colour: unknown key here (got 'red')"),
    ],
)
def test_wrong_override_says_that_it_is_one(site: Any, path: str, value: Any, wanted: str) -> None:
    assert site.findings({path: value}) == [f"station.yaml:{wanted}"]


def test_real_station_takes_no_override(site: Any) -> None:
    site.edit("station.yaml", "  simulated: true\n", "")
    wanted = "station.yaml:5:17: override: journal.path: only a simulated station takes overrides"
    assert site.findings({"journal.path": "/tmp/x"}) == [wanted]


# ---- hash, positions, files that must be there ----


@pytest.mark.parametrize("name", ["station.yaml", "io/plc.csv", "io/meter.csv", "vehicles/car.yaml"])
def test_hash_changes_with_any_file(site: Any, name: str) -> None:
    before = site.load().config_hash
    site.write(name, (site.folder / name).read_bytes() + b"\n")
    assert site.load().config_hash != before


def test_hash_changes_with_overrides_and_not_with_the_folder(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = site.load().config_hash
    assert site.load({"clock.process_rate": 2}).config_hash != before
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    type(site)(elsewhere)
    monkeypatch.chdir("/")
    assert load_station(elsewhere / "station.yaml").config_hash == before


def test_position_of_a_value_is_known_after_loading(site: Any) -> None:
    config = site.load()
    assert config.where("links", "lift", "map_version") == "station.yaml:13:18"
    assert config.where("links", "lift", "timeout_ms") == "station.yaml:9:3", (
        "defaults stand at what holds them"
    )


def test_paths_are_relative_to_the_station_file(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert load_station(site.folder / "station.yaml").journal == site.folder / "journal.sqlite"


def test_instruments_on_one_bus_may_have_a_link_each(site: Any) -> None:
    second = "second: {protocol: modbus-rtu, address: /dev/pts/7, baud: 19200, timeout_ms: 400, io_list: meter.csv}"
    site.edit("station.yaml", "  reader: {protocol", f"  {second}\n  reader: {{protocol")
    site.edit("station.yaml", "  reader: {driver", "  second: {driver: gauge, link: second}\n  reader: {driver")
    config = site.load()
    links = make_links(config)
    meter, beside = links["meter"], links["second"]
    assert isinstance(meter, ModbusRtuLink) and isinstance(beside, ModbusRtuLink)
    assert meter.bus is beside.bus, "two owners of one port would mix their questions and answers"
    assert meter.bus.timeout == 0.4, "the more patient of the two"


def test_absent_files_are_named_before_a_start(site: Any) -> None:
    assert absent_files(site.load()) == []
    security = "security: {certificate: a.der, private_key: b.pem, server_certificate: c.der}"
    site.edit("station.yaml", "io_list: robot.csv", f"io_list: robot.csv\n    {security}")
    site.edit("station.yaml", "journal.sqlite", "var/journal.sqlite")
    site.write("a.der", b"x")
    assert absent_files(site.load()) == [
        f"station.yaml:25:49: links.robot.security.private_key: there is no file {site.folder}/b.pem",
        f"station.yaml:25:76: links.robot.security.server_certificate: there is no file {site.folder}/c.der",
        f"station.yaml:6:17: journal.path: there is no folder {site.folder}/var",
    ]


def test_site_files_go_before_those_of_the_release(site: Any) -> None:
    site.write("vehicles/sim_sedan.yaml", (site.folder / "vehicles/car.yaml").read_bytes())
    site.edit("station.yaml", "[car]", "[sim_sedan]")
    assert list(site.load().recipes) == ["CAR-1"]
    (site.folder / "vehicles/sim_sedan.yaml").unlink()
    assert list(site.load().recipes) == ["SIM-SEDAN"]


def test_station_file_by_name_and_by_path(site: Any) -> None:
    assert station_file("passenger_car") == config_directory() / "stations" / "passenger_car.yaml"
    assert station_file("station.yaml") == Path("station.yaml")
    with pytest.raises(NotFound, match="heavy_truck, passenger_car, sim_heavy_truck, sim_passenger_car"):
        station_file("nowhere")
    with pytest.raises(NotFound, match="no station file"):
        station_file("./nowhere.yaml")


def test_policy_of_the_file_is_that_of_the_vocabulary() -> None:
    assert set(Policy.model_fields) == {field.name for field in fields(SitePolicy)}
    assert Policy().site_policy() == SitePolicy()


# ---- nothing that stands in a file brings the loader down ----

_WORDS = st.sampled_from(
    [
        "links",
        "lift",
        ":",
        " ",
        "\n",
        "\n  ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a ",
        "*a",
        "!!int ",
        '"',
        ",",
        "1",
        "~",
        "'",
        "\t",
        "?",
    ]
)
_SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@_SETTINGS
@given(
    st.lists(_WORDS, max_size=40).map("".join) | st.binary(max_size=200).map(lambda b: b.decode("latin-1"))
)
def test_any_text_is_refused_and_never_crashes(site: Any, text: str) -> None:
    for name in ("station.yaml", "vehicles/car.yaml", "io/plc.csv"):
        whole = (site.folder / name).read_bytes()
        site.write(name, text)
        findings = site.findings()
        site.write(name, whole)
        assert findings
        assert all(":" in finding for finding in findings)


@_SETTINGS
@given(
    st.sampled_from(
        [
            "station",
            "links",
            "roles",
            "vehicles",
            "scan",
            "policy",
            "links.lift",
            "roles.lift.link",
            "roles.lift.driver",
        ]
    ),
    st.sampled_from(
        [
            "[]",
            "{}",
            "[[]]",
            "{a: {b: 1}}",
            "~",
            "x",
            "1",
            "-1.5",
            "true",
            "[{}, [], 3]",
            '""',
            "{? [1] : 2}",
            '"\\0"',
        ]
    ),
)
def test_any_shape_of_a_part_is_refused_and_never_crashes(site: Any, part: str, value: str) -> None:
    lines = (site.folder / "station.yaml").read_text(encoding="utf-8").splitlines()
    keys = part.split(".")
    site.write("station.yaml", "\n".join([*_without(lines, keys), ""]) + _nested(keys, value))
    findings = site.findings()
    site.write("station.yaml", "\n".join([*lines, ""]))
    assert findings or (part, value) in {("policy", "{}"), ("scan", "{}")}


def _without(lines: list[str], keys: list[str]) -> list[str]:
    """The file without the section that is put in anew at its end."""
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{keys[0]}:"))
    end = next((i for i in range(start + 1, len(lines)) if not lines[i].startswith(" ")), len(lines))
    return lines[:start] + lines[end:]


def _nested(keys: list[str], value: str) -> str:
    return "".join(
        f"{'  ' * i}{key}:{'' if i + 1 < len(keys) else f' {value}'}\n" for i, key in enumerate(keys)
    )


def test_a_tariff_is_part_of_the_configuration_and_its_errors_are_told_with_all_others(site: Any) -> None:
    assert site.load().tariff is None
    site.edit("station.yaml", "vehicles: [car]", "charging: {tariff: prices.csv}\nvehicles: [car]")
    (missing,) = site.findings()
    assert "prices.csv:1:1: cannot be read as text" in missing
    site.write("prices.csv", "from,to,price\n00:00,24:00,cheap\n")
    (wrong,) = site.findings()
    assert "prices.csv:2:13: price: needs a number" in wrong
    site.write("prices.csv", "from,to,price\n00:00,24:00,0.5\n")
    one = site.load()
    assert one.tariff is not None and one.tariff.price_at(0.0) == 0.5
    site.write("prices.csv", "from,to,price\n00:00,24:00,0.6\n")
    assert site.load().config_hash != one.config_hash
