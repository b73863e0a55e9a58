"""Connections: the link of every PLC and instrument, as the station file sets it up.

Knows protocols and their settings. Does not know devices, or what is asked over a link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drivers.serial_port import SerialPort
from station_ctl.config import ModbusRtuLink, ModbusTcpLink, OpcUaLink, SerialLineLink, StationConfig
from station_ctl.core.links import Link
from station_ctl.core.orders import identity
from station_ctl.core.points import IoList, ScanClass

if TYPE_CHECKING:
    from drivers.modbus_rtu import RtuBus
    from drivers.opcua import UaSecurity


def make_links(config: StationConfig) -> dict[str, Link]:
    """Every link of the station file. Links on one serial port share its bus: nobody but its one owner talks there."""
    buses: dict[str, RtuBus] = {}
    return {name: make_link(name, config, buses) for name in config.links}


def make_link(name: str, config: StationConfig, buses: dict[str, RtuBus] | None = None) -> Link:
    """The link of one PLC or instrument, as its settings say. Protocol libraries are loaded only where needed.

    `buses` are those that links made before have opened, by the path of their port; it takes up a new one.
    """
    settings = config.links[name]
    periods: dict[ScanClass, float] = {
        scan: config.scan.period_ms(scan) / 1000 for scan in ScanClass if scan is not ScanClass.NONE
    }
    match settings:
        case ModbusTcpLink():
            from drivers.modbus_tcp import ModbusTcpLink as TcpLink

            host, port = settings.host_and_port
            return TcpLink(
                name,
                config.io[name],
                host,
                port,
                unit=settings.unit,
                timeout=settings.timeout_ms / 1000,
                periods=periods,
                byte_order=settings.byte_order,
                **_contract(settings, config.io[name]),
            )
        case OpcUaLink():
            from drivers.opcua_link import OpcUaLink as UaLink

            return UaLink(
                name, config.io[name], settings.address, timeout=settings.timeout_ms / 1000, periods=periods,
                security=_security(settings), **_contract(settings, config.io[name]),
            )  # fmt: skip
        case ModbusRtuLink():
            from drivers.modbus_rtu import ModbusRtuLink as RtuLink

            bus = _bus(settings, config, buses if buses is not None else {})
            return RtuLink(
                name, config.io[name], bus, periods=periods, byte_order=settings.byte_order,
                **_contract(settings, config.io[name]),
            )  # fmt: skip
        case SerialLineLink():
            from drivers.pack_id_link import PackIdReaderLink

            return PackIdReaderLink(name, _port(settings))


def _bus(settings: ModbusRtuLink, config: StationConfig, buses: dict[str, RtuBus]) -> RtuBus:
    """The bus of a port, waiting as long as the most patient link on it asks for."""
    from drivers.modbus_rtu import RtuBus

    if settings.address not in buses:
        on_it = [s for s in config.links.values() if isinstance(s, ModbusRtuLink) and s.address == settings.address]
        buses[settings.address] = RtuBus(_port(settings), timeout=max(s.timeout_ms for s in on_it) / 1000)
    return buses[settings.address]


def _contract(settings: ModbusTcpLink | ModbusRtuLink | OpcUaLink, io: IoList) -> dict[str, Any]:
    """What proves that this is the right PLC and that it lives."""
    signs = identity(io, settings.map_version, settings.plc_id) if settings.map_version is not None else {}
    return {"identity": signs, "heartbeat": "HB_PLC" if settings.heartbeat_timeout_ms else None}


def _port(settings: ModbusRtuLink | SerialLineLink) -> SerialPort:
    return SerialPort(
        settings.address, settings.baud, parity=settings.parity[0].upper(), stopbits=settings.stop_bits
    )


def _security(settings: OpcUaLink) -> UaSecurity | None:
    given = settings.security
    if given is None:
        return None
    from drivers.opcua import UaSecurity as Security

    password = given.password_file.read_text().strip() if given.password_file is not None else ""
    return Security(
        given.certificate,
        given.private_key,
        given.server_certificate,
        user=given.user or "",
        password=password,
    )
