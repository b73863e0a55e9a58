"""One bay as charging sees it on one image: each value if it may be believed, else why not.

Knows which readings are plausible at all. Does not judge whether a pack may be charged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from types import MappingProxyType
from typing import Any

from station_ctl.core.roles import BaySignals
from station_ctl.core.signals import Image, Signal

IDLE, CONFIGURING, CHARGING, STOPPING, FULL, FAULT = 0, 3, 4, 5, 6, 7
"""Charger states (config/io/charging_rack_cr12.csv, BAYkk_CHG_STATE); 1 to 3 open the session."""

OPEN = (1, 2, 3, CHARGING)
"""Charger states in which a session is open or being opened."""

OVER_TEMPERATURE = 4
"""BAYkk_STOP_REASON: the pack or the charger was too hot."""

LINK_LOST = 6
"""BAYkk_STOP_REASON: charger and rack, or rack and controller, had not heard each other; no defect of the charger."""


@dataclass(frozen=True, slots=True)
class BayView:
    """What is known of a bay. None is not known (not good, not plausible); `unknown` has the reason by the
    field's name.

    Unit: kW, A, %, °C, ppm, kΩ, min, kWh. `custody` is the pack that rests here by the ledger, "" if the ledger
    has the bay empty, None while a pack is being moved from or to it. `rack` is the rack's link.
    """

    name: str
    number: int
    rack: str
    custody: str | None = None
    pack_id: str | None = None
    pack_type: int | None = None
    present: bool | None = None
    seated: bool | None = None
    plug_in: bool | None = None
    enabled: bool | None = None
    charger_link: bool | None = None
    bms_link: bool | None = None
    no_smoke: bool | None = None
    no_prealarm: bool | None = None
    no_crash: bool | None = None
    coolant_ok: bool | None = None
    charge_state: int | None = None
    stop_reason: int | None = None
    power_kw: float | None = None
    soc: float | None = None
    soh: float | None = None
    temp_max: float | None = None
    gas: int | None = None
    insulation: int | None = None
    energy_kwh: float | None = None
    remain_min: int | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def heard(self) -> bool:
        """The rack says whether a pack is here: its link lives."""
        return self.present is not None

    @property
    def pack(self) -> str:
        """What to call the pack: by the ledger, else by its own code; empty if neither is known."""
        return self.custody or self.pack_id or ""

    @property
    def faulty(self) -> bool:
        """The charger says that something is wrong; that it was left alone for a while is nothing wrong."""
        return self.charge_state == FAULT and self.stop_reason != LINK_LOST

    def why(self, field: str) -> str:
        """Why the field is not known; empty if it is."""
        return self.unknown.get(field, "" if getattr(self, field) is not None else "not known")


_SIGNALS: tuple[tuple[str, str, type], ...] = (
    ("pack_id", "pack_id", str), ("pack_type", "pack_type", int), ("present", "present", bool),
    ("seated", "seated", bool),
    ("plug_in", "plug_in", bool), ("enabled", "enabled", bool), ("charger_link", "charger_link", bool),
    ("bms_link", "bms_link", bool), ("no_smoke", "no_smoke", bool), ("no_prealarm", "no_prealarm", bool),
    ("no_crash", "no_crash", bool), ("coolant_ok", "coolant_ok", bool), ("charge_state", "charge_state", int),
    ("stop_reason", "stop_reason", int), ("power_kw", "power", float), ("soc", "soc", float), ("soh", "soh", float),
    ("temp_max", "temp_max", float), ("gas", "gas", int), ("insulation", "insulation", int),
    ("energy_kwh", "energy", float), ("remain_min", "remain_min", int),
)  # fmt: skip
"""Field of the view, signal of the bay, type."""

_RANGES = {"soc": (0.0, 100.0), "soh": (0.0, 100.0), "power_kw": (0.0, 500.0), "temp_max": (-60.0, 200.0)}
"""What a value can be at all; outside it is a defect of the sensor."""


def view(bay: BaySignals, image: Image) -> BayView:
    """The bay on this image. Total: what cannot be believed becomes None, with the reason."""
    known: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    for called, name, kind in _SIGNALS:
        value, why = _believed(getattr(bay, name), image, called, kind)
        known[called] = value
        if why:
            unknown[called] = why
    ledger = image.own.ledger
    custody = "" if ledger.is_free(bay.name) else ledger.at(bay.name)
    return BayView(
        bay.name, bay.number, bay.present.link, custody, unknown=MappingProxyType(unknown), **known
    )


def _believed(signal: Signal[Any], image: Image, field: str, kind: type[Any]) -> tuple[Any, str]:
    # Most are good at most looks; age and words are wanted of the others alone.
    value: Any = signal.good_value(image)
    if value is None:
        reading = signal.read(image)
        return None, reading.why or str(reading.quality)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        return None, f"{value!r} is no {kind.__name__}"
    low, high = _RANGES.get(field, (float("-inf"), float("inf")))
    if isinstance(value, float) and not (isfinite(value) and low <= value <= high):
        return None, f"{value} is not plausible"
    return value, ""


def by_rack(views: Mapping[str, BayView]) -> dict[str, tuple[BayView, ...]]:
    """The bays of each rack in the order of their numbers."""
    racks: dict[str, list[BayView]] = {}
    for bay in sorted(views.values(), key=lambda v: v.number):
        racks.setdefault(bay.rack, []).append(bay)
    return {rack: tuple(bays) for rack, bays in racks.items()}


def neighbours(views: Mapping[str, BayView]) -> dict[str, tuple[str, ...]]:
    """The bays beside each bay: the one before and the one after it in its rack."""
    beside: dict[str, tuple[str, ...]] = {}
    for bays in by_rack(views).values():
        for at, bay in enumerate(bays):
            beside[bay.name] = tuple(b.name for b in bays[max(at - 1, 0) : at + 2] if b is not bay)
    return beside
