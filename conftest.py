"""What every test run has in common: the long cases, which run only with `--long`."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="also run the cases marked long (minutes, not seconds)"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: one of a whole matrix; runs only with --long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    long = [item for item in items if item.get_closest_marker("long") is not None]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in set(long)]
