"""Parameters of orders: a quantity in its engineering unit becomes the whole number that a PLC expects.

Knows units, steps and ranges. Does not know any device; ranges belong to the driver of the model.
"""

from __future__ import annotations

from operator import index


def in_steps(what: str, value: float, step: float, low: float, high: float, unit: str) -> int:
    """`value` in `unit`, counted in `step`s of that unit. Raises ValueError with the range low..high."""
    if not low <= value <= high:
        raise ValueError(f"{what} {value:g} {unit}: needs {low:g} to {high:g} {unit}")
    return round(value / step)


def whole(what: str, value: int, low: int, high: int) -> int:
    """A number that is counted, not measured. Raises ValueError with the range low..high."""
    if not low <= index(value) <= high:
        raise ValueError(f"{what} {value}: needs {low} to {high}")
    return int(value)


def bolts(mask: int, count: int, what: str = "bolt") -> str:
    """Bolts of a mask (bit k-1 = bolt k), or `what` they are, in words. Raises ValueError for one beyond `count`."""
    if not 1 <= mask < 1 << count:
        raise ValueError(f"{what} mask {mask:#x}: needs 0x1 to {(1 << count) - 1:#x}, of {count} {what}s")
    chosen = [str(k) for k in range(1, count + 1) if mask >> k - 1 & 1]
    if len(chosen) == count:
        return f"all {count}"
    return (f"{what}s " if len(chosen) > 1 else f"{what} ") + " ".join(chosen)
