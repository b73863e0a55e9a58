"""What a vehicle file may say, and the recipe it becomes.

Knows units and ranges of one vehicle model. Does not know which station serves it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from station_ctl.config.models import Model, Text, worded
from station_ctl.core.steps import Recipe, TopLift

HV_SAFE_MAX_VOLTS = 60.0
"""Direct voltage that a person may touch (IEC 60364-4-41, GB/T 18384: class A up to 60 V)."""

INSULATION_OHM_PER_VOLT = 100.0
"""Least insulation of a direct-voltage circuit by its voltage (GB 18384, ISO 6469-3)."""

PACK_LENGTH_MIN_MM = 500.0
"""Two places nearer to each other than this cannot both hold a pack."""

ModelName = Annotated[str, worded(r"^[!-~]{1,16}$", "needs 1 to 16 characters of ASCII without spaces")]


class Pack(Model):
    """The battery pack of this vehicle."""

    type: int = Field(ge=1, le=0xFFFF)
    weight_kg: float = Field(ge=50, le=4000)
    soc_min_percent: float = Field(90, ge=20, le=100)
    insulation_min_kohm: int = Field(500, ge=40, le=60_000)


class Bolts(Model):
    """The bolts that hold the pack. One bit per bolt travels in a 16-bit word, hence at most 16."""

    count: int = Field(ge=1, le=16)
    torque_nm: float = Field(ge=5, le=400)
    torque_band_nm: float = Field(gt=0, le=50)
    turns_min: float = Field(ge=0.5, le=50)
    turns_max: float = Field(ge=0.5, le=50)

    @field_validator("torque_band_nm")
    @classmethod
    def _less_than_a_quarter_of_the_torque(cls, value: float, info: ValidationInfo) -> float:
        torque = info.data.get("torque_nm")
        if torque is not None and value > torque / 4:
            raise ValueError(f"must not be more than a quarter of torque_nm, {torque / 4:g}")
        return value

    @field_validator("turns_max")
    @classmethod
    def _more_than_least(cls, value: float, info: ValidationInfo) -> float:
        least = info.data.get("turns_min")
        if least is not None and value <= least:
            raise ValueError(f"must be more than turns_min, {least:g}")
        return value


class Clips(Model):
    """The clips that hold the pack: they snap shut, and whoever opens them needs no torque."""

    count: int = Field(ge=1, le=16)


class Heights(Model):
    """Platform height at which the robot works, and table height at which the robot meets the pack, mm."""

    work_mm: int = Field(ge=100, le=2000)
    raise_mm: float = Field(ge=100, le=3000)


PlaceMm = Annotated[float, Field(ge=-6000, le=6000)]


class TopLiftPlaces(Model):
    """Where a crane finds the packs. Heights: the gripper's underside above the floor when it stands on the pack, mm.

    `places_mm`: for each pack, how far along the chassis from the stand's nominal place, towards the cab positive.
    """

    places_mm: Annotated[tuple[PlaceMm, ...], Field(strict=False, min_length=1, max_length=2)] = (0.0,)
    truck_mm: float = Field(ge=500, le=5000)
    bay_mm: float = Field(ge=200, le=5000)

    @field_validator("places_mm")
    @classmethod
    def _beside_each_other(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) == 2 and abs(value[0] - value[1]) < PACK_LENGTH_MIN_MM:
            raise ValueError(f"two packs need at least {PACK_LENGTH_MIN_MM:g} mm from one to the other")
        return value


class HighVoltage(Model):
    """Below `safe_volts`, measured, the high-voltage side counts as off. `nominal_volts` are those of the pack."""

    nominal_volts: float | None = Field(None, ge=60, le=1500)
    safe_volts: float = Field(HV_SAFE_MAX_VOLTS, ge=1, le=HV_SAFE_MAX_VOLTS)


class VehicleFile(Model):
    """A file of config/vehicles: held by bolts or by clips, taken from below (heights) or from above (top_lift)."""

    model: ModelName
    text: Text = "vehicle"
    pack: Pack
    bolts: Bolts | None = None
    clips: Clips | None = Field(None, validate_default=True)
    heights: Heights | None = None
    top_lift: TopLiftPlaces | None = Field(None, validate_default=True)
    high_voltage: HighVoltage = HighVoltage()

    @field_validator("high_voltage")
    @classmethod
    def _insulated_enough(cls, value: HighVoltage, info: ValidationInfo) -> HighVoltage:
        pack: Pack | None = info.data.get("pack")
        if pack is not None and value.nominal_volts is not None:
            least = value.nominal_volts * INSULATION_OHM_PER_VOLT / 1000
            if pack.insulation_min_kohm < least:
                raise ValueError(
                    f"{value.nominal_volts:g} V need pack.insulation_min_kohm of at least {least:g}, "
                    f"{INSULATION_OHM_PER_VOLT:g} Ω a volt; it is {pack.insulation_min_kohm}"
                )
        return value

    @field_validator("clips", "top_lift")
    @classmethod
    def _one_of_two(cls, value: Model | None, info: ValidationInfo) -> Model | None:
        name = info.field_name or ""
        other = {"clips": "bolts", "top_lift": "heights"}[name]
        if other not in info.data:  # wrong in itself, and told so
            return value
        if value is not None and info.data[other] is not None:
            raise ValueError(f"{name} or {other}, not both")
        if value is None and info.data[other] is None:
            raise ValueError(f"needs {other} or {name}")
        return value

    def recipe(self) -> Recipe:
        """The parameters as sequences take them."""
        bolts, heights, above = self.bolts, self.heights, self.top_lift
        return Recipe(
            model=self.model,
            pack_type=self.pack.type,
            bolts=bolts.count if bolts else 0,
            torque_nm=bolts.torque_nm if bolts else 0.0,
            torque_band_nm=bolts.torque_band_nm if bolts else 0.0,
            turns_min=bolts.turns_min if bolts else 0.0,
            turns_max=bolts.turns_max if bolts else 0.0,
            work_height_mm=heights.work_mm if heights else 0,
            raise_height_mm=heights.raise_mm if heights else 0.0,
            pack_kg=self.pack.weight_kg,
            hv_safe_volts=self.high_voltage.safe_volts,
            insulation_min_kohm=self.pack.insulation_min_kohm,
            soc_min_percent=self.pack.soc_min_percent,
            clips=self.clips.count if self.clips else 0,
            top_lift=TopLift(above.places_mm, above.truck_mm, above.bay_mm) if above else None,
        )
