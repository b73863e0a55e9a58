"""Where the files that ship with this release lie.

Knows the two layouts, checkout and wheel; does not know what stands in the files."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def config_directory() -> Path:
    """The folder with `stations/`, `io/`, `vehicles/` and `alarms.yaml` of this release.

    In a wheel it is a folder of this package, in a checkout `config/` beside it.
    Raises FileNotFoundError, naming both places, when the installation is incomplete.
    """
    shipped, checkout = _PACKAGE / "shipped_config", _PACKAGE.parent / "config"
    for place in (shipped, checkout):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"no configuration folder: looked for {shipped} and {checkout}")


def api_sockets() -> tuple[Path, ...]:
    """Where the command line looks for the service: the station PC's place, then that of the simulated station."""
    return Path("/run/station/api.sock"), Path("/tmp/station-ctl-sim/api.sock")
