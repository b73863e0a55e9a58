"""Percentiles are samples, medians over blocks forgive one bad block, and every benchmark has the common form."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.figures import Figures, median_of_blocks, percentile, spread


@pytest.mark.parametrize(
    ("share", "found"), [(0.0, 1), (0.5, 50), (0.505, 51), (0.99, 99), (0.999, 100), (1.0, 100)]
)
def test_a_percentile_is_the_smallest_sample_that_so_many_do_not_exceed(share: float, found: int) -> None:
    assert percentile(range(100, 0, -1), share) == found


def test_a_percentile_of_one_sample_is_that_sample() -> None:
    assert spread([7.0]) == {"n": 1, "p50": 7.0, "p99": 7.0, "p99_9": 7.0, "max": 7.0}


def test_one_disturbed_block_does_not_make_the_figure() -> None:
    assert median_of_blocks([[1, 2, 3], [1, 2, 900], [1, 2, 4]], 0.99) == 4


def test_every_benchmark_runs_quick_on_demand() -> None:
    assert {"swap_share", "reaction", "journal", "start", "crash_to_offer"} <= set(bench.names())
    for name in bench.names():
        run = __import__(f"benchmarks.{name}", fromlist=["run"]).run
        assert inspect.signature(run).parameters["quick"].default is False, name


def test_a_result_is_kept_with_machine_and_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    figures = Figures(title="t", columns=["a"], rows=[["1"]], targets=[], notes=[], data={"samples": [1.0]})
    bench.keep("swap_share", figures, {"cores": 2}, 1.23)
    (path,) = tmp_path.iterdir()
    kept = json.loads(path.read_text())
    assert path.name == f"{kept['at'][:10]}-swap-share.json"
    assert (kept["machine"], kept["took_s"], kept["data"]) == ({"cores": 2}, 1.2, {"samples": [1.0]})
