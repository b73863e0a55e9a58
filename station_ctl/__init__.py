"""The controller of a battery-swap station.

Knows its version; what it does stands in the packages below."""

__version__ = "0.1.0"
