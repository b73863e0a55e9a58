"""`station-ctl day`: what goes in is judged line by line, what comes out has the form that others read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from station_ctl.cli import main
from station_ctl.cli.arrivals import ArrivalDay, made_up, read_arrivals
from station_ctl.cli.day_plot import bars, mean_course, svg
from station_ctl.cli.day_run import DayOrder, Days
from station_ctl.core.errors import ConfigurationError

KEYS = {
    "arrived", "served", "wait_mean_min", "wait_p95_min", "energy_kwh", "cost", "peak_kw", "site_limit_kw", "starved_h",
    "custody_errors", "monitor_violations", "wall_s", "after_midnight_kwh", "lacking_kwh",
}  # fmt: skip


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ("day", *words), prog_name="station-ctl")


def day(**changes: Any) -> dict[str, Any]:
    return {
        "name": "one", "arrived": 3, "waits_s": [0.0, 60.0, 120.0], "busy_s": [300.0] * 3, "starved_s": 1800.0,
        "ready": [3, 2, 1], "energy_kwh": 100.0, "cost": None, "peak_kw": 80.0, "power_kw": [10.0, 80.0, 20.0],
        "after_kwh": 0.0, "lacking_kwh": 0.0,
        "custody": [], "violations": [], "stopped": "", "plans": 0, "orders": 90, "wall_s": 1.0, **changes,
    }  # fmt: skip


def test_arrivals_are_seconds_of_the_day_in_order(tmp_path: Path) -> None:
    file = tmp_path / "d.txt"
    file.write_bytes(b"\xef\xbb\xbf# a day\r\n2022-6-1 7:54:40\r\n\r\n2022-06-01 00:00:01\r\n")
    assert read_arrivals([file]) == [ArrivalDay("d", (1.0, 7 * 3600 + 54 * 60 + 40.0))]


def test_everything_wrong_in_every_file_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    bad, empty = tmp_path / "bad.txt", tmp_path / "empty.txt"
    bad.write_text("2022-6-1 7:54:40\nhello\n2022-6-2 8:00:00\n2022-6-1 25:00:00\n", encoding="utf-8")
    empty.write_text("\n", encoding="utf-8")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    files = [str(tmp_path / f"{name}.txt") for name in ("bad", "empty", "bytes", "none")]
    result = run(*(word for file in files for word in ("--arrivals", file)))
    assert result.exit_code == 6 and "A601" in result.stderr
    for text in (
        "bad.txt:2: needs a time stamp as 2022-6-1 7:54:40 (got 'hello')",
        "bad.txt:3: needs the day of the first line, 2022-06-01 (got 2022-06-02)",
        "bad.txt:4: needs a time stamp", "empty.txt:1: holds no arrival", "bytes.txt:1: cannot be read as text",
        "none.txt:1: cannot be read as text",
    ):  # fmt: skip
        assert text in result.stderr


def test_a_file_of_more_arrivals_than_any_lane_can_pass_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "d.txt"
    file.write_text("2022-6-1 7:54:40\n" * 2001, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="2000 arrivals a day at most"):
        read_arrivals([file])


def test_a_wrong_tariff_is_told_before_anything_runs(tmp_path: Path) -> None:
    tariff = tmp_path / "t.csv"
    tariff.write_text("from,to,price\n00:00,12:00,cheap\n", encoding="utf-8")
    result = run("--swaps", "3", "--tariff", str(tariff))
    assert result.exit_code == 6 and "t.csv:2" in result.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "needs --arrivals FILE, or --swaps N"),
        (("--swaps", "3", "--arrivals", "x"), "needs --arrivals FILE, or --swaps N"),
        (("--swaps", "3", "--plan"), "--plan needs --tariff"),
        (("--swaps", "3", "--station", "passenger_car"), "is a real station"),
    ],
)
def test_what_does_not_fit_together_is_a_usage_error(words: tuple[str, ...], why: str) -> None:
    result = run(*words)
    assert result.exit_code == 2 and why in result.stderr


def test_made_up_arrivals_are_as_many_as_asked_and_the_same_for_a_seed() -> None:
    one = made_up(200, 7)
    assert len(one.seconds) == 200 and one == made_up(200, 7) and one != made_up(200, 8)
    assert list(one.seconds) == sorted(one.seconds) and one.seconds[0] >= 0 and one.seconds[-1] < 86_400


def test_one_day_has_exactly_the_promised_keys() -> None:
    data = Days(600.0, [day()]).data()
    assert set(data) == KEYS
    assert (data["wait_mean_min"], data["wait_p95_min"], data["starved_h"], data["cost"]) == (1.0, 2.0, 0.5, None)
    json.dumps(data, allow_nan=False)


def test_several_days_are_added_up_and_stand_one_by_one() -> None:
    data = Days(600.0, [day(cost=5.0), day(name="two", cost=7.0, peak_kw=99.0, waits_s=[600.0])]).data()
    assert (data["arrived"], data["served"], data["cost"], data["peak_kw"]) == (6, 4, 12.0, 99.0)
    assert [each["name"] for each in data["days"]] == ["one", "two"]
    assert all(set(each) == KEYS | {"name"} for each in data["days"])
    assert data["wait_p95_min"] == 10.0


def test_a_day_on_which_nobody_was_served_has_no_waits_and_no_number_that_is_none() -> None:
    data = Days(600.0, [day(waits_s=[], arrived=4)]).data()
    assert data["wait_mean_min"] is None and data["served"] == 0 and data["arrived"] == 4


@pytest.mark.parametrize("wrong", [{"custody": ["x"]}, {"violations": ["S4"]}, {"stopped": "aborted"}])
def test_a_lost_pack_an_unsafe_order_or_a_standstill_is_no_good_day(wrong: dict[str, Any]) -> None:
    assert Days(600.0, [day()]).ok and not Days(600.0, [day(), day(**wrong)]).ok


def test_the_order_tells_other_days_only_to_who_plans() -> None:
    days = (made_up(2, 1), made_up(3, 2))
    assert json.loads(DayOrder(Path("x.yaml"), days).text())["history"] == []
    assert len(json.loads(DayOrder(Path("x.yaml"), days, plan=True).text())["history"]) == 2


def test_the_course_is_drawn_with_its_lowest_values_and_the_limit() -> None:
    assert bars([0, 4, 8], most=8, width=3) == " ▄█"
    assert bars([8, 0, 8, 8], most=8, width=2) == " █"
    assert bars([]) == "" and mean_course([day(), day(ready=[1, 2])], "ready") == [2.0, 2.0, 1.0]
    drawn = svg([day()], "a <station>", 600.0)
    assert drawn.startswith("<svg") and "a &lt;station&gt;" in drawn and drawn.count("<rect") == 1 + 3 + 3
    assert 'stroke="#c22"' in drawn
