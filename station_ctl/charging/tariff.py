"""The tariff: what a kWh costs by time of day, read from a small CSV file.

Knows the file's grammar and that a day has no gap and no overlap. Does not know currencies, dates or who pays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite

from station_ctl.core.errors import ConfigurationError

DAY_S = 86_400
HEADER = ("from", "to", "price")
PRICE_MOST = 10_000.0
_TIME = re.compile(r"^([01]?\d|2[0-4]):([0-5]\d)$")


@dataclass(frozen=True, slots=True)
class Tariff:
    """Price of a kWh from the grid in money, which may be negative; (from s, to s, price) through the day, no
    gap.
    """

    spans: tuple[tuple[int, int, float], ...]

    def price_at(self, second: float) -> float:
        """The price at this second of the day; beyond one day the same tariff goes on."""
        within = second % DAY_S
        return next(price for begin, end, price in self.spans if begin <= within < end)

    def mean(self, begin: float, end: float) -> float:
        """Mean price between two seconds counted from the midnight of the first day. Raises ValueError unless
        begin < end.
        """
        if not begin < end:
            raise ValueError(f"needs a begin before its end; found {begin} to {end}")
        total, at = 0.0, begin
        while at < end:
            within = at % DAY_S
            upto = next(stop for start, stop, _ in self.spans if start <= within < stop)
            until = min(end, at - within + upto)
            total += self.price_at(at) * (until - at)
            at = until
        return total / (end - begin)

    def slots(self, begin: float, slot_s: float, count: int) -> tuple[float, ...]:
        """Mean price of each of `count` slots from `begin` s of the day on."""
        return tuple(self.mean(begin + k * slot_s, begin + (k + 1) * slot_s) for k in range(count))


def read_tariff(text: str, name: str = "tariff.csv") -> Tariff:
    """The tariff that stands in `text`: `from,to,price` and one line a span, as in `07:00,23:00,0.82`; # begins a
    comment.

    The spans cover 00:00 to 24:00 without gap or overlap; one may run over midnight. Raises ConfigurationError
    with every error of the file as `name:line:col: text`.
    """
    errors: list[str] = []
    found: list[tuple[int, int, float, int]] = []
    seen_header = False
    for no, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].strip().lstrip("\ufeff")
        if not content:
            continue
        cells = [cell.strip() for cell in content.split(",")]
        if not seen_header:
            seen_header = True
            if tuple(cell.lower() for cell in cells) != HEADER:
                errors.append(f"{name}:{no}:1: needs the header {','.join(HEADER)}; found {content!r}")
            continue
        found.extend(_span(cells, name, no, errors))
    if not seen_header:
        errors.append(f"{name}:1:1: needs the header {','.join(HEADER)}; the file is empty")
    if not errors:
        errors = _holes(found, name)
    if errors:
        raise ConfigurationError(errors)
    return Tariff(tuple((begin, end, price) for begin, end, price, _ in sorted(found)))


def _span(cells: list[str], name: str, no: int, errors: list[str]) -> list[tuple[int, int, float, int]]:
    """One line as one span, or two if it runs over midnight; none if it is wrong, with the errors noted."""
    if len(cells) != len(HEADER):
        errors.append(f"{name}:{no}:1: needs {len(HEADER)} cells, {','.join(HEADER)}; found {len(cells)}")
        return []
    times = []
    for at, cell in enumerate(cells[:2]):
        match = _TIME.match(cell)
        seconds = int(match[1]) * 3600 + int(match[2]) * 60 if match else -1
        if not 0 <= seconds <= DAY_S:
            errors.append(
                f"{name}:{no}:{_column(cells, at)}: {HEADER[at]}: needs a time 00:00 to 24:00; found {cell!r}"
            )
        times.append(seconds)
    price = _price(cells[2])
    if price is None:
        words = f"needs a number from -{PRICE_MOST:g} to {PRICE_MOST:g}"
        errors.append(f"{name}:{no}:{_column(cells, 2)}: price: {words}; found {cells[2]!r}")
    begin, end = times
    if price is None or not (0 <= begin <= DAY_S and 0 <= end <= DAY_S):
        return []
    begin %= DAY_S
    end = end or DAY_S
    if begin == end:
        errors.append(f"{name}:{no}:1: needs a span longer than nothing; found {cells[0]} to {cells[1]}")
        return []
    if begin < end:
        return [(begin, end, price, no)]
    return [(0, end, price, no), (begin, DAY_S, price, no)]


def _price(cell: str) -> float | None:
    try:
        price = float(cell)
    except ValueError:
        return None
    return price if isfinite(price) and abs(price) <= PRICE_MOST else None


def _column(cells: list[str], at: int) -> int:
    return sum(len(cell) + 1 for cell in cells[:at]) + 1


def _holes(found: list[tuple[int, int, float, int]], name: str) -> list[str]:
    """Gaps and overlaps of the day."""
    errors, until, line = [], 0, 1
    for begin, end, _, no in sorted(found):
        if begin > until:
            errors.append(f"{name}:{no}:1: no price from {_clock(until)} to {_clock(begin)}")
        elif begin < until:
            errors.append(
                f"{name}:{no}:1: a second price from {_clock(begin)} to {_clock(min(until, end))}, see line {line}"
            )
        if end > until:
            until, line = end, no
    if until < DAY_S:
        errors.append(f"{name}:{line}:1: no price from {_clock(until)} to 24:00")
    return errors


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
