"""What every fast test relies on: generated cases are the same on every machine and have no time limit of their own.

Knows hypothesis. Does not know what is tested.
"""

import pytest
from hypothesis import HealthCheck, settings

# The benches assert, too, and should say what they found.
pytest.register_assert_rewrite(
    "tests.bench.world", "tests.bench.desk", "tests.bench.virtual_bench", "tests.bench.whole_swaps"
)

# A noisy machine must not fail a test, and a red test must be red for the next person too.
settings.register_profile(
    "station",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("station")
