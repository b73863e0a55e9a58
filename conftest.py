"""What every test run has in common: the long cases run only with `--long`, and the wire comes first."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from station_ctl import logs


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="also run the cases marked long (minutes, not seconds)"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: one of a whole matrix; runs only with --long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long") is not None]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in set(long)]
    # Tests on the wire mostly wait for machines. Begun last, as files of few tests would be, they leave the cores idle.
    items.sort(key=lambda item: not item.nodeid.startswith("hil_tests/"))


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command that is run inside a test configures logs for good: the next test of this process would hear none."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    if structlog.is_configured():
        logs.close()
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
