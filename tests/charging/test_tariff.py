"""A tariff file is right as a whole or refused with every error of it."""

from __future__ import annotations

import pytest

from station_ctl.charging.tariff import read_tariff
from station_ctl.core.errors import ConfigurationError

TWO_TIERS = "# night and day\nfrom,to,price\n23:00,07:00,-0.02\n07:00,23:00,0.82  # the dear one\n"


def test_a_span_may_run_over_midnight_and_a_price_may_be_negative() -> None:
    tariff = read_tariff(TWO_TIERS)
    assert [tariff.price_at(h * 3600) for h in (0, 6.99, 7, 22.99, 23, 24, 31)] == [
        -0.02, -0.02, 0.82, 0.82, -0.02, -0.02, 0.82,
    ]  # fmt: skip
    assert tariff.mean(6.5 * 3600, 7.5 * 3600) == pytest.approx(0.40)
    assert tariff.slots(6.75 * 3600, 900, 3) == pytest.approx((-0.02, 0.82, 0.82))
    assert read_tariff("from,to,price\n00:00,24:00,1").spans == ((0, 86400, 1.0),)


WRONG = {
    "empty": ("", ["t:1:1: needs the header from,to,price; the file is empty"]),
    "no header": ("00:00,24:00,1", ["t:1:1: needs the header from,to,price; found '00:00,24:00,1'"]),
    "gap": ("from,to,price\n00:00,07:00,1\n08:00,24:00,1", ["t:3:1: no price from 07:00 to 08:00"]),
    "gap at the end": ("from,to,price\n00:00,07:00,1", ["t:2:1: no price from 07:00 to 24:00"]),
    "overlap": (
        "from,to,price\n00:00,08:00,1\n07:00,24:00,1",
        ["t:3:1: a second price from 07:00 to 08:00, see line 2"],
    ),
    "all at once": (
        "from,to,price\n7,25:00,x\n07:00,07:00,1\n1,2\n00:00,24:00,nan\n",
        [
            "t:2:1: from: needs a time 00:00 to 24:00; found '7'",
            "t:2:3: to: needs a time 00:00 to 24:00; found '25:00'",
            "t:2:9: price: needs a number from -10000 to 10000; found 'x'",
            "t:3:1: needs a span longer than nothing; found 07:00 to 07:00",
            "t:4:1: needs 3 cells, from,to,price; found 2",
            "t:5:13: price: needs a number from -10000 to 10000; found 'nan'",
        ],
    ),
    "24:30": ("from,to,price\n00:00,24:30,1", ["t:2:7: to: needs a time 00:00 to 24:00; found '24:30'"]),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_every_error_of_a_file_is_told_with_its_line(case: str) -> None:
    text, errors = WRONG[case]
    with pytest.raises(ConfigurationError) as caught:
        read_tariff(text, "t")
    assert caught.value.findings == errors
