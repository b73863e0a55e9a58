"""Where in its I/O list a point stands, for findings that come up after loading.

Knows files and columns. Does not know what a finding says.
"""

from __future__ import annotations

from pathlib import Path

from station_ctl.config.io_lists import read_io_list
from station_ctl.config.stations import StationConfig


def where_in_list(config: StationConfig, link: str, tag: str, *columns: str) -> str:
    """`file:line:col` of the first of these cells that is there; of the link in the station file if none is."""
    settings = config.links[link]
    name = getattr(settings, "io_list", None)
    path = next((file for file in config.files if file.name == name), Path())
    if path.is_file():
        io = read_io_list(path, settings.protocol)
        cells = (io.cells.get((tag, column)) for column in (*columns, "tag"))
        cell = next((cell for cell in cells if cell is not None and cell.text), None)
        if cell is not None:
            return f"{io.file}:{cell.line}:{cell.col}"
    return config.where("links", link)
