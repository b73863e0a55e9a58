"""Configuration: station files, I/O lists, vehicles and alarm catalogue, checked before anything starts.

The public face; the parts behind it do not know drivers, sequences or sockets.
"""

from station_ctl.config.alarms import load_alarms
from station_ctl.config.checks import DriverFacts, Parts
from station_ctl.config.list_cells import where_in_list
from station_ctl.config.models import (
    Clock,
    LinkSettings,
    ModbusRtuLink,
    ModbusTcpLink,
    OpcUaLink,
    OpcUaSecurity,
    Role,
    Scan,
    SerialLineLink,
    Station,
)
from station_ctl.config.stations import StationConfig, absent_files, load_station, station_file

__all__ = [
    "Clock",
    "DriverFacts",
    "LinkSettings",
    "ModbusRtuLink",
    "ModbusTcpLink",
    "OpcUaLink",
    "OpcUaSecurity",
    "Parts",
    "Role",
    "Scan",
    "SerialLineLink",
    "Station",
    "StationConfig",
    "absent_files",
    "load_alarms",
    "load_station",
    "station_file",
    "where_in_list",
]
