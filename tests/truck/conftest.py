"""The truck station's tests borrow benches whose asserts tell what they compared."""

from __future__ import annotations

import pytest

for name in ("bench.cockpit", "sequences.test_structure", "sequences.test_every_interlock"):
    pytest.register_assert_rewrite(f"tests.{name}")
