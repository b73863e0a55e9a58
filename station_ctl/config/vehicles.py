"""What a vehicle file may say, and the recipe it becomes.

Knows units and ranges of one vehicle model. Does not know which station serves it.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from station_ctl.config.models import Model, Text, worded
from station_ctl.core.steps import Recipe

HV_SAFE_MAX_VOLTS = 60.0
"""Direct voltage that a person may touch (IEC 60364-4-41, GB/T 18384: class A up to 60 V)."""

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


class Heights(Model):
    """Platform height at which the robot works, and table height at which the robot meets the pack, mm."""

    work_mm: int = Field(ge=100, le=2000)
    raise_mm: float = Field(ge=100, le=3000)


class HighVoltage(Model):
    """Below `safe_volts`, measured, the high-voltage side counts as off."""

    safe_volts: float = Field(HV_SAFE_MAX_VOLTS, ge=1, le=HV_SAFE_MAX_VOLTS)


class VehicleFile(Model):
    """A file of config/vehicles."""

    model: ModelName
    text: Text = "vehicle"
    pack: Pack
    bolts: Bolts
    heights: Heights
    high_voltage: HighVoltage = HighVoltage()

    def recipe(self) -> Recipe:
        """The parameters as sequences take them."""
        return Recipe(
            model=self.model,
            pack_type=self.pack.type,
            bolts=self.bolts.count,
            torque_nm=self.bolts.torque_nm,
            torque_band_nm=self.bolts.torque_band_nm,
            turns_min=self.bolts.turns_min,
            turns_max=self.bolts.turns_max,
            work_height_mm=self.heights.work_mm,
            raise_height_mm=self.heights.raise_mm,
            pack_kg=self.pack.weight_kg,
            hv_safe_volts=self.high_voltage.safe_volts,
            insulation_min_kohm=self.pack.insulation_min_kohm,
            soc_min_percent=self.pack.soc_min_percent,
        )
