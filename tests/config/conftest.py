"""A small site in a folder of its own: station file, I/O lists, vehicle; all right until a test edits them.

Knows the files. Does not know the rules they are checked by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from station_ctl.config import DriverFacts, Parts, StationConfig, load_station
from station_ctl.core.errors import ConfigurationError
from station_ctl.core.orders import Order

STATION = """\
station:
  name: Test bench
  code: TEST-1
  archetype: bench
  simulated: true
journal: {path: journal.sqlite}
scan: {fast_ms: 10, normal_ms: 100, slow_ms: 1000}
links:
  lift:
    protocol: modbus-tcp
    address: "127.0.0.1:15020"
    io_list: plc.csv
    map_version: 1
    heartbeat_timeout_ms: 400
  rack:
    protocol: modbus-tcp
    address: "127.0.0.1:15021"
    io_list: plc.csv
    map_version: 1
    heartbeat_timeout_ms: 400
  robot:
    protocol: opcua
    address: "opc.tcp://127.0.0.1:4840"
    io_list: robot.csv
  meter:
    protocol: modbus-rtu
    address: /dev/pts/7
    baud: 19200
    io_list: meter.csv
  reader: {protocol: serial-line, address: /dev/pts/8, baud: 9600}
roles:
  lift:   {driver: lift, link: lift}
  rack_a: {driver: rack, link: rack, bays: 2, first_bay: 1, bay_prefix: A}
  robot:  {driver: gauge, link: robot}
  meter:  {driver: gauge, link: meter}
  reader: {driver: reader, link: reader}
vehicles: [car]
policy: {charge_power_kw: 40, pack_temp_max_c: 45}
"""

VEHICLE = """\
model: CAR-1
pack: {type: 1, weight_kg: 500}
bolts: {count: 10, torque_nm: 85, torque_band_nm: 5, turns_min: 7, turns_max: 9}
heights: {work_mm: 600, raise_mm: 520}
"""

_HEADER = "tag,address,type,access,scan,unit,scale,min,max,text\n"
_ANSWERS = {"ACK_ID": 10, "ACK_CODE": 12, "DONE_ID": 13, "RESULT": 15, "ORDER_STATE": 16, "FAULT": 17}
_WORDS = {"CMD_ID": "u32", "CMD_EXPIRES": "u32"} | {f"CMD_P{k}": "i32" for k in range(1, 5)}


def _plc() -> str:
    rows = ["MAGIC,ir:0,u16", "PATTERN,ir:1,u16", "PATTERN32,ir:2,u32", "MAP_VERSION,ir:4,u16"]
    rows += ["EPOCH,ir:5,u16", "UPTIME_MS,ir:6,u32", "HB_PLC,ir:8,u16"]
    rows += [f"{tag},ir:{at},{'u32' if tag.endswith('ID') else 'u16'}" for tag, at in _ANSWERS.items()]
    text = "".join(f"{row},r,fast,,,,,\n" for row in rows)
    text += "DOWN,ir:20.0,bool,r,fast,,,,,platform down\nUP,ir:20.1,bool,r,fast,,,,,\n"
    text += 'HEIGHT,ir:21,u16,r,normal,mm,0.1,0,2000,"height, mean"\nMODEL,ir:22,str16,r,slow,,,,,\n'
    at = 0
    for tag in Order(1, 0, 0, (), 0).tags():
        kind = _WORDS.get(tag, "u16")
        text += f"{tag},hr:{at},{kind},w,-,,,,,\n"
        at += 1 if kind == "u16" else 2
    return _HEADER + text + "STOP_REQ,hr:16,u16,w,-,,,0,1,\nHB_CTL,hr:60,u16,w,-,,,,,\n"


_ROBOT = _HEADER + "Z_MM,nsu=urn:x;s=Z,f32,r,fast,mm,,,,\nTURNS,nsu=urn:x;s=T,f32[10],r,fast,,,,,\n"
_METER = _HEADER + "POWER,u1/ir:0,f32,r,slow,kW,,,,\nOHMS,u2/ir:0,u16,r,slow,,,,,\n"

PARTS = Parts(
    drivers={
        "lift": DriverFacts(orders=True, lines=False),
        "rack": DriverFacts(orders=True, options=frozenset({"bays", "first_bay", "bay_prefix"}), lines=False),
        "gauge": DriverFacts(lines=False),
        "reader": DriverFacts(lines=True),
        "rack2": DriverFacts(
            orders=True, prefix="B_", options=frozenset({"bays", "first_bay", "bay_prefix"}), lines=False
        ),
        "gauge2": DriverFacts(options=frozenset({"bays", "first_bay", "bay_prefix"}), lines=False),
    },
    archetypes={"bench": ("lift", "rack_*", "reader")},
)


class Site:
    """The folder of one site; file names are relative to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("station.yaml", STATION)
        self.write("vehicles/car.yaml", VEHICLE)
        self.write("fleets/taxis.yaml", 'name: taxis\ntext: Taxis\npriority: 5\npatterns: ["LTX*"]\n')
        self.write("fleets/others.yaml", "name: others\ntext: Others\npriority: 1\nvins: [LTX00001]\n")
        self.write("climates/mild.yaml", "text: Mild\npolicy: {aux_power_kw: 20}\n")
        for name, text in {"plc": _plc(), "robot": _ROBOT, "meter": _METER}.items():
            self.write(f"io/{name}.csv", text)

    def write(self, name: str, content: str | bytes) -> None:
        """Put a file there, whatever was there before."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that occurs exactly once."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def load(self, overrides: Mapping[str, str | int | float | bool] | None = None) -> StationConfig:
        """Load the site's station with the parts of this bench."""
        return load_station(Path("station.yaml"), overrides or {}, PARTS)

    def findings(self, overrides: Mapping[str, str | int | float | bool] | None = None) -> list[str]:
        """Every error of the site, none if it loads."""
        try:
            self.load(overrides)
        except ConfigurationError as error:
            assert error.findings, "an error without a finding"
            return error.findings
        return []


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that loads, with its folder as the working folder, so that findings name `io/plc.csv`."""
    monkeypatch.chdir(tmp_path)
    yield Site(tmp_path)
