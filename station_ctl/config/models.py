"""What a station file may say: keys, types, units and ranges.

Knows each value on its own. Does not know files, positions, nor whether values fit each other (checks.py).
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from station_ctl.core.devices import MAX_AGE
from station_ctl.core.levels import Level
from station_ctl.core.points import ScanClass
from station_ctl.core.policy import SitePolicy


class Model(BaseModel):
    """A part of a file: unknown keys are errors, `"12"` is no number, nothing changes after loading."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


PATTERN_WORDS: dict[str, str] = {}
"""What each pattern of a text asks for, in words, for those who meet it in an error."""


def worded(pattern: str, words: str, max_length: int | None = None) -> StringConstraints:
    """A pattern for a text, with what it asks for in words."""
    PATTERN_WORDS[pattern] = words
    return StringConstraints(pattern=pattern, max_length=max_length)


_HOST_PORT = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\]):\d{1,5}"

Name = Annotated[str, worded(r"^[a-z][a-z0-9_]*$", "needs a name of small letters, digits and _", 32)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]
CsvName = Annotated[str, worded(r"^[A-Za-z0-9][A-Za-z0-9._-]*\.csv$", "needs a .csv file, no folder")]
DevicePath = Annotated[str, worded(r"^/.+", "needs the path of a serial port, from /")]
StationCode = Annotated[str, worded(r"^[A-Z0-9][A-Z0-9-]{1,31}$", "needs 2 to 32 of capitals, digits and -")]
BayPrefix = Annotated[str, worded(r"^[A-Z]{1,3}$", "needs 1 to 3 capitals")]
TagName = Annotated[
    str, worded(r"^[a-z][a-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*$", "needs link.TAG, as meter.POWER_KW", 80)
]
TagPattern = Annotated[str, worded(r"^[A-Z*][A-Z0-9_*]{0,39}$", "needs a tag of the list, * for any part of it")]
TimeOfDay = Annotated[str, worded(r"^(?:[01]\d|2[0-3]):[0-5]\d$", 'needs a time of day in quotes, as "07:30"')]
Urn = Annotated[str, worded(r"^urn:\S+$", "needs a URI that begins with urn:")]


def host_and_port(address: str) -> tuple[str, int]:
    """Host and port of `host:port` or of a URL; `localhost` is 127.0.0.1. Raises ValueError."""
    needed = "needs host:port with a port 1 to 65535"
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(needed) from None
    if not host or not port:
        raise ValueError(needed)
    return ("127.0.0.1" if host == "localhost" else host), port


def is_this_machine(host: str) -> bool:
    """True for a loopback address. A name is never taken for one: where it leads is not ours to say."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checked_host(address: str) -> str:
    host_and_port(address)
    return address


def _beside_station_file(path: Path, info: ValidationInfo) -> Path:
    """Relative paths are relative to the station file, because it is what moves from PC to PC."""
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / path


FilePath = Annotated[Path, Field(strict=False), AfterValidator(_beside_station_file)]
TcpAddress = Annotated[
    str, worded(rf"^{_HOST_PORT}$", "needs host:port, as in 192.168.10.11:502"), AfterValidator(_checked_host)
]
OpcUaAddress = Annotated[
    str,
    worded(rf"^opc\.tcp://{_HOST_PORT}(?:/\S*)?$", "needs opc.tcp://host:port"),
    AfterValidator(_checked_host),
]


class Station(Model):
    """Which station this is."""

    name: Text
    code: StationCode
    archetype: Name
    simulated: bool = False


class Clock(Model):
    """Process seconds per wall second; anything but 1 only against a simulated plant."""

    process_rate: float = Field(1.0, ge=0.1, le=1000)


class Journal(Model):
    """Where runs, orders and custody are kept."""

    path: FilePath


_SCANS = 2
"""A reading stays good until the second scan after it is due, so that one missed scan stops nothing."""


def _longest_ms(scan: ScanClass) -> int:
    return int(MAX_AGE[scan] * 1000 / _SCANS)


class Scan(Model):
    """Periods of the three scan classes, ms; bounded by the age at which a reading goes stale."""

    fast_ms: int = Field(10, ge=5, le=_longest_ms(ScanClass.FAST))
    normal_ms: int = Field(100, ge=20, le=_longest_ms(ScanClass.NORMAL))
    slow_ms: int = Field(1000, ge=100, le=_longest_ms(ScanClass.SLOW))

    @field_validator("normal_ms", "slow_ms")
    @classmethod
    def _slower_than_the_class_before(cls, value: int, info: ValidationInfo) -> int:
        before = {"normal_ms": "fast_ms", "slow_ms": "normal_ms"}[info.field_name or ""]
        if value < info.data.get(before, 0):
            raise ValueError(f"must not be less than {before}, {info.data[before]}")
        return value

    def period_ms(self, scan: ScanClass) -> int:
        """Period of a scan class, ms; 0 for tags that are never scanned."""
        return {"fast": self.fast_ms, "normal": self.normal_ms, "slow": self.slow_ms}.get(scan.value, 0)


class _PlcLink(Model):
    """What every link to a PLC has. Without `map_version` and `heartbeat_timeout_ms` it is an instrument.

    `level` is how much of the handshake of the contract the PLC keeps (docs/plc_contract.md §12).
    """

    io_list: CsvName
    level: Annotated[Level, Field(strict=False)] = Level.A
    map_version: int | None = Field(None, ge=1, le=0xFFFF)
    plc_id: int | None = Field(None, ge=1, le=0xFFFF)
    heartbeat_timeout_ms: int | None = Field(None, ge=50, le=1000)
    timeout_ms: int = Field(250, ge=20, le=2000)


class _SerialLine(Model):
    """Settings of the serial line itself."""

    address: DevicePath
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200]
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1


ByteOrder = Literal["ABCD", "CDAB", "BADC", "DCBA"]
"""How the registers of a PLC hold a value wider than a byte, unless its list says otherwise of a tag."""


class ModbusTcpLink(_PlcLink):
    """One PLC over Modbus TCP."""

    protocol: Literal["modbus-tcp"]
    address: TcpAddress
    unit: int = Field(1, ge=1, le=255)
    byte_order: ByteOrder = "ABCD"

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Where to connect."""
        return host_and_port(self.address)


class ModbusRtuLink(_PlcLink, _SerialLine):
    """One serial bus with Modbus RTU instruments; the unit of each tag stands in its address."""

    protocol: Literal["modbus-rtu"]
    byte_order: ByteOrder = "ABCD"


class OpcUaSecurity(Model):
    """SignAndEncrypt with our certificate and key; the server's certificate is the only one trusted.

    `application_uri` must stand in our certificate.
    """

    certificate: FilePath
    private_key: FilePath
    server_certificate: FilePath
    application_uri: Urn = "urn:station-ctl:opcua"
    user: Text | None = None
    password_file: FilePath | None = None

    @field_validator("password_file")
    @classmethod
    def _belongs_to_a_user(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("user") is None:
            raise ValueError("needs user")
        return value


class OpcUaLink(_PlcLink):
    """One PLC over OPC UA; without `security` nothing is signed."""

    protocol: Literal["opcua"]
    address: OpcUaAddress
    security: OpcUaSecurity | None = None


class SerialLineLink(_SerialLine):
    """An instrument that sends text lines; its driver knows the lines, so there is no I/O list."""

    protocol: Literal["serial-line"]


LinkSettings = ModbusTcpLink | ModbusRtuLink | OpcUaLink | SerialLineLink
PROTOCOLS = ("modbus-tcp", "modbus-rtu", "opcua", "serial-line")


class Role(Model):
    """Which driver fills a role, over which link. A rack also says which bays it has.

    `also` names tags, or patterns of them, that the device has in the PLCs of other links.
    """

    driver: Name
    link: Name
    bays: int | None = Field(None, ge=1, le=48)
    first_bay: int | None = Field(None, ge=1, le=999)
    bay_prefix: BayPrefix | None = None
    also: dict[Name, Annotated[tuple[TagPattern, ...], Field(strict=False)]] = {}

    @property
    def options(self) -> dict[str, int | str]:
        """What is handed to the driver beyond role, link and I/O list; empty for most."""
        return self.model_dump(include={"bays", "first_bay", "bay_prefix"}, exclude_none=True)

    @property
    def bay_numbers(self) -> range:
        """Station-wide numbers of the bays of a rack; empty for other devices."""
        return range(self.first_bay, self.first_bay + self.bays) if self.bays and self.first_bay else range(0)


class Policy(Model):
    """Limits of one site; the meaning of each stands in core/policy.py."""

    swap_soc_min_percent: float = Field(90, ge=20, le=100)
    pack_soh_min_percent: float = Field(70, ge=50, le=100)
    pack_temp_max_c: float = Field(45, ge=20, le=65)
    pack_insulation_min_kohm: int = Field(500, ge=40, le=60_000)
    pack_weight_tolerance_percent: float = Field(10, ge=1, le=20)
    charge_power_kw: float = Field(40, gt=0, le=500)
    position_tolerance_mm: float = Field(15, gt=0, le=50)
    yaw_tolerance_deg: float = Field(1, gt=0, le=5)
    lift_sync_tolerance_mm: float = Field(5, gt=0, le=20)
    float_tolerance_mm: float = Field(3, gt=0, le=20)
    site_power_max_kw: float = Field(600, ge=10, le=5000)
    driver_time_percent: int = Field(100, ge=100, le=300)
    preheat_below_c: float | None = Field(None, ge=1, le=20)
    wind_max_mps: float = Field(12, ge=3, le=14)
    charger_power_percent: int = Field(100, ge=30, le=100)
    site_power_safe_kw: float = Field(200, ge=0, le=5000)
    rack_power_max_kw: float = Field(600, ge=0, le=5000)
    bay_power_max_kw: float = Field(60, gt=0, le=500)
    pair_power_max_kw: float = Field(0, ge=0, le=1000)
    bay_power_min_kw: float = Field(3, ge=0, le=30)
    charger_efficiency_percent: float = Field(94, ge=80, le=100)
    aux_power_kw: float = Field(15, ge=0, le=500)
    charge_end_percent: float = Field(95, ge=50, le=100)
    charge_temp_min_c: float = Field(-20, ge=-40, le=10)
    hot_temp_c: float = Field(60, ge=45, le=80)
    hot_rise_c_per_min: float = Field(3, ge=1, le=20)
    hot_gas_ppm: int = Field(300, ge=20, le=5000)
    hot_move_max_c: float = Field(80, ge=50, le=120)
    isolation_allowed: bool = True
    quarantine_settle_s: float = Field(30, ge=5, le=3600)
    quarantine_frozen_percent: float = Field(3, ge=1, le=10)
    quarantine_no_gain_min: float = Field(20, ge=5, le=120)
    charger_silent_s: float = Field(20, ge=5, le=120)

    @field_validator("site_power_max_kw")
    @classmethod
    def _feeds_one_charger(cls, value: float, info: ValidationInfo) -> float:
        one = info.data.get("charge_power_kw", 0)
        if value < one:
            raise ValueError(f"must not be less than charge_power_kw, {one:g}")
        return value

    @field_validator("site_power_safe_kw")
    @classmethod
    def _safer_than_the_site(cls, value: float, info: ValidationInfo) -> float:
        most = info.data.get("site_power_max_kw", value)
        if value > most:
            raise ValueError(f"must not be greater than site_power_max_kw, {most:g}")
        return value

    @field_validator("charge_end_percent")
    @classmethod
    def _reaches_the_swap(cls, value: float, info: ValidationInfo) -> float:
        needed = info.data.get("swap_soc_min_percent", 0)
        if value < needed:
            raise ValueError(f"must not be less than swap_soc_min_percent, {needed:g}")
        return value

    @field_validator("hot_temp_c")
    @classmethod
    def _hotter_than_fit(cls, value: float, info: ValidationInfo) -> float:
        fit = info.data.get("pack_temp_max_c", 0)
        if value <= fit:
            raise ValueError(f"must be greater than pack_temp_max_c, {fit:g}")
        return value

    def site_policy(self) -> SitePolicy:
        """The same numbers as the machine's vocabulary has them."""
        return SitePolicy(**self.model_dump())


class Simulation(Model):
    """Size and mechanics of the simulated machines, for days in virtual time; racks and bays are those of the roles."""

    swap_minutes: float = Field(4.4, ge=1, le=30)
    charger_kw: Literal[20, 30, 40, 60, 80] = 60
    modules: int = Field(24, ge=1, le=48)
    packs: int = Field(22, ge=1, le=47)
    start_soc: float = Field(95, ge=5, le=100)
    sharing: bool = False
    """A bay is lent its neighbour's module while that one draws nothing; with one module a bay only."""


class Charging(Model):
    """What charging is planned by: a CSV file with the price of a kWh by time of day (from,to,price)."""

    tariff: FilePath


class Only(Model):
    """When only some fleets are served, by the station's clock; over midnight if it ends before it begins."""

    fleets: Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]
    begin: TimeOfDay = Field("00:00", alias="from")
    end: TimeOfDay = Field("00:00", alias="to")


class AdmissionRules(Model):
    """Who is served when, and how long a vehicle waits at most for those that go first."""

    only: Annotated[tuple[Only, ...], Field(strict=False, max_length=20)] = ()
    patience_min: float = Field(30, ge=5, le=240)


class StationFile(Model):
    """A file of config/stations."""

    station: Station
    clock: Clock = Clock()
    journal: Journal
    scan: Scan = Scan()
    links: dict[Name, Annotated[LinkSettings, Field(discriminator="protocol")]] = Field(min_length=1)
    roles: dict[Name, Role] = Field(min_length=1)
    vehicles: Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]
    fleets: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    admission: AdmissionRules = AdmissionRules()
    climate: Name | None = None
    policy: Policy = Policy()
    trends: Annotated[tuple[TagName, ...], Field(strict=False, max_length=200)] | None = None
    simulation: Simulation | None = None
    charging: Charging | None = None
